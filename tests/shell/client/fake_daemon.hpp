#pragma once
// Something that listens on a control socket and answers as the test says: each connection is handed to a function with
// the request as it came, which sends what it likes, when it likes.
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace readback {

class FakeDaemon {
 public:
  class Client {
   public:
    explicit Client(int fd) : fd_(fd) {}
    bool send(std::string_view text) const {
      while (!text.empty()) {
        const auto sent = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
        if (sent <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(sent));
      }
      return true;
    }
    /// Until the other side has closed, or a while is over.
    void wait_for_end() const {
      pollfd waits{fd_, POLLIN | POLLRDHUP, 0};
      ::poll(&waits, 1, 5000);
    }

   private:
    int fd_;
  };
  using Answer = std::function<void(const Client& client, const std::string& request)>;

  explicit FakeDaemon(Answer answer) : answer_(std::move(answer)) {
    char name[] = "/tmp/readback-client-XXXXXX";
    folder_ = ::mkdtemp(name);
    listening_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    socket().copy(address.sun_path, sizeof address.sun_path - 1);
    ::bind(listening_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    ::listen(listening_, 16);
    thread_ = std::thread([this] { serve(); });
  }
  ~FakeDaemon() {
    ending_ = true;
    ::shutdown(listening_, SHUT_RDWR);
    thread_.join();
    ::close(listening_);
    std::filesystem::remove_all(folder_);
  }
  FakeDaemon(const FakeDaemon&) = delete;
  FakeDaemon& operator=(const FakeDaemon&) = delete;

  std::string socket() const { return folder_ + "/control.sock"; }
  std::vector<std::string> requests() const {
    const std::lock_guard hold(lock_);
    return requests_;
  }

 private:
  void serve() {
    while (!ending_) {
      const int fd = ::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) continue;
      const std::string request = read_request(fd);
      {
        const std::lock_guard hold(lock_);
        requests_.push_back(request);
      }
      answer_(Client(fd), request);
      ::close(fd);
    }
  }
  /// Head and body; nothing that a test asks has a body without its length.
  static std::string read_request(int fd) {
    std::string text;
    std::size_t whole = std::string::npos;
    char piece[4096];
    while (text.size() < whole) {
      const auto got = ::recv(fd, piece, sizeof piece, 0);
      if (got <= 0) break;
      text.append(piece, static_cast<std::size_t>(got));
      const auto head = text.find("\r\n\r\n");
      if (head == std::string::npos) continue;
      const auto length = text.find("Content-Length: ");
      whole = head + 4 + (length < head ? std::strtoul(text.c_str() + length + 16, nullptr, 10) : 0);
    }
    return text;
  }

  Answer answer_;
  std::string folder_;
  int listening_ = -1;
  mutable std::mutex lock_;
  std::vector<std::string> requests_;
  std::atomic<bool> ending_ = false;
  std::thread thread_;
};

/// An answer of this text.
inline std::string http(int status, const std::string& body, const std::string& more = "") {
  return "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Type: application/json\r\n" + more +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace readback
