#pragma once
// A schedule that breaks a rule, made short: what can be left out without mending it is left out.
#include <string>

#include "tests/sim/schedule.hpp"

namespace readback::sim {

/// `broken`: the rule that this schedule breaks, and that the shorter one breaks as well.
Schedule shrunk(Schedule schedule, const std::string& broken);

}  // namespace readback::sim
