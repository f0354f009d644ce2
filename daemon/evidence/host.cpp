// Small files of /proc are read whole, and the bus is asked with a limit: what fails is null, and never a reason not to
// seal.
#include "daemon/evidence/host.hpp"

#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <systemd/sd-bus.h>

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
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

struct BusCloser {
  void operator()(sd_bus* b) const { sd_bus_close_unref(b); }
};
struct MessageCloser {
  void operator()(sd_bus_message* m) const { sd_bus_message_unref(m); }
};

struct UnitsAnswer {
  bool came = false;
  json::value units = nullptr;
};

int take_units(sd_bus_message* m, void* to, sd_bus_error*) {
  auto& answer = *static_cast<UnitsAnswer*>(to);
  answer.came = true;
  constexpr std::size_t most = 100;
  if (sd_bus_message_is_method_error(m, nullptr) || sd_bus_message_enter_container(m, 'a', "(ssssssouso)") < 0)
    return 0;
  json::array names;
  const char *name, *text[5], *path[2], *job;
  std::uint32_t id;
  while (names.size() < most && sd_bus_message_read(m, "(ssssssouso)", &name, &text[0], &text[1], &text[2], &text[3],
                                                    &text[4], &path[0], &id, &job, &path[1]) > 0)
    names.emplace_back(name);
  answer.units = std::move(names);
  return 0;
}

}  // namespace

std::string failed_units_json(std::chrono::milliseconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  sd_bus* opened = nullptr;
  if (sd_bus_open_system(&opened) < 0) return "null";
  const std::unique_ptr<sd_bus, BusCloser> bus(opened);
  sd_bus_message* made = nullptr;
  if (sd_bus_message_new_method_call(bus.get(), &made, "org.freedesktop.systemd1", "/org/freedesktop/systemd1",
                                     "org.freedesktop.systemd1.Manager", "ListUnitsFiltered") < 0)
    return "null";
  const std::unique_ptr<sd_bus_message, MessageCloser> call(made);
  if (sd_bus_message_append(call.get(), "as", 1, "failed") < 0) return "null";
  UnitsAnswer answer;
  if (sd_bus_call_async(bus.get(), nullptr, call.get(), take_units, &answer, 0) < 0) return "null";
  // By hand, because a bus that hangs would hold sd_bus_call() for half a minute.
  while (!answer.came) {
    const int done = sd_bus_process(bus.get(), nullptr);
    if (done < 0) break;
    if (done > 0) continue;
    const auto left = std::chrono::duration_cast<std::chrono::microseconds>(end - std::chrono::steady_clock::now());
    if (left.count() <= 0 || sd_bus_wait(bus.get(), static_cast<std::uint64_t>(left.count())) < 0) break;
  }
  return json::serialize(answer.units);
}

std::string host_state_json(const std::string& store, const std::string& failed_units) {
  json::object o;
  o["load"] = load();
  o["memory"] = memory();
  o["pressure"] = pressure();
  o["disk"] = json::object{{"/", disk("/")}, {"store", disk(store)}};
  o["uptime_s"] = uptime();
  o["clock"] = clock_state();
  o["descriptors"] = descriptors();
  json::error_code ec;
  o["failed_units"] = json::parse(failed_units.empty() ? "null" : failed_units, ec);
  return json::serialize(o);
}

}  // namespace readback
