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
/// A bundle in hand and how the user called it: a file's name or an id.
struct NamedBundle {
  std::string name, bytes;
};
int diff_bundles_command(const NamedBundle& before, const NamedBundle& after, bool json);
/// The report of a bundle as one HTML page; "-" is stdout. `bytes` is the bundle, `incident` what the daemon says of
/// its incident now, or empty.
int report_command(const std::string& bytes, const std::string& incident, const std::string& out);
/// The id of the incident that a bundle was sealed for; "" when it is none, or no bundle.
std::string incident_of(const std::string& bytes);
/// Writes to a file (by way of a temporary one) or, for "-", to stdout.
int write_out(const std::string& bytes, const std::string& out);

}  // namespace readback
