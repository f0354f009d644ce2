#pragma once
// Times and durations as text, both ways.
#include <optional>
#include <string>
#include <string_view>

#include "core/text/instant.hpp"

namespace readback {

/// `2026-11-23T03:11:58.000Z`. Years outside 0000..9999 are clamped, so the text always has this shape.
std::string to_rfc3339(WallTime t);
/// `03:11:58Z`, for pages: the short form that fits a phone.
std::string to_clock(WallTime t);
/// RFC 3339 with `Z` or an offset, `T` or a blank, 0 to 9 digits of fraction; no offset is read as UTC.
std::optional<WallTime> parse_rfc3339(std::string_view text);
/// IMF-fixdate, RFC 850 and asctime forms, as in the `Date` and `Retry-After` headers (RFC 9110 section 5.6.7).
std::optional<WallTime> parse_http_date(std::string_view text);
/// A date and time of day in any of the forms that programs write: RFC 3339 with blanks, a comma before the fraction,
/// an offset without a colon, ` UTC`, or no seconds; RFC 2822 with or without the day's name; those of HTTP.
struct AnyDate {
  WallTime at{};
  bool zone = true;  ///< false: it names none (or `-0000`, RFC 2822 section 3.3), and is read as UTC
};
std::optional<AnyDate> parse_any_date(std::string_view text);
/// A `Retry-After` (RFC 9110 section 10.2.3), in seconds or as a date that counts from `now`; never negative. More
/// seconds than a number holds are a thousand million.
std::optional<Millis> parse_retry_after(std::string_view value, WallTime now);

/// `1h 05m`, `12s`, `350ms`: how long, for people.
std::string humanize(Millis d);
/// The same, and below a minute to a tenth of a second where that says more: `1.9s`.
std::string finely(Millis d);
/// `500ms`, `30s`, `2m`, `1h30m`, `7d`, `2w`; a bare `0`. The larger unit comes first, and each once. No negative ones,
/// none above ten years.
std::optional<Millis> parse_duration(std::string_view text);
/// As parse_duration() reads it: `30s`, `1h30m`.
std::string write_duration(Millis d);
/// Decimal digits at the front, at most 15, taken off; nothing when there are none.
std::optional<std::int64_t> take_number(std::string_view& text);

}  // namespace readback
