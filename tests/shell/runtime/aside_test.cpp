// Questions that never come back: who asks goes on at the limit, they do not add up, and others are answered beside.
#include "daemon/runtime/aside.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <stdexcept>
#include <thread>

#include "tests/support/run_coro.hpp"

using namespace readback;

namespace {

/// Something on the host that does not answer until it is let go.
struct Hanging {
  std::atomic<bool> answers{false};
  std::atomic<int> asked{0};
  std::function<int()> question() {
    return [this] {
      ++asked;
      while (!answers) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      return 1;
    };
  }
};

net::awaitable<std::optional<int>> ask(Aside& aside, std::string name, std::function<int()> work, Millis limit) {
  return aside.within(limit, std::move(name), std::move(work));
}

}  // namespace

TEST_CASE("an answer comes back to the loop, and so does what is thrown") {
  net::io_context io;
  Aside aside(io.get_executor(), 2);
  CHECK(run_coro(io, ask(
                         aside, "sum", [] { return 3; }, Seconds(30))) == 3);
  CHECK(run_coro(io, ask(
                         aside, "sum", [] { return 4; }, Seconds(30))) == 4);
  CHECK_THROWS_AS(run_coro(io, ask(
                                   aside, "sum", []() -> int { throw std::runtime_error("no"); }, Seconds(30))),
                  std::runtime_error);
}

TEST_CASE("what hangs is left at its limit, is not asked again meanwhile, and works when it answers again") {
  net::io_context io;
  Hanging mount;
  Aside aside(io.get_executor(), 2);
  CHECK(run_coro(io, ask(aside, "secret", mount.question(), Millis(20))) == std::nullopt);
  for (int i = 0; i < 50; ++i) CHECK(run_coro(io, ask(aside, "secret", mount.question(), Seconds(30))) == std::nullopt);
  CHECK(mount.asked == 1);
  CHECK(run_coro(io, ask(
                         aside, "another", [] { return 5; }, Seconds(30))) == 5);  // beside it, by another thread
  mount.answers = true;
  std::optional<int> got;
  for (int i = 0; i < 3000 && !got; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    got = run_coro(io, ask(aside, "secret", mount.question(), Seconds(30)));
  }
  CHECK(got == 1);
}

TEST_CASE("when all threads hang, what waits behind them is not begun after its asker has gone") {
  net::io_context io;
  Hanging mount;
  std::atomic<int> begun{0};
  {
    Aside aside(io.get_executor(), 2);
    CHECK(run_coro(io, ask(aside, "one", mount.question(), Millis(20))) == std::nullopt);
    CHECK(run_coro(io, ask(aside, "two", mount.question(), Millis(20))) == std::nullopt);
    const std::function<int()> count = [&] { return ++begun; };
    for (int i = 0; i < 20; ++i) CHECK(run_coro(io, ask(aside, "", count, Millis(1))) == std::nullopt);
    mount.answers = true;
    CHECK(run_coro(io, ask(
                           aside, "", [] { return 7; }, Seconds(30))) == 7);
  }
  CHECK(begun == 0);
}

TEST_CASE("who has its answer may ask the same at once") {
  net::io_context io;
  Aside aside(io.get_executor(), 2);
  int answered = 0;
  for (int i = 0; i < 2000; ++i)
    if (run_coro(io, ask(
                         aside, "file", [] { return 1; }, Seconds(30))))
      ++answered;
  CHECK(answered == 2000);
}
