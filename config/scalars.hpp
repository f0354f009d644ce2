#pragma once
// The scalars of the configuration, read strictly and as people write them. YAML's own guesses (010 is 8, `yes` is
// true) are not asked.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/time.hpp"

namespace readback {

/// `500ms`, `30s`, `2m`, `1h30m`, `7d`; a bare `0`. No negative ones, none above ten years.
std::optional<Millis> parse_duration(std::string_view text);
/// `1GiB`, `500MB`, `4096`.
std::optional<std::uint64_t> parse_size(std::string_view text);
/// `90/min`, `2/s`, `5000/h`: per minute.
std::optional<int> parse_rate_per_minute(std::string_view text);
/// `10%`, 0 to 100.
std::optional<int> parse_percent(std::string_view text);
/// `true` and `false`, nothing else.
std::optional<bool> parse_bool(std::string_view text);
/// Decimal digits only.
std::optional<int> parse_int(std::string_view text);
/// `02:00`: minutes after midnight.
std::optional<int> parse_clock(std::string_view text);

/// A duration as it is written: `30s`, `1h30m`.
std::string write_duration(Millis d);
std::string write_size(std::uint64_t bytes);

/// The candidate that was probably meant: within two changes (three for long words). Empty when none is near.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace readback
