#pragma once
// The two clocks, stamped together at the edge, and how far they have moved apart. CLOCK_MONOTONIC does not count a
// suspended machine's sleep: the cadence goes on where it stopped, and nothing is caught up. Whoever wants to know what
// time it is asks here, and so a test can move the wall clock of the daemon (wall_shift.hpp).
#include <chrono>

#include "core/text/instant.hpp"
#include "daemon/runtime/wall_shift.hpp"

namespace readback {

inline Instant now() {
  const auto mono = std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now().time_since_epoch());
  const auto wall = std::chrono::duration_cast<Millis>(std::chrono::system_clock::now().time_since_epoch());
  return {MonoTime(mono), WallTime(wall) + wall_shift()};
}

/// How far the wall clock was moved against the monotonic one between two instants; 0 when nobody touched it.
inline Millis clock_step(const Instant& from, const Instant& to) {
  return (to.wall - from.wall) - (to.mono - from.mono);
}

}  // namespace readback
