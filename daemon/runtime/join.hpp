#pragma once
// Several tasks at once, and go on when all have come back: the sweep's "together". No task outlives the one that
// waits: when that one is cancelled, the tasks are, and it goes only when they have gone.
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <exception>
#include <list>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "daemon/runtime/net.hpp"
#include "daemon/runtime/wake.hpp"

namespace readback {

/// The results in the order of the tasks. A task that throws leaves its place out; tasks bring their errors as values.
template <class T>
net::awaitable<std::vector<T>> all_of(std::vector<net::awaitable<T>> tasks) {
  struct State {
    explicit State(net::any_io_executor ex) : all_back(std::move(ex)) {}
    std::vector<std::optional<T>> results;
    std::list<net::cancellation_signal> running;
    Wake all_back;
  };
  auto executor = co_await net::this_coro::executor;
  auto state = std::make_shared<State>(executor);
  state->results.resize(tasks.size());
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const auto place = state->running.emplace(state->running.end());
    auto done = [state, i, place](std::exception_ptr failed, T value) {
      if (!failed) state->results[i] = std::move(value);
      state->running.erase(place);
      if (state->running.empty()) state->all_back.notify();
    };
    auto bound = net::bind_cancellation_slot(place->slot(), std::move(done));
    net::co_spawn(executor, std::move(tasks[i]), std::move(bound));
  }
  bool cancelled = false;
  while (!state->running.empty()) {
    co_await state->all_back.wait();
    const auto mine = co_await net::this_coro::cancellation_state;
    if (mine.cancelled() == net::cancellation_type::none) continue;
    cancelled = true;
    co_await net::this_coro::reset_cancellation_state();  // or the next wait would throw, and leave them running
    for (auto it = state->running.begin(); it != state->running.end();) {
      auto& signal = *it++;  // the task may end, and leave the list, while it is told
      signal.emit(net::cancellation_type::terminal);
    }
  }
  if (cancelled) throw boost::system::system_error(net::error::operation_aborted);
  std::vector<T> results;
  for (auto& r : state->results)
    if (r) results.push_back(std::move(*r));
  co_return results;
}

}  // namespace readback
