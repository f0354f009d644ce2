#pragma once
// The whole configuration as plain structs with their defaults (contract section 2). `config/load.hpp` fills them from
// YAML; the rest of the program only ever sees these. Every default says why it is that number.
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/verdict.hpp"
#include "core/text/instant.hpp"

namespace readback {

/// Where something stands in the file, from 1 (0: nowhere); for messages.
struct FilePlace {
  int line = 0, column = 0;
};

/// A secret or a plain header value: where to get it. Only `daemon/platform/secrets` turns it into text.
struct SecretRef {
  enum class From { plain, credential, file, env };
  From from = From::plain;
  std::string value;  ///< the text itself (plain), the credential's name, the file's path or the variable's name
  FilePlace at;
};

struct Words {  ///< added to the built-in lists; normalised (lower case, '_' for '-' and blanks)
  std::set<std::string> pass, warn, fail, neutral;
};

enum class SurfaceRole { health, services, readiness, security };
std::string_view to_string(SurfaceRole r);

struct SurfaceConfig {
  std::string name;
  std::string path;  ///< begins with '/', joined to base_url
  SurfaceRole role = SurfaceRole::readiness;
  std::string verdict;  ///< JSON pointer that wins over the search for a verdict field; "" is search
  std::vector<std::string> critical_items;
  std::optional<Millis> stale_after;  ///< else the target's
  Words words;
  bool version_header = false;               ///< read `X-Version` when the body names no version
  std::vector<std::string> volatile_fields;  ///< JSON pointers left out of snapshot diffs
};

enum class Network { none, loopback, any };
std::string_view to_string(Network n);

enum class CheckRole { materialization, evidence };

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

enum class PathKind { user, agent, automation };
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

struct TlsConfig {
  std::string ca_file, cert_file, key_file, server_name;
  bool verify = true;
  Millis expires_within =
      std::chrono::hours(24 * 14);  ///< announced this long ahead: a renewal is retried daily for weeks
  FilePlace at;
};

struct ConfirmConfig {
  int failures = 3;             ///< consecutive sweeps; one lost packet pages nobody
  Millis spacing = Seconds(2);  ///< between the sweeps of a confirmation burst
  int recoveries = 3;
};

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
  std::vector<SurfaceConfig> surfaces;  ///< the four built-in ones unless changed, in their fixed order
  std::vector<CheckConfig> checks;
  std::vector<PathConfig> paths;
  std::vector<std::string> references;
  Millis blind_limit = std::chrono::minutes(10);
  std::map<Boundary, RunbookConfig> runbooks;  ///< only what the user wrote; defaults come from core/alert/runbooks
  std::vector<MaintenanceWindow> maintenance;
};

enum class SinkType { webhook, pagerduty, alertmanager, slack };
std::string_view to_string(SinkType t);
enum class DedupScope { host, platform };

struct SinkConfig {
  std::string name;
  SinkType type = SinkType::webhook;
  std::vector<SecretRef> urls;       ///< one, except for alertmanager; pagerduty has a default
  std::vector<SecretRef> secrets;    ///< webhook: one, two during a rotation
  SecretRef routing_key;             ///< pagerduty
  std::vector<Boundary> boundaries;  ///< empty: all
  std::vector<std::string> targets;  ///< empty: all
  Severity min_severity = Severity::info;
  DedupScope dedup_scope = DedupScope::host;
  Millis timeout = Seconds(10);
  TlsConfig tls;
  std::vector<std::pair<std::string, SecretRef>> headers;
  FilePlace at;
};

struct AlertsConfig {
  Millis renotify = std::chrono::hours(4);
  std::vector<SinkConfig> sinks;
};

struct HeartbeatConfig {
  std::optional<SecretRef> url;  ///< unset: no heartbeat
  Millis interval = Seconds(60);
};

struct RedactConfig {
  std::vector<std::string> keys, patterns;
  FilePlace at;  ///< of the patterns
};

struct EvidenceConfig {
  Millis keep_time = std::chrono::hours(24 * 30);
  std::uint64_t keep_bytes = std::uint64_t{1} << 30;
  RedactConfig redact;
  std::vector<CheckConfig> commands;  ///< read-only extras, run in the check's sandbox when a snapshot is sealed
};

struct ResolutionConfig {
  Millis settle = std::chrono::minutes(2);
  bool require_attestation = false;
};

struct ControlConfig {
  std::string socket = "/run/readback/control.sock", group = "readback";
};
struct HttpConfig {
  std::string listen;
};  ///< "" is off
struct StoreConfig {
  std::string path = "/var/lib/readback";
};

enum class LogLevel { debug, info, warning, error };
enum class LogFormat { automatic, text, json, journal };
struct LogConfig {
  LogLevel level = LogLevel::info;
  LogFormat format = LogFormat::automatic;
};

struct Config {
  std::string environment = "default";
  std::string host;  ///< label on every alert; "" is the machine's host name
  std::vector<TargetConfig> targets;
  AlertsConfig alerts;
  HeartbeatConfig heartbeat;
  EvidenceConfig evidence;
  ResolutionConfig resolution;
  ControlConfig control;
  HttpConfig http;
  StoreConfig store;
  LogConfig log;
};

/// The four surfaces of the runbook, in its order: what a target watches that says nothing of its own.
std::vector<SurfaceConfig> default_surfaces();
/// A target of the defaults, as `replay` uses it for a name that no configuration mentions.
TargetConfig default_target(std::string name);

}  // namespace readback
