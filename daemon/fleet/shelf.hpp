#pragma once
// The evidence that the fleet has, of hosts that live and of those that do not: what there is, and one bundle back,
// whole and checked by its digest.
#include <cstdint>
#include <string>
#include <vector>

#include "core/model/view.hpp"
#include "core/text/result.hpp"
#include "daemon/fleet/jetstream.hpp"
#include "daemon/fleet/wire.hpp"

namespace readback {

struct FleetBundle {
  SnapshotView snapshot;                ///< with its host
  std::uint64_t chunks = 0, count = 0;  ///< that are there, and that it has; more where some were sent twice
  bool is_whole() const { return count > 0 && chunks >= count; }
};

/// By id, the newest first.
net::awaitable<Result<std::vector<FleetBundle>>> list_bundles(Wire& wire, std::string fleet);

/// Its bytes. At most 256 MiB, as a bundle on the disk. Whatever was put there by whom: these bytes have the digest
/// that the chunks name, and whoever trusts them checks the signature inside.
net::awaitable<Result<std::string>> pull_bundle(Wire& wire, std::string fleet, std::string host, std::string id);

}  // namespace readback
