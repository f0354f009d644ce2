#pragma once
// From YAML to the configuration, with every problem at once: each has file, line, column and what to write instead.
// What the file does not say keeps its default; what it says and nobody knows is an error, at any depth.
#include <string>
#include <string_view>
#include <vector>

#include "core/config/config.hpp"

namespace readback {

struct ConfigProblem {
  std::string file;
  int line = 0, column = 0;  ///< from 1; 0 when the problem has no place in the file
  bool warning = false;      ///< does not keep the daemon from starting
  std::string text;
  std::string suggestion;  ///< what to write instead; may be empty
};
/// `readback.yaml:12:5: unknown key `intervall`; did you mean `interval`?`
std::string to_string(const ConfigProblem& problem);

struct LoadedConfig {
  Config config;
  std::string file;                     ///< the configuration itself; its problems come before those of others
  std::vector<ConfigProblem> problems;  ///< in the order of each file; what has no place in it comes last
  bool ok() const;                      ///< no error; warnings are allowed
  /// Joins what somebody else found in the same file: the host (problems_on_host), or who looked up its secrets.
  void add(std::vector<ConfigProblem> more);
};

inline constexpr std::size_t largest_config = 1 << 20;  ///< bytes: thousands of targets, each with a few keys

/// Never throws.
LoadedConfig parse_config(std::string_view yaml, const std::string& file);
/// Reads the file as well, the files that it includes, and the templates; one that cannot be read is a problem like the
/// others.
LoadedConfig load_config(const std::string& path);

/// What only the host can tell: a check's program and folder, files that are named. Reads the file system, changes
/// nothing. A configuration with mistakes of its own may be asked as well.
std::vector<ConfigProblem> problems_on_host(const Config& config, const std::string& file);

/// Who else on this host may write the configuration, a secret that it names, or a folder on the way to one (an error
/// each), or read what is secret (a warning); each with the chmod that mends it. What is not there is passed by. Reads
/// the file system's modes only, so it can be asked by who may not read the secrets.
std::vector<ConfigProblem> problems_of_access(const Config& config, const std::string& file);

/// The effective configuration as YAML that parses again. Plain secrets are masked, references stand as they are.
std::string print_config(const Config& config);
/// SHA-256 of what is in force, secrets included by their own digest only: two daemons with one digest behave alike.
std::string config_digest(const Config& config);

}  // namespace readback
