#pragma once
// One question to the daemon over its Unix socket, and the answer. Blocking: the client does one thing at a time, so
// there is no loop here, only a socket, a deadline and a parser.
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "core/text/result.hpp"
#include "core/text/url.hpp"

namespace readback {

/// What the daemon has answered, whatever the status. A Failure instead means that there was nobody to talk to: what
/// was tried, what happened, what to do.
struct Response {
  int status = 0;
  std::string body;
  bool good() const { return status >= 200 && status < 300; }
};

/// What is done with a long answer while it comes.
struct Taking {
  std::function<bool(std::string_view)> piece;          ///< the body piece by piece; false stops
  std::function<void(std::uint64_t)> length = nullptr;  ///< told first, when the answer says how long it is
  std::function<void(std::string)> name = nullptr;      ///< likewise, how the file wants to be called
  std::function<void()> idle = nullptr;                 ///< ten times a second while nothing comes
};

class Connection {
 public:
  explicit Connection(std::string socket) : socket_(std::move(socket)) {}
  /// Waits at most 15 s for what is only shown, and 2 minutes for what is done.
  Result<Response> ask(const std::string& method, const std::string& target, const std::string& body = "") const;
  /// Hands on the body as it comes, without end if need be; only for the head there is a limit, 15 s. For answers that
  /// are no 2xx the whole body comes back in the Response instead. Events go on behind `last_event_id`, when there is
  /// one.
  Result<Response> stream(const std::string& target, const Taking& taking, const std::string& last_event_id = "") const;
  const std::string& socket() const { return socket_; }

 private:
  std::string socket_;
};

/// --socket, else $READBACK_SOCKET, else /run/readback/control.sock.
std::string socket_path(const std::string& option);

}  // namespace readback
