#pragma once
// What happens between fork and exec. Everything that allocates or may lock is made before; from supervise() on there
// are system calls only, because other threads of the daemon may have held any lock when the process was copied.
#include <sys/resource.h>
#include <sys/types.h>

#include <string>
#include <vector>

#include "daemon/check/sandbox.hpp"
#include "daemon/check/scratch.hpp"

namespace readback {

/// Everything that the child needs, made before the fork. It points into itself and stays where it was filled.
struct ChildPlan {
  std::string program, cwd, scratch;
  std::vector<std::string> arguments, environment;
  std::vector<char*> argv, envp;  ///< into the two above, with a null at the end
  rlim_t cpu_seconds = 60;
  rlim_t tasks_of_user = 0;  ///< how many this user may have from now on, all in all; 0 for no limit
  int out = -1, err = -1, report = -1;
  int ask = -1, asked = -1;  ///< two ends: the command sends its listener, the supervisor takes it
  int lifeline = -1;         ///< its other end is the daemon's alone, and closes with it
};

/// What the supervisor reports through its pipe, in this order and nothing else.
struct ChildReport {
  enum class Step : int { sandbox, folder, program };
  int started_errno = 0;  ///< not 0: the command was never started, and `step` says where
  Step step = Step::program;
  int wait_status = 0;
  ScratchFault scratch = ScratchFault::none;  ///< why it was ended before its time …
  bool too_many_tasks = false;                ///< … or this …
  bool foreign_lock = false;                  ///< … or this; the file is among the denials
  bool left = false;                          ///< some of the family could not be ended
  unsigned denials = 0;                       ///< bytes of text that follow: what was refused, a line each
};

/// Starts the command in its sandbox, answers what the kernel asks about it, ends its whole family, and reports. To be
/// called in the fresh child of the daemon with all signals blocked. It outlives a daemon that is killed, for as long
/// as it takes to end the family and to remove its scratch folder.
[[noreturn]] void supervise(const ChildPlan& plan, const PreparedSandbox& sandbox);

}  // namespace readback
