// Words go one way and events the other; nothing is decided here.
#include "daemon/app/fleet_link.hpp"

#include <utility>

#include "core/alert/render.hpp"
#include "daemon/evidence/sealer.hpp"
#include "daemon/fleet/shelf.hpp"

namespace readback {
namespace {

constexpr const char* queue_name = "shipping.json";
constexpr const char* news_name = "events.json";
constexpr std::size_t most_held = 4096;  // events of rows that wait for a word

FleetNews news_of(const AlertEvent& event) {
  const auto& incident = event.incident;
  const bool is_shared = event.fleet && !event.fleet->once.empty();
  SinkConfig any;
  any.dedup_scope = DedupScope::platform;  // as every sink of a fleet has it
  const std::string key = dedup_key(any, event);
  return {is_shared ? event.fleet->once : event.id, incident.target, std::string(to_string(incident.boundary)),
          event_json(event, key, event.at)};
}

FleetServersSetup with_file(FleetServersSetup setup, const Store& store) {
  setup.news_file = (store.folder() / news_name).string();
  return setup;
}

}  // namespace

FleetLink::FleetLink(net::any_io_executor loop, FleetServersSetup setup, const Store& store, Hear hear, SayIt say)
    : setup_(with_file(std::move(setup), store)),
      store_(store),
      say_(say),
      servers_(std::move(loop), setup_, std::move(hear), say),
      shipping_(servers_.wire(), setup_.fleet, setup_.host, (store.folder() / queue_name).string(), say) {}

void FleetLink::start(TaskGroup& tasks) {
  servers_.start();
  if (!setup_.fleet.evidence.ship) return;
  // What was sealed right before a kill. On a host that has never shipped anything, the fleet begins now.
  if (!shipping_.newest().empty())
    for (const auto& row : store_.snapshots())
      if (row.id > shipping_.newest()) tasks.spawn("shipping of " + row.id, add({row, path_of(store_, row)}));
  tasks.spawn("shipping", shipping_.run());
}

void FleetLink::carry_out(const FleetDuty& duty) {
  for (const auto& request : duty.requests) {
    if (const auto* gone = std::get_if<Forget>(&request)) held_.erase(gone->row);
    std::visit(
        [this](const auto& each) {
          if constexpr (requires { servers_.carry_out(each); }) servers_.carry_out(each);
        },
        request);
  }
}

void FleetLink::leaves(const AlertEvent& event) {
  if (is_of_silence(event.kind)) return;  // a word of the operators', and on their stream already
  if (!event.fleet || event.fleet->row == 0) return servers_.publish(news_of(event));
  held_[event.fleet->row] = news_of(event);
  if (held_.size() > most_held) held_.erase(held_.begin());
}

void FleetLink::accepted(std::uint64_t row) {
  if (auto news = held_.extract(row)) servers_.publish(std::move(news.mapped()));
}

void FleetLink::go_on(const std::vector<Member::HeldEvent>& held) {
  for (const auto& each : held) {
    leaves(each.event);
    if (each.is_told) accepted(each.event.fleet->row);
  }
}

void FleetLink::ship(TaskGroup& tasks, const std::string& snapshot) {
  if (!setup_.fleet.evidence.ship) return;
  if (const auto row = store_.find_snapshot(snapshot))
    tasks.spawn("shipping of " + snapshot, add({*row, path_of(store_, *row)}));
}

net::awaitable<void> FleetLink::add(Shipment shipment) {
  const auto kept = co_await shipping_.add(std::move(shipment));
  if (!kept) say_({Say::Level::warning, "fleet.evidence", "", "", "", kept.error()});
}

void FleetLink::complete(FleetOverview& overview) const {
  const auto state = servers_.state();
  overview.server = state.server;
  overview.unshipped = shipping_.unshipped();
  overview.troubles.insert(overview.troubles.end(), state.troubles.begin(), state.troubles.end());
}

net::awaitable<Result<std::vector<SnapshotView>>> FleetLink::snapshots() {
  auto listed = co_await list_bundles(servers_.wire(), setup_.fleet.name);
  if (!listed) co_return listed.failure();
  std::vector<SnapshotView> all;
  for (auto& each : *listed)
    if (each.is_whole()) all.push_back(std::move(each.snapshot));
  co_return all;
}

net::awaitable<Result<std::string>> FleetLink::bundle(SnapshotView snapshot) {
  auto bytes =
      co_await pull_bundle(servers_.wire(), setup_.fleet.name, std::move(snapshot.host), std::move(snapshot.id));
  co_return bytes;
}

}  // namespace readback
