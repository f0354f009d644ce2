#pragma once
// The alarm about alerting itself: a sink is off (410) or refused a page for good, and the other sinks are told. It is
// an event `firing` with boundary `observer`, extent `degraded`, target `readback` and incident `sink-broken/<sink>`;
// no incident of the engine; `resolved` when that sink accepts something again, or is configured no more.
#include <optional>
#include <string>

#include "core/model/alert_event.hpp"

namespace readback {

/// Where we are, as every alert says it.
struct Origin {
  std::string environment, host;
};

AlertEvent own_alarm(const Origin& origin, const std::string& sink, EventKind kind, const std::string& text,
                     std::string id, WallTime at);

/// Every incident of ours begins with this.
inline constexpr std::string_view own_alarm_prefix = "sink-broken/";
std::string own_alarm_incident(const std::string& sink);
/// The sink that this incident is about; nothing when it is no alarm of ours.
std::optional<std::string> sink_of_own_alarm(const std::string& incident);

}  // namespace readback
