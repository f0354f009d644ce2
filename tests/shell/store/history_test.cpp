// Hours and days of targets, kept long after their sweeps: added up over restarts, written when the disk works again,
// pruned by their own age, and small.
#include <doctest/doctest.h>

#include "daemon/store/rollup_codec.hpp"
#include "store_support.hpp"

using namespace readback;

namespace {

TargetRollup hour_of(WallTime at, const std::string& target = "fabric", Millis up = std::chrono::minutes(5)) {
  TargetRollup counted;
  counted.target = target;
  auto& r = counted.rollup;
  r.from = begin_of(Step::hour, at);
  r.sweeps = 10;
  r.times[Availability::up] = up;
  for (const char* name :
       {"health", "services", "observability", "security", "path:checkout", "check:materialization"}) {
    auto& read = r.reads[name];
    read.words["pass"] = 10;
    for (int i = 0; i < 10; ++i) read.latency.add(9'000 + 700 * i);
  }
  return counted;
}

std::vector<TargetRollup> kept(net::io_context& io, Store& store, Step step, const std::string& target = "") {
  return run(io, store.history({target, step, {}})).rollups;
}

Spell spell_of(std::string id, WallTime from, std::optional<WallTime> to) {
  Spell spell;
  spell.id = std::move(id), spell.target = "fabric";
  spell.from = from, spell.to = to;
  return spell;
}

Commit ended(const Spell& spell) {
  IncidentRow row;
  row.id = spell.id, row.target = spell.target, row.boundary = "outage";
  row.opened_at = spell.from, row.resolved_at = spell.to;
  row.text = "{}";
  row.spell = spell;
  Commit commit;
  commit.incidents = {row};
  return commit;
}

}  // namespace

TEST_CASE("what is counted adds up to its hour and its day, also over a restart") {
  Folder folder;
  net::io_context io;
  auto store = open_store(folder.path);
  store->count({hour_of(t0), hour_of(t0, "second")});
  CHECK(kept(io, *store, Step::hour).size() == 2);
  store->count({hour_of(t0)});
  store.reset();  // what was counted is written at the end
  store = open_store(folder.path);
  store->count({hour_of(t0), hour_of(t0 + std::chrono::hours(1))});
  const auto hours = kept(io, *store, Step::hour, "fabric");
  REQUIRE(hours.size() == 2);
  CHECK(hours[0].rollup.from == t0);
  CHECK(hours[0].rollup.sweeps == 30);
  CHECK(hours[0].rollup.times[Availability::up] == std::chrono::minutes(15));
  CHECK(hours[0].rollup.reads.at("health").words.at("pass") == 30);
  CHECK(hours[0].rollup.reads.at("health").latency.count() == 30);
  const auto days = kept(io, *store, Step::day, "fabric");
  REQUIRE(days.size() == 1);
  CHECK(days[0].rollup.from == begin_of(Step::day, t0));
  CHECK(days[0].rollup.times[Availability::up] == std::chrono::minutes(20));
  RollupQuery later{"fabric", Step::hour, {t0 + std::chrono::hours(1), t0 + std::chrono::hours(2)}};
  CHECK(run(io, store->history(std::move(later))).rollups.size() == 1);
}

TEST_CASE("an hour that is counted twice by a clock that was set back is no longer than an hour") {
  Folder folder;
  net::io_context io;
  auto store = open_store(folder.path);
  for (int i = 0; i < 2; ++i) store->count({hour_of(t0, "fabric", std::chrono::minutes(50))});
  CHECK(kept(io, *store, Step::hour)[0].rollup.times.all() == std::chrono::hours(1));
  CHECK(kept(io, *store, Step::day)[0].rollup.times.all() == std::chrono::minutes(100));
}

TEST_CASE("while the disk takes nothing hours wait, and are on the disk when it works again") {
  Folder folder;
  net::io_context io;
  auto store = open_store(folder.path);
  store->count({hour_of(t0)});
  REQUIRE(kept(io, *store, Step::hour).size() == 1);
  {
    const FullDisk full;
    Commit commit;
    commit.state = whole("{\"s\":1}");
    CHECK_FALSE(run(io, store->commit(std::move(commit))));
    store->count({hour_of(t0)});
    CHECK(kept(io, *store, Step::hour)[0].rollup.sweeps == 10);
  }
  Commit commit;
  commit.state = whole("{\"s\":2}");
  CHECK(run(io, store->commit(std::move(commit))));
  CHECK(kept(io, *store, Step::hour)[0].rollup.sweeps == 20);
}

TEST_CASE("hours go after 35 days, days and spells after 400, whatever evidence.keep says") {
  Folder folder;
  net::io_context io;
  Retention keep;
  keep.keep_time = std::chrono::hours(24);
  auto store = open_store(folder.path, keep);
  const auto day = std::chrono::hours(24);
  store->count(
      {hour_of(t0), hour_of(t0 - 34 * day), hour_of(t0 - 36 * day), hour_of(t0 - 399 * day), hour_of(t0 - 401 * day)});
  for (const int back : {398, 402})
    run(io, store->commit(ended(spell_of(std::to_string(back), t0 - back * day, t0 - back * day + Seconds(60)))));
  CHECK(kept(io, *store, Step::day).size() == 5);
  run(io, store->retain(t0));
  CHECK(kept(io, *store, Step::hour).size() == 2);
  CHECK(kept(io, *store, Step::day).size() == 4);
  const auto spells = run(io, store->history({})).spells;
  REQUIRE(spells.size() == 1);
  CHECK(spells[0].id == "398");
  CHECK(spells[0].to == t0 - 398 * day + Seconds(60));
}

TEST_CASE("a spell is that of its incident as it was last committed, and is found by what it touches") {
  Folder folder;
  net::io_context io;
  auto store = open_store(folder.path);
  run(io, store->commit(ended(spell_of("i1", t0, t0 + Seconds(60)))));
  run(io, store->commit(ended(spell_of("i1", t0, t0 + Seconds(90)))));
  run(io, store->commit(ended(spell_of("i2", t0 + Seconds(500), t0 + Seconds(600)))));
  const auto touching = [&](int from, int to) {
    std::string ids;
    for (const auto& s : run(io, store->history({"fabric", Step::hour, {t0 + Seconds(from), t0 + Seconds(to)}})).spells)
      ids += s.id;
    return ids;
  };
  CHECK(touching(-10, 1000) == "i1i2");
  CHECK(touching(80, 100) == "i1");
  CHECK(touching(90, 500) == "");
  CHECK(touching(599, 600) == "i2");
}

TEST_CASE("the bars of a page: each target by itself, with what is still open") {
  Folder folder;
  net::io_context io;
  auto store = open_store(folder.path);
  store->count({hour_of(t0), hour_of(t0 - std::chrono::hours(24 * 10), "second")});
  run(io, store->commit(ended(spell_of("i1", t0, t0 + Seconds(60)))));
  std::vector<std::string> targets{"second", "fabric", "third"};
  const auto bars = run(io, store->bars(targets, {spell_of("open", t0 + Seconds(100), {})}, t0 + Seconds(600)));
  REQUIRE(bars.size() == 3);
  CHECK(bars[0].target == "second");
  CHECK_FALSE(bars[0].spans[0].whole.uptime);
  CHECK(bars[0].spans[2].whole.sweeps == 10);
  CHECK(bars[1].spans[0].bars.back().summary.sweeps == 10);
  CHECK(bars[1].spans[0].whole.outages == 2);
  CHECK(bars[1].spans[0].whole.longest_outage == Seconds(500));
  CHECK_FALSE(bars[2].spans[3].whole.uptime);
}

TEST_CASE("a store from before history is taken over, and one that has it is used by a program from before") {
  Folder folder;
  net::io_context io;
  open_store(folder.path).reset();
  {
    Sqlite old((folder.path / "readback.db").string());
    CHECK(old.number("PRAGMA user_version") == 4);
    old.exec("DROP TABLE rollups");
    old.exec("DROP TABLE spells");
  }
  auto store = open_store(folder.path);
  CHECK(store->notes().empty());
  store->count({hour_of(t0)});
  CHECK(kept(io, *store, Step::hour).size() == 1);
}

TEST_CASE("a rollup comes back from its bytes, and damaged bytes are never read behind their end") {
  const auto whole_one = hour_of(t0).rollup;
  const auto packed = pack_rollup(whole_one);
  CHECK(unpack_rollup(packed, whole_one.from) == whole_one);
  for (std::size_t cut = 0; cut < packed.size(); ++cut) {
    CHECK(unpack_rollup(std::string_view(packed).substr(0, cut), whole_one.from).times.all() <=
          std::chrono::hours(120));
    auto flipped = packed;
    flipped[cut] = static_cast<char>(flipped[cut] ^ 0xff);
    CHECK(unpack_rollup(flipped, whole_one.from).from == whole_one.from);
  }
}

TEST_CASE("400 days of a target with six reads are less than a megabyte") {
  Folder folder;
  net::io_context io;
  auto store = open_store(folder.path);
  std::mt19937 random(3);
  std::lognormal_distribution<double> spread(9.2, 0.4);
  std::vector<TargetRollup> hours;
  for (int hour = 400 * 24 - 1; hour >= 0; --hour) {
    auto counted = hour_of(t0 - std::chrono::hours(hour));
    if (hour >= 35 * 24 && hour % 24 != 0) continue;  // of older days one hour stands for all
    for (auto& [name, read] : counted.rollup.reads) {
      read.latency = {};
      read.words["pass"] = 120;
      for (int i = 0; i < 120; ++i) read.latency.add(static_cast<std::int64_t>(spread(random)));
    }
    hours.push_back(std::move(counted));
  }
  store->count(std::move(hours));
  REQUIRE(kept(io, *store, Step::day).size() == 400);
  run(io, store->retain(t0 + Seconds(1)));
  MESSAGE("bytes: ", store->bytes());
  CHECK(store->bytes() < 1'000'000);
}
