// /v1/fleet: the members, who speaks to whom, what is not shipped; and what the other routes ask the fleet for.
#include "daemon/api/fleet.hpp"

#include <algorithm>
#include <set>

#include "core/text/words.hpp"
#include "daemon/api/ids.hpp"

namespace readback {

namespace {

/// So far apart two hosts may seal what is one episode.
constexpr Millis around_an_episode = Seconds(600);

std::string hosts_of(const std::vector<const SnapshotView*>& snapshots) {
  std::set<std::string> hosts;
  for (const auto* each : snapshots) hosts.insert(each->host);
  return joined(hosts);
}

}  // namespace

net::awaitable<Result<std::vector<SnapshotView>>> snapshots_of_all(Desk& desk, FleetOverview fleet) {
  std::vector<SnapshotView> all = co_await desk.backend.snapshots();
  const auto theirs = co_await desk.backend.fleet_snapshots();
  if (!theirs) co_return theirs.failure();
  std::set<std::string> here;
  for (auto& own : all) {
    own.host = fleet.host;
    here.insert(own.id);
  }
  for (const auto& each : *theirs)
    if (each.host != fleet.host || !here.contains(each.id)) all.push_back(each);
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.id > b.id; });
  co_return all;
}

std::variant<SnapshotView, Problem> find_snapshot(const std::vector<SnapshotView>& all, std::string_view asked,
                                                  std::string_view host) {
  std::vector<std::string> ids;
  std::vector<const SnapshotView*> fitting;
  for (const auto& each : all) {
    if (!host.empty() && each.host != host) continue;
    fitting.push_back(&each);
    if (std::find(ids.begin(), ids.end(), each.id) == ids.end()) ids.push_back(each.id);
  }
  const auto id = find_id(ids, asked, "snapshot");
  if (const auto* wrong = std::get_if<Problem>(&id)) {
    Problem said = *wrong;
    std::erase_if(fitting, [&](const auto* each) { return !fits_id(each->id, asked); });
    if (said.status == 409) said.detail += "; they are of " + hosts_of(fitting);
    return said;
  }
  std::erase_if(fitting, [&](const auto* each) { return each->id != std::get<std::string>(id); });
  const auto differs = [&](const auto* each) { return each->sha256 != fitting.front()->sha256; };
  if (std::any_of(fitting.begin(), fitting.end(), differs))
    return problem(409, "several hosts have another snapshot of this id; name one of " + hosts_of(fitting), "host");
  return *fitting.front();
}

bool is_of_episode(const SnapshotView& snapshot, const IncidentRecord& incident, WallTime now) {
  if (snapshot.target != incident.target || snapshot.boundary != to_string(incident.boundary)) return false;
  const WallTime end = incident.resolved_at.value_or(now);
  return snapshot.at >= incident.opened_at - around_an_episode && snapshot.at <= end + around_an_episode;
}

net::awaitable<Reply> routes::fleet(Desk& desk, Request, std::string) {
  const auto overview = desk.backend.fleet();
  if (!overview) co_return problem_reply(problem(404, in_no_fleet));
  co_return json_reply(200, view_json(*overview));
}

}  // namespace readback
