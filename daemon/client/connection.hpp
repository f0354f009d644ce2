#pragma once
// One question to the daemon over its Unix socket, and the answer. Blocking: the client does one thing at a time.
#include <functional>
#include <optional>
#include <string>
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

class Connection {
 public:
  explicit Connection(std::string socket) : socket_(std::move(socket)) {}
  std::variant<Reply, NoDaemon> ask(const std::string& method, const std::string& target,
                                    const std::string& body = "") const;
  /// Hands on the body piece by piece as it comes, without end if need be; `take` returns false to stop. For answers
  /// that are no 2xx the whole body comes back in the Reply instead.
  std::variant<Reply, NoDaemon> stream(const std::string& target,
                                       const std::function<bool(std::string_view)>& take) const;
  const std::string& socket() const { return socket_; }

 private:
  std::string socket_;
};

/// --socket, else $READBACK_SOCKET, else /run/readback/control.sock.
std::string socket_path(const std::string& option);

}  // namespace readback
