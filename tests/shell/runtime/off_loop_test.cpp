// Work on another thread: the loop goes on meanwhile, results and exceptions come back to it, and a worker's end waits.
#include "daemon/runtime/off_loop.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

#include "daemon/runtime/task_group.hpp"

using namespace readback;

TEST_CASE("work runs on another thread and its result comes back in the loop, which is free meanwhile") {
  net::io_context io;
  Worker worker;
  std::atomic<bool> ticked{false};
  std::thread::id worked_on, resumed_on;
  std::string got;
  const auto task = [&]() -> net::awaitable<void> {
    std::function<std::string()> work = [&] {
      worked_on = std::this_thread::get_id();
      for (int i = 0; i < 1000 && !ticked; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
      return std::string(ticked ? "the loop went on" : "the loop stood still");
    };
    got = co_await off_loop(worker, std::move(work));
    resumed_on = std::this_thread::get_id();
  };
  TaskGroup tasks(io.get_executor());
  tasks.spawn("task", task());
  net::steady_timer tick(io, std::chrono::milliseconds(10));
  tick.async_wait([&](ErrorCode) { ticked = true; });
  io.run();
  CHECK(got == "the loop went on");
  CHECK(worked_on != std::this_thread::get_id());
  CHECK(resumed_on == std::this_thread::get_id());
}

TEST_CASE("what the work throws is thrown where it was awaited") {
  net::io_context io;
  Worker worker;
  std::string told;
  const auto task = [&]() -> net::awaitable<void> {
    std::function<int()> work = []() -> int { throw std::runtime_error("no room"); };
    co_await off_loop(worker, std::move(work));
  };
  TaskGroup tasks(io.get_executor(), [&](const std::string& name, std::exception_ptr failed) {
    try {
      std::rethrow_exception(failed);
    } catch (const std::exception& e) {
      told = name + ": " + e.what();
    }
  });
  tasks.spawn("task", task());
  io.run();
  CHECK(told == "task: no room");
}

TEST_CASE("a task that is cancelled gets the result of what it began all the same") {
  net::io_context io;
  Worker worker;
  bool finished = false;
  const auto task = [&]() -> net::awaitable<void> {
    std::function<bool()> work = [] {
      std::this_thread::sleep_for(std::chrono::milliseconds(30));
      return true;
    };
    finished = co_await off_loop(worker, std::move(work));
  };
  TaskGroup tasks(io.get_executor());
  tasks.spawn("task", task());
  net::steady_timer soon(io, std::chrono::milliseconds(5));
  soon.async_wait([&](ErrorCode) { tasks.cancel(); });
  io.run();
  CHECK(finished);
}

TEST_CASE("who waits with a limit goes on without what does not come, and the job is done all the same") {
  net::io_context io;
  std::atomic<bool> let_go{false}, done{false};
  std::optional<int> in_time, too_late = 1;
  Worker worker;
  const TakeJob take = [&](std::function<void()> job) { worker.post(std::move(job)); };
  const auto task = [&]() -> net::awaitable<void> {
    std::function<int()> quick = [] { return 7; };
    in_time = co_await off_loop_within<int>(Seconds(30), take, std::move(quick));
    std::function<int()> hangs = [&] {
      while (!let_go) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      done = true;
      return 8;
    };
    too_late = co_await off_loop_within<int>(Millis(20), take, std::move(hangs));
    let_go = true;
  };
  TaskGroup tasks(io.get_executor());
  tasks.spawn("task", task());
  io.run();
  CHECK(in_time == 7);
  CHECK(too_late == std::nullopt);
  for (int i = 0; i < 30'000 && !done; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  CHECK(done);
}

TEST_CASE("a worker that ends waits for the job that runs and drops those behind it") {
  std::atomic<int> begun{0}, ended{0};
  {
    Worker worker;
    for (int i = 0; i < 3; ++i)
      worker.post([&] {
        ++begun;
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        ++ended;
      });
    while (begun == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  CHECK(begun == 1);
  CHECK(ended == 1);
}
