#pragma once
// What the kernel makes sure of while a check runs. Everything is prepared before the fork (a ruleset as a descriptor,
// a filter as bytes); between fork and exec only system calls are made.
//
//   Landlock   read and execute anywhere (or below `read_paths`), write only in one scratch folder and to /dev/null;
//              from ABI 4 on no TCP for `network: none`; from ABI 6 on no signal to anybody outside the sandbox and no
//              abstract Unix socket.
//   seccomp    no mount, no namespace, no ptrace, no module, key, clock, BPF or reboot call; sockets by family: none at
//   all
//              for `network: none`, Unix sockets only where configured.
//
// `network: loopback` cannot be enforced by address without a network namespace of its own: it keeps packet, raw and
// Unix sockets away and is said as incomplete by `sandbox_support`.
#include <string>
#include <variant>
#include <vector>

#include "config/config.hpp"

namespace readback {

struct SandboxReport {
  int landlock_abi = 0;  ///< 0: the kernel has none
  bool seccomp = false;
  std::vector<std::string> missing;  ///< what cannot be enforced here, operator language
  std::string text;                  ///< "Landlock ABI 7, seccomp", with what is missing
  bool complete() const { return missing.empty(); }
};
SandboxReport sandbox_support();

/// A sandbox made ready for one run. Owns a descriptor.
class PreparedSandbox {
 public:
  /// A text says what the kernel refused.
  static std::variant<PreparedSandbox, std::string> prepare(const SandboxConfig& config, const std::string& scratch);
  PreparedSandbox(PreparedSandbox&& other) noexcept;
  PreparedSandbox& operator=(PreparedSandbox&&) = delete;
  ~PreparedSandbox();

  /// Between fork and exec: async-signal-safe, no allocation. 0, or the errno of what failed.
  int enter() const;

 private:
  PreparedSandbox() = default;
  int ruleset_ = -1;
  std::vector<char> filter_;  ///< of sock_filter
};

/// Confines the whole process and all that it starts, for good: writable are only these existing folders; signals go
/// to nobody outside (ABI 6). To be called before the first thread starts. Empty, or what could not be done.
std::string confine_self(const std::vector<std::string>& writable);

}  // namespace readback
