#pragma once
// What is kept of sweeps and incidents: plain data that the store writes, the socket shows and a bundle contains.
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/alert_event.hpp"
#include "core/model/raw_read.hpp"
#include "core/model/reading.hpp"
#include "core/model/verdict.hpp"

namespace readback {

/// The engine's state in parts, so that one bad target among thousands does not write all of them again: a text for
/// each target by its name, and "" for what belongs to none. In a change an empty text removes its part.
using SavedState = std::map<std::string, std::string>;

/// One read as it was judged. `word` is the reading ("pass", "unreachable", "drift", "broken").
struct JudgedRead {
  RawRead raw;
  std::string word;
  bool stale = false, contradictory = false;
  bool green = false;
  std::vector<std::string> reasons;
};

/// A whole sweep: what came back, what was understood, which boundaries held.
struct SweepRecord {
  std::string target;
  std::uint64_t sweep = 0;
  WallTime at{};
  std::vector<JudgedRead> reads;
  std::string primary;  ///< "green", "unknown" or a boundary
  std::string extent;   ///< "" when green
  std::vector<std::string> also;
  std::string void_reason;  ///< not empty: not counted
};

/// One of the six conditions of a resolved incident (design: diagnosis section 5).
struct ConditionState {
  int number = 0;  ///< 1..6
  std::string title;
  enum class State { unmet, met, not_applicable, unattested } state = State::unmet;
  std::string by;  ///< what met it: "sweep 41", "readback symptom", "snapshot 0192…"
  std::optional<WallTime> at;
  bool demanded = false;  ///< unattested, and that alone keeps the incident open
  /// Does it stand in the way of nothing?
  bool holds() const { return state != State::unmet && !demanded; }
};
std::string_view to_string(ConditionState::State s);

/// Which evidence belongs into a snapshot. Sweeps are named by number; 0 means there is none.
struct SnapshotOrder {
  std::string snapshot_id, incident_id, episode_id, target;
  std::string reason;       ///< "page", "escalated", "capture: TEXT", "symptom: TEXT"
  bool on_request = false;  ///< an operator's capture
  std::uint64_t last_good = 0, first_bad = 0, at_page = 0, latest = 0;
  WallTime at{};
  std::string boundary, extent, severity;  ///< empty for a capture without an incident
  std::string summary;                     ///< the line of the page
  std::vector<std::string> why;
  std::optional<FirstFailure> first_failure;
  Runbook runbook;
  std::string next_safe_step, symptom, exposed_by;
  std::vector<ConditionState> conditions;
};

struct TimelineEntry {
  WallTime at{};
  std::string kind;  ///< "opened", "firing", "ack", "symptom", "recovered", "verify", …
  std::string text;
};

enum class IncidentState { inhibited, muted, firing, recovered, resolved };
std::string_view to_string(IncidentState s);

/// An incident as the outside sees it.
struct IncidentView {
  std::string id, episode_id, target;
  Boundary boundary = Boundary::outage;
  IncidentState state = IncidentState::firing;
  Extent extent = Extent::degraded;
  Severity severity = Severity::error;
  bool declared = false;  ///< opened by an operator, not by sweeps
  WallTime opened_at{}, confirmed_at{};
  std::optional<WallTime> paged_at, recovered_at, resolved_at, acknowledged_at;
  std::string acknowledged_by;
  std::optional<FirstFailure> first_failure;
  std::string symptom, exposed_by, summary;
  std::vector<std::string> why;
  std::vector<Boundary> also;
  std::string snapshot_id, snapshot_sha256;
  Runbook runbook;
  std::string next_safe_step;
  std::string dedup_base;
  std::vector<ConditionState> conditions;
  std::vector<TimelineEntry> timeline;
  std::uint64_t last_good = 0, first_bad = 0, at_page = 0;
};

}  // namespace readback
