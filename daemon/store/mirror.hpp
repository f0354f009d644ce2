#pragma once
// What the loop knows of the store without asking the disk: the engine's state, what waits in the outbox, what is
// opened at the sinks, and the index of the snapshots. It is never behind the disk. When the disk has failed, it is
// what everything is written from again.
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/store/alike.hpp"
#include "daemon/store/rows.hpp"

namespace readback {

class Tables;

/// All that is kept of one incident at one sink; no keys: nothing is.
struct OpenedThere {
  std::string sink, incident_id;
  std::vector<OpenedKey> keys;
};

class Mirror {
 public:
  /// What a file holds.
  struct Kept {
    SavedState state;
    std::map<std::int64_t, OutboxRow> pending;
    std::vector<OpenedKey> opened;
    std::int64_t last_seq = 0;
    std::deque<SnapshotRow> snapshots;  ///< oldest first
    std::vector<std::pair<std::string, std::string>> refused;
    std::string newest_event;
  };
  void load(Kept kept);
  void load(Tables& from);  ///< throws SqliteError, and is then as it was

  SavedState state() const;
  const std::map<std::int64_t, OutboxRow>& pending() const { return pending_; }
  std::vector<OpenedKey> opened() const;  ///< all of it
  /// As it was loaded.
  const std::vector<std::pair<std::string, std::string>>& refused() const { return refused_; }
  const std::string& newest_event() const { return newest_event_; }
  const std::deque<SnapshotRow>& snapshots() const { return snapshots_; }  ///< oldest first

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
  OpenedThere mark_unheard(const OutboxRow& row);           ///< and what is open there now
  std::vector<OpenedThere> forget_closed(WallTime before);  ///< where something was forgotten, as it is now
  OpenedThere forget_opened(const std::string& sink, const std::string& incident_id);

  void add(SnapshotRow row) { snapshots_.push_back(std::move(row)); }
  void remove_snapshot(std::string_view id);
  /// By id, by a unique beginning of it, or "latest".
  std::optional<SnapshotRow> find_snapshot(std::string_view id_or_latest) const;
  std::uint64_t bytes_of_bundles() const;

 private:
  using Place = std::pair<std::string, std::string>;  // sink, incident
  void note(const OutboxRow& row);
  void note_closed(const Place& place, const std::vector<OpenedKey>& keys);

  AlikeTexts::Packed packed(const std::string& text, std::size_t how_many);

  AlikeTexts alike_;
  std::map<std::string, AlikeTexts::Packed> state_;  // of thousands of targets it is read once in a bad day
  std::map<std::int64_t, OutboxRow> pending_;
  std::map<Place, std::vector<OpenedKey>> opened_;  // none is empty
  std::set<std::pair<WallTime, Place>> closed_;     // where something was closed, and when; perhaps opened again since
  std::deque<SnapshotRow> snapshots_;               // a vector twice as large, for a moment three times, in a bad hour
  std::vector<std::pair<std::string, std::string>> refused_;
  std::string newest_event_;
  std::int64_t last_seq_ = 0;
  std::vector<std::int64_t> fresh_;
  std::map<std::uint64_t, Coming> coming_;
  std::uint64_t changes_ = 0, written_until_ = 0;
};

/// What the loop's thread and the store's thread both see, under `mutex`. The outbox in the mirror is changed by the
/// loop's thread alone, which therefore reads it without the lock.
struct Board {
  mutable std::mutex mutex;
  Mirror mirror;
  std::vector<std::string> notes;
  std::string trouble;               ///< why writing fails; "" is that it works
  std::map<std::string, Pins> pins;  ///< by target
  Retention rules;

  void set_trouble(std::string text) {
    const std::lock_guard lock(mutex);
    trouble = std::move(text);
  }
};

}  // namespace readback
