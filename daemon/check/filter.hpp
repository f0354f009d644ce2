#pragma once
// Which system calls a check may make, and which of them its supervisor is asked about. A list of what is allowed: a
// call that does not stand in it fails with ENOSYS, as on a kernel that never had it, and the C library does without.
#include <linux/filter.h>

#include <vector>

#include "core/config/check.hpp"

namespace readback {

/// What a kernel can do. A test may pretend an older one.
struct SandboxKernel {
  int landlock_abi = 0;  ///< 0: the kernel has none
  bool seccomp = false;
  bool asks = false;  ///< it can let system calls wait for the supervisor's answer
};

/// For a check.
std::vector<sock_filter> check_filter(const SandboxConfig& config, const SandboxKernel& kernel);
/// For the daemon itself, and all that it starts: what no reader needs is refused, the rest goes on.
std::vector<sock_filter> daemon_filter();

}  // namespace readback
