#pragma once
// By how much the wall clock of this process stands beside the host's. What is installed holds the function of
// wall_shift.cpp, which says zero; the daemon of the tests brings its own (tests/support/wall_shift.cpp), which the
// linker finds first. The monotonic clock, and with it every timer, is nobody's to move.
#include "core/text/instant.hpp"

namespace readback {

Millis wall_shift();

}  // namespace readback
