// The table of the header, and the words that a pager does not know.
#include "core/alert/route.hpp"

#include <algorithm>

namespace readback {
namespace {

bool is_pager(SinkType t) { return t == SinkType::pagerduty || t == SinkType::alertmanager; }

template <class T>
bool allows(const std::vector<T>& list, const T& wanted) {
  return list.empty() || std::find(list.begin(), list.end(), wanted) != list.end();
}

}  // namespace

bool takes(const SinkConfig& sink, const AlertEvent& event) {
  return allows(sink.boundaries, event.incident.boundary) && allows(sink.targets, event.incident.target) &&
         event.incident.severity >= sink.min_severity;
}

bool is_told(const std::vector<SinkConfig>& sinks, const IncidentRecord& incident) {
  return std::any_of(sinks.begin(), sinks.end(),
                     [&](const SinkConfig& sink) { return !sink.waits && takes(sink, incident); });
}

Route route(const SinkConfig& sink, const AlertEvent& event, bool is_open) {
  switch (event.kind) {
    case EventKind::test: return {true, false, false};
    case EventKind::firing:
    case EventKind::escalated:
    case EventKind::reminder:
    case EventKind::intermittent:
      if (is_open || takes(sink, event)) return {true, true, false};
      return {};
    case EventKind::acknowledged:
      if (is_open) return {true, false, false};
      return {};
    case EventKind::recovered:
    case EventKind::relapsed:
      if (is_open && !is_pager(sink.type)) return {true, false, false};
      return {};
    case EventKind::resolved:
      if (is_open) return {true, false, true};
      return {};
  }
  return {};
}

}  // namespace readback
