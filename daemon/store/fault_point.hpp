#pragma once
// Places where a test may end the daemon as kill -9 would. What is installed holds the empty function of
// fault_point.cpp; the programs of the tests bring their own (tests/support/fault_point.cpp), which the linker finds
// first, so that every other object is the very one that is installed.
//
// The steps of the outbox, in order: before_commit, in_commit, after_commit, before_send, after_send, before_mark,
// after_mark.
#include <string_view>

namespace readback {

void fault_point(std::string_view step);

}  // namespace readback
