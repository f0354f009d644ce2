#pragma once
// A listening socket on a free port of the loopback device, for the servers of these tests.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>

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
