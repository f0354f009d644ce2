#pragma once
// The HTTP/1.1 server below both listeners, the control socket and the read-only page. It has three jobs: accept within
// the limits, read a request within its size and time, and write the answer at the reader's pace. What is asked and
// what is answered is the Handler's business.
//
// Bounded by construction: `max_connections` sessions (one more gets a 503 at once), `max_body` bytes a request, and
// `idle` for each whole request, so that a client that drips one byte a second is gone after ten.
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <memory>
#include <string>
#include <variant>

#include "daemon/control/exchange.hpp"
#include "daemon/runtime/task_group.hpp"

namespace readback {

struct ListenerLimits {
  std::size_t max_connections = 64;
  std::uint64_t max_body = 1 << 20;  ///< bytes
  std::uint32_t max_header = 16 * 1024;
  Millis idle = Seconds(10);
};

/// Bound, listening, and not yet accepting. Removes its socket file when it goes, if that is still its own.
class BoundSocket {
 public:
  using Error = std::string;  ///< what we tried, what happened, what to do
  /// A stale file of a dead daemon is replaced; a file behind which someone answers is an error, and so is a file that
  /// is no socket. Mode 0660, owned by `group` when there is such a group and we may give it; else `warning` says why
  /// not.
  static std::variant<BoundSocket, Error> unix_socket(net::any_io_executor ex, const std::string& path,
                                                      const std::string& group, std::string& warning);
  /// "127.0.0.1:9464", "[::1]:9464"; port 0 lets the kernel choose.
  static std::variant<BoundSocket, Error> tcp(net::any_io_executor ex, const std::string& address);

  BoundSocket(BoundSocket&&) = default;
  BoundSocket& operator=(BoundSocket&&) = delete;
  ~BoundSocket();

  bool loopback() const { return loopback_; }
  /// The bound address with its real port, or the path.
  const std::string& shown() const { return shown_; }

 private:
  friend class Listener;
  using Acceptor = std::variant<net::local::stream_protocol::acceptor, net::ip::tcp::acceptor>;
  explicit BoundSocket(Acceptor acceptor) : acceptor_(std::make_unique<Acceptor>(std::move(acceptor))) {}
  std::unique_ptr<Acceptor> acceptor_;
  std::string shown_, path_;
  std::uint64_t inode_ = 0;
  bool loopback_ = true;
};

class Listener {
 public:
  /// The handler outlives the listener.
  Listener(BoundSocket socket, Handler& handler, ListenerLimits limits, TaskGroup::OnError on_error);

  /// Accepts until cancelled or closed; ends its sessions with it.
  net::awaitable<void> run();
  /// Stops accepting and ends every session.
  void close();
  /// Waits for the sessions to end after `close`; false when some took longer.
  net::awaitable<bool> join(Millis limit);
  std::size_t connections() const { return sessions_.running(); }
  const BoundSocket& socket() const { return socket_; }

 private:
  BoundSocket socket_;
  Handler& handler_;
  ListenerLimits limits_;
  TaskGroup sessions_, refusals_;
  bool closed_ = false;
};

}  // namespace readback
