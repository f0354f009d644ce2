#include "config/scalars.hpp"

#include <algorithm>
#include <charconv>
#include <numeric>

namespace readback {
namespace {

/// Digits at the front, taken off; nothing when there are none or too many.
std::optional<std::int64_t> take_number(std::string_view& text) {
  std::int64_t n = 0;
  std::size_t digits = 0;
  while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') ++digits;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, n);
  if (digits == 0 || digits > 15 || error != std::errc{} || end != text.data() + digits) return std::nullopt;
  text.remove_prefix(digits);
  return n;
}

}  // namespace

std::optional<Millis> parse_duration(std::string_view text) {
  if (text == "0") return Millis(0);
  struct Unit {
    std::string_view name;
    std::int64_t ms;
  };
  constexpr Unit units[] = {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};
  constexpr std::int64_t ten_years = 10LL * 366 * 86'400'000;
  std::int64_t total = 0, last = ten_years;
  while (!text.empty()) {
    const auto n = take_number(text);
    if (!n) return std::nullopt;
    const Unit* unit = nullptr;
    for (const auto& u : units)
      if (text.starts_with(u.name) && (!unit || u.name.size() > unit->name.size())) unit = &u;
    if (!unit || unit->ms >= last) return std::nullopt;  // the larger unit comes first, and each once
    last = unit->ms;
    text.remove_prefix(unit->name.size());
    if (*n > ten_years / unit->ms) return std::nullopt;
    total += *n * unit->ms;
  }
  return last == ten_years || total > ten_years ? std::nullopt : std::optional(Millis(total));
}

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

std::string write_duration(Millis d) {
  std::int64_t ms = d.count();
  if (ms <= 0) return "0s";
  std::string text;
  const auto part = [&](std::int64_t unit, const char* name) {
    if (ms >= unit) text += std::to_string(ms / unit) + name;
    ms %= unit;
  };
  part(86'400'000, "d"), part(3'600'000, "h"), part(60'000, "m"), part(1000, "s"), part(1, "ms");
  return text;
}

std::string write_size(std::uint64_t bytes) {
  for (const auto& [unit, name] :
       {std::pair{std::uint64_t{1} << 30, "GiB"}, {std::uint64_t{1} << 20, "MiB"}, {std::uint64_t{1} << 10, "KiB"}})
    if (bytes >= unit && bytes % unit == 0) return std::to_string(bytes / unit) + name;
  return std::to_string(bytes) + "B";
}

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
  std::string best;
  std::size_t best_distance = word.size() > 7 ? 4 : 3;  // fewer changes than this
  for (const auto& candidate : candidates) {
    std::vector<std::size_t> row(candidate.size() + 1);
    std::iota(row.begin(), row.end(), 0);
    for (std::size_t i = 0; i < word.size(); ++i) {
      std::size_t diagonal = row[0];
      row[0] = i + 1;
      for (std::size_t k = 0; k < candidate.size(); ++k) {
        const std::size_t changed = diagonal + (word[i] == candidate[k] ? 0 : 1);
        diagonal = row[k + 1];
        row[k + 1] = std::min({changed, row[k] + 1, row[k + 1] + 1});
      }
    }
    if (row.back() < best_distance && row.back() < candidate.size()) best_distance = row.back(), best = candidate;
  }
  return best;
}

}  // namespace readback
