// A receiver of alerts that is never what one waits for: one thread, 204 to every POST at once, connections kept as
// long as the sender wants. What it has counted it tells to a GET, whatever its address.
//
//   bench_receiver PORT          0: any; the first line on stdout is the port it listens on
//   GET /                        {"posts": 5000, "connections": 12, "first": 1.5, "last": 31.2}  seconds of the
//                                monotonic clock, 0 while nothing came
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <map>
#include <string>
#include <string_view>

namespace {

struct Counted {
  long posts = 0, connections = 0;
  double first = 0, last = 0;
};

double now() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
}

/// The value of this header; "" when there is none.
std::string_view value_of(std::string_view head, std::string_view name) {
  for (std::size_t at = head.find("\r\n"); at != head.npos; at = head.find("\r\n", at + 2)) {
    const auto line = head.substr(at + 2);
    if (line.size() <= name.size() || line[name.size()] != ':' || strncasecmp(line.data(), name.data(), name.size()))
      continue;
    auto value = line.substr(name.size() + 1, line.find("\r\n") - name.size() - 1);
    while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
    return value;
  }
  return "";
}

void send_all(int to, std::string_view text) {
  while (!text.empty()) {
    const auto sent = ::send(to, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
}

/// Answers every whole request that has come. False: the connection is to be closed.
bool answer(int peer, std::string& come, Counted& counted) {
  for (;;) {
    const auto end = come.find("\r\n\r\n");
    if (end == come.npos) return true;
    const std::string head = come.substr(0, end + 2);
    const auto length = static_cast<std::size_t>(std::atol(std::string(value_of(head, "Content-Length")).c_str()));
    if (come.size() < end + 4 + length) return true;
    come.erase(0, end + 4 + length);
    const bool closes = value_of(head, "Connection") == "close";
    const std::string connection = closes ? "Connection: close\r\n" : "";
    if (head.starts_with("POST")) {
      counted.last = now();
      if (++counted.posts == 1) counted.first = counted.last;
      send_all(peer, "HTTP/1.1 204 No Content\r\n" + connection + "\r\n");
    } else {
      std::array<char, 200> body{};
      const int size =
          std::snprintf(body.data(), body.size(), R"({"posts": %ld, "connections": %ld, "first": %.4f, "last": %.4f})",
                        counted.posts, counted.connections, counted.first, counted.last);
      send_all(peer, "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(size) + "\r\n" + connection + "\r\n" +
                         body.data());
    }
    if (closes) return false;
  }
}

int listen_on(int port) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in here{};
  here.sin_family = AF_INET;
  here.sin_port = htons(static_cast<std::uint16_t>(port));
  here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof here;
  if (::bind(listener, reinterpret_cast<sockaddr*>(&here), size) || ::listen(listener, 4096)) {
    std::perror("bench_receiver");
    std::exit(1);
  }
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&here), &size);
  std::printf("%d\n", ntohs(here.sin_port));
  std::fflush(stdout);
  return listener;
}

void watch(int set, int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  ::epoll_ctl(set, EPOLL_CTL_ADD, fd, &event);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 64;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int listener = listen_on(std::atoi(argv[1])), set = ::epoll_create1(EPOLL_CLOEXEC);
  watch(set, listener);
  Counted counted;
  std::map<int, std::string> peers;
  std::array<epoll_event, 64> events{};
  std::array<char, 65536> piece{};
  for (;;) {
    const int ready = ::epoll_wait(set, events.data(), events.size(), -1);
    for (int i = 0; i < ready; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      if (fd == listener) {
        const int peer = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        const int on = 1;
        if (peer < 0) continue;
        ::setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        ++counted.connections;
        peers[peer];
        watch(set, peer);
        continue;
      }
      const auto got = ::recv(fd, piece.data(), piece.size(), 0);
      if (got > 0) peers[fd].append(piece.data(), static_cast<std::size_t>(got));
      if (got > 0 && answer(fd, peers[fd], counted)) continue;
      peers.erase(fd);
      ::close(fd);
    }
  }
}
