// The zone database is asked for each change of offset between two years, and what it says is copied: from then on a
// window is arithmetic. UTC needs no database, which small images leave out.
#include "config/zone.hpp"

#include <date/tz.h>

#include <algorithm>
#include <iterator>
#include <string_view>

namespace readback {
namespace {

/// The names under which UTC goes, in the database and in time stamps.
bool is_utc(std::string_view name) {
  static constexpr std::string_view names[] = {"UTC",       "Etc/UTC",       "GMT",  "Etc/GMT",  "UCT", "Etc/UCT",
                                               "Universal", "Etc/Universal", "Zulu", "Etc/Zulu", "Z"};
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

}  // namespace

std::optional<std::vector<MaintenanceWindow::ZoneOffset>> zone_offsets(const std::string& name) {
  if (is_utc(name)) return std::vector<MaintenanceWindow::ZoneOffset>{{0, 0}};
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
