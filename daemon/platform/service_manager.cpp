// Datagrams to systemd by libsystemd; a status is one line, whatever was in it.
#include "daemon/platform/service_manager.hpp"

#include <systemd/sd-daemon.h>

#include <ctime>

namespace readback {
namespace {

std::string one_line(std::string text) {
  for (char& c : text)
    if (c == '\n') c = ' ';
  return text;
}

}  // namespace

void notify_ready(const std::string& status) { sd_notify(0, ("READY=1\nSTATUS=" + one_line(status)).c_str()); }
void notify_status(const std::string& status) { sd_notify(0, ("STATUS=" + one_line(status)).c_str()); }
void notify_reloading() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  const auto micros = static_cast<long long>(t.tv_sec) * 1'000'000 + t.tv_nsec / 1000;
  sd_notify(0, ("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(micros)).c_str());
}
void notify_stopping() { sd_notify(0, "STOPPING=1\nSTATUS=stopping"); }
void pet_watchdog() { sd_notify(0, "WATCHDOG=1"); }

std::optional<std::chrono::milliseconds> watchdog_interval() {
  std::uint64_t micros = 0;
  if (sd_watchdog_enabled(0, &micros) <= 0) return std::nullopt;
  return std::chrono::milliseconds(micros / 2000);
}

}  // namespace readback
