#pragma once
// Several reads at once, and go on when all have come back: the sweep's "together".
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <memory>
#include <optional>
#include <vector>

#include "daemon/runtime/net.hpp"

namespace readback {

/// The results in the order of the tasks. A task that throws leaves its place out; tasks bring their errors as values.
template <class T>
net::awaitable<std::vector<T>> all_of(std::vector<net::awaitable<T>> tasks) {
  struct State {
    explicit State(net::any_io_executor ex) : wake(ex) {}
    std::vector<std::optional<T>> results;
    std::size_t running = 0;
    net::steady_timer wake;
  };
  auto executor = co_await net::this_coro::executor;
  auto state = std::make_shared<State>(executor);
  state->results.resize(tasks.size());
  state->running = tasks.size();
  state->wake.expires_at(net::steady_timer::time_point::max());
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    auto done = [state, i](std::exception_ptr failed, T value) {
      if (!failed) state->results[i] = std::move(value);
      if (--state->running == 0) state->wake.cancel();
    };
    net::co_spawn(executor, std::move(tasks[i]), std::move(done));
  }
  while (state->running > 0) {
    auto [ec] = co_await state->wake.async_wait(token);
    (void)ec;  // only ever cancelled, by the last one
  }
  std::vector<T> results;
  for (auto& r : state->results)
    if (r) results.push_back(std::move(*r));
  co_return results;
}

}  // namespace readback
