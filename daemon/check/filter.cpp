// The lists, from what cannot harm anybody to what is refused by name, and the calls whose arguments decide. Why a call
// stands where it stands is said at its group; which is which on every kernel is in tests/golden/system_calls.txt.
#include "daemon/check/filter.hpp"

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/sockios.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "daemon/check/bpf.hpp"

namespace readback {
namespace {

// Not all of them are in Debian 12's headers; the numbers are fixed by the kernel's interface.
constexpr std::uint32_t f_dupfd_query = 1027, f_created_query = 1028, f_get_rw_hint = 1035, f_get_file_rw_hint = 1037;

Compare is(unsigned argument, std::vector<std::uint32_t> values) { return {argument, ~0U, std::move(values)}; }
Compare masked(unsigned argument, std::uint32_t mask, std::vector<std::uint32_t> values) {
  return {argument, mask, std::move(values)};
}
Compare any_of(unsigned argument, std::uint32_t bits) { return {argument, bits, {}}; }

// One line for each kind.
// clang-format off

/// They reach the caller's own memory, descriptors, threads and children, or read what may be read. Files are Landlock's.
constexpr std::initializer_list<const char*> harmless = {
    "read", "pread64", "readv", "preadv", "preadv2", "write", "pwrite64", "writev", "pwritev", "pwritev2", "lseek",
    "sendfile", "splice", "tee", "vmsplice", "copy_file_range", "readahead", "fadvise64", "ftruncate", "fallocate",
    "fsync", "fdatasync", "sync_file_range",
    "close", "close_range", "dup", "dup2", "dup3", "pipe", "pipe2", "eventfd", "eventfd2", "signalfd", "signalfd4",
    "timerfd_create", "timerfd_settime", "timerfd_gettime", "memfd_create", "inotify_init", "inotify_init1",
    "inotify_add_watch", "inotify_rm_watch", "epoll_create", "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait",
    "epoll_pwait2", "poll", "ppoll", "select", "pselect6",
    "stat", "fstat", "lstat", "newfstatat", "statx", "statfs", "fstatfs", "access", "faccessat", "faccessat2",
    "readlink", "readlinkat", "getdents", "getdents64", "getcwd", "chdir", "fchdir", "umask", "cachestat", "statmount",
    "listmount", "getxattr", "lgetxattr", "fgetxattr", "getxattrat", "listxattr", "llistxattr", "flistxattr",
    "listxattrat", "file_getattr",
    "mmap", "munmap", "mremap", "mprotect", "msync", "mincore", "madvise", "brk", "mlock", "mlock2", "munlock",
    "mlockall", "munlockall", "mbind", "get_mempolicy", "set_mempolicy", "pkey_alloc", "pkey_free", "pkey_mprotect",
    "map_shadow_stack", "mseal", "membarrier", "rseq",
    "futex", "futex_waitv", "futex_wake", "futex_wait", "futex_requeue", "set_robust_list", "get_robust_list",
    "set_tid_address", "restart_syscall", "arch_prctl",
    "execve", "execveat", "exit", "exit_group", "wait4", "waitid", "pidfd_open",
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigpending", "rt_sigtimedwait", "rt_sigsuspend",
    "sigaltstack", "pause", "alarm", "getitimer", "setitimer", "timer_create", "timer_settime", "timer_gettime",
    "timer_getoverrun", "timer_delete", "nanosleep", "clock_nanosleep", "clock_gettime", "clock_getres",
    "gettimeofday", "time", "times",
    "getpid", "getppid", "gettid", "getpgid", "getpgrp", "getsid", "getuid", "geteuid", "getgid",
    "getegid", "getresuid", "getresgid", "getgroups", "capget", "capset",
    "setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid", "setfsuid", "setfsgid", "setgroups",
    "getrlimit", "setrlimit", "getrusage", "getpriority", "ioprio_get", "sched_yield", "sched_getaffinity",
    "sched_getparam", "sched_getscheduler", "sched_getattr", "sched_get_priority_max", "sched_get_priority_min",
    "sched_rr_get_interval", "getcpu", "uname", "sysinfo", "getrandom",
    "listen", "accept", "accept4", "getsockname", "getpeername", "getsockopt", "sendto", "sendmsg", "sendmmsg",
    "recvfrom", "recvmsg", "recvmmsg", "shutdown",
    "seccomp", "landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self",
    "lsm_get_self_attr", "lsm_list_modules",
};

/// No reader needs them, in the daemon or in a check. They would fail with ENOSYS as well; EPERM tells a program that
/// has them in its code that it is the place that has not.
constexpr std::initializer_list<const char*> dangerous = {
    "mount", "umount2", "pivot_root", "chroot", "move_mount", "open_tree", "open_tree_attr", "fsopen", "fsconfig",
    "fsmount", "fspick", "mount_setattr",
    "ptrace", "process_vm_readv", "process_madvise", "process_mrelease", "kcmp", "pidfd_getfd",
    "init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load",
    "add_key", "request_key", "keyctl",
    "clock_settime", "clock_adjtime", "settimeofday", "adjtimex", "stime",
    "unshare", "setns",
    "reboot", "swapon", "swapoff", "sethostname", "setdomainname",
    "bpf", "perf_event_open", "userfaultfd", "io_uring_setup", "io_uring_enter", "io_uring_register",
    "open_by_handle_at", "name_to_handle_at", "quotactl", "quotactl_fd", "acct", "nfsservctl",
    "personality", "syslog", "vhangup", "iopl", "ioperm", "lookup_dcookie", "fanotify_init", "memfd_secret",
    "migrate_pages", "move_pages", "lsm_set_self_attr",
};

/// Objects that outlive whoever made them, attributes of files by a descriptor or a new road, and the disks of the host
/// made to wait.
constexpr std::initializer_list<const char*> lasting = {
    "process_vm_writev",
    "shmget", "shmat", "shmctl", "msgget", "msgsnd", "msgrcv", "msgctl", "semget", "semop", "semtimedop", "semctl",
    "mq_open", "mq_unlink", "mq_timedsend", "mq_timedreceive", "mq_notify", "mq_getsetattr",
    "file_setattr", "sync", "syncfs",
};

/// What Landlock says nothing about: the owner of a file could change it all the same. The supervisor does it for files
/// in the scratch folder.
constexpr std::initializer_list<const char*> relabelling = {
    "chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "lchown", "fchown", "fchownat", "utime", "utimes", "futimesat",
    "utimensat", "setxattr", "lsetxattr", "fsetxattr", "removexattr", "lremovexattr", "fremovexattr"};

/// What Landlock refuses outside the scratch folder: asked about so that a refusal is told by its name.
constexpr std::initializer_list<const char*> rearranging = {
    "creat", "mkdir", "mkdirat", "mknod", "mknodat", "symlink", "symlinkat", "link", "linkat", "rmdir", "unlink",
    "unlinkat", "rename", "renameat", "renameat2", "truncate"};
// clang-format on

constexpr std::uint32_t namespaces = CLONE_NEWNS | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC |
                                     CLONE_NEWUTS | CLONE_NEWCGROUP | 0x80 /* CLONE_NEWTIME */;

void forbid_dangerous(CallTable& table) {
  table.set(dangerous, refuse_call(EPERM));
  table.set("clone3", refuse_call(ENOSYS));  // its flags lie in memory; the C library goes on with clone
}

/// A process with a table of descriptors in common with another one could change what a number means while the
/// supervisor looks. Threads do too, and they can be seen.
///
/// Making a process is not asked about: a call that waits for an answer fails with EINTR when a signal comes before the
/// supervisor has heard of it, and a shell whose first child has just ended takes that for "cannot fork". What is asked
/// about is a group of one's own. When the family is to end nobody answers any more, and then each process stays in the
/// group that it is in, where one signal reaches all of it, however fast it forks (family.hpp).
void judge_processes(CallTable& table, const SandboxKernel& kernel) {
  table.set("clone",
            {{{any_of(0, namespaces)}, refuse_call(EPERM)},
             {{masked(0, CLONE_FILES | CLONE_THREAD, {CLONE_FILES})}, refuse_call(EPERM)}},
            allow_call);
  table.set({"fork", "vfork"}, allow_call);
  table.set({"setsid", "setpgid"}, kernel.asks ? ask_call : allow_call);
}

/// Limits and priorities: one's own. Others who run as the same user, the daemon among them, are left alone.
void judge_meddling(CallTable& table) {
  for (const char* call : {"prlimit64", "sched_setaffinity", "sched_setscheduler", "sched_setparam", "sched_setattr"})
    table.set(call, {{{is(0, {0})}, allow_call}}, refuse_call(EPERM));
  // Only one process, and that oneself.
  table.set("setpriority", {{{is(0, {0}), is(1, {0})}, allow_call}}, refuse_call(EPERM));
  table.set("ioprio_set", {{{is(0, {1}), is(1, {0})}, allow_call}}, refuse_call(EPERM));
}

/// By command. A signal to whoever a descriptor "belongs" to (F_SETOWN, F_SETSIG, F_NOTIFY) reaches every process of
/// the user, a lease holds up whoever opens the file, a hint stays with it. What a later kernel knows besides gets the
/// answer of one that does not.
void judge_fcntl(CallTable& table, const SandboxKernel& kernel) {
  const std::vector<std::uint32_t> reading = {
      F_DUPFD,      F_GETFD,      F_SETFD,     F_GETFL,     F_SETFL,       F_GETLK,           9 /* F_GETOWN */,
      F_GETSIG,     F_GETOWN_EX,  F_OFD_GETLK, F_GETLEASE,  f_dupfd_query, f_created_query,   F_DUPFD_CLOEXEC,
      F_SETPIPE_SZ, F_GETPIPE_SZ, F_ADD_SEALS, F_GET_SEALS, f_get_rw_hint, f_get_file_rw_hint};
  const std::vector<std::uint32_t> locking = {F_SETLK, F_SETLKW, F_OFD_SETLK, F_OFD_SETLKW};
  const std::vector<std::uint32_t> harmful = {8 /* F_SETOWN */, F_SETSIG,      F_SETOWN_EX,       F_SETLEASE,
                                              F_NOTIFY,         F_SET_RW_HINT, F_SET_FILE_RW_HINT};
  table.set("fcntl",
            {{{is(1, reading)}, allow_call},
             {{is(1, locking)}, kernel.asks ? ask_call : allow_call},
             {{is(1, harmful)}, refuse_call(EPERM)}},
            refuse_call(EINVAL));
  table.set("flock", kernel.asks ? ask_call : allow_call);
}

/// What readers ask of descriptors: sizes, flags, addresses, terminals as they are. What else there is gets the answer
/// of a device that knows nothing of it, and what is known to change something is refused by name.
void judge_ioctl(CallTable& table) {
  const std::vector<std::uint32_t> reading = {
      TCGETS, 0x802c542a /* TCGETS2 */, TCGETA, TIOCGWINSZ, TIOCGPGRP, TIOCGSID, TIOCOUTQ, TIOCGPTN, FIONREAD, FIOCLEX,
      FIONCLEX, FIONBIO, FIOQSIZE, FIGETBSZ, 0x80086601, 0x80046601 /* FS_IOC_GETFLAGS */, 0x80087601,
      0x80047601 /* FS_IOC_GETVERSION */, 0xc020660b /* FS_IOC_FIEMAP */, 0x801c581f /* FS_IOC_FSGETXATTR */,
      0x81009431 /* FS_IOC_GETFSLABEL */,
      // Of one file that is open for writing, which then lies in the scratch folder.
      0x40049409 /* FICLONE */, 0x4020940d /* FICLONERANGE */, BLKGETSIZE, BLKGETSIZE64, BLKSSZGET, BLKROGET,
      SIOCGIFNAME, SIOCGIFCONF, SIOCGIFFLAGS, SIOCGIFADDR, SIOCGIFDSTADDR, SIOCGIFBRDADDR, SIOCGIFNETMASK,
      SIOCGIFMETRIC, SIOCGIFMTU, SIOCGIFHWADDR, SIOCGIFINDEX, SIOCGIFTXQLEN, SIOCGIFMAP, SIOCATMARK};
  const std::vector<std::uint32_t> harmful = {0x8901 /* FIOSETOWN */,
                                              0x8902 /* SIOCSPGRP */,
                                              FIOASYNC,
                                              0x40086602,
                                              0x40046602 /* FS_IOC_SETFLAGS */,
                                              0x40087602,
                                              0x40047602 /* FS_IOC_SETVERSION */,
                                              0x40086604,
                                              0x40046604 /* EXT4_IOC_SETVERSION */,
                                              0x401c5820 /* FS_IOC_FSSETXATTR */,
                                              0x40806685 /* FS_IOC_ENABLE_VERITY */,
                                              0x800c6613 /* FS_IOC_SET_ENCRYPTION_POLICY */,
                                              0xc0189436 /* FIDEDUPERANGE */,
                                              0xc0045877,
                                              0xc0045878 /* FIFREEZE, FITHAW */,
                                              0xc0185879 /* FITRIM */,
                                              TIOCSTI,
                                              TIOCLINUX,
                                              TIOCSCTTY,
                                              TIOCSPGRP,
                                              TIOCSWINSZ,
                                              TIOCCONS,
                                              TCSETS,
                                              TCSETSW,
                                              TCSETSF};
  table.set("ioctl", {{{is(1, reading)}, allow_call}, {{is(1, harmful)}, refuse_call(EPERM)}}, refuse_call(ENOTTY));
}

/// By option. Not: to look like another program (PR_SET_MM), to take in the orphans that are the supervisor's
/// (PR_SET_CHILD_SUBREAPER), to be hidden from the supervisor (PR_SET_DUMPABLE), to share a core with others.
void judge_prctl(CallTable& table) {
  const std::vector<std::uint32_t> fine = {PR_SET_PDEATHSIG,
                                           PR_GET_PDEATHSIG,
                                           PR_GET_DUMPABLE,
                                           PR_GET_KEEPCAPS,
                                           PR_SET_KEEPCAPS,
                                           PR_GET_TIMING,
                                           PR_SET_NAME,
                                           PR_GET_NAME,
                                           PR_GET_SECCOMP,
                                           PR_SET_SECCOMP,
                                           PR_CAPBSET_READ,
                                           PR_CAPBSET_DROP,
                                           PR_GET_TSC,
                                           PR_SET_TSC,
                                           PR_GET_SECUREBITS,
                                           PR_SET_SECUREBITS,
                                           PR_SET_TIMERSLACK,
                                           PR_GET_TIMERSLACK,
                                           PR_MCE_KILL_GET,
                                           PR_GET_CHILD_SUBREAPER,
                                           PR_SET_NO_NEW_PRIVS,
                                           PR_GET_NO_NEW_PRIVS,
                                           PR_GET_TID_ADDRESS,
                                           PR_SET_THP_DISABLE,
                                           PR_GET_THP_DISABLE,
                                           PR_CAP_AMBIENT,
                                           PR_SVE_SET_VL,
                                           PR_SVE_GET_VL,
                                           PR_GET_SPECULATION_CTRL,
                                           PR_SET_SPECULATION_CTRL,
                                           PR_PAC_RESET_KEYS,
                                           PR_SET_TAGGED_ADDR_CTRL,
                                           PR_GET_TAGGED_ADDR_CTRL,
                                           PR_PAC_SET_ENABLED_KEYS,
                                           PR_PAC_GET_ENABLED_KEYS,
                                           63,
                                           64 /* PR_SME_SET_VL, PR_SME_GET_VL */,
                                           65,
                                           66 /* PR_SET_MDWE, PR_GET_MDWE */,
                                           68 /* PR_GET_MEMORY_MERGE */,
                                           0x53564d41 /* PR_SET_VMA */,
                                           74,
                                           75,
                                           76 /* PR_…_SHADOW_STACK_STATUS */};
  const std::vector<std::uint32_t> harmful = {PR_SET_DUMPABLE, PR_SET_MM, PR_SET_CHILD_SUBREAPER,
                                              62 /* PR_SCHED_CORE */, PR_SET_PTRACER};
  table.set("prctl",
            {{{is(0, fine)}, allow_call},
             {{is(0, {PR_SET_DUMPABLE}), is(1, {1})}, allow_call},
             {{is(0, harmful)}, refuse_call(EPERM)}},
            refuse_call(EINVAL));
}

/// Where nobody can be asked: sockets by family, kind and protocol alone.
void judge_sockets_by_numbers(CallTable& table, const SandboxConfig& config) {
  std::vector<CallRule> sockets;
  const std::uint32_t kind = 0xf;
  if (config.network != Network::none) {
    sockets.push_back({{is(0, {AF_INET, AF_INET6}), masked(1, kind, {SOCK_STREAM, SOCK_DGRAM})}, allow_call});
    sockets.push_back({{is(0, {AF_NETLINK}), is(2, {0})}, allow_call});
  }
  if (!config.unix_sockets.empty())
    sockets.push_back({{is(0, {AF_UNIX}), masked(1, kind, {SOCK_STREAM, SOCK_SEQPACKET})}, allow_call});
  table.set("socket", std::move(sockets), refuse_call(EACCES));
  table.set("connect", allow_call);
  // A name that is taken in the abstract namespace is one that its owner cannot have. What is bound stands in memory.
  table.set("bind", refuse_call(EACCES));
}

/// A pair of datagram sockets could be turned to any path, and for AF_UNIX a raw one is a datagram socket: what is
/// neither SOCK_STREAM nor SOCK_SEQPACKET is refused, and so is what a later kernel may read from the upper bits.
void judge_sockets(CallTable& table, const SandboxConfig& config, const SandboxKernel& kernel) {
  const std::uint32_t flags = SOCK_CLOEXEC | SOCK_NONBLOCK;
  table.set("socketpair",
            {{{is(0, {AF_UNIX}), masked(1, ~flags, {SOCK_STREAM, SOCK_SEQPACKET}), is(2, {0, AF_UNIX})},
              kernel.asks ? ask_call : allow_call}},
            refuse_call(EACCES));
  // The rest are protocols of their own behind a socket (TLS in the kernel, firewalls): a level that is not there.
  table.set("setsockopt", {{{is(1, {0, SOL_SOCKET, 6, 17, 41})}, allow_call}}, refuse_call(ENOPROTOOPT));
  if (kernel.asks) {
    table.set({"socket", "connect"}, ask_call);
    table.set("bind", allow_call);  // a Unix socket has its name already when a check gets it (warden.cpp)
  } else {
    judge_sockets_by_numbers(table, config);
  }
}

/// From ABI 6 on Landlock keeps them in. Before, the supervisor says who is of the family; where it is not asked,
/// nobody but oneself and one's own group can be signalled, and threads by what numbers tell.
void judge_signals(CallTable& table, const SandboxKernel& kernel) {
  const bool kept_in = kernel.landlock_abi >= 6;
  table.set({"pidfd_send_signal", "rt_sigqueueinfo", "rt_tgsigqueueinfo"}, kept_in ? allow_call : refuse_call(EPERM));
  if (kernel.asks) {
    table.set({"kill", "tkill", "tgkill"}, ask_call);
  } else if (kept_in) {
    table.set({"kill", "tkill", "tgkill"}, allow_call);
  } else {
    table.set("kill", {{{is(0, {0})}, allow_call}}, refuse_call(EPERM));
    table.set("tkill", refuse_call(EPERM));
    const auto daemon = static_cast<std::uint32_t>(::getpid());
    table.set("tgkill", {{{is(0, {daemon})}, refuse_call(EPERM)}}, allow_call);
  }
}

/// Reading goes on at full speed, but for `read_paths`, where what was refused is told.
void judge_files(CallTable& table, const SandboxConfig& config, const SandboxKernel& kernel) {
  constexpr std::uint32_t writes = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC;
  const bool knows_truncation = kernel.landlock_abi >= 3;
  table.set(relabelling, kernel.asks ? ask_call : refuse_call(EPERM));
  table.set({"setxattrat", "removexattrat"}, refuse_call(ENOSYS));  // the C library goes on with the older ones
  table.set(rearranging, kernel.asks ? ask_call : allow_call);
  for (const auto& [call, flags] : {std::pair("open", 1U), std::pair("openat", 2U)}) {
    if (kernel.asks)
      table.set(call, {{{any_of(flags, writes)}, ask_call}}, config.read_paths.empty() ? allow_call : ask_call);
    else if (knows_truncation)
      table.set(call, allow_call);
    else  // a file opened to be read, and emptied on the way
      table.set(call, {{{masked(flags, O_ACCMODE | O_TRUNC, {O_TRUNC})}, refuse_call(EACCES)}}, allow_call);
  }
  if (!kernel.asks && !knows_truncation) table.set("truncate", refuse_call(EACCES));
  // Its flags lie in memory: where they decide, the C library's own openat is used instead.
  table.set("openat2", !knows_truncation ? refuse_call(ENOSYS) : kernel.asks ? ask_call : allow_call);
}

}  // namespace

std::vector<sock_filter> check_filter(const SandboxConfig& config, const SandboxKernel& kernel) {
  CallTable table(refuse_call(ENOSYS));
  table.set(harmless, allow_call);
  forbid_dangerous(table);
  table.set(lasting, refuse_call(EPERM));
  judge_processes(table, kernel);
  judge_meddling(table);
  judge_fcntl(table, kernel);
  judge_ioctl(table);
  judge_prctl(table);
  judge_files(table, config, kernel);
  judge_signals(table, kernel);
  judge_sockets(table, config, kernel);
  return table.compile();
}

std::vector<sock_filter> daemon_filter() {
  CallTable table(allow_call);
  forbid_dangerous(table);
  table.set("clone", {{{any_of(0, namespaces)}, refuse_call(EPERM)}}, allow_call);
  return table.compile();
}

}  // namespace readback
