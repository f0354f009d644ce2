// Random schedules of a whole fleet against its promises.
#include <doctest/doctest.h>

#include <cstdlib>
#include <string>

#include "tests/core/fleet/fleet_world.hpp"

using namespace readback;

namespace {

/// READBACK_SEEDS=FIRST:COUNT tries others than the test run does; READBACK_STORY prints what happened in each that
/// broke something.
struct Seeds {
  std::uint64_t first = 1, count = 0;
  explicit Seeds(std::uint64_t otherwise) : count(otherwise) {
    const char* wish = std::getenv("READBACK_SEEDS");
    if (!wish) return;
    char* end = nullptr;
    first = std::strtoull(wish, &end, 10);
    count = *end == ':' ? std::strtoull(end + 1, nullptr, 10) : 1;
  }
};

void hold_promises(bool is_calm, std::uint64_t count) {
  const Seeds seeds(count);
  int pages = 0, ends = 0, worse = 0, ways = 0, own_ways = 0;
  for (std::uint64_t seed = seeds.first; seed < seeds.first + seeds.count; ++seed) {
    CAPTURE(seed);
    FleetScene scene;
    scene.seed = seed, scene.is_calm = is_calm;
    FleetWorld world(scene);
    const std::string broken = world.run();
    CHECK(broken == "");
    const char* wish = std::getenv("READBACK_STORY");
    if (wish && (!broken.empty() || std::string(wish) == "all")) MESSAGE(world.story());
    pages += world.pages(), ends += world.pages("outage", "resolved"), worse += world.pages("outage", "escalated");
    ways += world.pages("vantage"), own_ways += world.own_ways();
  }
  if (seeds.count < count) return;
  // Nothing is proved by worlds in which nothing happens.
  CHECK(pages > static_cast<int>(seeds.count) / 2);
  CHECK(ends > static_cast<int>(seeds.count) / 4);
  MESSAGE(pages << " pages, " << ends << " ends, " << worse << " escalations, " << ways << " ways, " << own_ways
                << " own ways in " << seeds.count << " worlds");
}

}  // namespace

TEST_CASE("without disconnection or a crash every promise is held, with one page and one end") {
  hold_promises(true, 3);
}

TEST_CASE("whatever is cut, stalls, dies or does not answer, every promise is held") { hold_promises(false, 6); }

TEST_CASE("the same seed gives the same bytes") {
  FleetScene scene;
  scene.seed = 7;
  FleetWorld first(scene), second(scene);
  CHECK(first.run() == second.run());
  CHECK(first.story() == second.story());
  CHECK(first.story().size() > 100);
}
