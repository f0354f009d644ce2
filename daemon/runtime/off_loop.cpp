// The way from the loop to another thread and back. The loop is kept alive until the job is done, and the coroutine's
// handler goes back with the message, so that the other thread never is the last to hold it.
#include "daemon/runtime/off_loop.hpp"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <exception>

namespace readback {

void Worker::post(std::function<void()> job) { net::post(pool_, std::move(job)); }

net::awaitable<void> done_elsewhere(TakeJob take, std::function<void()> job) {
  return net::async_initiate<const net::use_awaitable_t<>&, void(std::exception_ptr)>(
      [](auto handler, const TakeJob& hand_over, std::function<void()> work) {
        auto loop = net::get_associated_executor(handler);
        auto back = std::make_shared<decltype(handler)>(std::move(handler));
        auto guard = net::make_work_guard(loop);
        hand_over([loop, back = std::move(back), guard = std::move(guard), work = std::move(work)]() mutable {
          std::exception_ptr error;
          try {
            work();
          } catch (...) {
            error = std::current_exception();
          }
          net::post(loop, [back = std::move(back), error] { (*back)(error); });
        });
      },
      net::use_awaitable, std::move(take), std::move(job));
}

}  // namespace readback
