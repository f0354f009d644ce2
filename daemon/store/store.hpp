#pragma once
// The store: what Readback must not forget. One SQLite file in WAL mode, used by one thread of its own, so that a slow
// disk delays no sweep; the loop talks to it through awaitables and never waits.
//
// Two promises are kept apart. A *commit* (the engine's state with the alerts that follow from it, one transaction) is
// on the disk before it returns: a page that was decided survives kill -9 and a power cut. A *record* (a sweep's reads)
// is written soon, in batches: losing the last second of evidence is no lost page.
//
// When the disk fails (full, read-only, damaged) nothing stops: `ok()` turns false, what should have been written waits
// in memory and still is delivered, and it is written as soon as the disk takes it again.
//
// All functions are called from the loop's thread. Paths given out are absolute.
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "core/model/alert_event.hpp"
#include "core/model/record.hpp"
#include "core/model/view.hpp"
#include "daemon/runtime/net.hpp"

namespace readback {

enum class OutboxState { pending, delivered, dead, expired };
std::string_view to_string(OutboxState s);

/// One rendering of one event for one sink. Key and body are chosen here, before the first byte is sent, and never
/// change; what an attempt itself must say (its time, a signature, a secret) is put in at the attempt.
struct OutboxRow {
  std::int64_t seq = 0;  ///< given by commit; the order per sink and incident
  std::string event_id, sink, incident_id, target;
  EventKind kind = EventKind::test;
  std::string key;  ///< dedup key at the receiver
  std::string body, minimal_body, content_type;
  WallTime created{};  ///< when the transition happened

  /// What this row does to the receiver's idea of the incident. A resolve goes only to what was opened there.
  enum class Mark { none, open, close } mark = Mark::none;
  std::string opened_body;  ///< for a sink that repeats itself (alertmanager): the alert to repeat; with Mark::open

  // How delivery stands.
  OutboxState state = OutboxState::pending;
  WallTime next_attempt{};
  int attempts = 0;
  bool minimal = false;             ///< the next attempt sends the minimal body
  int last_status = 0;              ///< HTTP status of the last answer; 0: none came
  std::string last_detail;          ///< "connection refused", "503 Service Unavailable"
  std::optional<WallTime> done_at;  ///< delivered, parked or expired
  std::string done_by;              ///< host part of where it went, when there are several
};

/// Something this host opened at a sink, with the key it was opened with. Kept until it is closed and the sink has
/// heard of it, whatever is reloaded or restarted between.
struct OpenedKey {
  std::string sink, incident_id, target, key, body;
  WallTime opened_at{};
  std::optional<WallTime> closed_at;
};

/// An incident as it is kept: what it is found by, and its text, which the store neither reads nor changes.
struct IncidentRow {
  std::string id, target;
  std::string boundary;  ///< its word
  WallTime opened_at{};
  std::optional<WallTime> resolved_at;  ///< nothing: it was open when it was last written
  std::string text;                     ///< the whole incident, as whoever commits it writes and reads it
};

struct IncidentSearch {
  std::string target;  ///< "" is all
  std::string begins;  ///< the beginning of the id, as people type it; "" is any
  WallTime since{};    ///< opened then or later
  enum class Which { all, open, resolved } which = Which::all;
  std::size_t limit = 200;
};

struct Commit {
  SavedState state;  ///< the parts that have changed
  std::vector<OutboxRow> rows;
  std::vector<IncidentRow> incidents;  ///< new ones, and known ones that have changed: the newest text counts
};

struct CommitResult {
  bool durable = false;  ///< false: kept in memory, delivered from there, written when the disk allows
  std::string error;     ///< operator language, when not durable
};

/// A sealed snapshot, and where its file is.
struct SnapshotRow : SnapshotView {
  std::string path;  ///< absolute, or relative to the store's folder
};

struct SweepKey {
  std::string target;
  std::uint64_t sweep = 0;
};

struct ReadQuery {
  std::string target;                    ///< "" is all
  WallTime from{}, to{WallTime::max()};  ///< by the time of the sweep; both inclusive
  std::int64_t after = 0;                ///< cursor: `next` of the page before
  std::size_t limit = 200;               ///< sweeps a page
};

struct ReadPage {
  std::vector<SweepRecord> sweeps;   ///< in the order in which they were recorded
  std::optional<std::int64_t> next;  ///< there may be more
};

struct RecentSweeps {
  std::vector<SweepRecord> sweeps;  ///< oldest first
  bool cut = false;                 ///< there were more, older ones
};

struct Retention {
  Millis keep_time = std::chrono::hours(24 * 30);
  std::uint64_t keep_bytes = std::uint64_t{1} << 30;  ///< database and bundles together
};

struct StoreError {
  std::string text;  ///< what we tried, where, what happened, what to do
};

class Store {
 public:
  /// Opens `<folder>/readback.db`, and makes folder and file where they are missing. A damaged, truncated or newer file
  /// is renamed (`readback.db.damaged-20261123T031158Z`), never deleted, and said in `notes()`. An error is what a
  /// start must not hide: the folder cannot be written at all, or another daemon uses it. Where a store worked before
  /// and the disk is full or read-only now, there is no error: what it shows is read, `ok()` is false, and all goes on
  /// from memory.
  static std::variant<std::unique_ptr<Store>, StoreError> open(net::any_io_executor loop,
                                                               const std::filesystem::path& folder, Retention keep);
  ~Store();  ///< writes what waits, then ends the thread
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  const std::filesystem::path& folder() const;
  /// What was found damaged and set aside, at the start or later, one sentence each.
  std::vector<std::string> notes() const;
  /// False while writing fails. `error` says why, in operator language.
  bool ok() const;
  std::string error() const;
  std::uint64_t bytes() const;  ///< database with its log, and bundles
  std::uint64_t snapshot_count() const;
  std::uint64_t dropped() const;  ///< sweeps that were not recorded: queue full or disk full

  // State and outbox.
  /// One transaction, synced to the disk. Rows get their `seq`; a row whose event and sink are already there is
  /// skipped.
  net::awaitable<CommitResult> commit(Commit what);
  /// All parts of the state, as the last commits left them; empty when there was none.
  SavedState load_state() const;

  /// Rows that wait, by seq. Served from memory; valid until the next call that changes the outbox.
  const std::map<std::int64_t, OutboxRow>& pending() const;
  const std::vector<OpenedKey>& opened() const;
  /// Writes how the delivery of this row stands. A row that is no longer pending leaves `pending()`.
  net::awaitable<void> mark(OutboxRow row);
  /// Forgets what was closed before this time: the sink has heard of it long enough.
  void forget_closed(WallTime before);
  /// What was closed or never opened at the receiver after all (its page was parked): no resolve goes there.
  void forget_opened(const std::string& sink, const std::string& incident_id);
  /// Everything ever sent for an incident, oldest first ("" is all; the newest `limit`).
  net::awaitable<std::vector<OutboxRow>> deliveries(std::string incident_id, std::size_t limit);

  // Incidents. What a commit brought, as it was last written; from memory (the newest 500) while the disk takes none.
  /// By the whole id.
  net::awaitable<std::optional<IncidentRow>> incident(std::string id);
  /// The newest first, by when they were opened.
  net::awaitable<std::vector<IncidentRow>> incidents(IncidentSearch search);

  // The recorder. What comes in is already redacted.
  void record(SweepRecord sweep);
  /// Sees everything that was recorded before the call. Unknown sweeps are left out.
  net::awaitable<std::vector<SweepRecord>> sweep_reads(std::string target, std::vector<std::uint64_t> sweeps);
  net::awaitable<ReadPage> read_page(ReadQuery query);
  /// The newest sweeps of this time, in at most about so many bytes of bodies and outputs.
  net::awaitable<RecentSweeps> recent(std::string target, WallTime from, WallTime to, std::size_t most_bytes);

  // Snapshots.
  net::awaitable<CommitResult> add_snapshot(SnapshotRow row);
  /// Takes bundles into the index that it did not know, before anything else is asked of it.
  void adopt(std::vector<SnapshotRow> rows);
  /// Newest first. Both are served from memory.
  std::vector<SnapshotRow> snapshots() const;
  /// By id, by a unique beginning of it, or "latest".
  std::optional<SnapshotRow> find_snapshot(std::string_view id_or_latest) const;

  // Retention. Runs by itself every few minutes once pins are known, and whenever the bound is passed. Of resolved
  // incidents the newest 10,000 are kept, and none for longer than `keep_time`; an open one always.
  void keep(Retention rules);
  /// What no retention may take: these sweeps, and the snapshots of these (open) incidents. Replaces what was pinned.
  void pin(std::vector<SweepKey> sweeps, std::vector<std::string> incidents);
  /// Runs it now and waits for it.
  net::awaitable<void> retain(WallTime now);

 private:
  struct Parts;
  explicit Store(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace readback
