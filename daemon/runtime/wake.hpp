#pragma once
// Waiting until somebody says so. The usual loop:
//
//   while (queue.empty()) co_await wake.wait();
//
// One loop, one thread: between the look at the queue and the wait nobody else runs, so no word is lost. A word that is
// spoken while nobody waits is not kept; whoever comes later looks at the state first.
#include <boost/asio/steady_timer.hpp>
#include <list>

#include "core/text/instant.hpp"
#include "daemon/runtime/net.hpp"

namespace readback {

class Wake {
 public:
  explicit Wake(net::any_io_executor executor) : executor_(std::move(executor)) {}
  Wake(const Wake&) = delete;
  Wake& operator=(const Wake&) = delete;

  /// Everybody who waits now goes on.
  void notify() {
    for (auto* each : waiting_) each->cancel();
  }
  net::awaitable<void> wait() { co_await wait_until(net::steady_timer::time_point::max()); }
  /// False when the limit came first.
  net::awaitable<bool> wait_for(Millis limit) {
    co_return co_await wait_until(net::steady_timer::clock_type::now() + limit);
  }

 private:
  net::awaitable<bool> wait_until(net::steady_timer::time_point limit) {
    net::steady_timer timer(executor_, limit);
    const Place place(waiting_, timer);
    auto [ec] = co_await timer.async_wait(token);
    co_return ec == net::error::operation_aborted;
  }
  /// A coroutine that is cancelled, or destroyed while it waits, leaves the list as well.
  struct Place {
    Place(std::list<net::steady_timer*>& all, net::steady_timer& mine) : list(all), at(all.insert(all.end(), &mine)) {}
    ~Place() { list.erase(at); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    std::list<net::steady_timer*>& list;
    std::list<net::steady_timer*>::iterator at;
  };
  net::any_io_executor executor_;
  std::list<net::steady_timer*> waiting_;
};

}  // namespace readback
