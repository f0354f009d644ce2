// The rules as the kernel takes them: a Landlock ruleset by path, and a seccomp filter by call and argument
// (filter.hpp). Made whole before the fork; entering is a few system calls.
#include "daemon/check/sandbox.hpp"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "daemon/check/asking.hpp"
#include "daemon/check/descriptors.hpp"
#include "daemon/check/landlock.hpp"
#include "daemon/check/oom.hpp"

namespace readback {
namespace {

bool seccomp_works() { return ::prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0; }

/// With a listener where one is wanted; the descriptor of it, or a negative errno.
int install(const std::vector<sock_filter>& filter, bool asks) {
  sock_fprog program{};
  program.len = static_cast<unsigned short>(filter.size());
  program.filter = const_cast<sock_filter*>(filter.data());  // the kernel only reads it
  const unsigned long flags = asks ? SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV : 0;
  const long done = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
  return done < 0 ? -errno : static_cast<int>(done);
}

/// Tried out in a process that ends at once: whatever runs us may have a listener already, and a filter has only one. A
/// kernel that lets nobody look into the memory of another process (Yama) leaves nothing to judge by.
bool asking_works() {
  char scope = '0';
  const int yama = ::open("/proc/sys/kernel/yama/ptrace_scope", O_RDONLY | O_CLOEXEC);
  if (yama >= 0) {
    (void)!::read(yama, &scope, 1);
    ::close(yama);
  }
  if (scope > '1') return false;
  const auto filter = check_filter(SandboxConfig{}, {6, true, true});
  if (filter.empty()) return false;
  const pid_t trial = ::_Fork();
  if (trial == 0) ::_exit(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && install(filter, true) >= 0 ? 0 : 1);
  int status = 1;
  while (trial > 0 && ::waitpid(trial, &status, 0) < 0 && errno == EINTR) {
  }
  return trial > 0 && status == 0;
}

constexpr const char* always_readable[] = {"/usr", "/lib", "/lib64", "/bin", "/etc", "/proc/self", "/dev/urandom"};

WardenRules rules_for(const SandboxConfig& config, const SandboxPlaces& places, const SandboxKernel& kernel) {
  WardenRules rules;
  rules.network = config.network;
  rules.writes_refused = kernel.landlock_abi > 0;
  rules.knows_truncation = kernel.landlock_abi >= 3;
  rules.scratch = plain_path(places.scratch);
  rules.lockable = {rules.scratch};
  if (!places.cwd.empty()) rules.lockable.push_back(plain_path(places.cwd));
  for (const auto& each : config.read_paths) rules.lockable.push_back(plain_path(each));
  for (const auto& each : config.unix_sockets)
    rules.unix_sockets.push_back(each.starts_with("@") ? each : plain_path(each));
  if (!config.read_paths.empty() && kernel.landlock_abi > 0) {
    for (const auto& each : config.read_paths) rules.readable.push_back(plain_path(each));
    for (const char* each : always_readable) rules.readable.push_back(plain_path(each));
    rules.readable.emplace_back("/proc");  // of itself; whose it is the number does not tell here
  }
  return rules;
}

}  // namespace

const SandboxKernel& this_kernel() {
  static const SandboxKernel kernel = [] {
    SandboxKernel k;
    k.landlock_abi = landlock_abi();
    k.seccomp = seccomp_works();
    k.asks = k.seccomp && asking_works();
    return k;
  }();
  return kernel;
}

SandboxReport sandbox_support(const SandboxKernel& kernel) {
  SandboxReport r;
  if (kernel.landlock_abi == 0)
    r.missing.emplace_back(
        "the kernel has no Landlock: a check could write where this user may, and read what is the daemon's own");
  if (!kernel.seccomp)
    r.missing.emplace_back("the kernel has no seccomp: system calls are not filtered");
  else if (!kernel.asks)
    r.missing.emplace_back(
        "the kernel lets no process answer for another: with `network: loopback` a check could reach other hosts, with "
        "`unix_sockets` every socket of this user, hold locks on what it may read, and escape its end by forking in "
        "ever "
        "new sessions; what was refused is known by its words only");
  if (!kernel.asks && kernel.landlock_abi < 6)
    r.missing.emplace_back("Landlock ABI below 6: a check could signal this user's other processes");
  r.text = (kernel.landlock_abi ? "Landlock ABI " + std::to_string(kernel.landlock_abi) : std::string("no Landlock")) +
           (kernel.seccomp ? ", seccomp" : ", no seccomp");
  for (const auto& each : r.missing) r.text += "; " + each;
  return r;
}

namespace {

/// What is named in a check's configuration and lies in what it does not see, with whose it is; empty when nothing.
std::string hidden_from_itself(const SandboxConfig& config, const SandboxPlaces& places,
                               const std::vector<std::string>& hidden) {
  const auto scratch = plain_path(places.scratch);
  const auto look = [&](const std::string& what, const std::string& path) {
    if (path.empty() || below(plain_path(path), scratch)) return std::string();
    for (const auto& each : hidden)
      if (below(plain_path(path), each))
        return what + " " + path + " lies in what is Readback's own (" + each + "), and no check sees that";
    return std::string();
  };
  auto found = look("the folder", places.cwd);
  if (found.empty()) found = look("the program", places.program);
  for (const auto& path : config.read_paths)
    if (found.empty()) found = look("the read path", path);
  return found;
}

}  // namespace

Result<PreparedSandbox> PreparedSandbox::prepare(const SandboxConfig& config, const SandboxPlaces& places,
                                                 const SandboxKernel& kernel) {
  PreparedSandbox made;
  if (kernel.landlock_abi > 0) {
    std::vector<std::string> hidden;
    for (const auto& each : places.hidden) hidden.push_back(plain_path(each));
    if (auto own = hidden_from_itself(config, places, hidden); !own.empty()) return Failure{std::move(own)};
    LandlockRules rules(kernel.landlock_abi, config.network == Network::none, true);
    if (!rules.fine())
      return Failure{std::string("the kernel refused a Landlock ruleset: ") + std::strerror(rules.error())};
    if (config.read_paths.empty()) {
      rules.read_below_but("/", hidden);
    } else {
      for (const auto& path : config.read_paths) rules.read_below_but(plain_path(path), hidden);
      for (const char* path : always_readable) rules.read_below_but(plain_path(path), hidden);
    }
    rules.write_below(places.scratch);
    rules.use_device("/dev/null", false);
    if (!rules.fine())
      return Failure{std::string("the kernel refused a Landlock rule: ") + std::strerror(rules.error())};
    made.ruleset_ = rules.release();
  }
  if (kernel.seccomp) {
    made.filter_ = check_filter(config, kernel);
    if (made.filter_.empty()) return Failure{"the system call filter could not be made"};
    made.asks_ = kernel.asks;
    made.rules_ = rules_for(config, places, kernel);
  }
  return made;
}

PreparedSandbox::PreparedSandbox(PreparedSandbox&& other) noexcept
    : ruleset_(std::exchange(other.ruleset_, -1)),
      asks_(other.asks_),
      filter_(std::move(other.filter_)),
      rules_(std::move(other.rules_)) {}
PreparedSandbox::~PreparedSandbox() {
  if (ruleset_ >= 0) ::close(ruleset_);
}

int PreparedSandbox::enter(int listener_to) const {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno;
  if (ruleset_ >= 0 && ::syscall(SYS_landlock_restrict_self, ruleset_, 0) != 0) return errno;
  if (filter_.empty()) return 0;
  const int listener = install(filter_, asks_);
  if (listener < 0) return -listener;
  return asks_ ? send_descriptor(listener_to, listener) : 0;
}

Result<void> confine_self(const std::vector<std::string>& writable) {
  keep_weight_at_hand();
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return Failure{std::string("no_new_privs: ") + std::strerror(errno)};
  std::string trouble;
  if (const int abi = landlock_abi(); abi > 0) {
    LandlockRules rules(abi, false, false);
    rules.read_below("/");
    for (const auto& path : writable) rules.write_below(path);
    for (const char* device : {"/dev/null", "/dev/tty", "/dev/pts"}) rules.use_device(device, true);
    if (!rules.fine())
      trouble = std::string("Landlock: ") + std::strerror(rules.error());
    else if (::syscall(SYS_landlock_restrict_self, rules.descriptor(), 0) != 0)
      trouble = std::string("Landlock: ") + std::strerror(errno);
  } else {
    trouble = "the kernel has no Landlock";
  }
  if (install(daemon_filter(), false) < 0)
    trouble += (trouble.empty() ? "" : "; ") + std::string("the system call filter was refused");
  if (!trouble.empty()) return Failure{trouble};
  return {};
}

}  // namespace readback
