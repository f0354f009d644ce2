#pragma once
// A command that only reads, and the sandbox in which it runs: the check of a target, or one that a snapshot asks.
#include <chrono>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/common.hpp"

namespace readback {

enum class Network { none, loopback, any };
inline constexpr Worded<Network> networks[] = {
    {Network::none, "none"}, {Network::loopback, "loopback"}, {Network::any, "any"}};
std::string_view to_string(Network n);

/// `evidence` is not written in the file: it is what a command below `evidence.commands` is.
enum class CheckRole { materialization, evidence };
inline constexpr Worded<CheckRole> check_roles[] = {{CheckRole::materialization, "materialization"}};

struct SandboxConfig {
  Network network = Network::loopback;
  bool require = false;                   ///< refuse to run where the kernel cannot enforce all of it
  std::vector<std::string> unix_sockets;  ///< paths that the check may connect to; none by default
  std::vector<std::string> read_paths;    ///< empty: everything may be read (the default)
  bool operator==(const SandboxConfig&) const = default;
};

struct CheckConfig {
  std::string name;
  FilePlace command_at, cwd_at;
  CheckRole role = CheckRole::materialization;
  std::vector<std::string> command;  ///< argv; never a shell line
  std::string cwd;
  Millis interval = std::chrono::minutes(5);  ///< drift moves at the pace of deployments, not of requests
  Millis timeout = Seconds(60);
  std::set<int> in_sync_exits{0}, drift_exits, broken_exits;  ///< what `exit_codes` overrides; see core/reading
  std::map<std::string, std::string> env;                     ///< added to the fixed environment
  SandboxConfig sandbox;
};
/// Whether a result of the one may be taken for a result of the other: how often and how long it runs does not matter.
bool is_same_question(const CheckConfig& a, const CheckConfig& b);

}  // namespace readback
