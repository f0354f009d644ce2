// From the table to instructions: the architecture first, then a binary search for the number, and behind each number
// the tests of its rules in their order.
#include "daemon/check/bpf.hpp"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <utility>

namespace readback {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t this_architecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t this_architecture = AUDIT_ARCH_AARCH64;
#else
#error "the system calls of this architecture have not been judged"
#endif
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the lower half of an argument is looked for in front");

// Newer than libseccomp 2.5.4 (Linux 5.17). From 424 on every architecture has the same numbers.
constexpr std::pair<std::string_view, int> newer[] = {
#if defined(__x86_64__)
    {"uretprobe", 335},
#endif
    {"cachestat", 451},         {"fchmodat2", 452},         {"map_shadow_stack", 453},    {"futex_wake", 454},
    {"futex_wait", 455},        {"futex_requeue", 456},     {"statmount", 457},           {"listmount", 458},
    {"lsm_get_self_attr", 459}, {"lsm_set_self_attr", 460}, {"lsm_list_modules", 461},    {"mseal", 462},
    {"setxattrat", 463},        {"getxattrat", 464},        {"listxattrat", 465},         {"removexattrat", 466},
    {"open_tree_attr", 467},    {"file_getattr", 468},      {"file_setattr", newest_call}};

using Code = std::vector<sock_filter>;

sock_filter statement(unsigned code, std::uint32_t k) { return {static_cast<std::uint16_t>(code), 0, 0, k}; }
sock_filter jump(unsigned code, std::uint32_t k, std::uint8_t yes, std::uint8_t no) {
  return {static_cast<std::uint16_t>(code), yes, no, k};
}
sock_filter give(Verdict v) { return statement(BPF_RET | BPF_K, v); }

/// A jump over what is not written yet; `land` says where to. The long form: a rule may be longer than 255
/// instructions.
std::size_t leap(Code& code) {
  code.push_back(statement(BPF_JMP | BPF_JA, 0));
  return code.size() - 1;
}
void land(Code& code, std::size_t from) { code[from].k = static_cast<std::uint32_t>(code.size() - from - 1); }

/// Goes on behind itself when the comparison holds. The jumps of the other case are put into `fails`.
void compare(Code& code, const Compare& c, std::vector<std::size_t>& fails) {
  code.push_back(statement(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offsetof(seccomp_data, args) +
                                                                                c.argument * sizeof(std::uint64_t))));
  if (c.values.empty()) {
    code.push_back(jump(BPF_JMP | BPF_JSET | BPF_K, c.mask, 1, 0));
    fails.push_back(leap(code));
    return;
  }
  if (c.mask != ~0U) code.push_back(statement(BPF_ALU | BPF_AND | BPF_K, c.mask));
  std::vector<std::size_t> holds;
  for (const auto value : c.values) {
    code.push_back(jump(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1));
    holds.push_back(leap(code));
  }
  fails.push_back(leap(code));
  for (const auto from : holds) land(code, from);
}

void judge(Code& code, const CallJudgement& judgement) {
  for (const auto& rule : judgement.rules) {
    std::vector<std::size_t> fails;
    for (const auto& each : rule.when) compare(code, each, fails);
    code.push_back(give(rule.verdict));
    for (const auto from : fails) land(code, from);
  }
  code.push_back(give(judgement.otherwise));
}

/// Numbers from here to the next stretch share a judgement.
struct Stretch {
  std::uint32_t from;
  CallJudgement judgement;
};

void search(Code& code, const std::vector<Stretch>& all, std::size_t first, std::size_t behind) {
  if (behind - first == 1) return judge(code, all[first].judgement);
  const auto middle = first + (behind - first) / 2;
  code.push_back(jump(BPF_JMP | BPF_JGE | BPF_K, all[middle].from, 0, 1));
  const auto to_the_upper = leap(code);
  search(code, all, first, middle);
  land(code, to_the_upper);
  search(code, all, middle, behind);
}

}  // namespace

int number_of(std::string_view call) {
  for (const auto& [name, number] : newer)
    if (name == call) return number;
  const int number = seccomp_syscall_resolve_name(std::string(call).c_str());
  return number < 0 ? -1 : number;  // below zero are also those that only another architecture has
}

std::string call_of(int number) {
  for (const auto& [name, its] : newer)
    if (its == number) return std::string(name);
  char* known = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number);
  std::string name = known ? known : "";
  std::free(known);  // NOLINT(cppcoreguidelines-no-malloc): the library asks for it
  return name;
}

void CallTable::set(std::string_view call, std::vector<CallRule> rules, Verdict otherwise) {
  if (const int number = number_of(call); number >= 0)
    calls_[static_cast<std::uint32_t>(number)] = {std::move(rules), otherwise};
}

std::vector<sock_filter> CallTable::compile() const {
  std::vector<Stretch> stretches{{0, {{}, unknown_}}};
  const auto stretch = [&](std::uint32_t from, const CallJudgement& judgement) {
    if (stretches.back().from == from) stretches.pop_back();
    const bool goes_on = !stretches.empty() && judgement.rules.empty() && stretches.back().judgement.rules.empty() &&
                         stretches.back().judgement.otherwise == judgement.otherwise;
    if (!goes_on) stretches.push_back({from, judgement});
  };
  for (const auto& [number, judgement] : calls_) {
    stretch(number, judgement);
    stretch(number + 1, {{}, unknown_});
  }
  // Also the numbers of the x32 kind, which have the thirty-first bit set.
  stretch(newest_call + 1, {{}, refuse_call(ENOSYS)});

  Code code;
  code.push_back(statement(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)));
  code.push_back(jump(BPF_JMP | BPF_JEQ | BPF_K, this_architecture, 1, 0));
  code.push_back(give(SECCOMP_RET_KILL_PROCESS));
  code.push_back(statement(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)));
  search(code, stretches, 0, stretches.size());
  if (code.size() > BPF_MAXINSNS) code.clear();
  return code;
}

}  // namespace readback
