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
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/config/alerts.hpp"
#include "core/config/daemon.hpp"
#include "core/config/target.hpp"
#include "core/diagnosis/diagnose.hpp"
#include "core/incident/conditions.hpp"
#include "core/incident/flap.hpp"
#include "core/incident/incident.hpp"
#include "core/incident/shared.hpp"
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

/// What one incident did in one sweep, and how it stands right after it.
struct Transition {
  EventKind kind = EventKind::firing;
  IncidentRecord record;
  std::vector<std::string> only = {};  ///< the sinks that it is for; empty: all that take it
  std::string leader = {};             ///< Incident::leader
};

struct CaseRules {
  const std::string& environment;
  const TargetConfig& target;
  const AlertsConfig& alerts;
  const ResolutionConfig& resolution;
  ProofRules proof;
  std::function<bool(Boundary)> muted;  ///< a silence or a maintenance window holds back new pages
  /// What begins and ends by what several hosts agree on (turn()), not by this one's counting. Empty: nothing does.
  std::function<bool(Boundary)> shared;
};

/// The alert's key, and the owner's runbook where none is named. Chosen once, at the first page: a reload must not
/// change the key.
void name_key(IncidentRecord& record, const CaseRules& rules);

/// What is remembered of one boundary between sweeps.
struct Track {
  int holding = 0;  ///< consecutive sweeps in which it held
  WallTime holding_since{};
  MonoTime holding_from{};
  std::uint64_t first_sweep = 0;  ///< in which it began to hold
  std::string check_ran;          ///< since it holds: belongs to the incident that may come of it
  std::optional<WallTime> check_ran_at;
  FlapWindow flap;
  std::unique_ptr<Incident> incident;  ///< the open one, which few targets have; a resolved one goes to the store
};

struct Episode {
  std::string id;  ///< empty: everything is green
  std::optional<FirstFailure> first;
  bool is_of_never_there = false;  ///< `first` is a surface that never was there, and nothing has failed since
  std::optional<MonoTime> bad_at;  ///< a read was bad the last time
};

class Casebook {
 public:
  std::vector<Transition> count(const CountedSweep& sweep, const CaseRules& rules, IdSource& ids);

  /// The next sweeps should come in a burst: something is bad and not yet confirmed, or worse and not yet told.
  bool suspects() const { return suspects_; }
  /// Some incident needs the checks to run again soon: it is being verified, or rests on a check that now passes.
  bool wants_checks() const;

  std::vector<const Incident*> open_incidents() const;
  /// Nothing when no open incident has that id.
  const Incident* find(const std::string& incident_id) const;
  /// Number of the last fully green sweep; 0 before the first.
  std::uint64_t last_good() const { return last_good_; }

  /// Opens an incident on an operator's word.
  const Incident& declare(Boundary b, const Symptom& said, const CaseRules& rules, Instant now, IdSource& ids);
  /// Nobody has acknowledged a page in time: whoever waits for that (alerts.escalate) is called, each sink once an
  /// incident. To be asked after each sweep, counted or not.
  std::vector<Transition> call_others(const CaseRules& rules, Instant now);
  // What people and the disk say of an open incident, by its id; nothing happens when no open one has it.
  void record_symptom(const std::string& incident_id, const Symptom& said, WallTime at);
  /// What is to be told of it; nothing when nobody was paged or somebody has acknowledged it before.
  std::vector<Transition> acknowledge(const std::string& incident_id, const std::string& by, const ProofRules& proof,
                                      WallTime at);
  void attest(const std::string& incident_id, const Attestation& word, WallTime at);
  void note_verification(const std::string& incident_id, WallTime at);
  void sealed(const std::string& incident_id, const EvidenceRef& evidence, bool on_request, WallTime at);
  void seal_failed(const std::string& incident_id, const std::string& why, WallTime at);
  /// Under which incident it is told where a sink groups by cause, and that it has been said how far that has spread.
  void group_under(const std::string& incident_id, const std::string& leader);
  void spread_told(const std::string& incident_id);

  // A boundary that is shared with other hosts.
  /// What this host sees of those that `rules.shared` names, as of the last sweep; `verdict` is that sweep's.
  std::vector<SeenHere> seen(const Verdict& verdict, const CaseRules& rules) const;
  /// What they agree on: it fires, is told as worse, recovers, relapses or ends. What is to be told of it; nothing when
  /// it changes nothing here. What fires and is not seen here is opened on their word.
  std::vector<Transition> turn(Boundary b, const Agreement& agreed, const CaseRules& rules, Instant now, IdSource& ids);
  /// The incident of all has ended: what is still seen here must be counted again. False when nothing is.
  bool count_anew(Boundary b, const ProofRules& proof, WallTime at);
  /// As it is told when it is over; it stays open until the fleet has told it (turn()). Nothing when none is open.
  std::optional<IncidentRecord> as_ended(Boundary b, const Agreement& agreed, const CaseRules& rules, Instant now);
  /// The open incident of a boundary; null when there is none.
  const Incident* open_of(Boundary b) const;

  /// The configuration was read anew: no open incident waits for what is gone from it.
  void forget_gone(const ProofRules& proof, WallTime at);
  /// Closes every open incident, as when its target is no longer watched. What is to be told of those that were paged.
  std::vector<Transition> close_all(const ProofRules& proof, Instant now, const std::string& why);
  /// Those that have ended since the last call: the store keeps them, nobody here does.
  std::vector<IncidentRecord> take_ended() { return std::exchange(ended_, {}); }

  /// For the state file (core/incident/fields.hpp).
  template <class V, class X>
  static void visit_kept(V& visit, X& book) {
    visit("tracks", book.tracks_);
    visit("episode", book.episode_);
    visit("blind_from", book.blind_from_);
    visit("last_good", book.last_good_);
    visit("history", book.ended_);  // of a version that remembered what had ended: the store gets it
  }

 private:
  struct Pass;
  Incident* at(const std::string& incident_id);

  std::array<Track, std::size(all_boundaries)> tracks_;
  Episode episode_;
  std::optional<MonoTime> blind_from_;  ///< the first of the sweeps in a row that saw nothing
  std::uint64_t last_good_ = 0;
  std::vector<IncidentRecord> ended_;
  bool suspects_ = false;
};

}  // namespace readback
