// Flapping: how a history of sweeps is weighed, and what of it is kept.
#include <doctest/doctest.h>

#include "core/incident/flap.hpp"

using namespace readback;

namespace {
FlapWindow window(const char* sweeps) {
  FlapWindow w;
  for (; *sweeps; ++sweeps) w.push(*sweeps == 'x');
  return w;
}
}  // namespace

TEST_CASE("state change is weighed as Nagios weighs it") {
  struct Case {
    const char* sweeps;
    double percent;
  };
  constexpr Case cases[] = {
      {".....................", 0},
      {"xxxxxxxxxxxxxxxxxxxxx", 0},
      {".x.x.x.x.x.x.x.x.x.x.", 100},
      {"....................x", 6.0},  // the newest change weighs 1.2 of 20
      {".xxxxxxxxxxxxxxxxxxxx", 4.0},  // the oldest 0.8
      {"x", 0},
  };
  for (const auto& c : cases) {
    CAPTURE(c.sweeps);
    CHECK(window(c.sweeps).percent() == doctest::Approx(c.percent).epsilon(0.001));
  }
}

TEST_CASE("a window keeps 21 sweeps and comes back from its bits") {
  const auto w = window("xxxxxxxxxx.x.x.x.x.x.x.x.x.x");
  CHECK(w.full());
  const auto again = FlapWindow::from(w.bits(), w.count());
  CHECK(again.percent() == w.percent());
  CHECK(again.held() == w.held());
}
