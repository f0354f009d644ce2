#pragma once
// Time as the diagnosis knows it. Core is told what time it is and can never ask: `Monotonic` has no now().
// Intervals, counts and deadlines use the monotonic time; the wall clock only labels what a person reads,
// so a clock that is set back two hours changes no cadence and no count.
#include <chrono>
#include <cstdint>

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

}  // namespace readback
