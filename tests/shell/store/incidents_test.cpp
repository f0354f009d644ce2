// Incidents outlive the engine's memory: what a commit brought is found again by id, target, time and state.
#include <doctest/doctest.h>

#include <optional>

#include "store_support.hpp"

using namespace readback;

namespace {

IncidentRow incident_of(std::string id, std::string target, int opened_s, std::optional<int> resolved_s = {}) {
  IncidentRow row;
  row.id = std::move(id);
  row.target = std::move(target);
  row.boundary = "outage";
  row.opened_at = t0 + Seconds(opened_s);
  if (resolved_s) row.resolved_at = t0 + Seconds(*resolved_s);
  row.text = R"({"id":")" + row.id + R"(","summary":"DOWN \u00fc"})";
  return row;
}

Commit commit_of(std::vector<IncidentRow> incidents) {
  Commit commit;
  commit.incidents = std::move(incidents);
  return commit;
}

std::string ids(const std::vector<IncidentRow>& rows) {
  std::string all;
  for (const auto& row : rows) all += (all.empty() ? "" : " ") + row.id;
  return all;
}

std::string found(net::io_context& io, Store& store, IncidentSearch search) {
  return ids(run(io, store.incidents(std::move(search))));
}

}  // namespace

TEST_CASE("an incident comes back by its id as it was last committed, also after a restart") {
  Folder folder;
  net::io_context io;
  auto store = open_store(folder.path);
  Commit commit = commit_of({incident_of("01a", "fabric", 0)});
  commit.state = whole("{\"s\":1}");
  commit.rows = {row_of("e1", "hook", "01a", OutboxRow::Mark::open)};
  run(io, store->commit(std::move(commit)));
  auto closed = incident_of("01a", "fabric", 0, 60);
  closed.text = std::string(5000, 'x') + "\nwhole";
  for (int again = 0; again < 2; ++again) {
    const auto open = run(io, store->incident("01a"));
    REQUIRE(open.has_value());
    CHECK(open->target == "fabric");
    CHECK(open->boundary == "outage");
    CHECK(open->opened_at == t0);
    CHECK(!open->resolved_at.has_value());
    CHECK(open->text == incident_of("01a", "fabric", 0).text);
    store.reset();
    store = open_store(folder.path);
  }
  CHECK(store->load_state() == whole("{\"s\":1}"));
  run(io, store->commit(commit_of({closed})));
  const auto resolved = run(io, store->incident("01a"));
  REQUIRE(resolved.has_value());
  CHECK(resolved->resolved_at == t0 + Seconds(60));
  CHECK(resolved->text == closed.text);
  CHECK(!run(io, store->incident("01")).has_value());
  CHECK(!run(io, store->incident("")).has_value());
}

TEST_CASE("incidents are listed newest first, by target, time, state and the beginning of an id") {
  Folder folder;
  net::io_context io;
  auto store = open_store(folder.path);
  run(io, store->commit(commit_of({incident_of("01a", "fabric", 0, 5), incident_of("01b", "fabric", 10, 15),
                                   incident_of("02c", "other", 20, 25), incident_of("02d", "fabric", 30),
                                   incident_of("03e", "other", 30)})));
  using Which = IncidentSearch::Which;
  struct Case {
    const char* name;
    IncidentSearch search;
    const char* expected;
  };
  const Case cases[] = {
      {"all", {}, "03e 02d 02c 01b 01a"},
      {"one target", {"fabric", "", {}, Which::all, 200}, "02d 01b 01a"},
      {"since, inclusive", {"", "", t0 + Seconds(10), Which::all, 200}, "03e 02d 02c 01b"},
      {"open", {"", "", {}, Which::open, 200}, "03e 02d"},
      {"resolved", {"", "", {}, Which::resolved, 200}, "02c 01b 01a"},
      {"at most two", {"", "", {}, Which::all, 2}, "03e 02d"},
      {"beginning of an id", {"", "02", {}, Which::all, 200}, "02d 02c"},
      {"beginning that is a whole id", {"", "01b", {}, Which::all, 200}, "01b"},
      {"all of it together", {"fabric", "01", t0 + Seconds(5), Which::resolved, 1}, "01b"},
      {"nothing", {"nobody", "", {}, Which::all, 200}, ""},
  };
  for (const auto& c : cases) {
    CAPTURE(c.name);
    CHECK(found(io, *store, c.search) == c.expected);
  }
}

TEST_CASE("while the disk takes nothing incidents are found in memory, and are on the disk when it works again") {
  Folder folder;
  net::io_context io;
  auto store = open_store(folder.path);
  run(io, store->commit(commit_of({incident_of("01a", "fabric", 0, 5), incident_of("01b", "fabric", 10)})));
  std::optional<FullDisk> full(std::in_place);
  run(io, store->commit(commit_of({incident_of("01b", "fabric", 10, 20), incident_of("01c", "fabric", 30)})));
  const bool flagged = !store->ok();
  const auto changed = run(io, store->incident("01b"));
  IncidentSearch resolved;
  resolved.which = IncidentSearch::Which::resolved;
  const auto seen = found(io, *store, {});
  const auto seen_resolved = found(io, *store, resolved);
  std::vector<IncidentRow> many;
  for (int i = 0; i < 600; ++i) many.push_back(incident_of("m" + std::to_string(1000 + i), "fabric", 100 + i));
  run(io, store->commit(commit_of(std::move(many))));
  IncidentSearch everything;
  everything.limit = 1000;
  const auto bounded = run(io, store->incidents(everything)).size();
  full.reset();
  CHECK(flagged);
  CHECK(seen == "01c 01b 01a");
  CHECK(seen_resolved == "01b 01a");
  REQUIRE(changed.has_value());
  CHECK(changed->resolved_at == t0 + Seconds(20));
  CHECK(bounded == 502);  // the newest 500 of memory, and two of the disk

  run(io, store->commit(commit_of({})));
  CHECK(store->ok());
  store.reset();
  store = open_store(folder.path);
  CHECK(run(io, store->incidents(everything)).size() == 502);
  CHECK(run(io, store->incident("m1599")).has_value());
}

TEST_CASE("retention takes resolved incidents that are too old or too many, and never an open one") {
  Folder folder;
  net::io_context io;
  auto store = open_store(folder.path, {std::chrono::hours(24), std::uint64_t{1} << 30});
  store->pin({});
  std::vector<IncidentRow> rows{incident_of("old", "fabric", 0, 60), incident_of("open", "fabric", 0)};
  const int late = 24 * 3600 + 100;
  for (int i = 0; i < 10'050; ++i)
    rows.push_back(incident_of("i" + std::to_string(10'000 + i), "fabric", late - 20'000 + i, late - 10'000 + i));
  run(io, store->commit(commit_of(std::move(rows))));
  run(io, store->retain(t0 + Seconds(late)));
  IncidentSearch everything;
  everything.limit = 20'000;
  const auto left = run(io, store->incidents(everything));
  CHECK(left.size() == 10'001);
  CHECK(left.back().id == "open");
  CHECK(left[left.size() - 2].id == "i10050");
  CHECK(!run(io, store->incident("old")).has_value());
}

TEST_CASE("for want of room old incidents go last, and the newest thousand stay") {
  Folder folder;
  net::io_context io;
  constexpr std::uint64_t bound = 3 << 20;
  auto store = open_store(folder.path, {std::chrono::hours(24 * 30), bound});
  store->pin({});
  std::vector<IncidentRow> rows;
  for (int i = 0; i < 2500; ++i) {
    rows.push_back(incident_of("i" + std::to_string(10'000 + i), "fabric", i, i + 1));
    rows.back().text = incompressible(1500, static_cast<unsigned>(i));
  }
  run(io, store->commit(commit_of(std::move(rows))));
  run(io, store->retain(t0 + Seconds(5000)));
  IncidentSearch everything;
  everything.limit = 20'000;
  const auto left = run(io, store->incidents(everything));
  CHECK(left.size() >= 1000);
  CHECK(left.size() < 2500);
  CHECK(left.front().id == "i12499");
  CHECK(store->bytes() <= bound);

  store->keep({std::chrono::hours(24 * 30), 1 << 20});
  run(io, store->retain(t0 + Seconds(5000)));
  CHECK(run(io, store->incidents(everything)).size() == 1000);
}

TEST_CASE("a store of version 2 has no incidents yet, and keeps what it has") {
  Folder folder;
  net::io_context io;
  {
    auto store = open_store(folder.path);
    Commit commit;
    commit.state = whole("{\"s\":1}");
    commit.rows = {row_of("e1", "hook", "i1", OutboxRow::Mark::open)};
    run(io, store->commit(std::move(commit)));
  }
  {
    Sqlite old((folder.path / "readback.db").string());
    old.exec("DROP TABLE incidents");
    old.exec("PRAGMA user_version=2");
  }
  for (int again = 0; again < 2; ++again) {
    auto store = open_store(folder.path);
    CHECK(store->notes().empty());
    CHECK(store->load_state() == whole("{\"s\":1}"));
    CHECK(store->pending().size() == 1);
    CHECK(run(io, store->incident("01a")).has_value() == (again == 1));
    run(io, store->commit(commit_of({incident_of("01a", "fabric", 0)})));
  }
}
