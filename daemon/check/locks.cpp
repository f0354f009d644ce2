// /proc/PID/fd says which file, and /proc/PID/fdinfo which locks are held by it.
#include "daemon/check/locks.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

namespace readback {
namespace {

bool is_lockable(std::string_view file, const std::vector<std::string>& lockable) {
  if (!file.starts_with("/") || file.starts_with("/memfd:")) return true;  // a pipe, a socket, one's own memory
  return std::any_of(lockable.begin(), lockable.end(), [&](const std::string& each) { return below(file, each); });
}

bool read_link(const char* link, Path& file) {
  const ssize_t length = ::readlink(link, file.data.data(), PATH_MAX);
  if (length <= 0) return false;
  file.cut(static_cast<std::size_t>(length));
  return true;
}

bool has_lock(pid_t pid, int fd) {
  FdInfo text;
  read_fdinfo(pid, fd, text);
  return text.view().find("\nlock:") != std::string_view::npos;
}

}  // namespace

bool may_lock(pid_t pid, int fd, const std::vector<std::string>& lockable, Path& file) {
  Word link;
  link << "/proc/" << static_cast<std::uint64_t>(pid) << "/fd/" << static_cast<std::uint64_t>(fd);
  return fd < 0 || !read_link(link.c_str(), file) || is_lockable(file.view(), lockable);
}

bool holds_foreign_lock(const Relatives& family, const std::vector<std::string>& lockable, Path& file) {
  bool found = false;
  for (std::size_t i = 0; i < family.processes && !found; ++i) {
    Word folder;
    folder << "/proc/" << static_cast<std::uint64_t>(family.pids[i]) << "/fd";
    for_names(folder.c_str(), [&](int fd) {
      if (!found) found = !may_lock(family.pids[i], fd, lockable, file) && has_lock(family.pids[i], fd);
    });
  }
  return found;
}

}  // namespace readback
