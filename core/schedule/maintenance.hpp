#pragma once
// Is a maintenance window open? Windows are written in local time ("sundays from 02:00 for 1h in Europe/Berlin") and
// judged in the zone's own offsets, so that a change to daylight saving moves no window for the people who live there.
#include <vector>

#include "core/config/target.hpp"
#include "core/text/instant.hpp"

namespace readback {

bool in_window(const MaintenanceWindow& window, WallTime at);
bool in_maintenance(const std::vector<MaintenanceWindow>& windows, WallTime at);

}  // namespace readback
