#pragma once
// From a configuration file to everything that a daemon can be started or reloaded with: parsed, validated, secrets
// looked up, TLS loaded. All of it, or the reasons why not; a reload that fails here has changed nothing.
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "config/load.hpp"
#include "daemon/platform/secrets.hpp"
#include "daemon/read/sweep.hpp"

namespace readback {

/// What is being read at this moment, for whoever has waited long enough. From any thread.
class Doing {
 public:
  void now(std::string what) {
    const std::lock_guard lock(mutex_);
    what_ = std::move(what);
  }
  std::string what() const {
    const std::lock_guard lock(mutex_);
    return what_;
  }

 private:
  mutable std::mutex mutex_;
  std::string what_;
};

/// A target made ready, with what it was made of. Nobody calls us when a certificate or a token is replaced on the
/// disk: the files are looked at again before each sweep.
struct PreparedTarget {
  std::size_t place = 0;  ///< in the configuration's list
  std::shared_ptr<const TargetReader> reader;
  std::vector<std::string> files;  ///< certificates, keys and secrets that it names
  std::string stamp;               ///< of the files, from before they were read
};

struct Prepared {
  Config config;
  std::string digest;
  std::map<std::string, PreparedTarget> targets;  ///< by name
  std::vector<std::string> secrets;               ///< every secret, for the redactor
  RevealedSecrets revealed;                       ///< what lay in files, for the sinks
  std::vector<std::string> troubles, warnings;    ///< with their places, in the order of the file

  bool ok() const { return troubles.empty(); }
  /// Nothing when there is no such target. Asked for each sweep: nobody walks through thousands of them.
  const TargetConfig* config_of(const std::string& target) const;
};

/// For a start and for a reload. What a check names may be missing on this host: that is told when the check runs.
/// Waits for whatever the configuration names, for as long as that takes: not in the loop. `doing` tells for what.
Prepared prepare(const std::string& config_path, Doing& doing);
/// The same for one target of a configuration that is in force, when its files have another stamp than `known`; nothing
/// when they have not. Without a reader when they cannot be used as they are now, which `trouble` tells. Not in the
/// loop.
struct RenewedTarget {
  PreparedTarget target;
  std::vector<std::string> secrets;
  std::string trouble;
};
std::optional<RenewedTarget> renew(const TargetConfig& target, const PreparedTarget& known);
/// What `--check-config` tells: the file, and what this host has not of what it names. Secrets are not looked up,
/// because an operator who checks the file need not be able to read them.
LoadedConfig examine(const std::string& config_path);
/// From here on this process and all that it starts write nowhere but in the store's folder and in the folder of the
/// control socket, both made first. Before the first thread. A failure tells what could not be enforced.
Result<void> confine_daemon(const Config& config);
/// What is the daemon's own, and no check's business: the store, the configuration, the control socket, the files of
/// secrets and keys, and what the service manager gave us.
std::vector<std::string> own_paths(const Config& config, const std::string& config_path);
/// Label of this host on every alert.
std::string host_name(const Config& config);

}  // namespace readback
