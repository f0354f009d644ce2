// A window opens at a local wall-clock time and lasts a real length. Each of the local days on which it may have opened
// is tried: as many back as the length reaches, and one more for the zone's own shift.
#include "core/schedule/maintenance.hpp"

#include <algorithm>

namespace readback {
namespace {

int offset_at(const std::vector<MaintenanceWindow::ZoneOffset>& zone, std::int64_t utc_seconds) {
  auto after = std::upper_bound(zone.begin(), zone.end(), utc_seconds,
                                [](std::int64_t t, const MaintenanceWindow::ZoneOffset& z) { return t < z.begin; });
  if (zone.empty()) return 0;
  return after == zone.begin() ? zone.front().seconds : std::prev(after)->seconds;
}

/// The instant at which a local clock shows `local`. In the hour that a zone skips this is the first instant after the
/// gap; in the hour that it repeats, the first of the two.
std::int64_t utc_of_local(const std::vector<MaintenanceWindow::ZoneOffset>& zone, std::int64_t local) {
  constexpr std::int64_t day = 86400;
  const int before = offset_at(zone, local - day), after = offset_at(zone, local + day);
  const std::int64_t early = local - std::max(before, after), late = local - std::min(before, after);
  if (offset_at(zone, early) + early == local) return early;
  return late;
}

/// What the configuration says of it; a window that was changed is another one.
std::string name_of(const MaintenanceWindow& w) {
  std::string name;
  for (const int day : w.days) name += std::to_string(day);
  return name + "/" + std::to_string(w.from_minute) + "/" + std::to_string(w.length.count()) + "/" + w.timezone;
}

Millis left_of(const MaintenanceWindow& w, WallTime opened, WallTime at) {
  return opened + std::chrono::ceil<Seconds>(w.length) - at;
}

}  // namespace

std::optional<WallTime> opening_of(const MaintenanceWindow& w, WallTime at) {
  constexpr std::int64_t day = 86400;
  const std::int64_t now = std::chrono::floor<Seconds>(at).time_since_epoch().count();
  const std::int64_t length = std::chrono::ceil<Seconds>(w.length).count();
  const std::int64_t local_now = now + offset_at(w.zone, now);
  const std::int64_t today = local_now >= 0 ? local_now / day : -((-local_now + day - 1) / day);
  for (std::int64_t d = today; d >= today - length / day - 1; --d) {
    const int weekday = static_cast<int>(((d + 4) % 7 + 7) % 7);  // 1970-01-01 was a Thursday
    if (!w.days.empty() && !w.days.contains(weekday)) continue;
    const std::int64_t opens = utc_of_local(w.zone, d * day + w.from_minute * 60);
    if (now >= opens && now < opens + length) return WallTime(Seconds(opens));
  }
  return std::nullopt;
}

void MaintenanceHours::follow(const std::vector<MaintenanceWindow>& windows, Instant now) {
  std::map<std::string, Hours> kept;
  for (const auto& w : windows) {
    const auto name = name_of(w);
    auto hours = by_window[name];
    const auto opened = opening_of(w, now.wall);
    if (opened && opened != hours.opened) hours.ends = now.mono + left_of(w, *opened, now.wall);
    hours.opened = opened;
    if (opened || hours.ends > now.mono) kept[name] = hours;
  }
  by_window = std::move(kept);
}

bool MaintenanceHours::is_open(const std::vector<MaintenanceWindow>& windows, Instant now) const {
  return std::any_of(windows.begin(), windows.end(), [&](const MaintenanceWindow& w) {
    const auto known = by_window.find(name_of(w));
    if (known == by_window.end()) return in_window(w, now.wall);
    const auto opened = opening_of(w, now.wall);
    return known->second.ends > now.mono || (opened && opened != known->second.opened);
  });
}

}  // namespace readback
