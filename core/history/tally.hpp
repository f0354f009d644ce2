#pragma once
// Counts sweeps into hours. How a target stands at one sweep holds until the next, but for no longer than it is said
// to: what comes late, or behind a restart, leaves a hole that nobody has watched. Durations are those of the monotonic
// clock, and the wall clock only says in which hour they lie; so a clock that is set makes no time, and takes none
// away.
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/history/rollup.hpp"

namespace readback {

class HourTally {
 public:
  /// `stands_for`: how the target stands now is known for so long.
  void add(const SweepRecord& sweep, Availability availability, Millis stands_for, Instant now);
  /// Forgets since when the others stand how they do: after a reload.
  void keep_only(const std::vector<std::string>& targets);
  /// What was counted since it was asked last, to be added to what is known of these hours.
  std::vector<TargetRollup> take();

 private:
  struct Before {
    MonoTime at;
    Availability availability;
    Millis stands_for;
  };
  struct Target {
    std::optional<Before> before;
    std::map<WallTime, Rollup> hours;
  };
  static Rollup& hour_of(Target& target, WallTime at);
  static void count_time(Target& target, Instant now);
  std::map<std::string, Target> targets_;
};

}  // namespace readback
