// Several at once: results in the order of the tasks, and no task outlives the one that waits for it.
#include "daemon/runtime/join.hpp"

#include <doctest/doctest.h>

#include <boost/asio/this_coro.hpp>
#include <stdexcept>

#include "daemon/runtime/task_group.hpp"
#include "tests/support/run_coro.hpp"

using namespace readback;

namespace {

net::awaitable<int> after(Millis duration, int value) {
  auto executor = co_await net::this_coro::executor;
  net::steady_timer timer(executor, duration);
  auto [ec] = co_await timer.async_wait(token);
  co_return ec ? -1 : value;
}

net::awaitable<int> failing() {
  const int value = co_await after(Millis(1), 0);
  if (value == 0) throw std::runtime_error("no value");
  co_return value;
}

/// Cleans up for a while when it is cancelled, and counts that it did.
net::awaitable<int> tidy(int& tidied) {
  const int value = co_await after(std::chrono::hours(1), 1);
  co_await net::this_coro::reset_cancellation_state();
  co_await after(Millis(5), 0);
  ++tidied;
  co_return value;
}

net::awaitable<void> wait_for_two(int& tidied, bool& came_back) {
  std::vector<net::awaitable<int>> tasks;
  tasks.push_back(tidy(tidied));
  tasks.push_back(tidy(tidied));
  co_await all_of(std::move(tasks));
  came_back = true;
}

}  // namespace

TEST_CASE("The results stand in the order of the tasks, whoever was first") {
  net::io_context io;
  std::vector<net::awaitable<int>> tasks;
  tasks.push_back(after(Millis(20), 1));
  tasks.push_back(after(Millis(1), 2));
  tasks.push_back(after(Millis(10), 3));
  CHECK(run_coro(io, all_of(std::move(tasks))) == std::vector{1, 2, 3});
}

TEST_CASE("Nothing to wait for is over at once") {
  net::io_context io;
  CHECK(run_coro(io, all_of(std::vector<net::awaitable<int>>())).empty());
}

TEST_CASE("All wait together: as long as the longest, not as long as their sum") {
  net::io_context io;
  std::vector<net::awaitable<int>> tasks;
  for (int i = 0; i < 50; ++i) tasks.push_back(after(Millis(100), i));
  const auto begin = std::chrono::steady_clock::now();
  CHECK(run_coro(io, all_of(std::move(tasks))).size() == 50);
  CHECK(std::chrono::steady_clock::now() - begin < Seconds(3));
}

TEST_CASE("A task that throws leaves its place out, and the others are still waited for") {
  net::io_context io;
  std::vector<net::awaitable<int>> tasks;
  tasks.push_back(after(Millis(10), 1));
  tasks.push_back(failing());
  tasks.push_back(after(Millis(5), 3));
  CHECK(run_coro(io, all_of(std::move(tasks))) == std::vector{1, 3});
}

TEST_CASE("Who is cancelled while he waits cancels the tasks, and goes only when they have gone") {
  net::io_context io;
  TaskGroup group(io.get_executor());
  int tidied = 0;
  bool came_back = false;
  group.spawn("waiter", wait_for_two(tidied, came_back));
  io.poll();
  group.cancel();
  CHECK(run_coro(io, group.join(Seconds(30))));
  CHECK(tidied == 2);
  CHECK(!came_back);
}
