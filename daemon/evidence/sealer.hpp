#pragma once
// Seals a snapshot: gathers what the store has kept, packs it, and has it on the disk, synced, before the page leaves.
#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/evidence/bundle.hpp"
#include "core/evidence/signature.hpp"
#include "core/text/result.hpp"
#include "daemon/runtime/net.hpp"
#include "daemon/runtime/off_loop.hpp"
#include "daemon/runtime/wake.hpp"
#include "daemon/store/store.hpp"

namespace readback {

class DurableFiles;

struct SealedBundle {
  std::string path;             ///< absolute
  std::string sha256;           ///< of the file, 64 lower-case hexadecimal digits
  ManifestSignature signature;  ///< empty texts when it could not be signed
};

/// Packing and writing happen in a thread of their own, so that sweeps go on; one snapshot after the other. Used from
/// the loop only, and ended before it.
class Sealer {
 public:
  /// The store outlives this. With no key nothing is signed.
  Sealer(Store& store, std::shared_ptr<const SigningKey> key) : store_(store), key_(std::move(key)) {}

  /// Something is suspected of this target: what a seal would have to wait for is asked for now. Of many that are
  /// suspected at once only the first few are looked at: the others' pages wait for more than this.
  net::awaitable<void> look_ahead(std::string target, WallTime at);
  /// Everything that is recorded, in the order in which the store is given it: what was asked for ahead goes on with
  /// it.
  void record(const SweepRecord& sweep);
  /// A sweep begins. Of a suspected target it may be the one that confirms: the host is looked at meanwhile.
  void expect(const std::string& target);
  /// What the store has of it; several may be gathered while one is sealed. Not cut short by a stop.
  net::awaitable<BundleInput> gather(SnapshotOrder order, SealContext context);
  /// In the order in which they are asked for, since each names the digest of the one before; those that wait for their
  /// turn are written together, so that they wait for the disk once. An error tells why nothing could be sealed. Not
  /// cut short by a stop.
  net::awaitable<Result<SealedBundle>> seal(BundleInput gathered);

 private:
  /// What was said of the host, and when.
  struct Said {
    std::string json;
    std::chrono::steady_clock::time_point at{};
  };
  /// The sweeps of a suspected target: those before the suspicion, with what timeline.jsonl has of them, and those
  /// since.
  struct Draft {
    std::string target;
    std::chrono::steady_clock::time_point made{};
    std::vector<SweepRecord> sweeps;
    BundleAhead ahead;      ///< of the first ones
    std::size_t bytes = 0;  ///< of bodies and outputs since the suspicion
  };
  /// A seal that is asked for.
  struct Asked {
    explicit Asked(net::any_io_executor executor) : wake(std::move(executor)) {}
    BundleInput input;
    std::optional<Result<SealedBundle>> sealed;
    Wake wake;  ///< it is sealed, or it is its turn to have those sealed that wait
  };
  struct Written {
    SnapshotRow row;
    ManifestSignature signature;
  };
  using AllWritten = std::vector<Result<Written>>;
  net::awaitable<void> seal_those_that_wait();
  static void go_on(Draft& draft, std::vector<SweepRecord> since);
  std::vector<Draft>::iterator draft_of(const std::string& target);
  Draft take_draft(const std::string& target, WallTime from);
  void ask_for_units();
  void ask_for_host();
  void look_at_host(const std::string& folder);
  AllWritten pack_and_write(std::vector<BundleInput> inputs, const std::string& folder);
  Result<Written> pack_and_write(BundleInput input, const std::string& folder, DurableFiles& files);

  Store& store_;
  std::shared_ptr<const SigningKey> key_;
  std::vector<Draft> drafts_;
  std::optional<Draft> drafting_;  ///< what is recorded while the store is asked
  std::deque<std::shared_ptr<Asked>> asked_;
  bool is_sealing_ = false;
  // The worker's thread's own. The bus is asked for the units when something is suspected: a page does not wait for it.
  Said units_, host_;
  Worker worker_;  // last: it has ended before what it uses
};

/// Where a bundle lies, absolute.
std::string path_of(const Store& store, const SnapshotRow& row);

/// Bundles in the store's folder that its index does not know, oldest first: sealed right before a kill, or left when a
/// damaged database was set aside. What a kill left half written is removed.
std::vector<SnapshotRow> stray_bundles(const Store& store);

}  // namespace readback
