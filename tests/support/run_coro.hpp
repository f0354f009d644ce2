#pragma once
// Coroutines in tests: run one to its end on a loop, and wait for what it brings about. Both have a limit, so that a
// test of something that never ends fails, and does not hang. Real time passes here; core's tests have simulated time
// and need none of this.
#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "core/text/instant.hpp"
#include "daemon/runtime/net.hpp"

namespace readback {

/// Runs the loop until the condition holds; false when it did not within the limit.
template <class Condition>
bool run_until(net::io_context& io, Condition condition, Millis limit = Seconds(30)) {
  const auto work = net::make_work_guard(io);  // a loop without work would not wait
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    const auto left = end - std::chrono::steady_clock::now();
    if (left <= left.zero()) return false;
    if (io.stopped()) io.restart();
    io.run_one_for(std::min<std::chrono::steady_clock::duration>(left, Millis(20)));
  }
  return true;
}

/// Runs the coroutine to its end, and other tasks of the loop meanwhile; those stay where they are afterwards. Its
/// exception is thrown on; not to end within the limit is an exception as well.
inline void run_coro(net::io_context& io, net::awaitable<void> task, Millis limit = Seconds(30)) {
  struct Ended {
    std::exception_ptr failed;
    bool done = false;
  };
  const auto ended = std::make_shared<Ended>();  // a task that outlives the limit still finds it
  net::co_spawn(io, std::move(task), [ended](std::exception_ptr failed) {
    ended->failed = failed;
    ended->done = true;
  });
  if (!run_until(
          io, [&] { return ended->done; }, limit))
    throw std::runtime_error("the coroutine did not end within " + std::to_string(limit.count()) + " ms");
  if (ended->failed) std::rethrow_exception(ended->failed);
}

template <class T>
net::awaitable<void> keep_result(net::awaitable<T> task, std::shared_ptr<std::optional<T>> kept) {
  kept->emplace(co_await std::move(task));
}

/// The same for a coroutine that returns something.
template <class T>
T run_coro(net::io_context& io, net::awaitable<T> task, Millis limit = Seconds(30)) {
  const auto kept = std::make_shared<std::optional<T>>();
  run_coro(io, keep_result(std::move(task), kept), limit);
  return std::move(**kept);
}

}  // namespace readback
