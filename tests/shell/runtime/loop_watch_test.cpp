// Whose doing it was that the loop came late, and how often that is told.
#include "daemon/runtime/loop_watch.hpp"

#include <doctest/doctest.h>

#include <thread>

using namespace readback;

namespace {

void work_for(LoopWatch& watch, const char* what, Millis time) {
  const LoopWatch::Step step(watch, what);
  std::this_thread::sleep_for(time);
}

}  // namespace

TEST_CASE("the step that held the loop is named, a busy host is not blamed on any, and a minute passes between words") {
  LoopWatch watch;
  const MonoTime start(Seconds(1000));
  work_for(watch, "a short step", Millis(1));
  work_for(watch, "a reload", Millis(120));
  CHECK_FALSE(watch.late(Millis(100), start));  // and it is forgotten with this heartbeat
  work_for(watch, "a sweep", Millis(130));
  work_for(watch, "a short step", Millis(1));
  const auto held = watch.late(Millis(131), start + Seconds(1));
  REQUIRE(held);
  CHECK(held->level == Say::Level::warning);
  CHECK(held->text.starts_with("a sweep held the loop for 1"));
  CHECK_FALSE(watch.late(Millis(500), start + Seconds(2)));
  CHECK_FALSE(watch.late(Millis(500), start + Seconds(60)));
  work_for(watch, "a short step", Millis(1));
  const auto busy = watch.late(Millis(400), start + Seconds(61));
  REQUIRE(busy);
  CHECK(busy->level == Say::Level::info);
  CHECK(busy->text ==
        "the loop came 400 ms late, and no step of ours took that long: this host is busy; it was late 2 more times "
        "since "
        "this was told last");
}
