#pragma once
// Seals a snapshot: gathers what the store has kept, packs it, and has it on the disk, synced, before the page leaves.
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "core/evidence/bundle.hpp"
#include "core/evidence/signature.hpp"
#include "core/text/result.hpp"
#include "daemon/runtime/net.hpp"
#include "daemon/runtime/off_loop.hpp"
#include "daemon/store/store.hpp"

namespace readback {

struct SealedBundle {
  std::string path;             ///< absolute
  std::string sha256;           ///< of the file, 64 lower-case hexadecimal digits
  ManifestSignature signature;  ///< empty texts when it could not be signed
  std::string note;             ///< why the store's index does not have it on the disk yet; "" when it has
};

/// Packing and writing happen in a thread of their own, so that sweeps go on; one snapshot after the other. Used from
/// the loop only, and ended before it.
class Sealer {
 public:
  /// The store outlives this. With no key nothing is signed.
  Sealer(Store& store, std::shared_ptr<const SigningKey> key) : store_(store), key_(std::move(key)) {}

  /// Something is suspected: asks now for what a seal would have to wait for.
  void look_ahead();
  /// An error tells why nothing could be sealed. Never throws, and is not cut short by a stop.
  net::awaitable<Result<SealedBundle>> seal(SnapshotOrder order, SealContext context);

 private:
  /// What the bus has said of the host's units: asked for when something is suspected, because a page does not wait
  /// for a bus.
  struct Units {
    std::string json;
    std::chrono::steady_clock::time_point at{};
  };
  struct Written {
    SnapshotRow row;
    ManifestSignature signature;
  };
  net::awaitable<BundleInput> gather(SnapshotOrder order, SealContext context);
  void ask_for_units();
  Result<Written> pack_and_write(BundleInput& input, const std::string& folder);

  Store& store_;
  std::shared_ptr<const SigningKey> key_;
  Units units_;    // the worker's thread's own
  Worker worker_;  // last: it has ended before what it uses
};

/// Where a bundle lies, absolute.
std::string path_of(const Store& store, const SnapshotRow& row);

/// Bundles in the store's folder that its index does not know, oldest first: sealed right before a kill, or left when a
/// damaged database was set aside. What a kill left half written is removed.
std::vector<SnapshotRow> stray_bundles(const Store& store);

}  // namespace readback
