#pragma once
// Descriptors over a socket, with system calls only: they may be used between fork and exec.
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace readback {

/// 0, or an errno. The descriptor is closed here either way.
inline int send_descriptor(int over, int fd) {
  char one = 0;
  iovec part{&one, 1};
  alignas(cmsghdr) char room[CMSG_SPACE(sizeof fd)]{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = room;
  message.msg_controllen = sizeof room;
  cmsghdr* head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(sizeof fd);
  std::memcpy(CMSG_DATA(head), &fd, sizeof fd);
  const int error = ::sendmsg(over, &message, MSG_NOSIGNAL) == 1 ? 0 : errno;
  ::close(fd);
  return error;
}

/// The descriptor, or -1 when the other side was closed without sending one.
inline int receive_descriptor(int over) {
  char one = 0;
  iovec part{&one, 1};
  int fd = -1;
  alignas(cmsghdr) char room[CMSG_SPACE(sizeof fd)]{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = room;
  message.msg_controllen = sizeof room;
  ssize_t got = 0;
  do got = ::recvmsg(over, &message, MSG_CMSG_CLOEXEC);
  while (got < 0 && errno == EINTR);
  const cmsghdr* head = got == 1 ? CMSG_FIRSTHDR(&message) : nullptr;
  if (head && head->cmsg_type == SCM_RIGHTS) std::memcpy(&fd, CMSG_DATA(head), sizeof fd);
  return fd;
}

}  // namespace readback
