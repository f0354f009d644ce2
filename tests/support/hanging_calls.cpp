// A file system and a name service that do not answer, for a real program: loaded before libc (LD_PRELOAD), it keeps
// calls waiting as a dead mount does. $READBACK_HANGS names a folder F. While a file F.hangs exists, whoever opens,
// looks at or syncs something in F waits; while F.names exists, whoever asks for an account's name does. F.waiting is
// made by the first who waits, so that a test knows that it has come to that.
#include <dlfcn.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

constexpr int at_cwd = -100, create = 0100, write_only = 01, close_on_exec = 02000000;  // fcntl.h redefines open()

bool is_there(const std::string& path) { return ::syscall(SYS_faccessat, at_cwd, path.c_str(), 0) == 0; }

void wait_while(const std::string& folder, const char* what) {
  if (!is_there(folder + what)) return;
  const auto fd =
      ::syscall(SYS_openat, at_cwd, (folder + ".waiting").c_str(), create | write_only | close_on_exec, 0600);
  if (fd >= 0) ::syscall(SYS_close, fd);
  while (is_there(folder + what)) ::usleep(10'000);
}

void look_at(const char* path) {
  const char* folder = std::getenv("READBACK_HANGS");
  if (!folder || !path || std::strncmp(path, folder, std::strlen(folder)) != 0) return;
  const char end = path[std::strlen(folder)];
  if (end == '\0' || end == '/') wait_while(folder, ".hangs");
}

void look_at(int fd) {
  char path[4096] = "";
  const auto link = "/proc/self/fd/" + std::to_string(fd);
  if (::readlink(link.c_str(), path, sizeof path - 1) > 0) look_at(path);
}

template <class Function>
Function* real(Function*, const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

mode_t mode_of(int flags, va_list more) {
  constexpr int temporary = 020000000;
  return (flags & (create | temporary)) ? va_arg(more, mode_t) : 0;
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const auto mode = mode_of(flags, more);
  va_end(more);
  look_at(path);
  return static_cast<int>(::syscall(SYS_openat, at_cwd, path, flags, mode));
}
int open64(const char* path, int flags, ...) __attribute__((alias("open")));  // files are large anyway
FILE* fopen(const char* path, const char* mode) {
  look_at(path);
  return real(&fopen, "fopen")(path, mode);
}
FILE* fopen64(const char* path, const char* mode) {
  look_at(path);
  return real(&fopen64, "fopen64")(path, mode);
}
int stat(const char* path, struct stat* to) noexcept {
  look_at(path);
  return static_cast<int>(::syscall(SYS_newfstatat, at_cwd, path, to, 0));
}
char* realpath(const char* path, char* resolved) noexcept {
  look_at(path);
  return real(&realpath, "realpath")(path, resolved);
}
int statvfs(const char* path, struct statvfs* to) noexcept {
  look_at(path);
  return real(&statvfs, "statvfs")(path, to);
}
int fsync(int fd) {
  look_at(fd);
  return static_cast<int>(::syscall(SYS_fsync, fd));
}
int fdatasync(int fd) {
  look_at(fd);
  return static_cast<int>(::syscall(SYS_fdatasync, fd));
}
int getpwuid_r(uid_t uid, struct passwd* entry, char* buffer, size_t size, struct passwd** found) {
  if (const char* folder = std::getenv("READBACK_HANGS")) wait_while(folder, ".names");
  return real(&getpwuid_r, "getpwuid_r")(uid, entry, buffer, size, found);
}

}  // extern "C"
