// Times as text: every form that is read, what is refused, and that what is written comes back.
#include <doctest/doctest.h>

#include <cstdint>
#include <optional>
#include <random>

#include "core/text/instant.hpp"
#include "core/text/time.hpp"

namespace readback {

TEST_CASE("what is written comes back") {
  std::mt19937_64 random(1);
  const std::int64_t first = -62167219200000, last = 253402300799999;
  for (int i = 0; i < 20'000; ++i) {
    const WallTime t{Millis(first + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(last - first)))};
    CHECK(parse_rfc3339(to_rfc3339(t)) == t);
  }
  CHECK(to_rfc3339(WallTime(Millis(first))) == "0000-01-01T00:00:00.000Z");
  CHECK(to_rfc3339(WallTime(Millis(last))) == "9999-12-31T23:59:59.999Z");
  CHECK(to_rfc3339(WallTime(Millis(INT64_MAX))) == "9999-12-31T23:59:59.999Z");
  CHECK(to_rfc3339(WallTime(Millis(INT64_MIN))) == "0000-01-01T00:00:00.000Z");
  CHECK(to_clock(*parse_rfc3339("2026-11-23T03:11:58.999Z")) == "03:11:58Z");
}

TEST_CASE("RFC 3339 in all its forms") {
  struct Row {
    const char *text, *same;
  };
  const Row rows[] = {{"2026-11-23T03:11:58Z", "2026-11-23T03:11:58.000Z"},
                      {"2026-11-23t03:11:58z", "2026-11-23T03:11:58.000Z"},
                      {"2026-11-23 03:11:58", "2026-11-23T03:11:58.000Z"},
                      {"2026-11-23T03:11:58.1", "2026-11-23T03:11:58.100Z"},
                      {"2026-11-23T03:11:58.123456+00:00", "2026-11-23T03:11:58.123Z"},
                      {"2026-11-23T03:11:58.123456789Z", "2026-11-23T03:11:58.123Z"},
                      {"2026-11-23T03:11:58+05:30", "2026-11-22T21:41:58.000Z"},
                      {"2026-11-23T03:11:58-0800", "2026-11-23T11:11:58.000Z"},
                      {"2026-12-31T23:59:60Z", "2026-12-31T23:59:59.999Z"},
                      {"2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000Z"},
                      {"9999-12-31T23:59:59Z", "9999-12-31T23:59:59.000Z"}};
  for (const auto& row : rows) {
    CAPTURE(row.text);
    const auto t = parse_rfc3339(row.text);
    CHECK(t.has_value());
    if (t) CHECK(to_rfc3339(*t) == row.same);
  }
  for (const char* text : {"",
                           "now",
                           "2026-11-23",
                           "2026-11-23T",
                           "2026-11-23T03:11",
                           "2026-13-01T00:00:00Z",
                           "2026-02-29T00:00:00Z",
                           "2026-11-23T24:00:00Z",
                           "2026-11-23T03:60:00Z",
                           "2026-11-23T03:11:61Z",
                           "2026-11-23T03:11:58.Z",
                           "2026-11-23T03:11:58.1234567890Z",
                           "2026-11-23T03:11:58Zx",
                           "2026-11-23T03:11:58+1",
                           "2026-11-23T03:11:58+01:",
                           "2026-11-23T03:11:58+24:00",
                           "-026-11-23T03:11:58Z",
                           "+026-11-23T03:11:58Z",
                           "2026-11-23T-3:11:58Z",
                           " 2026-11-23T03:11:58Z",
                           "12026-11-23T03:11:58Z"}) {
    CAPTURE(text);
    CHECK(!parse_rfc3339(text));
  }
}

TEST_CASE("the three dates of HTTP are one instant") {
  const auto t = parse_rfc3339("1994-11-06T08:49:37Z");
  CHECK(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT") == t);
  CHECK(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT") == t);
  CHECK(parse_http_date("Sun Nov  6 08:49:37 1994") == t);
  CHECK(parse_http_date("Wed Nov 16 08:49:37 1994") == parse_rfc3339("1994-11-16T08:49:37Z"));
  for (const char* text :
       {"", "soon", "0", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Now 1994 08:49:37 GMT", ",", "Sun Nov", "a, b c d"}) {
    CAPTURE(text);
    CHECK(!parse_http_date(text));
  }
}

TEST_CASE("how long, for people") {
  CHECK(humanize(Millis(0)) == "0ms");
  CHECK(humanize(Millis(-5)) == "0ms");
  CHECK(humanize(Millis(350)) == "350ms");
  CHECK(humanize(Seconds(12)) == "12s");
  CHECK(humanize(Seconds(65)) == "1m 05s");
  CHECK(humanize(std::chrono::minutes(65)) == "1h 05m");
  CHECK(humanize(std::chrono::hours(49)) == "2d 01h");
  CHECK(finely(Millis(350)) == "350ms");
  CHECK(finely(Millis(1960)) == "1.9s");
  CHECK(finely(Millis(2000)) == "2s");
  CHECK(finely(Seconds(65)) == "1m 05s");
}

TEST_CASE("A duration is a number with a unit, larger units first") {
  struct Row {
    const char* text;
    Millis is;
  };
  const Row rows[] = {{"0", Millis(0)},
                      {"0s", Millis(0)},
                      {"500ms", Millis(500)},
                      {"30s", Seconds(30)},
                      {"2m", std::chrono::minutes(2)},
                      {"1h30m", std::chrono::minutes(90)},
                      {"7d", std::chrono::hours(7 * 24)},
                      {"2w", std::chrono::hours(14 * 24)},
                      {"1w2d3h4m5s6ms", Millis(788645006)},
                      {"0090s", Seconds(90)},
                      {"3660d", std::chrono::hours(3660 * 24)}};
  for (const auto& row : rows) {
    CAPTURE(row.text);
    CHECK(parse_duration(row.text) == row.is);
  }
  for (const char* text : {"",
                           "5",
                           "s",
                           "-5s",
                           "+5s",
                           " 5s",
                           "5s ",
                           "5 s",
                           "1.5h",
                           "5S",
                           "5min",
                           "1m1h",
                           "1s1s",
                           "1m5",
                           "m5",
                           "3661d",
                           "9999999999999999s",
                           "999999999999999w",
                           "0x5s",
                           "00"}) {
    CAPTURE(text);
    CHECK(!parse_duration(text));
  }
}

TEST_CASE("A duration that is written is read as the same one") {
  std::mt19937_64 random(2);
  const std::int64_t ten_years = 10LL * 366 * 86'400'000;
  std::size_t wrong = 0;
  for (int i = 0; i < 20'000; ++i) {
    // Every magnitude as often, so that short ones are tried as well.
    const Millis d(static_cast<std::int64_t>(random()) & (ten_years >> (random() % 37)));
    wrong += d <= Millis(ten_years) && parse_duration(write_duration(d)) != d;
  }
  CHECK(wrong == 0);
  CHECK(write_duration(Millis(0)) == "0s");
  CHECK(write_duration(Millis(-1)) == "0s");
  CHECK(write_duration(Millis(ten_years)) == "3660d");
}

TEST_CASE("Retry-After is seconds or a date, and never the past") {
  const auto now = *parse_rfc3339("2026-11-23T03:11:58Z");
  struct Row {
    const char* value;
    std::optional<Millis> is;
  };
  const Row rows[] = {{"0", Millis(0)},
                      {"120", Seconds(120)},
                      {" 120 ", Seconds(120)},
                      {"1000000001", Seconds(1'000'000'000)},
                      {"99999999999999999999999999", Seconds(1'000'000'000)},
                      {"Mon, 23 Nov 2026 03:12:08 GMT", Seconds(10)},
                      {"Mon Nov 23 03:12:08 2026", Seconds(10)},
                      {"Mon, 23 Nov 2026 03:11:00 GMT", Millis(0)},
                      {"", {}},
                      {"-1", {}},
                      {"1.5", {}},
                      {"120s", {}},
                      {"soon", {}}};
  for (const auto& row : rows) {
    CAPTURE(row.value);
    CHECK(parse_retry_after(row.value, now) == row.is);
  }
}

}  // namespace readback
