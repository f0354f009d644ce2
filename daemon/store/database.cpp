// How the store comes through trouble with its disk: what was not written is remembered, tried again, and written
// whole before anything newer.
#include "daemon/store/database.hpp"

#include <algorithm>

#include "daemon/store/fault_point.hpp"

namespace readback {
namespace {

constexpr auto retry_wait = std::chrono::seconds(2);  // between attempts to write again after trouble
constexpr auto at_once = std::chrono::seconds(0);
constexpr std::size_t most_unsaved_incidents = 500;  // in memory, while the disk takes none
constexpr std::uint64_t checkpoint_from = std::uint64_t{4} << 20;

}  // namespace

Result<void> Database::open(bool worked_before) {
  try {
    tables_ = Tables::open(file(), board_.notes);
    board_.mirror.load(*tables_);
    bytes_ = tables_->bytes();
  } catch (const std::exception& e) {
    if (!worked_before)
      return Failure{"store: cannot open " + file().string() + ": " + e.what() +
                     "; check the disk and the permissions of store.path"};
    start_in_memory(e.what());
  }
  return {};
}

/// The disk has failed under a store that worked before: what it still shows is read, and the watch goes on.
void Database::start_in_memory(const std::string& why) {
  board_.mirror = {};
  unread_ = true;
  std::vector<IncidentRow> newest;
  try {
    if (const auto shown = Tables::open_to_read(file())) {
      board_.mirror.load(*shown);
      IncidentSearch search;
      search.limit = most_unsaved_incidents;
      if (shown->has_incidents()) newest = shown->incidents(search);
      unread_ = false;
    }
  } catch (const SqliteError&) {
    board_.mirror = {};
  }
  tables_ = Tables::in_memory();
  for (const auto& row : newest) tables_->upsert(row);
  nowhere_ = true;
  fail("cannot write " + file().string() + ": " + why + "; alerts go on from memory" +
           (unread_ ? ", and what was known before could not be read" : ""),
       retry_wait);
}

void Database::close() {
  try {
    if (failing_) resync();
    tables_->checkpoint();
  } catch (const SqliteError&) {
    // The log stays beside the database and is read at the next start.
  }
}

void Database::fail(const std::string& trouble, Clock::duration retry) {
  failing_ = true;
  next_try_ = Clock::now() + retry;
  board_.set_trouble(trouble);
}

Result<void> Database::write(Tables::Sync sync, const std::function<void(Tables&)>& work) {
  for (int round = 0;; ++round) {
    try {
      if (nowhere_) reopen();
      if (failing_) resync();
      tables_->sync(sync);
      Transaction t(tables_->db());
      work(*tables_);
      t.commit();
      return {};
    } catch (const SqliteError& e) {
      tables_->forget_cache();
      if (e.is_damage() && round == 0) {
        start_anew();
        continue;
      }
      const std::string trouble = "cannot write " + file().string() + ": " + e.what();
      fail(trouble + "; alerts go on from memory", retry_wait);
      return Failure{trouble};
    }
  }
}

bool Database::was_written(std::uint64_t change) {
  const std::lock_guard lock(board_.mutex);
  return board_.mirror.was_written(change);
}

Result<void> Database::commit(const Commit& what, std::uint64_t change) {
  auto written = write(Tables::Sync::full, [&](Tables& tables) {
    if (!was_written(change)) {
      tables.save_state(what.state);
      for (const auto& row : what.rows) tables.insert(row);
      for (const auto& row : what.incidents) tables.upsert(row);
    }
    fault_point("in_commit");
  });
  if (!written) {
    for (const auto& row : what.rows) remember(row);
    for (const auto& row : what.incidents) remember(row);
  }
  const std::lock_guard lock(board_.mutex);
  board_.mirror.settled(change);
  return written;
}

void Database::replace_opened(const std::vector<OpenedThere>& changed, std::uint64_t change) {
  // What could not be written is written again whole, as memory has it.
  (void)write(Tables::Sync::normal, [&](Tables& tables) {
    if (was_written(change)) return;
    for (const auto& there : changed) tables.replace_opened(there.sink, there.incident_id, there.keys);
  });
}

Result<void> Database::mark(const OutboxRow& row, const OpenedThere* opened, std::uint64_t change) {
  auto written = write(Tables::Sync::normal, [&](Tables& tables) {
    tables.upsert(row);
    if (opened && !was_written(change)) tables.replace_opened(opened->sink, opened->incident_id, opened->keys);
  });
  if (!written) remember(row);
  return written;
}

void Database::tolerate(const std::function<void()>& question) {
  try {
    question();
  } catch (const SqliteError& e) {
    if (e.is_damage()) start_anew();
    fail("cannot read " + file().string() + ": " + e.what(), at_once);
  }
}

bool Database::clean_up(const std::function<void(Tables&)>& step) {
  try {
    step(*tables_);
    bytes_ = tables_->bytes();
    return true;
  } catch (const SqliteError& e) {
    fail("cannot clean up " + file().string() + ": " + e.what(), retry_wait);
    return false;
  }
}

/// Writes all that memory knows and the disk may not.
void Database::resync() {
  SavedState state;
  std::vector<OpenedKey> opened;
  std::map<std::uint64_t, Mirror::Coming> coming;
  std::uint64_t until = 0;
  {
    const std::lock_guard lock(board_.mutex);
    until = board_.mirror.changes();
    state = board_.mirror.state();
    opened = board_.mirror.opened();
    coming = board_.mirror.coming();
  }
  tables_->sync(Tables::Sync::full);
  Transaction t(tables_->db());
  tables_->replace_state(state);
  for (const auto& [seq, row] : unsaved_) tables_->upsert(row);
  for (const auto& [number, commit] : coming)
    for (const auto& row : commit.rows) tables_->insert(row);
  tables_->replace_opened(opened);
  for (const auto& row : unsaved_snapshots_) tables_->insert(row);
  for (const auto& row : unsaved_incidents_) tables_->upsert(row);
  for (const auto& [number, commit] : coming)
    for (const auto& row : commit.incidents) tables_->upsert(row);
  t.commit();
  unsaved_.clear();
  unsaved_snapshots_.clear();
  unsaved_incidents_.clear();
  failing_ = false;
  const std::lock_guard lock(board_.mutex);
  board_.mirror.wrote_all(until);
  board_.trouble.clear();
}

/// The file turned out to be damaged while we used it: set it aside. What memory has goes into a new one with the next
/// write; until a new one can be made, there is none.
void Database::start_anew() {
  tables_.reset();
  std::vector<std::string> found;
  try {
    tables_ = Tables::open_anew(file(), found);
  } catch (const std::exception&) {
    tables_ = Tables::in_memory();
    nowhere_ = true;
  }
  failing_ = true;
  const std::lock_guard lock(board_.mutex);
  for (auto& note : found) board_.notes.push_back(std::move(note));
  for (const auto& [seq, row] : board_.mirror.pending()) unsaved_.emplace(seq, row);
  unsaved_snapshots_ = board_.mirror.snapshots();
}

void Database::reopen() {
  std::vector<std::string> found;
  try {
    tables_ = unread_ ? Tables::open_over_unread(file(), found) : Tables::open(file(), found);
    nowhere_ = unread_ = false;
  } catch (const SqliteError&) {
    throw;
  } catch (const std::exception& e) {
    throw SqliteError(0, e.what());
  }
  const std::lock_guard lock(board_.mutex);
  for (auto& note : found) board_.notes.push_back(std::move(note));
}

void Database::remember(const IncidentRow& row) {
  std::erase_if(unsaved_incidents_, [&](const IncidentRow& known) { return known.id == row.id; });
  if (unsaved_incidents_.size() >= most_unsaved_incidents) unsaved_incidents_.pop_front();
  unsaved_incidents_.push_back(row);
}

std::optional<IncidentRow> Database::incident(const std::string& id) {
  for (const auto& row : unsaved_incidents_)
    if (row.id == id) return row;
  return read<std::optional<IncidentRow>>([&](Tables& t) { return t.incident(id); });
}

std::vector<IncidentRow> Database::incidents(const IncidentSearch& search) {
  auto all = read<std::vector<IncidentRow>>([&](Tables& t) { return t.incidents(search); });
  if (unsaved_incidents_.empty()) return all;
  for (const auto& row : unsaved_incidents_) {
    std::erase_if(all, [&](const IncidentRow& known) { return known.id == row.id; });
    if (matches(row, search)) all.push_back(row);
  }
  std::sort(all.begin(), all.end(), is_newer);
  if (all.size() > search.limit) all.resize(search.limit);
  return all;
}

void Database::after_writing() {
  try {
    bytes_ = tables_->bytes();
    std::error_code no_log;
    const auto log = std::filesystem::file_size(file().string() + "-wal", no_log);
    if (!no_log && log > checkpoint_from) tables_->checkpoint();
  } catch (const SqliteError&) {
    // A checkpoint that fails is tried again after the next batch; the writes themselves are in the log.
  }
}

}  // namespace readback
