#pragma once
// What concerns the daemon as a whole and no target: its heartbeat, when an incident is over, where it listens, stores
// and logs.
#include <chrono>
#include <optional>
#include <string>

#include "core/config/common.hpp"
#include "core/text/instant.hpp"

namespace readback {

struct HeartbeatConfig {
  std::optional<SecretRef> url;  ///< unset: no heartbeat
  Millis interval = Seconds(60);
};

struct ResolutionConfig {
  Millis settle = std::chrono::minutes(2);
  bool require_attestation = false;
};

struct ControlConfig {
  std::string socket = "/run/readback/control.sock", group = "readback";
};
struct HttpConfig {
  std::string listen;      ///< "" is off
  std::string public_url;  ///< where people reach its pages, without a slash at the end; "": nobody said

  /// Where people look at this incident; with "" at all of it. "" without a public_url.
  std::string page_of(const std::string& incident) const {
    if (public_url.empty()) return "";
    return public_url + (incident.empty() ? "/" : "/incidents/" + incident);
  }
};
struct StoreConfig {
  std::string path = "/var/lib/readback";
};

enum class LogLevel { debug, info, warning, error };
inline constexpr Worded<LogLevel> log_levels[] = {
    {LogLevel::debug, "debug"}, {LogLevel::info, "info"}, {LogLevel::warning, "warning"}, {LogLevel::error, "error"}};

enum class LogFormat { automatic, text, json, journal };
inline constexpr Worded<LogFormat> log_formats[] = {{LogFormat::automatic, "auto"},
                                                    {LogFormat::text, "text"},
                                                    {LogFormat::json, "json"},
                                                    {LogFormat::journal, "journal"}};

struct LogConfig {
  LogLevel level = LogLevel::info;
  LogFormat format = LogFormat::automatic;
};

}  // namespace readback
