// Sockets of a check: each comes from the supervisor, so that what it can reach is settled before the check has it.
//
//   TCP    with `network: loopback` bound to the loopback device for good.
//   Unix   one half of a pair that leads nowhere, until it is connected to a configured path: then the supervisor's own
//          connection takes its place. It has a name of the kernel's choice from the beginning, and the kernel gives no
//          socket a second one: so a check cannot take a name in the abstract namespace from the service that owns it.
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include <cerrno>

#include "daemon/check/asking.hpp"
#include "daemon/check/warden.hpp"

#include <linux/seccomp.h>

namespace readback {
namespace {

/// Sockets that the C library asks for names of users and hosts, and does without.
bool of_the_library(std::string_view path) {
  return below(path, "/run/nscd") || below(path, "/run/systemd/userdb") || below(path, "/run/systemd/resolve") ||
         below(path, "/run/systemd/journal");
}

bool is_loopback(const in6_addr& address) {
  return IN6_IS_ADDR_LOOPBACK(&address) || IN6_IS_ADDR_UNSPECIFIED(&address) ||
         (IN6_IS_ADDR_V4MAPPED(&address) && address.s6_addr[12] == 127);
}

Word in_words(std::uint32_t address) {
  Word out;
  for (int shift = 24; shift >= 0; shift -= 8)
    out << std::uint64_t{address >> shift & 0xff} << std::string_view(shift ? "." : "");
  return out;
}

Word in_words(const in6_addr& address) {
  Word out;
  for (std::size_t i = 0; i < 16; i += 2) {
    const int group = address.s6_addr[i] << 8 | address.s6_addr[i + 1];
    bool begun = false;
    for (int shift = 12; shift >= 0; shift -= 4)
      if (const int digit = group >> shift & 0xf; begun || digit || shift == 0) {
        out << std::string_view(&"0123456789abcdef"[digit], 1);
        begun = true;
      }
    if (i < 14) out << ":";
  }
  return out;
}

/// A name of the kernel's choice. False, and errno, when it has none left.
bool name_it(int fd) {
  const sa_family_t only_the_family = AF_UNIX;
  return ::bind(fd, reinterpret_cast<const sockaddr*>(&only_the_family), sizeof only_the_family) == 0;
}

}  // namespace

Warden::Reply Warden::make_socket(const seccomp_notif& call, int listener) {
  const int family = static_cast<int>(call.data.args[0]), type = static_cast<int>(call.data.args[1]) & 0xf,
            flags = static_cast<int>(call.data.args[1]) & ~0xf, protocol = static_cast<int>(call.data.args[2]);
  const auto give = [&](int fd) {
    const File made(fd);
    if (!made) return Reply::refuse(errno);
    const int handed = answer_with(listener, call.id, made.fd, flags);
    return handed < 0 ? Reply::refuse(-handed) : Reply::sent();
  };
  if (family == AF_UNIX) {
    if (type != SOCK_STREAM && type != SOCK_SEQPACKET) return Reply::refuse(EACCES);
    int both[2];
    if (::socketpair(AF_UNIX, type | flags | SOCK_CLOEXEC, 0, both) != 0) return Reply::refuse(errno);
    ::close(both[1]);  // connected for good, to nobody
    if (!name_it(both[0])) {
      const int error = errno;
      ::close(both[0]);
      return Reply::refuse(error);
    }
    return give(both[0]);
  }
  if (rules_.network == Network::none) {
    if (type == SOCK_STREAM) note("connect", "over TCP, with `network: none`");
    return Reply::refuse(EACCES);
  }
  if (family == AF_NETLINK) return protocol == 0 ? Reply::go_on() : Reply::refuse(EACCES);
  if ((family != AF_INET && family != AF_INET6) || (type != SOCK_STREAM && type != SOCK_DGRAM)) {
    note("socket", "of another kind than TCP and UDP");
    return Reply::refuse(EACCES);
  }
  if (rules_.network == Network::any) return Reply::go_on();
  // A datagram can name another way out with each message; only a TCP socket stays on the device it is bound to.
  if (type != SOCK_STREAM) return Reply::refuse(EACCES);
  if (protocol != 0 && protocol != IPPROTO_TCP) return Reply::refuse(EPROTONOSUPPORT);
  const int fd = ::socket(family, type | flags | SOCK_CLOEXEC, protocol);
  if (fd >= 0 && ::setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3) != 0) {
    const int error = errno;
    ::close(fd);
    return Reply::refuse(error);
  }
  return give(fd);
}

/// The kind and the family were judged by the filter; what is left is to name both ends.
Warden::Reply Warden::make_pair(const seccomp_notif& call, int listener) {
  const auto pid = static_cast<pid_t>(call.pid);
  const int flags = static_cast<int>(call.data.args[1]) & ~0xf;
  int numbers[2] = {-1, -1};
  // Where nobody may write into the memory of another, the pair comes from the kernel, and has no names.
  if (const int error = write_memory(pid, call.data.args[3], numbers, sizeof numbers))
    return error == EFAULT ? Reply::refuse(EFAULT) : Reply::go_on();
  int both[2];
  if (::socketpair(AF_UNIX, static_cast<int>(call.data.args[1]) | SOCK_CLOEXEC, 0, both) != 0)
    return Reply::refuse(errno);
  const File first(both[0]), second(both[1]);
  if (!name_it(first.fd) || !name_it(second.fd)) return Reply::refuse(errno);
  for (int i = 0; i < 2; ++i) {
    numbers[i] = hand_over(listener, call.id, both[i], flags, -1);
    if (numbers[i] < 0) return Reply::refuse(-numbers[i]);
  }
  const int error = write_memory(pid, call.data.args[3], numbers, sizeof numbers);
  return error ? Reply::refuse(error) : Reply::done();
}

Warden::Reply Warden::connect(const seccomp_notif& call, int listener) {
  union {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
    sockaddr_un local;
    char room[256];
  } to;
  std::memset(&to, 0, sizeof to);
  const auto length = std::min<std::uint64_t>(call.data.args[2], sizeof to.local);
  if (read_memory(static_cast<pid_t>(call.pid), call.data.args[1], &to, length) != length ||
      length < sizeof(sa_family_t))
    return Reply::refuse(EFAULT);
  if (to.any.sa_family == AF_UNIX)
    return connect_unix(call, listener, {to.local.sun_path, length - offsetof(sockaddr_un, sun_path)});
  if (rules_.network != Network::loopback) return Reply::go_on();
  // What the socket can reach is settled already; this is to say no at once, and whom to.
  const bool v6 = to.any.sa_family == AF_INET6;
  if (!v6 && to.any.sa_family != AF_INET) return Reply::go_on();
  const auto host = ntohl(to.v4.sin_addr.s_addr);
  if (v6 ? is_loopback(to.v6.sin6_addr) : host == INADDR_ANY || host >> 24 == 127) return Reply::go_on();
  Word name;
  if (v6)
    name << "[" << in_words(to.v6.sin6_addr).view() << "]";
  else
    name << in_words(host).view();
  name << ":" << static_cast<std::uint64_t>(ntohs(to.v4.sin_port));
  note("connect", name.view());
  return Reply::refuse(EACCES);
}

Warden::Reply Warden::connect_unix(const seccomp_notif& call, int listener, std::string_view name) {
  const auto pid = static_cast<pid_t>(call.pid);
  Place place;
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  socklen_t length = sizeof to;
  if (!name.empty() && name.front() == 0) {
    place.path << "@" << name.substr(1);
    place.exists = true;
    std::memcpy(to.sun_path, name.data(), name.size());
    length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  } else {
    if (!locate(pid, AT_FDCWD, name.substr(0, name.find('\0')), true, place) || !place.exists)
      return Reply::refuse(ENOENT);
    if (place.path.length >= sizeof to.sun_path) return Reply::refuse(ENAMETOOLONG);
    std::memcpy(to.sun_path, place.path.c_str(), place.path.length);
  }
  if (std::find(rules_.unix_sockets.begin(), rules_.unix_sockets.end(), place.path.view()) ==
      rules_.unix_sockets.end()) {
    if (!of_the_library(place.path.view())) note("connect", place.path.view());
    return Reply::refuse(EACCES);
  }
  const int target = static_cast<int>(call.data.args[0]), flags = flags_of(pid, target);
  int error = EACCES;
  for (const int type : {SOCK_STREAM, SOCK_SEQPACKET}) {
    const File made(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
    if (!made || !name_it(made.fd)) return Reply::refuse(errno);
    timeval patience{1, 0};
    ::setsockopt(made.fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (::connect(made.fd, reinterpret_cast<const sockaddr*>(&to), length) != 0) {
      error = errno;
      if (error == EPROTOTYPE) continue;
      return Reply::refuse(error);
    }
    patience = {};
    ::setsockopt(made.fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (flags & O_NONBLOCK) ::fcntl(made.fd, F_SETFL, ::fcntl(made.fd, F_GETFL) | O_NONBLOCK);
    const int handed = hand_over(listener, call.id, made.fd, flags, target);
    return handed < 0 ? Reply::refuse(-handed) : Reply::done();
  }
  return Reply::refuse(error);
}

}  // namespace readback
