#pragma once
// Time as the diagnosis knows it. Core is told what time it is and can never ask: `Monotonic` has no now().
// Intervals, counts and deadlines use the monotonic time; the wall clock only labels what a person reads,
// so a clock that is set back two hours changes no cadence and no count.
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace readback {

using Millis = std::chrono::milliseconds;
using Seconds = std::chrono::seconds;

struct Monotonic {
  using rep = std::int64_t;
  using period = std::milli;
  using duration = Millis;
  using time_point = std::chrono::time_point<Monotonic, Millis>;
  static constexpr bool is_steady = true;
};
using MonoTime = Monotonic::time_point;
using WallTime = std::chrono::sys_time<Millis>;

/// When something happened: both clocks, stamped once, at the edge.
struct Instant {
  MonoTime mono;
  WallTime wall;
  friend bool operator==(const Instant&, const Instant&) = default;
};

/// `2026-11-23T03:11:58.000Z`. Years outside 0000..9999 are clamped, so the text always has this shape.
std::string to_rfc3339(WallTime t);
/// `03:11:58Z`, for pages: the short form that fits a phone.
std::string to_clock(WallTime t);
/// RFC 3339 with `Z` or an offset, `T` or a blank, 0 to 9 digits of fraction; no offset is read as UTC.
std::optional<WallTime> parse_rfc3339(std::string_view text);
/// IMF-fixdate, RFC 850 and asctime forms, as in the `Date` and `Retry-After` headers (RFC 9110 section 5.6.7).
std::optional<WallTime> parse_http_date(std::string_view text);
/// `1h 05m`, `12s`, `350ms`: how long, for people.
std::string humanize(Millis d);

}  // namespace readback
