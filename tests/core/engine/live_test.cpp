// The engine as the daemon drives it, on simulated time: it says when it wants to be asked, the world answers its
// sweeps and checks after a while. What is due when, and never more often than the target allows.
#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/engine/engine.hpp"
#include "tests/core/engine/on_disk.hpp"

using namespace readback;

namespace {

using std::chrono::hours;
using std::chrono::minutes;

struct World {
  Config config;
  Instant now{MonoTime(hours(1)), WallTime(Millis(1795402800000))};  // 2026-11-23T03:00:00Z
  std::unique_ptr<Engine> engine;
  MonoTime began;

  /// What a surface answers now: a status, 0 for a refused connection. By default all is well.
  std::function<int(const std::string& read)> answers = [](const std::string&) { return 200; };
  std::map<std::string, std::string> headers_of_429;
  int check_exit = 0;
  Millis check_takes = Seconds(1), sweep_takes = Millis(50);
  bool answers_sweeps = true, answers_checks = true;

  std::vector<MonoTime> sweeps, checks;
  std::map<std::string, std::vector<MonoTime>> sweeps_of;  ///< by target
  int handled = 0;                                         ///< answers and looks at what is due
  std::vector<std::pair<MonoTime, int>> requests;
  std::vector<std::pair<MonoTime, std::string>> events;
  struct Pending {
    MonoTime at;
    Event event;
  };
  std::vector<Pending> pending;

  World() {
    config.targets = {default_target("fabric")};
    target().jitter_percent = 0;
  }
  TargetConfig& target() { return config.targets.at(0).edit(); }
  void with_check() {
    target().checks.assign(1, {});
    target().checks.back().name = "materialization";
  }

  RawRead read(const std::string& name, WallTime at) {
    RawRead r;
    r.read = name;
    r.at = at;
    const int status = answers(name);
    if (status == 0) {
      r.answer = TransportError{TransportFault::refused, "connection refused"};
      return r;
    }
    HttpAnswer a;
    a.status = status;
    a.headers = {{"content-type", "application/json"}};
    if (status == 429)
      for (const auto& [key, value] : headers_of_429) a.headers.push_back({key, value});
    a.body = status == 200   ? R"({"status":"ok"})"
             : status == 429 ? R"({"detail":"slow down"})"
                             : R"({"status":"down"})";
    r.answer = a;
    return r;
  }

  void take(const Actions& actions) {
    for (const auto& action : actions) {
      if (const auto* start = std::get_if<StartSweep>(&action)) {
        SweepDone done;
        done.target = start->target;
        done.sweep = start->sweep;
        for (const SurfaceConfig& s : target().surfaces)  // every target has the same ones
          if (std::find(start->skip.begin(), start->skip.end(), s.name) == start->skip.end())
            done.reads.push_back(read(s.name, now.wall));
        sweeps.push_back(now.mono);
        sweeps_of[start->target].push_back(now.mono);
        requests.emplace_back(now.mono, static_cast<int>(done.reads.size()));
        if (answers_sweeps) pending.push_back({now.mono + sweep_takes, done});
      } else if (const auto* start_check = std::get_if<StartCheck>(&action)) {
        checks.push_back(now.mono);
        CheckDone done;
        done.target = start_check->target;
        done.read.read = "check:" + start_check->check;
        done.read.at = now.wall + check_takes;
        CheckRun run;
        run.exit = check_exit;
        done.read.answer = run;
        if (answers_checks) pending.push_back({now.mono + check_takes, done});
      } else if (const auto* seal = std::get_if<Seal>(&action)) {
        take(engine->handle(on_disk(*seal), now));
      } else if (const auto* notify = std::get_if<Notify>(&action)) {
        events.emplace_back(now.mono, std::string(to_string(notify->event.kind)) + " " +
                                          std::string(to_string(notify->event.incident.boundary)));
      }
    }
  }

  void start() {
    EngineOptions options;
    options.host = "host-7";
    options.seed = 7;
    engine = std::make_unique<Engine>(config, options, now);
    began = now.mono;
  }
  void advance(MonoTime to) {
    const Millis by = std::max(Millis(0), to - now.mono);
    now.mono += by;
    now.wall += by;
  }
  /// Lets time pass, as the loop of the daemon does: to the next answer or to what the engine has asked for.
  void run(Millis length) {
    if (!engine) start();
    const MonoTime end = now.mono + length;
    for (;;) {
      const auto first = std::min_element(pending.begin(), pending.end(),
                                          [](const Pending& a, const Pending& b) { return a.at < b.at; });
      const MonoTime due = engine->next_due();
      if (std::min(first == pending.end() ? due : first->at, due) > end) break;
      ++handled;
      if (first != pending.end() && first->at <= due) {
        advance(first->at);
        const Event event = std::move(first->event);
        pending.erase(first);
        take(engine->handle(event, now));
      } else {
        advance(due);
        const auto asked = engine->handle(Tick{}, now);
        take(asked);
        // An engine that wants to be asked again and again about nothing would turn the daemon into a heater.
        if (asked.empty() && engine->next_due() <= now.mono) advance(now.mono + Millis(1));
      }
    }
    advance(end);
  }
  /// The machine sleeps: a clock that goes on meanwhile says so, and nothing has happened.
  void suspend(Millis length) {
    now.mono += length;
    now.wall += length;
  }

  std::vector<double> gaps() const {
    std::vector<double> all;
    for (std::size_t i = 1; i < sweeps.size(); ++i)
      all.push_back(static_cast<double>((sweeps[i] - sweeps[i - 1]).count()) / 1000);
    return all;
  }
  int most_in_a_minute() const {
    int most = 0;
    for (const auto& [from, ignored] : requests) {
      int sum = 0;
      for (const auto& [at, count] : requests)
        if (at >= from && at < from + Seconds(60)) sum += count;
      most = std::max(most, sum);
    }
    return most;
  }
  double told(const std::string& event) const {
    for (const auto& [at, text] : events)
      if (text == event) return static_cast<double>((at - began).count()) / 1000;
    return -1;
  }
};

}  // namespace

TEST_CASE("the cadence holds over a day, and its jitter does not add up") {
  World world;
  world.target().jitter_percent = 10;
  world.run(hours(24));
  CHECK(world.sweeps.size() >= 2879);
  CHECK(world.sweeps.size() <= 2881);
  const auto gaps = world.gaps();
  CHECK(*std::min_element(gaps.begin(), gaps.end()) >= 24.0);
  CHECK(*std::max_element(gaps.begin(), gaps.end()) <= 36.1);
  CHECK(*std::min_element(gaps.begin(), gaps.end()) < 28.0);
  CHECK(*std::max_element(gaps.begin(), gaps.end()) > 32.0);
}

TEST_CASE("after a suspend there is one sweep, and no burst of those that were missed") {
  World world;
  world.with_check();
  world.run(minutes(10));
  const std::size_t sweeps = world.sweeps.size(), checks = world.checks.size();
  world.suspend(hours(9));
  world.run(minutes(5));
  CHECK(world.sweeps.size() - sweeps == 11);  // at once, and then every half minute
  CHECK(world.checks.size() - checks <= 2);
  CHECK(world.events.empty());
}

TEST_CASE("a suspicion brings the next sweeps forward, and the page comes within seconds") {
  World world;
  world.run(minutes(5) + Seconds(10));
  world.answers = [](const std::string&) { return 0; };
  const MonoTime failed = world.now.mono;
  world.run(minutes(2));
  REQUIRE(world.told("firing outage") > 0);
  const auto first = std::find_if(world.sweeps.begin(), world.sweeps.end(), [&](MonoTime at) { return at >= failed; });
  REQUIRE(world.sweeps.end() - first >= 4);
  CHECK(first[1] - first[0] == Seconds(2));
  CHECK(first[2] - first[1] == Seconds(2));
  CHECK(first[3] - first[2] >= Seconds(15));  // told, and back to the cadence
  CHECK(first[3] - first[2] <= Seconds(45));
}

TEST_CASE("a burst stays within the request budget, and is not held back for ever") {
  World world;
  world.target().request_budget_per_minute = 12;
  world.target().interval = Seconds(20);
  world.answers = [](const std::string&) { return 503; };
  world.run(minutes(10));
  CHECK(world.most_in_a_minute() <= 12);
  CHECK(world.told("firing outage") > 0);
  CHECK(world.told("firing outage") < 130);
  CHECK(world.sweeps.size() >= 29);
}

TEST_CASE("a budget smaller than one sweep makes the sweeps rare, and never none") {
  World world;
  world.target().request_budget_per_minute = 2;
  world.run(hours(1));
  CHECK(world.sweeps.size() >= 58);
  CHECK(world.sweeps.size() <= 61);
  world.answers = [](const std::string&) { return 0; };
  world.run(minutes(5));
  CHECK(world.told("firing outage") > 0);
}

TEST_CASE("people who ask for sweeps get no more of them than the budget allows") {
  World world;
  world.run(minutes(2));
  for (int i = 0; i < 600; ++i) {
    world.take(world.engine->handle(SweepAsked{""}, world.now));
    world.run(Millis(500));
  }
  CHECK(world.most_in_a_minute() <= 90);
  CHECK(world.most_in_a_minute() >= 80);
}

TEST_CASE("signals that disagree wait for the check before they page") {
  World world;
  world.with_check();
  world.run(minutes(7));
  world.check_takes = Seconds(9);
  world.check_exit = 1;
  world.answers = [](const std::string& read) { return read == "services" ? 503 : 200; };
  const std::size_t checks = world.checks.size();
  world.run(minutes(3));
  REQUIRE(world.checks.size() > checks);
  CHECK(world.told("firing outage") > static_cast<double>((world.checks[checks] - world.began).count()) / 1000 + 9);
  CHECK(world.told("firing drift") > 0);
}

TEST_CASE("a check that hangs holds back a page for a quarter of a minute and no longer") {
  World world;
  world.with_check();
  world.run(minutes(7));
  world.answers_checks = false;
  world.answers = [](const std::string& read) { return read == "services" ? 503 : 200; };
  const auto failed = static_cast<double>((world.now.mono - world.began).count()) / 1000;
  world.run(minutes(3));
  CHECK(world.told("firing outage") > failed + 15);
  CHECK(world.told("firing outage") < failed + 55);
}

TEST_CASE("a total outage waits for no check") {
  World world;
  world.with_check();
  world.run(minutes(7));
  world.answers_checks = false;
  world.answers = [](const std::string&) { return 0; };
  const auto failed = static_cast<double>((world.now.mono - world.began).count()) / 1000;
  world.run(minutes(3));
  CHECK(world.told("firing outage") > 0);
  CHECK(world.told("firing outage") < failed + 36);
}

TEST_CASE("drift is asked about again at once, and not only with the next interval of the check") {
  World world;
  world.with_check();
  world.run(minutes(7));
  world.check_exit = 1;
  world.run(minutes(6));
  const auto drifted = std::find_if(world.checks.begin(), world.checks.end(),
                                    [&](MonoTime at) { return at - world.began > minutes(7); });
  REQUIRE(drifted != world.checks.end());
  CHECK(world.told("firing drift") > 0);
  CHECK(world.told("firing drift") < static_cast<double>((*drifted - world.began).count()) / 1000 + 60);
  world.check_exit = 0;
  world.run(minutes(8));
  CHECK(world.told("recovered drift") > 0);
  CHECK(world.told("resolved drift") > 0);
}

TEST_CASE("a target that asks for time gets it, and is watched as before when it no longer asks") {
  World world;
  world.run(minutes(2));
  world.headers_of_429 = {{"retry-after", "200"}};
  world.answers = [](const std::string& read) { return read == "security" ? 429 : 200; };
  world.run(minutes(3));
  const auto asked =
      std::count_if(world.requests.begin(), world.requests.end(), [](const auto& r) { return r.second == 4; });
  CHECK(asked <= 6);  // four before, and one or two that were answered with 429
  CHECK(world.events.empty());
  world.answers = [](const std::string&) { return 200; };
  world.run(minutes(15));
  const std::size_t before = world.sweeps.size();
  world.run(minutes(10));
  CHECK(world.sweeps.size() - before == 20);
  CHECK(world.requests.back().second == 4);
}

TEST_CASE("a target that always answers 429 is asked less often, and no less than at a quarter of the cadence") {
  World world;
  world.answers = [](const std::string&) { return 429; };
  world.run(minutes(10));
  const std::size_t before = world.sweeps.size();
  world.run(hours(1));
  CHECK(world.sweeps.size() - before >= 29);
  CHECK(world.sweeps.size() - before <= 33);  // and two that confirmed the blindness
  // Nothing was seen for longer than `blind_limit`: that is our own blindness, and no word about the stack.
  CHECK(world.told("firing observer") > 0);
  CHECK(world.told("firing outage") < 0);
}

TEST_CASE("an answer that is lost does not end the watch") {
  World world;
  world.run(minutes(2));
  world.answers_sweeps = false;
  world.run(minutes(4));
  world.answers_sweeps = true;
  world.answers = [](const std::string&) { return 0; };
  world.run(minutes(4));
  CHECK(world.told("firing outage") > 0);
}

TEST_CASE("a restart in a burst goes on counting and asks at once") {
  World world;
  world.run(minutes(5));
  world.answers = [](const std::string&) { return 0; };
  const MonoTime failed = world.now.mono;
  while (world.sweeps.back() < failed) world.run(Millis(100));
  world.run(Seconds(1));
  const SavedState state = world.engine->save();
  world.pending.clear();
  EngineOptions options;
  options.host = "host-7";
  world.now.mono = MonoTime(Seconds(30));  // the host was restarted as well
  const auto restarted = world.now;
  world.engine = std::make_unique<Engine>(world.config, options, world.now);
  CHECK(world.engine->restore(state, world.now).empty());
  world.events.clear();
  world.sweeps.clear();
  world.run(minutes(1));
  REQUIRE(world.events.size() == 1);
  CHECK(world.events[0].second == "firing outage");
  CHECK(world.events[0].first - restarted.mono < Seconds(5));
}

TEST_CASE("each of two thousand targets keeps its cadence, and no event looks at all of them") {
  World w;
  w.config.targets.clear();
  for (int i = 0; i < 2000; ++i) {
    w.config.targets.push_back(default_target("t" + std::to_string(i)));
    w.config.targets.back().edit().jitter_percent = 0;
  }
  w.run(minutes(5));
  REQUIRE(w.sweeps_of.size() == 2000);
  for (const auto& [name, at] : w.sweeps_of) {
    CAPTURE(name);
    CHECK(at.size() >= 10);
    CHECK(at.size() <= 11);
    for (std::size_t i = 1; i < at.size(); ++i) CHECK(at[i] - at[i - 1] == Seconds(30));
  }
  CHECK(w.handled < 2000 * 11 * 3);  // a start, an answer, and at most one look in vain
}

TEST_CASE("a suspicion brings two more sweeps at the spacing of a burst, within the budget of any minute") {
  World w;
  w.target().request_budget_per_minute = 60;
  w.run(Seconds(95));
  w.answers = [](const std::string&) { return 503; };
  w.run(minutes(10));
  std::size_t burst = 0;
  for (std::size_t i = 1; i < w.sweeps.size(); ++i) burst += w.sweeps[i] - w.sweeps[i - 1] == Seconds(2);
  CHECK(burst == 2);  // three in a row, and then the usual cadence
  CHECK(w.most_in_a_minute() <= 60);
}

TEST_CASE("sweeps that are larger than the budget of a minute are a minute apart") {
  World w;
  w.target().interval = Seconds(10);
  w.target().request_budget_per_minute = 3;
  w.run(minutes(10));
  CHECK(w.sweeps.size() >= 9);
  for (std::size_t i = 1; i < w.sweeps.size(); ++i) CHECK(w.sweeps[i] - w.sweeps[i - 1] >= Seconds(60));
}

TEST_CASE("after an hour of sleep every target is swept at its cadence, and catches nothing up") {
  World w;
  w.config.targets.push_back(default_target("weft"));
  w.config.targets.push_back(default_target("loom"));
  for (auto& t : w.config.targets) t.edit().jitter_percent = 0;
  w.run(minutes(2));
  w.suspend(hours(1));
  const MonoTime awake = w.now.mono;
  w.run(minutes(5));
  REQUIRE(w.sweeps_of.size() == 3);
  for (const auto& [name, at] : w.sweeps_of) {
    CAPTURE(name);
    const auto after = std::count_if(at.begin(), at.end(), [&](MonoTime t) { return t >= awake; });
    CHECK(after >= 10);
    CHECK(after <= 11);
  }
}

TEST_CASE("one sweep whose answer never comes back does not end the watch") {
  World w;
  w.run(Seconds(31));
  w.answers_sweeps = false;
  w.run(Seconds(30));
  w.answers_sweeps = true;
  const auto before = w.sweeps.size();
  w.run(minutes(4));
  CHECK(w.sweeps.size() > before);
}
