#pragma once
// What one target is asked, how often, and what its answers must say: surfaces, checks, paths, runbooks, windows.
// Every default says why it is that number.
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/config/check.hpp"
#include "core/config/common.hpp"
#include "core/model/verdict.hpp"
#include "core/text/instant.hpp"
#include "core/text/shared.hpp"

namespace readback {

struct Words {  ///< asked before the built-in lists: texts, numbers and booleans as they are written, in lower case
  std::set<std::string> pass, warn, fail, neutral;
};

enum class SurfaceRole { health, services, readiness, security };
inline constexpr Worded<SurfaceRole> surface_roles[] = {{SurfaceRole::health, "health"},
                                                        {SurfaceRole::services, "services"},
                                                        {SurfaceRole::readiness, "readiness"},
                                                        {SurfaceRole::security, "security"}};
std::string_view to_string(SurfaceRole r);

/// `codes:` of a surface says what a status code means there.
inline constexpr Worded<Reading> code_readings[] = {{Reading::pass, "pass"},     {Reading::warn, "warn"},
                                                    {Reading::fail, "fail"},     {Reading::unknown, "unknown"},
                                                    {Reading::denied, "denied"}, {Reading::missing, "missing"}};
/// Whether the body is judged, or the status code is the whole answer.
enum class Accepts { body, status };
inline constexpr Worded<Accepts> what_surfaces_accept[] = {{Accepts::body, "body"}, {Accepts::status, "status"}};

struct SurfaceConfig {
  std::string name;
  std::string path;  ///< begins with '/', joined to base_url
  SurfaceRole role = SurfaceRole::readiness;
  Accepts accept = Accepts::body;
  std::map<int, Reading> codes;       ///< what these status codes mean; the body can only make it worse
  std::optional<Millis> max_latency;  ///< slower than this is up, but slow: at least a warning
  std::string verdict;                ///< JSON pointer that wins over the search for a verdict field; "" is search
  std::vector<std::string> critical_items;
  std::optional<Millis> stale_after;  ///< else the target's
  Words words;
  bool version_header = false;               ///< read `X-Version` when the body names no version
  std::vector<std::string> volatile_fields;  ///< JSON pointers left out of snapshot diffs
};

enum class PathKind { user, agent, automation };
inline constexpr Worded<PathKind> path_kinds[] = {
    {PathKind::user, "user"}, {PathKind::agent, "agent"}, {PathKind::automation, "automation"}};
std::string_view to_string(PathKind k);

struct PathExpect {
  std::vector<int> status;  ///< empty: any 2xx
  std::string body_contains;
  std::map<std::string, std::string> json;  ///< JSON pointer -> expected scalar, as its JSON or plain text
  std::optional<Millis> max_latency;
};

struct PathConfig {
  std::string name;
  PathKind kind = PathKind::user;
  std::string url;  ///< absolute, or begins with '/' and is joined to base_url
  PathExpect expect;
  std::optional<Millis> timeout;  ///< else the target's
};

struct ConfirmConfig {
  int failures = 3;             ///< consecutive sweeps; one lost packet pages nobody
  Millis spacing = Seconds(2);  ///< between the sweeps of a confirmation burst
  int recoveries = 3;
};

/// The days of `MaintenanceWindow::days`.
inline constexpr Worded<int> week_days[] = {{0, "sun"}, {1, "mon"}, {2, "tue"}, {3, "wed"},
                                            {4, "thu"}, {5, "fri"}, {6, "sat"}};

struct MaintenanceWindow {
  std::set<int> days;   ///< 0 = Sunday .. 6; empty: every day
  int from_minute = 0;  ///< minutes after local midnight
  Millis length = std::chrono::hours(1);
  std::string timezone = "UTC";  ///< IANA name
  /// The zone's offsets from UTC, each in force from `begin` (seconds since 1970) on; filled when the configuration is
  /// read, so that core needs no time zone database. Empty is UTC.
  struct ZoneOffset {
    std::int64_t begin = 0;
    int seconds = 0;
  };
  std::vector<ZoneOffset> zone;
};

struct RunbookConfig {
  std::string title, url, owner, next_safe_step;
};

struct TargetConfig {
  std::string name;
  FilePlace at;
  std::string base_url;           ///< http://, https:// or unix:///path.sock
  Millis interval = Seconds(30);  ///< the stack's own health checks run at 30 s
  Millis timeout = Seconds(5);    ///< covers DNS, connect, TLS, headers and body together
  int jitter_percent = 10;
  int request_budget_per_minute = 90;  ///< the platform's own limit for read sweeps
  std::vector<std::pair<std::string, SecretRef>> headers;
  TlsConfig tls;
  ConfirmConfig confirm;
  Millis stale_after = std::chrono::minutes(10);  ///< 0 is off
  Millis episode_window = std::chrono::minutes(5);
  Words words;
  std::vector<Shared<SurfaceConfig>> surfaces;  ///< the four built-in ones unless changed, in their fixed order
  std::vector<CheckConfig> checks;
  std::vector<PathConfig> paths;
  std::vector<std::string> references;
  Millis blind_limit = std::chrono::minutes(10);
  std::map<Boundary, RunbookConfig> runbooks;  ///< only what the user wrote; defaults come from core/alert/runbooks
  std::vector<MaintenanceWindow> maintenance;
};

/// The four surfaces of the runbook, in its order: what a target watches that says nothing of its own. All share them.
std::vector<Shared<SurfaceConfig>> default_surfaces();
/// A target of the defaults, as `replay` uses it for a name that no configuration mentions.
TargetConfig default_target(std::string name);

}  // namespace readback
