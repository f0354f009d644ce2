// What the engine can ask for is a closed list, and this file holds it: whoever adds an action must come here and say
// why a watchdog that only reads needs it.
#include <doctest/doctest.h>

#include <type_traits>

#include "core/engine/action.hpp"

using namespace readback;

TEST_CASE("The actions are these eleven and no other") {
  // One that reads the platform, two that run configured read-only commands, three that write Readback's own record,
  // one that tells, one that logs, one that answers; and one that speaks to the watchers' own servers, in a fleet only.
  static_assert(std::is_same_v<Action, std::variant<StartSweep, StartCheck, StartEvidence, Record, Seal, Notify,
                                                    SaveState, Keep, Say, Answer, FleetDuty>>);
  static_assert(std::is_same_v<Actions, std::vector<Action>>);
  CHECK(std::variant_size_v<Action> == 11);
}
