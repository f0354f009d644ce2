#pragma once
// Identifiers: UUIDv7 (RFC 9562 section 5.7), time-ordered and drawn from a seeded generator, so that a replay makes
// the same ones every time. Within one millisecond a counter in rand_a keeps the order; and when the clock stands or
// goes back, the ids go on from the newest one: over a restart too, when it is told of what was given before.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/text/instant.hpp"

namespace readback {

class IdSource {
 public:
  explicit IdSource(std::uint64_t seed = 0) : state_(seed) {}

  std::string next(WallTime at) {
    auto ms = static_cast<std::uint64_t>(std::max<std::int64_t>(0, at.time_since_epoch().count())) & most_ms;
    if (ms <= last_ms_) {  // the clock stands or went back: stay behind what was already given
      ms = last_ms_;
      counter_ = (counter_ + 1) & 0xfff;
      if (counter_ == 0) ++ms;
    } else {
      counter_ = 0;
    }
    last_ms_ = ms;
    const std::uint64_t high = (ms << 16) | 0x7000 | counter_;
    const std::uint64_t low = (random() & 0x3fffffffffffffffULL) | 0x8000000000000000ULL;
    std::string hex;
    for (int shift = 60; shift >= 0; shift -= 4) hex += digits[(high >> shift) & 15];
    for (int shift = 60; shift >= 0; shift -= 4) hex += digits[(low >> shift) & 15];
    for (int at_char : {8, 13, 18, 23}) hex.insert(static_cast<std::size_t>(at_char), "-");
    return hex;
  }
  /// The millisecond of the newest id, which is ahead of the clock when that went back; 0 before the first.
  std::uint64_t newest_ms() const { return last_ms_; }
  /// What is given from now on comes behind every id of this millisecond.
  void stay_behind(std::uint64_t ms) {
    if (ms < last_ms_ || ms > most_ms) return;
    last_ms_ = ms;
    counter_ = 0xfff;
  }
  /// Likewise behind this id; a text that is none (an event of an older version, a test) changes nothing.
  void stay_behind(std::string_view id) {
    if (id.size() < 14 || id[8] != '-' || id[13] != '-') return;
    std::uint64_t ms = 0;
    for (const char c : std::string(id.substr(0, 8)) + std::string(id.substr(9, 4))) {
      const auto digit = std::string_view(digits).find(c);
      if (digit == std::string_view::npos) return;
      ms = ms << 4 | digit;
    }
    stay_behind(ms);
  }
  /// splitmix64: small, seedable, and the same everywhere.
  std::uint64_t random() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }
  double unit() { return static_cast<double>(random() >> 11) * 0x1.0p-53; }

 private:
  static constexpr std::uint64_t most_ms = 0xffffffffffffULL;
  static constexpr char digits[] = "0123456789abcdef";
  std::uint64_t state_;
  std::uint64_t last_ms_ = 0, counter_ = 0;
};

}  // namespace readback
