// Children are read from /proc, which knows them for each thread of a process; whoever has gone meanwhile is no longer
// counted, and found again below us if it was moved.
#include "daemon/check/family.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <ctime>

#include "daemon/check/asking.hpp"

namespace readback {
namespace {

class Deadline {
 public:
  explicit Deadline(std::chrono::milliseconds limit) : left_(limit.count()) { ::clock_gettime(CLOCK_MONOTONIC, &at_); }
  bool passed() const {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return (now.tv_sec - at_.tv_sec) * 1000 + (now.tv_nsec - at_.tv_nsec) / 1000000 >= left_;
  }

 private:
  std::int64_t left_;
  timespec at_{};
};

/// Calls `each` for every number in a file of numbers, which may be longer than any buffer of ours.
template <class Each>
void for_numbers(const char* path, Each each) {
  const File file(::open(path, O_RDONLY | O_CLOEXEC));
  char text[4096];
  pid_t number = 0;
  for (ssize_t got; file && (got = ::read(file.fd, text, sizeof text)) > 0;)
    for (ssize_t i = 0; i < got; ++i) {
      if (text[i] >= '0' && text[i] <= '9') {
        number = number * 10 + (text[i] - '0');
      } else if (number > 0) {
        each(number);
        number = 0;
      }
    }
}

/// The numbers that are names in a folder of /proc.
template <class Each>
void for_names(const char* path, Each each) {
  const File folder(::open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  alignas(dirent64) char entries[4096];
  for (long got; folder && (got = ::syscall(SYS_getdents64, folder.fd, entries, sizeof entries)) > 0;)
    for (long at = 0; at < got;) {
      const auto* entry = reinterpret_cast<const dirent64*>(entries + at);
      at += entry->d_reclen;
      pid_t number = 0;
      for (const char* c = entry->d_name; *c >= '0' && *c <= '9'; ++c) number = number * 10 + (*c - '0');
      if (number > 0) each(number);
    }
}

void kill_with_group(pid_t pid) {
  const pid_t group = ::getpgid(pid);
  if (group > 1 && group != ::getpgrp()) ::kill(-group, SIGKILL);
  ::kill(pid, SIGKILL);
}

}  // namespace

bool end_family(std::chrono::milliseconds limit) {
  const Deadline deadline(limit);
  for (;;) {
    for_numbers("/proc/thread-self/children", kill_with_group);
    bool any = false;
    for (;;) {
      siginfo_t ended{};
      // Looked at before it is reaped: as long as it is not, its group has not been forgotten.
      if (::waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT) != 0) {
        if (errno == ECHILD) return true;
        continue;
      }
      if (ended.si_pid == 0) break;
      kill_with_group(ended.si_pid);
      ::waitpid(ended.si_pid, nullptr, WNOHANG);
      any = true;
    }
    if (deadline.passed()) return false;
    if (!any) ::poll(nullptr, 0, 1);  // they are dying
  }
}

int tasks_of_family(int enough) {
  std::array<pid_t, 1024> seen{};  // processes, each once
  std::size_t known = 0;
  const auto most = std::min(seen.size(), static_cast<std::size_t>(enough) + 1);
  const auto meet = [&](pid_t pid) {
    if (known < most && std::find(seen.begin(), seen.begin() + known, pid) == seen.begin() + known) seen[known++] = pid;
  };
  int tasks = 0;
  // Whoever moved to us while we looked elsewhere is met in the next round; a round that meets nobody is the last.
  for (std::size_t before = SIZE_MAX, rounds = 0; before != known && known < most && rounds < 8; ++rounds) {
    before = known;
    tasks = 0;
    for_numbers("/proc/thread-self/children", meet);
    for (std::size_t i = 0; i < known && known < most; ++i) {
      Word folder;
      folder << "/proc/" << static_cast<std::uint64_t>(seen[i]) << "/task";
      for_names(folder.c_str(), [&](pid_t thread) {
        ++tasks;
        Word children;
        children << folder.view() << "/" << static_cast<std::uint64_t>(thread) << "/children";
        for_numbers(children.c_str(), meet);
      });
    }
  }
  return std::max(tasks, static_cast<int>(known));
}

}  // namespace readback
