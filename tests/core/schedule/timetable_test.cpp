// When one target's sweeps and checks are due, one rule at a time and without a world around it: what the engine does
// with them is in tests/core/engine/live_test.cpp.
#include <doctest/doctest.h>

#include "core/schedule/timetable.hpp"

using namespace readback;

namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr double straight = 0.5;  // a chance that moves nothing

/// Four surfaces, every 30 seconds.
TargetConfig target() {
  TargetConfig config = default_target("fabric");
  config.jitter_percent = 10;
  return config;
}
TargetConfig with_check(const char* name = "drift", Millis interval = minutes(5)) {
  TargetConfig config = target();
  config.checks.assign(1, {});
  config.checks.back().name = name;
  config.checks.back().interval = interval;
  return config;
}
MonoTime at(Millis since) { return MonoTime(hours(1)) + since; }
MonoTime at(int seconds) { return at(Seconds(seconds)); }

Timetable started(const TargetConfig& config) {
  Timetable t;
  t.follow(config, at(0));
  return t;
}
/// A sweep that begins and comes back in the same moment.
void sweep(Timetable& t, MonoTime now, bool suspects = false) {
  REQUIRE(t.wants_sweep(now));
  t.begin_sweep(now, straight);
  t.sweep_ended();
  t.plan_next(now, suspects);
}
using Names = std::vector<std::string>;
using Waits = std::map<std::string, std::optional<Millis>>;

}  // namespace

TEST_CASE("the first sweep is due at once, and later by the spread when many targets start together") {
  struct Case {
    const char* name;
    std::size_t place, of;
    Millis spread;
  };
  for (const auto& c :
       {Case{"alone", 0, 1, Millis(0)}, Case{"the last of twenty", 19, 20, Millis(0)},
        Case{"the first of many", 0, 1000, Millis(0)}, Case{"in the middle of many", 500, 1000, Seconds(15)},
        Case{"the last of many", 999, 1000, Millis(29970)}}) {
    CAPTURE(c.name);
    CHECK(spread_of(Seconds(30), c.place, c.of) == c.spread);
    Timetable t;
    t.follow(target(), at(0), spread_of(Seconds(30), c.place, c.of));
    CHECK(t.next(at(0)) == at(c.spread));
    CHECK(t.wants_sweep(at(c.spread)));
  }
}

TEST_CASE("a sweep that begins late delays none of those after it") {
  auto t = started(target());
  sweep(t, at(Millis(900)));
  CHECK(t.next_sweep() == at(30));
  sweep(t, at(Millis(37000)));
  CHECK(t.next_sweep() == at(60));
}

TEST_CASE("the jitter moves a sweep by a tenth of the interval, and the cadence by nothing") {
  auto t = started(target());
  t.begin_sweep(at(0), 0);
  CHECK(t.next_sweep() == at(27));
  t.begin_sweep(at(27), 1);
  CHECK(t.next_sweep() == at(63));
  t.begin_sweep(at(63), straight);
  CHECK(t.next_sweep() == at(90));
}

TEST_CASE("what jitter moves begins at moments that all targets share, and what has none at its own") {
  auto config = target();
  const auto next_of = [&](Millis interval, double chance) {
    config.interval = interval;
    auto t = started(config);
    t.begin_sweep(at(0), chance);
    return t.next_sweep() - at(0);
  };
  CHECK(next_of(Seconds(30), 0.123) == Millis(27'700));  // of 27,738
  CHECK(next_of(Seconds(5), 0.777) == Millis(5'200));    // of 5,277
  CHECK(next_of(Seconds(1), 0.777) == Millis(1'040));    // of 1,055: a fiftieth of a second
  CHECK(next_of(Millis(100), 0.777) == Millis(104));     // of 105
  config.jitter_percent = 0;
  CHECK(next_of(Millis(1'055), 0.777) == Millis(1'055));
}

TEST_CASE("after an absence there is one sweep, and the cadence goes on from there") {
  auto t = started(target());
  sweep(t, at(0));
  sweep(t, at(hours(9)));
  CHECK(t.next_sweep() - at(hours(9)) == Seconds(30));
}

TEST_CASE("while a sweep is out nothing else begins, and one that never comes back is given up") {
  auto t = started(target());
  t.begin_sweep(at(0), straight);
  CHECK(t.is_sweeping());
  CHECK_FALSE(t.wants_sweep(at(79)));
  CHECK(t.next(at(79)) == at(80));  // ten timeouts of five seconds, and half a minute
  CHECK(t.wants_sweep(at(80)));
}

TEST_CASE("a suspicion brings the next sweep to a spacing after this one began") {
  auto t = started(target());
  REQUIRE(t.wants_sweep(at(0)));
  t.begin_sweep(at(0), straight);
  t.sweep_ended();
  t.plan_next(at(Millis(300)), true);
  CHECK(t.next_sweep() == at(2));
  sweep(t, at(2), true);
  CHECK(t.next_sweep() == at(4));
  sweep(t, at(4), false);
  CHECK(t.next_sweep() == at(30));
}

TEST_CASE("a sweep out of turn replaces the regular one that is near, and puts off none that is not") {
  struct Case {
    const char* name;
    int asked, next;
  };
  for (const auto& c : {Case{"just after a regular one", 5, 30}, Case{"just before the middle", 14, 30},
                        Case{"from the middle on", 15, 60}, Case{"just before the next", 29, 60}}) {
    CAPTURE(c.name);
    auto t = started(target());
    sweep(t, at(0));
    CHECK(t.ask_sweep(at(c.asked)) == Millis(0));
    sweep(t, at(c.asked));
    CHECK(t.next_sweep() == at(c.next));
  }
}

TEST_CASE("who asks for a sweep is told how long the budget makes them wait") {
  auto config = target();
  config.request_budget_per_minute = 8;  // two sweeps
  auto t = started(config);
  sweep(t, at(0));
  CHECK(t.ask_sweep(at(1)) == Millis(0));
  sweep(t, at(1));
  CHECK(t.ask_sweep(at(2)) == Seconds(58));
  CHECK_FALSE(t.wants_sweep(at(59)));
  CHECK(t.wants_sweep(at(60)));
}

TEST_CASE("a burst that the budget holds back is put off, and begins as soon as there is room") {
  auto config = target();
  config.request_budget_per_minute = 8;
  auto t = started(config);
  sweep(t, at(0), true);
  sweep(t, at(2), true);
  CHECK(t.next_sweep() == at(60));
}

TEST_CASE("what has been asked while a sweep is out counts as answered by it") {
  auto t = started(target());
  sweep(t, at(0));
  t.ask_look(at(10));
  CHECK(t.next_sweep() == at(10));
  t.begin_sweep(at(10), straight);
  t.ask_look(at(11));
  CHECK(t.next_sweep() == at(30));
}

TEST_CASE("hastening never puts off") {
  auto t = started(target());
  sweep(t, at(0));
  t.hasten(at(10));
  CHECK(t.next_sweep() == at(12));
  t.hasten(at(11));
  CHECK(t.next_sweep() == at(12));
}

TEST_CASE("the watch has stopped when a sweep is two intervals and a timeout late") {
  auto t = started(target());
  CHECK_FALSE(t.is_watching(at(0)));
  sweep(t, at(0));
  CHECK_FALSE(t.is_watching(at(0)));  // it came back, and did not count
  t.counted();
  CHECK(t.is_watching(at(30 + 60 + 5)));
  CHECK_FALSE(t.is_watching(at(Millis(95001))));
}

TEST_CASE("a target that answers 429 is asked half as often, then a quarter, and as before when it stops") {
  auto t = started(target());
  const Waits without_time = {{"router", std::nullopt}};
  const auto round = [&](MonoTime now, const Waits& throttled) {
    t.begin_sweep(now, straight);
    t.sweep_ended();
    t.heed(throttled, now);
    const MonoTime before = t.next_sweep();
    t.plan_next(now, false);
    CHECK(t.next_sweep() == before);
    return t.next_sweep();
  };
  CHECK(round(at(0), without_time) == at(30));
  CHECK(round(at(30), without_time) == at(90));
  CHECK(round(at(90), without_time) == at(210));
  CHECK(round(at(210), without_time) == at(330));
  CHECK(round(at(330), {}) == at(450));
  CHECK(round(at(450), {}) == at(480));
}

TEST_CASE("a read that names a time is left out until then, an hour at most, and the others are not") {
  auto config = target();
  config.request_budget_per_minute = 7;  // one sweep of four and one of three
  auto t = started(config);
  t.begin_sweep(at(0), straight);
  t.sweep_ended();
  t.heed({{"router", Seconds(90)}, {"fabric", hours(200)}}, at(0));
  CHECK(t.begin_sweep(at(30), straight) == Names{"fabric", "router"});
  CHECK(t.begin_sweep(at(89), straight) == Names{"fabric", "router"});
  CHECK(t.begin_sweep(at(90), straight) == Names{"fabric"});
  CHECK(t.begin_sweep(at(3599), straight) == Names{"fabric"});
  CHECK(t.begin_sweep(at(3600), straight) == Names{});
}

TEST_CASE("a read that is left out takes nothing from the budget") {
  auto config = target();
  config.request_budget_per_minute = 7;
  auto t = started(config);
  t.begin_sweep(at(0), straight);
  t.sweep_ended();
  t.heed({{"router", minutes(10)}}, at(0));
  CHECK(t.ask_sweep(at(1)) == Seconds(59));  // it is planned as if every read would be made
  t.begin_sweep(at(60), straight);
  t.sweep_ended();
  CHECK(t.ask_sweep(at(61)) == Millis(0));
}

TEST_CASE("a check begins with the first sweep, and again an interval after it ended") {
  auto t = started(with_check());
  CHECK(t.begin_checks(at(0)) == Names{"drift"});
  CHECK(t.begin_checks(at(hours(1))) == Names{});  // it still runs
  t.check_ended("drift", false, at(70));
  CHECK(t.begin_checks(at(369)) == Names{});
  CHECK(t.begin_checks(at(370)) == Names{"drift"});
}

TEST_CASE("a check that is asked while it runs, or was changed meanwhile, runs once more") {
  auto t = started(with_check());
  t.begin_checks(at(0));
  t.ask_check("drift");
  t.ask_check("unknown");
  CHECK(t.begin_checks(at(1)) == Names{});
  t.check_ended("drift", false, at(2));
  CHECK(t.next(at(2)) <= at(2));
  CHECK(t.begin_checks(at(2)) == Names{"drift"});
  t.check_ended("drift", true, at(3));
  t.check_ended("unknown", true, at(3));
  CHECK(t.begin_checks(at(3)) == Names{"drift"});
  t.check_ended("drift", false, at(4));
  CHECK(t.begin_checks(at(4)) == Names{});
}

TEST_CASE("a confirmation waits for the check that a disagreement asked for, a quarter of a minute at most") {
  auto t = started(with_check());
  t.ask_checks(false);
  CHECK_FALSE(t.awaits_check(at(0)));
  t.ask_checks(true);
  t.ask_checks(false);  // takes nothing back
  CHECK(t.awaits_check(at(10)));
  CHECK(t.awaits_check(at(Millis(24999))));
  CHECK_FALSE(t.awaits_check(at(25)));
  t.check_ended("drift", false, at(26));
  CHECK_FALSE(t.awaits_check(at(26)));
  t.ask_checks(true);
  CHECK(t.awaits_check(at(40)));  // measured anew
}

TEST_CASE("a new configuration keeps what is planned, unless its interval ends before") {
  auto t = started(target());
  sweep(t, at(0));
  t.follow(target(), at(10), Seconds(20));
  CHECK(t.next_sweep() == at(30));
  auto quicker = target();
  quicker.interval = Seconds(5);
  t.follow(quicker, at(10));
  CHECK(t.next_sweep() == at(15));
}

TEST_CASE("a new configuration lets go of checks that it no longer has, and begins new ones with the next sweep") {
  auto t = started(with_check("drift"));
  t.begin_checks(at(0));
  sweep(t, at(0));
  auto both = with_check("drift", minutes(1));
  both.checks.push_back(both.checks.front());
  both.checks.back().name = "images";
  both.checks.push_back(both.checks.front());
  both.checks.back().name = "journal";
  both.checks.back().role = CheckRole::evidence;
  t.follow(both, at(10));
  CHECK(t.begin_checks(at(29)) == Names{});  // one runs, the other is not due, the third is none of the schedule's
  CHECK(t.begin_checks(at(30)) == Names{"images"});
  t.check_ended("drift", false, at(31));
  CHECK(t.begin_checks(at(91)) == Names{"drift"});  // at the new interval
  t.follow(target(), at(92));
  CHECK(t.next(at(92)) == at(30));  // only the sweep is left
}

TEST_CASE("the agenda gives those whose time has come, the earliest first, and each once") {
  Agenda agenda;
  CHECK_FALSE(agenda.first().has_value());
  agenda.note("b", at(10));
  agenda.note("a", at(20));
  agenda.note("c", at(10));
  CHECK(agenda.first() == at(10));
  CHECK(agenda.due(at(9)) == Names{});
  CHECK(agenda.due(at(10)) == Names{"b", "c"});
  CHECK(agenda.due(at(20)) == Names{"b", "c", "a"});
  agenda.note("b", at(30));
  agenda.note("a", at(5));
  CHECK(agenda.due(at(20)) == Names{"a", "c"});
  agenda.clear();
  CHECK(agenda.due(at(99)) == Names{});
}
