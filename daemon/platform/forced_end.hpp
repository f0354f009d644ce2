#pragma once
// The end that nothing can hold up. A stop joins threads, and a thread that waits for a mount which is gone is never
// joined; the loop itself may be what hangs. So the first signal that asks for a stop winds up a clock in its handler,
// before anything of ours runs, and when that clock strikes the process is over. What matters is on the disk by then:
// state and alerts are committed with each event.
#include "core/text/instant.hpp"

namespace readback {

/// From now on a SIGTERM or SIGINT leaves the process `limit` to end by itself; then it ends with this exit status and
/// a word on stderr, if that takes one at once. Whatever handled these signals before still does, so its handlers must
/// be there already. Once, before there are threads. False when this host has no timer for us.
bool force_end_after_stop(Millis limit, int status);

}  // namespace readback
