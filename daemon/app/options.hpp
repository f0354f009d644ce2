#pragma once
// What was asked on the command line of readbackd.
#include <string>

namespace readback {

struct DaemonOptions {
  std::string config_path = "/etc/readback/readback.yaml";
  bool check_config = false, print = false, once = false;
};

/// sysexits(3): a configuration that cannot be used, and the rest.
inline constexpr int exit_config = 78, exit_failed = 1;

}  // namespace readback
