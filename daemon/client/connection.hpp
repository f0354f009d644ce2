#pragma once
// One question to the daemon over its Unix socket, and the answer. Blocking: the client does one thing at a time.
#include <boost/system/error_code.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <variant>

namespace readback {

struct Reply {
  int status = 0;
  std::string body;
};

/// Nobody to talk to: what was tried, what happened, what to do.
struct NoDaemon {
  std::string text;
};

/// What is done with a long answer while it comes.
struct Taking {
  std::function<bool(std::string_view)> piece;          ///< the body piece by piece; false stops
  std::function<void(std::uint64_t)> length = nullptr;  ///< told first, when the answer says how long it is
  std::function<void(std::string)> name = nullptr;      ///< likewise, how the file wants to be called
  std::function<void()> idle = nullptr;                 ///< twice a second while nothing comes
};

class Connection {
 public:
  explicit Connection(std::string socket) : socket_(std::move(socket)) {}
  std::variant<Reply, NoDaemon> ask(const std::string& method, const std::string& target,
                                    const std::string& body = "") const;
  /// Hands on the body as it comes, without end if need be. For answers that are no 2xx the whole body comes back in
  /// the Reply instead. Events go on behind `last_event_id`, when there is one.
  std::variant<Reply, NoDaemon> stream(const std::string& target, const Taking& taking,
                                       const std::string& last_event_id = "") const;
  const std::string& socket() const { return socket_; }

 private:
  NoDaemon silent(const boost::system::error_code& ec) const;
  NoDaemon hangs(std::chrono::seconds limit) const;
  std::string socket_;
};

/// --socket, else $READBACK_SOCKET, else /run/readback/control.sock.
std::string socket_path(const std::string& option);

}  // namespace readback
