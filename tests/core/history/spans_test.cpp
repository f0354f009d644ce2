// What is told of a month and of a bar, from hours, days and incidents.
#include "core/history/spans.hpp"

#include <doctest/doctest.h>

#include "core/text/time.hpp"

using namespace readback;
using namespace std::chrono_literals;

namespace {

WallTime at(const char* text) { return *parse_rfc3339(text); }

Rollup day_of(const char* from, Millis up, Millis outage = Millis(0)) {
  Rollup day;
  day.from = at(from);
  day.times[Availability::up] = up;
  day.times[Availability::outage] = outage;
  return day;
}

Spell outage_of(const char* from, const char* to) {
  Spell spell;
  spell.from = at(from);
  if (*to) spell.to = at(to);
  return spell;
}

const Span november{at("2026-11-01T00:00:00Z"), at("2026-12-01T00:00:00Z")};

}  // namespace

TEST_CASE("uptime is of what was seen, and never rounded up") {
  const WallTime now = at("2026-11-03T00:00:00Z");
  struct Case {
    const char* name;
    std::vector<Rollup> days;
    std::optional<double> uptime;
    double known;
  };
  const Case cases[] = {
      {"nothing was watched", {}, std::nullopt, 0},
      {"all of it, without an outage",
       {day_of("2026-11-01T00:00:00Z", 24h), day_of("2026-11-02T00:00:00Z", 24h)},
       100.0,
       100},
      {"half of it was watched", {day_of("2026-11-01T00:00:00Z", 24h)}, 100.0, 50},
      {"a millisecond is no 100 %", {day_of("2026-11-01T00:00:00Z", 24h - 1ms, 1ms)}, 99.999, 50},
      {"another month does not count",
       {day_of("2026-10-31T00:00:00Z", 0h, 24h), day_of("2026-11-01T00:00:00Z", 24h)},
       100.0,
       50},
      {"six hours of a day", {day_of("2026-11-01T00:00:00Z", 18h, 6h)}, 75.0, 50},
  };
  for (const auto& c : cases) {
    CAPTURE(c.name);
    const auto told = summarize(c.days, {}, november, now);
    CHECK(told.uptime == c.uptime);
    CHECK(told.known == doctest::Approx(c.known));
  }
}

TEST_CASE("maintenance is known and counts for nothing, what could not be seen is not known") {
  Rollup day = day_of("2026-11-01T00:00:00Z", 12h);
  day.times[Availability::maintenance] = 6h;
  day.times[Availability::unknown] = 6h;
  const auto told = summarize({day}, {}, november, at("2026-11-02T00:00:00Z"));
  CHECK(told.uptime == 100.0);
  CHECK(told.known == doctest::Approx(75));
}

TEST_CASE("incidents of a span: how many, the longest, and how long they take to mend") {
  auto follows = outage_of("2026-11-05T10:00:00Z", "2026-11-05T12:00:00Z");
  follows.follows = true;
  auto ours = outage_of("2026-11-05T10:00:00Z", "2026-11-05T12:00:00Z");
  ours.boundary = Boundary::observer;
  auto drift = outage_of("2026-11-07T10:00:00Z", "2026-11-09T12:00:00Z");
  drift.boundary = Boundary::drift;
  const std::vector<Spell> spells{outage_of("2026-10-31T23:00:00Z", "2026-11-01T00:30:00Z"),
                                  outage_of("2026-11-05T10:00:00Z", "2026-11-05T10:10:00Z"),
                                  outage_of("2026-11-20T10:00:00Z", ""),
                                  follows,
                                  ours,
                                  drift};
  const auto told = summarize({}, spells, november, at("2026-11-20T12:00:00Z"));
  CHECK(told.incidents == 3);
  CHECK(told.outages == 2);
  CHECK(told.longest_outage == Millis(2h));
  CHECK(told.mean_time_to_recover == Millis(50min));
}

TEST_CASE("the four spans of the page end in the bar of now") {
  const WallTime now = at("2026-11-23T03:20:00Z");
  std::vector<Rollup> hours{day_of("2026-11-23T03:00:00Z", 20min), day_of("2026-11-22T05:00:00Z", 50min, 10min)};
  std::vector<Rollup> days{day_of("2026-11-22T00:00:00Z", 50min, 10min), day_of("2026-11-23T00:00:00Z", 20min)};
  const auto history = bars_of("fabric", hours, days, {}, now);
  REQUIRE(history.spans.size() == 4);
  const std::size_t counts[] = {24, 28, 30, 90};
  for (std::size_t i = 0; i < 4; ++i) {
    CAPTURE(history.spans[i].name);
    const auto& span = history.spans[i];
    REQUIRE(span.bars.size() == counts[i]);
    CHECK(span.bars.back().span.from <= now);
    CHECK(span.bars.back().span.to > now);
    CHECK(span.bars.back().summary.uptime == 100.0);
    CHECK(span.whole.times[Availability::outage] == 10min);
    CHECK(*span.whole.uptime == doctest::Approx(87.5));
  }
  CHECK_FALSE(history.spans[0].bars.front().summary.uptime);  // 04:00 of the day before: nobody has watched
  CHECK(*history.spans[0].bars[1].summary.uptime == doctest::Approx(83.333));
}

TEST_CASE("what followed from another incident is told by its record") {
  IncidentRecord i;
  i.opened_at = at("2026-11-05T10:00:00Z");
  i.first_failure = FirstFailure{"health", at("2026-11-05T09:59:58Z"), "refused"};
  i.resolved_at = at("2026-11-05T10:30:00Z");
  i.timeline = {{i.opened_at, "opened", ""}, {i.opened_at, "inhibited", ""}};
  CHECK(spell_of(i).follows);
  CHECK(spell_of(i).from == at("2026-11-05T09:59:58Z"));
  CHECK(spell_of(i).to == i.resolved_at);
  i.recovered_at = at("2026-11-05T10:20:00Z");
  CHECK(spell_of(i).to == i.recovered_at);
  i.timeline.push_back({i.opened_at, "firing", ""});
  CHECK_FALSE(spell_of(i).follows);
}
