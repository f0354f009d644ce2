// Structured concurrency: every task is counted, can be cancelled, is joined, and its exception is told.
#include "daemon/runtime/task_group.hpp"

#include <doctest/doctest.h>

#include <boost/asio/this_coro.hpp>
#include <stdexcept>
#include <utility>
#include <vector>

#include "tests/support/run_coro.hpp"

using namespace readback;

namespace {

/// Ends after `duration`, and then says so.
net::awaitable<void> sleeper(Millis duration, int& ended) {
  auto executor = co_await net::this_coro::executor;
  net::steady_timer timer(executor, duration);
  co_await timer.async_wait(net::use_awaitable);
  ++ended;
}

/// Takes its time even when it is cancelled, as one that reaps a child.
net::awaitable<void> stubborn(Millis duration, int& ended) {
  co_await net::this_coro::reset_cancellation_state(net::disable_cancellation());
  auto executor = co_await net::this_coro::executor;
  net::steady_timer timer(executor, duration);
  co_await timer.async_wait(net::use_awaitable);
  ++ended;
}

net::awaitable<void> failing(std::string words) {
  auto executor = co_await net::this_coro::executor;
  net::steady_timer timer(executor, Millis(1));
  co_await timer.async_wait(net::use_awaitable);
  throw std::runtime_error(words);
}

net::awaitable<void> spawning(TaskGroup& tasks, int& ended) {
  tasks.spawn("child", sleeper(Millis(5), ended));
  co_return;
}

using Told = std::vector<std::pair<std::string, std::string>>;

TaskGroup::OnError tell(Told& told) {
  return [&told](const std::string& task, std::exception_ptr failed) {
    try {
      std::rethrow_exception(failed);
    } catch (const std::exception& e) {
      told.emplace_back(task, e.what());
    }
  };
}

}  // namespace

TEST_CASE("A group counts what runs, and a join waits for the last, those that were started meanwhile included") {
  net::io_context io;
  TaskGroup tasks(io.get_executor());
  CHECK(run_coro(io, tasks.join(Millis(0))));  // nothing to wait for
  int ended = 0;
  tasks.spawn("short", sleeper(Millis(1), ended));
  tasks.spawn("long", sleeper(Millis(10), ended));
  tasks.spawn("parent", spawning(tasks, ended));
  CHECK(tasks.running() == 3);
  CHECK(run_coro(io, tasks.join(Seconds(30))));
  CHECK(ended == 3);
  CHECK(tasks.running() == 0);
}

TEST_CASE("What is cancelled ends at once and is no error") {
  net::io_context io;
  Told told;
  TaskGroup tasks(io.get_executor(), tell(told));
  int ended = 0;
  for (int i = 0; i < 5; ++i) tasks.spawn("sleeper", sleeper(std::chrono::hours(1), ended));
  io.poll();
  tasks.cancel();
  CHECK(run_coro(io, tasks.join(Seconds(30))));
  CHECK(ended == 0);
  CHECK(told.empty());
}

TEST_CASE("A task that is cancelled before it began does not run its hour") {
  net::io_context io;
  TaskGroup tasks(io.get_executor());
  int ended = 0;
  tasks.spawn("sleeper", sleeper(std::chrono::hours(1), ended));
  tasks.cancel();
  CHECK(run_coro(io, tasks.join(Seconds(30))));
  CHECK(ended == 0);
}

TEST_CASE("A join with a limit says that somebody has not ended, and a later one that all have") {
  net::io_context io;
  TaskGroup tasks(io.get_executor());
  int ended = 0;
  tasks.spawn("stubborn", stubborn(Millis(50), ended));
  tasks.spawn("sleeper", sleeper(std::chrono::hours(1), ended));
  io.poll();
  tasks.cancel();
  CHECK(!run_coro(io, tasks.join(Millis(5))));
  CHECK(tasks.running() == 1);
  CHECK(run_coro(io, tasks.join(Seconds(30))));
  CHECK(ended == 1);
}

TEST_CASE("An exception is told with the name of its task, and the others go on") {
  net::io_context io;
  Told told;
  TaskGroup tasks(io.get_executor(), tell(told));
  int ended = 0;
  tasks.spawn("good", sleeper(Millis(10), ended));
  tasks.spawn("bad", failing("no such row"));
  tasks.spawn("worse", failing("no such table"));
  CHECK(run_coro(io, tasks.join(Seconds(30))));
  CHECK(ended == 1);
  CHECK(told == Told{{"bad", "no such row"}, {"worse", "no such table"}});
}

TEST_CASE("A group without anybody to tell drops an exception, and does not end the program") {
  net::io_context io;
  TaskGroup tasks(io.get_executor());
  tasks.spawn("bad", failing("nobody hears this"));
  CHECK(run_coro(io, tasks.join(Seconds(30))));
}

TEST_CASE("A group that is destroyed before its tasks tells nobody, and its tasks still come to their end") {
  net::io_context io;
  Told told;
  int ended = 0;
  {
    TaskGroup tasks(io.get_executor(), tell(told));
    tasks.spawn("bad", failing("too late"));
    tasks.spawn("sleeper", sleeper(Millis(5), ended));
    io.poll();
  }
  io.run_for(Seconds(30));
  CHECK(told.empty());
  CHECK(ended == 1);
}
