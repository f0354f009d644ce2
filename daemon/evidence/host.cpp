#include "daemon/evidence/host.hpp"

#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/timex.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace readback {
namespace json = boost::json;
namespace {

std::string whole(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  if (file) text << file.rdbuf();
  return text.str();
}

json::value load() {
  std::istringstream in(whole("/proc/loadavg"));
  std::string one, five, fifteen;
  return in >> one >> five >> fifteen ? json::value(json::array{one, five, fifteen}) : json::value(nullptr);
}

json::value memory() {
  std::istringstream in(whole("/proc/meminfo"));
  json::object o;
  for (std::string line; std::getline(in, line);)
    for (const char* key : {"MemTotal", "MemAvailable", "SwapTotal", "SwapFree", "Dirty"})
      if (line.starts_with(std::string(key) + ":")) {
        std::istringstream rest(line.substr(std::string(key).size() + 1));
        std::int64_t kib = 0;
        if (rest >> kib) o[std::string(key) + "_kib"] = kib;
      }
  return o.empty() ? json::value(nullptr) : json::value(o);
}

json::value pressure() {
  json::object o;
  for (const char* what : {"cpu", "io", "memory"}) {
    auto text = whole(std::string("/proc/pressure/") + what);
    while (!text.empty() && text.back() == '\n') text.pop_back();
    o[what] = text.empty() ? json::value(nullptr) : json::value(text);
  }
  return o;
}

json::value disk(const std::string& path) {
  struct statvfs s {};
  if (::statvfs(path.c_str(), &s) != 0) return nullptr;
  return json::object{{"total_bytes", s.f_blocks * s.f_frsize},
                      {"available_bytes", s.f_bavail * s.f_frsize},
                      {"inodes_available", s.f_favail}};
}

json::value clock_state() {
  timex t{};
  const int state = ::adjtimex(&t);
  std::error_code ec;
  if (state < 0) {  // systemd's ProtectClock= keeps even the question away; its own service tells by a file
    if (!std::filesystem::exists("/run/systemd/timesync", ec)) return nullptr;
    return json::object{{"synchronised", std::filesystem::exists("/run/systemd/timesync/synchronized", ec)}};
  }
  return json::object{{"synchronised", state != TIME_ERROR && !(t.status & STA_UNSYNC)},
                      {"estimated_error_us", t.esterror}};
}

json::value descriptors() {
  std::error_code ec;
  std::int64_t used = 0;
  for (std::filesystem::directory_iterator it("/proc/self/fd", ec), end; !ec && it != end; it.increment(ec)) ++used;
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return json::object{{"used", used}, {"limit", limit.rlim_cur}};
}

json::value uptime() {
  std::istringstream in(whole("/proc/uptime"));
  double seconds = 0;
  return in >> seconds ? json::value(static_cast<std::int64_t>(seconds)) : json::value(nullptr);
}

}  // namespace

std::string host_state_json(const std::string& store) {
  json::object o;
  o["load"] = load();
  o["memory"] = memory();
  o["pressure"] = pressure();
  o["disk"] = json::object{{"/", disk("/")}, {"store", disk(store)}};
  o["uptime_s"] = uptime();
  o["clock"] = clock_state();
  o["descriptors"] = descriptors();
  return json::serialize(o);
}

}  // namespace readback
