// Which incidents have one cause, over many targets under one engine.
#include <doctest/doctest.h>

#include <memory>

#include "core/engine/engine.hpp"
#include "tests/core/engine/on_disk.hpp"

using namespace readback;
using std::chrono::minutes;

namespace {

struct Many {
  Config config;
  Instant now{MonoTime(std::chrono::hours(5)), WallTime(Millis(1795402800000))};
  std::unique_ptr<Engine> engine;
  std::map<std::string, int> status;  ///< of a target's health; 200 where nothing is said
  std::vector<AlertEvent> told;
  std::map<std::string, std::uint64_t> sweeps;

  explicit Many(int targets = 4) {
    for (int i = 0; i < targets; ++i) config.targets.push_back(default_target("t" + std::to_string(i)));
    auto& sink = config.alerts.sinks.emplace_back();
    sink.name = "one", sink.group = Grouping::cause;
    start();
  }
  void start() {
    EngineOptions options;
    options.seed = now.mono.time_since_epoch().count();
    options.boot = "boot";
    engine = std::make_unique<Engine>(config, options, now);
  }
  void restart() {
    const auto state = engine->save();
    start();
    CHECK(engine->restore(state, now).empty());
  }
  void take(const Actions& actions) {
    for (const auto& action : actions) {
      if (const auto* seal = std::get_if<Seal>(&action)) take(engine->handle(on_disk(*seal), now));
      if (const auto* notify = std::get_if<Notify>(&action)) told.push_back(notify->event);
    }
  }
  void sweep(const std::string& target, int times) {
    for (int n = 0; n < times; ++n) {
      now.mono += Seconds(1), now.wall += Seconds(1);
      SweepDone done;
      done.target = target;
      done.sweep = ++sweeps[target];
      for (const SurfaceConfig& s : config.targets[0]->surfaces) {
        RawRead r;
        r.read = s.name, r.at = now.wall;
        HttpAnswer a;
        a.status = s.name == "health" && status.contains(target) ? status[target] : 200;
        a.body = a.status == 200            ? R"({"status":"ok"})"
                 : status.at(target) == 503 ? R"({"status":"down"})"
                                            : R"({"status":"failed"})";
        r.answer = a;
        done.reads.push_back(std::move(r));
      }
      take(engine->handle(std::move(done), now));
    }
  }
  void pass(Millis time) { now.mono += time, now.wall += time; }
  /// Of the events so far: kind, target, who leads, how many others are open.
  std::string story() const {
    std::string all;
    for (const auto& e : told) {
      all += std::string(to_string(e.kind)) + " " + e.incident.target;
      if (e.group) all += " led by " + target_of(e.group->leader) + ", others " + std::to_string(e.group->others);
      all += "\n";
    }
    return all;
  }
  std::string target_of(const std::string& incident) const {
    for (const auto& e : told)
      if (e.incident.id == incident) return e.incident.target;
    return "nobody";
  }
};

}  // namespace

TEST_CASE("what fails for the same reason within minutes has one leader, over a restart too") {
  Many m;
  for (const char* name : {"t0", "t1", "t2"}) m.status[name] = 503;
  m.status["t3"] = 502;
  for (const char* name : {"t0", "t1", "t3"}) m.sweep(name, 4);
  m.restart();
  m.sweep("t2", 4);
  CHECK(m.story() ==
        "firing t0 led by t0, others 0\nfiring t1 led by t0, others 1\nfiring t3 led by t3, others 0\n"
        "firing t2 led by t0, others 2\n");
  CHECK(m.told.back().group->targets == std::vector<std::string>{"t0", "t1", "t2"});
  m.told.resize(1);
  m.status.clear();
  for (const char* name : {"t0", "t1", "t2"}) {
    for (int i = 0; i < 20; ++i) m.pass(Seconds(29)), m.sweep(name, 1);
    CHECK(m.told.back().kind == EventKind::resolved);
    CHECK(m.told.back().group->others == 2 - (name[1] - '0'));
  }
}

TEST_CASE("the next in age stands in for a leader that does not fail any more") {
  Many m(3);
  for (const char* name : {"t0", "t1", "t2"}) m.status[name] = 503, m.sweep(name, 4), m.pass(Seconds(10));
  m.status.erase("t0");
  for (int i = 0; i < 5; ++i) m.pass(Seconds(29)), m.sweep("t0", 1);
  m.told.clear();
  m.pass(m.config.alerts.renotify);
  for (const char* name : {"t2", "t1"}) m.sweep(name, 1);
  CHECK(m.story() == "reminder t2 led by nobody, others 2\nreminder t1 led by nobody, others 2\n");
  REQUIRE(m.told.size() == 2);
  CHECK_FALSE(m.told[0].group->stands_in);
  CHECK(m.told[1].group->stands_in);
}

TEST_CASE("what fails later, or worse, is paged by itself") {
  Many m(3);
  m.status["t0"] = m.status["t1"] = 503;
  m.sweep("t0", 4);
  m.pass(minutes(6));
  m.sweep("t1", 4);
  CHECK(m.story() == "firing t0 led by t0, others 0\nfiring t1 led by t1, others 0\n");
}

TEST_CASE("how far it has spread is said once, an interval after the page, and to the sinks that group") {
  Many m(30);
  for (int i = 0; i < 25; ++i) m.status["t" + std::to_string(i)] = 503;
  for (int i = 0; i < 25; ++i) m.sweep("t" + std::to_string(i), 4);
  m.told.clear();
  m.sweep("t0", 1);
  m.restart();
  m.sweep("t0", 3);
  REQUIRE(m.told.size() == 1);
  const auto& spread = m.told[0];
  CHECK(spread.kind == EventKind::escalated);
  CHECK(spread.group->is_spread);
  CHECK(spread.only == std::vector<std::string>{"one"});
  CHECK(spread.incident.summary.starts_with("OUTAGE 25 targets: health: "));
  CHECK(spread.incident.summary.ends_with(" and 5 more"));
}

TEST_CASE("where no sink groups, nothing is different") {
  Many m(2);
  m.config.alerts.sinks[0].group = Grouping::none;
  m.start();
  m.status["t0"] = m.status["t1"] = 503;
  m.sweep("t0", 4);
  m.sweep("t1", 4);
  CHECK(m.story() == "firing t0\nfiring t1\n");
  CHECK(m.engine->save("t0").find("leader") == std::string::npos);
}
