#pragma once
// What befalls a fleet of whole hosts, drawn from a seed, and what must hold whatever it was (design: the fleet, "What
// must be shown"):
//
//   ended    every page is followed by its end, and nobody keeps an incident, a row or an open claim
//   once     without disconnection or a crash one page and one end an outage and sink
//   paged    an outage that all see is paged while it lasts, unless the receiver took nothing
//   own      one host's own trouble never pages as an outage
#include <cstdint>
#include <string>

#include "tests/core/member/member_world.hpp"

namespace readback {

struct MemberSchedule {
  MemberScene scene;
  bool is_calm = false;
  bool is_own_trouble = false;  ///< of one host; the platform is well
  bool is_receiver_well = true;
  double begins = 0, ends = 0;  ///< the outage
};

MemberSchedule draw_schedule(std::uint64_t seed, bool is_calm);
/// Which promise was broken, and how; "" when each was held.
std::string broken_promise(const MemberSchedule& schedule, const MemberWorld& after);

}  // namespace readback
