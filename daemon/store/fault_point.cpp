// What is installed dies at no step. This file holds nothing else: a program with a fault_point() of its own would
// otherwise fetch this object for the rest of it, and then have two.
#include "daemon/store/fault_point.hpp"

namespace readback {

void fault_point(std::string_view) {}

}  // namespace readback
