#pragma once
// What ties this daemon to the servers of its fleet: what the member asks of them goes out, what they say comes back as
// an event; sealed evidence is shipped, and what a receiver has accepted is put on the stream of events. A host alone
// has none of it.
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/engine/action.hpp"
#include "core/member/member.hpp"
#include "core/model/view.hpp"
#include "daemon/fleet/servers.hpp"
#include "daemon/fleet/shipping.hpp"
#include "daemon/runtime/task_group.hpp"
#include "daemon/store/store.hpp"

namespace readback {

/// stop() comes before its end.
class FleetLink {
 public:
  using Hear = FleetServers::Hear;
  using SayIt = FleetServers::SayIt;
  /// The store outlives this; in its folder lies what is still to be shipped, and to be said.
  FleetLink(net::any_io_executor loop, FleetServersSetup setup, const Store& store, Hear hear, SayIt say);

  /// Connects, and ships what was sealed and never shipped. `tasks` is where shipping goes on until it is cancelled.
  void start(TaskGroup& tasks);
  /// What is under way is waited for, less than half a second; then the connection is closed.
  net::awaitable<void> stop() { return servers_.stop(); }

  /// Its part that is for the servers.
  void carry_out(const FleetDuty& duty);
  /// An alert that leaves, or is held until the fleet lets it: for whoever reads the stream of events. Of those that
  /// several hosts have, the one whose attempt was accepted says it, and the servers keep it once.
  void leaves(const AlertEvent& event);
  void accepted(std::uint64_t row);
  /// After a start: what was held before it, or taken by a receiver right before it.
  void go_on(const std::vector<Member::HeldEvent>& held);
  /// Sealed: to be shipped, in a task of its own.
  void ship(TaskGroup& tasks, const std::string& snapshot);

  /// What only the shell knows of it.
  void complete(FleetOverview& overview) const;
  net::awaitable<Result<std::vector<SnapshotView>>> snapshots();
  net::awaitable<Result<std::string>> bundle(SnapshotView snapshot);

 private:
  net::awaitable<void> add(Shipment shipment);

  const FleetServersSetup setup_;
  const Store& store_;
  const SayIt say_;
  FleetServers servers_;
  Shipping shipping_;
  std::map<std::uint64_t, FleetNews> held_;  ///< by the row that will tell it
};

}  // namespace readback
