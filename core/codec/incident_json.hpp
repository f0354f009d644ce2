#pragma once
// An incident as the store keeps it: one JSON text, by the same list of fields as everything else.
#include <string>
#include <string_view>

#include "core/model/incident.hpp"
#include "core/text/result.hpp"

namespace readback {

std::string write_incident(const IncidentRecord& incident);
/// A text that is damaged, or that names a word nobody knows, is a Failure.
Result<IncidentRecord> read_incident(std::string_view text);

}  // namespace readback
