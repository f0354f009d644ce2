#pragma once
// What the kernel makes sure of while a check runs. Everything is prepared before the fork (a ruleset as a descriptor,
// a filter as bytes); between fork and exec only system calls are made.
//
//   Landlock   read and execute anywhere (or below `read_paths`) but in what is the daemon's own (landlock.hpp); write
//              only in one scratch folder and to /dev/null; from ABI 4 on no TCP for `network: none`; from ABI 6 on no
//              signal to anybody outside the sandbox and no abstract Unix socket.
//   seccomp    a list of the calls that a reader makes (filter.hpp); what does not stand in it is not there. What
//              numbers cannot tell is asked of the supervisor (warden.hpp): which file, which process, which socket. It
//              makes `network: loopback` and `unix_sockets` hold, and knows what was refused.
//
// Where the kernel cannot ask, sockets are allowed or refused by family alone, and refusals are found in the check's
// own words.
#include <string>
#include <vector>

#include "core/config/check.hpp"
#include "core/text/result.hpp"
#include "daemon/check/filter.hpp"
#include "daemon/check/warden.hpp"

namespace readback {

const SandboxKernel& this_kernel();

struct SandboxReport {
  std::vector<std::string> missing;  ///< what cannot be enforced here, operator language
  std::string text;                  ///< "Landlock ABI 7, seccomp", with what is missing
  bool complete() const { return missing.empty(); }
};
SandboxReport sandbox_support(const SandboxKernel& kernel = this_kernel());

/// What of the host a run has to do with.
struct SandboxPlaces {
  std::string scratch;              ///< an existing folder: the only one that it may write to
  std::string cwd, program;         ///< as configured; empty when they are not
  std::vector<std::string> hidden;  ///< folders and files that it neither reads nor runs, but for the scratch folder
};

/// A sandbox made ready for one run. Owns a descriptor.
class PreparedSandbox {
 public:
  /// An error says what the kernel refused.
  static Result<PreparedSandbox> prepare(const SandboxConfig& config, const SandboxPlaces& places,
                                         const SandboxKernel& kernel = this_kernel());
  PreparedSandbox(PreparedSandbox&& other) noexcept;
  PreparedSandbox& operator=(PreparedSandbox&&) = delete;
  ~PreparedSandbox();

  /// Between fork and exec: async-signal-safe, no allocation. 0, or the errno of what failed. Where the kernel asks,
  /// the descriptor at which the questions come is sent over the socket `listener_to`.
  int enter(int listener_to) const;

  bool asks() const { return asks_; }
  int descriptor() const { return ruleset_; }  ///< -1 when there is none
  const WardenRules& rules() const { return rules_; }

 private:
  PreparedSandbox() = default;
  int ruleset_ = -1;
  bool asks_ = false;
  std::vector<sock_filter> filter_;
  WardenRules rules_;
};

/// Confines the whole process and all that it starts, for good: writable are only these existing folders; signals go
/// to nobody outside (ABI 6). To be called before the first thread starts. An error says what could not
/// be done; the rest was.
Result<void> confine_self(const std::vector<std::string>& writable);

}  // namespace readback
