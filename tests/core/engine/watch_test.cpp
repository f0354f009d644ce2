// Whether the watch goes on: what the dead man's switch is told.
#include <doctest/doctest.h>

#include "core/engine/engine.hpp"

using namespace readback;

namespace {

struct Watch {
  Watch() {
    Config config;
    config.targets = {default_target("fabric")};
    config.targets[0].base_url = "http://127.0.0.1:38080";
    config.targets[0].jitter_percent = 0;
    engine = std::make_unique<Engine>(config, EngineOptions{}, at);
    engine->handle(Tick{}, at);
  }
  void wait(Millis time) {
    at.mono += time;
    at.wall += time;
  }
  /// A sweep starts and comes back at once.
  void sweep(int status, const std::string& void_reason = "") {
    engine->handle(Tick{}, at);
    SweepDone done;
    done.target = "fabric";
    done.sweep = ++sweeps;
    done.void_reason = void_reason;
    for (const char* name : {"health", "services", "observability", "security"}) {
      RawRead read;
      read.read = name;
      read.at = at.wall;
      HttpAnswer answer;
      answer.status = status;
      answer.body = R"({"status":"ok"})";
      read.answer = answer;
      done.reads.push_back(read);
    }
    engine->handle(done, at);
  }
  bool goes_on() const { return engine->is_watching(at); }

  Instant at{MonoTime{} + Seconds(1000), WallTime{} + std::chrono::hours(24 * 20000)};
  std::uint64_t sweeps = 0;
  std::unique_ptr<Engine> engine;
};

}  // namespace

TEST_CASE("no sweep has come back yet: the watch has not begun, also after a restart that knows of earlier ones") {
  Watch watch;
  CHECK(!watch.goes_on());
  watch.sweep(200);
  CHECK(watch.goes_on());
  Watch again;
  REQUIRE(again.engine->restore(watch.engine->save(), again.at).empty());
  CHECK(!again.goes_on());
}

TEST_CASE("it goes on for two intervals and the timeout after the next sweep was due, and no longer") {
  Watch watch;
  watch.sweep(200);
  watch.wait(Seconds(94));
  CHECK(watch.goes_on());
  watch.wait(Seconds(2));
  CHECK(!watch.goes_on());
  watch.sweep(200);
  CHECK(watch.goes_on());
}

TEST_CASE("void sweeps prove no watch: nothing could be paged by them") {
  Watch watch;
  watch.sweep(200);
  for (int i = 0; i < 4; ++i) {
    watch.wait(Seconds(30));
    watch.sweep(200, "our own loop lagged");
  }
  CHECK(!watch.goes_on());
}

TEST_CASE("a target that asks for time is read less often, and that is no watch that has stopped") {
  Watch watch;
  for (const int pause : {30, 60, 120, 120}) {
    watch.sweep(429);
    watch.wait(Seconds(pause));
    CHECK(watch.goes_on());
  }
}
