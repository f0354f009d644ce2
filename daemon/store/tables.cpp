// Opening the file: what is found there is judged before anything is written, and what cannot be used is set aside. The
// statements stand in tables_outbox, tables_index, tables_recorder and tables_history.
#include "daemon/store/tables.hpp"

#include <algorithm>
#include <stdexcept>

#include "core/text/time.hpp"
#include "daemon/runtime/clock.hpp"

namespace readback {
namespace {

constexpr int readable_from = 2;  // as it is, where nothing can be written; what it has no table for is not there

std::filesystem::path beside(const std::filesystem::path& file, std::string_view suffix) {
  return std::filesystem::path(file.string() + std::string(suffix));
}

/// A file shorter than its own header says was cut; SQLite would only find out when it reads there.
bool is_cut(Sqlite& db, const std::filesystem::path& file) {
  std::error_code ec;
  const auto size = std::filesystem::file_size(file, ec);
  if (ec) return false;
  std::error_code no_wal;
  if (std::filesystem::file_size(beside(file, "-wal"), no_wal) > 0 && !no_wal)
    return false;  // the log may hold the rest
  return static_cast<std::int64_t>(size) < db.number("PRAGMA page_count") * db.number("PRAGMA page_size");
}

std::string set_aside(const std::filesystem::path& file, const std::string& kind, const std::string& why) {
  const auto moved_at = now().wall;
  std::string tail = "." + kind + "-" + compact_stamp(moved_at);
  for (int n = 2; std::filesystem::exists(beside(file, tail)); ++n)
    tail = "." + kind + "-" + compact_stamp(moved_at) + "-" + std::to_string(n);
  // The database last: if we are killed in between, it is still found damaged at the next start, and moved then.
  for (const char* part : {"-wal", "-shm", ""}) {
    std::error_code ec;
    const auto from = beside(file, part);
    if (std::filesystem::exists(from, ec)) std::filesystem::rename(from, beside(file, tail + part));
  }
  return file.string() + ": " + why + "; set aside as " + beside(file, tail).filename().string() +
         ", started with an empty store (incidents and undelivered alerts of before are in that file)";
}

}  // namespace

std::string compact_stamp(WallTime t) {
  std::string text = to_rfc3339(t).substr(0, 19) + "Z";
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  return text;
}

std::unique_ptr<Tables> Tables::open(const std::filesystem::path& file, std::vector<std::string>& notes) {
  for (int round = 0;; ++round) {
    std::string kind, why;
    try {
      std::unique_ptr<Tables> tables(new Tables(file));
      const auto version = tables->db_.number("PRAGMA user_version");
      if (version > store_version) {
        kind = "newer";
        why = "it was written by a newer version (store " + std::to_string(version) + ", this program knows " +
              std::to_string(store_version) + ")";
      } else if (is_cut(tables->db_, file)) {
        kind = "damaged";
        why = "it is truncated";
      } else {
        // The small tables are checked whole; the recorder's are large, and damage there shows when it is read.
        for (const char* check : {version == 1 ? "PRAGMA quick_check('state')" : "PRAGMA quick_check('engine')",
                                  "PRAGMA quick_check('outbox')", "PRAGMA quick_check('opened')"}) {
          if (version == 0) break;
          Statement s = tables->db_.prepare(check);
          if (s.step() && s.text(0) != "ok") {
            kind = "damaged";
            why = "it is damaged (" + s.text(0).substr(0, 200) + ")";
            break;
          }
        }
        if (kind.empty()) {
          tables->prepare_schema();
          tables->drop_cache();  // of the checks above
          return tables;
        }
      }
    } catch (const SqliteError& e) {
      if (!e.is_damage() || round > 2) throw;
      kind = "damaged";
      why = "it is damaged (" + std::string(e.what()) + ")";
    }
    if (round > 2) throw std::runtime_error(why);
    notes.push_back(set_aside(file, kind, why));
  }
}

std::unique_ptr<Tables> Tables::open_anew(const std::filesystem::path& file, std::vector<std::string>& notes) {
  notes.push_back(set_aside(file, "damaged", "it was found damaged while in use"));
  return open(file, notes);
}

std::unique_ptr<Tables> Tables::open_over_unread(const std::filesystem::path& file, std::vector<std::string>& notes) {
  notes.push_back(set_aside(file, "unread", "it could not be read at the start"));
  return open(file, notes);
}

std::unique_ptr<Tables> Tables::open_to_read(const std::filesystem::path& file) {
  std::error_code no_log;
  const bool has_log = std::filesystem::file_size(beside(file, "-wal"), no_log) > 0 && !no_log;
  for (const auto access : {Sqlite::Access::alone, Sqlite::Access::read, Sqlite::Access::still}) {
    if (access == Sqlite::Access::still && has_log) continue;  // the newest commits are in the log
    try {
      std::unique_ptr<Tables> tables(new Tables(file, access));
      const auto version = tables->db_.number("PRAGMA user_version");
      if (version >= readable_from && version <= store_version) return tables;
    } catch (const SqliteError&) {
      // The next way asks less of the disk.
    }
  }
  return nullptr;
}

std::unique_ptr<Tables> Tables::in_memory() {
  std::unique_ptr<Tables> tables(new Tables(":memory:"));
  tables->prepare_schema();
  return tables;
}

Tables::Tables(const std::filesystem::path& file, Sqlite::Access access) : file_(file), db_(file.string(), access) {
  if (access != Sqlite::Access::write) return;
  // Both count only before the first table. Of a sweep's row of 1 KB, pages of 4 KB would leave a tenth and more
  // unused.
  db_.exec("PRAGMA page_size=8192");
  db_.exec("PRAGMA auto_vacuum=INCREMENTAL");
  db_.exec("PRAGMA journal_mode=WAL");
  db_.exec("PRAGMA wal_autocheckpoint=0");  // we choose the moment: a page does not wait for a checkpoint
  db_.exec("PRAGMA journal_size_limit=4194304");
  db_.exec("PRAGMA cache_size=-1024");
  db_.exec("PRAGMA temp_store=MEMORY");
}

/// Sweeps of all targets have numbers and times that grow alike, which therefore stand first in their indexes: a batch
/// then changes one page of each and not one a target. Stores of before version 4 have `target, number`, `at` alone,
/// and AUTOINCREMENT; that costs them more, and is left: to make it anew would take minutes.
void Tables::prepare_schema() {
  sync(Sync::full);
  Transaction t(db_);
  db_.exec(R"sql(
    CREATE TABLE IF NOT EXISTS meta(key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS engine(part TEXT PRIMARY KEY, text BLOB NOT NULL);
    CREATE TABLE IF NOT EXISTS outbox(
      seq INTEGER PRIMARY KEY, event_id TEXT NOT NULL, sink TEXT NOT NULL, incident TEXT NOT NULL, target TEXT NOT NULL,
      kind TEXT NOT NULL, key TEXT NOT NULL, body BLOB NOT NULL, minimal_body BLOB NOT NULL, content_type TEXT NOT NULL,
      created INTEGER NOT NULL, mark INTEGER NOT NULL, opened_body BLOB NOT NULL, state INTEGER NOT NULL,
      next_attempt INTEGER NOT NULL, attempts INTEGER NOT NULL, minimal INTEGER NOT NULL, last_status INTEGER NOT NULL,
      last_detail TEXT NOT NULL, done_at INTEGER, done_by TEXT NOT NULL, UNIQUE(event_id, sink));
    CREATE INDEX IF NOT EXISTS outbox_pending ON outbox(seq) WHERE state=0;
    CREATE INDEX IF NOT EXISTS outbox_incident ON outbox(incident);
    CREATE TABLE IF NOT EXISTS opened(
      sink TEXT NOT NULL, incident TEXT NOT NULL, key TEXT NOT NULL, target TEXT NOT NULL, body BLOB NOT NULL,
      opened_at INTEGER NOT NULL, closed_at INTEGER, PRIMARY KEY(sink, incident, key)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS incidents(
      id TEXT PRIMARY KEY, target TEXT NOT NULL, boundary TEXT NOT NULL, opened_at INTEGER NOT NULL,
      resolved_at INTEGER, packed BLOB NOT NULL);
    CREATE INDEX IF NOT EXISTS incidents_opened ON incidents(opened_at);
    CREATE INDEX IF NOT EXISTS incidents_resolved ON incidents(resolved_at);
    CREATE TABLE IF NOT EXISTS names(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
    CREATE TABLE IF NOT EXISTS sweeps(id INTEGER PRIMARY KEY, target INTEGER NOT NULL, number INTEGER NOT NULL,
      at INTEGER NOT NULL, data BLOB NOT NULL);
    CREATE INDEX IF NOT EXISTS sweeps_number ON sweeps(number, target);
    CREATE INDEX IF NOT EXISTS sweeps_at ON sweeps(at, target);
    CREATE TABLE IF NOT EXISTS texts(id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, packed BLOB NOT NULL);
    CREATE TABLE IF NOT EXISTS uses(id INTEGER PRIMARY KEY, until INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS snapshots(
      id TEXT PRIMARY KEY, incident TEXT NOT NULL, target TEXT NOT NULL, reason TEXT NOT NULL, boundary TEXT NOT NULL,
      extent TEXT NOT NULL, path TEXT NOT NULL, sha256 TEXT NOT NULL, previous TEXT NOT NULL, size INTEGER NOT NULL,
      created INTEGER NOT NULL, sealed INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS rollups(step INTEGER NOT NULL, at INTEGER NOT NULL, target INTEGER NOT NULL,
      packed BLOB NOT NULL, PRIMARY KEY(step, at, target)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS spells(id TEXT PRIMARY KEY, target TEXT NOT NULL, boundary TEXT NOT NULL,
      begin INTEGER NOT NULL, ended INTEGER, follows INTEGER NOT NULL) WITHOUT ROWID;
  )sql");
  if (db_.number("PRAGMA user_version") == 1) {  // one text for everything, which the engine still reads
    db_.exec("INSERT INTO engine(part,text) SELECT '',text FROM state");
    db_.exec("DROP TABLE state");
  }
  db_.exec("PRAGMA user_version=" + std::to_string(store_version));
  db_.exec("INSERT OR REPLACE INTO meta VALUES('version','" + std::to_string(store_version) + "')");
  t.commit();
}

void Tables::sync(Sync wanted) {
  if (sync_ == wanted) return;
  db_.exec(wanted == Sync::full ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
  sync_ = wanted;
}

void Tables::shrink() {
  Statement s = db_.prepare("PRAGMA incremental_vacuum");
  s.run();
}

void Tables::checkpoint() {
  Statement s = db_.prepare("PRAGMA wal_checkpoint(TRUNCATE)");
  s.run();
  drop_cache();
}

/// What is written next needs the last page of each table; the cache is full of what retention has looked at.
void Tables::drop_cache() { db_.exec("PRAGMA shrink_memory"); }

std::uint64_t Tables::bytes() {
  const auto pages = db_.number("PRAGMA page_count") - db_.number("PRAGMA freelist_count");
  std::error_code ec;
  const auto log = std::filesystem::file_size(beside(file_, "-wal"), ec);
  return static_cast<std::uint64_t>(pages * db_.number("PRAGMA page_size")) + (ec ? 0 : log);
}

}  // namespace readback
