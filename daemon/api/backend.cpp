// The one piece of judgement that every backend shares: which incidents a query means.
#include "daemon/api/backend.hpp"

#include <algorithm>

#include "core/codec/view_json.hpp"
#include "core/text/words.hpp"

namespace readback {
namespace {

/// `wanted` is in small letters.
bool speaks_of(const IncidentRecord& incident, const std::string& wanted) {
  const auto in = [&](const std::string& text) { return lower_case(text).find(wanted) != std::string::npos; };
  if (in(incident.summary) || in(incident.symptom) || in(incident.id) || in(incident.target)) return true;
  if (incident.first_failure && in(incident.first_failure->reason)) return true;
  return std::any_of(incident.why.begin(), incident.why.end(), in);
}

}  // namespace

bool IncidentQuery::takes(const IncidentRecord& incident) const {
  if (!target.empty() && incident.target != target) return false;
  if (open_only && !incident.is_open()) return false;
  if (boundary && incident.boundary != *boundary) return false;
  if (incident.opened_at < since && incident.resolved_at.value_or(WallTime::max()) < since) return false;
  if (!text.empty() && !speaks_of(incident, lower_case(text))) return false;
  return !state || incident.state == *state;
}

}  // namespace readback
