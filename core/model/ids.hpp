#pragma once
// Identifiers: UUIDv7 (RFC 9562 section 5.7), time-ordered and drawn from a seeded generator, so that a replay makes
// the same ones every time. Within one millisecond a counter in rand_a keeps the order.
#include <algorithm>
#include <cstdint>
#include <string>

#include "core/text/instant.hpp"

namespace readback {

class IdSource {
 public:
  explicit IdSource(std::uint64_t seed = 0) : state_(seed) {}

  std::string next(WallTime at) {
    auto ms = static_cast<std::uint64_t>(std::max<std::int64_t>(0, at.time_since_epoch().count())) & 0xffffffffffffULL;
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
  /// splitmix64: small, seedable, and the same everywhere.
  std::uint64_t random() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }
  double unit() { return static_cast<double>(random() >> 11) * 0x1.0p-53; }

 private:
  static constexpr char digits[] = "0123456789abcdef";
  std::uint64_t state_;
  std::uint64_t last_ms_ = 0, counter_ = 0;
};

}  // namespace readback
