#pragma once
// The file under a disk that may fail. Every write and every question goes through here; what fails is flagged, kept,
// and made up for:
//
//   a write fails       what it brought is kept here, all later ones too, until one succeeds: that one is preceded by
//                       a transaction that writes everything the disk may not know
//   the file is damaged it is set aside, and a new one is written from memory
//   nothing can be      there are only tables in memory; they are left as soon as a file can be opened
//   opened
//
// Used by the store's thread only; before that thread starts, by who opens it.
#include <atomic>
#include <chrono>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/text/result.hpp"
#include "daemon/store/mirror.hpp"
#include "daemon/store/tables.hpp"

namespace readback {

class Database {
 public:
  using Clock = std::chrono::steady_clock;

  /// The board outlives this.
  Database(std::filesystem::path folder, Board& board) : folder_(std::move(folder)), board_(board) {}

  /// Opens or makes the file and fills the mirror. `worked_before`: then a disk that fails is no error, what it still
  /// shows is read, and all goes on from memory.
  Result<void> open(bool worked_before);
  /// Writes what waits, as far as it goes.
  void close();

  /// Runs one write as a transaction. An error is flagged on the board already; the caller has what could not be
  /// written remembered.
  Result<void> write(Tables::Sync sync, const std::function<void(Tables&)>& work);
  /// As above, for what the mirror has taken; `change` is what it called that. Not when it was written already with all
  /// that memory had: that is newer. What cannot be written is remembered.
  Result<void> commit(const Commit& what, std::uint64_t change);
  void replace_opened(const std::vector<OpenedThere>& changed, std::uint64_t change);
  /// `opened`: as it is after this row was found never to have been heard of.
  Result<void> mark(const OutboxRow& row, const OpenedThere* opened, std::uint64_t change);
  void remember(const OutboxRow& row) { unsaved_.insert_or_assign(row.seq, row); }
  void remember(const SnapshotRow& row) { unsaved_snapshots_.push_back(row); }
  void remember(const IncidentRow& row);

  /// Runs one question. Trouble gives an empty answer: evidence that cannot be read must not stop a page.
  template <class R>
  R read(const std::function<R(Tables&)>& ask) {
    R answer{};
    tolerate([&] { answer = ask(*tables_); });
    return answer;
  }
  std::optional<IncidentRow> incident(const std::string& id);
  std::vector<IncidentRow> incidents(const IncidentSearch& search);
  /// Runs a step of cleaning up. False when it failed, which is flagged.
  bool clean_up(const std::function<void(Tables&)>& step);

  bool failing() const { return failing_; }
  Clock::time_point next_try() const { return next_try_; }
  /// Counts anew what the file takes, and empties a log that has grown large.
  void after_writing();
  std::uint64_t bytes() const { return bytes_; }  ///< of the file with its log, when last counted; from any thread
  const std::filesystem::path& folder() const { return folder_; }

 private:
  std::filesystem::path file() const { return folder_ / "readback.db"; }
  void tolerate(const std::function<void()>& question);
  bool was_written(std::uint64_t change);
  void fail(const std::string& trouble, Clock::duration retry);
  void resync();
  void start_anew();
  void reopen();
  void start_in_memory(const std::string& why);

  std::filesystem::path folder_;
  Board& board_;
  std::unique_ptr<Tables> tables_;
  std::atomic<std::uint64_t> bytes_{0};

  bool failing_ = false;
  bool nowhere_ = false;  // `tables_` is in memory only, because no file could be opened
  bool unread_ = false;   // and what the file holds is not known: nothing may be written over it
  Clock::time_point next_try_{};
  std::map<std::int64_t, OutboxRow> unsaved_;  // newest version of each row that could not be written
  std::deque<SnapshotRow> unsaved_snapshots_;
  std::deque<IncidentRow> unsaved_incidents_;  // each id once, the newest last
};

}  // namespace readback
