#pragma once
// What would hold up the loop (a file, an archive, a bus that hangs) runs on a thread of its own, and the coroutine
// goes on in the loop with the result:
//
//   std::function<Digest()> work = [bytes] { return digest_of(bytes); };
//   auto digest = co_await off_loop(worker, std::move(work));
//
// What has begun is finished: a cancellation is noticed only afterwards, at the next wait. So whoever is stopped never
// leaves half a file behind without knowing it.
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <memory>
#include <optional>

#include "core/text/instant.hpp"
#include "daemon/runtime/net.hpp"

namespace readback {

/// One thread, from the beginning: when it is needed there may be none to be had. Jobs run in order. Its owner ends
/// before the loop does: the job that runs is waited for, those behind it are dropped.
class Worker {
 public:
  void post(std::function<void()> job);

 private:
  net::thread_pool pool_{1};
};

using TakeJob = std::function<void(std::function<void()>)>;  ///< has a job run on another thread

/// Hands `job` over and resumes in the loop when it is done. What it throws is thrown here.
net::awaitable<void> done_elsewhere(TakeJob take, std::function<void()> job);

/// As above, with what `work` returns. Neither needs to be copied cheaply: both are moved.
template <class R>
net::awaitable<R> off_loop(TakeJob take, std::function<R()> work) {
  auto result = std::make_shared<std::optional<R>>();
  std::function<void()> job = [result, work = std::move(work)] { result->emplace(work()); };
  co_await done_elsewhere(std::move(take), std::move(job));
  co_return std::move(**result);
}

/// As done_elsewhere, but whoever waits goes on when the limit is over: false. The job is done all the same, and nobody
/// hears of it; the loop must outlive it.
net::awaitable<bool> done_within(Millis limit, TakeJob take, std::function<void()> job);

template <class R>
net::awaitable<std::optional<R>> off_loop_within(Millis limit, TakeJob take, std::function<R()> work) {
  auto result = std::make_shared<std::optional<R>>();
  std::function<void()> job = [result, work = std::move(work)] { result->emplace(work()); };
  const bool came = co_await done_within(limit, std::move(take), std::move(job));
  std::optional<R> out;
  if (came) out = std::move(*result);
  co_return out;
}

template <class R>
net::awaitable<R> off_loop(Worker& worker, std::function<R()> work) {
  TakeJob take = [&worker](std::function<void()> job) { worker.post(std::move(job)); };
  return off_loop<R>(std::move(take), std::move(work));
}

}  // namespace readback
