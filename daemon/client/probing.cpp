// The same reader and the same engine as the daemon's, for one sweep.
#include "daemon/client/probing.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>

#include "core/engine/engine.hpp"
#include "core/redaction/redactor.hpp"
#include "daemon/runtime/clock.hpp"
#include "daemon/runtime/task_group.hpp"

namespace readback {
namespace {

/// Where programs and frameworks usually answer (Kubernetes, Prometheus, Spring Boot, Grafana, .NET, InfluxDB).
struct UsualRoute {
  const char* path;
  SurfaceRole role;
};
constexpr UsualRoute usual_routes[] = {
    {"/healthz", SurfaceRole::health},         {"/livez", SurfaceRole::health},
    {"/-/healthy", SurfaceRole::health},       {"/api/health", SurfaceRole::health},
    {"/actuator/health", SurfaceRole::health}, {"/ping", SurfaceRole::health},
    {"/readyz", SurfaceRole::readiness},       {"/-/ready", SurfaceRole::readiness},
    {"/health/ready", SurfaceRole::readiness},
};

/// What is printed may be pasted anywhere.
Redactor passing_redactor() {
  std::random_device random;
  return Redactor({}, std::to_string(random()) + std::to_string(random()));
}

net::awaitable<void> sweep_into(std::vector<RawRead>& reads, std::shared_ptr<const TargetReader> reader,
                                Resolver& resolver) {
  std::vector<std::string> skip_nothing;
  auto received = co_await TargetReader::sweep(std::move(reader), resolver, std::move(skip_nothing));
  reads = passing_redactor().open(std::move(received));
}

}  // namespace

Result<ProbeHeaders> probe_headers(const std::vector<std::string>& words) {
  ProbeHeaders headers;
  std::vector<std::string> lines;
  for (const auto& word : words) {
    if (!word.starts_with("@")) {
      lines.push_back(word);
      continue;
    }
    std::ifstream file(word.substr(1));
    if (!file) return Failure{word.substr(1) + " cannot be read: " + std::strerror(errno)};
    for (std::string line; std::getline(file, line);) {
      while (line.ends_with("\r") || line.ends_with(" ")) line.pop_back();
      if (!line.empty()) lines.push_back(line);
    }
  }
  for (const auto& line : lines) {
    const auto colon = line.find(':');
    const auto name = line.substr(0, colon);
    const auto value = line.find_first_not_of(' ', colon == line.npos ? colon : colon + 1);
    // The line itself may hold a key: it is not repeated.
    if (colon == line.npos || value == line.npos || name.empty() ||
        name.find_first_of(" \t()<>@,;\\\"/[]?={}") != name.npos || line.find_first_of("\r\n") != line.npos)
      return Failure{"a header is written as 'NAME: VALUE', or @FILE with such lines"};
    headers.emplace_back(name, line.substr(value));
  }
  return headers;
}

Result<std::vector<RawRead>> read_once(const TargetConfig& target, const ProbeHeaders& headers) {
  TlsClients clients;
  const auto reader = TargetReader::make(target, headers, clients);
  if (!reader) return reader.failure();
  net::io_context io(1);
  Resolver resolver(io.get_executor());
  std::vector<RawRead> reads;
  TaskGroup tasks(io.get_executor());
  tasks.spawn("probe", sweep_into(reads, *reader, resolver));
  io.run();
  return reads;
}

TargetView judged(const TargetConfig& target, const std::vector<RawRead>& reads) {
  EngineOptions options;
  options.recorded = true;
  Config config;
  config.targets = {target};
  Engine engine(config, options, now());
  SweepDone done;
  done.target = target.name;
  done.sweep = 1;
  done.reads = reads;
  engine.handle(done, now());
  return engine.view(now()).targets.front();
}

std::vector<Discovered> discover(const TargetConfig& target, const ProbeHeaders& headers) {
  TargetConfig asked = target;
  asked.surfaces.clear();
  for (const auto& route : usual_routes) {
    SurfaceConfig s;
    s.name = route.path;
    s.path = route.path;
    s.role = route.role;
    asked.surfaces.push_back(std::move(s));
  }
  std::vector<Discovered> found;
  const auto reads = read_once(asked, headers);
  if (!reads) return found;
  for (const SurfaceConfig& s : asked.surfaces)
    for (const auto& raw : *reads) {
      const auto* answer = std::get_if<HttpAnswer>(&raw.answer);
      if (raw.read != s.name || !answer) continue;
      auto said = read_surface(asked, s, raw);
      if (said.reading == Reading::denied || is_no_surface(said, raw)) continue;
      const bool by_status = said.reading == Reading::unknown && answer->status < 300;
      if (said.reading == Reading::unknown && !by_status) continue;
      found.push_back({s.path, s.role, std::move(said), by_status});
    }
  return found;
}

std::string route_at_the_end(const std::string& base_url) {
  if (base_url.starts_with("unix:")) return "";
  std::vector<std::string> routes;
  for (const SurfaceConfig& s : default_surfaces()) routes.push_back(s.path);
  for (const auto& route : usual_routes) routes.emplace_back(route.path);
  std::string longest;
  for (const auto& route : routes)
    if (base_url.ends_with(route) && route.size() > longest.size()) longest = route;
  return longest;
}

bool is_no_surface(const SurfaceReading& said, const RawRead& raw) {
  const auto* answer = std::get_if<HttpAnswer>(&raw.answer);
  if (!answer) return false;
  const int code = answer->status;
  // Some servers answer 400 to a route that they do not have.
  const bool turned_away = code >= 300 && code < 500 && code != 401 && code != 403 && code != 429;
  return said.reading == Reading::missing || turned_away || (answer->status < 300 && page_of(answer->body) != 0);
}

}  // namespace readback
