#pragma once
// The published view: what the socket, the status page, the metrics and `readback status` show. The engine fills the
// part about targets and incidents, the shell the part about itself. Plain data, copied out; nobody reaches into the
// engine.
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/model/record.hpp"

namespace readback {

/// New pages that match are held back from `starts_at` until `expires_at`; sweeps, records and resolves are not.
struct Silence {
  std::string id, target, reason, by;  ///< target "" is all
  std::optional<Boundary> boundary;    ///< unset: all
  WallTime created_at{}, starts_at{}, expires_at{};
  /// It ends before, with the incidents that match: as soon as one was open, and none is any more.
  bool until_resolved = false;
  bool has_begun = false;
  /// Beginning and end that count: a silence lasts as long as was asked for, whatever happens to the wall clock. Set by
  /// the engine; unset in what an older version has kept.
  std::optional<MonoTime> starts, ends;
  bool has_met = false;            ///< an incident that matches has been open since it began
  bool is_from_elsewhere = false;  ///< said on another host of the fleet, which tells of it
};

/// One read of a target as it stands now.
struct ReadView {
  std::string name, kind;  ///< "health", "surface"; "check:materialization", "check"; "path:checkout", "path"
  std::string role;        ///< of a surface: health, services, readiness, security; of a path: user, agent, automation
  std::string word;        ///< "pass", "unreachable", "drift", …; "unknown" before it was seen once
  bool stale = false, contradictory = false, green = false;
  WallTime at{}, since{};  ///< of the newest read; when this word began
  Millis took{0};
  Phases phases;
  std::string version, address;
  std::optional<WallTime> as_of, tls_expires_at;
  std::vector<std::string> reasons;
};

struct TargetView {
  std::string name, base_url;
  std::string primary = "unknown";   ///< "green", "unknown" or a boundary
  std::string extent;                ///< "" when green
  std::optional<Severity> severity;  ///< of the worst boundary that holds now; unset when green or unknown
  std::vector<std::string> also;
  std::vector<Boundary> holding;  ///< every boundary that holds in the last counted sweep
  std::string text;               ///< the verdict in one sentence, operator language
  std::uint64_t sweep = 0;        ///< number of the last sweep; 0 before the first
  std::optional<WallTime> last_sweep_at, next_sweep_at, blind_since, green_since;
  std::string void_reason;  ///< the last sweep was void: why
  bool suspected = false;   ///< a confirmation burst is going on
  bool in_maintenance = false;
  std::vector<ReadView> reads;
  std::vector<std::string> open_incidents;  ///< ids
  std::uint64_t sweeps_total = 0, sweeps_void = 0, checks_total = 0;
};

/// What the engine publishes.
struct EngineView {
  std::vector<TargetView> targets;
  std::vector<IncidentRecord> incidents;  ///< the open ones, in the order in which they are shown
  std::vector<Silence> silences;
};

/// How delivery stands, one a sink.
struct SinkView {
  std::string name, type;
  std::string state = "idle";  ///< idle, delivered, retrying, broken (parked bodies), off (answered 410)
  std::string detail;          ///< "503 Service Unavailable, 4th attempt, next in 8 s"
  std::uint64_t depth = 0, delivered = 0, failed = 0, dead = 0;
  std::optional<WallTime> oldest_at, last_attempt_at, last_success_at, next_attempt_at;
};

/// One alert of an incident on its way to one sink.
struct DeliveryView {
  WallTime at{};            ///< when the transition happened
  std::string event, sink;  ///< "firing", "hook"
  std::string state;        ///< pending, delivered, dead, expired
  std::string answer;       ///< of the last attempt: "204 No Content", "connection refused"; "" before the first
  int attempts = 0;
  std::optional<WallTime> done_at;
};

/// One sealed snapshot, as `readback snapshot list` shows it.
struct SnapshotView {
  std::string id, incident_id, target;
  std::string reason;            ///< "page", "capture: TEXT", "recovered"
  std::string boundary, extent;  ///< "" for a capture without an incident
  std::string sha256;            ///< of the bundle, lower-case hex
  std::string previous;          ///< digest of the snapshot before it in the chain; "" for the first
  std::string host;              ///< whose it is, where it was asked of the fleet; else ""
  std::uint64_t size = 0;        ///< of the bundle, bytes
  WallTime at{};                 ///< when it was sealed
};

/// A host of the fleet, as this one knows it.
struct MemberView {
  std::string host, version;
  std::string state = "alive";  ///< alive; silent: not heard for longer than `fleet.silent_after`; left: said goodbye
  bool is_self = false;
  bool is_doubled = false;                     ///< another member has the same name
  std::optional<Millis> heard_ago;             ///< unset: never since this host has been connected
  Millis lag{0};                               ///< of its oldest view, behind the interval in which it is due
  std::map<std::string, std::string> targets;  ///< what it sees of each: "green", "blind", "unknown" or a boundary
  std::vector<std::string> troubles;           ///< what keeps it from being a whole watch, as it says
};

/// Who speaks for the fleet about one boundary of one target, to one sink.
struct ClaimView {
  std::string target, boundary, sink;  ///< the boundary as in a key: `vantage` and `missing` are observer's
  std::string holder;                  ///< "": nobody speaks
  std::string told;                    ///< the severity that the receiver knows; "": it was told nothing
  std::uint64_t epoch = 0;             ///< counts the incidents of this boundary at this sink
  std::vector<std::string> passed;     ///< who had the word and got no 2xx
  int tries = 0;                       ///< attempts of all that reached the receiver since its last 2xx
};

/// How the fleet stands, as this host knows it.
struct FleetOverview {
  std::string name, host;
  bool is_connected = false;          ///< it can be asked; a connection alone proves nothing
  std::string server;                 ///< to which there is a connection; "": to none
  std::optional<Millis> away_for;     ///< this host decides alone, for so long
  std::vector<MemberView> members;    ///< by name
  std::vector<ClaimView> claims;      ///< the open ones
  std::vector<std::string> troubles;  ///< with the servers and in the fleet, a sentence each
  std::uint64_t unshipped = 0;        ///< snapshots that wait for the servers
  std::uint64_t disagreements = 0;    ///< how often some saw what others did not, since the start
};

/// What the shell publishes about itself.
struct DaemonView {
  std::string version, host, environment, config_path, config_digest;
  std::int64_t pid = 0;
  WallTime started_at{};
  std::optional<WallTime> last_reload_at;
  bool reload_ok = true;
  std::string reload_error;
  bool store_ok = true;
  std::string store_error;
  std::vector<std::string> store_notes;  ///< what was damaged and set aside since the start
  /// What else keeps this from being a whole watch (Engine::impairments, and a loop that hangs), a sentence each.
  std::vector<std::string> unwatched;
  std::uint64_t sweeps_counted = 0;  ///< since the start: the number that must grow
  std::uint64_t store_bytes = 0, snapshots = 0, sweeps_total = 0, log_overruns = 0;
  std::string sandbox;  ///< "landlock ABI 7, seccomp" or what cannot be enforced
  bool sandbox_complete = true;
  std::optional<WallTime> heartbeat_at;
  std::string evidence_key;  ///< public half of the key that signs snapshots, as its text; "" when nothing is signed
  Millis lag{0};             ///< of our own loop, at the last sweep
  std::vector<SinkView> sinks;
};

struct View {
  WallTime at{};
  DaemonView daemon;
  EngineView engine;
  std::optional<FleetOverview> fleet;  ///< unset on a host alone
};

}  // namespace readback
