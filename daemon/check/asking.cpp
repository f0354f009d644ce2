// All through /proc, which says nothing about whoever is gone; what cannot be learned is not known.
#include "daemon/check/asking.hpp"

#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include <cerrno>

namespace readback {

std::size_t read_memory(pid_t pid, std::uint64_t address, void* into, std::size_t size) {
  Word path;
  path << "/proc/" << static_cast<std::uint64_t>(pid) << "/mem";
  const File memory(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!memory || address == 0) return 0;
  const ssize_t got = ::pread(memory.fd, into, size, static_cast<off_t>(address));
  return got > 0 ? static_cast<std::size_t>(got) : 0;
}

int write_memory(pid_t pid, std::uint64_t address, const void* from, std::size_t size) {
  const iovec here{const_cast<void*>(from), size};
  const iovec there{reinterpret_cast<void*>(address), size};  // NOLINT(performance-no-int-to-ptr): theirs, not ours
  const ssize_t done = ::process_vm_writev(pid, &here, 1, &there, 1, 0);
  return done == static_cast<ssize_t>(size) ? 0 : done < 0 ? errno : EFAULT;
}

bool name_of(int fd, Path& name) {
  Word link;
  link << "/proc/self/fd/" << static_cast<std::uint64_t>(fd);
  const ssize_t length = ::readlink(link.c_str(), name.data.data(), PATH_MAX);
  if (length <= 0) return false;
  name.cut(static_cast<std::size_t>(length));
  return true;
}

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

void read_fdinfo(pid_t pid, int fd, FdInfo& text) {
  Word path;
  path << "/proc/" << static_cast<std::uint64_t>(pid) << "/fdinfo/" << static_cast<std::uint64_t>(fd);
  const File info(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  const ssize_t got = info ? ::read(info.fd, text.data.data(), text.data.size() - 1) : -1;
  text.cut(got > 0 ? static_cast<std::size_t>(got) : 0);
}

int flags_of(pid_t pid, int fd) {
  FdInfo text;
  read_fdinfo(pid, fd, text);
  int flags = 0;
  auto at = text.view().find("flags:\t");
  if (at == std::string_view::npos) return 0;
  for (at += 7; at < text.length && text.data[at] >= '0' && text.data[at] <= '7'; ++at)
    flags = flags * 8 + (text.data[at] - '0');
  return flags;
}

namespace {

seccomp_notif_addfd gift(std::uint64_t id, int fd, int flags) {
  seccomp_notif_addfd give{};
  give.id = id;
  give.srcfd = static_cast<__u32>(fd);
  give.newfd_flags = flags & O_CLOEXEC ? static_cast<__u32>(O_CLOEXEC) : 0;
  return give;
}

int put(int listener, seccomp_notif_addfd& give) {
  const int done = ::ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &give);
  return done < 0 ? -errno : done;
}

}  // namespace

void hurry(int listener) {
  constexpr unsigned long set_flags = 0x40082104;  // SECCOMP_IOCTL_NOTIF_SET_FLAGS, newer than Debian 12's headers
  ::ioctl(listener, set_flags, 1UL);               // SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP
}

int hand_over(int listener, std::uint64_t id, int fd, int flags, int onto) {
  auto give = gift(id, fd, flags);
  if (onto >= 0) {
    give.flags = SECCOMP_ADDFD_FLAG_SETFD;
    give.newfd = static_cast<__u32>(onto);
  }
  return put(listener, give);
}

int answer_with(int listener, std::uint64_t id, int fd, int flags) {
  auto give = gift(id, fd, flags);
  give.flags = SECCOMP_ADDFD_FLAG_SEND;
  return put(listener, give);
}

}  // namespace readback
