// The one piece of judgement that every backend shares: which incidents a query means.
#include "daemon/api/backend.hpp"

#include "core/codec/view_json.hpp"

namespace readback {

bool IncidentQuery::takes(const IncidentRecord& incident) const {
  if (!target.empty() && incident.target != target) return false;
  if (open_only && !incident.is_open()) return false;
  return !state || incident.state == *state;
}

}  // namespace readback
