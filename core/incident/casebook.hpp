#pragma once
// From verdicts to transitions: the state machine of one target (design: diagnosis section 4). A counted sweep goes in,
// the transitions that somebody must hear come out. Void sweeps never get here.
//
//   suspected --failures in a row--> confirmed --not inhibited, not muted--> firing (one page)
//   firing --recoveries in a row--> recovered --settle, six conditions--> resolved
//   recovered --bad again--> relapsed: firing once more, the same incident, no new page
//
// Boundaries are counted apart, and taken in the order of precedence: what inhibits is decided before what it inhibits.
#include <array>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "core/diagnosis/diagnose.hpp"
#include "core/incident/flap.hpp"
#include "core/incident/incident.hpp"
#include "core/model/alert_event.hpp"
#include "core/model/ids.hpp"

namespace readback {

/// One sweep, judged.
struct CountedSweep {
  Instant now;
  std::uint64_t number = 0;
  const SweepFacts& facts;
  const Verdict& verdict;
  const std::vector<JudgedRead>& reads;
  /// A check was asked because the signals disagree, and its answer is still awaited: nothing that the answer could
  /// explain is confirmed yet. Never set in a recording.
  bool awaiting_check = false;
};

/// What one incident did in one sweep. `view` is the incident as it stands right after it.
struct Transition {
  EventKind kind = EventKind::firing;
  IncidentView view;
  std::vector<Boundary> also;
};

struct CaseRules {
  const TargetConfig& target;
  const AlertsConfig& alerts;
  const ResolutionConfig& resolution;
  ProofRules proof;
  std::function<bool(Boundary)> muted;  ///< a silence or a maintenance window holds back new pages
};

/// What is remembered of one boundary between sweeps.
struct Track {
  int holding = 0;  ///< consecutive sweeps in which it held
  WallTime holding_since{};
  MonoTime holding_from{};
  std::uint64_t first_sweep = 0;  ///< in which it began to hold
  std::string check_ran;          ///< since it holds: belongs to the incident that may come of it
  std::optional<WallTime> check_ran_at;
  FlapWindow flap;
  std::optional<Incident> incident;  ///< the open one; a resolved one moves to the history
};

struct Episode {
  std::string id;  ///< empty: everything is green
  std::optional<FirstFailure> first;
};

class Casebook {
 public:
  std::vector<Transition> count(const CountedSweep& sweep, const CaseRules& rules, IdSource& ids);

  /// The next sweeps should come in a burst: something is bad and not yet confirmed, or worse and not yet told.
  bool suspects() const { return suspects_; }
  /// Some incident needs the checks to run again soon: it is being verified, or rests on a check that now passes.
  bool wants_checks() const;

  std::vector<Incident*> open_incidents();
  std::vector<const Incident*> open_incidents() const;
  Incident* find(const std::string& incident_id);
  const Incident* find(const std::string& incident_id) const;
  IncidentView* find_resolved(const std::string& incident_id);
  const std::vector<IncidentView>& history() const { return history_; }
  Incident& declare(Boundary b, const std::string& target, Instant now, IdSource& ids);
  /// Closes every open incident, as when its target is no longer watched. The views of those that were paged come back.
  std::vector<Transition> close_all(Instant now, const std::string& why);

  // For the state file.
  std::array<Track, std::size(all_boundaries)> tracks;
  Episode episode;
  std::optional<MonoTime> blind_from;  ///< the first of the sweeps in a row that saw nothing
  std::uint64_t last_good = 0;         ///< number of the last fully green sweep
  std::vector<IncidentView> history_;  ///< resolved, newest last; at most `history_kept`
  static constexpr std::size_t history_kept = 50;

 private:
  struct Pass;
  bool suspects_ = false;
};

}  // namespace readback
