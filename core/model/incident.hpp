#pragma once
// An incident as it is written down: the facts, in the order and with the names under which everybody sees them. State
// file, socket, bundle, replay and alert are visitors of one list of these fields (core/codec/fields.hpp).
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/verdict.hpp"
#include "core/text/instant.hpp"

namespace readback {

struct FirstFailure {
  std::string read;  ///< "health", "check:materialization"
  WallTime at{};
  std::string reason;  ///< "connection refused"
  friend bool operator==(const FirstFailure&, const FirstFailure&) = default;
};

struct Runbook {
  std::string title, url, owner;
  friend bool operator==(const Runbook&, const Runbook&) = default;
};

/// One of the six conditions of a resolved incident (design: diagnosis section 5).
struct ConditionState {
  int number = 0;  ///< 1..6
  enum class State { unmet, met, not_applicable, unattested } state = State::unmet;
  std::string by;  ///< what met it: "sweep 41", "readback symptom", "snapshot 0192…"
  std::optional<WallTime> at;
  bool demanded = false;  ///< unattested, and that alone keeps the incident open
  std::string_view title() const;
  /// Does it stand in the way of nothing?
  bool holds() const { return state != State::unmet && !demanded; }
};
std::string_view to_string(ConditionState::State s);
/// All six hold; an unattested runbook is in the way only where one is demanded. False when there is none.
bool conditions_hold(const std::vector<ConditionState>& conditions);

struct TimelineEntry {
  WallTime at{};
  std::string kind;  ///< "opened", "firing", "ack", "symptom", "recovered", "verify", …
  std::string text;
};

/// The snapshot that an alert of the incident names.
struct EvidenceRef {
  std::string snapshot;  ///< its id; empty: none could be sealed (yet)
  std::string sha256;    ///< of the bundle, lower-case hex
  std::string signature,
      key;  ///< of its manifest, and the public key that it fits, in base64; "" when it is not signed
  bool empty() const { return snapshot.empty(); }
};

/// Sweeps that its evidence is taken from, by number; 0: there is none.
struct SweepNumbers {
  std::uint64_t last_good = 0, first_bad = 0, at_page = 0;
};

enum class IncidentState { inhibited, muted, firing, recovered, resolved };
std::string_view to_string(IncidentState s);

struct IncidentRecord {
  std::string id, episode, target;
  Boundary boundary = Boundary::outage;
  Extent extent = Extent::degraded;
  Severity severity = Severity::error;
  IncidentState state = IncidentState::firing;
  bool declared = false;  ///< opened by an operator, not by sweeps
  WallTime opened_at{}, confirmed_at{};
  std::optional<WallTime> paged_at, recovered_at, resolved_at, acknowledged_at;
  std::string acknowledged_by;
  std::optional<FirstFailure> first_failure;
  std::string symptom;  ///< in the operator's words, else what failed first
  std::string exposed_by;
  std::string summary;  ///< one line: "OUTAGE total fabric: /health refused since 03:11:58Z (3 of 3 sweeps)"
  std::vector<std::string> why;
  std::vector<Boundary> also;
  EvidenceRef evidence;
  Runbook runbook;
  std::string next_safe_step;
  /// The alert's key without the host part: "prod/fabric/outage". A sink of scope `host` appends "/<host>". Chosen at
  /// the first page, and kept over reloads.
  std::string dedup_base;
  std::vector<ConditionState> conditions;  ///< all six, in order
  SweepNumbers sweeps;
  std::vector<TimelineEntry> timeline;

  bool is_open() const { return state != IncidentState::resolved; }
};

/// The same boundary, and the same read that failed first, for the same reason.
bool is_same_cause(const IncidentRecord& a, const IncidentRecord& b);

/// The order of every list: what somebody was paged for, what is recovering, what is held back, what is over; the
/// louder and then the newer first.
bool shown_before(const IncidentRecord& a, const IncidentRecord& b);

}  // namespace readback
