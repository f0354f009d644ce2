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

/// A silence may be about every target.
bool hears_of(const SinkConfig& sink, const std::string& target) {
  return target.empty() || allows(sink.targets, target);
}

}  // namespace

bool takes(const SinkConfig& sink, const IncidentRecord& incident) {
  return allows(sink.boundaries, incident.boundary) && allows(sink.targets, incident.target) &&
         incident.severity >= sink.min_severity;
}

bool is_told(const std::vector<SinkConfig>& sinks, const IncidentRecord& incident) {
  return std::any_of(sinks.begin(), sinks.end(),
                     [&](const SinkConfig& sink) { return !sink.waits && takes(sink, incident); });
}

Route route(const SinkConfig& sink, const AlertEvent& event, bool is_open) {
  const bool is_named = std::find(event.only.begin(), event.only.end(), sink.name) != event.only.end();
  if (!event.only.empty() && !is_named) return {};
  switch (event.kind) {
    case EventKind::test: return {true, false, false};
    case EventKind::silence_begins:
    case EventKind::silence_ends:
      return {is_chat(sink.type) && !sink.waits && hears_of(sink, event.incident.target), false, false};
    case EventKind::firing:
      if (is_named && is_open) return {};  // called, and it knows: it did not always wait
      [[fallthrough]];
    case EventKind::escalated:
    case EventKind::reminder:
    case EventKind::intermittent:
      if (is_open || (takes(sink, event.incident) && (is_named || !sink.waits))) return {true, true, false};
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
