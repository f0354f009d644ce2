// Nothing of an incident depends on a clock: what is read back is what was written, on whatever host.
#include "core/codec/incident_json.hpp"

#include <boost/json.hpp>

#include "core/codec/state_visit.hpp"

namespace readback {

std::string write_incident(const IncidentRecord& incident) {
  return write_object({}, [&](StateWriter& visit) { fields(visit, incident); });
}

Result<IncidentRecord> read_incident(std::string_view text) {
  try {
    const auto parsed = boost::json::parse(boost::json::string_view(text.data(), text.size()));
    IncidentRecord incident;
    StateReader visit{{}, parsed.as_object()};
    fields(visit, incident);
    return incident;
  } catch (const std::exception& e) {
    return Failure{std::string("the incident cannot be read: ") + e.what()};
  }
}

}  // namespace readback
