#pragma once
// Seals a snapshot: gathers what the store has kept, packs it, and has it on the disk, synced, before the page leaves.
#include <string>

#include "core/evidence/bundle.hpp"
#include "daemon/runtime/net.hpp"
#include "daemon/store/store.hpp"

namespace readback {

struct SealContext {
  std::string host, environment, version, config_digest, sandbox;
  std::vector<std::string> volatile_fields;
  std::vector<CommandOutput> commands;
};

struct SealResult {
  std::string snapshot_id, sha256, path;  ///< sha256 empty: nothing could be sealed, and `note` says why
  std::string note;
};

/// Bundles in the store's folder that its index does not know, oldest first: sealed right before a kill, or left when a
/// damaged database was set aside. What a kill left half written is removed.
std::vector<SnapshotRow> stray_bundles(const Store& store);

/// Something is suspected: asks now for what a seal would have to wait for.
void look_ahead();

/// Never throws. Packing and writing happen in a thread of their own, so that sweeps go on.
net::awaitable<SealResult> seal(Store& store, SnapshotOrder order, SealContext context);

}  // namespace readback
