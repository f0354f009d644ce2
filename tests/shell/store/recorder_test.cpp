// What the recorder makes of answers that change a little at each sweep: how much it takes, what retention leaves, and
// that everything comes back to the byte, whatever happened in between.
#include <map>
#include <set>

#include "store_support.hpp"

using namespace readback;

namespace {

std::string hex(std::mt19937_64& random, int digits) {
  std::string text;
  for (; digits > 0; --digits) text += "0123456789abcdef"[random() % 16];
  return text;
}
std::string uuid(std::mt19937_64& random) {
  return hex(random, 8) + '-' + hex(random, 4) + '-' + hex(random, 4) + '-' + hex(random, 4) + '-' + hex(random, 12);
}
std::string stamp(std::mt19937_64& random, WallTime at) {
  return to_rfc3339(at).substr(0, 19) + '.' + std::to_string(100'000 + random() % 900'000) + "+00:00";
}

/// 2 KB in which all is new that answers of such services have new: stamps, ids, counters and measurements.
std::string busy_body(std::mt19937_64& random, WallTime at) {
  std::string body = R"({"status":"ok","generated_at":")" + stamp(random, at) + R"(","request_id":")" + uuid(random) +
                     R"(","trace":"req-)" + std::to_string(100'000 + random() % 900'000) + R"(","services":[)";
  for (const char* name : {"postgres", "gateway", "scheduler", "identity", "billing", "search"})
    body += std::string(R"({"name":")") + name + R"(","status":"up","runbook":"https://docs.helpifyr.com/operations/)" +
            name + R"(","checked_at":")" + stamp(random, at - Millis(random() % 3000)) + R"(","latency_ms":)" +
            std::to_string(static_cast<double>(random() % 100'000'000) / 997) + R"(,"requests":)" +
            std::to_string(random() % 10'000'000) +
            R"(,"detail":"accepting connections, replication is in order, no failover in progress"},)";
  return body + R"({"name":"files","status":"up"}],"blockers":[],"warnings":[]})";
}

SweepRecord busy_sweep(std::mt19937_64& random, std::uint64_t number, const std::string& target = "fabric") {
  auto sweep = sweep_of(number, t0 + Seconds(30) * static_cast<int>(number), "");
  sweep.target = target;
  for (auto& read : sweep.reads) {
    auto& answer = std::get<HttpAnswer>(read.raw.answer);
    answer.body = busy_body(random, sweep.at);
    answer.headers.back().value = std::to_string(answer.body.size());
    answer.headers.push_back({"X-Request-Id", uuid(random)});
    answer.headers.push_back({"ETag", '"' + hex(random, 16) + '"'});
  }
  return sweep;
}

/// Everything that was received, in one text.
std::string said(const SweepRecord& sweep) {
  std::string all = sweep.target + ' ' + std::to_string(sweep.sweep) + ' ' + to_rfc3339(sweep.at);
  for (const auto& read : sweep.reads) {
    const auto& answer = std::get<HttpAnswer>(read.raw.answer);
    all += '\n' + read.raw.read;
    for (const auto& header : answer.headers) all += '\n' + header.name + ": " + header.value;
    all += '\n' + answer.body;
  }
  return all;
}

std::string said(net::io_context& io, Store& store, std::uint64_t sweep, const std::string& target = "fabric") {
  const auto found = run(io, store.sweep_reads(target, {sweep}));
  return found.empty() ? "" : said(found.front());
}

std::int64_t count(const fs::path& folder, const char* query) {
  Sqlite db((folder / "readback.db").string());
  return db.number(query);
}

}  // namespace

TEST_CASE("bodies of 2 KB that change at every sweep: at most 300 bytes a read, and all of them come back") {
  Folder folder;
  net::io_context io;
  auto store = open_store(folder.path);
  store->pin({});
  std::mt19937_64 random(21);
  constexpr std::uint64_t first = 20, last = 1000;
  std::map<std::uint64_t, std::string> recorded;
  std::uint64_t before = 0;
  for (std::uint64_t n = 1; n <= last; ++n) {
    auto sweep = busy_sweep(random, n);
    recorded[n] = said(sweep);
    store->record(std::move(sweep));
    if (n != first) continue;
    run(io, store->retain(t0));
    before = store->bytes();
  }
  run(io, store->retain(t0));
  const auto each = static_cast<double>(store->bytes() - before) / (4 * (last - first));
  MESSAGE("bytes a read with 2 KB that change: " << each);
  CHECK(each <= 300);
  CHECK(store->dropped() == 0);
  std::vector<std::uint64_t> all;
  for (const auto& [n, text] : recorded) all.push_back(n);
  const auto back = run(io, store->sweep_reads("fabric", all));
  REQUIRE(back.size() == last);
  for (const auto& sweep : back) CHECK(said(sweep) == recorded[sweep.sweep]);
}

TEST_CASE("a restart in between, and a disk that took nothing for a while, lose no byte of what was written") {
  Folder folder;
  net::io_context io;
  std::mt19937_64 random(22);
  std::map<std::uint64_t, std::string> recorded;
  std::uint64_t n = 0;
  for (int round = 0; round < 4; ++round) {
    auto store = open_store(folder.path);
    const auto record = [&](bool kept) {
      for (int i = 0; i < 20; ++i) {
        auto sweep = busy_sweep(random, ++n);
        if (kept) recorded[n] = said(sweep);
        store->record(std::move(sweep));
      }
      CHECK(run(io, store->sweep_reads("fabric", {n})).size() == (kept ? 1 : 0));
    };
    record(true);
    {
      const FullDisk full;
      record(false);
    }
    run(io, store->commit({whole(std::to_string(round)), {}}));
    record(true);
    for (const auto& [number, text] : recorded) CHECK(said(io, *store, number) == text);
  }
}

TEST_CASE("retention: a base that a kept sweep is told from stays, and what nobody needs goes") {
  Folder folder;
  net::io_context io;
  std::mt19937_64 random(23);
  std::map<std::uint64_t, std::string> recorded;
  {
    auto store = open_store(folder.path, {std::chrono::hours(1), std::uint64_t{1} << 30});
    store->pin({{"fabric", {{3, 90}, {}}}});
    for (std::uint64_t n = 1; n <= 400; ++n) {
      auto sweep = busy_sweep(random, n);
      // From time to time all is new, and then told from another base.
      for (auto& read : sweep.reads)
        std::get<HttpAnswer>(read.raw.answer).body.insert(1, incompressible(4000, static_cast<unsigned>(n / 80)));
      recorded[n] = said(sweep);
      store->record(std::move(sweep));
    }
    run(io, store->retain(t0 + Seconds(30 * 400)));
    CHECK(said(io, *store, 4).empty());
    for (const std::uint64_t n : {3, 90, 281, 399, 400}) CHECK(said(io, *store, n) == recorded[n]);
    run(io, store->retain(t0 + std::chrono::hours(24 * 365)));
    for (const std::uint64_t n : {3, 90, 400}) CHECK(said(io, *store, n) == recorded[n]);
  }
  CHECK(count(folder.path, "SELECT count(*) FROM sweeps") == 3);
  // Those of the three, and those that were in use not long ago.
  CHECK(count(folder.path, "SELECT count(*) FROM texts WHERE length(packed)>3000") <= 4 * 4);
  CHECK(count(folder.path, "SELECT count(*) FROM texts WHERE id NOT IN (SELECT id FROM uses)") == 0);
  auto store = open_store(folder.path);
  for (const std::uint64_t n : {3, 90, 400}) CHECK(said(io, *store, n) == recorded[n]);
}

TEST_CASE("two targets that say the same share its base") {
  Folder folder;
  net::io_context io;
  {
    auto store = open_store(folder.path);
    for (std::uint64_t n = 1; n <= 10; ++n)
      for (const char* target : {"fabric", "other"}) {
        std::mt19937_64 random(n);
        store->record(busy_sweep(random, n, target));
      }
    for (const char* target : {"fabric", "other"}) {
      std::mt19937_64 random(7);
      CHECK(said(io, *store, 7, target) == said(busy_sweep(random, 7, target)));
    }
  }
  CHECK(count(folder.path, "SELECT count(*) FROM texts WHERE length(packed)>400") == 4);
}

TEST_CASE("what the redactor holds by now becomes the base, and not for what changes to and fro") {
  Folder folder;
  net::io_context io;
  std::mt19937_64 random(23);
  std::map<std::uint64_t, std::string> recorded;
  std::map<bool, std::vector<Shared<std::string>>> held;
  std::uint64_t n = 0;
  const auto count_bases = [&] { return count(folder.path, "SELECT count(*) FROM texts WHERE length(packed)>400"); };
  const auto record = [&](Store& store, bool is_bad) {
    auto sweep = busy_sweep(random, ++n);
    for (std::size_t i = 0; i < sweep.reads.size(); ++i) {
      auto& answer = std::get<HttpAnswer>(sweep.reads[i].raw.answer);
      if (is_bad)
        for (auto at = answer.body.find("accepting"); at != std::string::npos;
             at = answer.body.find("accepting", at + 99))
          answer.body.insert(at, "was asked twice within the last half minute and gave no answer at all, before that ");
      auto& mine = held[is_bad];
      if (mine.size() == i) mine.emplace_back(answer.body);  // learned now, and found again in the next ones
      answer.kept = mine[i];
    }
    recorded[n] = said(sweep);
    store.record(std::move(sweep));
  };
  {
    auto store = open_store(folder.path);
    for (int i = 0; i < 10; ++i) record(*store, false);
    for (int i = 0; i < 10; ++i) record(*store, true);
    for (const auto& [number, text] : recorded) CHECK(said(io, *store, number) == text);
    CHECK(count_bases() == 8);
    for (int i = 0; i < 40; ++i) record(*store, i % 2 == 0);
    for (const auto& [number, text] : recorded) CHECK(said(io, *store, number) == text);
  }
  CHECK(count_bases() <= 8 + 4 * 40 / 3);
}

TEST_CASE("more bases than are held in memory: they are read again, and no new ones are made") {
  Folder folder;
  net::io_context io;
  std::map<std::string, std::string> newest;
  constexpr int targets = 40;
  const auto body = [](int target, int round) {
    return incompressible(1 << 20, static_cast<unsigned>(target)).substr(0, 1'000'000) + std::to_string(round);
  };
  {
    auto store = open_store(folder.path);
    for (int round = 0; round < 3; ++round)
      for (int t = 0; t < targets; ++t) {
        SweepRecord sweep;
        sweep.target = "t" + std::to_string(t);
        sweep.sweep = static_cast<std::uint64_t>(round);
        sweep.at = t0 + Seconds(round);
        sweep.reads.push_back(read_of("services", sweep.at, body(t, round)));
        store->record(std::move(sweep));
        if (t % 8 == 7) run(io, store->sweep_reads("t0", {0}));
      }
    for (int t = 0; t < targets; ++t) {
      const auto back = run(io, store->sweep_reads("t" + std::to_string(t), {2}));
      REQUIRE(back.size() == 1);
      CHECK(std::get<HttpAnswer>(back[0].reads[0].raw.answer).body == body(t, 2));
    }
  }
  CHECK(count(folder.path, "SELECT count(*) FROM texts WHERE length(packed)>5000") == targets);
}

TEST_CASE("a base that is gone from the file: its texts are empty, and recording goes on with another") {
  Folder folder;
  net::io_context io;
  std::mt19937_64 random(24);
  auto store = open_store(folder.path);
  for (std::uint64_t n = 1; n <= 3; ++n) store->record(busy_sweep(random, n));
  CHECK(!said(io, *store, 3).empty());
  store.reset();
  Sqlite((folder.path / "readback.db").string()).exec("DELETE FROM texts WHERE length(packed)>500");
  store = open_store(folder.path);
  const auto back = run(io, store->sweep_reads("fabric", {3}));
  REQUIRE(back.size() == 1);
  REQUIRE(back[0].reads.size() == 4);
  CHECK(std::get<HttpAnswer>(back[0].reads[0].raw.answer).body.empty());
  CHECK(std::get<HttpAnswer>(back[0].reads[0].raw.answer).headers.size() == 6);
  auto next = busy_sweep(random, 4);
  const auto text = said(next);
  store->record(std::move(next));
  CHECK(said(io, *store, 4) == text);
}

TEST_CASE("a store of version 3: its sweeps are read, and others are written beside them") {
  Folder folder;
  net::io_context io;
  std::mt19937_64 random(25);
  open_store(folder.path).reset();
  {
    Sqlite old((folder.path / "readback.db").string());
    old.exec("DROP TABLE sweeps");
    old.exec(
        "CREATE TABLE sweeps(id INTEGER PRIMARY KEY AUTOINCREMENT, target INTEGER NOT NULL, number INTEGER NOT NULL, "
        "at INTEGER NOT NULL, data BLOB NOT NULL)");
    old.exec("CREATE INDEX sweeps_number ON sweeps(target, number)");
    old.exec("CREATE INDEX sweeps_at ON sweeps(at)");
    old.exec("INSERT INTO names VALUES(1,'fabric')");
    old.exec("INSERT INTO texts VALUES(5,x'00','r' || '{\"status\":\"ok\"}'),(6,x'01','r' || '11:retry-after2:30')");
    old.exec("INSERT INTO uses VALUES(5,1000),(6,1000)");
    // Format, "green", three empty texts; one read "health", its times; HTTP, green, "pass"; 200; headers, no date,
    // body.
    const std::string packed =
        "01"
        "0A677265656E"
        "000000"
        "01"
        "0C6865616C7468"
        "020C0000000000"
        "00"
        "14"
        "0870617373"
        "00"
        "C801"
        "00"
        "0D"
        "00"
        "0B";
    old.exec("INSERT INTO sweeps VALUES(9,1,1," + std::to_string(t0.time_since_epoch().count()) + ",x'" + packed +
             "')");
    old.exec("PRAGMA user_version=3");
  }
  auto store = open_store(folder.path);
  CHECK(store->notes().empty());
  auto newer = busy_sweep(random, 2);
  const auto text = said(newer);
  store->record(std::move(newer));
  const auto old = run(io, store->sweep_reads("fabric", {1, 2}));
  REQUIRE(old.size() == 2);
  REQUIRE(old[0].reads.size() == 1);
  const auto& http = std::get<HttpAnswer>(old[0].reads[0].raw.answer);
  CHECK(http.body == "{\"status\":\"ok\"}");
  CHECK(http.headers == Headers{{"retry-after", "30"}});
  CHECK(old[0].primary == "green");
  CHECK(old[0].reads[0].word == "pass");
  CHECK(said(old[1]) == text);
  RecentQuery minute{"fabric", t0, t0 + Seconds(60), 1 << 20};
  CHECK(run(io, store->sweeps_around(std::move(minute), {})).recent.sweeps.size() == 2);
  store->pin({{"fabric", {{1}, {}}}});
  run(io, store->retain(t0 + std::chrono::hours(24 * 365)));
  const auto kept = run(io, store->sweep_reads("fabric", {1}));
  REQUIRE(kept.size() == 1);
  CHECK(std::get<HttpAnswer>(kept[0].reads[0].raw.answer).body == "{\"status\":\"ok\"}");
  store.reset();
  CHECK(count(folder.path, "PRAGMA user_version") == 4);
}
