#pragma once
// The state of our own host, read from /proc, the kernel and the system bus, without running anything.
#include <chrono>
#include <string>

namespace readback {

/// The units that systemd calls failed, as a JSON list of names; "null" where there is no bus, or none that answers
/// within the limit.
std::string failed_units_json(std::chrono::milliseconds limit);

/// One JSON object: load, memory, pressure, disk of `store` and of `/`, uptime, clock synchronisation, our descriptors,
/// and what `failed_units_json` said. What cannot be read is null.
std::string host_state_json(const std::string& store, const std::string& failed_units);

}  // namespace readback
