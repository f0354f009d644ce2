// Every system call there is, and every command of those that can do two things, walked over on this kernel and as on
// older ones. What becomes of each stands in tests/golden/system_calls.txt, a letter a kernel, so that a list, a
// library or a kernel that changed is a changed row in review (READBACK_GOLDEN=write renews it). The rows are read from
// the filter itself; that the kernel does what the filter says is tried with each of them, in a process of its own
// where it may block or end.
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <iomanip>
#include <sstream>

#include "check_support.hpp"
#include "daemon/check/bpf.hpp"
#include "daemon/check/descriptors.hpp"

#ifdef __x86_64__  // the numbers of another architecture would be another table

using namespace readback;

namespace {

using Arguments = std::array<std::uint64_t, 6>;
constexpr std::uint64_t none = ~0ULL;  // a descriptor that nobody has, an address that nobody can read

struct Call {
  int number = 0;
  std::string said;
  Arguments arguments{none, none, none, none, none, none};
};

/// What the filter says to a call: the few instructions that ours are made of.
Verdict verdict_of(const std::vector<sock_filter>& filter, const Call& call) {
  seccomp_data data{call.number, AUDIT_ARCH_X86_64, 0, {}};
  std::copy(call.arguments.begin(), call.arguments.end(), data.args);
  std::uint32_t a = 0;
  for (std::size_t at = 0; at < filter.size(); ++at) {
    const auto& step = filter[at];
    const auto go = [&](bool holds) { at += holds ? step.jt : step.jf; };
    switch (step.code) {
      case BPF_LD | BPF_W | BPF_ABS: std::memcpy(&a, reinterpret_cast<const char*>(&data) + step.k, sizeof a); break;
      case BPF_ALU | BPF_AND | BPF_K: a &= step.k; break;
      case BPF_JMP | BPF_JA: at += step.k; break;
      case BPF_JMP | BPF_JEQ | BPF_K: go(a == step.k); break;
      case BPF_JMP | BPF_JGE | BPF_K: go(a >= step.k); break;
      case BPF_JMP | BPF_JSET | BPF_K: go((a & step.k) != 0); break;
      case BPF_RET | BPF_K: return step.k;
      default: return 0;
    }
  }
  return 0;
}

char letter(Verdict v) {
  if (v == allow_call) return 'A';
  if (v == ask_call) return '?';
  for (const auto& [error, as] : {std::pair(EPERM, 'P'), std::pair(ENOSYS, 'S'), std::pair(EACCES, 'C'),
                                  std::pair(EINVAL, 'V'), std::pair(ENOTTY, 'T'), std::pair(ENOPROTOOPT, 'O')})
    if (v == refuse_call(error)) return as;
  return '!';
}

Call with_first(const char* call, std::vector<std::uint64_t> first, const std::string& said) {
  Call c{number_of(call), std::string(call) + " " + said};
  std::copy(first.begin(), first.end(), c.arguments.begin());
  return c;
}

std::string hex(std::uint64_t n) {
  std::ostringstream out;
  out << "0x" << std::hex << n;
  return out.str();
}

/// The numbers, and then what the arguments decide.
std::vector<Call> all_calls() {
  std::vector<Call> all;
  for (int number = 0; number <= 600; ++number) all.push_back({number, call_of(number)});
  const auto add = [&](const char* call, std::vector<std::uint64_t> first, const std::string& said) {
    all.push_back(with_first(call, std::move(first), said));
  };
  for (std::uint64_t command = 0; command <= 1045; command += command == 40 ? 984 : 1)
    add("fcntl", {none, command}, std::to_string(command));
  for (const std::uint64_t request : std::initializer_list<std::uint64_t>{
           0x5401, 0x5402, 0x5403, 0x5404, 0x5405, 0x540e, 0x540f, 0x5410, 0x5411, 0x5412, 0x5413, 0x5414,
           0x541b, 0x541c, 0x541d, 0x5421, 0x5429, 0x5450, 0x5451, 0x5452, 0x5460, 0x8901, 0x8902, 0x8905,
           0x8910, 0x8912, 0x8913, 0x8914, 0x8915, 0x8916, 0x8924, 0x8933, 0x8946, 0x1260, 0x1261})
    add("ioctl", {none, request}, hex(request));
  for (const std::uint64_t request : std::initializer_list<std::uint64_t>{
           0x80086601, 0x40086602, 0x40046602, 0x80087601, 0x40087602, 0x40047602, 0x40086604, 0x40046604,
           0x40806685, 0x800c6613, 0x801c581f, 0x401c5820, 0x40049409, 0x4020940d, 0xc0189436, 0xc0045877,
           0xc0045878, 0xc0185879, 0xc020660b, 0x81009431, 0x41009432, 0x400454ca, 0x80045430, 0x802c542a})
    add("ioctl", {none, request}, hex(request));
  for (std::uint64_t option = 0; option <= 90; ++option) add("prctl", {option, 0}, std::to_string(option) + " 0");
  for (const std::uint64_t option : std::initializer_list<std::uint64_t>{0x53564d41, 0x59616d61})
    add("prctl", {option, 0}, hex(option) + " 0");
  add("prctl", {PR_SET_DUMPABLE, 1}, "4 1");
  for (std::uint64_t family = 0; family <= 46; ++family)
    for (std::uint64_t type = 1; type <= 10; ++type)
      if (type == 1 || family == AF_UNIX || family == AF_INET || family == AF_NETLINK)
        add("socket", {family, type, 0}, std::to_string(family) + " " + std::to_string(type) + " 0");
  add("socket", {AF_NETLINK, SOCK_RAW, 4}, "16 3 4");
  for (std::uint64_t type = 0; type <= 16; ++type)
    add("socketpair", {AF_UNIX, type, 0}, "1 " + std::to_string(type) + " 0");
  for (const std::uint64_t flags :
       std::initializer_list<std::uint64_t>{0x800, 0x80000, 0x80800, 0x1000, 0x100000, 0x40000000})
    add("socketpair", {AF_UNIX, SOCK_STREAM | flags, 0}, "1 1|" + hex(flags) + " 0");
  add("socketpair", {AF_UNIX, (1ULL << 32) | SOCK_RAW, 0}, "1 3|1<<32 0");
  add("socketpair", {AF_INET, SOCK_STREAM, 0}, "2 1 0");
  add("socketpair", {AF_UNIX, SOCK_STREAM, 6}, "1 1 6");
  for (const std::uint64_t level :
       std::initializer_list<std::uint64_t>{0, 1, 2, 6, 17, 41, 58, 132, 255, 270, 271, 282, 284})
    add("setsockopt", {none, level}, std::to_string(level));
  for (const std::uint64_t flags :
       std::initializer_list<std::uint64_t>{0x11, 0x4111, 0x3d0f00, 0x411, 0x911, 0x80, 0x20000, 0x2000000, 0x4000000,
                                            0x8000000, 0x10000000, 0x20000000, 0x40000000})
    add("clone", {flags, 0, 0, 0, 0}, hex(flags));
  for (const char* call : {"prlimit64", "sched_setaffinity", "sched_setscheduler", "sched_setparam", "sched_setattr"})
    for (const std::uint64_t whom : std::initializer_list<std::uint64_t>{0, 1}) add(call, {whom}, std::to_string(whom));
  for (const char* call : {"setpriority", "ioprio_set"})
    for (const std::uint64_t which : std::initializer_list<std::uint64_t>{0, 1, 2})
      for (const std::uint64_t whom : std::initializer_list<std::uint64_t>{0, 1})
        add(call, {which, whom}, std::to_string(which) + " " + std::to_string(whom));
  for (const std::uint64_t whom : std::initializer_list<std::uint64_t>{0, 1}) add("kill", {whom}, std::to_string(whom));
  for (const std::uint64_t flags : std::initializer_list<std::uint64_t>{0, 1, 2, 3, 0100, 01000, 02000, 010000, 020000,
                                                                        0200000, 02000000, 010000000})
    add("openat", {none, none, flags}, hex(flags)), add("open", {none, flags}, hex(flags));
  return all;
}

std::vector<SandboxKernel> pretended() {
  std::vector<SandboxKernel> all;
  for (const bool asks : {true, false})
    for (int abi = 7; abi >= 0; --abi) all.push_back({abi, true, asks});
  return all;
}

std::string table_of(const std::vector<Call>& calls) {
  std::vector<std::vector<sock_filter>> filters;
  for (const auto& kernel : pretended()) filters.push_back(check_filter({}, kernel));
  std::ostringstream out;
  out << "# What becomes of a check's system calls, with `network: loopback` (the default). A letter a kernel: "
         "Landlock "
         "ABI 7 to 1\n# and none, first where the supervisor is asked, then where it is not.\n"
         "# A allowed, ? asked, P EPERM, S ENOSYS, C EACCES, V EINVAL, T ENOTTY, O ENOPROTOOPT\n";
  std::string before;
  for (const auto& call : calls) {
    std::string letters;
    for (std::size_t i = 0; i < filters.size(); ++i) {
      letters += letter(verdict_of(filters[i], call));
      if (i == 7) letters += ' ';
    }
    const std::string name = call.said.empty() ? "(nobody)" : call.said;
    if (const auto row = letters + name; call.said.empty() && row == before)
      continue;  // a stretch of numbers that nobody has
    else
      before = row;
    out << letters << "  " << std::setw(3) << call.number << "  " << name << "\n";
  }
  return out.str();
}

/// Cannot be told from inside: it blocks, ends, or comes back twice into one memory. Two are the kernel's own business:
/// what a probe has put into a program (uretprobe 335, uprobe 336) no filter sees, and SIGILL for whoever else calls
/// it.
bool cannot_be_tried(const Call& call) {
  if (call.number == 335 || call.number == 336) return true;
  for (const char* name : {"pause", "exit", "exit_group", "rt_sigreturn", "vfork", "clone"})
    if (call.number == number_of(name)) return true;
  return false;
}

constexpr int mark = 3999;  // no errno of the kernel's: the supervisor was asked, and said this

/// One call after the other, in the sandbox. What came of each goes to `results`.
void try_all(const PreparedSandbox& sandbox, const std::vector<Call>& calls, const std::vector<Verdict>& verdicts,
             int send_to, int* results) {
  if (sandbox.enter(send_to) != 0) ::_exit(1);
  for (std::size_t i = 0; i < calls.size(); ++i) {
    const auto& a = calls[i].arguments;
    const auto call = [&] {
      const long done = ::syscall(calls[i].number, a[0], a[1], a[2], a[3], a[4], a[5]);
      results[i] = done == -1 ? errno : 0;
    };
    if (verdicts[i] != allow_call) {
      call();  // nothing happens
      continue;
    }
    const pid_t child = ::_Fork();
    if (child == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      call();
      ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    if (WIFSIGNALED(status)) results[i] = -WTERMSIG(status);
  }
  ::_exit(0);
}

/// Says `mark` to whatever is asked.
void answer_all(int listener) {
  pollfd wait{listener, POLLIN, 0};
  while (::poll(&wait, 1, 20000) > 0 && (wait.revents & POLLIN)) {
    seccomp_notif asked{};
    if (::ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &asked) != 0) continue;
    seccomp_notif_resp answer{asked.id, 0, -mark, 0};
    ::ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
  }
}

void try_on(const SandboxKernel& kernel) {
  CAPTURE(to_text(kernel));
  Checkout folder;
  auto calls = all_calls();
  std::erase_if(calls, cannot_be_tried);
  const auto filter = check_filter({}, kernel);
  std::vector<Verdict> verdicts;
  for (const auto& call : calls) verdicts.push_back(verdict_of(filter, call));
  const auto size = calls.size() * sizeof(int);
  auto* results = static_cast<int*>(::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  std::fill(results, results + calls.size(), -1000);
  const auto sandbox = PreparedSandbox::prepare({}, {(folder.path / "scratch").string(), "", "", {}}, kernel);
  REQUIRE(sandbox);
  Pipe road;
  REQUIRE(road.open_both_ways());
  const pid_t walker = ::fork();
  if (walker == 0) try_all(*sandbox, calls, verdicts, road.write.fd, results);
  road.write.reset();
  if (sandbox->asks()) {
    const Descriptor listener(receive_descriptor(road.read.fd));
    answer_all(listener.fd);
  }
  int status = 0;
  ::waitpid(walker, &status, 0);
  CHECK(status == 0);
  for (std::size_t i = 0; i < calls.size(); ++i) {
    CAPTURE(calls[i].number);
    CAPTURE(calls[i].said);
    if (verdicts[i] == allow_call)
      CHECK(results[i] >= 0);  // it came back
    else if (verdicts[i] == ask_call)
      CHECK(results[i] == mark);
    else
      CHECK(refuse_call(results[i]) == verdicts[i]);
  }
  ::munmap(results, size);
}

}  // namespace

TEST_CASE("What becomes of each system call stands in a table") {
  const std::string path = std::string(READBACK_SOURCE_DIR) + "/tests/golden/system_calls.txt";
  const auto table = table_of(all_calls());
  if (const char* mode = std::getenv("READBACK_GOLDEN"); mode && std::string(mode) == "write")
    std::ofstream(path) << table;
  std::istringstream now(table), then(contents_of(path));
  std::string row, golden;
  while (std::getline(now, row)) {
    std::getline(then, golden);
    CHECK(row == golden);
  }
  CHECK_FALSE(std::getline(then, golden));
}

TEST_CASE("The kernel does with each system call what the table says") {
  const auto& here = this_kernel();
  if (!here.seccomp) return;
  for (const int abi : {here.landlock_abi, std::min(here.landlock_abi, 2)})
    for (const bool asks : {true, false})
      if (here.asks || !asks) try_on({abi, true, asks});
}

TEST_CASE("What a next kernel brings is not there") {
  for (const auto& kernel : pretended()) {
    CAPTURE(to_text(kernel));
    const auto filter = check_filter({}, kernel);
    CHECK(filter.size() < BPF_MAXINSNS);
    for (const int number : {newest_call + 1, 500, 1000, 0x40000000, 0x40000000 + SYS_openat, -1})
      CHECK(verdict_of(filter, {number, ""}) == refuse_call(ENOSYS));
    seccomp_data old{SYS_read, AUDIT_ARCH_I386, 0, {}};
    CHECK(filter[1].k != old.arch);  // another architecture's calls end the process
  }
}

#endif
