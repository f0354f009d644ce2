#pragma once
// The commands that need no daemon: replay, probe, and what can be done with a bundle in hand.
#include <string>
#include <vector>

namespace readback {

struct ReplayCommand {
  std::string file, config;
  bool verdicts = false, strict = false;
};
int replay_command(const ReplayCommand& command);

struct ProbeCommand {
  std::string url, config_out;
  std::vector<std::string> headers;  ///< `NAME: VALUE`, or `@FILE` with such lines
  bool json = false;
  int timeout_ms = 5000;
};
int probe_command(const ProbeCommand& command);

int verify_bundle_command(const std::string& file, bool json);
int diff_bundles_command(const std::string& before, const std::string& after, bool json);
/// The report of a bundle as one HTML page; "-" is stdout. `bytes` is the bundle.
int report_command(const std::string& bytes, const std::string& out);
/// Writes to a file (by way of a temporary one) or, for "-", to stdout.
int write_out(const std::string& bytes, const std::string& out);

}  // namespace readback
