// Every return code of SQLite is looked at in one place and thrown; statements are prepared once and reset by whoever
// used them.
#include "daemon/store/sqlite.hpp"

#include <sqlite3.h>

namespace readback {
namespace {

[[noreturn]] void fail(sqlite3* db, int code) {
  throw SqliteError(code & 0xff, db ? sqlite3_errmsg(db) : sqlite3_errstr(code));
}

/// The path as it stands in a URI.
std::string uri_path(const std::string& path) {
  std::string out;
  for (const char c : path) {
    if (c == '%' || c == '?' || c == '#') {
      constexpr const char* digits = "0123456789ABCDEF";
      out += '%';
      out += digits[static_cast<unsigned char>(c) >> 4];
      out += digits[static_cast<unsigned char>(c) & 15];
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

bool SqliteError::is_damage() const { return code == SQLITE_CORRUPT || code == SQLITE_NOTADB; }

Statement::~Statement() {
  if (!s_) return;
  sqlite3_reset(s_);
  sqlite3_clear_bindings(s_);
}

Statement& Statement::bind(int at, std::int64_t v) {
  if (const int code = sqlite3_bind_int64(s_, at, v)) fail(sqlite3_db_handle(s_), code);
  return *this;
}
Statement& Statement::bind(int at, std::string_view text) {
  const int code =
      sqlite3_bind_text64(s_, at, text.data() ? text.data() : "", text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  if (code) fail(sqlite3_db_handle(s_), code);
  return *this;
}
Statement& Statement::bind_blob(int at, std::string_view bytes) {
  const int code = sqlite3_bind_blob64(s_, at, bytes.data() ? bytes.data() : "", bytes.size(), SQLITE_TRANSIENT);
  if (code) fail(sqlite3_db_handle(s_), code);
  return *this;
}
Statement& Statement::bind_null(int at) {
  if (const int code = sqlite3_bind_null(s_, at)) fail(sqlite3_db_handle(s_), code);
  return *this;
}

bool Statement::step() {
  const int code = sqlite3_step(s_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  fail(sqlite3_db_handle(s_), code);
}

std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(s_, column); }
std::string Statement::text(int column) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(s_, column));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(s_, column));
  return bytes ? std::string(bytes, size) : std::string();
}
bool Statement::is_null(int column) const { return sqlite3_column_type(s_, column) == SQLITE_NULL; }

Sqlite::Sqlite(const std::string& path, Access access) {
  // Pages as they are needed, and not twenty at once for each connection. Refused, and harmless, when others were
  // first.
  static const int no_pages_ahead = sqlite3_config(SQLITE_CONFIG_PAGECACHE, nullptr, 0, 0);
  static_cast<void>(no_pages_ahead);
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW;
  std::string name = path;
  switch (access) {
    case Access::write: flags |= SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE; break;
    case Access::alone: flags |= SQLITE_OPEN_READWRITE; break;
    case Access::read: flags |= SQLITE_OPEN_READONLY; break;
    case Access::still:
      flags |= SQLITE_OPEN_READONLY | SQLITE_OPEN_URI;
      name = "file:" + uri_path(path) + "?immutable=1";
      break;
  }
  if (const int code = sqlite3_open_v2(name.c_str(), &db_, flags, nullptr)) {
    const SqliteError error(code & 0xff, db_ ? sqlite3_errmsg(db_) : sqlite3_errstr(code));
    sqlite3_close_v2(db_);
    throw error;
  }
  sqlite3_extended_result_codes(db_, 0);
  sqlite3_busy_timeout(db_, 2000);
  if (access == Access::alone)
    exec("PRAGMA locking_mode=EXCLUSIVE");  // before the first use: the index stays in memory
}

Sqlite::~Sqlite() {
  for (auto& [sql, statement] : kept_) sqlite3_finalize(statement);
  sqlite3_close_v2(db_);
}

void Sqlite::exec(const std::string& sql) {
  if (const int code = sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr)) fail(db_, code);
}

Statement Sqlite::prepare(const char* sql) {
  auto& statement = kept_[sql];
  if (!statement) {
    if (const int code = sqlite3_prepare_v3(db_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr))
      fail(db_, code);
  }
  return Statement(statement);
}

std::int64_t Sqlite::last_id() const { return sqlite3_last_insert_rowid(db_); }
std::int64_t Sqlite::changes() const { return sqlite3_changes64(db_); }

std::int64_t Sqlite::number(const char* sql) {
  Statement s = prepare(sql);
  return s.step() ? s.integer(0) : 0;
}

Transaction::~Transaction() {
  if (done_) return;
  try {
    db_.prepare("ROLLBACK").run();
  } catch (const SqliteError&) {
    // SQLite has rolled back by itself, as it does when the disk is full.
  }
}
void Transaction::commit() {
  db_.prepare("COMMIT").run();
  done_ = true;
}

}  // namespace readback
