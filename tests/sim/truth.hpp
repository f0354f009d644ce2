#pragma once
// What may and what must be said of the platform as it truly was: the diagnosis told a second time, from the letters,
// with room where a letter leaves room. No line of the product is asked.
#include "core/config/target.hpp"
#include "tests/sim/memory.hpp"

namespace readback::sim {

/// What the surface said last when it says nothing now; 'T' when it has never said anything.
char effective(const Seen& seen, std::size_t surface);

bool must_be_blind(const Seen& seen, bool references);
bool may_be_blind(const Seen& seen, bool references);
/// Health or services are down by an answer that no other rule explains.
bool must_be_outage(const Seen& seen);
bool may_hold(Boundary b, const Seen& seen);
/// So many sweeps in a row, this one the last, in which it may have held; or so many of the last as flapping takes; or
/// two results of a check.
bool may_be_confirmed(Boundary b, const Seen& seen, int failures);
/// Its own reads may have passed in so many sweeps.
bool may_have_recovered(Boundary b, const Seen& seen, int recoveries);
bool may_be_green(const Seen& seen);

}  // namespace readback::sim
