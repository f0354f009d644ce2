#pragma once
// A plain blocking client of HTTP/1.1, for tests that run beside the loop's own thread: it sends what it is told, right
// or wrong, and waits for an answer with a limit.
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/json/parse.hpp>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>

#include "core/text/instant.hpp"

namespace readback {

struct Seen {
  int status = 0;
  std::string head, body;
  std::string header(std::string_view name) const {
    const auto at = head.find("\r\n" + std::string(name) + ": ");
    if (at == std::string::npos) return "";
    const auto begin = at + name.size() + 4;
    return head.substr(begin, head.find("\r\n", begin) - begin);
  }
  boost::json::value parsed() const { return boost::json::parse(body); }
};

class Wire {
 public:
  explicit Wire(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un a{};
    a.sun_family = AF_UNIX;
    path.copy(a.sun_path, sizeof a.sun_path - 1);
    ok_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&a), sizeof a) == 0;
  }
  explicit Wire(unsigned short port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_port = htons(port);
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ok_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&a), sizeof a) == 0;
  }
  ~Wire() { ::close(fd_); }
  Wire(const Wire&) = delete;
  bool connected() const { return ok_; }
  bool send(std::string_view text) {
    while (!text.empty()) {
      const auto n = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }
  void end() { ::shutdown(fd_, SHUT_WR); }
  /// Until the text is in, the other side has closed, or 15 s are over.
  std::string until(const std::function<bool(const std::string&)>& enough) {
    const auto limit = std::chrono::steady_clock::now() + Seconds(15);
    while (!enough(in_)) {
      const auto left = std::chrono::duration_cast<Millis>(limit - std::chrono::steady_clock::now()).count();
      pollfd p{fd_, POLLIN, 0};
      if (left <= 0 || ::poll(&p, 1, static_cast<int>(left)) <= 0) break;
      char piece[65536];
      const auto n = ::recv(fd_, piece, sizeof piece, 0);
      if (n <= 0) {
        closed_ = true;
        break;
      }
      in_.append(piece, static_cast<std::size_t>(n));
    }
    return in_;
  }
  bool closed() const { return closed_; }
  Seen answer(bool head_only = false) {
    Seen seen;
    until([](const std::string& t) { return t.find("\r\n\r\n") != std::string::npos; });
    const auto end = in_.find("\r\n\r\n");
    if (end == std::string::npos) return seen;
    seen.head = in_.substr(0, end + 2);
    seen.status = std::atoi(seen.head.c_str() + 9);
    in_.erase(0, end + 4);
    const std::string length = seen.header("Content-Length");
    if (head_only) return seen;
    if (!length.empty()) {
      const auto size = static_cast<std::size_t>(std::stoull(length));
      until([&](const std::string& t) { return t.size() >= size; });
      seen.body = in_.substr(0, size);
      in_.erase(0, std::min(size, in_.size()));
    } else if (seen.header("Transfer-Encoding") == "chunked") {
      until([](const std::string& t) { return t.ends_with("\r\n0\r\n\r\n") || t == "0\r\n\r\n"; });
      for (std::size_t at = 0; at < in_.size();) {
        const auto line = in_.find("\r\n", at);
        const auto size = std::stoull(in_.substr(at, line - at), nullptr, 16);
        if (size == 0) break;
        seen.body += in_.substr(line + 2, size);
        at = line + 4 + size;
      }
      in_.clear();
    }
    return seen;
  }

 private:
  int fd_;
  bool ok_ = false, closed_ = false;
  std::string in_;
};

}  // namespace readback
