#pragma once
// What was asked on the command line of readbackd.
#include <string>

namespace readback {

struct DaemonOptions {
  std::string config_path = "/etc/readback/readback.yaml";
  bool check_config = false, print = false, once = false;
};

/// sysexits(3): a configuration that cannot be used, an error of our own, a stop that had to leave something behind,
/// and the rest.
inline constexpr int exit_config = 78, exit_bug = 70, exit_forced = 75, exit_failed = 1;

}  // namespace readback
