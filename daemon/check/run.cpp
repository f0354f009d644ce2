// The daemon's side of a check: what can be made before the fork is made here, the supervisor is started and waited
// for, and its report with the captured output becomes a read.
#include "daemon/check/run.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>

#include "core/text/result.hpp"
#include "core/text/time.hpp"
#include "core/text/words.hpp"
#include "daemon/check/child.hpp"
#include "daemon/check/denials.hpp"
#include "daemon/check/descriptors.hpp"
#include "daemon/check/family.hpp"
#include "daemon/check/oom.hpp"
#include "daemon/check/scratch.hpp"
#include "daemon/runtime/clock.hpp"

namespace readback {
namespace {

constexpr Millis longest_preparation = Seconds(10);     // of folders and programs: a file system does not answer
constexpr std::size_t most_preparations = 4;            // that hang; those that come behind them do not begin
constexpr auto drain = std::chrono::milliseconds(200);  // for what is still in the pipes when the family is gone

std::string find_program(const std::string& name, const std::string& cwd) {
  if (name.find('/') != name.npos) return name.front() == '/' || cwd.empty() ? name : cwd + "/" + name;
  for (const char* folder : {"/usr/local/sbin/", "/usr/local/bin/", "/usr/sbin/", "/usr/bin/", "/sbin/", "/bin/"})
    if (::access((folder + name).c_str(), X_OK) == 0) return folder + name;
  return "";
}

void fill(ChildPlan& plan, const CheckConfig& config, const std::string& scratch) {
  plan.scratch = scratch;
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
  // For who is not root the kernel counts, but all that this user runs: what there is now, and room for a few families.
  plan.tasks_of_user = static_cast<rlim_t>(tasks_of_user() + 4 * most_tasks);
}

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

/// A started check: the supervisor, and our ends of what leads to it.
struct Family {
  pid_t supervisor = -1;
  Descriptor ended;  ///< readable when the supervisor has ended, and with it the whole family
  Descriptor out, err, report;
  Descriptor lifeline;  ///< closed by our end, whatever ends us: the supervisor then ends the family
};

/// The supervisors that live, of all checks: whoever else comes to be our child has lost its own.
std::set<pid_t>& supervisors() {
  static std::set<pid_t> living;
  return living;
}

/// A check that can be started. It points into itself and stays where it was made.
struct Ready {
  enum class State { pending, made, given_up };
  std::atomic<State> state = State::pending;  ///< whoever comes second to it removes the folder
  std::string scratch;
  ChildPlan plan;
  std::optional<PreparedSandbox> sandbox;
};

/// All that can be made before the fork, off the loop. An error says why this cannot be run at all.
Result<void> make_ready(const CheckRequest& request, Ready& ready) {
  const auto& config = request.config;
  std::string pattern = request.scratch_parent + "/check-XXXXXX";
  if (!::mkdtemp(pattern.data()))
    return Failure{"no scratch folder can be made below " + request.scratch_parent + ": " + std::strerror(errno)};
  ready.scratch = pattern;
  if (!config.command.empty()) ready.plan.program = find_program(config.command.front(), config.cwd);
  if (ready.plan.program.empty())
    return Failure{"no such program: " + (config.command.empty() ? std::string("(none)") : config.command.front())};
  if (const auto support = sandbox_support(request.kernel); config.sandbox.require && !support.complete())
    return Failure{"the sandbox is required and cannot be enforced: " + support.missing.front()};
  fill(ready.plan, config, ready.scratch);
  const SandboxPlaces places{ready.scratch, config.cwd, ready.plan.program, request.hidden};
  auto sandbox = PreparedSandbox::prepare(config.sandbox, places, request.kernel);
  if (!sandbox) return sandbox.failure();
  ready.sandbox.emplace(*std::move(sandbox));
  return {};
}

bool is_removed(const Ready& ready) { return ready.scratch.empty() || remove_tree(ready.scratch.c_str()); }

/// As make_ready(); nothing stays of what nobody waits for any more.
Result<void> make_in_time(const CheckRequest& request, Ready& ready) {
  auto made = make_ready(request, ready);
  if (ready.state.exchange(Ready::State::made) == Ready::State::given_up) is_removed(ready);
  return made;
}

/// The same command is not prepared twice at once: the one before it hangs.
std::string name_of(const CheckRequest& request) {
  return request.read + "\n" + joined(request.config.command, "\n") + "\n" + request.config.cwd;
}

Result<Family> start_family(Ready& ready) {
  Pipe out, err, report, questions, lifeline;
  if (!out.open() || !err.open() || !report.open() || !lifeline.open() || !questions.open_both_ways())
    return Failure{std::string("no pipe: ") + std::strerror(errno)};
  auto& plan = ready.plan;
  plan.out = out.write.fd;
  plan.err = err.write.fd;
  plan.report = report.write.fd;
  plan.asked = questions.read.fd;
  plan.ask = questions.write.fd;
  plan.lifeline = lifeline.read.fd;
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);  // a supervisor that is killed leaves its family to us
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);  // no handler of ours may run in the child
  const WeightOfACheck weight;
  const pid_t supervisor = ::_Fork();
  if (supervisor == 0) supervise(plan, *ready.sandbox);
  const int refused = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (supervisor < 0) return Failure{std::string("no process: ") + std::strerror(refused)};
  supervisors().insert(supervisor);
  return Family{supervisor,
                Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, supervisor, 0))),
                std::move(out.read),
                std::move(err.read),
                std::move(report.read),
                std::move(lifeline.write)};
}

struct Outcome {
  bool timed_out = false, cancelled = false;
  int supervisor_status = 0;
};

/// What a supervisor has left behind that was itself killed, by an operator or for want of memory.
net::awaitable<void> end_orphans() {
  net::steady_timer rest(co_await net::this_coro::executor);
  for (int step = 0; step < 500 && kill_orphans(supervisors()); ++step) {
    rest.expires_after(std::chrono::milliseconds(10));
    auto [ec] = co_await rest.async_wait(token);
    (void)ec;
  }
}

/// Until the whole family has ended, which it is told to when its time is over or we are cancelled. The caller does not
/// let a cancellation throw: nothing may be left behind.
net::awaitable<Outcome> wait_for_family(Family& family, Millis timeout) {
  auto executor = co_await net::this_coro::executor;
  net::posix::stream_descriptor ended(executor, family.ended.release());
  net::steady_timer deadline(executor);
  deadline.expires_after(timeout);
  struct Limit {
    bool active = true, passed = false;
  };
  auto limit = std::make_shared<Limit>();  // the timer's handler may come after we are gone
  deadline.async_wait([limit, supervisor = family.supervisor](ErrorCode ec) {
    if (ec || !limit->active) return;
    limit->passed = true;
    ::kill(supervisor, SIGTERM);
  });
  Outcome outcome;
  auto [wait_error] = co_await ended.async_wait(net::posix::stream_descriptor::wait_read, token);
  outcome.cancelled = wait_error == net::error::operation_aborted;
  if (outcome.cancelled) {
    co_await net::this_coro::reset_cancellation_state();
    ::kill(family.supervisor, SIGTERM);
    auto [again] = co_await ended.async_wait(net::posix::stream_descriptor::wait_read, token);
    (void)again;
  }
  limit->active = false;
  deadline.cancel();
  outcome.timed_out = limit->passed;
  ::waitpid(family.supervisor, &outcome.supervisor_status, 0);
  supervisors().erase(family.supervisor);
  if (!WIFEXITED(outcome.supervisor_status)) co_await end_orphans();
  co_return outcome;
}

/// What the family wrote last may still be in the pipes; nobody can write more.
net::awaitable<void> drain_pipes(const Capture& output, const Capture& errors) {
  net::steady_timer rest(co_await net::this_coro::executor);
  for (int step = 0; step < 10 && !(output.ended && errors.ended); ++step) {
    rest.expires_after(drain / 10);
    auto [ec] = co_await rest.async_wait(token);
    (void)ec;
  }
}

CheckRun not_started(std::string why) {
  CheckRun run;
  run.fault = CheckFault::spawn;
  run.detail = std::move(why);
  return run;
}

std::optional<ChildReport> read_report(int fd, std::vector<std::string>& denials) {
  ChildReport report;
  if (::read(fd, &report, sizeof report) != static_cast<ssize_t>(sizeof report)) return std::nullopt;
  if (report.started_errno != 0 || report.denials == 0) return report;
  std::string text(report.denials, 0);
  if (::read(fd, text.data(), text.size()) != static_cast<ssize_t>(text.size())) return report;
  for (std::size_t from = 0, end; (end = text.find('\n', from)) != text.npos; from = end + 1)
    if (denials.size() < most_denials) denials.push_back(text.substr(from, end - from));
  return report;
}

std::string step_words(const ChildReport& r, const ChildPlan& plan) {
  const std::string error = std::strerror(r.started_errno);
  switch (r.step) {
    case ChildReport::Step::sandbox: return "the sandbox was refused by the kernel: " + error;
    case ChildReport::Step::folder: return "the folder " + plan.cwd + " cannot be entered: " + error;
    case ChildReport::Step::program: return plan.program + " cannot be run: " + error;
  }
  return error;
}

/// More than a family may have, in words; empty when it had not.
std::string excess_in(const ChildReport& report) {
  if (report.too_many_tasks) return "it had more than " + std::to_string(most_tasks) + " processes and threads";
  if (report.foreign_lock) return "it held a lock on a file of others";
  switch (report.scratch) {
    case ScratchFault::none: return "";
    case ScratchFault::bytes:
      return "its scratch folder held more than " + std::to_string(most_scratch_bytes >> 20) + " MiB";
    case ScratchFault::files:
      return "its scratch folder held more than " + std::to_string(most_scratch_files) + " files";
    case ScratchFault::depth:
      return "its scratch folder was more than " + std::to_string(most_scratch_depth) + " folders deep";
  }
  return "";
}

void tell_ending(const ChildReport& report, bool timed_out, Millis timeout, CheckRun& run) {
  if (const auto excess = excess_in(report); !excess.empty()) {
    run.fault = CheckFault::signal;
    run.signal = SIGKILL;
    run.detail = "ended because " + excess;
  } else if (timed_out) {
    run.fault = CheckFault::timeout;
    run.detail = "ended after " + humanize(timeout);
  } else if (WIFSIGNALED(report.wait_status)) {
    run.fault = CheckFault::signal;
    run.signal = WTERMSIG(report.wait_status);
    run.detail = ::strsignal(run.signal);
  } else {
    run.exit = WEXITSTATUS(report.wait_status);
  }
  if (!report.left) return;
  run.exit.reset();
  run.fault = CheckFault::signal;
  run.detail +=
      (run.detail.empty() ? "" : "; ") + std::string("some of its processes could not be ended, and are still there");
}

/// What the supervisor reported, with what was captured, as one result.
CheckRun result_of(const CheckRequest& request, const ChildPlan& plan, const Outcome& outcome, int report,
                   Capture& output, Capture& errors) {
  CheckRun run;
  std::vector<std::string> denials;
  const auto reported = read_report(report, denials);
  if (!reported) {
    run.fault = CheckFault::signal;
    run.signal = WIFSIGNALED(outcome.supervisor_status) ? WTERMSIG(outcome.supervisor_status) : 0;
    run.detail = "its supervisor was killed";
  } else if (reported->started_errno != 0) {
    run = not_started(step_words(*reported, plan));
  } else {
    tell_ending(*reported, outcome.timed_out, request.config.timeout, run);
  }
  run.out = std::move(output.text);
  run.err = std::move(errors.text);
  const auto dropped = output.dropped + errors.dropped;
  run.cut = dropped > 0;
  if (run.cut)
    run.detail += (run.detail.empty() ? "" : "; ") + std::to_string(dropped) + " bytes of output were dropped";
  // `git diff` writes down what it has looked at, where it may, and does without where it may not; a git that cannot do
  // without says so.
  if ((run.err + run.out).find("index.lock") == std::string::npos)
    std::erase_if(denials, [](const std::string& each) { return each.ends_with("/index.lock"); });
  run.denials = std::move(denials);
  if (!request.kernel.asks && run.exit.value_or(1) != 0) run.denials = denials_in(run.err + "\n" + run.out);
  return run;
}

/// Starts what is ready and waits for its end. Nothing when it was cancelled.
net::awaitable<std::optional<CheckRun>> run_ready(const CheckRequest& request, Ready& ready) {
  auto executor = co_await net::this_coro::executor;
  auto family = start_family(ready);
  if (!family) co_return not_started(family.error());
  auto output = std::make_shared<Capture>(executor), errors = std::make_shared<Capture>(executor);
  output->pipe.assign(family->out.release());
  errors->pipe.assign(family->err.release());
  keep_reading(output);
  keep_reading(errors);
  const Outcome outcome = co_await wait_for_family(*family, request.config.timeout);
  co_await drain_pipes(*output, *errors);
  ErrorCode no_matter;
  output->pipe.close(no_matter);
  errors->pipe.close(no_matter);
  if (outcome.cancelled) co_return std::nullopt;
  co_return result_of(request, ready.plan, outcome, family->report.fd, *output, *errors);
}

}  // namespace

net::awaitable<RawRead> run_check(CheckRequest request, Aside& files) {
  // A cancellation must not leave the family behind, nor its folder: it is looked for where nothing is.
  co_await net::this_coro::throw_if_cancelled(false);
  RawRead read;
  read.read = request.read;
  read.at = now().wall;
  const auto started = now().mono;
  const auto ready = std::make_shared<Ready>();
  std::function<Result<void>()> prepare = [request, ready] { return make_in_time(request, *ready); };
  std::string question = name_of(request);
  const auto prepared = co_await files.within(longest_preparation, std::move(question), std::move(prepare));
  const auto state = co_await net::this_coro::cancellation_state;
  const bool cancelled = state.cancelled() != net::cancellation_type::none;
  std::optional<CheckRun> run;
  const bool is_late = !prepared && ready->state.exchange(Ready::State::given_up) == Ready::State::pending;
  if (is_late && !cancelled)
    run = not_started("nothing could be prepared within " + humanize(longest_preparation) +
                      ": a file system that it needs does not answer");
  else if (prepared && !*prepared)
    run = not_started(prepared->error());
  else if (prepared && !cancelled)
    run = co_await run_ready(request, *ready);
  bool gone = true;
  if (!is_late) {
    std::function<bool()> clean = [ready] { return is_removed(*ready); };
    gone = (co_await files.within(longest_preparation, "", std::move(clean))).value_or(false);
  }
  if (!run) throw boost::system::system_error(net::error::operation_aborted);
  if (!gone) run->detail += (run->detail.empty() ? "" : "; ") + ready->scratch + " could not be removed";
  read.answer = *std::move(run);
  read.took = now().mono - started;
  read.phases.total_us = std::chrono::duration_cast<std::chrono::microseconds>(read.took).count();
  co_return read;
}

CheckRunner::CheckRunner(net::any_io_executor loop, std::string scratch_parent, Redact redact)
    : scratch_parent_(std::move(scratch_parent)),
      redact_(std::move(redact)),
      files_(std::move(loop), most_preparations) {
  std::vector<std::string> left;
  std::error_code ec;
  for (const auto& each : std::filesystem::directory_iterator(scratch_parent_, ec))
    if (each.path().filename().string().starts_with("check-")) left.push_back(each.path().string());
  files_.post([left = std::move(left)] {
    for (const auto& each : left) remove_tree(each.c_str());
  });
}

net::awaitable<RawRead> CheckRunner::run(std::string read, CheckConfig config) {
  CheckRequest request;
  request.read = std::move(read);
  request.config = std::move(config);
  request.scratch_parent = scratch_parent_;
  request.hidden = hidden_;
  auto result = co_await run_check(std::move(request), files_);
  RawRead redacted = redact_(Unredacted<RawRead>(std::move(result)));
  co_return redacted;
}

}  // namespace readback
