#pragma once
// The one line of a page, and the lines of what follows it. Short enough for a phone: what, how far, where, why, since
// when.
#include <string>

#include "core/config/target.hpp"
#include "core/diagnosis/diagnose.hpp"
#include "core/incident/flap.hpp"
#include "core/incident/incident.hpp"

namespace readback {

/// "OUTAGE total fabric: /health refused since 03:11:58Z (3 of 3 sweeps)"
std::string page_summary(const Incident& incident, const Finding& finding, const SweepFacts& facts,
                         const TargetConfig& target, WallTime since);
/// "RECOVERED outage fabric after 4m 10s: 3 of 3 sweeps pass"
std::string recovered_summary(const Incident& incident, WallTime now);
/// "RESOLVED outage fabric after 6m 12s: the six conditions hold"
std::string resolved_summary(const IncidentRecord& incident, WallTime resolved_at, const std::string& why);
std::string why_resolved(bool attested);
/// "INTERMITTENT outage fabric: 9 of the last 21 sweeps were bad"
std::string intermittent_summary(const Incident& incident, int bad_sweeps);

/// A reason without the name of its read in front, which the text around it already says.
std::string bare_reason(const std::string& read, const std::string& reason);

}  // namespace readback
