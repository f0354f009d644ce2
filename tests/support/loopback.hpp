#pragma once
// Servers on the loopback device: a listening socket on a free port, and one that behaves as it is told.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <thread>

struct LoopbackListener {
  int fd = -1;
  std::uint16_t port = 0;
};

inline LoopbackListener listen_on_loopback() {
  LoopbackListener made;
  made.fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  ::bind(made.fd, reinterpret_cast<sockaddr*>(&at), size);
  ::listen(made.fd, 8);
  ::getsockname(made.fd, reinterpret_cast<sockaddr*>(&at), &size);
  made.port = ntohs(at.sin_port);
  return made;
}

inline bool send_all(int peer, std::string_view text) {
  while (!text.empty()) {
    const auto n = ::send(peer, text.data(), text.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}
inline void hang_up_hard(int peer) {
  const linger now{1, 0};
  ::setsockopt(peer, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

using Behaviour = std::function<void(int peer)>;

/// One connection after another: takes the request, behaves, and hangs up.
class Server {
 public:
  explicit Server(Behaviour behaviour) : behaviour_(std::move(behaviour)) {
    const auto made = listen_on_loopback();
    listener_ = made.fd;
    port = made.port;
    thread_ = std::thread([this] {
      for (;;) {
        const int peer = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (peer < 0 || over_) {
          if (peer >= 0) ::close(peer);
          return;
        }
        char request[4096];
        if (::recv(peer, request, sizeof request, 0) > 0) behaviour_(peer);
        ::close(peer);
      }
    });
  }
  ~Server() {
    over_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port) + "/health"; }
  unsigned short port = 0;

 private:
  Behaviour behaviour_;
  int listener_;
  std::atomic<bool> over_ = false;
  std::thread thread_;
};

inline Behaviour say(std::string text) {
  return [text = std::move(text)](int peer) { send_all(peer, text); };
}
/// `head` once, then `piece` for as long as somebody listens.
inline Behaviour without_end(std::string head, std::string piece) {
  return [head = std::move(head), piece = std::move(piece)](int peer) {
    std::string many;
    while (many.size() < 60'000) many += piece;
    for (bool heard = send_all(peer, head); heard;) heard = send_all(peer, many);
  };
}
