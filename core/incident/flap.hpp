#pragma once
// Does a boundary flap? Over the last 21 sweeps, each change between holding and not holding weighs from 0.8 (oldest)
// to 1.2 (newest), as Nagios has done since 1.x; the sum over the 20 possible changes is the percentage.
#include <algorithm>
#include <bit>
#include <cstdint>

namespace readback {

class FlapWindow {
 public:
  static constexpr int sweeps = 21;
  static constexpr double begins_at = 30.0, ends_below = 20.0;  ///< per cent (design: diagnosis section 4)

  void push(bool holds) {
    bits_ = ((bits_ << 1) | (holds ? 1u : 0u)) & mask;
    count_ = std::min(count_ + 1, sweeps);
  }
  bool full() const { return count_ == sweeps; }
  int held() const { return std::popcount(bits_); }
  double percent() const {
    double sum = 0;
    for (int age = 0; age + 1 < count_; ++age)  // age 0: the newest change
      if (((bits_ >> age) & 1u) != ((bits_ >> (age + 1)) & 1u)) sum += 1.2 - 0.4 * age / (sweeps - 2);
    return sum / (sweeps - 1) * 100.0;
  }

  std::uint32_t bits() const { return bits_; }
  int count() const { return count_; }
  static FlapWindow from(std::uint32_t bits, int count) {
    FlapWindow w;
    w.bits_ = bits & mask;
    w.count_ = std::clamp(count, 0, sweeps);
    return w;
  }

 private:
  static constexpr std::uint32_t mask = (1u << sweeps) - 1;
  std::uint32_t bits_ = 0;
  int count_ = 0;
};

}  // namespace readback
