// A reload while something runs: what was asked by the old configuration is never taken for an answer to the new one.
#include <doctest/doctest.h>

#include <algorithm>

#include "core/engine/engine.hpp"

using namespace readback;

namespace {

const Instant start{MonoTime(std::chrono::hours(1)), WallTime(Millis(1'795'402'800'000))};

Config with_check(std::vector<std::string> command) {
  Config config;
  config.targets = {default_target("fabric")};
  CheckConfig check;
  check.name = "materialization";
  check.command = std::move(command);
  config.targets[0].edit().checks = {check};
  return config;
}

CheckDone ended(int exit, bool outdated) {
  CheckRun run;
  run.exit = exit;
  CheckDone done;
  done.target = "fabric";
  done.read.read = "check:materialization";
  done.read.at = start.wall;
  done.read.answer = run;
  done.outdated = outdated;
  return done;
}

SweepDone green_sweep(std::uint64_t number) {
  SweepDone done;
  done.target = "fabric";
  done.sweep = number;
  for (const SurfaceConfig& s : default_surfaces()) {
    RawRead r;
    r.read = s.name;
    r.at = start.wall;
    HttpAnswer answer;
    answer.status = 200;
    answer.body = R"({"status":"ok"})";
    r.answer = answer;
    done.reads.push_back(r);
  }
  return done;
}

bool starts_check(const Actions& actions) {
  return std::any_of(actions.begin(), actions.end(),
                     [](const auto& action) { return std::holds_alternative<StartCheck>(action); });
}

std::string check_word(const Engine& engine) {
  const EngineView view = engine.view(start);
  for (const auto& r : view.targets.at(0).reads)
    if (r.kind == "check") return r.word.empty() ? "unknown" : r.word;
  return "none";
}

}  // namespace

TEST_CASE("a check that a reload changes while it runs says nothing, and the new one runs at once") {
  Engine engine(with_check({"old"}), {}, start);
  REQUIRE(starts_check(engine.handle(Tick{}, start)));
  CHECK_FALSE(starts_check(engine.handle(Reconfigured{with_check({"new"})}, start)));  // the old one still runs
  CHECK(starts_check(engine.handle(ended(1, true), start)));
  engine.handle(green_sweep(1), start);
  CHECK(check_word(engine) == "unknown");
  engine.handle(ended(0, false), start);
  engine.handle(green_sweep(2), start);
  CHECK(check_word(engine) == "in_sync");
}

TEST_CASE("what the old check said counts no more when the check is another one") {
  Engine engine(with_check({"old"}), {}, start);
  engine.handle(Tick{}, start);
  engine.handle(ended(1, false), start);
  engine.handle(green_sweep(1), start);
  REQUIRE(check_word(engine) == "drift");
  engine.handle(Reconfigured{with_check({"new"})}, start);
  CHECK(check_word(engine) == "unknown");
  CHECK(starts_check(engine.handle(ended(1, true), start)));  // the suspicion had asked the old one once more
}

TEST_CASE("a result that waits for its sweep is dropped with the check that gave it") {
  Engine engine(with_check({"old"}), {}, start);
  engine.handle(Tick{}, start);
  engine.handle(ended(1, false), start);
  engine.handle(Reconfigured{with_check({"new"})}, start);
  engine.handle(green_sweep(1), start);
  CHECK(check_word(engine) == "unknown");
}

TEST_CASE("a check that only runs at other times keeps what it said") {
  Engine engine(with_check({"same"}), {}, start);
  engine.handle(Tick{}, start);
  engine.handle(ended(1, false), start);
  engine.handle(green_sweep(1), start);
  auto config = with_check({"same"});
  config.targets[0].edit().checks[0].interval = Seconds(10);
  config.targets[0].edit().checks[0].timeout = Seconds(5);
  config.targets[0].edit().checks[0].command_at = {7, 5};
  CHECK_FALSE(starts_check(engine.handle(Reconfigured{config}, start)));
  CHECK(check_word(engine) == "drift");
}

TEST_CASE("one target and the silences are shown alone as they are shown among all") {
  const Instant start{MonoTime(std::chrono::hours(1)), WallTime(Millis(1795402800000))};
  Config config;
  config.targets = {default_target("east"), default_target("west")};
  Engine engine(config, {}, start);
  Silence silence;
  silence.id = "s";
  silence.reason = "moving house";
  silence.expires_at = start.wall + std::chrono::minutes(1);
  engine.handle(SilenceAdded{silence}, start);
  const auto west = engine.target_view("west", start);
  REQUIRE(west.has_value());
  CHECK(west->name == "west");
  CHECK(west->next_sweep_at == engine.view(start).targets.at(1).next_sweep_at);
  CHECK(west->reads.size() == engine.view(start).targets.at(1).reads.size());
  CHECK_FALSE(engine.target_view("north", start).has_value());
  REQUIRE(engine.silences(start).size() == 1);
  CHECK(engine.silences(start)[0].id == "s");
  CHECK(engine.silences({start.mono + std::chrono::minutes(1), start.wall}).empty());  // its length counts, no clock
}
