// The rules as the kernel takes them: a Landlock ruleset by path, and a seccomp filter by call and argument
// (filter.hpp). Made whole before the fork; entering is a few system calls.
#include "daemon/check/sandbox.hpp"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "daemon/check/descriptors.hpp"
#include "daemon/check/oom.hpp"

namespace readback {
namespace {

// Debian 12's headers describe ABI 2; the numbers of the newer ones are fixed by the kernel's interface.
constexpr std::uint64_t fs_truncate = 1ULL << 14, fs_ioctl_dev = 1ULL << 15;
constexpr std::uint64_t net_bind_tcp = 1ULL << 0, net_connect_tcp = 1ULL << 1;
constexpr std::uint64_t scope_abstract_unix = 1ULL << 0, scope_signal = 1ULL << 1;

struct RulesetAttributes {
  std::uint64_t handled_access_fs = 0, handled_access_net = 0, scoped = 0;
};

constexpr std::uint64_t fs_read =
    LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t fs_write = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                                   LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
                                   LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
                                   LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
                                   LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM;

int landlock_abi() {
  const long abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  return abi < 0 ? 0 : static_cast<int>(abi);
}

std::uint64_t handled_fs(int abi) {
  std::uint64_t all = fs_read | fs_write;
  if (abi >= 2) all |= LANDLOCK_ACCESS_FS_REFER;
  if (abi >= 3) all |= fs_truncate;
  if (abi >= 5) all |= fs_ioctl_dev;
  return all;
}

std::size_t attribute_size(int abi) { return abi >= 6 ? 24 : abi >= 4 ? 16 : 8; }

/// False when the path is there and the rule was refused. What is not there needs no rule.
bool allow(int ruleset, const std::string& path, std::uint64_t access) {
  const int fd = ::open(path.c_str(), O_PATH | O_CLOEXEC);
  if (fd < 0) return errno == ENOENT || errno == EACCES;
  struct stat info {};
  if (::fstat(fd, &info) == 0 && !S_ISDIR(info.st_mode))  // rights of folders are refused for a file
    access &= LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | fs_truncate |
              fs_ioctl_dev;
  landlock_path_beneath_attr rule{};
  rule.allowed_access = access;
  rule.parent_fd = fd;
  const long done = ::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
  ::close(fd);
  return done == 0;
}

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

/// Without links in it, as the kernel would name it.
std::string plain_path(const std::string& path) {
  std::error_code ec;
  const auto plain = std::filesystem::weakly_canonical(path, ec);
  return ec ? path : plain.string();
}

constexpr const char* always_readable[] = {"/usr", "/lib", "/lib64", "/bin", "/etc", "/proc/self", "/dev/urandom"};

WardenRules rules_for(const SandboxConfig& config, const std::string& scratch, const SandboxKernel& kernel) {
  WardenRules rules;
  rules.network = config.network;
  rules.writes_refused = kernel.landlock_abi > 0;
  rules.knows_truncation = kernel.landlock_abi >= 3;
  rules.scratch = plain_path(scratch);
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
    r.missing.emplace_back("the kernel has no Landlock: a check could write where this user may");
  if (!kernel.seccomp)
    r.missing.emplace_back("the kernel has no seccomp: system calls are not filtered");
  else if (!kernel.asks)
    r.missing.emplace_back(
        "the kernel lets no process answer for another: with `network: loopback` a check could reach other hosts, with "
        "`unix_sockets` every socket of this user, and what was refused is known by its words only");
  if (!kernel.asks && kernel.landlock_abi > 0 && kernel.landlock_abi < 6)
    r.missing.emplace_back("Landlock ABI below 6: a check could signal this user's other processes");
  r.text = (kernel.landlock_abi ? "Landlock ABI " + std::to_string(kernel.landlock_abi) : std::string("no Landlock")) +
           (kernel.seccomp ? ", seccomp" : ", no seccomp");
  for (const auto& each : r.missing) r.text += "; " + each;
  return r;
}

Result<PreparedSandbox> PreparedSandbox::prepare(const SandboxConfig& config, const std::string& scratch,
                                                 const SandboxKernel& kernel) {
  PreparedSandbox made;
  const int abi = kernel.landlock_abi;
  if (abi > 0) {
    RulesetAttributes attributes;
    attributes.handled_access_fs = handled_fs(abi);
    if (abi >= 4 && config.network == Network::none) attributes.handled_access_net = net_bind_tcp | net_connect_tcp;
    if (abi >= 6) attributes.scoped = scope_abstract_unix | scope_signal;
    made.ruleset_ = static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, attribute_size(abi), 0));
    if (made.ruleset_ < 0)
      return Failure{std::string("the kernel refused a Landlock ruleset: ") + std::strerror(errno)};
    bool fine = true;
    if (config.read_paths.empty()) fine = allow(made.ruleset_, "/", fs_read);
    for (const auto& path : config.read_paths) fine = fine && allow(made.ruleset_, path, fs_read);
    for (const char* path : always_readable)
      if (!config.read_paths.empty()) fine = fine && allow(made.ruleset_, path, fs_read);
    fine = fine && allow(made.ruleset_, scratch, attributes.handled_access_fs);
    fine = fine && allow(made.ruleset_, "/dev/null",
                         LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | (abi >= 3 ? fs_truncate : 0));
    if (!fine) return Failure{std::string("the kernel refused a Landlock rule: ") + std::strerror(errno)};
  }
  if (kernel.seccomp) {
    made.filter_ = check_filter(config, kernel);
    if (made.filter_.empty()) return Failure{"the system call filter could not be made"};
    made.asks_ = kernel.asks;
    made.rules_ = rules_for(config, scratch, kernel);
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
  const int abi = landlock_abi();
  std::string trouble;
  if (abi > 0) {
    RulesetAttributes attributes;
    attributes.handled_access_fs = handled_fs(abi);
    if (abi >= 6) attributes.scoped = scope_signal;
    const int ruleset = static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, attribute_size(abi), 0));
    bool fine = ruleset >= 0 && allow(ruleset, "/", fs_read);
    for (const auto& path : writable) fine = fine && allow(ruleset, path, attributes.handled_access_fs);
    for (const char* device : {"/dev/null", "/dev/tty", "/dev/pts"})
      fine = fine && allow(ruleset, device,
                           LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | (abi >= 3 ? fs_truncate : 0) |
                               (abi >= 5 ? fs_ioctl_dev : 0));
    if (!fine || ::syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)
      trouble = std::string("Landlock: ") + std::strerror(errno);
    if (ruleset >= 0) ::close(ruleset);
  } else {
    trouble = "the kernel has no Landlock";
  }
  if (install(daemon_filter(), false) < 0)
    trouble += (trouble.empty() ? "" : "; ") + std::string("the system call filter was refused");
  if (!trouble.empty()) return Failure{trouble};
  return {};
}

}  // namespace readback
