// The tables that a page depends on: the engine's state, what must be told, and what was opened where.
#include <algorithm>

#include "daemon/store/columns.hpp"
#include "daemon/store/tables.hpp"

namespace readback {
namespace {

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

void insert_opened(Sqlite& db, const OpenedKey& k) {
  Statement s =
      db.prepare("INSERT INTO opened(sink,incident,key,target,body,opened_at,closed_at) VALUES(?1,?2,?3,?4,?5,?6,?7)");
  s.bind(1, k.sink)
      .bind(2, k.incident_id)
      .bind(3, k.key)
      .bind(4, k.target)
      .bind_blob(5, k.body)
      .bind(6, ms(k.opened_at));
  if (k.closed_at) s.bind(7, ms(*k.closed_at));
  s.run();
}

#define READBACK_OUTBOX_INSERT                                                                                 \
  "INSERT INTO "                                                                                               \
  "outbox(seq,event_id,sink,incident,target,kind,key,body,minimal_body,content_type,created,mark,opened_body," \
  "state,next_attempt,attempts,minimal,last_status,last_detail,done_at,done_by) "                              \
  "VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,?21) "

}  // namespace

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

std::vector<std::pair<std::string, std::string>> Tables::load_refused() {
  static_assert(static_cast<int>(OutboxState::dead) == 2 && static_cast<int>(OutboxRow::Mark::open) == 1);
  Statement s = db_.prepare(
      "SELECT DISTINCT sink,incident FROM outbox WHERE state=2 AND mark=1 AND kind<>'test' AND NOT EXISTS "
      "(SELECT 1 FROM opened o WHERE o.sink=outbox.sink AND o.incident=outbox.incident)");
  std::vector<std::pair<std::string, std::string>> all;
  while (s.step()) all.emplace_back(s.text(0), s.text(1));
  return all;
}

std::string Tables::newest_event() {
  Statement s = db_.prepare("SELECT max(event_id) FROM outbox");
  return s.step() && !s.is_null(0) ? s.text(0) : "";
}

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
  for (const auto& k : all) insert_opened(db_, k);
}

void Tables::replace_opened(const std::string& sink, const std::string& incident, const std::vector<OpenedKey>& keys) {
  db_.prepare("DELETE FROM opened WHERE sink=?1 AND incident=?2").bind(1, sink).bind(2, incident).run();
  for (const auto& k : keys) insert_opened(db_, k);
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

void Tables::drop_outbox_before(WallTime cutoff) {
  Statement s = db_.prepare("DELETE FROM outbox WHERE state<>0 AND done_at<?1");
  s.bind(1, ms(cutoff)).run();
}

}  // namespace readback
