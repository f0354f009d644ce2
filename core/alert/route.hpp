#pragma once
// Which sink hears of which event. Filters decide about what opens something at a sink; once it is open there,
// everything that follows goes there too, whatever filter or configuration changed meanwhile, and with the key it was
// opened with.
//
// | event                                   | not open at this sink      | open there             |
// |-----------------------------------------|----------------------------|------------------------|
// | firing, escalated, reminder, intermittent | opens it, if filters pass | goes there             |
// | acknowledged, recovered, relapsed       | nothing                    | goes there             |
// | resolved                                | nothing                    | goes there, closes it  |
// | test                                    | goes there                 | goes there             |
// | silence_begins, silence_ends            | goes to a chat             | goes to a chat         |
//
// A sink that waits for an escalation (alerts.escalate) is opened by nothing but that: a `firing` that names it, and
// that is nothing to a sink where it is open.
//
// A pager knows fewer words: to pagerduty and alertmanager a `recovered` incident is still open (it is being verified),
// so neither `recovered` nor `relapsed` is sent there.
#include <vector>

#include "core/config/alerts.hpp"
#include "core/model/alert_event.hpp"

namespace readback {

struct Route {
  bool send = false;
  bool opens = false, closes = false;
};

Route route(const SinkConfig& sink, const AlertEvent& event, bool is_open);

/// The sink's filters by boundary, severity and target.
bool takes(const SinkConfig& sink, const IncidentRecord& incident);
/// Whether any of them hears of it by itself, without an escalation.
bool is_told(const std::vector<SinkConfig>& sinks, const IncidentRecord& incident);

}  // namespace readback
