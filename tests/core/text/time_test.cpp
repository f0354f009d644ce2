// Times as text: every form that is read, what is refused, and that what is written comes back.
#include <doctest/doctest.h>

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
}

}  // namespace readback
