// Any bytes are a schedule of the simulated world, and none of them breaks a promise (tests/sim).
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "tests/sim/world.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace readback::sim;
  Chance chance(data, size);
  const auto schedule = draw(chance, Wishes{}, 1);
  const auto outcome = World(schedule, false).run();
  if (outcome.broken.empty()) return 0;
  World again(schedule, true);
  again.run();
  std::fputs(again.story().c_str(), stderr);
  std::abort();
}
