#pragma once
// One incident with what the state machine has to remember about it, and the ledger of the six conditions.
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/model/record.hpp"

namespace readback {

/// One more entry in its timeline.
void note(IncidentView& incident, WallTime at, std::string kind, std::string text);

struct Incident {
  IncidentView view;
  bool paged = false;  ///< a `firing` has gone out: what follows is told too, whatever is muted meanwhile
  bool flapping = false, told_flapping = false;
  bool told_total = false;  ///< once it was: total again after it has flapped is no news
  int passes = 0;           ///< consecutive sweeps in which the boundary's own reads were made and pass
  int worse = 0;            ///< consecutive sweeps in which it was worse than what was paged
  int attempts = 0;         ///< sweeps or results that confirmed it
  MonoTime opened{}, confirmed{}, spoken{};  ///< spoken: the last page or reminder
  std::optional<MonoTime> recovered;
  std::optional<MonoTime> green_since;  ///< the target has been fully green since then; unset while it is not
  std::set<std::string> blamed;         ///< every read that was at fault at some time
  std::set<std::string> failed_paths;   ///< bare names
  std::set<std::string> verified;       ///< reads that were made after the recovery and are green
  bool saw_green = false;               ///< a fully green sweep has come since it was told, or since it opened
  bool sealed_before_green = false;
  std::string sealed_id;  ///< the first snapshot that was sealed before it
  std::optional<WallTime> sealed_at;
  std::string symptom_by;  ///< empty: what failed first was taken for it
  std::optional<WallTime> symptom_at;
  std::string check_ran;  ///< "check:materialization said drift"; empty: none ran during the incident
  std::optional<WallTime> check_ran_at;
  bool attested = false;  ///< the operator named the runbook that was used
  std::string attested_runbook, attested_note, attested_by;
  std::optional<WallTime> attested_at, verified_at;

  bool is_open() const { return view.state != IncidentState::resolved; }
  /// Confirmed and not over: it inhibits its consequences.
  bool is_active() const { return is_open() && view.state != IncidentState::recovered; }
  void note(WallTime at, std::string kind, std::string text);
  /// A sealed snapshot is the proof of condition 2 when it is the first one and nothing was fully green before it.
  void captured(std::string snapshot_id, WallTime at);
};

/// What the configuration says about proving a resolution.
struct ProofRules {
  std::vector<std::string> surfaces, checks, paths;  ///< read names that must be read again ("check:…", "path:…")
  bool require_attestation = false;
};

/// The ledger, always six entries in order.
std::vector<ConditionState> six_conditions(const Incident& incident, const ProofRules& rules);
/// All six hold; an unattested runbook blocks only where the rules (or an operator-declared incident) demand one.
bool all_hold(const std::vector<ConditionState>& conditions);

}  // namespace readback
