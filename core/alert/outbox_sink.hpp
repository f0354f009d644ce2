#pragma once
// One sink as the outbox knows it. For the outbox's own files.
#include <cstdint>
#include <optional>
#include <string>

#include "core/alert/outbox.hpp"
#include "core/alert/repetition.hpp"
#include "core/alert/sink_queue.hpp"

namespace readback {

struct Outbox::Sink {
  SinkConfig config;
  SinkQueue queue;
  Repetition repetition;  ///< of an alertmanager
  bool retired = false;   ///< gone from the configuration; closes what it has opened
  bool off = false;       ///< answered 410
  bool broken = false;    ///< parked something since it last accepted anything
  bool failing = false;
  bool may_retell = false;    ///< something was refused that has not been told anew
  bool asked = false;         ///< something was given out to be sent, and its answer has not come
  bool asked_before = false;  ///< and that was before the configuration was read: perhaps at another address
  std::string broken_by;      ///< as the alarm about it tells it
  std::string detail;
  std::uint64_t delivered = 0, failed = 0, dead = 0;
  std::optional<WallTime> last_attempt, last_success;
  MonoTime paused_until = MonoTime::min(), paced_until = MonoTime::min();
};

}  // namespace readback
