// The two processes behind a check: a supervisor, the reaper of whatever the command leaves behind, and the command
// itself until exec takes its place. No line here allocates, locks, or throws.
#include "daemon/check/child.hpp"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <ctime>

#include "daemon/check/descriptors.hpp"
#include "daemon/check/family.hpp"
#include "daemon/check/warden.hpp"

namespace readback {
namespace {

using Step = ChildReport::Step;

constexpr auto grace = std::chrono::seconds(2);  // between SIGTERM and SIGKILL

void limit(int what, rlim_t value) {
  const rlimit both{value, value};
  ::setrlimit(static_cast<__rlimit_resource>(what), &both);
}

void drop_capabilities() {
  for (int capability = 0; capability <= 63; ++capability) ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[2]{};
  ::syscall(SYS_capset, &header, none);
}

[[noreturn]] void give_up(const ChildPlan& plan, Step step, int error) {
  const ChildReport report{error, step, 0, 0};
  (void)!::write(plan.report, &report, sizeof report);
  ::_exit(127);
}

[[noreturn]] void become_command(const ChildPlan& plan, const PreparedSandbox& sandbox) {
  ::setsid();
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(plan.out, STDOUT_FILENO);
  ::dup2(plan.err, STDERR_FILENO);
  for (int signal = 1; signal < 65; ++signal) ::signal(signal, SIG_DFL);
  sigset_t no_signals;
  ::sigemptyset(&no_signals);
  ::sigprocmask(SIG_SETMASK, &no_signals, nullptr);
  ::umask(077);
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_CPU, plan.cpu_seconds);
  limit(RLIMIT_FSIZE, 64ULL << 20);
  limit(RLIMIT_NOFILE, 256);
  limit(RLIMIT_AS, 2ULL << 30);
  if (::chdir(plan.cwd.c_str()) != 0) give_up(plan, Step::folder, errno);
  drop_capabilities();
  if (const int error = sandbox.enter(plan.ask)) give_up(plan, Step::sandbox, error);
  // Everything above stderr closes by itself at exec; the report's pipe stays until then, to tell when exec fails.
  ::syscall(SYS_close_range, 3u, ~0u, CLOSE_RANGE_CLOEXEC);
  ::execve(plan.program.c_str(), plan.argv.data(), plan.envp.data());
  give_up(plan, Step::program, errno);
}

/// A command that was asked to end has this long until it is made to.
class Grace {
 public:
  void begin() {
    if (begun_) return;
    begun_ = true;
    ::clock_gettime(CLOCK_MONOTONIC, &at_);
  }
  /// As poll() takes it: -1 while nothing was asked, 0 when the time is over.
  int milliseconds_left() const {
    if (!begun_) return -1;
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    const auto passed = (now.tv_sec - at_.tv_sec) * 1000 + (now.tv_nsec - at_.tv_nsec) / 1000000;
    return static_cast<int>(std::max<std::int64_t>(0, std::int64_t{grace.count()} * 1000 - passed));
  }

 private:
  bool begun_ = false;
  timespec at_{};
};

/// The descriptor at which this process hears of SIGCHLD and SIGTERM; -1 and an errno when there is none.
int hear_signals() {
  for (int signal = 1; signal < 65; ++signal) ::signal(signal, SIG_DFL);
  sigset_t wanted;
  ::sigemptyset(&wanted);
  ::sigaddset(&wanted, SIGCHLD);
  ::sigaddset(&wanted, SIGTERM);
  ::sigprocmask(SIG_SETMASK, &wanted, nullptr);
  return ::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
}

/// Until the command itself has ended, which is reported as waitpid() told it. What else ends is reaped on the way.
int wait_for_end(pid_t command, int signals, int listener, Warden& warden) {
  pollfd waits[2] = {{signals, POLLIN, 0}, {listener, POLLIN, 0}};
  Grace until_killed;
  for (;;) {
    int patience = until_killed.milliseconds_left();
    if (patience == 0) {
      ::kill(-command, SIGKILL);
      ::kill(command, SIGKILL);
      patience = 100;
    }
    ::poll(waits, 2, patience);
    if (waits[1].revents & POLLIN)
      warden.answer(listener);
    else if (waits[1].revents)
      waits[1].fd = -1;  // nobody is left who could ask
    signalfd_siginfo signal;
    while (::read(signals, &signal, sizeof signal) == static_cast<ssize_t>(sizeof signal))
      if (signal.ssi_signo == SIGTERM && until_killed.milliseconds_left() < 0) {
        until_killed.begin();
        ::kill(-command, SIGTERM);
      }
    int status = 0;
    for (pid_t ended; (ended = ::waitpid(-1, &status, WNOHANG)) > 0;)
      if (ended == command) return status;
  }
}

}  // namespace

void supervise(const ChildPlan& plan, const PreparedSandbox& sandbox, pid_t daemon) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (::getppid() != daemon) ::_exit(127);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  ::setpgid(0, 0);
  const int signals = hear_signals();
  const pid_t command = signals < 0 ? -1 : ::_Fork();
  if (command == 0) become_command(plan, sandbox);
  if (command < 0) give_up(plan, Step::program, errno);
  ::close(plan.out);
  ::close(plan.err);
  ::close(plan.ask);
  Warden warden(sandbox.rules());
  const int listener = sandbox.asks() ? receive_descriptor(plan.asked) : -1;
  ChildReport report;
  report.wait_status = wait_for_end(command, signals, listener, warden);
  if (listener >= 0) ::close(listener);  // from here on nobody of the family can leave its group
  const bool ended = end_family(std::chrono::seconds(10));
  (void)ended;
  const auto denials = warden.denials();
  report.denials = static_cast<unsigned>(denials.size());
  (void)!::write(plan.report, &report, sizeof report);
  (void)!::write(plan.report, denials.data(), denials.size());
  ::_exit(0);
}

}  // namespace readback
