// When the dead man's switch is pressed, and when it is not.
#include <doctest/doctest.h>

#include "core/alert/dead_man.hpp"

using namespace readback;

namespace {
constexpr MonoTime at(int seconds) { return MonoTime(Seconds(seconds)); }
}  // namespace

TEST_CASE("a beat is due at absolute times, is held back while all is not well, and comes within a second after") {
  HeartbeatConfig config;
  config.url = SecretRef{};
  config.interval = Seconds(60);
  bool well = true;
  const std::function<bool()> healthy = [&] { return well; };
  DeadMansSwitch dead_man(at(0));
  CHECK(!dead_man.wait(config, healthy, at(0)));
  CHECK(dead_man.wait(config, healthy, at(3)) == at(60));
  CHECK(!dead_man.wait(config, healthy, at(62)));  // late
  CHECK(dead_man.wait(config, healthy, at(62)) == at(120));
  well = false;
  CHECK(dead_man.wait(config, healthy, at(120)) == at(121));
  CHECK(dead_man.wait(config, healthy, at(121)) == at(122));
  well = true;
  CHECK(!dead_man.wait(config, healthy, at(122)));
  CHECK(dead_man.wait(config, healthy, at(123)) == at(182));
  CHECK(!dead_man.wait(config, healthy, at(600)));  // after an absence there is no catching up
  CHECK(dead_man.wait(config, healthy, at(600)) == at(660));
}

TEST_CASE("without an address nothing beats, and with a new one the first beat is due at once") {
  HeartbeatConfig config;
  DeadMansSwitch dead_man(at(0));
  CHECK(dead_man.wait(config, {}, at(5)) == MonoTime::max());
  config.url = SecretRef{};
  CHECK(!dead_man.wait(config, {}, at(5)));
}
