#pragma once
// One transition of one incident, as the outside hears it (contract section 3). Every sink is a rendering of this.
#include <optional>
#include <string>
#include <string_view>

#include "core/model/incident.hpp"
#include "core/text/instant.hpp"

namespace readback {

enum class EventKind { firing, escalated, reminder, acknowledged, intermittent, recovered, relapsed, resolved, test };
std::string_view to_string(EventKind k);
std::optional<EventKind> parse_event_kind(std::string_view word);

struct AlertEvent {
  std::string id;  ///< UUIDv7: unique per event, stable over retries, ordered by time
  EventKind kind = EventKind::test;
  WallTime at{};  ///< when the transition happened (an attempt's own time is stamped when it is sent)
  std::string environment, host;
  IncidentRecord incident;    ///< as it stood right after the transition; its summary is the line that is told
  std::string evidence_note;  ///< why no snapshot is named
};

}  // namespace readback
