#pragma once
// One host of the world: what dies with it, and what a crash leaves. For the world's own files.
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/core/fleet/fleet_world.hpp"

namespace readback {

/// Counts as the casebook does, for one boundary of one target.
struct SmallEngine {
  enum State { green, suspected, confirmed } state = green;
  int bad = 0, good = 0, extent = 0;
  std::uint64_t sweeps = 0;
};

struct FleetWorld::Host {
  int number = 0;
  std::string name;
  std::vector<std::string> sinks;
  bool is_up = false, is_lost = false;
  std::uint64_t life = 0;
  double born = 0;
  std::unique_ptr<Fleet> fleet;
  SmallEngine engine;
  int dies_after = 0;  ///< actions; 0: not yet
  std::set<std::uint64_t> attempts;
  MonoTime tick_at{};

  // --- what a crash leaves ---
  struct Row {
    FleetRow row;
    double decided = 0;
  };
  std::string saved;
  std::map<std::uint64_t, Row> rows;
  std::set<std::uint64_t> tried;

  // --- ways ---
  bool has_uplink = true, reaches_receivers = true;

  // --- what is true ---
  double bad_since = -1, last_bad = -1e9, connected_since = 0;
};

}  // namespace readback
