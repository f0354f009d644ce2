#pragma once
// A time zone's offsets from UTC, looked up once when the configuration is read, so that core can judge maintenance
// windows without a time zone database.
#include <optional>
#include <string>
#include <vector>

#include "core/config/target.hpp"

namespace readback {

/// The offsets of an IANA zone ("Europe/Berlin") from 2020 until 2100; nothing when the host's database has no such
/// zone. A host that never restarts until then keeps the last one.
std::optional<std::vector<MaintenanceWindow::ZoneOffset>> zone_offsets(const std::string& name);

}  // namespace readback
