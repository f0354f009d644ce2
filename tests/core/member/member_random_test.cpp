// Random schedules of a fleet of whole hosts against its promises.
#include <doctest/doctest.h>

#include <cstdlib>
#include <string>

#include "tests/core/member/member_schedule.hpp"

using namespace readback;

namespace {

/// READBACK_SEEDS=FIRST:COUNT tries others than the test run does.
void hold_promises(bool is_calm, std::uint64_t count) {
  std::uint64_t first = 1;
  if (const char* wish = std::getenv("READBACK_SEEDS")) {
    char* end = nullptr;
    first = std::strtoull(wish, &end, 10);
    count = *end == ':' ? std::strtoull(end + 1, nullptr, 10) : 1;
  }
  int pages = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    CAPTURE(seed);
    const auto schedule = draw_schedule(seed, is_calm);
    MemberWorld world(schedule.scene);
    world.run();
    CHECK(broken_promise(schedule, world) == "");
    if (std::getenv("READBACK_STORY")) MESSAGE(world.story());
    pages += world.count("firing");
  }
  CHECK(pages > static_cast<int>(count) / 3);  // nothing is proved by worlds in which nothing happens
}

}  // namespace

TEST_CASE("without disconnection or a crash whole hosts tell each outage once and end it once") {
  hold_promises(true, 6);
}

TEST_CASE("whatever is cut, dies or does not answer, whole hosts page what lasts and end what they have paged") {
  hold_promises(false, 12);
}
