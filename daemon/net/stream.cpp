// The only file in which Asio's operations on sockets and TLS are instantiated for reading and writing: they are what
// made a client and a server take minutes to compile.
#include "daemon/net/stream.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/error.hpp>
#include <optional>
#include <utility>

namespace readback {

struct Stream::State : std::enable_shared_from_this<Stream::State> {
  using Tls = net::ssl::stream<Socket&>;

  explicit State(Socket connected) : socket(std::move(connected)), timer(socket.get_executor()) {}

  void close() {
    ErrorCode no_matter;
    socket.close(no_matter);
  }
  /// Also asked before each operation: the timer alone is looked at only when the loop has nothing else to do.
  bool is_too_late() {
    if (!timed_out && std::chrono::steady_clock::now() >= deadline) {
      timed_out = true;
      close();
    }
    return timed_out;
  }
  void watch(Deadline when) {
    deadline = when;
    timer.expires_at(when);
    if (when == Deadline::max()) return;
    timer.async_wait([self = weak_from_this()](ErrorCode ec) {
      const auto state = ec ? nullptr : self.lock();
      if (state) state->is_too_late();  // unless the deadline was moved while this was on its way
    });
  }
  /// What the caller is told: our own close at the deadline makes Asio say "aborted" or "bad descriptor".
  ErrorCode told(ErrorCode ec) const { return ec && timed_out ? ErrorCode(boost::beast::error::timeout) : ec; }

  Socket socket;
  TlsFindings findings;  ///< filled by a callback of the TLS stream's, so it must live longer
  std::shared_ptr<TlsClient> client;
  std::optional<Tls> tls;
  net::steady_timer timer;
  Deadline deadline = Deadline::max();
  bool timed_out = false;
};

Stream::Stream(Socket connected) : state_(std::make_shared<State>(std::move(connected))) {}
Stream::Stream(Stream&&) noexcept = default;
Stream& Stream::operator=(Stream&& other) noexcept {
  std::swap(state_, other.state_);
  return *this;
}
Stream::~Stream() {
  if (!state_) return;
  state_->timer.cancel();
  state_->close();
}

void Stream::expires_at(Deadline when) { state_->watch(when); }
void Stream::expires_after(Millis time) { state_->watch(std::chrono::steady_clock::now() + time); }
void Stream::expires_never() { state_->watch(Deadline::max()); }

net::awaitable<Stream::Handshake> Stream::shake_hands(std::shared_ptr<TlsClient> client, std::string name) {
  const auto state = state_;
  ErrorCode no_matter;  // a question alone is written at once; behind a handshake it would wait for what that has sent
  state->socket.set_option(net::ip::tcp::no_delay(true), no_matter);
  state->client = std::move(client);
  state->tls.emplace(state->socket, state->client->context());
  verify_server(state->tls->native_handle(), name, state->client->config().verify, state->findings);
  Handshake result;
  if (state->is_too_late()) {
    result.error = boost::beast::error::timeout;
    co_return result;
  }
  auto [ec] = co_await state->tls->async_handshake(net::ssl::stream_base::client, token);
  result.error = state->told(ec);
  result.findings = state->findings;
  co_return result;
}

net::awaitable<Stream::Received> Stream::read_some(net::mutable_buffer space) {
  const auto state = state_;
  Received result;
  if (state->is_too_late()) {
    result.error = boost::beast::error::timeout;
    co_return result;
  }
  if (state->tls) {
    auto [ec, bytes] = co_await state->tls->async_read_some(space, token);
    result.error = state->told(ec);
    result.bytes = bytes;
  } else {
    auto [ec, bytes] = co_await state->socket.async_read_some(space, token);
    result.error = state->told(ec);
    result.bytes = bytes;
  }
  co_return result;
}

net::awaitable<ErrorCode> Stream::write(Pieces pieces) {
  const auto state = state_;
  if (state->is_too_late()) co_return boost::beast::error::timeout;
  ErrorCode result;
  if (state->tls) {
    auto [ec, bytes] = co_await net::async_write(*state->tls, pieces, token);
    (void)bytes;
    result = state->told(ec);
  } else {
    auto [ec, bytes] = co_await net::async_write(state->socket, pieces, token);
    (void)bytes;
    result = state->told(ec);
  }
  co_return result;
}

net::awaitable<ErrorCode> Stream::write(std::string_view text) { return write(Pieces{net::buffer(text), {}, {}}); }

void Stream::shutdown_send() {
  ErrorCode no_matter;
  state_->socket.shutdown(net::socket_base::shutdown_send, no_matter);
}

void Stream::close() { state_->close(); }

}  // namespace readback
