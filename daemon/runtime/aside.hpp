#pragma once
// What may never come back (a file on a mount that is gone, a name service that does not answer) is asked aside: on a
// thread that is not the loop's, with a limit, and whoever asks goes on without the answer when the limit is over.
//
//   std::function<Prepared()> work = [path] { return prepare(path); };
//   auto fresh = co_await aside.within(Seconds(5), "reload", std::move(work));
//   if (!fresh) …   // not within 5 s
//
// The call that hangs keeps its thread for as long as it hangs. So that such calls do not add up, a question has a
// name, and while one of that name is out the next is not asked at all; and there are never more threads than `most`.
// What waits for a thread when its asker has gone is not begun.
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "daemon/runtime/wake.hpp"

namespace readback {

class Aside {
 public:
  /// `most` threads, at least 1. The first is made here, and throws std::system_error when it cannot be had; the others
  /// when there is something for them, and without them the question waits for its turn.
  Aside(net::any_io_executor loop, std::size_t most);
  /// Waits for what runs, however long that takes; what has not begun is dropped. The loop outlives it.
  ~Aside();
  Aside(const Aside&) = delete;
  Aside& operator=(const Aside&) = delete;

  /// What `work` returns; nothing when it did not within `limit`, or when an earlier question of this name is still
  /// out. "" is no name. What it throws is thrown here. A late answer is dropped.
  template <class R>
  net::awaitable<std::optional<R>> within(Millis limit, std::string name, std::function<R()> work) {
    auto result = std::make_shared<std::optional<R>>();
    std::function<void()> job = [result, work = std::move(work)] { result->emplace(work()); };
    const bool came = co_await ask(limit, std::move(name), std::move(job));
    std::optional<R> out;
    if (came) out = std::move(*result);
    co_return out;
  }

  /// Done as soon as a thread is free; nobody waits for it.
  void post(std::function<void()> job);

 private:
  struct Call;
  net::awaitable<bool> ask(Millis limit, std::string name, std::function<void()> job);
  bool hand_over(std::shared_ptr<Call> call);
  void run();
  static std::exception_ptr done(const Call& call);
  void answer(std::shared_ptr<Call> call, std::exception_ptr failed);

  net::any_io_executor loop_;
  const std::size_t most_;
  std::mutex mutex_;  // of what follows
  std::condition_variable wake_;
  std::deque<std::shared_ptr<Call>> waiting_;
  std::set<std::string> out_;  ///< the names of what waits or runs
  std::size_t free_ = 0;       ///< threads that wait for a question
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace readback
