// The tables by which incidents and snapshots are found again. An incident's text is opaque here; a snapshot is a file
// elsewhere.
#include <algorithm>

#include "daemon/store/columns.hpp"
#include "daemon/store/tables.hpp"

namespace readback {
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
  if (r.spell) upsert(*r.spell);
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

bool Tables::drop_oldest_incidents(std::int64_t but) {
  const auto spare = db_.number("SELECT count(*) FROM incidents WHERE resolved_at IS NOT NULL") - but;
  if (spare <= 0) return false;
  db_.prepare(
         "DELETE FROM incidents WHERE id IN (SELECT id FROM incidents WHERE resolved_at IS NOT NULL "
         "ORDER BY resolved_at LIMIT ?1)")
      .bind(1, std::min<std::int64_t>(spare, 100))
      .run();
  return true;
}

std::deque<SnapshotRow> Tables::load_snapshots() {
  Statement s = db_.prepare(
      "SELECT id,incident,target,reason,boundary,extent,path,sha256,previous,size,created FROM snapshots ORDER BY "
      "sealed");
  std::deque<SnapshotRow> all;
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

}  // namespace readback
