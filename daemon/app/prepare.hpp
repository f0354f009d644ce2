#pragma once
// From a configuration file to everything that a daemon can be started or reloaded with: parsed, validated, secrets
// looked up, TLS loaded. All of it, or the reasons why not; a reload that fails here has changed nothing.
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "config/load.hpp"
#include "daemon/read/sweep.hpp"

namespace readback {

struct Prepared {
  Config config;
  std::string digest;
  std::map<std::string, std::shared_ptr<const TargetReader>> readers;  ///< by target
  std::vector<std::string> secrets;                                    ///< every secret, for the redactor
  std::vector<std::string> troubles, warnings;                         ///< with file and place where there is one

  bool ok() const { return troubles.empty(); }
};

Prepared prepare(const std::string& config_path);
/// The patterns of `evidence.redact` that this program cannot use.
std::vector<ConfigProblem> pattern_problems(const Config& config, const std::string& file);
/// From here on this process and all that it starts write nowhere but in the store's folder and in the folder of the
/// control socket, both made first. Before the first thread. Empty, or what could not be enforced.
std::string confine_daemon(const Config& config);
/// Label of this host on every alert.
std::string host_name(const Config& config);

}  // namespace readback
