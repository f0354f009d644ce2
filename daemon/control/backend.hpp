#pragma once
// What the control socket and the status page need from the rest of the daemon. The listeners own no state that
// matters: they read the published view, hand an operator's word to the engine as an Event, and stream what the store
// and the evidence room keep. `daemon/app` implements this; the tests have a fake.
//
// Everything runs on the listener's own executor, single-threaded. An awaitable may take its time (the store answers
// from its own thread), but must not block the loop. A backend outlives the ControlRoom that uses it.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/engine/action.hpp"
#include "core/engine/event.hpp"
#include "core/model/view.hpp"
#include "daemon/runtime/net.hpp"

namespace readback {

enum class BundleForm { full, public_safe };

/// A bundle that can be streamed: from `path`, or from `bytes` when `path` is empty.
struct BundleFile {
  SnapshotView snapshot;
  std::string path;
  std::string bytes;
  std::string sha256;          ///< of exactly these bytes, lower-case hex (the public-safe form has its own)
  std::shared_ptr<void> keep;  ///< whatever must live until the last byte was sent (a temporary file), or null
};

/// Recorded reads, asked for page by page so that a slow reader never makes us hold more than one page.
struct ReadsQuery {
  WallTime since{};
  std::optional<WallTime> until;       ///< exclusive
  std::string target;                  ///< "" is all
  std::int64_t cursor = 0;             ///< 0 is the beginning, else `ReadsPage::next`
  std::size_t max_bytes = 256 * 1024;  ///< about how much to put into one page; one line at least
};

struct ReadsPage {
  std::string lines;      ///< `readback.reads/v1`, whole lines, each ending in '\n'
  std::int64_t next = 0;  ///< the cursor of the page behind this one
  bool end = false;       ///< there is none behind this one
  std::string error;      ///< not empty: the store could not answer, and why
};

/// What one sink answered to a marked test event.
struct TestDelivery {
  std::string sink, type;
  bool ok = false;
  int status = 0;      ///< the HTTP status, 0 when there was none
  std::string detail;  ///< operator language: "202 Accepted", "connection refused"
  Millis took{0};
};

struct TestReport {
  std::optional<Answer> refused;  ///< no such sink, and the like
  std::vector<TestDelivery> deliveries;
};

struct ControlBackend {
  virtual ~ControlBackend() = default;

  virtual View view() = 0;

  /// Hands an operator's event to the engine, runs what follows from it (a Seal is on disk, the state is saved) and
  /// returns the engine's one Answer.
  virtual net::awaitable<Answer> ask(Event event) = 0;

  /// Sends the test event and waits for each sink's first answer, or its timeout. `sink` "" is all.
  virtual net::awaitable<TestReport> test_alerts(std::string sink) = 0;

  /// An incident that the view no longer carries (long resolved), with its whole timeline; ids are exact here.
  virtual net::awaitable<std::optional<IncidentRecord>> stored_incident(std::string id) = 0;
  /// Every incident the store has kept, newest first, without duplicates of the view's.
  virtual net::awaitable<std::vector<IncidentRecord>> stored_incidents() = 0;
  /// A recorded sweep by its number; bodies are not needed.
  virtual net::awaitable<std::optional<SweepRecord>> stored_sweep(std::string target, std::uint64_t sweep) = 0;

  /// What was sent for an incident, oldest first, and how it was answered.
  virtual net::awaitable<std::vector<DeliveryView>> deliveries(std::string incident_id) = 0;

  /// Sealed snapshots, newest first.
  virtual net::awaitable<std::vector<SnapshotView>> snapshots() = 0;
  /// Exact id. Nothing when the snapshot is gone or damaged.
  virtual net::awaitable<std::optional<BundleFile>> bundle(std::string id, BundleForm form) = 0;

  virtual net::awaitable<ReadsPage> reads(ReadsQuery query) = 0;

  /// A line for the log: `kind` is "control.change", "control.refused", "control.warning".
  virtual void say(Say line) = 0;
};

}  // namespace readback
