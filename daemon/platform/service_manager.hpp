#pragma once
// What systemd is told (sd_notify(3)). Without a service manager every call does nothing; none of them waits.
#include <chrono>
#include <optional>
#include <string>

namespace readback {

void notify_ready(const std::string& status);
void notify_status(const std::string& status);
void notify_reloading();
void notify_stopping();
void pet_watchdog();
/// How often the watchdog wants to hear from us (half of WatchdogSec); nothing when there is none.
std::optional<std::chrono::milliseconds> watchdog_interval();

}  // namespace readback
