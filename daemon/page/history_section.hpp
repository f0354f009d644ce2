#pragma once
// How a target was over a day, a week, a month and three: bars of its availability with the uptime, and how fast it
// answered. What was not watched has no bar, and counts as nothing.
#include <string>
#include <vector>

#include "core/history/spans.hpp"

namespace readback {

/// "" when nothing of it is known yet.
std::string history_html(const TargetHistory& history);
/// The uptime of its last thirty days in short, as "99.98 %"; "" when nothing was seen.
std::string uptime_text(const TargetHistory& history);
/// That of one target; nullptr when there is none.
const TargetHistory* history_of(const std::vector<TargetHistory>& histories, const std::string& target);

}  // namespace readback
