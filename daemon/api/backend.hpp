#pragma once
// What the control socket and the status page need from the rest of the daemon. The listeners own no state that
// matters: they read the published view, hand an operator's word to the engine as an Event, and stream what the store
// and the evidence room keep. `daemon/app` implements this; the tests have a fake.
//
// Narrow on purpose: whoever wants one incident or one target gets that one, and only the status, the page and the
// metrics build the whole view.
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
#include "core/history/spans.hpp"
#include "core/model/unredacted.hpp"
#include "core/model/view.hpp"
#include "core/text/result.hpp"
#include "daemon/runtime/net.hpp"

namespace readback {

/// Which incidents; what is not said does not matter.
struct IncidentQuery {
  std::string target;  ///< "" is all
  bool open_only = false;
  std::optional<IncidentState> state;
  std::optional<Boundary> boundary;
  WallTime since{};        ///< opened then or later, or not over by then
  std::string text;        ///< stands in its summary, symptom, reasons or id, in capitals or not; "" is any
  std::size_t most = 500;  ///< of those that have ended, the newest; the open ones are all there

  bool takes(const IncidentRecord& incident) const;
};

enum class BundleForm { full, public_safe };

/// A bundle that can be streamed: from `path`, or from `bytes` when `path` is empty.
struct BundleFile {
  SnapshotView snapshot;
  std::string path;
  std::string bytes;
  std::string sha256;          ///< of exactly these bytes, lower-case hex (the public-safe form has its own)
  std::shared_ptr<void> keep;  ///< whatever must live until the last byte was sent (a temporary file), or null
};

/// The public half of the key that signs snapshots.
struct EvidenceKey {
  std::string host, text, pem;  ///< `text` and `pem` are empty when nothing is signed
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

  /// Everything, copied out.
  virtual View view() = 0;
  /// The names of the configured targets, in order.
  virtual std::vector<std::string> targets() = 0;
  virtual std::optional<TargetView> target(const std::string& name) = 0;
  virtual std::vector<SinkView> sinks() = 0;
  /// Those that have not ended.
  virtual std::vector<Silence> silences() = 0;
  /// Unset on a host alone.
  virtual std::optional<FleetOverview> fleet() = 0;

  /// Takes the secrets out of an operator's words, hands the event to the engine, runs what follows from it (a Seal is
  /// on disk, the state is saved) and returns the engine's one Answer.
  virtual net::awaitable<Answer> ask(Unredacted<Event> said) = 0;

  /// Sends the test event and waits for each sink's first answer, or its timeout. `sink` "" is all.
  virtual net::awaitable<TestReport> test_alerts(std::string sink) = 0;

  /// One incident with its whole timeline, the live one before what the store has kept of it; ids are exact here.
  virtual net::awaitable<std::optional<IncidentRecord>> incident(std::string id) = 0;
  /// All that are known, in the order of every list: the open ones in front, and newer ones before older.
  virtual net::awaitable<std::vector<IncidentRecord>> incidents(IncidentQuery query) = 0;
  /// The ids of all that are known, in the same order.
  virtual net::awaitable<std::vector<std::string>> incident_ids() = 0;
  /// Hours or days of the targets, with the incidents that touch them, open ones too.
  virtual net::awaitable<HistoryKept> history(RollupQuery query) = 0;
  /// What the page shows of 24 hours to 90 days, of every target in order; at most a minute old.
  virtual net::awaitable<std::shared_ptr<const std::vector<TargetHistory>>> bars() = 0;
  /// A recorded sweep by its number; bodies are not needed.
  virtual net::awaitable<std::optional<SweepRecord>> stored_sweep(std::string target, std::uint64_t sweep) = 0;

  /// What was sent for an incident, oldest first, and how it was answered.
  virtual net::awaitable<std::vector<DeliveryView>> deliveries(std::string incident_id) = 0;

  /// Sealed snapshots, newest first.
  virtual net::awaitable<std::vector<SnapshotView>> snapshots() = 0;
  /// Exact id. Nothing when the snapshot is gone or damaged.
  virtual net::awaitable<std::optional<BundleFile>> bundle(std::string id, BundleForm form) = 0;

  /// Of all hosts of the fleet, newest first, each with its host. Fails, with a sentence, when there is no fleet or its
  /// servers do not answer.
  virtual net::awaitable<Result<std::vector<SnapshotView>>> fleet_snapshots() = 0;
  /// One of these, from the servers: in memory, whole, with the digest that its host has told. `snapshot` is an entry
  /// of fleet_snapshots(). The public-safe form of another host's evidence is made here and not signed: whoever holds
  /// that host's key would find ours.
  virtual net::awaitable<Result<BundleFile>> fleet_bundle(SnapshotView snapshot, BundleForm form) = 0;

  virtual EvidenceKey evidence_key() = 0;

  /// Fails when the store cannot answer.
  virtual net::awaitable<Result<ReadsPage>> reads(ReadsQuery query) = 0;

  /// A line for the log: `kind` is "control.change", "control.refused", "control.warning".
  virtual void say(Say line) = 0;
};

}  // namespace readback
