#pragma once
// Runs one read-only command and tells how it ended: the only place of the program that starts a process, and it puts
// it into the sandbox first (sandbox.hpp).
//
// The command's family ends with it. A small supervisor of our own is its parent and the reaper of whatever it leaves
// behind, however often that forks and whatever session it makes; when the command has ended, its time is over, it has
// taken more than it may, or we have gone, the supervisor kills all of them, waits for each, and only then ends itself
// (child.hpp). A supervisor that is killed leaves them to us.
#include <functional>
#include <string>
#include <vector>

#include "core/config/check.hpp"
#include "core/model/raw_read.hpp"
#include "core/model/unredacted.hpp"
#include "daemon/check/sandbox.hpp"
#include "daemon/runtime/aside.hpp"
#include "daemon/runtime/net.hpp"

namespace readback {

struct CheckRequest {
  std::string read;  ///< the name that the result carries: "check:materialization"
  CheckConfig config;
  std::string scratch_parent;       ///< an existing folder that we may write; the scratch folder is made below it
  std::vector<std::string> hidden;  ///< what is the daemon's own: files and folders that no check sees
  SandboxKernel kernel = this_kernel();
};

inline constexpr std::size_t largest_output =
    256 * 1024;  ///< of stdout, and of stderr; what is more is counted and dropped

/// Never throws for what the command does. When it is cancelled the family is killed first. Folders are made, looked
/// through and removed aside, and a file system that does not answer costs this check its run, and no other one.
net::awaitable<RawRead> run_check(CheckRequest request, Aside& files);

/// Runs commands in one place, and has what they say cleaned before anybody else sees it.
class CheckRunner {
 public:
  using Redact = std::function<RawRead(Unredacted<RawRead>)>;
  /// What a daemon that was killed has left below `scratch_parent` is removed first.
  CheckRunner(net::any_io_executor loop, std::string scratch_parent, Redact redact);

  /// From the next run on: what is the daemon's own, of which a check sees its scratch folder and nothing else.
  void hide(std::vector<std::string> paths) { hidden_ = std::move(paths); }

  /// As run_check(); this outlives the run. `read` is "check:NAME" or "evidence:NAME".
  net::awaitable<RawRead> run(std::string read, CheckConfig config);

 private:
  std::string scratch_parent_;
  std::vector<std::string> hidden_;
  Redact redact_;
  Aside files_;
};

}  // namespace readback
