#pragma once
// When the dead man's switch is pressed. Beats are due at absolute times, so lateness does not add up; a beat that is
// held back is looked at again every second, so that it comes soon after all is well again.
#include <functional>
#include <optional>

#include "core/config/daemon.hpp"
#include "core/text/instant.hpp"

namespace readback {

class DeadMansSwitch {
 public:
  explicit DeadMansSwitch(MonoTime now) : due_(now) {}

  /// Nothing: beat now. Else it is to be asked again at this time, or when the configuration has changed (`max()`).
  /// `healthy` is asked only when a beat is due; empty: always.
  std::optional<MonoTime> wait(const HeartbeatConfig& config, const std::function<bool()>& healthy, MonoTime now);

 private:
  MonoTime due_;
};

}  // namespace readback
