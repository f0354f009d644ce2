// A heartbeat that is sent out of habit would be worse than none: whether all is well is asked at each beat.
#include "core/alert/dead_man.hpp"

#include <algorithm>

namespace readback {

std::optional<MonoTime> DeadMansSwitch::wait(const HeartbeatConfig& config, const std::function<bool()>& healthy,
                                             MonoTime now) {
  if (!config.url) {
    due_ = now;
    return MonoTime::max();
  }
  if (now < due_) return due_;
  const Millis interval = config.interval;
  if (healthy && !healthy()) {
    due_ = now + std::min<Millis>(interval, Seconds(1));
    return due_;
  }
  due_ += interval;
  if (due_ < now) due_ = now + interval;
  return std::nullopt;
}

}  // namespace readback
