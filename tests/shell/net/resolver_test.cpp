// Names to addresses, with an answering machine in the place of the system's resolver.
#include <doctest/doctest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "daemon/net/resolver.hpp"
#include "tests/support/run_coro.hpp"

using namespace readback;
using Clock = std::chrono::steady_clock;

namespace {

Resolver::Answer address(const char* text) {
  Resolver::Answer answer;
  answer.addresses.push_back(net::ip::make_address(text));
  return answer;
}
Resolver::Answer trouble() {
  Resolver::Answer answer;
  answer.error = TransportError{TransportFault::resolver, "nobody there"};
  return answer;
}

/// "192.0.2.1:80", or the fault and its words.
std::string told(const Lookup& found) {
  if (found.error) return std::string(to_string(found.error->fault)) + ": " + found.error->detail;
  std::string text;
  for (const auto& e : found.endpoints)
    text += (text.empty() ? "" : " ") + e.address().to_string() + ":" + std::to_string(e.port());
  return text;
}

/// Holds whoever comes until it is opened.
class Gate {
 public:
  void pass() {
    std::unique_lock lock(guard_);
    opened_.wait(lock, [this] { return open_; });
  }
  void open() {
    const std::lock_guard lock(guard_);
    open_ = true;
    opened_.notify_all();
  }

 private:
  std::mutex guard_;
  std::condition_variable opened_;
  bool open_ = false;
};

}  // namespace

TEST_CASE("a literal address asks nobody, and a port that is none is told") {
  net::io_context io(1);
  std::atomic<int> asked = 0;
  Resolver resolver(io.get_executor(), Resolver::Memory::none, [&](const std::string&) {
    ++asked;
    return trouble();
  });
  const auto soon = Clock::now() + Seconds(20);
  CHECK(told(run_coro(io, resolver.lookup("127.0.0.1", "80", soon))) == "127.0.0.1:80");
  CHECK(told(run_coro(io, resolver.lookup("::1", "443", soon))) == "::1:443");
  CHECK(told(run_coro(io, resolver.lookup("127.0.0.1", "0", soon))) == "local: the port 0 is none");
  CHECK(told(run_coro(io, resolver.lookup("127.0.0.1", "65536", soon))) == "local: the port 65536 is none");
  CHECK(asked == 0);
}

TEST_CASE("a name that hangs delays no other, and is told at its deadline") {
  net::io_context io(1);
  auto gate = std::make_shared<Gate>();
  std::string hung, other;
  {
    Resolver resolver(io.get_executor(), Resolver::Memory::none, [gate](const std::string& host) {
      if (host == "hangs") gate->pass();
      return address("192.0.2.1");
    });
    net::co_spawn(io, resolver.lookup("hangs", "80", Clock::now() + Millis(200)),
                  [&](std::exception_ptr, Lookup found) { hung = told(found); });
    net::co_spawn(io, resolver.lookup("other", "80", Clock::now() + Seconds(20)),
                  [&](std::exception_ptr, Lookup found) {
                    other = told(found);
                    CHECK(hung.empty());
                  });
    io.run();
  }
  CHECK(hung == "resolver: the resolver gave no answer for hangs in time");
  CHECK(other == "192.0.2.1:80");
  gate->open();  // the late answer finds nobody
}

TEST_CASE("a name is asked for once while many wait for it") {
  net::io_context io(1);
  auto gate = std::make_shared<Gate>();
  auto asked = std::make_shared<std::atomic<int>>(0);
  int answered = 0;
  Resolver resolver(io.get_executor(), Resolver::Memory::none, [gate, asked](const std::string&) {
    ++*asked;
    gate->pass();
    return address("192.0.2.7");
  });
  for (int i = 0; i < 10; ++i)
    net::co_spawn(io, resolver.lookup("many", "80", Clock::now() + Seconds(20)), [&](std::exception_ptr, Lookup found) {
      CHECK(told(found) == "192.0.2.7:80");
      ++answered;
    });
  io.poll();
  gate->open();
  io.run();
  CHECK(answered == 10);
  CHECK(*asked == 1);
}

TEST_CASE("who keeps the last good answer is not silenced by a resolver that fails or hangs; who keeps none is told") {
  struct Case {
    Resolver::Memory memory;
    const char* fails;
    const char* hangs;
  };
  const Case cases[] = {
      {Resolver::Memory::last_good, "192.0.2.1:80", "192.0.2.1:80"},
      {Resolver::Memory::none, "resolver: nobody there", "resolver: the resolver gave no answer for name in time"},
  };
  for (const auto& c : cases) {
    CAPTURE(static_cast<int>(c.memory));
    net::io_context io(1);
    auto gate = std::make_shared<Gate>();
    auto times = std::make_shared<std::atomic<int>>(0);
    Resolver resolver(io.get_executor(), c.memory, [gate, times](const std::string&) {
      const int which = ++*times;
      if (which == 3) gate->pass();
      return which == 1 ? address("192.0.2.1") : trouble();
    });
    CHECK(told(run_coro(io, resolver.lookup("name", "80", Clock::now() + Seconds(20)))) == "192.0.2.1:80");
    CHECK(told(run_coro(io, resolver.lookup("name", "80", Clock::now() + Seconds(20)))) == c.fails);
    const auto deadline = Clock::now() + Millis(400);
    CHECK(told(run_coro(io, resolver.lookup("name", "80", deadline))) == c.hangs);
    // What was kept comes early enough to be used.
    CHECK((Clock::now() < deadline) == (c.memory == Resolver::Memory::last_good));
    gate->open();
  }
}
