// The tables of history. What was counted is added to what is there, so that a restart loses only what was not written
// yet, and nothing is ever counted twice.
#include "daemon/store/columns.hpp"
#include "daemon/store/rollup_codec.hpp"
#include "daemon/store/tables.hpp"

namespace readback {
namespace {

constexpr auto keep_hours = std::chrono::hours(24 * 35), keep_days = std::chrono::hours(24 * 400);

int number_of(Step step) { return step == Step::hour ? 0 : 1; }

/// Where a store is only read that had no history yet.
bool has_history(Sqlite& db) { return db.number("SELECT count(*) FROM sqlite_master WHERE name='rollups'") > 0; }

}  // namespace

void Tables::add_rollup(Step step, std::int64_t target, const Rollup& counted) {
  const WallTime from = begin_of(step, counted.from);
  Rollup known;
  {
    Statement s = db_.prepare("SELECT packed FROM rollups WHERE step=?1 AND at=?2 AND target=?3");
    if (s.bind(1, number_of(step)).bind(2, ms(from)).bind(3, target).step())
      known = unpack_rollup(expand(s.text(0)), from);
  }
  known.add(counted);
  known.times.bound(length_of(step));
  Statement s = db_.prepare("INSERT OR REPLACE INTO rollups(step,at,target,packed) VALUES(?1,?2,?3,?4)");
  s.bind(1, number_of(step)).bind(2, ms(from)).bind(3, target).bind_blob(4, compress(pack_rollup(known))).run();
}

void Tables::add_hour(const TargetRollup& counted) {
  const auto target = name_id(counted.target);
  for (const auto step : {Step::hour, Step::day}) add_rollup(step, target, counted.rollup);
}

std::vector<TargetRollup> Tables::rollups(const RollupQuery& query) {
  std::vector<TargetRollup> all;
  if (!has_history(db_)) return all;
  Statement s = db_.prepare(
      "SELECT n.name, r.at, r.packed FROM rollups r JOIN names n ON n.id=r.target "
      "WHERE r.step=?1 AND r.at>=?2 AND r.at<?3 AND (?4='' OR n.name=?4) ORDER BY n.name, r.at");
  s.bind(1, number_of(query.step)).bind(2, ms(query.span.from)).bind(3, ms(query.span.to)).bind(4, query.target);
  while (s.step()) all.push_back({s.text(0), unpack_rollup(expand(s.text(2)), from_ms(s.integer(1)))});
  return all;
}

void Tables::upsert(const Spell& spell) {
  Statement s =
      db_.prepare("INSERT OR REPLACE INTO spells(id,target,boundary,begin,ended,follows) VALUES(?1,?2,?3,?4,?5,?6)");
  s.bind(1, spell.id).bind(2, spell.target).bind(3, to_string(spell.boundary)).bind(4, ms(spell.from));
  if (spell.to) s.bind(5, ms(*spell.to));
  s.bind(6, std::int64_t{spell.follows}).run();
}

std::vector<Spell> Tables::spells(const std::string& target, Span span) {
  std::vector<Spell> all;
  if (!has_history(db_)) return all;
  Statement s = db_.prepare(
      "SELECT id,target,boundary,begin,ended,follows FROM spells WHERE begin<?2 AND (ended IS NULL OR ended>?1) "
      "AND (?3='' OR target=?3) ORDER BY begin");
  s.bind(1, ms(span.from)).bind(2, ms(span.to)).bind(3, target);
  while (s.step()) {
    const auto boundary = parse_boundary(s.text(2));
    if (!boundary) continue;
    Spell spell;
    spell.id = s.text(0), spell.target = s.text(1), spell.boundary = *boundary;
    spell.from = from_ms(s.integer(3));
    if (!s.is_null(4)) spell.to = from_ms(s.integer(4));
    spell.follows = s.integer(5) != 0;
    all.push_back(std::move(spell));
  }
  return all;
}

bool Tables::drop_history(WallTime now) {
  std::int64_t gone = 0;
  for (const auto step : {Step::hour, Step::day}) {
    const WallTime cutoff = now - (step == Step::hour ? keep_hours : keep_days);
    db_.prepare("DELETE FROM rollups WHERE step=?1 AND at<?2").bind(1, number_of(step)).bind(2, ms(cutoff)).run();
    gone += db_.changes();
  }
  db_.prepare("DELETE FROM spells WHERE ended<?1").bind(1, ms(now - keep_days)).run();
  return gone + db_.changes() > 0;
}

}  // namespace readback
