// The request budget and the maintenance windows: what must never be exceeded, and what must not wait for ever.
#include <doctest/doctest.h>

#include "core/schedule/budget.hpp"
#include "core/schedule/maintenance.hpp"
#include "core/text/time.hpp"

using namespace readback;

TEST_CASE("in no 60 seconds are there more requests than the budget") {
  RequestBudget budget(90);
  std::vector<std::pair<MonoTime, int>> sent;
  MonoTime now{Seconds(100)};
  for (int i = 0; i < 2000; ++i) {
    const int n = 1 + i % 7;
    now = std::max(now + Millis(i % 900), budget.earliest(n, now));
    budget.spend(n, now);
    sent.emplace_back(now, n);
    int within = 0;
    for (const auto& [at, count] : sent)
      if (at > now - Seconds(60)) within += count;
    CHECK(within <= 90);
  }
}

TEST_CASE("a sweep larger than the budget waits for an empty window and is not refused for ever") {
  RequestBudget budget(3);
  const MonoTime now{Seconds(100)};
  CHECK(budget.earliest(5, now) == now);
  budget.spend(5, now);
  CHECK(budget.earliest(5, now) == now + Seconds(60));
}

TEST_CASE("planning ahead does not make the budget forget what was just sent") {
  RequestBudget budget(90);
  const MonoTime now{Seconds(100)};
  budget.spend(90, now);
  CHECK(budget.earliest(4, now + Seconds(300)) == now + Seconds(300));
  CHECK(budget.earliest(4, now + Seconds(1)) == now + Seconds(60));
}

namespace {
WallTime utc(const char* text) {
  const auto parsed = parse_rfc3339(text);
  REQUIRE(parsed.has_value());
  return *parsed;
}
/// Berlin in 2026: UTC+2 from the 29th of March, UTC+1 again from the 25th of October.
MaintenanceWindow berlin(std::set<int> days, int from_minute, Millis length) {
  MaintenanceWindow w;
  w.days = std::move(days);
  w.from_minute = from_minute;
  w.length = length;
  w.timezone = "Europe/Berlin";
  w.zone = {{0, 3600},
            {utc("2026-03-29T01:00:00Z").time_since_epoch().count() / 1000, 7200},
            {utc("2026-10-25T01:00:00Z").time_since_epoch().count() / 1000, 3600}};
  return w;
}
}  // namespace

TEST_CASE("a window stands where the local clock says, also over a change of the clocks") {
  struct Case {
    const char* at;
    bool open;
  };
  const auto sunday_at_two = berlin({0}, 120, std::chrono::hours(1));
  constexpr Case cases[] = {
      {"2026-11-22T00:59:59Z", false}, {"2026-11-22T01:00:00Z", true}, {"2026-11-22T01:59:59Z", true},
      {"2026-11-22T02:00:00Z", false}, {"2026-07-05T00:00:00Z", true}, {"2026-07-05T01:00:00Z", false},
      {"2026-11-21T01:30:00Z", false},  // a Saturday
      {"2026-03-29T01:00:00Z", true},   // 02:00 does not exist: the window opens when the clocks have jumped
      {"2026-03-29T00:59:59Z", false}, {"2026-10-25T00:00:00Z", true}, {"2026-10-25T01:00:00Z", false},
  };
  for (const auto& c : cases) {
    CAPTURE(c.at);
    CHECK(in_window(sunday_at_two, utc(c.at)) == c.open);
  }
}

TEST_CASE("a window that crosses midnight belongs to the day on which it opens") {
  const auto late = berlin({6}, 23 * 60, std::chrono::hours(3));
  CHECK(in_window(late, utc("2026-11-21T22:30:00Z")));
  CHECK(in_window(late, utc("2026-11-22T00:30:00Z")));
  CHECK_FALSE(in_window(late, utc("2026-11-22T01:00:00Z")));
  CHECK_FALSE(in_window(late, utc("2026-11-20T22:30:00Z")));
}

TEST_CASE("a window of two days is still open on the second") {
  const auto long_one = berlin({5}, 600, std::chrono::hours(48));
  CHECK(in_window(long_one, utc("2026-11-22T08:00:00Z")));
  CHECK_FALSE(in_window(long_one, utc("2026-11-22T09:00:00Z")));
}
