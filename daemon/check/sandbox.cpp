// The rules as the kernel takes them: a Landlock ruleset by path, and a seccomp filter by call and argument. Made whole
// before the fork; entering is a few system calls.
#include "daemon/check/sandbox.hpp"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "daemon/check/descriptors.hpp"

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

struct FilterContext {
  explicit FilterContext(std::uint32_t otherwise) : raw(seccomp_init(otherwise)) {}
  ~FilterContext() { seccomp_release(raw); }
  FilterContext(const FilterContext&) = delete;
  FilterContext& operator=(const FilterContext&) = delete;
  scmp_filter_ctx raw;
};

constexpr std::uint32_t refuse(int error) { return SCMP_ACT_ERRNO(static_cast<unsigned>(error)); }

/// A filter under construction. A call that this libseccomp does not know is left out; a rule that it refuses makes the
/// whole filter unusable.
class Filter {
 public:
  Filter() : context_(SCMP_ACT_ALLOW) { fine_ = context_.raw != nullptr; }

  template <class... Compared>
  void add(std::uint32_t action, const char* call, Compared... compared) {
    const int number = seccomp_syscall_resolve_name(call);
    if (number == __NR_SCMP_ERROR || number < 0 || !fine_) return;
    if constexpr (sizeof...(compared) == 0) {
      fine_ = seccomp_rule_add_array(context_.raw, action, number, 0, nullptr) == 0;
    } else {
      const scmp_arg_cmp all[] = {compared...};
      fine_ = seccomp_rule_add_array(context_.raw, action, number, sizeof...(compared), all) == 0;
    }
  }
  void add(std::uint32_t action, std::initializer_list<const char*> calls) {
    for (const char* call : calls) add(action, call);
  }
  bool load() { return fine_ && seccomp_load(context_.raw) == 0; }
  std::vector<char> bytes() {
    std::vector<char> out;
    const int fd = fine_ ? ::memfd_create("filter", MFD_CLOEXEC) : -1;
    if (fd >= 0 && seccomp_export_bpf(context_.raw, fd) == 0) {
      struct stat info {};
      ::fstat(fd, &info);
      out.resize(static_cast<std::size_t>(info.st_size));
      if (::pread(fd, out.data(), out.size(), 0) != info.st_size) out.clear();
    }
    if (fd >= 0) ::close(fd);
    return out;
  }

 private:
  FilterContext context_;
  bool fine_;
};

constexpr std::uint64_t namespaces = std::uint64_t{CLONE_NEWNS} | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET |
                                     CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;

/// Calls that no reader needs, in the daemon or in a check.
void forbid_dangerous(Filter& filter) {
  // A line for each kind.
  // clang-format off
  filter.add(refuse(EPERM), {
      "mount", "umount2", "pivot_root", "chroot", "move_mount", "open_tree", "fsopen", "fsconfig", "fsmount", "fspick",
      "mount_setattr",
      "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "process_mrelease", "kcmp", "pidfd_getfd",
      "init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load",
      "add_key", "request_key", "keyctl",
      "clock_settime", "clock_adjtime", "settimeofday", "adjtimex", "stime",
      "unshare", "setns",
      "reboot", "swapon", "swapoff", "sethostname", "setdomainname",
      "bpf", "perf_event_open", "userfaultfd", "io_uring_setup", "io_uring_enter", "io_uring_register",
      "open_by_handle_at", "name_to_handle_at", "quotactl", "quotactl_fd", "acct", "nfsservctl",
      "personality", "syslog", "vhangup", "iopl", "ioperm", "lookup_dcookie", "fanotify_init", "memfd_secret",
      "migrate_pages", "move_pages",
  });
  // clang-format on
  filter.add(refuse(ENOSYS), "clone3");  // its flags cannot be looked at; libc falls back to clone
  for (std::uint64_t flag = 1; flag <= namespaces; flag <<= 1)
    if (flag & namespaces) filter.add(refuse(EPERM), "clone", SCMP_A0(SCMP_CMP_MASKED_EQ, flag, flag));
}

/// Limits, priorities and memory of others who run as the same user, the daemon among them.
void forbid_meddling(Filter& filter) {
  filter.add(refuse(EPERM), "prlimit64", SCMP_A0(SCMP_CMP_NE, 0));
  for (const char* call : {"sched_setaffinity", "sched_setscheduler", "sched_setparam", "sched_setattr"})
    filter.add(refuse(EPERM), call, SCMP_A0(SCMP_CMP_NE, 0));
  for (const char* call : {"setpriority", "ioprio_set"}) {  // only one process, and that oneself
    filter.add(refuse(EPERM), call, SCMP_A0(SCMP_CMP_NE, std::string_view(call) == "ioprio_set" ? 1U : 0U));
    filter.add(refuse(EPERM), call, SCMP_A1(SCMP_CMP_NE, 0));
  }
  filter.add(refuse(EPERM), {"shmat", "shmctl", "msgsnd", "msgrcv", "msgctl", "semop", "semtimedop", "semctl",
                             "mq_open", "mq_unlink"});
  // Attributes of a file that was opened to be read; letters put into a terminal's input.
  for (const std::uint64_t request : {0x40086602, 0x40046602, 0x401c5820, 0x5412, 0x541c})
    filter.add(refuse(EPERM), "ioctl", SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffff, request));
}

/// What Landlock says nothing about: the owner of a file could change it all the same.
constexpr std::initializer_list<const char*> relabelling = {
    "chmod",    "fchmod",    "fchmodat",  "fchmodat2",   "chown",        "lchown",
    "fchown",   "fchownat",  "utime",     "utimes",      "futimesat",    "utimensat",
    "setxattr", "lsetxattr", "fsetxattr", "removexattr", "lremovexattr", "fremovexattr"};

/// Calls that wait for the supervisor's answer. Calls that only read run at full speed.
void ask(Filter& filter, const SandboxConfig& config) {
  constexpr std::uint32_t wait = SCMP_ACT_NOTIFY;
  for (const char* call : {"open", "openat"}) {
    const bool plain = std::string_view(call) == "open";
    if (!config.read_paths.empty()) {
      filter.add(wait, call);
      continue;
    }
    for (const std::uint64_t flag : {O_WRONLY, O_RDWR, O_CREAT, O_TRUNC})
      filter.add(wait, call, plain ? SCMP_A1(SCMP_CMP_MASKED_EQ, flag, flag) : SCMP_A2(SCMP_CMP_MASKED_EQ, flag, flag));
  }
  filter.add(wait, {"creat",  "mkdir", "mkdirat", "mknod",    "mknodat", "symlink",  "symlinkat", "link",
                    "linkat", "rmdir", "unlink",  "unlinkat", "rename",  "renameat", "renameat2", "truncate",
                    "kill",   "tkill", "tgkill",  "socket",   "connect", "fork",     "vfork"});
  filter.add(wait, relabelling);
  filter.add(wait, "clone", SCMP_A0(SCMP_CMP_MASKED_EQ, namespaces, 0));
}

/// Where nobody can be asked: by family and number alone.
void decide_by_numbers(Filter& filter, const SandboxConfig& config, const SandboxKernel& kernel) {
  filter.add(refuse(EPERM), relabelling);
  if (kernel.landlock_abi < 6)  // without Landlock's scope nobody but oneself and one's own group can be signalled
  {
    filter.add(refuse(EPERM), "kill", SCMP_A0(SCMP_CMP_NE, 0));
    filter.add(refuse(EPERM), "tkill");
    filter.add(refuse(EPERM), "tgkill", SCMP_A0(SCMP_CMP_EQ, static_cast<std::uint64_t>(::getpid())));
  }
  if (kernel.landlock_abi < 3) {
    filter.add(refuse(EACCES), "truncate");
    constexpr std::uint64_t looked_at = O_ACCMODE | O_TRUNC;
    filter.add(refuse(EACCES), "open", SCMP_A1(SCMP_CMP_MASKED_EQ, looked_at, O_TRUNC));
    filter.add(refuse(EACCES), "openat", SCMP_A2(SCMP_CMP_MASKED_EQ, looked_at, O_TRUNC));
  }
  const bool internet = config.network != Network::none, unix_too = !config.unix_sockets.empty();
  for (int family = 0; family < 64; ++family) {
    const bool fine = (internet && (family == AF_INET || family == AF_INET6)) || (unix_too && family == AF_UNIX) ||
                      (internet && family == AF_NETLINK);
    if (!fine) filter.add(refuse(EACCES), "socket", SCMP_A0(SCMP_CMP_EQ, static_cast<std::uint64_t>(family)));
  }
  for (const int type : {SOCK_RAW, SOCK_PACKET})
    filter.add(refuse(EACCES), "socket", SCMP_A1(SCMP_CMP_MASKED_EQ, 0xf, static_cast<std::uint64_t>(type)));
}

std::vector<char> filter_for(const SandboxConfig& config, const SandboxKernel& kernel) {
  Filter filter;
  forbid_dangerous(filter);
  forbid_meddling(filter);
  if (kernel.landlock_abi < 6) filter.add(refuse(EPERM), {"pidfd_send_signal", "rt_sigqueueinfo", "rt_tgsigqueueinfo"});
  // A pair of datagram sockets could still be turned to any path.
  filter.add(refuse(EACCES), "socketpair", SCMP_A1(SCMP_CMP_MASKED_EQ, 0xf, static_cast<std::uint64_t>(SOCK_DGRAM)));
  // Its flags lie in memory: where they decide, the C library's own openat is used instead.
  if (kernel.landlock_abi < 3)
    filter.add(refuse(ENOSYS), "openat2");
  else if (kernel.asks)
    filter.add(SCMP_ACT_NOTIFY, "openat2");
  if (kernel.asks)
    ask(filter, config);
  else
    decide_by_numbers(filter, config, kernel);
  return filter.bytes();
}

bool seccomp_works() { return ::prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0; }

/// With a listener where one is wanted; the descriptor of it, or a negative errno.
int install(const std::vector<char>& filter, bool asks) {
  sock_fprog program{};
  program.len = static_cast<unsigned short>(filter.size() / sizeof(sock_filter));
  program.filter = reinterpret_cast<sock_filter*>(const_cast<char*>(filter.data()));  // the kernel only reads it
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
  const auto filter = filter_for(SandboxConfig{}, {6, true, true});
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
    made.filter_ = filter_for(config, kernel);
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
  Filter filter;
  forbid_dangerous(filter);
  if (!filter.load()) trouble += (trouble.empty() ? "" : "; ") + std::string("the system call filter was refused");
  if (!trouble.empty()) return Failure{trouble};
  return {};
}

}  // namespace readback
