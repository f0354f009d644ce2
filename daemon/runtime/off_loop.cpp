// The way from the loop to another thread and back. The loop is kept alive until the job is done, and the coroutine's
// handler goes back with the message, so that the other thread never is the last to hold it.
#include "daemon/runtime/off_loop.hpp"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <exception>

#include "daemon/runtime/wake.hpp"

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

net::awaitable<bool> done_within(Millis limit, TakeJob take, std::function<void()> job) {
  struct Call {
    explicit Call(net::any_io_executor loop) : wake(std::move(loop)) {}
    Wake wake;
    bool done = false;
    std::exception_ptr failed;
  };
  const net::any_io_executor loop = co_await net::this_coro::executor;
  const auto call = std::make_shared<Call>(loop);
  const auto done = [loop, call, job = std::move(job)] {
    std::exception_ptr failed;
    try {
      job();
    } catch (...) {
      failed = std::current_exception();
    }
    net::post(loop, [call, failed] {
      call->done = true;
      call->failed = failed;
      call->wake.notify();
    });
  };
  take(done);
  co_await call->wake.wait_for(limit);
  if (call->done && call->failed) std::rethrow_exception(call->failed);
  co_return call->done;
}

}  // namespace readback
