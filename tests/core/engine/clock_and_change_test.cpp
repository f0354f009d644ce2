// The wall clock is moved, and the configuration changes, while something is open: what is counted goes on as if
// nobody had touched the clock, and nothing waits for what is gone.
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

/// One target under the engine, swept when the test says so.
struct Watch {
  Config config;
  Instant now{MonoTime(hours(5)), WallTime(Millis(1795402800000))};  // a Monday, 2026-11-23T03:00:00Z
  std::string boot = "this-start";
  std::unique_ptr<Engine> engine;
  std::map<std::string, int> status;  ///< of a read; 200 where nothing is said
  std::vector<AlertEvent> told;
  std::uint64_t sweeps = 0;

  Watch() {
    config.targets = {default_target("fabric")};
    for (const char* name : {"checkout", "login"}) {
      PathConfig path;
      path.name = name;
      path.url = "/app/" + path.name;
      target().paths.push_back(path);
    }
  }
  TargetConfig& target() { return config.targets.at(0).edit(); }
  void add_check() {
    CheckConfig check;
    check.name = "materialization";
    check.command = {"check"};
    target().checks = {check};
  }

  void start() {
    EngineOptions options;
    options.seed = now.mono.time_since_epoch().count();
    options.boot = boot;
    engine = std::make_unique<Engine>(config, options, now);
  }
  void pass(Millis time) { now.mono += time, now.wall += time; }
  /// Ends, and comes back with what it had saved; `wall` is how far the clock was moved meanwhile.
  void restart(Millis away, Millis wall) {
    const auto state = engine->save();
    pass(away);
    now.wall += wall;
    start();
    CHECK(engine->restore(state, now).empty());
    take(engine->handle(Tick{}, now));
  }
  void take(const Actions& actions) {
    for (const auto& action : actions) {
      if (const auto* seal = std::get_if<Seal>(&action)) take(engine->handle(on_disk(*seal), now));
      if (const auto* notify = std::get_if<Notify>(&action)) told.push_back(notify->event);
    }
  }
  RawRead answer(const std::string& name) {
    RawRead r;
    r.read = name;
    r.at = now.wall;
    const auto found = status.find(name);
    HttpAnswer a;
    a.status = found == status.end() ? 200 : found->second;
    a.body = a.status == 200 ? R"({"status":"ok"})" : R"({"status":"down"})";
    r.answer = a;
    return r;
  }
  void sweep(int times = 1, Millis every = Seconds(30)) {
    for (int n = 0; n < times; ++n) {
      pass(every);
      SweepDone done;
      done.target = "fabric";
      done.sweep = ++sweeps;
      for (const SurfaceConfig& s : target().surfaces) done.reads.push_back(answer(s.name));
      for (const auto& p : target().paths) done.reads.push_back(answer("path:" + p.name));
      take(engine->handle(Tick{}, now));
      take(engine->handle(std::move(done), now));
    }
  }
  void check(int exit) {
    CheckRun run;
    run.exit = exit;
    CheckDone done;
    done.target = "fabric";
    done.read.read = "check:materialization";
    done.read.at = now.wall;
    done.read.answer = run;
    take(engine->handle(std::move(done), now));
    sweep();
  }
  void silence(Millis length) {
    Silence s;
    s.reason = "moving house";
    s.expires_at = now.wall + length;
    take(engine->handle(SilenceAdded{s}, now));
  }
  void reload() { take(engine->handle(Reconfigured{config}, now)); }

  int count(EventKind kind) const {
    return static_cast<int>(
        std::count_if(told.begin(), told.end(), [&](const AlertEvent& e) { return e.kind == kind; }));
  }
  IncidentRecord open() const {
    const auto all = engine->open_incidents();
    return all.empty() ? IncidentRecord{} : all.front();
  }
  bool has_noted(const std::string& text) const {
    const auto record = open();
    return std::any_of(record.timeline.begin(), record.timeline.end(),
                       [&](const TimelineEntry& entry) { return entry.text == text; });
  }
};

}  // namespace

TEST_CASE("a silence lasts as long as was asked for, whatever is done to the wall clock") {
  for (const Millis moved : {Millis(0), Millis(-hours(2)), Millis(hours(1)), Millis(hours(24)), Millis(-hours(9000))}) {
    CAPTURE(moved.count());
    Watch w;
    w.start();
    w.sweep(2);
    w.silence(minutes(10));
    w.status["health"] = 503;
    w.sweep(4);
    CHECK(w.open().state == IncidentState::muted);
    w.now.wall += moved;
    w.sweep(15);  // nine and a half minutes
    CHECK(w.count(EventKind::firing) == 0);
    REQUIRE(w.engine->silences(w.now).size() == 1);
    const Millis left = w.engine->silences(w.now)[0].expires_at - w.now.wall;
    CHECK(left == Seconds(30));
    w.sweep(1);
    CHECK(w.engine->silences(w.now).empty());
    CHECK(w.count(EventKind::firing) == 1);
  }
}

TEST_CASE("what is left of a silence is what a restart keeps of it") {
  struct Case {
    const char* name;
    const char* boot;  ///< of the host after the restart
    Millis moved;
    Millis left;  ///< of ten minutes, after two and one of absence
  };
  const Case cases[] = {{"nothing was moved", "this-start", Millis(0), minutes(7)},
                        {"set back two hours", "this-start", -hours(2), minutes(7)},
                        {"set ahead a day", "this-start", hours(24), minutes(7)},
                        {"another start of the host", "another", Millis(0), minutes(7)},
                        {"another start, and the clock behind it", "another", -hours(2), minutes(8)}};
  for (const auto& c : cases) {
    CAPTURE(c.name);
    Watch w;
    w.start();
    w.silence(minutes(10));
    w.sweep(4);
    w.boot = c.boot;
    w.restart(minutes(1), c.moved);
    REQUIRE(w.engine->silences(w.now).size() == 1);
    const Instant before{w.now.mono + c.left - Millis(1), w.now.wall}, after{w.now.mono + c.left, w.now.wall};
    CHECK(w.engine->silences(before).size() == 1);
    CHECK(w.engine->silences(after).empty());
  }
}

TEST_CASE("a silence that is set ahead holds back nothing before, whatever is done to the wall clock") {
  for (const Millis step : {Millis(0), Millis(-hours(2)), Millis(hours(24))}) {
    CAPTURE(step.count());
    Watch w;
    w.start();
    Silence ahead;
    ahead.reason = "moving house", ahead.by = "ann";
    ahead.starts_at = w.now.wall + minutes(30), ahead.expires_at = w.now.wall + minutes(60);
    w.take(w.engine->handle(SilenceAdded{ahead}, w.now));
    CHECK(w.told.empty());
    CHECK_FALSE(w.engine->silences(w.now).at(0).has_begun);
    w.status["health"] = 503;
    w.sweep(4);
    CHECK(w.count(EventKind::firing) == 1);
    w.now.wall += step;
    CHECK(w.engine->silences(w.now).at(0).starts_at - w.now.wall == minutes(28));
    w.status.clear();
    w.sweep(52);
    CHECK(w.count(EventKind::resolved) == 1);
    CHECK(w.count(EventKind::silence_begins) == 0);
    w.sweep(4);
    CHECK(w.count(EventKind::silence_begins) == 1);
    CHECK(w.told.back().incident.summary.starts_with("SILENCED every target, every boundary until "));
    CHECK(w.told.back().incident.why == std::vector<std::string>{"asked for by ann: moving house"});
    w.status["health"] = 503;
    w.restart(minutes(1), Millis(0));
    w.sweep(50);
    CHECK(w.count(EventKind::firing) == 1);
    CHECK(w.open().state == IncidentState::muted);
    w.sweep(10);
    CHECK(w.count(EventKind::silence_ends) == 1);
    CHECK(w.count(EventKind::firing) == 2);
    CHECK(w.told.back().incident.summary.find("held back for 2") != std::string::npos);
    CHECK(w.engine->silences(w.now).empty());
  }
}

TEST_CASE("a silence until it is resolved ends with what is open, and lets the next one page") {
  for (const bool is_open_before : {true, false}) {
    CAPTURE(is_open_before);
    Watch w;
    w.start();
    const auto until_resolved = [&] {
      Silence s;
      s.reason = "being repaired", s.target = "fabric", s.until_resolved = true;
      s.expires_at = w.now.wall + hours(24);
      w.take(w.engine->handle(SilenceAdded{s}, w.now));
    };
    if (!is_open_before) until_resolved();
    w.status["health"] = 503;
    w.sweep(4);
    if (is_open_before) until_resolved();
    const int pages = w.count(EventKind::firing);
    CHECK(pages == (is_open_before ? 1 : 0));
    w.status["path:checkout"] = 500, w.status["path:login"] = 500;
    w.sweep(30);
    w.restart(Seconds(5), Millis(0));
    w.sweep(3);
    CHECK(w.count(EventKind::firing) == pages);
    CHECK(w.engine->silences(w.now).size() == 1);
    w.status.clear();
    w.sweep(20);
    CHECK(w.engine->open_incidents().empty());
    CHECK(w.engine->silences(w.now).empty());
    CHECK(w.count(EventKind::silence_ends) == 1);
    w.status["health"] = 503;
    w.sweep(4);
    CHECK(w.count(EventKind::firing) == pages + 1);
  }
}

TEST_CASE("ids grow over a restart with the clock set back, and after it was ahead for a while") {
  for (const Millis moved : {Millis(-hours(2)), Millis(-hours(48)), Millis(0), Millis(hours(3))}) {
    CAPTURE(moved.count());
    Watch w;
    w.start();
    w.sweep(2);
    w.status["health"] = 503;
    w.sweep(3);
    REQUIRE(w.count(EventKind::firing) == 1);
    w.restart(minutes(1), moved);
    w.status.clear();
    w.sweep(12);
    REQUIRE(w.told.size() == 3);
    CHECK(w.told[0].id < w.told[1].id);
    CHECK(w.told[1].id < w.told[2].id);
    CHECK(w.told[1].incident.summary == "RECOVERED outage fabric after 3m 30s: 3 of 3 sweeps pass; being verified");
    CHECK(w.told[2].incident.summary.starts_with("RESOLVED outage fabric after 5m"));
  }
}

TEST_CASE("a maintenance window that the clock has opened lasts its length and opens once") {
  struct Case {
    const char* name;
    Millis moved;
    int until_page;  ///< sweeps of half a minute
  };
  for (const auto& c : {Case{"nothing was moved", Millis(0), 10}, Case{"set back two hours", -hours(2), 10},
                        Case{"set ahead a day", hours(24), 10}, Case{"set back within it", -minutes(4), 10}}) {
    CAPTURE(c.name);
    Watch w;
    MaintenanceWindow window;
    window.from_minute = 2 * 60 + 55;
    window.length = minutes(15);
    w.target().maintenance = {window};
    w.start();
    w.sweep(6);  // 03:03
    w.status["health"] = 503;
    w.sweep(4);  // 03:05
    CHECK(w.open().state == IncidentState::muted);
    w.now.wall += c.moved;
    w.sweep(c.until_page - 1);
    CHECK(w.count(EventKind::firing) == 0);
    w.sweep(1);
    CHECK(w.count(EventKind::firing) == 1);
  }
}

TEST_CASE("a window that a reload takes away is open no more") {
  Watch w;
  MaintenanceWindow window;
  window.from_minute = 2 * 60 + 55;
  w.target().maintenance = {window};
  w.start();
  w.status["health"] = 503;
  w.sweep(4);
  CHECK(w.count(EventKind::firing) == 0);
  w.target().maintenance.clear();
  w.reload();
  w.sweep(1);
  CHECK(w.count(EventKind::firing) == 1);
}

TEST_CASE("after a start an open incident shows the conditions of today's configuration at once") {
  Watch w;
  w.add_check();
  w.start();
  w.status["health"] = 503;
  w.sweep(3);
  const auto drift_checked = [&] { return w.engine->open_incidents().at(0).conditions.at(2).state; };
  REQUIRE(w.count(EventKind::firing) == 1);
  CHECK(drift_checked() == ConditionState::State::unmet);
  w.target().checks.clear();
  w.restart(Seconds(5), Millis(0));
  CHECK(drift_checked() == ConditionState::State::not_applicable);
}

TEST_CASE("a path that is removed while its incident is open is waited for no more, and that is said") {
  Watch w;
  w.start();
  w.sweep(2);
  w.status["path:checkout"] = 500;
  w.sweep(3);
  REQUIRE(w.count(EventKind::firing) == 1);
  w.target().paths.erase(w.target().paths.begin());
  w.reload();
  CHECK(w.has_noted("path:checkout: nothing waits for it any more"));
  w.reload();
  w.sweep(3);
  CHECK(w.count(EventKind::recovered) == 1);
  w.sweep(5);
  REQUIRE(w.count(EventKind::resolved) == 1);
  const auto& conditions = w.told.back().incident.conditions;
  CHECK(conditions.at(5).by == "path:login pass again; path:checkout is no longer configured");
  const auto& notes = w.told.back().incident.timeline;
  CHECK(std::count_if(notes.begin(), notes.end(),
                      [](const TimelineEntry& e) { return e.kind == "no longer configured"; }) == 1);
}

TEST_CASE("whatever an open incident waits for and is removed holds up nothing") {
  struct Case {
    const char* name;
    std::function<void(Watch&)> breaks, removes;
    const char* note;
  };
  const auto without_surface = [](const char* name) {
    return [name](Watch& w) {
      std::erase_if(w.target().surfaces, [&](const SurfaceConfig& s) { return s.name == name; });
    };
  };
  const auto bad = [](const char* read) {
    return [read](Watch& w) {
      w.status[read] = 503;
      w.sweep(4);
    };
  };
  const Case cases[] = {
      {"the last path", bad("path:login"), [](Watch& w) { w.target().paths.clear(); },
       "path:login: nothing waits for it any more"},
      {"health", bad("health"), without_surface("health"), "health: nothing waits for it any more"},
      {"services", bad("services"), without_surface("services"), "services: nothing waits for it any more"},
      {"readiness", bad("observability"), without_surface("observability"),
       "observability: nothing waits for it any more"},
      {"security", bad("security"), without_surface("security"), "security: nothing waits for it any more"},
      {"a check that drifted",
       [](Watch& w) {
         w.check(1);
         w.check(1);
       },
       [](Watch& w) { w.target().checks.clear(); }, "check:materialization: nothing waits for it any more"},
      {"a check that is broken",
       [](Watch& w) {
         w.check(127);
         w.check(127);
       },
       [](Watch& w) { w.target().checks.clear(); }, "check:materialization: nothing waits for it any more"},
      {"health and services", bad("health"),
       [](Watch& w) { w.target().surfaces.erase(w.target().surfaces.begin(), w.target().surfaces.begin() + 2); },
       "health: nothing waits for it any more"}};
  for (const auto& c : cases) {
    for (const bool over_a_restart : {false, true}) {
      CAPTURE(c.name);
      CAPTURE(over_a_restart);
      Watch w;
      w.add_check();
      w.start();
      w.check(0);
      w.sweep(1);
      c.breaks(w);
      REQUIRE(w.count(EventKind::firing) == 1);
      c.removes(w);
      if (over_a_restart)
        w.restart(Seconds(5), Millis(0));
      else
        w.reload();
      CHECK(w.has_noted(c.note));
      w.sweep(3);
      CHECK(w.count(EventKind::recovered) == 1);
      if (!w.target().checks.empty()) w.check(0);
      w.sweep(6);
      CHECK(w.count(EventKind::resolved) == 1);
      CHECK(w.engine->open_incidents().empty());
    }
  }
}

TEST_CASE("drift is over when the check that a reload changed says so, and not while it has said nothing") {
  Watch w;
  w.add_check();
  w.start();
  w.check(0);
  w.check(1);
  w.check(1);
  REQUIRE(w.count(EventKind::firing) == 1);
  w.target().checks[0].command = {"another"};
  w.reload();
  w.sweep(6);
  CHECK(w.count(EventKind::recovered) == 0);
  w.check(0);
  w.check(0);
  w.check(0);
  CHECK(w.count(EventKind::recovered) == 1);
}

TEST_CASE("a path that comes back is one like any other") {
  Watch w;
  w.start();
  w.sweep(2);
  w.status["path:checkout"] = 500;
  w.sweep(3);
  const auto paths = w.target().paths;
  w.target().paths.erase(w.target().paths.begin());
  w.reload();
  w.target().paths = paths;
  w.reload();
  w.sweep(4);
  CHECK(w.count(EventKind::recovered) == 0);
  w.status.clear();
  w.sweep(10);
  CHECK(w.count(EventKind::resolved) == 1);
}
