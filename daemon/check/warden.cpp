// One notification after the other: read the caller's memory, make sure it is still the same call, decide by path,
// signal or address, and answer. What the check can change while we look is never what we decide by. Files and signals
// are here, sockets in warden_sockets.cpp.
#include "daemon/check/warden.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>

#include "daemon/check/asking.hpp"
#include "daemon/check/locks.hpp"

namespace readback {
namespace {

constexpr std::size_t room_of_kernel = 512;  // its structures may have grown since these headers

/// Written to by honest programs that do not mind being refused, or that no file is behind.
bool nobody_minds(std::string_view path) {
  for (const char* device : {"/dev/null", "/dev/zero", "/dev/full", "/dev/tty", "/dev/random", "/dev/urandom"})
    if (path == device) return true;
  return path.starts_with("/dev/pts/") || path.starts_with("pipe:") || path.starts_with("/memfd:") ||
         path.find("/__pycache__") != path.npos;
}

}  // namespace

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
    case SYS_socketpair: return make_pair(call, listener);
    case SYS_connect: return connect(call, listener);
    case SYS_fcntl:
    case SYS_flock: return lock(call);
    case SYS_setsid:
    case SYS_setpgid: return Reply::go_on();
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

Warden::Reply Warden::lock(const seccomp_notif& call) {
  Path file;
  const bool releases = call.data.nr == SYS_flock && (call.data.args[1] & LOCK_UN);
  if (releases || may_lock(static_cast<pid_t>(call.pid), static_cast<int>(call.data.args[0]), rules_.lockable, file))
    return Reply::go_on();
  note("lock", file.view());
  return Reply::refuse(EPERM);
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

}  // namespace readback
