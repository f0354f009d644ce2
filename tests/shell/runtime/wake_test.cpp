// Waiting until somebody says so: who is woken, who is not, and what is left of those that are gone.
#include "daemon/runtime/wake.hpp"

#include <doctest/doctest.h>

#include <memory>

#include "daemon/runtime/task_group.hpp"
#include "tests/support/run_coro.hpp"

using namespace readback;

namespace {

net::awaitable<void> count_wakes(Wake& wake, int& woken, int times) {
  for (int i = 0; i < times; ++i) {
    co_await wake.wait();
    ++woken;
  }
}

net::awaitable<void> wait_and_note(Wake& wake, Millis limit, std::optional<bool>& spoken) {
  spoken = co_await wake.wait_for(limit);
}

}  // namespace

TEST_CASE("A word wakes everybody who waits, once") {
  net::io_context io;
  Wake wake(io.get_executor());
  TaskGroup tasks(io.get_executor());
  int woken = 0;
  for (int i = 0; i < 3; ++i) tasks.spawn("waiter", count_wakes(wake, woken, 2));
  io.poll();
  CHECK(woken == 0);
  wake.notify();
  io.poll();
  CHECK(woken == 3);
  CHECK(tasks.running() == 3);
  wake.notify();
  io.poll();
  CHECK(woken == 6);
  CHECK(tasks.running() == 0);
}

TEST_CASE("A word that is spoken while nobody waits is not kept") {
  net::io_context io;
  Wake wake(io.get_executor());
  wake.notify();
  CHECK(!run_coro(io, wake.wait_for(Millis(10))));
}

TEST_CASE("Two words in one turn of the loop wake a waiter once") {
  net::io_context io;
  Wake wake(io.get_executor());
  TaskGroup tasks(io.get_executor());
  int woken = 0;
  tasks.spawn("waiter", count_wakes(wake, woken, 2));
  io.poll();
  wake.notify();
  wake.notify();
  io.poll();
  CHECK(woken == 1);
  tasks.cancel();
  io.poll();
  CHECK(tasks.running() == 0);
}

TEST_CASE("A wait with a limit says whether the word came or the limit") {
  net::io_context io;
  Wake wake(io.get_executor());
  TaskGroup tasks(io.get_executor());
  std::optional<bool> early, late;
  tasks.spawn("long", wait_and_note(wake, Seconds(30), early));
  tasks.spawn("short", wait_and_note(wake, Millis(5), late));
  REQUIRE(run_until(io, [&] { return late.has_value(); }));
  CHECK(*late == false);
  CHECK(!early);
  wake.notify();
  REQUIRE(run_until(io, [&] { return early.has_value(); }));
  CHECK(*early == true);
}

TEST_CASE("Who is cancelled while he waits is nobody's to wake any more") {
  net::io_context io;
  Wake wake(io.get_executor());
  int woken = 0;
  TaskGroup tasks(io.get_executor());
  tasks.spawn("waiter", count_wakes(wake, woken, 2));
  io.poll();
  CHECK(tasks.running() == 1);
  tasks.cancel();
  io.poll();
  CHECK(tasks.running() == 0);
  wake.notify();  // ASan sees it if the list still names the wait that is gone
  io.poll();
  CHECK(woken <= 1);  // the wait that was cancelled returns, the next one throws
}

TEST_CASE("A loop that ends with somebody waiting leaves nothing behind") {
  auto io = std::make_unique<net::io_context>();
  Wake wake(io->get_executor());
  int woken = 0;
  net::co_spawn(*io, count_wakes(wake, woken, 1), [](std::exception_ptr) {});
  io->poll();
  io.reset();
  wake.notify();  // ASan sees it if the list still names the wait that is gone
  CHECK(woken == 0);
}
