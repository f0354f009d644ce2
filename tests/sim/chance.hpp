#pragma once
// Where choices come from: a seed, or bytes that somebody has thought up (libFuzzer). Zero is always the calmest
// choice, and bytes that are used up go on as zeros.
#include <cstddef>
#include <cstdint>

namespace readback::sim {

class Chance {
 public:
  explicit Chance(std::uint64_t seed) : state_(seed) {}
  Chance(const std::uint8_t* data, std::size_t size) : data_(data), left_(size) {}

  /// 0 to n - 1.
  std::uint64_t below(std::uint64_t n) {
    if (n < 2) return 0;
    return (data_ ? from_bytes(n) : random()) % n;
  }
  bool one_in(std::uint64_t n) { return n < 2 || below(n) == n - 1; }
  std::int64_t between(std::int64_t least, std::int64_t most) {
    return least + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(most - least + 1)));
  }
  /// splitmix64.
  std::uint64_t random() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }

 private:
  std::uint64_t from_bytes(std::uint64_t n) {
    std::uint64_t value = 0;
    for (; n > 0 && left_ > 0; n >>= 8, --left_) value = value << 8 | *data_++;
    return value;
  }

  std::uint64_t state_ = 0;
  const std::uint8_t* data_ = nullptr;
  std::size_t left_ = 0;
};

}  // namespace readback::sim
