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
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

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

/// Calls that no reader needs, by name: one that this libseccomp does not know is left out.
void forbid(scmp_filter_ctx filter, std::initializer_list<const char*> calls) {
  for (const char* call : calls)
    if (const int number = seccomp_syscall_resolve_name(call); number != __NR_SCMP_ERROR)
      seccomp_rule_add(filter, refuse(EPERM), number, 0);
}

void forbid_dangerous(scmp_filter_ctx filter) {
  forbid(filter, {"mount",
                  "umount2",
                  "pivot_root",
                  "chroot",
                  "move_mount",
                  "open_tree",
                  "fsopen",
                  "fsconfig",
                  "fsmount",
                  "fspick",
                  "mount_setattr",
                  "ptrace",
                  "process_vm_readv",
                  "process_vm_writev",
                  "process_madvise",
                  "kcmp",
                  "pidfd_getfd",
                  "init_module",
                  "finit_module",
                  "delete_module",
                  "kexec_load",
                  "kexec_file_load",
                  "add_key",
                  "request_key",
                  "keyctl",
                  "clock_settime",
                  "clock_adjtime",
                  "settimeofday",
                  "adjtimex",
                  "stime",
                  "unshare",
                  "setns",
                  "reboot",
                  "swapon",
                  "swapoff",
                  "sethostname",
                  "setdomainname",
                  "bpf",
                  "perf_event_open",
                  "userfaultfd",
                  "io_uring_setup",
                  "io_uring_enter",
                  "io_uring_register",
                  "open_by_handle_at",
                  "name_to_handle_at",
                  "quotactl",
                  "quotactl_fd",
                  "acct",
                  "nfsservctl",
                  "personality",
                  "syslog",
                  "vhangup",
                  "iopl",
                  "ioperm",
                  "lookup_dcookie",
                  "fanotify_init",
                  "memfd_secret"});
  seccomp_rule_add(filter, refuse(ENOSYS), SCMP_SYS(clone3),
                   0);  // its flags cannot be looked at; libc falls back to clone
  for (const std::uint64_t flag :
       {std::uint64_t{CLONE_NEWNS}, std::uint64_t{CLONE_NEWUSER}, std::uint64_t{CLONE_NEWPID},
        std::uint64_t{CLONE_NEWNET}, std::uint64_t{CLONE_NEWIPC}, std::uint64_t{CLONE_NEWUTS},
        std::uint64_t{CLONE_NEWCGROUP}})
    seccomp_rule_add(filter, refuse(EPERM), SCMP_SYS(clone), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, flag, flag));
}

std::vector<char> filter_for(const SandboxConfig& config, bool signals_scoped) {
  FilterContext filter(SCMP_ACT_ALLOW);
  if (!filter.raw) return {};
  forbid_dangerous(filter.raw);
  if (!signals_scoped) {  // without Landlock's scope nobody but oneself and one's own group can be signalled
    seccomp_rule_add(filter.raw, refuse(EPERM), SCMP_SYS(kill), 1, SCMP_A0(SCMP_CMP_NE, 0));
    forbid(filter.raw, {"tkill", "pidfd_send_signal", "rt_sigqueueinfo", "rt_tgsigqueueinfo"});
  }
  const bool internet = config.network != Network::none, unix_too = !config.unix_sockets.empty();
  // Families apart from the named ones: everything above AF_INET6 and what lies between.
  for (int family = 0; family < 64; ++family) {
    const bool fine = (internet && (family == AF_INET || family == AF_INET6)) || (unix_too && family == AF_UNIX) ||
                      (internet && family == AF_NETLINK);
    if (!fine)
      seccomp_rule_add(filter.raw, refuse(EACCES), SCMP_SYS(socket), 1,
                       SCMP_A0(SCMP_CMP_EQ, static_cast<std::uint64_t>(family)));
  }
  for (const int type : {SOCK_RAW, SOCK_PACKET})
    seccomp_rule_add(filter.raw, refuse(EACCES), SCMP_SYS(socket), 1,
                     SCMP_A1(SCMP_CMP_MASKED_EQ, 0xf, static_cast<std::uint64_t>(type)));

  const int fd = ::memfd_create("filter", MFD_CLOEXEC);
  std::vector<char> bytes;
  if (fd >= 0 && seccomp_export_bpf(filter.raw, fd) == 0) {
    struct stat info {};
    ::fstat(fd, &info);
    bytes.resize(static_cast<std::size_t>(info.st_size));
    if (::pread(fd, bytes.data(), bytes.size(), 0) != info.st_size) bytes.clear();
  }
  if (fd >= 0) ::close(fd);
  return bytes;
}

bool seccomp_works() { return ::prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0; }

}  // namespace

SandboxReport sandbox_support() {
  SandboxReport r;
  r.landlock_abi = landlock_abi();
  r.seccomp = seccomp_works();
  if (r.landlock_abi == 0)
    r.missing.emplace_back("the kernel has no Landlock: a check could write where this user may");
  if (r.landlock_abi > 0 && r.landlock_abi < 3)
    r.missing.emplace_back("Landlock ABI below 3: a check could truncate files that this user may write");
  if (r.landlock_abi < 6) r.missing.emplace_back("Landlock ABI below 6: signals are kept in by seccomp alone");
  if (!r.seccomp) r.missing.emplace_back("the kernel has no seccomp: system calls are not filtered");
  r.text = (r.landlock_abi ? "Landlock ABI " + std::to_string(r.landlock_abi) : std::string("no Landlock")) +
           (r.seccomp ? ", seccomp" : ", no seccomp");
  for (const auto& each : r.missing) r.text += "; " + each;
  return r;
}

std::variant<PreparedSandbox, std::string> PreparedSandbox::prepare(const SandboxConfig& config,
                                                                    const std::string& scratch) {
  PreparedSandbox made;
  const int abi = landlock_abi();
  if (abi > 0) {
    RulesetAttributes attributes;
    attributes.handled_access_fs = handled_fs(abi);
    if (abi >= 4 && config.network == Network::none) attributes.handled_access_net = net_bind_tcp | net_connect_tcp;
    if (abi >= 6) attributes.scoped = scope_abstract_unix | scope_signal;
    made.ruleset_ = static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, attribute_size(abi), 0));
    if (made.ruleset_ < 0) return std::string("the kernel refused a Landlock ruleset: ") + std::strerror(errno);
    bool fine = true;
    if (config.read_paths.empty()) fine = allow(made.ruleset_, "/", fs_read);
    for (const auto& path : config.read_paths) fine = fine && allow(made.ruleset_, path, fs_read);
    for (const char* path : {"/usr", "/lib", "/lib64", "/bin", "/etc", "/proc/self", "/dev/urandom"})
      if (!config.read_paths.empty()) fine = fine && allow(made.ruleset_, path, fs_read);
    fine = fine && allow(made.ruleset_, scratch, attributes.handled_access_fs);
    fine = fine && allow(made.ruleset_, "/dev/null",
                         LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | (abi >= 3 ? fs_truncate : 0));
    if (!fine) return std::string("the kernel refused a Landlock rule: ") + std::strerror(errno);
  }
  if (seccomp_works()) {
    made.filter_ = filter_for(config, abi >= 6);
    if (made.filter_.empty()) return std::string("the system call filter could not be made");
  }
  return made;
}

PreparedSandbox::PreparedSandbox(PreparedSandbox&& other) noexcept
    : ruleset_(std::exchange(other.ruleset_, -1)), filter_(std::move(other.filter_)) {}
PreparedSandbox::~PreparedSandbox() {
  if (ruleset_ >= 0) ::close(ruleset_);
}

int PreparedSandbox::enter() const {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno;
  if (ruleset_ >= 0 && ::syscall(SYS_landlock_restrict_self, ruleset_, 0) != 0) return errno;
  if (!filter_.empty()) {
    sock_fprog program{};
    program.len = static_cast<unsigned short>(filter_.size() / sizeof(sock_filter));
    program.filter = reinterpret_cast<sock_filter*>(const_cast<char*>(filter_.data()));  // the kernel only reads it
    if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0) return errno;
  }
  return 0;
}

std::string confine_self(const std::vector<std::string>& writable) {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return std::string("no_new_privs: ") + std::strerror(errno);
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
  FilterContext filter(SCMP_ACT_ALLOW);
  forbid_dangerous(filter.raw);
  if (seccomp_load(filter.raw) != 0)
    trouble += (trouble.empty() ? "" : "; ") + std::string("the system call filter was refused");
  return trouble;
}

}  // namespace readback
