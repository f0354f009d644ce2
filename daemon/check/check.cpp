#include "daemon/check/check.hpp"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <filesystem>

#include "core/text/time.hpp"
#include "daemon/check/descriptors.hpp"
#include "daemon/check/warden.hpp"
#include "daemon/runtime/clock.hpp"

namespace readback {
namespace {

constexpr auto grace = std::chrono::seconds(2);         // between SIGTERM and SIGKILL
constexpr std::size_t most_denials = 10;                // named of one run
constexpr auto drain = std::chrono::milliseconds(200);  // for what is still in the pipes when the family is gone

/// What the supervisor reports through its pipe, in this order and nothing else.
struct Report {
  int started_errno = 0;  ///< not 0: the command was never started; `step` says where
  int step = 0;           ///< 1 sandbox, 2 cwd, 3 exec
  int wait_status = 0;
  unsigned denials = 0;  ///< bytes of text that follow: what was refused, a line each
};

/// Everything that the child needs, made before the fork.
struct Plan {
  std::string program, cwd;
  std::vector<std::string> arguments, environment;
  std::vector<char*> argv, envp;
  rlim_t cpu_seconds = 60;
  int out = -1, err = -1, report = -1;
  int ask = -1, asked = -1;  ///< two ends: the command sends its listener, the supervisor takes it
};

std::string find_program(const std::string& name, const std::string& cwd) {
  if (name.find('/') != name.npos) return name.front() == '/' || cwd.empty() ? name : cwd + "/" + name;
  for (const char* folder : {"/usr/local/sbin/", "/usr/local/bin/", "/usr/sbin/", "/usr/bin/", "/sbin/", "/bin/"})
    if (::access((folder + name).c_str(), X_OK) == 0) return folder + name;
  return "";
}

void fill(Plan& plan, const CheckConfig& config, const std::string& scratch) {
  plan.arguments = config.command;
  plan.cwd = config.cwd.empty() ? scratch : config.cwd;
  plan.environment = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                      "LANG=C.UTF-8",
                      "HOME=" + scratch,
                      "TMPDIR=" + scratch,
                      "PYTHONDONTWRITEBYTECODE=1",
                      "GIT_OPTIONAL_LOCKS=0",
                      "GIT_TERMINAL_PROMPT=0"};
  for (const auto& [name, value] : config.env) plan.environment.push_back(name + "=" + value);
  for (auto& a : plan.arguments) plan.argv.push_back(a.data());
  plan.argv.push_back(nullptr);
  for (auto& e : plan.environment) plan.envp.push_back(e.data());
  plan.envp.push_back(nullptr);
  plan.cpu_seconds = static_cast<rlim_t>(config.timeout.count() / 1000 + 5);
}

void limit(int what, rlim_t value) {
  const rlimit both{value, value};
  ::setrlimit(static_cast<__rlimit_resource>(what), &both);
}

// --- from here to `supervise` everything runs between fork and exec: system calls only
// --------------------------------

void drop_capabilities() {
  for (int capability = 0; capability <= 63; ++capability) ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[2]{};
  ::syscall(SYS_capset, &header, none);
}

[[noreturn]] void give_up(const Plan& plan, int step, int error) {
  const Report report{error, step, 0, 0};
  (void)!::write(plan.report, &report, sizeof report);
  ::_exit(127);
}

[[noreturn]] void become_command(const Plan& plan, const PreparedSandbox& sandbox) {
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
  if (::chdir(plan.cwd.c_str()) != 0) give_up(plan, 2, errno);
  drop_capabilities();
  if (const int error = sandbox.enter(plan.ask)) give_up(plan, 1, error);
  // Everything above stderr closes by itself at exec; the report's pipe stays until then, to tell when exec fails.
  ::syscall(SYS_close_range, 3u, ~0u, CLOSE_RANGE_CLOEXEC);
  ::execve(plan.program.c_str(), plan.argv.data(), plan.envp.data());
  give_up(plan, 3, errno);
}

/// Kills and reaps every process that is still below us, round after round, until there is none.
void end_family() {
  for (int round = 0; round < 1000; ++round) {
    char path[64] = "/proc/thread-self/children", text[4096];
    const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t length = fd < 0 ? 0 : ::read(fd, text, sizeof text - 1);
    if (fd >= 0) ::close(fd);
    pid_t pid = 0;
    bool any = false;
    for (ssize_t i = 0; i < length; ++i) {
      if (text[i] >= '0' && text[i] <= '9') {
        pid = pid * 10 + (text[i] - '0');
      } else if (pid > 0) {
        ::kill(pid, SIGKILL);
        any = true;
        pid = 0;
      }
    }
    while (::waitpid(-1, nullptr, any ? 0 : WNOHANG) > 0) {
      if (any) break;  // one was reaped: its own children are ours now, look again
    }
    if (!any && ::waitpid(-1, nullptr, WNOHANG) < 0 && errno == ECHILD) return;
  }
}

[[noreturn]] void supervise(const Plan& plan, const PreparedSandbox& sandbox, pid_t daemon) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (::getppid() != daemon) ::_exit(127);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  ::setpgid(0, 0);
  for (int signal = 1; signal < 65; ++signal) ::signal(signal, SIG_DFL);
  sigset_t wanted;
  ::sigemptyset(&wanted);
  ::sigaddset(&wanted, SIGCHLD);
  ::sigaddset(&wanted, SIGTERM);
  ::sigprocmask(SIG_SETMASK, &wanted, nullptr);
  const int signals = ::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
  const pid_t command = signals < 0 ? -1 : ::_Fork();
  if (command == 0) become_command(plan, sandbox);
  if (command < 0) give_up(plan, 3, errno);
  ::close(plan.out);
  ::close(plan.err);
  ::close(plan.ask);
  Warden warden(sandbox.rules());
  const int listener = sandbox.asks() ? receive_descriptor(plan.asked) : -1;
  pollfd waits[2] = {{signals, POLLIN, 0}, {listener, POLLIN, 0}};
  bool asked_to_end = false;
  Report report;
  timespec asked_at{};
  for (bool over = false; !over;) {
    int patience = -1;
    if (asked_to_end) {
      timespec now{};
      ::clock_gettime(CLOCK_MONOTONIC, &now);
      const auto passed = (now.tv_sec - asked_at.tv_sec) * 1000 + (now.tv_nsec - asked_at.tv_nsec) / 1000000;
      patience = static_cast<int>(std::max<std::int64_t>(0, std::int64_t{grace.count()} * 1000 - passed));
    }
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
      if (signal.ssi_signo == SIGTERM && !asked_to_end) {
        asked_to_end = true;
        ::clock_gettime(CLOCK_MONOTONIC, &asked_at);
        ::kill(-command, SIGTERM);
      }
    int status = 0;
    for (pid_t ended; (ended = ::waitpid(-1, &status, WNOHANG)) > 0;)
      if (ended == command) {
        report.wait_status = status;
        over = true;
        break;
      }
  }
  if (listener >= 0) ::close(listener);  // from here on nobody of the family can make a process
  end_family();
  const auto denials = warden.denials();
  report.denials = static_cast<unsigned>(denials.size());
  (void)!::write(plan.report, &report, sizeof report);
  (void)!::write(plan.report, denials.data(), denials.size());
  ::_exit(0);
}

// --- the parent again
// ---------------------------------------------------------------------------------------------------

struct Descriptor {
  int fd = -1;
  Descriptor() = default;
  explicit Descriptor(int f) : fd(f) {}
  Descriptor(Descriptor&& o) noexcept : fd(std::exchange(o.fd, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() { reset(); }
  void reset() {
    if (fd >= 0) ::close(std::exchange(fd, -1));
  }
  int release() { return std::exchange(fd, -1); }
};

struct Pipe {
  Descriptor read, write;
  bool open() {
    int both[2];
    if (::pipe2(both, O_CLOEXEC) != 0) return false;
    read.fd = both[0];
    write.fd = both[1];
    return true;
  }
  bool open_both_ways() {
    int both[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, both) != 0) return false;
    read.fd = both[0];
    write.fd = both[1];
    return true;
  }
};

/// What came through one pipe: the beginning, and how much more there was.
struct Capture {
  explicit Capture(net::any_io_executor ex) : pipe(ex) {}
  net::posix::stream_descriptor pipe;
  std::array<char, 16384> buffer{};
  std::string text;
  std::uint64_t dropped = 0;
  bool ended = false;
};

void keep_reading(const std::shared_ptr<Capture>& capture) {
  capture->pipe.async_read_some(net::buffer(capture->buffer), [capture](ErrorCode ec, std::size_t n) {
    const std::size_t room = largest_output - std::min(largest_output, capture->text.size());
    capture->text.append(capture->buffer.data(), std::min(n, room));
    capture->dropped += n - std::min(n, room);
    if (ec) {
      capture->ended = true;
      return;
    }
    keep_reading(capture);
  });
}

/// A folder of the command's own, gone when this is.
class Scratch {
 public:
  explicit Scratch(const std::string& parent) {
    std::string pattern = parent + "/check-XXXXXX";
    if (::mkdtemp(pattern.data())) path_ = pattern;
  }
  ~Scratch() {
    if (path_.empty()) return;
    std::error_code ec;
    // Links are removed, never followed; a folder that was made unreadable is opened first.
    for (std::filesystem::recursive_directory_iterator
             it(path_, std::filesystem::directory_options::skip_permission_denied, ec),
         end;
         !ec && it != end; it.increment(ec))
      if (it->is_directory(ec) && !it->is_symlink(ec))
        std::filesystem::permissions(it->path(), std::filesystem::perms::owner_all, ec);
    std::filesystem::remove_all(path_, ec);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

CheckRun not_started(std::string why) {
  CheckRun run;
  run.fault = CheckFault::spawn;
  run.detail = std::move(why);
  return run;
}

std::optional<Report> read_report(int fd, std::vector<std::string>& denials) {
  Report report;
  if (::read(fd, &report, sizeof report) != static_cast<ssize_t>(sizeof report)) return std::nullopt;
  if (report.started_errno != 0 || report.denials == 0) return report;
  std::string text(report.denials, 0);
  if (::read(fd, text.data(), text.size()) != static_cast<ssize_t>(text.size())) return report;
  for (std::size_t from = 0, end; (end = text.find('\n', from)) != text.npos; from = end + 1)
    if (denials.size() < most_denials) denials.push_back(text.substr(from, end - from));
  return report;
}

std::string step_words(const Report& r, const Plan& plan) {
  const std::string error = std::strerror(r.started_errno);
  switch (r.step) {
    case 1: return "the sandbox was refused by the kernel: " + error;
    case 2: return "the folder " + plan.cwd + " cannot be entered: " + error;
    default: return plan.program + " cannot be run: " + error;
  }
}

void tell_ending(const Report& report, bool timed_out, Millis timeout, CheckRun& run) {
  if (timed_out) {
    run.fault = CheckFault::timeout;
    run.detail = "ended after " + humanize(timeout);
  } else if (WIFSIGNALED(report.wait_status)) {
    run.fault = CheckFault::signal;
    run.signal = WTERMSIG(report.wait_status);
    run.detail = ::strsignal(run.signal);
  } else {
    run.exit = WEXITSTATUS(report.wait_status);
  }
}

}  // namespace

std::vector<std::string> denials_in(const std::string& output) {
  std::vector<std::string> denials;
  for (std::size_t from = 0; from < output.size() && denials.size() < most_denials;) {
    const auto end = std::min(output.find('\n', from), output.size());
    const std::string line = output.substr(from, std::min<std::size_t>(end - from, 1000));
    from = end + 1;
    const bool refused =
        line.find("Permission denied") != line.npos || line.find("Operation not permitted") != line.npos;
    if (!refused) continue;
    // The first absolute path of the line, in quotes or by itself.
    std::string path;
    for (std::size_t at = 0; at < line.size() && path.empty(); ++at) {
      if (line[at] != '/' || (at > 0 && !std::strchr(" '\"`(", line[at - 1]))) continue;
      const char quote = at > 0 && std::strchr("'\"`", line[at - 1]) ? line[at - 1] : ' ';
      auto stop = quote == ' ' ? line.find_first_of(" :,)", at) : line.find(quote, at);
      path = line.substr(at, std::min(stop, line.size()) - at);
    }
    const bool network =
        line.find("connect") != line.npos || line.find("socket") != line.npos || line.find("bind") != line.npos;
    if (path.empty()) {
      denials.push_back((network ? "connect: " : "call: ") + line.substr(0, 160));
    } else if (::access(path.c_str(), F_OK) != 0 ||
               ::access(path.c_str(), R_OK) == 0) {  // readable for us: then it was the write
      denials.push_back((network ? "connect " : "write ") + path);
    }
  }
  std::sort(denials.begin(), denials.end());
  denials.erase(std::unique(denials.begin(), denials.end()), denials.end());
  return denials;
}

net::awaitable<RawRead> run_check(CheckRequest request) {
  auto executor = co_await net::this_coro::executor;
  RawRead out;
  out.read = request.read;
  out.at = now().wall;
  const auto started = now().mono;

  const Scratch scratch(request.scratch_parent);
  const auto support = sandbox_support(request.kernel);
  Plan plan;
  plan.program = request.config.command.empty() ? "" : find_program(request.config.command.front(), request.config.cwd);
  std::string trouble;
  if (scratch.path().empty())
    trouble = "no scratch folder can be made below " + request.scratch_parent + ": " + std::strerror(errno);
  else if (plan.program.empty())
    trouble =
        "no such program: " + (request.config.command.empty() ? std::string("(none)") : request.config.command.front());
  else if (request.config.sandbox.require && !support.complete())
    trouble = "the sandbox is required and cannot be enforced: " + support.missing.front();
  if (!trouble.empty()) {
    out.answer = not_started(trouble);
    co_return out;
  }
  fill(plan, request.config, scratch.path());
  auto prepared = PreparedSandbox::prepare(request.config.sandbox, scratch.path(), request.kernel);
  if (auto* refused = std::get_if<std::string>(&prepared)) {
    out.answer = not_started(*refused);
    co_return out;
  }
  Pipe stdout_pipe, stderr_pipe, report_pipe, questions;
  if (!stdout_pipe.open() || !stderr_pipe.open() || !report_pipe.open() || !questions.open_both_ways()) {
    out.answer = not_started(std::string("no pipe: ") + std::strerror(errno));
    co_return out;
  }
  plan.out = stdout_pipe.write.fd;
  plan.err = stderr_pipe.write.fd;
  plan.report = report_pipe.write.fd;
  plan.asked = questions.read.fd;
  plan.ask = questions.write.fd;
  const pid_t daemon = ::getpid();
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);  // no handler of ours may run in the child
  const pid_t supervisor = ::_Fork();
  if (supervisor == 0) supervise(plan, std::get<PreparedSandbox>(prepared), daemon);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (supervisor < 0) {
    out.answer = not_started(std::string("no process: ") + std::strerror(errno));
    co_return out;
  }
  Descriptor pidfd(static_cast<int>(::syscall(SYS_pidfd_open, supervisor, 0)));
  stdout_pipe.write.reset();
  stderr_pipe.write.reset();
  report_pipe.write.reset();
  questions.read.reset();
  questions.write.reset();

  auto output = std::make_shared<Capture>(executor), errors = std::make_shared<Capture>(executor);
  output->pipe.assign(stdout_pipe.read.release());
  errors->pipe.assign(stderr_pipe.read.release());
  keep_reading(output);
  keep_reading(errors);

  // The supervisor ends when the whole family has. From here on a cancellation must not leave it behind.
  co_await net::this_coro::throw_if_cancelled(false);
  net::posix::stream_descriptor ended(executor, pidfd.release());
  net::steady_timer deadline(executor);
  deadline.expires_after(request.config.timeout);
  struct Limit {
    bool active = true, passed = false;
  };
  auto limit = std::make_shared<Limit>();  // the timer's handler may come after we are gone
  deadline.async_wait([limit, supervisor](ErrorCode ec) {
    if (ec || !limit->active) return;
    limit->passed = true;
    ::kill(supervisor, SIGTERM);
  });
  auto [wait_error] = co_await ended.async_wait(net::posix::stream_descriptor::wait_read, token);
  const bool cancelled = wait_error == net::error::operation_aborted;
  if (cancelled) {
    co_await net::this_coro::reset_cancellation_state();
    ::kill(supervisor, SIGTERM);
    auto [again] = co_await ended.async_wait(net::posix::stream_descriptor::wait_read, token);
    (void)again;
  }
  limit->active = false;
  deadline.cancel();
  int supervisor_status = 0;
  ::waitpid(supervisor, &supervisor_status, 0);
  if (!output->ended ||
      !errors->ended) {  // what the family wrote last may still be in the pipes; nobody can write more
    net::steady_timer rest(executor);
    for (int step = 0; step < 10 && !(output->ended && errors->ended); ++step) {
      rest.expires_after(drain / 10);
      auto [ec] = co_await rest.async_wait(token);
      (void)ec;
    }
  }
  ErrorCode no_matter;
  output->pipe.close(no_matter);
  errors->pipe.close(no_matter);
  if (cancelled) throw boost::system::system_error(net::error::operation_aborted);

  CheckRun run;
  std::vector<std::string> denials;
  const auto reported = read_report(report_pipe.read.fd, denials);
  if (!reported) {
    run.fault = CheckFault::signal;
    run.signal = WIFSIGNALED(supervisor_status) ? WTERMSIG(supervisor_status) : 0;
    run.detail = "its supervisor was killed";
  } else if (reported->started_errno != 0) {
    run = not_started(step_words(*reported, plan));
  } else {
    tell_ending(*reported, limit->passed, request.config.timeout, run);
  }
  run.out = std::move(output->text);
  run.err = std::move(errors->text);
  run.cut = output->dropped + errors->dropped > 0;
  if (run.cut)
    run.detail += (run.detail.empty() ? "" : "; ") + std::to_string(output->dropped + errors->dropped) +
                  " bytes of output were dropped";
  // `git diff` writes down what it has looked at, where it may, and does without where it may not; a git that cannot do
  // without says so.
  if ((run.err + run.out).find("index.lock") == std::string::npos)
    std::erase_if(denials, [](const std::string& each) { return each.ends_with("/index.lock"); });
  run.denials = std::move(denials);
  if (!request.kernel.asks && run.exit.value_or(1) != 0) run.denials = denials_in(run.err + "\n" + run.out);
  out.answer = std::move(run);
  out.took = now().mono - started;
  out.phases.total_us = std::chrono::duration_cast<std::chrono::microseconds>(out.took).count();
  co_return out;
}

}  // namespace readback
