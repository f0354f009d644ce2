// How a target stands at each sweep, which is what hours and days count: what was confirmed, and never what could not
// be seen.
#include <doctest/doctest.h>

#include "core/engine/engine.hpp"

using namespace readback;

namespace {

using AnyAnswer = decltype(RawRead::answer);

HttpAnswer status_of(int status, const char* body = R"({"status":"ok"})") {
  HttpAnswer answer;
  answer.status = status;
  answer.body = body;
  return answer;
}

struct Watch {
  explicit Watch(std::vector<MaintenanceWindow> maintenance = {}) {
    Config config;
    config.targets = {default_target("fabric")};
    config.targets[0].edit().base_url = "http://127.0.0.1:38080";
    config.targets[0].edit().jitter_percent = 0;
    config.targets[0].edit().maintenance = std::move(maintenance);
    engine = std::make_unique<Engine>(config, EngineOptions{}, at);
    engine->handle(Tick{}, at);
  }
  /// A sweep of these four answers, and how the target stands behind it.
  std::string sweep(const std::vector<AnyAnswer>& answers, const std::string& void_reason = "") {
    at.mono += Seconds(30);
    at.wall += Seconds(30);
    engine->handle(Tick{}, at);
    SweepDone done;
    done.target = "fabric";
    done.sweep = ++sweeps;
    done.void_reason = void_reason;
    std::size_t next = 0;
    for (const char* name : {"health", "services", "observability", "security"}) {
      RawRead read;
      read.read = name;
      read.at = at.wall;
      read.answer = answers.at(next++);
      done.reads.push_back(read);
    }
    std::string told;
    for (const auto& action : engine->handle(done, at))
      if (const auto* record = std::get_if<Record>(&action)) {
        CHECK(record->stands_for == Seconds(90));
        told += to_string(record->availability);
      }
    return told;
  }

  Instant at{MonoTime{} + Seconds(1000), WallTime{} + std::chrono::hours(24 * 20000)};
  std::uint64_t sweeps = 0;
  std::unique_ptr<Engine> engine;
};

const AnyAnswer good = status_of(200), refused = TransportError{TransportFault::refused, "connection refused"},
                no_route = TransportError{TransportFault::no_route, "no route to host"}, denied = status_of(401, "{}");
const std::vector<AnyAnswer> all_good(4, good), all_refused(4, refused), all_unseen(4, no_route);

using Texts = std::vector<std::string>;

Texts of(Watch& watch, const std::vector<std::vector<AnyAnswer>>& sweeps) {
  Texts all;
  for (const auto& each : sweeps) all.push_back(watch.sweep(each));
  return all;
}

}  // namespace

TEST_CASE("an outage counts from its confirmation to its recovery") {
  Watch watch;
  CHECK(of(watch, {all_good, all_refused, all_refused, all_refused, all_refused, all_good, all_good, all_good}) ==
        Texts{"up", "up", "up", "outage", "outage", "outage", "outage", "up"});
}

TEST_CASE("another boundary impairs, and an outage is more than that") {
  Watch watch;
  const std::vector<AnyAnswer> not_secure{good, good, good, status_of(200, R"({"status":"not_ready"})")};
  CHECK(of(watch, {all_good, not_secure, not_secure, not_secure, all_refused, all_refused, all_refused}) ==
        Texts{"up", "up", "up", "impaired", "impaired", "impaired", "outage"});
}

TEST_CASE("what cannot be seen is unknown, an outage that was known before too") {
  Watch watch;
  CHECK(of(watch, {all_unseen, all_good, all_refused, all_refused, all_refused, all_unseen, all_refused}) ==
        Texts{"unknown", "up", "up", "up", "outage", "unknown", "outage"});
  CHECK(watch.sweep(all_refused, "our own loop lagged") == "unknown");
}

TEST_CASE("in a window of maintenance nothing is up and nothing is down") {
  MaintenanceWindow always;
  always.length = std::chrono::hours(24);
  Watch watch({always});
  CHECK(of(watch, {all_good, all_refused, all_refused, all_refused}) ==
        Texts{"maintenance", "maintenance", "maintenance", "maintenance"});
}
