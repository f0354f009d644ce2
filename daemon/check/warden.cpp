// One notification after the other: read the caller's memory, make sure it is still the same call, decide by path,
// signal or address, and answer. What the check can change while we look is never what we decide by.
#include "daemon/check/warden.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>

namespace readback {
namespace {

constexpr std::size_t room_of_kernel = 512;  // its structures may have grown since these headers

/// A text of limited length without the heap. What does not fit is cut.
template <std::size_t Size>
struct Text {
  std::array<char, Size> data{};
  std::size_t length = 0;

  std::string_view view() const { return {data.data(), length}; }
  const char* c_str() const { return data.data(); }
  Text& operator<<(std::string_view part) {
    const auto taken = std::min(part.size(), Size - 1 - length);
    std::memcpy(data.data() + length, part.data(), taken);
    length += taken;
    data[length] = 0;
    return *this;
  }
  Text& operator<<(std::uint64_t number) {
    char digits[20];
    std::size_t count = 0;
    do digits[count++] = static_cast<char>('0' + number % 10);
    while (number /= 10);
    while (count) *this << std::string_view(&digits[--count], 1);
    return *this;
  }
  void cut(std::size_t to) { data[length = to] = 0; }
};
using Path = Text<PATH_MAX + 64>;
using Word = Text<128>;

struct File {
  explicit File(int f) : fd(f) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (fd >= 0) ::close(fd);
  }
  explicit operator bool() const { return fd >= 0; }
  const int fd;
};

/// From the memory of the one who asks; how many bytes there were.
std::size_t read_memory(pid_t pid, std::uint64_t address, void* into, std::size_t size) {
  Word path;
  path << "/proc/" << static_cast<std::uint64_t>(pid) << "/mem";
  const File memory(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!memory || address == 0) return 0;
  const ssize_t got = ::pread(memory.fd, into, size, static_cast<off_t>(address));
  return got > 0 ? static_cast<std::size_t>(got) : 0;
}

/// The name of an open file, as the kernel has it: absolute and without links.
bool name_of(int fd, Path& name) {
  Word link;
  link << "/proc/self/fd/" << static_cast<std::uint64_t>(fd);
  const ssize_t length = ::readlink(link.c_str(), name.data.data(), PATH_MAX);
  if (length <= 0) return false;
  name.cut(static_cast<std::size_t>(length));
  return true;
}

struct Place {
  Path path;  ///< absolute, without links
  bool exists = false;
};

/// Where a path argument leads. False when not even its folder is there, or it cannot be read.
bool locate(pid_t pid, std::int64_t folder, std::string_view text, bool follow, Place& place) {
  while (text.size() > 1 && text.back() == '/') text.remove_suffix(1);
  if (text.empty()) return false;
  Path asked;
  if (text.front() != '/') {
    asked << "/proc/" << static_cast<std::uint64_t>(pid);
    if (static_cast<int>(folder) == AT_FDCWD)
      asked << "/cwd/";
    else
      asked << "/fd/" << static_cast<std::uint64_t>(folder) << "/";
  } else if (text.starts_with("/proc/self/") || text.starts_with("/proc/thread-self/")) {
    asked << "/proc/" << static_cast<std::uint64_t>(pid);
    text.remove_prefix(text.find('/', 6));
  }
  asked << text;
  {
    const File file(::open(asked.c_str(), O_PATH | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW)));
    if (file) {
      place.exists = true;
      return name_of(file.fd, place.path);
    }
  }
  if (errno != ENOENT) return false;
  const auto slash = asked.view().rfind('/');
  Path base;
  base << asked.view().substr(slash + 1);
  asked.cut(slash ? slash : 1);
  const File parent(::open(asked.c_str(), O_PATH | O_CLOEXEC | O_DIRECTORY));
  if (!parent || !name_of(parent.fd, place.path)) return false;
  if (place.path.view() != "/") place.path << "/";
  place.path << base.view();
  return true;
}

bool locate(pid_t pid, std::int64_t folder, std::uint64_t address, bool follow, Place& place) {
  Path text;
  const auto got = read_memory(pid, address, text.data.data(), PATH_MAX);
  text.cut(::strnlen(text.data.data(), got));
  return locate(pid, folder, text.view(), follow, place);
}

bool below(std::string_view path, std::string_view folder) {
  return path.starts_with(folder) &&
         (path.size() == folder.size() || path[folder.size()] == '/' || folder.ends_with("/"));
}

/// Written to by honest programs that do not mind being refused, or that no file is behind.
bool nobody_minds(std::string_view path) {
  for (const char* device : {"/dev/null", "/dev/zero", "/dev/full", "/dev/tty", "/dev/random", "/dev/urandom"})
    if (path == device) return true;
  return path.starts_with("/dev/pts/") || path.starts_with("pipe:") || path.starts_with("/memfd:") ||
         path.find("/__pycache__") != path.npos;
}

/// Sockets that the C library asks for names of users and hosts, and does without.
bool of_the_library(std::string_view path) {
  return below(path, "/run/nscd") || below(path, "/run/systemd/userdb") || below(path, "/run/systemd/resolve") ||
         below(path, "/run/systemd/journal");
}

/// True when the process is the child, or a child's child …, of this one. Whoever lost its parent is ours already.
bool in_family(pid_t pid) {
  const pid_t self = ::getpid();
  for (int step = 0; step < 256 && pid > 1; ++step) {
    if (pid == self) return step > 0;
    Word path;
    path << "/proc/" << static_cast<std::uint64_t>(pid) << "/status";
    const File status(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    Text<1024> text;
    const ssize_t got = status ? ::read(status.fd, text.data.data(), 1000) : -1;
    if (got <= 0) return false;
    text.cut(static_cast<std::size_t>(got));
    auto at = text.view().find("\nPPid:\t");
    if (at == std::string_view::npos) return false;
    pid = 0;
    for (at += 7; at < text.length && text.data[at] >= '0' && text.data[at] <= '9'; ++at)
      pid = pid * 10 + (text.data[at] - '0');
  }
  return false;
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

/// The flags of somebody's descriptor (O_NONBLOCK, O_CLOEXEC).
int flags_of(pid_t pid, int fd) {
  Word path;
  path << "/proc/" << static_cast<std::uint64_t>(pid) << "/fdinfo/" << static_cast<std::uint64_t>(fd);
  const File info(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  Text<512> text;
  const ssize_t got = info ? ::read(info.fd, text.data.data(), 500) : -1;
  if (got <= 0) return 0;
  text.cut(static_cast<std::size_t>(got));
  int flags = 0;
  auto at = text.view().find("flags:\t");
  if (at == std::string_view::npos) return 0;
  for (at += 7; at < text.length && text.data[at] >= '0' && text.data[at] <= '7'; ++at)
    flags = flags * 8 + (text.data[at] - '0');
  return flags;
}

/// Puts `fd` into the process that asks. `onto`: in the place of that descriptor; else at a new number, which is what
/// the call then returns. The number, or a negative errno.
int hand_over(int listener, std::uint64_t id, int fd, int flags, int onto) {
  seccomp_notif_addfd give{};
  give.id = id;
  give.srcfd = static_cast<__u32>(fd);
  give.newfd_flags = flags & O_CLOEXEC ? static_cast<__u32>(O_CLOEXEC) : 0;
  if (onto >= 0) {
    give.flags = SECCOMP_ADDFD_FLAG_SETFD;
    give.newfd = static_cast<__u32>(onto);
  } else {
    give.flags = SECCOMP_ADDFD_FLAG_SEND;
  }
  const int done = ::ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &give);
  return done < 0 ? -errno : done;
}

}  // namespace

struct Warden::Reply {
  enum class How { go_on, refuse, value, sent } how = How::go_on;
  int error = 0;
  static Reply go_on() { return {How::go_on, 0}; }
  static Reply refuse(int error) { return {How::refuse, error}; }
  static Reply done() { return {How::value, 0}; }
  static Reply sent() { return {How::sent, 0}; }
};

void Warden::answer(int listener) {
  union {
    seccomp_notif call;
    char room[room_of_kernel];
  } in;
  std::memset(&in, 0, sizeof in);
  if (::ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &in.call) != 0) return;  // it was killed meanwhile
  const auto reply = judge(in.call, listener);
  if (reply.how == Reply::How::sent) return;
  union {
    seccomp_notif_resp answer;
    char room[room_of_kernel];
  } out;
  std::memset(&out, 0, sizeof out);
  out.answer.id = in.call.id;
  if (reply.how == Reply::How::go_on) out.answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
  if (reply.how == Reply::How::refuse) out.answer.error = -reply.error;
  ::ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &out.answer);
}

Warden::Reply Warden::judge(const seccomp_notif& call, int listener) {
  const auto* a = call.data.args;
  const auto folder = [&](int n) { return static_cast<std::int64_t>(static_cast<int>(a[n])); };
  switch (call.data.nr) {
#ifdef SYS_open
    case SYS_open: return open_file(call, AT_FDCWD, a[0], a[1]);
    case SYS_creat: return open_file(call, AT_FDCWD, a[0], O_CREAT | O_WRONLY | O_TRUNC);
    case SYS_mkdir:
    case SYS_mknod: return create(call, AT_FDCWD, a[0]);
    case SYS_symlink: return create(call, AT_FDCWD, a[1]);
    case SYS_link: return create(call, AT_FDCWD, a[1]);
    case SYS_rmdir:
    case SYS_unlink: return remove(call, AT_FDCWD, a[0]);
    case SYS_rename: return remove(call, AT_FDCWD, a[0]), create(call, AT_FDCWD, a[1]);
#endif
    case SYS_openat: return open_file(call, folder(0), a[1], a[2]);
    case SYS_openat2: {
      open_how how{};
      read_memory(static_cast<pid_t>(call.pid), a[2], &how, sizeof how);
      return open_file(call, folder(0), a[1], how.flags);
    }
    case SYS_mkdirat:
    case SYS_mknodat: return create(call, folder(0), a[1]);
    case SYS_symlinkat: return create(call, folder(1), a[2]);
    case SYS_linkat: return create(call, folder(2), a[3]);
    case SYS_unlinkat: return remove(call, folder(0), a[1]);
    case SYS_truncate: return rules_.knows_truncation ? remove(call, AT_FDCWD, a[0]) : relabel(call);
#ifdef SYS_renameat
    case SYS_renameat:
#endif
    case SYS_renameat2: return remove(call, folder(0), a[1]), create(call, folder(2), a[3]);
    case SYS_kill: return signal(call, static_cast<std::int64_t>(static_cast<int>(a[0])), a[1]);
    case SYS_tkill: return signal(call, static_cast<std::int64_t>(static_cast<int>(a[0])), a[1]);
    case SYS_tgkill: return signal(call, static_cast<std::int64_t>(static_cast<int>(a[0])), a[2]);
    case SYS_socket: return make_socket(call, listener);
    case SYS_connect: return connect(call, listener);
    case SYS_clone:
#ifdef SYS_fork
    case SYS_fork:
    case SYS_vfork:
#endif
      return Reply::go_on();
    default: return relabel(call);
  }
}

bool Warden::in_scratch(std::string_view path) const { return below(path, rules_.scratch); }

void Warden::note(std::string_view what, std::string_view whom) {
  Path line;
  line << what << " " << whom;
  for (std::size_t i = 0; i < line.length; ++i)
    if (static_cast<unsigned char>(line.data[i]) < 0x20 || line.data[i] == 0x7f) line.data[i] = '?';
  line << "\n";
  for (std::size_t from = 0; from < length_;) {  // said already?
    const auto end = denials().find('\n', from) + 1;
    if (denials().substr(from, end - from) == line.view()) return;
    from = end;
  }
  if (line.length > text_.size() - length_) return;
  std::memcpy(text_.data() + length_, line.data.data(), line.length);
  length_ += line.length;
}

void Warden::note_write(std::string_view path) {
  if (rules_.writes_refused && !in_scratch(path) && !nobody_minds(path)) note("write", path);
}

Warden::Reply Warden::open_file(const seccomp_notif& call, std::int64_t folder, std::uint64_t path,
                                std::uint64_t flags) {
  const bool writes = (flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC));
  // A file opened to be read and emptied on the way: before ABI 3 Landlock takes it for reading. Only with openat2 the
  // flags could change meanwhile, and there the filter has refused the call.
  const bool empties = !rules_.knows_truncation && (flags & O_TRUNC) && (flags & O_ACCMODE) == O_RDONLY;
  Place place;
  const auto go_on = empties ? Reply::refuse(EACCES) : Reply::go_on();
  if (!locate(static_cast<pid_t>(call.pid), folder, path, !(flags & O_NOFOLLOW), place)) return go_on;
  const bool would_open = place.exists ? (flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL) : (flags & O_CREAT) != 0;
  if (!would_open) return go_on;
  if (writes && !(flags & O_PATH)) {
    note_write(place.path.view());
  } else if (!rules_.readable.empty() && place.exists && !in_scratch(place.path.view()) &&
             !nobody_minds(place.path.view()) && place.path.view().starts_with("/") &&
             std::none_of(rules_.readable.begin(), rules_.readable.end(),
                          [&](const std::string& each) { return below(place.path.view(), each); })) {
    note("read", place.path.view());
  }
  return go_on;
}

Warden::Reply Warden::create(const seccomp_notif& call, std::int64_t folder, std::uint64_t path) {
  Place place;
  const bool renames = call.data.nr == SYS_renameat2
#ifdef SYS_rename
                       || call.data.nr == SYS_rename || call.data.nr == SYS_renameat
#endif
      ;
  if (locate(static_cast<pid_t>(call.pid), folder, path, false, place) && (!place.exists || renames))
    note_write(place.path.view());
  return Reply::go_on();
}

Warden::Reply Warden::remove(const seccomp_notif& call, std::int64_t folder, std::uint64_t path) {
  Place place;
  if (locate(static_cast<pid_t>(call.pid), folder, path, false, place) && place.exists) note_write(place.path.view());
  return Reply::go_on();
}

/// Modes, owners, times, attributes, and on an old kernel the length. The file is opened here, and what is then changed
/// is that file and no other.
Warden::Reply Warden::relabel(const seccomp_notif& call) {
  const auto* a = call.data.args;
  const auto pid = static_cast<pid_t>(call.pid);
  enum class What { mode, owner, times, attribute, length } what = What::attribute;
  std::int64_t folder = AT_FDCWD;
  std::uint64_t path = a[0], mode = 0, times = 0;
  int by_descriptor = -1;
  bool follow = true;
  auto uid = static_cast<uid_t>(-1);
  auto gid = static_cast<gid_t>(-1);
  switch (call.data.nr) {
#ifdef SYS_chmod
    case SYS_chmod: what = What::mode, mode = a[1]; break;
    case SYS_lchown: follow = false; [[fallthrough]];
    case SYS_chown: what = What::owner, uid = static_cast<uid_t>(a[1]), gid = static_cast<gid_t>(a[2]); break;
#endif
    case SYS_fchmod: what = What::mode, by_descriptor = static_cast<int>(a[0]), mode = a[1]; break;
    case SYS_fchmodat:
    case 452 /* fchmodat2 */:
      what = What::mode, folder = static_cast<int>(a[0]), path = a[1], mode = a[2];
      if (call.data.nr == 452) follow = !(a[3] & AT_SYMLINK_NOFOLLOW);
      break;
    case SYS_fchown:
      what = What::owner, by_descriptor = static_cast<int>(a[0]);
      uid = static_cast<uid_t>(a[1]), gid = static_cast<gid_t>(a[2]);
      break;
    case SYS_fchownat:
      what = What::owner, folder = static_cast<int>(a[0]), path = a[1];
      uid = static_cast<uid_t>(a[2]), gid = static_cast<gid_t>(a[3]);
      follow = !(a[4] & AT_SYMLINK_NOFOLLOW);
      break;
    case SYS_utimensat:
      what = What::times, folder = static_cast<int>(a[0]), path = a[1], times = a[2];
      if (!path) by_descriptor = static_cast<int>(a[0]);
      follow = !(a[3] & AT_SYMLINK_NOFOLLOW);
      break;
    case SYS_truncate: what = What::length; break;
    case SYS_fsetxattr:
    case SYS_fremovexattr: by_descriptor = static_cast<int>(a[0]); break;
    case SYS_lsetxattr:
    case SYS_lremovexattr: follow = false; break;
    default: break;  // setxattr, removexattr, and the old ways to set times
  }
  const int error = what == What::attribute ? ENOTSUP : what == What::length ? EACCES : EPERM;
  Path name;
  int fd = -1;
  if (by_descriptor >= 0) {
    Word link;
    link << "/proc/" << static_cast<std::uint64_t>(pid) << "/fd/" << static_cast<std::uint64_t>(by_descriptor);
    fd = ::open(link.c_str(), O_PATH | O_CLOEXEC);
  } else {
    Place place;
    if (!locate(pid, folder, path, follow, place)) return Reply::refuse(error);
    if (!place.exists) return Reply::refuse(ENOENT);
    fd = ::open(place.path.c_str(), O_PATH | O_CLOEXEC | O_NOFOLLOW);
  }
  const File file(fd);
  struct stat info {};
  if (!file || !name_of(file.fd, name) || ::fstat(file.fd, &info) != 0) return Reply::refuse(error);
  if (!in_scratch(name.view())) {
    if (name.view().starts_with("/") && !nobody_minds(name.view())) note("write", name.view());
    return Reply::refuse(error);
  }
  if (S_ISLNK(info.st_mode)) return Reply::done();
  Word self;
  self << "/proc/self/fd/" << static_cast<std::uint64_t>(file.fd);
  switch (what) {
    case What::mode:
      return ::chmod(self.c_str(), static_cast<mode_t>(mode & 01777)) == 0 ? Reply::done() : Reply::refuse(errno);
    case What::owner:
      return (uid == static_cast<uid_t>(-1) || uid == info.st_uid) &&
                     (gid == static_cast<gid_t>(-1) || gid == info.st_gid)
                 ? Reply::done()
                 : Reply::refuse(EPERM);
    case What::times: {
      timespec both[2]{};
      if (times && read_memory(pid, times, both, sizeof both) != sizeof both) return Reply::refuse(EFAULT);
      return ::utimensat(AT_FDCWD, self.c_str(), times ? both : nullptr, 0) == 0 ? Reply::done() : Reply::refuse(errno);
    }
    case What::length:
      return ::truncate(self.c_str(), static_cast<off_t>(call.data.args[1])) == 0 ? Reply::done()
                                                                                  : Reply::refuse(errno);
    case What::attribute: break;
  }
  return Reply::refuse(error);
}

Warden::Reply Warden::signal(const seccomp_notif&, std::int64_t whom, std::uint64_t which) {
  if (whom == 0) return Reply::go_on();  // its own group, which is never ours
  if (whom != -1 && in_family(static_cast<pid_t>(whom < 0 ? -whom : whom))) return Reply::go_on();
  if (which != 0) {
    Word name;
    if (whom < 0) name << (whom == -1 ? "everybody" : "the group ");
    if (whom != -1) name << static_cast<std::uint64_t>(whom < 0 ? -whom : whom);
    note("signal", name.view());
  }
  return Reply::refuse(EPERM);
}

Warden::Reply Warden::make_socket(const seccomp_notif& call, int listener) {
  const int family = static_cast<int>(call.data.args[0]), type = static_cast<int>(call.data.args[1]) & 0xf,
            flags = static_cast<int>(call.data.args[1]) & ~0xf, protocol = static_cast<int>(call.data.args[2]);
  const auto give = [&](int fd) {
    const File made(fd);
    if (!made) return Reply::refuse(errno);
    const int handed = hand_over(listener, call.id, made.fd, flags, -1);
    return handed < 0 ? Reply::refuse(-handed) : Reply::sent();
  };
  if (family == AF_UNIX) {
    if (type != SOCK_STREAM && type != SOCK_SEQPACKET) return Reply::refuse(EACCES);
    int both[2];
    if (::socketpair(AF_UNIX, type | flags | SOCK_CLOEXEC, 0, both) != 0) return Reply::refuse(errno);
    ::close(both[1]);  // connected for good, to nobody
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
    if (!made) return Reply::refuse(errno);
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
