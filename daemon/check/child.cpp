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

#include "daemon/check/asking.hpp"
#include "daemon/check/descriptors.hpp"
#include "daemon/check/family.hpp"
#include "daemon/check/locks.hpp"
#include "daemon/check/warden.hpp"

namespace readback {
namespace {

using Step = ChildReport::Step;

constexpr auto grace = std::chrono::seconds(2);  // between SIGTERM and SIGKILL

// For processes that the kernel does not let go of (a disk that hangs). A kill takes milliseconds, of thousands too.
constexpr auto time_to_end = std::chrono::seconds(10);

std::int64_t milliseconds_now() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1000000;
}

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
  ChildReport report;
  report.started_errno = error;
  report.step = step;
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
  if (plan.tasks_of_user > 0) limit(RLIMIT_NPROC, plan.tasks_of_user);
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
  void begin() { end_ = milliseconds_now() + std::chrono::milliseconds(grace).count(); }
  /// As poll() takes it: -1 while nothing was asked, 0 when the time is over.
  int milliseconds_left() const {
    return end_ == 0 ? -1 : static_cast<int>(std::max<std::int64_t>(0, end_ - milliseconds_now()));
  }

 private:
  std::int64_t end_ = 0;
};

/// The descriptor at which this process hears of SIGCHLD and SIGTERM; -1 and an errno when there is none. All others
/// stay blocked: a terminal that goes away with the daemon must not end us first.
int hear_signals() {
  for (int signal = 1; signal < 65; ++signal) ::signal(signal, SIG_DFL);
  sigset_t wanted;
  ::sigemptyset(&wanted);
  ::sigaddset(&wanted, SIGCHLD);
  ::sigaddset(&wanted, SIGTERM);
  return ::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
}

/// Closes what came from the daemon: its listening sockets and locks must be free again when it has gone, and its ends
/// of the lifelines of other families are none of ours.
void close_all_but(const ChildPlan& plan, int ruleset) {
  // The first three stay taken, so that nothing of ours is ever what others write their complaints to.
  const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(nothing, standard);
  int kept[] = {plan.out, plan.err, plan.report, plan.ask, plan.asked, plan.lifeline, ruleset};
  std::sort(std::begin(kept), std::end(kept));
  unsigned from = STDERR_FILENO + 1;
  for (const int fd : kept) {
    if (fd < static_cast<int>(from)) continue;
    const auto keep = static_cast<unsigned>(fd);
    if (keep > from) ::syscall(SYS_close_range, from, keep - 1, 0u);
    from = keep + 1;
  }
  ::syscall(SYS_close_range, from, ~0u, 0u);
}

/// Looks ten times a second at what the family takes, and less often where the look itself takes long.
class Watch {
 public:
  Watch(const ChildPlan& plan, const PreparedSandbox& sandbox, Warden& warden, ChildReport& report)
      : plan_(plan), sandbox_(sandbox), warden_(warden), report_(report) {}

  int milliseconds_left() const { return static_cast<int>(std::max<std::int64_t>(0, next_ - milliseconds_now())); }
  /// True when the family has more than it may have; the report says what.
  bool is_too_much() {
    if (milliseconds_left() > 0) return false;
    const auto begun = milliseconds_now();
    look_around(family_);
    report_.too_many_tasks = family_.tasks > most_tasks;
    report_.scratch = judge_scratch(plan_.scratch.c_str(), family_);
    Path file;
    // Where nobody was asked a lock is allowed, and `missing` says so.
    report_.foreign_lock = sandbox_.asks() && holds_foreign_lock(family_, sandbox_.rules().lockable, file);
    if (report_.foreign_lock) warden_.note("lock", file.view());
    const auto now = milliseconds_now();
    next_ = now + std::max<std::int64_t>(100, 5 * (now - begun));
    return report_.too_many_tasks || report_.foreign_lock || report_.scratch != ScratchFault::none;
  }

 private:
  const ChildPlan& plan_;
  const PreparedSandbox& sandbox_;
  Warden& warden_;
  ChildReport& report_;
  std::int64_t next_ = 0;
  Relatives family_;
};

struct Ears {
  int signals = -1, listener = -1, lifeline = -1;
};

/// Until the command itself has ended, which is reported as waitpid() told it. What else ends is reaped on the way.
/// False when the daemon has gone meanwhile.
bool wait_for_end(pid_t command, const Ears& ears, Warden& warden, Watch& watch, int& status) {
  pollfd waits[3] = {{ears.signals, POLLIN, 0}, {ears.listener, POLLIN, 0}, {ears.lifeline, POLLIN, 0}};
  Grace until_killed;
  for (bool over = false;;) {
    const int asked = until_killed.milliseconds_left();
    over = over || asked == 0;
    if (over) {
      ::kill(-command, SIGKILL);
      ::kill(command, SIGKILL);
    }
    const int patience = watch.milliseconds_left();
    ::poll(waits, 3, over ? 100 : asked < 0 ? patience : std::min(asked, patience));
    if (waits[1].revents & POLLIN)
      warden.answer(ears.listener);
    else if (waits[1].revents)
      waits[1].fd = -1;  // nobody is left who could ask
    if (waits[2].revents) return false;
    signalfd_siginfo signal;
    while (::read(ears.signals, &signal, sizeof signal) == static_cast<ssize_t>(sizeof signal))
      if (signal.ssi_signo == SIGTERM && until_killed.milliseconds_left() < 0) {
        until_killed.begin();
        ::kill(-command, SIGTERM);
      }
    // Who is dead is no task any more: on a busy host they would pile up between two looks, and be counted.
    for (pid_t ended; (ended = ::waitpid(-1, &status, WNOHANG)) > 0;)
      if (ended == command) return true;
    if (!over && watch.is_too_much()) over = true;
  }
}

/// What is told last. The reader may have gone.
void tell(const ChildPlan& plan, ChildReport& report, std::string_view denials) {
  ::signal(SIGPIPE, SIG_IGN);
  report.denials = static_cast<unsigned>(denials.size());
  (void)!::write(plan.report, &report, sizeof report);
  (void)!::write(plan.report, denials.data(), denials.size());
}

}  // namespace

void supervise(const ChildPlan& plan, const PreparedSandbox& sandbox) {
  close_all_but(plan, sandbox.descriptor());
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  ::setpgid(0, 0);
  Ears ears;
  ears.lifeline = plan.lifeline;
  ears.signals = hear_signals();
  const pid_t command = ears.signals < 0 ? -1 : ::_Fork();
  if (command == 0) become_command(plan, sandbox);
  if (command < 0) give_up(plan, Step::program, errno);
  ::close(plan.out);
  ::close(plan.err);
  ::close(plan.ask);
  Warden warden(sandbox.rules());
  ears.listener = sandbox.asks() ? receive_descriptor(plan.asked) : -1;
  if (ears.listener >= 0) hurry(ears.listener);
  ChildReport report;
  Watch watch(plan, sandbox, warden, report);
  const bool daemon_lives = wait_for_end(command, ears, warden, watch, report.wait_status);
  if (ears.listener >= 0) ::close(ears.listener);  // from here on nobody of the family can leave its group
  report.left = !end_family(time_to_end);
  if (!daemon_lives) remove_tree(plan.scratch.c_str());  // nobody else will
  tell(plan, report, warden.denials());
  ::_exit(0);
}

}  // namespace readback
