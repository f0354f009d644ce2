#pragma once
// The fleet on the status page: whether it can be asked, its members with the worst first, and who speaks to whom.
#include <string>

#include "core/model/view.hpp"

namespace readback {

std::string fleet_section(const FleetOverview& fleet);

}  // namespace readback
