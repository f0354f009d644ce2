#pragma once
// Where the daemon can be reached: a Unix socket with a mode and a group, or a TCP address.
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>

#include "core/text/result.hpp"
#include "daemon/runtime/net.hpp"

namespace readback {

/// Bound, listening, and not yet accepting. Removes its socket file when it goes, if that is still its own. A failure
/// says what we tried, what happened, and what to do.
class BoundSocket {
 public:
  /// A stale file of a dead daemon is replaced; a file behind which someone answers is an error, and so is a file that
  /// is no socket. Mode 0660, owned by `group` when there is such a group and we may give it; else `warning()` says why
  /// not.
  static Result<BoundSocket> unix_socket(net::any_io_executor ex, const std::string& path, const std::string& group);
  /// "127.0.0.1:9464", "[::1]:9464"; port 0 lets the kernel choose.
  static Result<BoundSocket> tcp(net::any_io_executor ex, const std::string& address);

  BoundSocket(BoundSocket&&) = default;
  BoundSocket& operator=(BoundSocket&&) = delete;
  ~BoundSocket();

  bool loopback() const { return loopback_; }
  const std::string& warning() const { return warning_; }  ///< "" when all is as it was wished
  /// The bound address with its real port, or the path.
  const std::string& shown() const { return shown_; }

 private:
  friend class Listener;
  using Acceptor = std::variant<net::local::stream_protocol::acceptor, net::ip::tcp::acceptor>;
  explicit BoundSocket(Acceptor acceptor) : acceptor_(std::make_unique<Acceptor>(std::move(acceptor))) {}
  std::unique_ptr<Acceptor> acceptor_;
  std::string shown_, path_, warning_;
  std::uint64_t inode_ = 0;
  bool loopback_ = true;
};

}  // namespace readback
