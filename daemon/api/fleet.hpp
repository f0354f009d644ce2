#pragma once
// Evidence of all hosts: which snapshot of the fleet somebody means, and which belong to one incident. Ids are made on
// each host for itself, so a beginning of one easily fits several that were sealed in the same minute.
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/model/record.hpp"
#include "daemon/api/answers.hpp"

namespace readback {

inline const std::string in_no_fleet = "this host is in no fleet: its configuration has no fleet";

/// What the fleet has and what is here, the newest first, each with its host; one that is at both places once. `fleet`
/// is this host's.
net::awaitable<Result<std::vector<SnapshotView>>> snapshots_of_all(Desk& desk, FleetOverview fleet);

/// Which of these is meant by an id or the beginning of one, of this host ("": of any). A Problem names the hosts when
/// it may be several.
std::variant<SnapshotView, Problem> find_snapshot(const std::vector<SnapshotView>& all, std::string_view asked,
                                                  std::string_view host);

/// The same boundary of the same target, not long before it was opened or after it was over: clocks of hosts differ,
/// and so does the moment at which each of them has confirmed it.
bool is_of_episode(const SnapshotView& snapshot, const IncidentRecord& incident, WallTime now);

}  // namespace readback
