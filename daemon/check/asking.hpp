#pragma once
// What the supervisor can learn about a process that asks: its memory, its descriptors, where a path leads for it, and
// whether it is of the family. Fixed buffers and system calls only, as in all that runs between fork and exec.
#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "daemon/check/warden.hpp"

namespace readback {

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

/// What the warden says to one question.
struct Warden::Reply {
  enum class How { go_on, refuse, value, sent } how = How::go_on;
  int error = 0;
  static Reply go_on() { return {How::go_on, 0}; }
  static Reply refuse(int error) { return {How::refuse, error}; }
  static Reply done() { return {How::value, 0}; }
  static Reply sent() { return {How::sent, 0}; }
};

/// From the memory of the one who asks; how many bytes there were.
std::size_t read_memory(pid_t pid, std::uint64_t address, void* into, std::size_t size);
/// Into it. 0, or an errno.
int write_memory(pid_t pid, std::uint64_t address, const void* from, std::size_t size);

/// The name of an open file, as the kernel has it: absolute and without links.
bool name_of(int fd, Path& name);

struct Place {
  Path path;  ///< absolute, without links
  bool exists = false;
};
/// Where a path argument leads. False when not even its folder is there, or it cannot be read.
bool locate(pid_t pid, std::int64_t folder, std::string_view text, bool follow, Place& place);
bool locate(pid_t pid, std::int64_t folder, std::uint64_t address, bool follow, Place& place);
bool below(std::string_view path, std::string_view folder);

/// True when the process is the child, or a child's child …, of this one. Whoever lost its parent is ours already.
bool in_family(pid_t pid);

/// The numbers that are names in a folder of /proc.
template <class Each>
void for_names(const char* path, Each each) {
  const File folder(::open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  alignas(dirent64) char entries[4096];
  for (long got; folder && (got = ::syscall(SYS_getdents64, folder.fd, entries, sizeof entries)) > 0;)
    for (long at = 0; at < got;) {
      const auto* entry = reinterpret_cast<const dirent64*>(entries + at);
      at += entry->d_reclen;
      int number = 0;
      for (const char* c = entry->d_name; *c >= '0' && *c <= '9'; ++c) number = number * 10 + (*c - '0');
      if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9') each(number);
    }
}

using FdInfo = Text<1024>;
/// What the kernel tells of somebody's descriptor (proc_pid_fdinfo(5)), cut; empty when there is none.
void read_fdinfo(pid_t pid, int fd, FdInfo& text);
/// The flags of somebody's descriptor (O_NONBLOCK, O_CLOEXEC).
int flags_of(pid_t pid, int fd);

/// Has the kernel wake us the moment that somebody asks, where it can (6.6). A call that waits is cut short by a signal
/// as long as we have not heard of it.
void hurry(int listener);

/// Puts `fd` into the process that asks. `onto`: in the place of that descriptor, or at the next free number. The
/// number, or a negative errno.
int hand_over(int listener, std::uint64_t id, int fd, int flags, int onto);
/// As above at a new number, which is what the call then returns: it is answered with it.
int answer_with(int listener, std::uint64_t id, int fd, int flags);

}  // namespace readback
