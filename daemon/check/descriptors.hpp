#pragma once
// Descriptors over a socket, with system calls only: they may be used between fork and exec.
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace readback {

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
