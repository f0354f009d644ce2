// Children are read from /proc, which knows them for each thread of a process; whoever has gone meanwhile is no longer
// counted, and found again below us if it was moved.
#include "daemon/check/family.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
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

void look_around(Relatives& family) {
  auto& [pids, known, tasks] = family;
  known = 0;
  const auto meet = [&](pid_t pid) {
    if (known < pids.size() && std::find(pids.begin(), pids.begin() + known, pid) == pids.begin() + known)
      pids[known++] = pid;
  };
  // Whoever moved to us while we looked elsewhere is met in the next round; a round that meets nobody is the last.
  std::size_t before = pids.size() + 1;
  for (int round = 0; before != known && round < 8; ++round) {
    before = known;
    tasks = 0;
    for_numbers("/proc/thread-self/children", meet);
    for (std::size_t i = 0; i < known; ++i) {
      Word folder;
      folder << "/proc/" << static_cast<std::uint64_t>(pids[i]) << "/task";
      for_names(folder.c_str(), [&](pid_t thread) {
        ++tasks;
        Word children;
        children << folder.view() << "/" << static_cast<std::uint64_t>(thread) << "/children";
        for_numbers(children.c_str(), meet);
      });
    }
  }
}

bool kill_orphans(const std::set<pid_t>& supervisors) {
  bool any = false;
  const pid_t session = ::getsid(0);
  for_names("/proc/self/task", [&](pid_t thread) {
    Word children;
    children << "/proc/self/task/" << static_cast<std::uint64_t>(thread) << "/children";
    for_numbers(children.c_str(), [&](pid_t pid) {
      if (supervisors.contains(pid) || ::getsid(pid) == session) return;
      any = true;
      kill_with_group(pid);
      ::waitpid(pid, nullptr, WNOHANG);
    });
  });
  return any;
}

int tasks_of_user() {
  int tasks = 0;
  for_names("/proc", [&](pid_t pid) {
    Word folder;
    folder << "/proc/" << static_cast<std::uint64_t>(pid) << "/task";
    struct stat info {};
    if (::stat(folder.c_str(), &info) == 0 && info.st_uid == ::getuid()) tasks += static_cast<int>(info.st_nlink) - 2;
  });
  return tasks;
}

}  // namespace readback
