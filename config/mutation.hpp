#pragma once
// Does a command appear to change something? Judged by its words alone, as a careful reader would: the sandbox stops it
// anyway, but told by `--check-config` it costs nobody an incident. Commands that only read (`git status`,
// `docker ps`, `kubectl get`, `systemctl is-active`) pass, and so do dry runs.
#include <string>
#include <vector>

namespace readback {

struct CommandOpinion {
  std::string mutates;  ///< why it appears to change something; empty: it does not
  std::string unclear;  ///< what cannot be seen from here, or cannot work in the sandbox
};

CommandOpinion judge_command(const std::vector<std::string>& argv);

}  // namespace readback
