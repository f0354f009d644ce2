#pragma once
// The store: what Readback must not forget. One SQLite file in WAL mode, used by one thread of its own, so that a slow
// disk delays no sweep; the loop talks to it through awaitables and never waits.
//
// Two promises are kept apart. A *commit* (the engine's state with the alerts that follow from it, one transaction) is
// on the disk before it returns: a page that was decided survives kill -9 and a power cut. A *record* (a sweep's reads)
// is written soon, in batches: losing the last second of evidence is no lost page.
//
// When the disk fails (full, read-only, damaged) nothing stops: `ok()` turns false, what should have been written waits
// in memory and still is delivered, and it is written as soon as the disk takes it again. The same when it does not
// answer at all: a commit or a mark is waited for 2 s, and while one hangs the next are not waited for.
//
// All functions are called from the loop's thread. Paths given out are absolute.
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/text/result.hpp"
#include "daemon/runtime/net.hpp"
#include "daemon/store/rows.hpp"

namespace readback {

/// An error (operator language): it is kept in memory, delivered from there, and written when the disk allows.
using CommitResult = Result<void>;

class Store {
 public:
  /// Opens `<folder>/readback.db`, and makes folder and file where they are missing. A damaged, truncated or newer file
  /// is renamed (`readback.db.damaged-20261123T031158Z`), never deleted, and said in `notes()`. An error is what a
  /// start must not hide: the folder cannot be written at all, or another daemon uses it. Where a store worked before
  /// and the disk is full or read-only now, there is no error: what it shows is read, `ok()` is false, and all goes on
  /// from memory.
  static Result<std::unique_ptr<Store>> open(const std::filesystem::path& folder, Retention keep);
  ~Store();  ///< writes what waits, then ends the thread
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  const std::filesystem::path& folder() const;
  /// What was found damaged and set aside, at the start or later, one sentence each.
  std::vector<std::string> notes() const;
  /// False while writing fails. `error` says why, in operator language.
  bool ok() const;
  std::string error() const;
  /// A write that nobody waits for any more has still not come back.
  bool hangs() const;
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
  /// Those that wait since this was asked last, by seq.
  std::vector<OutboxRow> take_fresh();
  std::vector<OpenedKey> opened() const;
  /// As they were when the store was opened: sinks with the incidents whose page they have refused, and the id of the
  /// newest event ("" when there was none).
  const std::vector<std::pair<std::string, std::string>>& refused() const;
  const std::string& newest_event() const;
  /// Writes how the delivery of this row stands. A row that is no longer pending leaves `pending()`.
  net::awaitable<void> mark(OutboxRow row);
  /// As mark(), for a row that its receiver has never heard of and never will: what is open there for its incident is
  /// forgotten in the same transaction, but for what the rows that wait behind it open.
  net::awaitable<void> mark_unheard(OutboxRow row);
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
  /// What was recorded lately, and of these sweeps those that are not among that.
  net::awaitable<SweepsAround> sweeps_around(RecentQuery query, std::vector<std::uint64_t> sweeps);
  net::awaitable<ReadPage> read_page(ReadQuery query);

  // History. What was counted is written soon, a few targets a transaction.
  void count(std::vector<TargetRollup> hours);
  /// Sees everything that was counted before the call. The spells are those of incidents that are over.
  net::awaitable<HistoryKept> history(RollupQuery query);
  /// The bars of each of these targets, in this order; `open`: spells of incidents that are not over.
  net::awaitable<std::vector<TargetHistory>> bars(std::vector<std::string> targets, std::vector<Spell> open,
                                                  WallTime now);

  // Snapshots.
  /// Takes bundles into the index: at once in memory, on the disk before whatever is written next. Nobody waits for it:
  /// a bundle that lies in its folder is found again at a start.
  void adopt(std::vector<SnapshotRow> rows);
  /// Newest first. Both are served from memory.
  std::vector<SnapshotRow> snapshots() const;
  /// By id, by a unique beginning of it, or "latest".
  std::optional<SnapshotRow> find_snapshot(std::string_view id_or_latest) const;

  // Retention. Runs by itself every few minutes once pins are known, and whenever the bound is passed. Of resolved
  // incidents the newest 10,000 are kept, and none for longer than `keep_time`; an open one always.
  void keep(Retention rules);
  /// What no retention may take of these targets: replaces what was pinned of each.
  void pin(std::map<std::string, Pins> of_targets);
  /// Runs it now and waits for it.
  net::awaitable<void> retain(WallTime now);

 private:
  struct Parts;
  explicit Store(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace readback
