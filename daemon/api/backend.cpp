// The one piece of judgement that every backend shares: which incidents a query means.
#include "daemon/api/backend.hpp"

#include "core/model/view_json.hpp"

namespace readback {

bool IncidentQuery::takes(const IncidentView& incident) const {
  if (!target.empty() && incident.target != target) return false;
  if (open_only && !is_open(incident)) return false;
  return !state || incident.state == *state;
}

}  // namespace readback
