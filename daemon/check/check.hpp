#pragma once
// Runs one read-only command and tells how it ended: the only place of the program that starts a process, and it puts
// it into the sandbox first (sandbox.hpp).
//
// The command's family ends with it. A small supervisor of our own is its parent and the reaper of whatever it leaves
// behind, however often that forks and whatever session it makes; when the command has ended, or its time is over, the
// supervisor kills all of them, waits for each, and only then ends itself.
#include <string>

#include "config/config.hpp"
#include "core/model/raw_read.hpp"
#include "daemon/check/sandbox.hpp"
#include "daemon/runtime/net.hpp"

namespace readback {

struct CheckRequest {
  std::string read;  ///< the name that the result carries: "check:materialization"
  CheckConfig config;
  std::string scratch_parent;  ///< an existing folder that we may write; the scratch folder is made below it
  SandboxKernel kernel = this_kernel();
};

inline constexpr std::size_t largest_output =
    256 * 1024;  ///< of stdout, and of stderr; what is more is counted and dropped

/// Never throws for what the command does. When it is cancelled the family is killed first.
net::awaitable<RawRead> run_check(CheckRequest request);

/// What the sandbox refused, as far as the command's own words tell it: "write /srv/x". For kernels that do not ask.
/// Only our own rules are named; a file that this user may not read anyway is not.
std::vector<std::string> denials_in(const std::string& output);

}  // namespace readback
