// Sweeps in, hours out: by both clocks, over gaps, restarts and clocks that are set.
#include "core/history/tally.hpp"

#include <doctest/doctest.h>

#include "core/text/time.hpp"

using namespace readback;
using namespace std::chrono_literals;

namespace {

const WallTime start = *parse_rfc3339("2026-11-23T03:00:00Z");

struct Day {
  HourTally tally;
  Instant now{MonoTime(5s), start};
  std::map<WallTime, Rollup> hours;

  void pass(Millis time) { now.mono += time, now.wall += time; }
  void sweep(Availability availability, const char* word = "pass", std::int64_t micros = 12'000) {
    SweepRecord record;
    record.target = "fabric";
    JudgedRead read;
    read.raw.read = "health";
    read.raw.answer = HttpAnswer{};
    read.raw.phases.total_us = micros;
    read.word = word;
    record.reads = {read};
    tally.add(record, availability, 90s, now);
  }
  const Rollup& hour(const char* at) {
    for (auto& [target, rollup] : tally.take()) {
      CHECK(target == "fabric");
      hours[rollup.from].from = rollup.from;
      hours[rollup.from].add(rollup);
    }
    return hours[*parse_rfc3339(at)];
  }
};

}  // namespace

TEST_CASE("an hour of sweeps: how long it stood how, what was said, how fast") {
  Day day;
  for (int i = 0; i < 240; ++i) {
    const bool bad = i >= 60 && i < 64;
    day.sweep(bad ? Availability::outage : Availability::up, bad ? "unreachable" : "pass", 10'000);
    day.pass(30s);
  }
  const auto& first = day.hour("2026-11-23T03:00:00Z");
  CHECK(first.sweeps == 120);
  CHECK(first.times[Availability::outage] == 2min);
  CHECK(first.times[Availability::up] == 58min);
  CHECK(first.reads.at("health").words == decltype(ReadTally::words){{"pass", 116}, {"unreachable", 4}});
  CHECK(*first.latency().quantile(0.5) == doctest::Approx(10'000).epsilon(0.05));
  const auto& second = day.hour("2026-11-23T04:00:00Z");
  CHECK(second.times.all() == 59min + 30s);  // the last sweep is not followed yet
  CHECK(day.tally.take().empty());
}

TEST_CASE("what lies in two hours is in both, each with its part") {
  Day day;
  day.pass(59min + 40s);
  day.sweep(Availability::impaired);
  day.pass(50s);
  day.sweep(Availability::up);
  CHECK(day.hour("2026-11-23T03:00:00Z").times[Availability::impaired] == 20s);
  CHECK(day.hour("2026-11-23T04:00:00Z").times[Availability::impaired] == 30s);
}

TEST_CASE("a hole in the watch, or a restart, is time that nobody has seen") {
  Day day;
  day.sweep(Availability::up);
  day.pass(40min);
  day.sweep(Availability::up);
  CHECK(day.hour("2026-11-23T03:00:00Z").times.all() == 90s);
  day.tally = HourTally();
  day.pass(30s);
  day.sweep(Availability::up);
  day.pass(30s);
  day.sweep(Availability::up);
  CHECK(day.hour("2026-11-23T03:00:00Z").times.all() == 2min);
}

TEST_CASE("a clock that is set makes no time and takes none away") {
  Day day;
  day.sweep(Availability::up);
  day.pass(30s);
  day.now.wall += 5h;
  day.sweep(Availability::up);
  day.pass(30s);
  day.now.wall -= 7h;
  day.sweep(Availability::up);
  day.pass(30s);
  day.sweep(Availability::up);
  Millis all{0};
  (void)day.hour("2026-11-23T03:00:00Z");
  for (const auto& [from, hour] : day.hours) {
    for (const auto part : hour.times.of) CHECK(part >= Millis(0));
    all += hour.times.all();
  }
  CHECK(all == 90s);
}

TEST_CASE("an hour that passes twice is an hour, and what was bad of it stays") {
  AvailabilityTimes twice;
  twice[Availability::up] = 100min;
  twice[Availability::outage] = 10min;
  twice[Availability::maintenance] = 5min;
  twice.bound(1h);
  CHECK(twice[Availability::outage] == 10min);
  CHECK(twice[Availability::maintenance] == 5min);
  CHECK(twice[Availability::up] == 45min);
}

TEST_CASE("a void sweep says nothing of the reads") {
  Day day;
  SweepRecord record;
  record.target = "fabric";
  record.void_reason = "the loop was late";
  record.reads.resize(1);
  day.tally.add(record, Availability::unknown, 90s, day.now);
  const auto& hour = day.hour("2026-11-23T03:00:00Z");
  CHECK(hour.sweeps == 1);
  CHECK(hour.voids == 1);
  CHECK(hour.reads.empty());
}
