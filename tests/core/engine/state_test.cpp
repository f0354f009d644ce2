// What the engine keeps: read back as it was written, by this program and from the one before it, and never believed
// where it is damaged.
#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <fstream>
#include <iterator>

#include "core/engine/engine.hpp"
#include "tests/core/engine/on_disk.hpp"

using namespace readback;

namespace {

const Instant start{MonoTime(std::chrono::hours(5)), WallTime(Millis(1795660800000))};

Engine fresh() {
  Config config;
  config.environment = "prod";
  config.targets = {default_target("fabric")};
  return Engine(config, {}, start);
}

/// Written by version 0.1.0: one incident paged and open, one that has ended and was remembered with the state.
std::string of_version_2() {
  std::ifstream file(std::string(READBACK_SOURCE_DIR) + "/tests/core/engine/state_version_2.json");
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

SweepDone sweep(std::uint64_t number, int status) {
  SweepDone done;
  done.target = "fabric";
  done.sweep = number;
  for (const SurfaceConfig& surface : default_surfaces()) {
    RawRead read;
    read.read = surface.name;
    read.at = start.wall;
    HttpAnswer answer;
    answer.status = status;
    answer.body = status == 200 ? R"({"status":"ok"})" : R"({"status":"down"})";
    read.answer = answer;
    done.reads.push_back(std::move(read));
  }
  return done;
}

}  // namespace

TEST_CASE("What the program before this one has written goes on: the open incident, and the ended one for the store") {
  auto engine = fresh();
  CHECK(engine.restore({{"fabric", of_version_2()}}, start).empty());
  const auto open = engine.open_incidents();
  REQUIRE(open.size() == 1);
  CHECK(open[0].id == "01a215b8-331c-7000-9a5e-a360b752d616");
  CHECK(open[0].boundary == Boundary::outage);
  CHECK(open[0].extent == Extent::degraded);
  CHECK(open[0].severity == Severity::error);
  CHECK(open[0].state == IncidentState::firing);
  CHECK(open[0].dedup_base == "prod/fabric/outage");
  CHECK(open[0].evidence.snapshot == "01a215b8-331c-7001-82aa-c2ee8b1b9dad");
  CHECK(open[0].evidence.sha256.size() == 64);
  CHECK(open[0].sweeps.at_page > open[0].sweeps.last_good);
  REQUIRE(open[0].conditions.size() == 6);
  CHECK(open[0].conditions[1].state == ConditionState::State::met);
  CHECK_FALSE(open[0].episode.empty());

  std::vector<IncidentRecord> kept;
  for (const auto& action : engine.handle(sweep(1000, 503), start))
    if (const auto* keep = std::get_if<Keep>(&action)) kept.push_back(keep->incident);
  REQUIRE(kept.size() == 1);
  CHECK(kept[0].id == "01a215b7-e4bd-7000-98b2-544e4f4d7379");
  CHECK(kept[0].state == IncidentState::resolved);
  CHECK(kept[0].summary ==
        "RESOLVED outage fabric after 10s: the conditions hold; which runbook was used, nobody has said");
}

TEST_CASE("What is saved comes back the same, word by word") {
  auto engine = fresh();
  CHECK(engine.restore({{"fabric", of_version_2()}}, start).empty());
  const auto saved = engine.save();
  auto again = fresh();
  CHECK(again.restore(saved, start).empty());
  CHECK(again.save() == saved);
  CHECK(saved.at("fabric").find("\"boundary\":\"outage\"") != std::string::npos);
}

TEST_CASE("A damaged or foreign part is left out whole, and said; nothing is read behind a table") {
  auto engine = fresh();
  CHECK(engine.restore({{"fabric", of_version_2()}}, start).empty());
  const std::string today = engine.save("fabric");
  const std::pair<std::string, std::string> damages[] = {{"\"boundary\":\"outage\"", "\"boundary\":\"weather\""},
                                                         {"\"boundary\":\"outage\"", "\"boundary\":20"},
                                                         {"\"severity\":\"error\"", "\"severity\":\"\""},
                                                         {"\"state\":\"firing\"", "\"state\":null"},
                                                         {"\"version\":3", "\"version\":4"},
                                                         {"\"why\":[", "\"why\":{\"x\":["}};
  for (const auto& [from, to] : damages) {
    CAPTURE(to);
    auto other = fresh();
    const auto refused = other.restore({{"fabric", replaced(today, from, to)}}, start);
    REQUIRE(refused.size() == 1);
    CHECK(refused[0].starts_with("the saved state of fabric cannot be used: "));
    CHECK(other.open_incidents().empty());
  }
  for (const int number : {-1, 6, 20, 32, 1 << 30}) {
    CAPTURE(number);
    auto other = fresh();
    const auto old = replaced(of_version_2(), "\"boundary\":1", "\"boundary\":" + std::to_string(number));
    CHECK(other.restore({{"fabric", old}}, start).size() == 1);
  }
}
