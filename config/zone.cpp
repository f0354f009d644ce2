// The zone database is asked for each change of offset between two years, and what it says is copied: from then on a
// window is arithmetic.
#include "config/zone.hpp"

#include <date/tz.h>

namespace readback {

std::optional<std::vector<MaintenanceWindow::ZoneOffset>> zone_offsets(const std::string& name) {
  try {
    const auto* zone = date::locate_zone(name);
    const date::sys_seconds until = date::sys_days{date::year{2100} / 1 / 1};
    std::vector<MaintenanceWindow::ZoneOffset> offsets;
    for (date::sys_seconds at = date::sys_days{date::year{2020} / 1 / 1}; at < until;) {
      const auto info = zone->get_info(at);
      offsets.push_back({info.begin.time_since_epoch().count(), static_cast<int>(info.offset.count())});
      if (info.end <= at) break;
      at = info.end;
    }
    return offsets;
  } catch (const std::exception&) {  // the library's only way of saying that it does not know the name
    return std::nullopt;
  }
}

}  // namespace readback
