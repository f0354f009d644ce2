// The one stream: its deadline, its end, and that both ways of stopping are told apart.
#include <doctest/doctest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/error.hpp>

#include "daemon/net/stream.hpp"
#include "tests/support/run_coro.hpp"

using namespace readback;
using Clock = std::chrono::steady_clock;

namespace {

struct Pair {
  Pair() : far(io), stream(make(far)) {}
  Stream make(net::local::stream_protocol::socket& other) {
    net::local::stream_protocol::socket near(io);
    net::local::connect_pair(near, other);
    return Stream(std::move(near));
  }
  net::io_context io{1};
  net::local::stream_protocol::socket far;
  Stream stream;
};

net::awaitable<std::string> read_once(Stream& stream) {
  std::string text(100, '\0');
  const auto space = net::buffer(text);
  const auto got = co_await stream.read_some(space);
  if (got.error) co_return "error: " + got.error.message();
  co_return text.substr(0, got.bytes);
}

net::awaitable<ErrorCode> read_error(Stream& stream) {
  char text[100];
  const auto space = net::buffer(text);
  const auto got = co_await stream.read_some(space);
  co_return got.error;
}

/// How much was read until something ended it.
net::awaitable<std::size_t> read_all(Stream& stream, ErrorCode& why) {
  char text[100];
  const auto space = net::buffer(text);
  std::size_t total = 0;
  while (!why) {
    const auto got = co_await stream.read_some(space);
    why = got.error;
    total += got.bytes;
  }
  co_return total;
}

}  // namespace

TEST_CASE("what was written arrives in its order, and the end is an end") {
  Pair p;
  const std::string a = "one ", b = "two ", c = "three";
  const Stream::Pieces pieces{net::buffer(a), net::buffer(b), net::buffer(c)};
  CHECK(!run_coro(p.io, p.stream.write(pieces)));
  char text[100];
  CHECK(std::string(text, p.far.read_some(net::buffer(text))) == "one two three");
  net::write(p.far, net::buffer(a));
  CHECK(run_coro(p.io, read_once(p.stream)) == "one ");
  p.stream.shutdown_send();
  ErrorCode end;
  p.far.read_some(net::buffer(text), end);
  CHECK(end == net::error::eof);
  net::write(p.far, net::buffer(b));  // the other side may still speak
  CHECK(run_coro(p.io, read_once(p.stream)) == "two ");
  p.far.close();
  CHECK(run_coro(p.io, read_error(p.stream)) == net::error::eof);
}

TEST_CASE("a deadline ends the silent and the talkative, for good") {
  Pair silent;
  silent.stream.expires_after(Millis(30));
  CHECK(run_coro(silent.io, read_error(silent.stream)) == boost::beast::error::timeout);
  CHECK(run_coro(silent.io, silent.stream.write("x")) == boost::beast::error::timeout);

  Pair talkative;  // the next byte is always there, so that no read ever waits
  talkative.far.non_blocking(true);
  const std::string many(4000, 'x');
  net::co_spawn(
      talkative.io,
      [&]() -> net::awaitable<void> {
        ErrorCode failed;
        while (!failed) {
          auto [ec, n] = co_await net::async_write(talkative.far, net::buffer(many), token);
          failed = ec;
        }
      },
      [](std::exception_ptr) {});
  talkative.stream.expires_after(Millis(30));
  ErrorCode why;
  CHECK(run_coro(talkative.io, read_all(talkative.stream, why)) > 0);
  CHECK(why == boost::beast::error::timeout);

  Pair deaf;  // takes nothing, and its buffers are full
  deaf.stream.expires_after(Millis(30));
  const std::string much(8 << 20, 'x');
  CHECK(run_coro(deaf.io, deaf.stream.write(much)) == boost::beast::error::timeout);
}

TEST_CASE("a deadline that is moved or taken away does not end what comes after it") {
  Pair p;
  p.stream.expires_after(Millis(20));
  p.stream.expires_after(Seconds(20));
  p.io.run_for(Millis(40));
  net::write(p.far, net::buffer("a", 1));
  CHECK(run_coro(p.io, read_once(p.stream)) == "a");
  p.stream.expires_after(Millis(20));
  p.stream.expires_never();
  p.io.restart();
  p.io.run_for(Millis(40));
  net::write(p.far, net::buffer("b", 1));
  CHECK(run_coro(p.io, read_once(p.stream)) == "b");
}

TEST_CASE("a cancelled read is aborted, and no timeout") {
  Pair p;
  p.stream.expires_after(Seconds(20));
  net::cancellation_signal stop;
  ErrorCode why;
  auto done = [&](std::exception_ptr, ErrorCode ec) { why = ec; };
  net::co_spawn(p.io, read_error(p.stream), net::bind_cancellation_slot(stop.slot(), std::move(done)));
  p.io.poll();
  stop.emit(net::cancellation_type::terminal);
  p.io.run_for(Seconds(20));
  CHECK(why == net::error::operation_aborted);
}
