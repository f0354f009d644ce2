#pragma once
// The tables of the store and every statement on them; only the store's thread comes here. Functions throw SqliteError.
//
//   meta, engine           the version; the parts of the engine's state
//   outbox, opened         what must be told, and what was opened where
//   incidents              what was found wrong: each incident's text (zstd) with what it is looked up by
//   sweeps, texts, uses    the recorder: a packed row a sweep, each different base once (zstd), and how long it is
//                          needed (texts.hpp)
//   snapshots              the index of the bundles
//   rollups, spells        history: hours and days of each target, and when incidents were (tables_history.cpp)
#include <deque>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

#include "daemon/store/rows.hpp"
#include "daemon/store/sqlite.hpp"
#include "daemon/store/texts.hpp"

namespace readback {

/// A file of a later one is set aside by a program that knows only earlier ones. 2 had no incidents; 3 no edits in its
/// sweeps, and what such a program does not understand it would not keep the texts of. The tables of history came
/// without a step: a program that does not know them leaves them alone, and may go on with the rest.
inline constexpr int store_version = 4;

class Tables {
 public:
  /// Opens or makes the file; what is damaged or newer is set aside, with a sentence in `notes`.
  static std::unique_ptr<Tables> open(const std::filesystem::path& file, std::vector<std::string>& notes);

  /// Sets aside whatever is there, and makes a new one.
  static std::unique_ptr<Tables> open_anew(const std::filesystem::path& file, std::vector<std::string>& notes);
  /// Sets aside what was there and could not even be read when it was needed, and makes a new one.
  static std::unique_ptr<Tables> open_over_unread(const std::filesystem::path& file, std::vector<std::string>& notes);
  /// What is there, to be read once from a disk that takes no write; null when it cannot be read.
  static std::unique_ptr<Tables> open_to_read(const std::filesystem::path& file);
  /// Nowhere: for the time until the disk can be used again.
  static std::unique_ptr<Tables> in_memory();

  enum class Sync { full, normal };
  /// What the following transactions cost: `full` is on the disk when they return.
  void sync(Sync wanted);

  // State and outbox.
  SavedState load_state();
  std::vector<OutboxRow> load_pending();
  std::vector<OpenedKey> load_opened();
  std::int64_t last_seq();
  /// Sinks with the incidents whose page they have refused for good, and of which nothing stands open there.
  std::vector<std::pair<std::string, std::string>> load_refused();
  /// Of all that was ever told and is still kept; "" when nothing is.
  std::string newest_event();
  void save_state(const SavedState& changed);
  void replace_state(const SavedState& all);
  void insert(const OutboxRow& row);  ///< skipped when event and sink are already there
  void upsert(const OutboxRow& row);  ///< inserts it, or writes how its delivery stands
  void apply_mark(const OutboxRow& row);
  void replace_opened(const std::vector<OpenedKey>& all);
  /// Of this incident at this sink.
  void replace_opened(const std::string& sink, const std::string& incident, const std::vector<OpenedKey>& keys);
  std::vector<OutboxRow> deliveries(const std::string& incident_id, std::size_t limit);

  // Incidents.
  bool has_incidents();  ///< not in a file of version 2 that is only read
  void upsert(const IncidentRow& row);
  std::optional<IncidentRow> incident(const std::string& id);
  std::vector<IncidentRow> incidents(const IncidentSearch& search);  ///< newest first

  // Recorder.
  void record(const SweepRecord& sweep);
  void forget_cache();  ///< after a transaction that did not happen
  std::vector<SweepRecord> sweep_reads(const std::string& target, const std::vector<std::uint64_t>& sweeps);
  ReadPage read_page(const ReadQuery& query);
  RecentSweeps recent(const RecentQuery& query);

  // Snapshots.
  std::deque<SnapshotRow> load_snapshots();  ///< oldest first
  void insert(const SnapshotRow& row);
  void remove_snapshot(const std::string& id);

  // History. Hours are kept for 35 days, days and spells for 400.
  void add_hour(const TargetRollup& counted);                   ///< to the hour, and to its day
  std::vector<TargetRollup> rollups(const RollupQuery& query);  ///< by target and time
  /// Those that touch the span, of this target ("" is all).
  std::vector<Spell> spells(const std::string& target, Span span);
  bool drop_history(WallTime now);  ///< what is too old; false when nothing was

  // Retention. Each call takes at most a bounded number of sweeps, so that a commit never waits for long.
  struct Taken {
    std::int64_t sweeps = 0;
    bool more = false;
  };
  Taken drop_sweeps_before(WallTime cutoff, const std::vector<SweepKey>& pins);
  Taken drop_oldest_sweeps(const std::vector<SweepKey>& pins);
  void drop_unused_texts(const std::vector<SweepKey>& pins);
  void drop_outbox_before(WallTime cutoff);
  /// Resolved ones: those of before, and what is too many. False when nothing was there to drop.
  bool drop_incidents(WallTime cutoff, std::int64_t most);
  /// Some of the resolved ones, but for the newest. False when there are no more than those.
  bool drop_oldest_incidents(std::int64_t but);
  void shrink();          ///< gives freed pages back to the file system
  void checkpoint();      ///< empties the log into the database, and the cache
  std::uint64_t bytes();  ///< pages in use and the log; freed pages do not count

  Sqlite& db() { return db_; }

 private:
  explicit Tables(const std::filesystem::path& file, Sqlite::Access access = Sqlite::Access::write);
  void prepare_schema();
  void drop_cache();
  std::int64_t name_id(const std::string& name);
  void add_rollup(Step step, std::int64_t target, const Rollup& counted);
  void upsert(const Spell& spell);
  std::set<std::int64_t> pinned_ids(const std::vector<SweepKey>& pins);
  Taken drop(std::vector<std::int64_t> ids, bool more);
  std::filesystem::path file_;
  Sqlite db_;
  std::optional<Sync> sync_;
  Texts texts_{db_};
  std::unordered_map<std::string, std::int64_t> names_;
  /// The newest sweep of each target, which is what `latest` means, however old it is. Once it was asked for.
  std::optional<std::unordered_map<std::int64_t, std::int64_t>> newest_;
  std::int64_t current_sweep_ = 0;  ///< the newest row, once there was one to write
};

/// `2026-11-23T03:11:58Z` as `20261123T031158Z`, for file names.
std::string compact_stamp(WallTime t);

}  // namespace readback
