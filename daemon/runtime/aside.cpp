// A call is shared by its asker in the loop and the thread that does it: whichever is later finds it still there.
#include "daemon/runtime/aside.hpp"

#include <atomic>
#include <boost/asio/post.hpp>
#include <exception>
#include <system_error>

namespace readback {

struct Aside::Call {
  Call(const net::any_io_executor& loop, std::string n, std::function<void()> j)
      : name(std::move(n)), job(std::move(j)), wake(loop) {}
  const std::string name;
  const std::function<void()> job;
  std::atomic<bool> abandoned{false};  // its asker has gone
  // The loop's own.
  Wake wake;
  bool done = false;
  std::exception_ptr failed;
};

Aside::Aside(net::any_io_executor loop, std::size_t most) : loop_(std::move(loop)), most_(most) {
  threads_.emplace_back([this] { run(); });
}

Aside::~Aside() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  for (auto& thread : threads_) thread.join();
}

net::awaitable<bool> Aside::ask(Millis limit, std::string name, std::function<void()> job) {
  struct Leaving {
    std::shared_ptr<Call> call;
    ~Leaving() { call->abandoned = true; }
  };
  const auto call = std::make_shared<Call>(loop_, std::move(name), std::move(job));
  if (!hand_over(call)) co_return false;
  const Leaving leaving{call};
  co_await call->wake.wait_for(limit);
  if (call->done && call->failed) std::rethrow_exception(call->failed);
  co_return call->done;
}

void Aside::post(std::function<void()> job) { hand_over(std::make_shared<Call>(loop_, "", std::move(job))); }

bool Aside::hand_over(std::shared_ptr<Call> call) {
  const std::lock_guard lock(mutex_);
  if (!call->name.empty() && !out_.insert(call->name).second) return false;
  waiting_.push_back(std::move(call));
  if (waiting_.size() > free_ && threads_.size() < most_) {
    try {
      threads_.emplace_back([this] { run(); });
    } catch (const std::system_error&) {  // none to be had: those that are there come to it
    }
  }
  wake_.notify_one();
  return true;
}

void Aside::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    ++free_;
    wake_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
    --free_;
    if (ending_) return;
    auto call = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    std::exception_ptr failed;
    const bool asked = !call->abandoned;
    if (asked) failed = done(*call);
    lock.lock();
    out_.erase(call->name);  // before its asker goes on: it may ask anew at once
    if (asked) answer(std::move(call), failed);
  }
}

std::exception_ptr Aside::done(const Call& call) {
  try {
    call.job();
  } catch (...) {
    return std::current_exception();
  }
  return {};
}

/// Back in the loop, which then is the last to hold the call.
void Aside::answer(std::shared_ptr<Call> call, std::exception_ptr failed) {
  net::post(loop_, [call = std::move(call), failed] {
    call->done = true;
    call->failed = failed;
    call->wake.notify();
  });
}

}  // namespace readback
