#pragma once
// The state of our own host, read from /proc and the kernel, without running anything.
#include <string>

namespace readback {

/// One JSON object: load, memory, pressure, disk of `store` and of `/`, uptime, clock synchronisation, our descriptors.
/// What cannot be read is null.
std::string host_state_json(const std::string& store);

}  // namespace readback
