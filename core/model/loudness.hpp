#pragma once
// How loud what is shown is, in one word and as the exit status that monitoring plugins expect.
#include <string>
#include <vector>

#include "core/model/view.hpp"

namespace readback {

/// How loud one target or the whole daemon is.
struct Loudness {
  std::string word;  ///< "green", "warning", "error", "critical" or "unknown"
  int exit = 3;      ///< 0 green, 1 warning, 2 critical or error, 3 unknown
  friend bool operator==(const Loudness&, const Loudness&) = default;
};
Loudness loudness_of(const TargetView& target);
/// The worst of all targets and of the daemon itself: a broken sink or store is an error, a refused reload or a watch
/// with gaps a warning, no target at all is unknown. Critical and error outweigh unknown, unknown outweighs warning.
Loudness loudness_of(const View& view);
/// Of a fleet: a name that two members have is an error, a member that is silent or in trouble a warning, and so is a
/// fleet that cannot be asked; what it speaks of is as loud as it was told, and what no receiver has taken is an error.
Loudness loudness_of(const FleetOverview& fleet);
/// What keeps the daemon from being a whole watch, one sentence each: the one rule of the dead man's switch, /readyz
/// and the alarm about ourselves.
std::vector<std::string> impairments(const DaemonView& daemon);
/// Why the daemon itself is not green, one sentence each, operator language; empty when it is.
std::vector<std::string> own_troubles(const DaemonView& daemon);

/// Why nobody hears of anything, a sentence; "" when somebody does. It is said wherever people look, and makes nothing
/// louder: a host may be meant to tell nobody.
std::string why_nobody_is_told(const std::vector<SinkView>& sinks);

}  // namespace readback
