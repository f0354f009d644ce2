#pragma once
// Descriptors: who owns one, pipes of them, and sending one over a socket. System calls only: all of it may be used
// between fork and exec.
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace readback {

/// Closed when this ends, unless it was released.
struct Descriptor {
  int fd = -1;
  Descriptor() = default;
  explicit Descriptor(int f) : fd(f) {}
  Descriptor(Descriptor&& o) noexcept : fd(std::exchange(o.fd, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() { reset(); }
  void reset() {
    if (fd >= 0) ::close(std::exchange(fd, -1));
  }
  int release() { return std::exchange(fd, -1); }
};

/// Both ends, closed at exec. False, and errno, when there are none.
struct Pipe {
  Descriptor read, write;
  bool open() {
    int both[2];
    if (::pipe2(both, O_CLOEXEC) != 0) return false;
    read.fd = both[0];
    write.fd = both[1];
    return true;
  }
  bool open_both_ways() {
    int both[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, both) != 0) return false;
    read.fd = both[0];
    write.fd = both[1];
    return true;
  }
};

/// A message of one byte with room for one descriptor. It points into itself and stays where it was made.
struct DescriptorMessage {
  DescriptorMessage() {
    head.msg_iov = &part;
    head.msg_iovlen = 1;
    head.msg_control = room;
    head.msg_controllen = sizeof room;
  }
  DescriptorMessage(const DescriptorMessage&) = delete;
  DescriptorMessage& operator=(const DescriptorMessage&) = delete;

  char one = 0;
  iovec part{&one, 1};
  alignas(cmsghdr) char room[CMSG_SPACE(sizeof(int))]{};
  msghdr head{};
};

/// 0, or an errno. The descriptor is closed here either way.
inline int send_descriptor(int over, int fd) {
  DescriptorMessage message;
  cmsghdr* control = CMSG_FIRSTHDR(&message.head);
  control->cmsg_level = SOL_SOCKET;
  control->cmsg_type = SCM_RIGHTS;
  control->cmsg_len = CMSG_LEN(sizeof fd);
  std::memcpy(CMSG_DATA(control), &fd, sizeof fd);
  const int error = ::sendmsg(over, &message.head, MSG_NOSIGNAL) == 1 ? 0 : errno;
  ::close(fd);
  return error;
}

/// The descriptor, or -1 when the other side was closed without sending one.
inline int receive_descriptor(int over) {
  DescriptorMessage message;
  ssize_t got = 0;
  do got = ::recvmsg(over, &message.head, MSG_CMSG_CLOEXEC);
  while (got < 0 && errno == EINTR);
  int fd = -1;
  const cmsghdr* control = got == 1 ? CMSG_FIRSTHDR(&message.head) : nullptr;
  if (control && control->cmsg_type == SCM_RIGHTS) std::memcpy(&fd, CMSG_DATA(control), sizeof fd);
  return fd;
}

}  // namespace readback
