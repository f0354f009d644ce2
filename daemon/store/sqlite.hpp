#pragma once
// SQLite as the store uses it: a connection, prepared statements that are kept, transactions that roll back. A failing
// call throws SqliteError, which never leaves the store: its thread turns it into a result and a flag.
#include <cstdint>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace readback {

struct SqliteError : std::runtime_error {
  SqliteError(int result, const std::string& text) : std::runtime_error(text), code(result) {}
  int code;                ///< primary result code
  bool is_damage() const;  ///< the file itself is not what it should be
};

/// One use of a kept statement: bind, step, read; reset at the end of its life.
class Statement {
 public:
  explicit Statement(sqlite3_stmt* s) : s_(s) {}
  Statement(Statement&& other) noexcept : s_(other.s_) { other.s_ = nullptr; }
  Statement(const Statement&) = delete;
  ~Statement();

  Statement& bind(int at, std::int64_t v);
  Statement& bind(int at, std::string_view text);
  Statement& bind_blob(int at, std::string_view bytes);
  Statement& bind_null(int at);
  bool step();  ///< true: a row is there
  void run() {
    while (step()) {
    }
  }

  std::int64_t integer(int column) const;
  std::string text(int column) const;  ///< text or blob, "" for NULL
  bool is_null(int column) const;

 private:
  sqlite3_stmt* s_;
};

class Sqlite {
 public:
  /// What is asked of the file. The last three are for a disk that takes no write, where the index of the log
  /// (`-shm`) may be missing and cannot be made.
  enum class Access {
    write,  ///< opens or makes it
    alone,  ///< needs no `-shm`, but a lock: for a full disk
    read,   ///< needs the `-shm`: for a disk that has turned read-only
    still   ///< needs neither, and must not have a log
  };
  explicit Sqlite(const std::string& path, Access access = Access::write);
  ~Sqlite();
  Sqlite(const Sqlite&) = delete;
  Sqlite& operator=(const Sqlite&) = delete;

  void exec(const std::string& sql);
  Statement prepare(const char* sql);  ///< `sql` lives as long as the program: it is the key of the kept statement
  std::int64_t last_id() const;
  std::int64_t changes() const;
  std::int64_t number(const char* sql);  ///< the single integer that this query answers

 private:
  sqlite3* db_ = nullptr;
  std::map<const char*, sqlite3_stmt*> kept_;
};

/// Rolls back unless committed.
class Transaction {
 public:
  explicit Transaction(Sqlite& db) : db_(db) { db_.prepare("BEGIN IMMEDIATE").run(); }
  ~Transaction();
  void commit();

 private:
  Sqlite& db_;
  bool done_ = false;
};

}  // namespace readback
