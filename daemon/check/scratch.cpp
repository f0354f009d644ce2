// Both ways through the folder go by descriptors and names of one step, so that no link and no long path leads astray.
#include "daemon/check/scratch.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

#include "daemon/check/asking.hpp"

namespace readback {
namespace {

bool is_dot(const char* name) { return !std::strcmp(name, ".") || !std::strcmp(name, ".."); }

/// A folder by one step, never through a link. One that its owner may not read is made readable: by its descriptor, so
/// that it is that folder and no other. -1, and errno.
int open_folder(int in, const char* name) {
  const int fd = ::openat(in, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd >= 0 || errno != EACCES) return fd;
  const File place(::openat(in, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!place) return -1;
  Word self;
  self << "/proc/self/fd/" << static_cast<std::uint64_t>(place.fd);
  if (::chmod(self.c_str(), 0700) != 0) return -1;
  return ::open(self.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/// Calls `each(name, type)` for the entries, until it says false.
template <std::size_t Room, class Each>
void for_entries(int folder, Each each) {
  alignas(dirent64) char entries[Room];
  for (long got; (got = ::syscall(SYS_getdents64, folder, entries, sizeof entries)) > 0;)
    for (long at = 0; at < got;) {
      const auto* entry = reinterpret_cast<const dirent64*>(entries + at);
      at += entry->d_reclen;
      if (!is_dot(entry->d_name) && !each(entry->d_name)) return;
    }
}

class Measure {
 public:
  ScratchFault fault() const {
    return depth_passed_                 ? ScratchFault::depth
           : bytes_ > most_scratch_bytes ? ScratchFault::bytes
           : files_ > most_scratch_files ? ScratchFault::files
                                         : ScratchFault::none;
  }

  void folder(int fd, int depth) {
    for_entries<2048>(fd, [&](const char* name) {
      struct stat info {};
      if (::fstatat(fd, name, &info, AT_SYMLINK_NOFOLLOW) != 0) return true;
      ++files_;
      // A file with two names here is found twice; from outside none can be linked in.
      bytes_ += static_cast<std::uint64_t>(info.st_blocks) * 512 /
                std::max<std::uint64_t>(1, S_ISDIR(info.st_mode) ? 1 : info.st_nlink);
      if (S_ISDIR(info.st_mode)) {
        if (depth >= most_scratch_depth)
          depth_passed_ = true;
        else if (const File below(open_folder(fd, name)); below)
          folder(below.fd, depth + 1);
      }
      return fault() == ScratchFault::none;
    });
  }

  /// Files that have lost their name, and those that never had one, among what a process has open.
  void descriptors_of(pid_t pid, std::string_view scratch) {
    Word path;
    path << "/proc/" << static_cast<std::uint64_t>(pid) << "/fd";
    const File folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder) return;
    for_entries<2048>(folder.fd, [&](const char* name) {
      Path target;
      const ssize_t length = ::readlinkat(folder.fd, name, target.data.data(), PATH_MAX);
      if (length <= 0) return true;
      target.cut(static_cast<std::size_t>(length));
      struct stat info {};
      if (is_nameless(target.view(), scratch) && ::fstatat(folder.fd, name, &info, 0) == 0 && S_ISREG(info.st_mode) &&
          info.st_nlink == 0 && meet(info.st_dev, info.st_ino).is_new) {
        ++files_;
        bytes_ += static_cast<std::uint64_t>(info.st_blocks) * 512;
      }
      return fault() == ScratchFault::none;
    });
  }

  /// And those that it has only in its memory. How much of them is there nobody tells: they count as long as they are
  /// mapped. To be called when all descriptors were looked at.
  void mappings_of(pid_t pid, std::string_view scratch) {
    Word path;
    path << "/proc/" << static_cast<std::uint64_t>(pid) << "/maps";
    const File maps(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    Path line;
    char text[4096];
    for (ssize_t got; maps && (got = ::read(maps.fd, text, sizeof text)) > 0;)
      for (ssize_t i = 0; i < got; ++i) {
        if (text[i] != '\n') {
          line << std::string_view(&text[i], 1);
          continue;
        }
        mapping(pid, line.view(), scratch);
        line.cut(0);
      }
  }

 private:
  struct Met {
    dev_t device = 0;
    ino_t inode = 0;
    pid_t pid = 0;  ///< whose mappings are added up; 0 for a file that is counted by its descriptor
    std::uint64_t mapped = 0, counted = 0;
    bool is_new = false;
  };

  static bool is_nameless(std::string_view file, std::string_view scratch) {
    return file.ends_with(" (deleted)") && (file.starts_with("/memfd:") || below(file, scratch));
  }

  /// The same file is open in many processes. What does not fit into the memory of this is counted each time.
  Met& meet(dev_t device, ino_t inode) {
    for (std::size_t i = 0; i < known_; ++i)
      if (met_[i].device == device && met_[i].inode == inode) return met_[i].is_new = false, met_[i];
    auto& entry = known_ + 1 < met_.size() ? met_[known_++] : met_.back();
    return entry = {device, inode, 0, 0, 0, true};
  }

  /// "7f00-7f10 rw-s 00000000 fe:00 1234    /path (deleted)"
  void mapping(pid_t pid, std::string_view line, std::string_view scratch) {
    const auto at = line.find('/');
    if (at == line.npos || !is_nameless(line.substr(at), scratch)) return;
    std::array<std::uint64_t, 3> bounds{};  // from, to, and the inode at last
    const auto number = [&](std::size_t from, int base, std::uint64_t& into) {
      return std::from_chars(line.data() + from, line.data() + at, into, base).ptr - line.data();
    };
    const auto dash = static_cast<std::size_t>(number(0, 16, bounds[0]));
    number(dash + 1, 16, bounds[1]);
    std::size_t field = 0;
    for (int skipped = 0; skipped < 3; ++skipped) field = line.find(' ', field) + 1;
    std::uint64_t major = 0, minor = 0;
    const auto colon = static_cast<std::size_t>(number(field, 16, major));
    number(static_cast<std::size_t>(number(colon + 1, 16, minor)) + 1, 10, bounds[2]);
    auto& file = meet(::makedev(static_cast<unsigned>(major), static_cast<unsigned>(minor)), bounds[2]);
    if (!file.is_new && file.pid == 0) return;  // it is open somewhere, and counted
    if (file.pid != pid) file.pid = pid, file.mapped = 0;
    files_ += file.is_new ? 1 : 0;
    // In pieces by one process, or as a whole by many: the most that one of them has of it.
    file.mapped += bounds[1] - bounds[0];
    if (file.mapped > file.counted) bytes_ += file.mapped - std::exchange(file.counted, file.mapped);
  }

  std::uint64_t bytes_ = 0, files_ = 0;
  bool depth_passed_ = false;
  std::array<Met, 512> met_{};
  std::size_t known_ = 0;
};

bool are_same(int a, int b) {
  struct stat first {
  }, second{};
  return ::fstat(a, &first) == 0 && ::fstat(b, &second) == 0 && first.st_dev == second.st_dev &&
         first.st_ino == second.st_ino;
}

/// Removes what can be removed of an open folder. True when it is empty now; else `deeper` is the name of a folder in
/// it that is not, or "" when something cannot be removed.
bool clear(int folder, Text<256>& deeper) {
  ::fchmod(folder, 0700);
  deeper.cut(0);
  bool empty = false, stuck = false;
  // Until nothing is found: a list that is read while it shrinks may leave something out. In small bites, because
  // behind each folder that is not empty it is read from its beginning again.
  while (!empty && !stuck) {
    empty = true;
    ::lseek(folder, 0, SEEK_SET);
    for_entries<1024>(folder, [&](const char* name) {
      empty = false;
      if (::unlinkat(folder, name, 0) == 0 || errno == ENOENT) return true;
      if (errno == EISDIR || errno == EPERM) {
        if (::unlinkat(folder, name, AT_REMOVEDIR) == 0) return true;
        if (errno == ENOTEMPTY || errno == EEXIST) deeper << name;
      }
      stuck = true;
      return false;
    });
  }
  return empty;
}

}  // namespace

ScratchFault judge_scratch(const char* path, const Relatives& family) {
  Measure measure;
  if (const File top(open_folder(AT_FDCWD, path)); top) measure.folder(top.fd, 1);
  Path plain;
  const File root(::open(path, O_PATH | O_CLOEXEC));
  if (!root || !name_of(root.fd, plain)) return measure.fault();
  for (std::size_t i = 0; i < family.processes && measure.fault() == ScratchFault::none; ++i)
    measure.descriptors_of(family.pids[i], plain.view());
  for (std::size_t i = 0; i < family.processes && measure.fault() == ScratchFault::none; ++i)
    measure.mappings_of(family.pids[i], plain.view());
  return measure.fault();
}

bool remove_tree(const char* path) {
  const File root(open_folder(AT_FDCWD, path));
  if (!root) return ::unlinkat(AT_FDCWD, path, 0) == 0 || errno == ENOENT;
  int here = ::dup(root.fd);
  Text<256> deeper;
  // Down into the first folder that is not empty, and up by `..` when it is. An end for what never becomes empty.
  for (int steps = 0; here >= 0 && steps < 50'000'000; ++steps) {
    const bool empty = clear(here, deeper);
    if (empty && are_same(here, root.fd)) break;
    const int next = empty                ? ::openat(here, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                     : deeper.length == 0 ? -1
                                          : open_folder(here, deeper.c_str());
    ::close(here);
    here = next;
  }
  if (here >= 0) ::close(here);
  return ::rmdir(path) == 0;
}

}  // namespace readback
