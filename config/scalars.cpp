// Each reader takes the whole text or nothing: a number with something behind it is no number.
#include "config/scalars.hpp"

#include "core/text/time.hpp"

namespace readback {

std::optional<std::uint64_t> parse_size(std::string_view text) {
  const auto n = take_number(text);
  if (!n) return std::nullopt;
  struct Unit {
    std::string_view name;
    std::uint64_t bytes;
  };
  constexpr Unit units[] = {{"", 1},
                            {"B", 1},
                            {"kB", 1000},
                            {"KB", 1000},
                            {"KiB", 1ULL << 10},
                            {"MB", 1000'000},
                            {"MiB", 1ULL << 20},
                            {"GB", 1000'000'000},
                            {"GiB", 1ULL << 30},
                            {"TB", 1000'000'000'000},
                            {"TiB", 1ULL << 40}};
  for (const auto& u : units)
    if (text == u.name) {
      const auto count = static_cast<std::uint64_t>(*n);
      return count > (1ULL << 60) / u.bytes ? std::nullopt : std::optional(count * u.bytes);
    }
  return std::nullopt;
}

std::optional<int> parse_rate_per_minute(std::string_view text) {
  const auto n = take_number(text);
  if (!n || *n > 1'000'000) return std::nullopt;
  if (text == "/min" || text == "/m") return static_cast<int>(*n);
  if (text == "/s") return static_cast<int>(*n * 60);
  if (text == "/h" && *n >= 60) return static_cast<int>(*n / 60);
  return std::nullopt;
}

std::optional<int> parse_percent(std::string_view text) {
  const auto n = take_number(text);
  return n && text == "%" && *n <= 100 ? std::optional(static_cast<int>(*n)) : std::nullopt;
}

std::optional<bool> parse_bool(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return std::nullopt;
}

std::optional<int> parse_int(std::string_view text) {
  const auto n = take_number(text);
  return n && text.empty() && *n <= 1'000'000'000 ? std::optional(static_cast<int>(*n)) : std::nullopt;
}

std::optional<int> parse_clock(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  const auto hour = parse_int(text.substr(0, 2)), minute = parse_int(text.substr(3));
  return hour && minute && *hour < 24 && *minute < 60 ? std::optional(*hour * 60 + *minute) : std::nullopt;
}

std::string write_size(std::uint64_t bytes) {
  for (const auto& [unit, name] :
       {std::pair{std::uint64_t{1} << 30, "GiB"}, {std::uint64_t{1} << 20, "MiB"}, {std::uint64_t{1} << 10, "KiB"}})
    if (bytes >= unit && bytes % unit == 0) return std::to_string(bytes / unit) + name;
  return std::to_string(bytes) + "B";
}

}  // namespace readback
