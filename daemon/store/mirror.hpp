#pragma once
// What the loop knows of the store without asking the disk: the engine's state, what waits in the outbox, what is
// opened at the sinks, and the index of the snapshots. It is never behind the disk. When the disk has failed, it is
// what everything is written from again.
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/store/rows.hpp"

namespace readback {

class Tables;

class Mirror {
 public:
  /// What a file holds.
  struct Kept {
    SavedState state;
    std::map<std::int64_t, OutboxRow> pending;
    std::vector<OpenedKey> opened;
    std::int64_t last_seq = 0;
    std::vector<SnapshotRow> snapshots;  ///< oldest first
    std::vector<std::pair<std::string, std::string>> refused;
    std::string newest_event;
  };
  void load(Kept kept);
  void load(Tables& from);  ///< throws SqliteError, and is then as it was

  const SavedState& state() const { return state_; }
  const std::map<std::int64_t, OutboxRow>& pending() const { return pending_; }
  const std::vector<OpenedKey>& opened() const { return opened_; }
  /// As it was loaded.
  const std::vector<std::pair<std::string, std::string>>& refused() const { return refused_; }
  const std::string& newest_event() const { return newest_event_; }
  const std::vector<SnapshotRow>& snapshots() const { return snapshots_; }  ///< oldest first

  /// Numbers the rows of this commit and takes over its state and what its rows open and close. Until the change that
  /// this gives is settled, the commit is one that is coming.
  std::uint64_t take(Commit& commit);
  /// Counts what has become of the state and of what is opened. Who writes all that memory has tells up to which change
  /// that was; what an earlier one brings has then been written, and would put something older over it.
  std::uint64_t changes() const { return changes_; }
  void wrote_all(std::uint64_t until) { written_until_ = until; }
  bool was_written(std::uint64_t change) const { return change <= written_until_; }
  /// What came with the state that memory has already, and is not written yet: who writes that state writes this too,
  /// or a crash in between leaves a state that says who was told, and nobody who tells them.
  struct Coming {
    std::vector<OutboxRow> rows;
    std::vector<IncidentRow> incidents;
  };
  const std::map<std::uint64_t, Coming>& coming() const { return coming_; }
  /// It is on the disk, or remembered by who could not write it.
  void settled(std::uint64_t change) { coming_.erase(change); }
  /// From now on this row waits to be delivered.
  void wait_for_delivery(OutboxRow row);
  /// Those that wait since this was asked last. Not what has a higher number than the last: a commit that a disk holds
  /// up is overtaken by one that is not waited for.
  std::vector<OutboxRow> take_fresh();
  void mark(const OutboxRow& row);
  void mark_unheard(const OutboxRow& row);
  bool forget_closed(WallTime before);  ///< true: something was forgotten
  void forget_opened(std::string_view sink, std::string_view incident_id);

  void add(SnapshotRow row) { snapshots_.push_back(std::move(row)); }
  void remove_snapshot(std::string_view id);
  /// By id, by a unique beginning of it, or "latest".
  std::optional<SnapshotRow> find_snapshot(std::string_view id_or_latest) const;
  std::uint64_t bytes_of_bundles() const;

 private:
  SavedState state_;
  std::map<std::int64_t, OutboxRow> pending_;
  std::vector<OpenedKey> opened_;
  std::vector<SnapshotRow> snapshots_;
  std::vector<std::pair<std::string, std::string>> refused_;
  std::string newest_event_;
  std::int64_t last_seq_ = 0;
  std::vector<std::int64_t> fresh_;
  std::map<std::uint64_t, Coming> coming_;
  std::uint64_t changes_ = 0, written_until_ = 0;
};

/// What no retention may take.
struct Pins {
  std::vector<SweepKey> sweeps;
  std::set<std::string> incidents;  ///< whose snapshots are evidence of something that is still open
};

/// What the loop's thread and the store's thread both see, under `mutex`. The outbox in the mirror is changed by the
/// loop's thread alone, which therefore reads it without the lock.
struct Board {
  mutable std::mutex mutex;
  Mirror mirror;
  std::vector<std::string> notes;
  std::string trouble;  ///< why writing fails; "" is that it works
  Pins pins;
  Retention rules;

  void set_trouble(std::string text) {
    const std::lock_guard lock(mutex);
    trouble = std::move(text);
  }
};

}  // namespace readback
