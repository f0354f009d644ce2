#pragma once
// The scalars of the configuration, read strictly and as people write them. YAML's own guesses (010 is 8, `yes` is
// true) are not asked.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace readback {

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

std::string write_size(std::uint64_t bytes);

}  // namespace readback
