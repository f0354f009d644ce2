#pragma once
// One byte stream for everything that this program says over a connection: TCP, a Unix socket, and TLS inside of
// either. It is one class on purpose: whoever speaks a protocol over it is compiled once, not once for each transport.
//
// One absolute deadline holds for all that is done from when it is set; it is met by a peer that is silent and by one
// that always has the next byte ready. At the deadline the connection is closed, and what is under way, and all that
// comes after, ends with beast::error::timeout. A cancelled operation ends with operation_aborted: the two are never
// mixed up. One reader, one writer, both in the executor's one thread; the stream outlives its operations.
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "core/text/instant.hpp"
#include "daemon/net/tls.hpp"
#include "daemon/runtime/net.hpp"

namespace readback {

class Stream {
 public:
  using Socket = net::generic::stream_protocol::socket;
  using Deadline = std::chrono::steady_clock::time_point;
  using Pieces = std::array<net::const_buffer, 3>;
  struct Received {
    ErrorCode error;  ///< net::error::eof, or ssl::error::stream_truncated, when the other side has ended
    std::size_t bytes = 0;
  };
  struct Handshake {
    ErrorCode error;
    TlsFindings findings;
  };

  explicit Stream(Socket connected);
  Stream(Stream&&) noexcept;
  Stream& operator=(Stream&&) noexcept;
  ~Stream();  ///< closes

  void expires_at(Deadline when);  ///< Deadline::max(): never, as it is at first
  void expires_after(Millis time);
  void expires_never();

  /// From here on all bytes go through TLS, as a client of a server that is called `name`. Once, and before any byte.
  net::awaitable<Handshake> shake_hands(std::shared_ptr<TlsClient> client, std::string name);
  net::awaitable<Received> read_some(net::mutable_buffer space);
  /// All of the pieces, in one go where the transport can. They are the caller's until it ends.
  net::awaitable<ErrorCode> write(Pieces pieces);
  net::awaitable<ErrorCode> write(std::string_view text);
  /// Says that nothing more will come from us; the other side may still speak. Not for TLS.
  void shutdown_send();
  /// At once, and without a word of TLS.
  void close();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace readback
