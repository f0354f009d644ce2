#pragma once
// A system call filter as an ordered table: for each call a list of rules, of which the first that holds decides, and a
// word for every number that is not in the table. Compiled to the kernel's filter language.
//
// Why not by libseccomp, which is asked for the numbers only: it sorts the rules of one call as it likes and refuses
// some that overlap, it cannot name what came after it, and it cannot say "any of these bits". Here the table that is
// reviewed is the order in which the kernel looks.
//
//   table.set("fcntl", {{{{1, ~0U, {F_GETFD, F_SETFD}}}, allow_call}}, refuse_call(EINVAL));
//
// Arguments are compared by their lower half. Each one that is judged is an `int` of the kernel's, which drops the
// upper half itself: what stands there cannot make two different things of one call.
#include <linux/filter.h>
#include <linux/seccomp.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace readback {

/// What the kernel is told to do with a call (SECCOMP_RET_…).
using Verdict = std::uint32_t;
inline constexpr Verdict allow_call = SECCOMP_RET_ALLOW;     ///< it runs at full speed
inline constexpr Verdict ask_call = SECCOMP_RET_USER_NOTIF;  ///< it waits for the supervisor
/// It fails with this errno.
constexpr Verdict refuse_call(int error) {
  return SECCOMP_RET_ERRNO | (static_cast<Verdict>(error) & SECCOMP_RET_DATA);
}

/// Holds when (argument & mask) is one of the values; with no value, when any bit of the mask is set.
struct Compare {
  unsigned argument = 0;
  std::uint32_t mask = ~0U;
  std::vector<std::uint32_t> values;
};

/// Holds when all of it does.
struct CallRule {
  std::vector<Compare> when;
  Verdict verdict = 0;
};

/// What becomes of one call.
struct CallJudgement {
  std::vector<CallRule> rules;  ///< the first that holds decides
  Verdict otherwise = 0;
};

/// The number of a call on this machine; -1 when it has none. Knows calls that are newer than the library.
int number_of(std::string_view call);
/// And back, for who reads a table; "" when nothing has this number.
std::string call_of(int number);
inline constexpr int newest_call = 469;  ///< file_setattr of Linux 6.17, the highest number that was judged here

class CallTable {
 public:
  /// `unknown`: for every call that is not set, up to the newest. What is above it fails with ENOSYS always, so that
  /// the next kernel opens nothing.
  explicit CallTable(Verdict unknown) : unknown_(unknown) {}

  /// The last word on a call is the one that counts. A call that this machine has not is left out.
  void set(std::string_view call, Verdict verdict) { set(call, {}, verdict); }
  void set(std::string_view call, std::vector<CallRule> rules, Verdict otherwise);
  void set(std::initializer_list<const char*> calls, Verdict verdict) {
    for (const char* call : calls) set(call, verdict);
  }

  /// As the kernel takes it. Calls of another architecture end the process.
  std::vector<sock_filter> compile() const;

 private:
  Verdict unknown_;
  std::map<std::uint32_t, CallJudgement> calls_;
};

}  // namespace readback
