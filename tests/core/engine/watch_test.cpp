// Whether the watch is whole: what the dead man's switch, /readyz and the alarm about ourselves go by, and when only a
// new start may help.
#include <doctest/doctest.h>

#include "core/engine/engine.hpp"

using namespace readback;

namespace {

using AnyAnswer = decltype(RawRead::answer);

struct Watch {
  Watch() {
    Config config;
    config.targets = {default_target("fabric")};
    config.targets[0].edit().base_url = "http://127.0.0.1:38080";
    config.targets[0].edit().jitter_percent = 0;
    engine = std::make_unique<Engine>(config, EngineOptions{}, at);
    engine->handle(Tick{}, at);
  }
  void wait(Millis time) {
    at.mono += time;
    at.wall += time;
  }
  /// A sweep starts and comes back at once.
  void sweep(int status, const std::string& void_reason = "") {
    HttpAnswer answer;
    answer.status = status;
    answer.body = R"({"status":"ok"})";
    sweep(std::vector<AnyAnswer>(4, answer), void_reason);
  }
  void sweep(const std::vector<AnyAnswer>& answers, const std::string& void_reason = "") {
    engine->handle(Tick{}, at);
    SweepDone done;
    std::size_t next = 0;
    done.target = "fabric";
    done.sweep = ++sweeps;
    done.void_reason = void_reason;
    for (const char* name : {"health", "services", "observability", "security"}) {
      RawRead read;
      read.read = name;
      read.at = at.wall;
      read.answer = answers.at(next++);
      done.reads.push_back(read);
    }
    engine->handle(done, at);
  }
  bool goes_on() const { return engine->impairments(at).empty() && engine->yet_to_begin(at).empty(); }

  Instant at{MonoTime{} + Seconds(1000), WallTime{} + std::chrono::hours(24 * 20000)};
  std::uint64_t sweeps = 0;
  std::unique_ptr<Engine> engine;
};

using Texts = std::vector<std::string>;

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

TEST_CASE("what impairs the watch is said in one sentence each, and the first sweep is waited for before it is") {
  Watch watch;
  CHECK(watch.engine->yet_to_begin(watch.at) == Texts{"target fabric was not swept yet"});
  CHECK(watch.engine->impairments(watch.at).empty());
  watch.wait(Seconds(66));
  CHECK(watch.engine->yet_to_begin(watch.at).empty());
  CHECK(watch.engine->impairments(watch.at) == Texts{"no sweep of target fabric counts: none has come back in time"});
  watch.sweep(200, "our own loop lagged");
  CHECK(watch.engine->impairments(watch.at) == Texts{"no sweep of target fabric counts: our own loop lagged"});
  CHECK(watch.engine->sweeps_counted() == 0);
  watch.sweep(200);
  CHECK(watch.goes_on());
  CHECK(watch.engine->sweeps_counted() == 1);
}

TEST_CASE("a host that cannot read is no watch, one that meets a dead platform is") {
  Watch watch;
  TransportError ours, theirs;
  ours.fault = TransportFault::local;
  ours.detail = "Too many open files";
  theirs.fault = TransportFault::refused;
  watch.sweep(std::vector<AnyAnswer>(4, theirs));
  CHECK(watch.goes_on());
  watch.sweep({ours, ours, theirs, ours});
  CHECK(watch.goes_on());
  watch.sweep(std::vector<AnyAnswer>(4, ours));
  CHECK(watch.engine->impairments(watch.at) == Texts{"target fabric cannot be read by this host: Too many open files"});
  watch.sweep(200);
  CHECK(watch.goes_on());
}

TEST_CASE("a check that this host cannot start impairs the watch, one that fails does not") {
  Watch watch;
  watch.sweep(200);
  const auto ends = [&](std::optional<CheckFault> fault) {
    CheckDone done;
    done.target = "fabric";
    done.read.read = "check:materialization";
    CheckRun run;
    run.fault = fault;
    run.detail = "Resource temporarily unavailable";
    done.read.answer = run;
    watch.engine->handle(done, watch.at);
  };
  ends(CheckFault::timeout);
  CHECK(watch.goes_on());
  ends(CheckFault::spawn);
  CHECK(
      watch.engine->impairments(watch.at) ==
      Texts{"the check:materialization of target fabric cannot be run by this host: Resource temporarily unavailable"});
  ends(std::nullopt);
  CHECK(watch.goes_on());
}

TEST_CASE("only when no sweep comes back at all a new start may help, and then the watch is impaired as well") {
  Watch watch;
  watch.sweep(200);
  for (int minute = 0; minute < 3; ++minute) {  // they start, and nothing is heard of them
    CHECK(!watch.engine->is_stuck());
    watch.wait(Seconds(60));
    watch.engine->handle(Tick{}, watch.at);
  }
  CHECK(watch.engine->is_stuck());
  CHECK(!watch.engine->impairments(watch.at).empty());
  watch.sweep(200, "our wall clock was moved");
  CHECK(!watch.engine->is_stuck());
  CHECK(!watch.engine->impairments(watch.at).empty());
}
