#pragma once
// Structured concurrency for the daemon: every coroutine is started here, is counted, can be cancelled, and is joined.
// Nothing is detached: an exception that a task throws is kept and handed to whoever joins.
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <exception>
#include <functional>
#include <list>
#include <memory>
#include <string>

#include "daemon/runtime/net.hpp"

namespace readback {

/// What a task has ended by, for the log.
inline std::string text_of(const std::exception_ptr& failed) {
  try {
    std::rethrow_exception(failed);
  } catch (const std::exception& e) {
    return e.what();
  } catch (...) {
    return "an unknown exception";
  }
}

class TaskGroup {
 public:
  /// Told when a task ends by an exception that is no cancellation. Runs in the loop.
  using OnError = std::function<void(const std::string& task, std::exception_ptr)>;

  explicit TaskGroup(net::any_io_executor executor, OnError on_error = {})
      : state_(std::make_shared<State>(State{executor, std::move(on_error), {}, net::steady_timer(executor)})) {}
  ~TaskGroup() { state_->on_error = {}; }
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  void spawn(std::string name, net::awaitable<void> task) {
    auto& tasks = state_->tasks;
    tasks.emplace_back();
    const auto place = std::prev(tasks.end());
    auto done = [state = state_, place, name = std::move(name)](std::exception_ptr failed) {
      state->tasks.erase(place);
      if (failed && !was_cancelled(failed) && state->on_error) state->on_error(name, failed);
      if (state->tasks.empty()) state->idle.cancel();
    };
    auto bound = net::bind_cancellation_slot(place->signal.slot(), std::move(done));
    net::co_spawn(state_->executor, run(*place, std::move(task)), std::move(bound));
  }

  void cancel() {
    for (auto it = state_->tasks.begin(); it != state_->tasks.end();) {
      auto& task = *it++;  // it may end, and leave the list, while it is told
      task.is_cancelled = true;
      if (task.has_begun) task.signal.emit(net::cancellation_type::terminal);
    }
  }
  std::size_t running() const { return state_->tasks.size(); }

  /// Waits until all have ended, at most `limit`. False when some have not.
  net::awaitable<bool> join(std::chrono::milliseconds limit) {
    auto state = state_;
    state->idle.expires_after(limit);
    while (!state->tasks.empty()) {
      auto [ec] = co_await state->idle.async_wait(token);
      if (!ec) break;  // the limit; a cancelled timer means that the last task has ended
    }
    co_return state->tasks.empty();
  }

 private:
  struct Task {
    net::cancellation_signal signal;
    bool has_begun = false, is_cancelled = false;
  };
  struct State {
    net::any_io_executor executor;
    OnError on_error;
    std::list<Task> tasks;
    net::steady_timer idle;
  };
  /// Cancelled before it began, it does not begin: Asio of Boost 1.83 would throw that out of the loop.
  static net::awaitable<void> run(Task& place, net::awaitable<void> task) {
    if (place.is_cancelled) co_return;
    place.has_begun = true;
    co_await std::move(task);
  }
  static bool was_cancelled(const std::exception_ptr& failed) {
    try {
      std::rethrow_exception(failed);
    } catch (const boost::system::system_error& e) {
      return e.code() == net::error::operation_aborted;
    } catch (...) {
      return false;
    }
  }
  std::shared_ptr<State> state_;
};

}  // namespace readback
