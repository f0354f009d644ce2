#include "daemon/store/tables.hpp"

#include <zstd.h>

#include <algorithm>
#include <stdexcept>

#include "core/text/encoding.hpp"
#include "core/text/time.hpp"
#include "daemon/store/fault_point.hpp"

namespace readback {
namespace {

constexpr std::int64_t chunk = 2000;       // sweeps a retention step: some 10 ms
constexpr std::size_t cache_limit = 8192;  // digests kept in memory: 0.6 MiB
constexpr int readable_from = 2;  // as it is, where nothing can be written; what it has no table for is not there
constexpr std::size_t large_text = 4096;
constexpr std::int64_t small_text_slack = 64;
constexpr std::size_t pack_from = 64;  // zstd gains nothing below

std::int64_t ms(WallTime t) { return t.time_since_epoch().count(); }
WallTime from_ms(std::int64_t v) { return WallTime(Millis(v)); }

/// First byte: 'r' as it is, 'z' a zstd frame that knows its size.
std::string compress(std::string_view text) {
  if (text.size() >= pack_from) {
    std::string packed(ZSTD_compressBound(text.size()) + 1, '\0');
    const auto size = ZSTD_compress(packed.data() + 1, packed.size() - 1, text.data(), text.size(), 3);
    if (!ZSTD_isError(size) && size < text.size()) {
      packed.resize(size + 1);
      packed[0] = 'z';
      return packed;
    }
  }
  return 'r' + std::string(text);
}

std::string expand(std::string_view packed) {
  if (packed.empty()) return {};
  if (packed[0] == 'r') return std::string(packed.substr(1));
  packed.remove_prefix(1);
  const auto size = ZSTD_getFrameContentSize(packed.data(), packed.size());
  if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN || size > (std::uint64_t{64} << 20)) return {};
  std::string text(size, '\0');
  const auto done = ZSTD_decompress(text.data(), text.size(), packed.data(), packed.size());
  return ZSTD_isError(done) ? std::string() : text;
}

constexpr const char* outbox_columns =
    "SELECT seq,event_id,sink,incident,target,kind,key,body,minimal_body,content_type,created,mark,opened_body,state,"
    "next_attempt,attempts,minimal,last_status,last_detail,done_at,done_by FROM outbox ";

OutboxRow outbox_row(Statement& s) {
  OutboxRow r;
  r.seq = s.integer(0);
  r.event_id = s.text(1);
  r.sink = s.text(2);
  r.incident_id = s.text(3);
  r.target = s.text(4);
  r.kind = parse_event_kind(s.text(5)).value_or(EventKind::test);
  r.key = s.text(6);
  r.body = s.text(7);
  r.minimal_body = s.text(8);
  r.content_type = s.text(9);
  r.created = from_ms(s.integer(10));
  r.mark = static_cast<OutboxRow::Mark>(s.integer(11));
  r.opened_body = s.text(12);
  r.state = static_cast<OutboxState>(s.integer(13));
  r.next_attempt = from_ms(s.integer(14));
  r.attempts = static_cast<int>(s.integer(15));
  r.minimal = s.integer(16) != 0;
  r.last_status = static_cast<int>(s.integer(17));
  r.last_detail = s.text(18);
  if (!s.is_null(19)) r.done_at = from_ms(s.integer(19));
  r.done_by = s.text(20);
  return r;
}

void bind_row(Statement& s, const OutboxRow& r) {
  s.bind(1, r.seq)
      .bind(2, r.event_id)
      .bind(3, r.sink)
      .bind(4, r.incident_id)
      .bind(5, r.target)
      .bind(6, to_string(r.kind));
  s.bind(7, r.key).bind_blob(8, r.body).bind_blob(9, r.minimal_body).bind(10, r.content_type).bind(11, ms(r.created));
  s.bind(12, static_cast<std::int64_t>(r.mark))
      .bind_blob(13, r.opened_body)
      .bind(14, static_cast<std::int64_t>(r.state));
  s.bind(15, ms(r.next_attempt)).bind(16, std::int64_t{r.attempts}).bind(17, std::int64_t{r.minimal});
  s.bind(18, std::int64_t{r.last_status}).bind(19, r.last_detail);
  if (r.done_at) s.bind(20, ms(*r.done_at));
  s.bind(21, r.done_by);
}

#define READBACK_OUTBOX_INSERT                                                                                 \
  "INSERT INTO "                                                                                               \
  "outbox(seq,event_id,sink,incident,target,kind,key,body,minimal_body,content_type,created,mark,opened_body," \
  "state,next_attempt,attempts,minimal,last_status,last_detail,done_at,done_by) "                              \
  "VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,?21) "

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
  const auto now = std::chrono::floor<Millis>(std::chrono::system_clock::now());
  std::string tail = "." + kind + "-" + compact_stamp(now);
  for (int n = 2; std::filesystem::exists(beside(file, tail)); ++n)
    tail = "." + kind + "-" + compact_stamp(now) + "-" + std::to_string(n);
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
  db_.exec("PRAGMA auto_vacuum=INCREMENTAL");  // counts only before the first table
  db_.exec("PRAGMA journal_mode=WAL");
  db_.exec("PRAGMA wal_autocheckpoint=0");  // we choose the moment: a page does not wait for a checkpoint
  db_.exec("PRAGMA journal_size_limit=4194304");
  db_.exec("PRAGMA cache_size=-1024");
  db_.exec("PRAGMA temp_store=MEMORY");
}

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
    CREATE TABLE IF NOT EXISTS sweeps(id INTEGER PRIMARY KEY AUTOINCREMENT, target INTEGER NOT NULL, number INTEGER NOT NULL,
      at INTEGER NOT NULL, data BLOB NOT NULL);
    CREATE INDEX IF NOT EXISTS sweeps_number ON sweeps(target, number);
    CREATE INDEX IF NOT EXISTS sweeps_at ON sweeps(at);
    CREATE TABLE IF NOT EXISTS texts(id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, packed BLOB NOT NULL);
    CREATE TABLE IF NOT EXISTS uses(id INTEGER PRIMARY KEY, until INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS snapshots(
      id TEXT PRIMARY KEY, incident TEXT NOT NULL, target TEXT NOT NULL, reason TEXT NOT NULL, boundary TEXT NOT NULL,
      extent TEXT NOT NULL, path TEXT NOT NULL, sha256 TEXT NOT NULL, previous TEXT NOT NULL, size INTEGER NOT NULL,
      created INTEGER NOT NULL, sealed INTEGER NOT NULL) WITHOUT ROWID;
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

// ---- state and outbox

SavedState Tables::load_state() {
  SavedState all;
  for (Statement s = db_.prepare("SELECT part,text FROM engine"); s.step();) all[s.text(0)] = s.text(1);
  return all;
}

void Tables::save_state(const SavedState& changed) {
  for (const auto& [part, text] : changed) {
    if (text.empty())
      db_.prepare("DELETE FROM engine WHERE part=?1").bind(1, part).run();
    else
      db_.prepare("INSERT INTO engine(part,text) VALUES(?1,?2) ON CONFLICT(part) DO UPDATE SET text=excluded.text")
          .bind(1, part)
          .bind_blob(2, text)
          .run();
  }
}

void Tables::replace_state(const SavedState& all) {
  db_.exec("DELETE FROM engine");
  save_state(all);
}

std::vector<OutboxRow> Tables::load_pending() {
  static const std::string sql = std::string(outbox_columns) + "WHERE state=0 ORDER BY seq";
  Statement s = db_.prepare(sql.c_str());
  std::vector<OutboxRow> all;
  while (s.step()) all.push_back(outbox_row(s));
  return all;
}

std::int64_t Tables::last_seq() { return db_.number("SELECT max(seq) FROM outbox"); }

void Tables::insert(const OutboxRow& row) {
  {
    Statement s = db_.prepare(READBACK_OUTBOX_INSERT "ON CONFLICT DO NOTHING");
    bind_row(s, row);
    s.run();
    if (db_.changes() == 0) return;
  }
  apply_mark(row);
}

void Tables::upsert(const OutboxRow& row) {
  Statement s = db_.prepare(READBACK_OUTBOX_INSERT
                            "ON CONFLICT DO UPDATE SET state=excluded.state,next_attempt=excluded.next_attempt,"
                            "attempts=excluded.attempts,minimal=excluded.minimal,last_status=excluded.last_status,"
                            "last_detail=excluded.last_detail,done_at=excluded.done_at,done_by=excluded.done_by");
  bind_row(s, row);
  s.run();
}

void Tables::apply_mark(const OutboxRow& row) {
  switch (row.mark) {
    case OutboxRow::Mark::none: return;
    case OutboxRow::Mark::open: {
      // Another key of the same incident at this sink (alertmanager: the severity is part of the labels) ends here.
      Statement close =
          db_.prepare("UPDATE opened SET closed_at=?3 WHERE sink=?1 AND incident=?2 AND key<>?4 AND closed_at IS NULL");
      close.bind(1, row.sink).bind(2, row.incident_id).bind(3, ms(row.created)).bind(4, row.key).run();
      Statement open = db_.prepare(
          "INSERT INTO opened(sink,incident,key,target,body,opened_at) VALUES(?1,?2,?3,?4,?5,?6) "
          "ON CONFLICT DO UPDATE SET body=excluded.body, closed_at=NULL");
      open.bind(1, row.sink)
          .bind(2, row.incident_id)
          .bind(3, row.key)
          .bind(4, row.target)
          .bind_blob(5, row.opened_body);
      open.bind(6, ms(row.created)).run();
      return;
    }
    case OutboxRow::Mark::close: {
      Statement close =
          db_.prepare("UPDATE opened SET closed_at=?3 WHERE sink=?1 AND incident=?2 AND closed_at IS NULL");
      close.bind(1, row.sink).bind(2, row.incident_id).bind(3, ms(row.created)).run();
      return;
    }
  }
}

std::vector<OpenedKey> Tables::load_opened() {
  Statement s = db_.prepare("SELECT sink,incident,target,key,body,opened_at,closed_at FROM opened ORDER BY opened_at");
  std::vector<OpenedKey> all;
  while (s.step()) {
    OpenedKey k;
    k.sink = s.text(0), k.incident_id = s.text(1), k.target = s.text(2), k.key = s.text(3), k.body = s.text(4);
    k.opened_at = from_ms(s.integer(5));
    if (!s.is_null(6)) k.closed_at = from_ms(s.integer(6));
    all.push_back(std::move(k));
  }
  return all;
}

void Tables::replace_opened(const std::vector<OpenedKey>& all) {
  db_.exec("DELETE FROM opened");
  for (const auto& k : all) {
    Statement s = db_.prepare(
        "INSERT INTO opened(sink,incident,key,target,body,opened_at,closed_at) VALUES(?1,?2,?3,?4,?5,?6,?7)");
    s.bind(1, k.sink)
        .bind(2, k.incident_id)
        .bind(3, k.key)
        .bind(4, k.target)
        .bind_blob(5, k.body)
        .bind(6, ms(k.opened_at));
    if (k.closed_at) s.bind(7, ms(*k.closed_at));
    s.run();
  }
}

std::vector<OutboxRow> Tables::deliveries(const std::string& incident_id, std::size_t limit) {
  static const std::string sql = std::string(outbox_columns) + "WHERE ?1='' OR incident=?1 ORDER BY seq DESC LIMIT ?2";
  Statement s = db_.prepare(sql.c_str());
  s.bind(1, incident_id).bind(2, static_cast<std::int64_t>(limit));
  std::vector<OutboxRow> all;
  while (s.step()) all.push_back(outbox_row(s));
  std::reverse(all.begin(), all.end());
  return all;
}

// ---- incidents

namespace {

constexpr const char* incident_columns = "SELECT id,target,boundary,opened_at,resolved_at,packed FROM incidents ";

IncidentRow incident_row(Statement& s) {
  IncidentRow r;
  r.id = s.text(0), r.target = s.text(1), r.boundary = s.text(2);
  r.opened_at = from_ms(s.integer(3));
  if (!s.is_null(4)) r.resolved_at = from_ms(s.integer(4));
  r.text = expand(s.text(5));
  return r;
}

}  // namespace

bool Tables::has_incidents() { return db_.number("SELECT count(*) FROM sqlite_master WHERE name='incidents'") > 0; }

void Tables::upsert(const IncidentRow& r) {
  Statement s = db_.prepare(
      "INSERT INTO incidents(id,target,boundary,opened_at,resolved_at,packed) VALUES(?1,?2,?3,?4,?5,?6) "
      "ON CONFLICT(id) DO UPDATE SET target=excluded.target,boundary=excluded.boundary,opened_at=excluded.opened_at,"
      "resolved_at=excluded.resolved_at,packed=excluded.packed");
  s.bind(1, r.id).bind(2, r.target).bind(3, r.boundary).bind(4, ms(r.opened_at));
  if (r.resolved_at) s.bind(5, ms(*r.resolved_at));
  s.bind_blob(6, compress(r.text)).run();
}

std::optional<IncidentRow> Tables::incident(const std::string& id) {
  static const std::string sql = std::string(incident_columns) + "WHERE id=?1";
  Statement s = db_.prepare(sql.c_str());
  if (!s.bind(1, id).step()) return std::nullopt;
  return incident_row(s);
}

std::vector<IncidentRow> Tables::incidents(const IncidentSearch& search) {
  // `~` comes behind every character of an id.
  static const std::string sql = std::string(incident_columns) +
                                 "WHERE opened_at>=?1 AND (?2='' OR target=?2) AND (?3='' OR (id>=?3 AND id<?3||'~')) "
                                 "AND (?4=0 OR (?4=1)=(resolved_at IS NULL)) ORDER BY opened_at DESC, id DESC LIMIT ?5";
  Statement s = db_.prepare(sql.c_str());
  s.bind(1, ms(search.since)).bind(2, search.target).bind(3, search.begins);
  s.bind(4, static_cast<std::int64_t>(search.which)).bind(5, static_cast<std::int64_t>(search.limit));
  std::vector<IncidentRow> all;
  while (s.step()) all.push_back(incident_row(s));
  return all;
}

bool Tables::drop_incidents(WallTime cutoff, std::int64_t most) {
  db_.prepare("DELETE FROM incidents WHERE resolved_at<?1").bind(1, ms(cutoff)).run();
  const auto aged = db_.changes();
  db_.prepare(
         "DELETE FROM incidents WHERE id IN (SELECT id FROM incidents WHERE resolved_at IS NOT NULL "
         "ORDER BY resolved_at DESC LIMIT -1 OFFSET ?1)")
      .bind(1, most)
      .run();
  return aged + db_.changes() > 0;
}

bool Tables::drop_oldest_incidents() {
  db_.exec(
      "DELETE FROM incidents WHERE id IN (SELECT id FROM incidents WHERE resolved_at IS NOT NULL "
      "ORDER BY resolved_at LIMIT 100)");
  return db_.changes() > 0;
}

// ---- recorder

std::int64_t Tables::name_id(const std::string& name) {
  if (const auto found = names_.find(name); found != names_.end()) return found->second;
  db_.prepare("INSERT INTO names(name) VALUES(?1) ON CONFLICT DO NOTHING").bind(1, name).run();
  Statement s = db_.prepare("SELECT id FROM names WHERE name=?1");
  s.bind(1, name);
  const auto id = s.step() ? s.integer(0) : 0;
  names_.emplace(name, id);
  return id;
}

std::int64_t Tables::keep_text(std::string_view text) {
  const auto slack = text.size() >= large_text ? 0 : small_text_slack;
  auto digest = sha256(text);
  auto found = known_.find(digest);
  if (found == known_.end()) {
    Known known;
    {
      Statement s = db_.prepare("SELECT t.id, u.until FROM texts t JOIN uses u ON u.id=t.id WHERE t.digest=?1");
      if (s.bind_blob(1, digest).step()) known = {s.integer(0), s.integer(1)};
    }
    if (!known.id) {
      db_.prepare("INSERT INTO texts(digest,packed) VALUES(?1,?2)")
          .bind_blob(1, digest)
          .bind_blob(2, compress(text))
          .run();
      known = {db_.last_id(), current_sweep_ + slack};
      db_.prepare("INSERT OR REPLACE INTO uses(id,until) VALUES(?1,?2)").bind(1, known.id).bind(2, known.until).run();
    }
    if (known_.size() >= cache_limit) known_.clear();
    found = known_.emplace(std::move(digest), known).first;
  }
  if (found->second.until < current_sweep_) {
    found->second.until = current_sweep_ + slack;
    db_.prepare("UPDATE uses SET until=?2 WHERE id=?1").bind(1, found->second.id).bind(2, found->second.until).run();
  }
  return found->second.id;
}

std::string Tables::text_of(std::int64_t number) {
  Statement s = db_.prepare("SELECT packed FROM texts WHERE id=?1");
  return s.bind(1, number).step() ? expand(s.text(0)) : std::string();
}

void Tables::forget_cache() {
  known_.clear();
  names_.clear();
}

void Tables::record(const SweepRecord& sweep) {
  const auto target = name_id(sweep.target);
  current_sweep_ = std::max(current_sweep_, db_.number("SELECT seq FROM sqlite_sequence WHERE name='sweeps'")) + 1;
  const auto data = pack_sweep(sweep, *this);
  Statement s = db_.prepare("INSERT INTO sweeps(id,target,number,at,data) VALUES(?1,?2,?3,?4,?5)");
  s.bind(1, current_sweep_)
      .bind(2, target)
      .bind(3, static_cast<std::int64_t>(sweep.sweep))
      .bind(4, ms(sweep.at))
      .bind_blob(5, data);
  s.run();
}

/// Columns: target's name, number, time, data.
SweepRecord Tables::unpack(Statement& row) {
  SweepRecord sweep;
  sweep.target = row.text(0);
  sweep.sweep = static_cast<std::uint64_t>(row.integer(1));
  sweep.at = from_ms(row.integer(2));
  unpack_sweep(row.text(3), sweep, *this);
  return sweep;
}

std::vector<SweepRecord> Tables::sweep_reads(const std::string& target, const std::vector<std::uint64_t>& sweeps) {
  std::vector<SweepRecord> all;
  for (const auto number : sweeps) {
    Statement s = db_.prepare(
        "SELECT n.name, s.number, s.at, s.data FROM sweeps s JOIN names n ON n.id=s.target "
        "WHERE n.name=?1 AND s.number=?2 ORDER BY s.id DESC LIMIT 1");
    if (s.bind(1, target).bind(2, static_cast<std::int64_t>(number)).step()) all.push_back(unpack(s));
  }
  return all;
}

ReadPage Tables::read_page(const ReadQuery& query) {
  ReadPage page;
  // The first page finds its place by the index of times; the following ones by the number of the row.
  std::int64_t after = query.after;
  if (after == 0 && query.from > WallTime{}) {
    Statement first = db_.prepare("SELECT min(id) FROM (SELECT id FROM sweeps WHERE at>=?1 ORDER BY at LIMIT 5000)");
    if (!first.bind(1, ms(query.from)).step() || first.is_null(0)) return page;
    after = first.integer(0) - 1;
  }
  Statement s = db_.prepare(
      "SELECT n.name, s.number, s.at, s.data, s.id FROM sweeps s JOIN names n ON n.id=s.target "
      "WHERE s.id>?1 AND s.at>=?2 AND s.at<=?3 AND (?4='' OR n.name=?4) ORDER BY s.id LIMIT ?5");
  s.bind(1, after).bind(2, ms(query.from)).bind(3, ms(query.to)).bind(4, query.target);
  s.bind(5, static_cast<std::int64_t>(query.limit));
  std::int64_t last = after;
  std::size_t size = 0;
  while (s.step()) {
    last = s.integer(4);
    page.sweeps.push_back(unpack(s));
    for (const auto& read : page.sweeps.back().reads)
      if (const auto* http = std::get_if<HttpAnswer>(&read.raw.answer)) size += http->body.size();
    if (size > (std::size_t{8} << 20)) {  // a page of megabyte bodies is cut shorter: memory stays flat
      page.next = last;
      return page;
    }
  }
  if (page.sweeps.size() == query.limit) page.next = last;
  return page;
}

RecentSweeps Tables::recent(const std::string& target, WallTime from, WallTime to, std::size_t most_bytes) {
  constexpr std::size_t most_sweeps = 1800, beside_its_body = 400;
  RecentSweeps recent;
  Statement first = db_.prepare("SELECT min(id) FROM (SELECT id FROM sweeps WHERE at>=?1 ORDER BY at LIMIT 5000)");
  if (!first.bind(1, ms(from)).step() || first.is_null(0)) return recent;
  Statement s = db_.prepare(
      "SELECT n.name, s.number, s.at, s.data FROM sweeps s JOIN names n ON n.id=s.target "
      "WHERE s.id>=?1 AND s.at>=?2 AND s.at<=?3 AND n.name=?4 ORDER BY s.id DESC");
  s.bind(1, first.integer(0)).bind(2, ms(from)).bind(3, ms(to)).bind(4, target);
  std::size_t size = 0;
  while (s.step()) {
    if (recent.sweeps.size() >= most_sweeps) {
      recent.cut = true;
      break;
    }
    auto sweep = unpack(s);
    for (const auto& read : sweep.reads) size += beside_its_body + said_bytes(read.raw);
    if (size > most_bytes && !recent.sweeps.empty()) {
      recent.cut = true;
      break;
    }
    recent.sweeps.push_back(std::move(sweep));
  }
  std::reverse(recent.sweeps.begin(), recent.sweeps.end());
  return recent;
}

// ---- snapshots

std::vector<SnapshotRow> Tables::load_snapshots() {
  Statement s = db_.prepare(
      "SELECT id,incident,target,reason,boundary,extent,path,sha256,previous,size,created FROM snapshots ORDER BY "
      "sealed");
  std::vector<SnapshotRow> all;
  while (s.step()) {
    SnapshotRow r;
    r.id = s.text(0), r.incident_id = s.text(1), r.target = s.text(2), r.reason = s.text(3), r.boundary = s.text(4);
    r.extent = s.text(5), r.path = s.text(6), r.sha256 = s.text(7), r.previous = s.text(8);
    r.size = static_cast<std::uint64_t>(s.integer(9));
    r.at = from_ms(s.integer(10));
    all.push_back(std::move(r));
  }
  return all;
}

void Tables::insert(const SnapshotRow& r) {
  Statement s = db_.prepare(
      "INSERT OR REPLACE INTO "
      "snapshots(id,incident,target,reason,boundary,extent,path,sha256,previous,size,created,sealed) "
      "VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,(SELECT coalesce(max(sealed),0)+1 FROM snapshots))");
  s.bind(1, r.id).bind(2, r.incident_id).bind(3, r.target).bind(4, r.reason).bind(5, r.boundary).bind(6, r.extent);
  s.bind(7, r.path)
      .bind(8, r.sha256)
      .bind(9, r.previous)
      .bind(10, static_cast<std::int64_t>(r.size))
      .bind(11, ms(r.at));
  s.run();
}

void Tables::remove_snapshot(const std::string& id) {
  db_.prepare("DELETE FROM snapshots WHERE id=?1").bind(1, id).run();
}

// ---- retention

std::set<std::int64_t> Tables::pinned_ids(const std::vector<SweepKey>& pins) {
  std::set<std::int64_t> ids;
  for (const auto& pin : pins) {
    Statement s =
        db_.prepare("SELECT s.id FROM sweeps s JOIN names n ON n.id=s.target WHERE n.name=?1 AND s.number=?2");
    s.bind(1, pin.target).bind(2, static_cast<std::int64_t>(pin.sweep));
    while (s.step()) ids.insert(s.integer(0));
  }
  // The newest of each target is what `latest` means, however old it is.
  Statement newest = db_.prepare("SELECT max(id) FROM sweeps GROUP BY target");
  while (newest.step()) ids.insert(newest.integer(0));
  return ids;
}

Tables::Taken Tables::drop(std::vector<std::int64_t> ids, bool more) {
  Transaction t(db_);
  for (const auto id : ids) db_.prepare("DELETE FROM sweeps WHERE id=?1").bind(1, id).run();
  t.commit();
  return {static_cast<std::int64_t>(ids.size()), more};
}

Tables::Taken Tables::drop_sweeps_before(WallTime cutoff, const std::vector<SweepKey>& pins) {
  const auto pinned = pinned_ids(pins);
  std::vector<std::int64_t> ids;
  {
    Statement s = db_.prepare("SELECT id FROM sweeps WHERE at<?1 ORDER BY at LIMIT ?2");
    s.bind(1, ms(cutoff)).bind(2, chunk + static_cast<std::int64_t>(pinned.size()));
    while (s.step())
      if (!pinned.contains(s.integer(0))) ids.push_back(s.integer(0));
  }
  if (ids.empty()) return {};
  const bool more = static_cast<std::int64_t>(ids.size()) >= chunk;
  return drop(std::move(ids), more);
}

Tables::Taken Tables::drop_oldest_sweeps(const std::vector<SweepKey>& pins) {
  const auto pinned = pinned_ids(pins);
  // A tenth of what is there: few large sweeps go one by one, many small ones in chunks.
  const auto total = db_.number("SELECT max(id) FROM sweeps") - db_.number("SELECT min(id) FROM sweeps");
  const auto share = std::clamp<std::int64_t>(total / 10, 1, chunk);
  std::vector<std::int64_t> ids;
  {
    Statement s = db_.prepare("SELECT id FROM sweeps ORDER BY id LIMIT ?1");
    s.bind(1, share + static_cast<std::int64_t>(pinned.size()));
    while (s.step() && static_cast<std::int64_t>(ids.size()) < share)
      if (!pinned.contains(s.integer(0))) ids.push_back(s.integer(0));
  }
  if (ids.empty()) return {};
  return drop(std::move(ids), true);
}

void Tables::drop_unused_texts(const std::vector<SweepKey>& pins) {
  struct Collect final : TextUser {
    std::set<std::int64_t> ids;
    void used(std::int64_t number) override { ids.insert(number); }
  } needed;
  const auto pinned = pinned_ids(pins);
  std::int64_t oldest = current_sweep_ + 1;
  {
    Statement s = db_.prepare("SELECT id FROM sweeps ORDER BY id");
    while (s.step())
      if (!pinned.contains(s.integer(0))) {
        oldest = s.integer(0);
        break;
      }
  }
  for (const auto id : pinned) {
    Statement s = db_.prepare("SELECT data FROM sweeps WHERE id=?1");
    if (s.bind(1, id).step()) visit_texts(s.text(0), needed);
  }
  std::vector<std::int64_t> unused;
  {
    Statement s = db_.prepare("SELECT id FROM uses WHERE until<?1");
    s.bind(1, oldest);
    while (s.step())
      if (!needed.ids.contains(s.integer(0))) unused.push_back(s.integer(0));
  }
  if (unused.empty()) return;
  Transaction t(db_);
  for (const auto id : unused) {
    db_.prepare("DELETE FROM texts WHERE id=?1").bind(1, id).run();
    db_.prepare("DELETE FROM uses WHERE id=?1").bind(1, id).run();
  }
  t.commit();
  known_.clear();
}

void Tables::drop_outbox_before(WallTime cutoff) {
  Statement s = db_.prepare("DELETE FROM outbox WHERE state<>0 AND done_at<?1");
  s.bind(1, ms(cutoff)).run();
}

void Tables::shrink() {
  Statement s = db_.prepare("PRAGMA incremental_vacuum");
  s.run();
}

void Tables::checkpoint() {
  Statement s = db_.prepare("PRAGMA wal_checkpoint(TRUNCATE)");
  s.run();
}

std::uint64_t Tables::bytes() {
  const auto pages = db_.number("PRAGMA page_count") - db_.number("PRAGMA freelist_count");
  std::error_code ec;
  const auto log = std::filesystem::file_size(beside(file_, "-wal"), ec);
  return static_cast<std::uint64_t>(pages * db_.number("PRAGMA page_size")) + (ec ? 0 : log);
}

}  // namespace readback
