#pragma once
// Is a maintenance window open? Windows are written in local time ("sundays from 02:00 for 1h in Europe/Berlin") and
// judged in the zone's own offsets, so that a change to daylight saving moves no window for the people who live there.
// The wall clock opens a window; from then on it lasts its length, whatever is done to the clock.
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/config/target.hpp"
#include "core/text/instant.hpp"

namespace readback {

/// The opening of the window that the wall clock stands in; of several that overlap, the last. Nothing outside.
std::optional<WallTime> opening_of(const MaintenanceWindow& window, WallTime at);
inline bool in_window(const MaintenanceWindow& window, WallTime at) { return opening_of(window, at).has_value(); }

/// The windows of one target, followed over time. Kept over restarts.
class MaintenanceHours {
 public:
  /// To be told of each moment at which something may be held back; a window is opened by the first that lies in it.
  void follow(const std::vector<MaintenanceWindow>& windows, Instant now);
  /// Of these windows, some are open. One that nobody has followed into yet counts by the wall clock.
  bool is_open(const std::vector<MaintenanceWindow>& windows, Instant now) const;

  struct Hours {
    std::optional<WallTime> opened;  ///< its opening, while the wall clock stands in it: it opens once
    MonoTime ends{};
  };
  /// For the state file, by a name that changes with what the configuration says of the window.
  std::map<std::string, Hours> by_window;
};

}  // namespace readback
