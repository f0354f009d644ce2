// A target and what stands below it: surfaces, paths, runbooks, maintenance windows. Its checks are in check.cpp.
#include <algorithm>

#include "config/load/loader.hpp"
#include "config/scalars.hpp"
#include "core/text/time.hpp"
#include "core/text/url.hpp"
#include "core/text/words.hpp"

namespace readback {
namespace {

bool is_loopback(const std::string& url) {
  const auto parsed = parse_url(url);
  return parsed && is_loopback_host(parsed->host_header());
}

/// Where the key stands, or the map around it when it does not.
const Node& place_of(const Node& map, std::string_view key) {
  const Node* value = map.find(key);
  return value ? *value : map;
}

}  // namespace

void Loader::read(const Node& n, const key::Targets& v) {
  each(n, [&](const Node& item) { target(item, v.out); });
}

void Loader::target(const Node& n, std::vector<Shared<TargetConfig>>& all) {
  TargetConfig t = default_target("");
  t.at = place(n);
  map(n, section_of(t));
  if (n.kind != Node::Kind::map) return;
  for (const TargetConfig& other : all)
    if (!t.name.empty() && other.name == t.name)
      error(*n.find("name"), "a target called `" + t.name + "` " + standing(other.at), "give each its own name");
  judge_target(n, t);
  all.push_back(std::move(t));
}

/// What several keys of a target make together.
void Loader::judge_target(const Node& n, const TargetConfig& t) {
  if (t.surfaces.empty()) error(n, "no surface is left to read", "keep at least one of the four");
  if (t.timeout > t.interval)
    warn(place_of(n, "timeout"), "the timeout is longer than the interval: a slow target is read less often");
  const auto requests = static_cast<std::int64_t>(t.surfaces.size() + t.paths.size());
  const auto per_minute = requests * 60'000 / std::max<std::int64_t>(1, t.interval.count());
  if (per_minute > t.request_budget_per_minute)
    warn(place_of(n, "request_budget"),
         std::to_string(requests) + " reads each " + write_duration(t.interval) + " are " + std::to_string(per_minute) +
             " a minute, more than the budget of " + std::to_string(t.request_budget_per_minute) +
             "/min: sweeps will be late",
         "a longer interval, or request_budget: " + std::to_string(per_minute) + "/min");
  const bool secret_header = std::any_of(t.headers.begin(), t.headers.end(),
                                         [](const auto& h) { return h.second.from != SecretRef::From::plain; });
  if (secret_header && t.base_url.starts_with("http://") && !is_loopback(t.base_url))
    warn(place_of(n, "base_url"), "a secret header is sent over plain http", "use https");
}

void Loader::read(const Node& n, const key::Surfaces& v) {
  named(n, "surfaces", [&](const Node& name, const Node& value) { surface(name, value, v.out); });
}

void Loader::surface(const Node& name, const Node& value, std::vector<Shared<SurfaceConfig>>& all) {
  const auto known = std::find_if(all.begin(), all.end(), [&](const SurfaceConfig& s) { return s.name == name.text; });
  const bool is_new = known == all.end();
  if (value.kind == Node::Kind::null) {
    if (is_new)
      return error(name, "there is no surface `" + name.text + "` to remove",
                   "built in are health, services, observability, security");
    all.erase(known);
    return;
  }
  if (name.text.find(':') != std::string::npos) return error(name, "a surface's name must not hold `:`", "use `-`");
  SurfaceConfig fresh;
  fresh.name = name.text;
  SurfaceConfig& s = is_new ? fresh : known->edit();
  map(value, section_of(s));
  if (!is_new) return;
  if (s.path.empty() && value.kind == Node::Kind::map && !value.find("path"))
    error(value, "`path` is missing from the surface " + name.text, "path: /api/v1/…");
  all.push_back(std::move(fresh));
}

void Loader::read(const Node& n, const key::Paths& v) {
  each(n, [&](const Node& item) { path(item, v.out); });
}

void Loader::path(const Node& n, std::vector<PathConfig>& all) {
  PathConfig p;
  map(n, section_of(p));
  if (n.kind != Node::Kind::map) return;
  for (const auto& other : all)
    if (!p.name.empty() && other.name == p.name)
      error(n, "a path called `" + p.name + "` stands above already", "give each its own name");
  all.push_back(std::move(p));
}

void Loader::read(const Node& n, const key::StatusCodes& v) {
  // Of a list no entry is a list again; what stands alone is told as it is.
  one_or_each(n, [&](const Node& code) {
    int status = 0;
    if (whole_number(code, status, 100, 599)) v.out.push_back(status);
  });
}

void Loader::read(const Node& n, const key::CodeReadings& v) {
  if (n.kind != Node::Kind::map) return error(n, "codes must be a map from status codes to readings", "{473: pass}");
  std::vector<std::string> words;
  for (const auto& each : code_readings) words.emplace_back(each.word);
  for (const auto& [key, value] : n.entries) {
    const auto code = parse_int(key.text);
    if (!code || *code < 100 || *code > 599) {
      error(key, "`" + key.text + "` is no status code", "100 to 599");
      continue;
    }
    if (const auto index = choice(value, words)) v.out[*code] = code_readings[*index].value;
  }
}

void Loader::read(const Node& n, const key::JsonValues& v) {
  if (n.kind != Node::Kind::map) return error(n, "json must be a map from pointers to values", "{/status: ready}");
  for (const auto& [pointer, value] : n.entries) {
    if (!pointer.text.starts_with("/"))
      error(pointer, "`" + pointer.text + "` is no JSON pointer", "like /status");
    else if (value.kind == Node::Kind::null)
      v.out[pointer.text] = "null";
    else if (scalar(value, "a value"))
      v.out[pointer.text] = value.text;
  }
}

void Loader::read(const Node& n, const key::Runbooks& v) {
  if (n.kind != Node::Kind::map)
    return error(n, "runbooks must be a map from boundaries to runbooks", "{outage: {title: …, url: …}}");
  for (const auto& [key, value] : n.entries)
    if (const auto b = boundary(key)) map(value, section_of(v.out[*b]));
}

void Loader::read(const Node& n, const key::Windows& v) {
  each(n, [&](const Node& item) { window(item, v.out); });
}

void Loader::window(const Node& n, std::vector<MaintenanceWindow>& all) {
  MaintenanceWindow w;
  map(n, section_of(w));
  if (w.length > std::chrono::hours(24 * 7)) error(n, "a maintenance window is longer than a week", "use a silence");
  all.push_back(std::move(w));
}

void Loader::read(const Node& n, const key::WeekDays& v) {
  std::vector<std::string> names;
  for (const auto& day : week_days) names.emplace_back(day.word);
  one_or_each(n, [&](const Node& item) {
    if (const auto index = choice(item, names)) v.out.insert(week_days[*index].value);
  });
}

}  // namespace readback
