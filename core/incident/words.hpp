#pragma once
// The one line of a page, and the lines of what follows it. Short enough for a phone: what, how far, where, why, since
// when.
#include <string>

#include "core/config/target.hpp"
#include "core/diagnosis/diagnose.hpp"
#include "core/incident/flap.hpp"
#include "core/incident/incident.hpp"

namespace readback {

/// Where a list of all boundaries has this one.
constexpr std::size_t index(Boundary b) { return static_cast<std::size_t>(b); }

/// "OUTAGE total fabric: /health refused since 03:11:58Z (3 of 3 sweeps)"; `worse` is what an escalation tells first.
std::string page_summary(const Incident& incident, const Finding& finding, WallTime since,
                         const std::string& worse = "");
/// "now total (was degraded), critical (was error)"
std::string what_became_worse(const IncidentRecord& before, const IncidentRecord& now);
/// "RECOVERED outage fabric after 4m 10s: 3 of 3 sweeps pass"
std::string recovered_summary(const Incident& incident, MonoTime now);
/// "RESOLVED outage fabric after 6m 12s"; `why` when it did not end by itself.
std::string resolved_summary(const Incident& incident, MonoTime now, const std::string& why = "");
/// Of a page that comes after a silence: for how long it was held back.
void tell_delay(IncidentRecord& told, Millis held_back);
/// As it is told when it is over: what it was, in the words of its page, who took it, and one step. Nothing of what was
/// bad is said in the present tense.
void turn_into_good_news(IncidentRecord& told, const std::string& page);
/// "NOT ACKNOWLEDGED for 10m 00s: " and its page.
std::string call_summary(const Incident& incident, MonoTime now);
/// "INTERMITTENT outage fabric: 9 of the last 21 sweeps were bad"
std::string intermittent_summary(const Incident& incident, int bad_sweeps);

}  // namespace readback
