#pragma once
// What is inside the engine, and its parts: targets, silences, ids. Shared by the engine's own files only.
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/engine/engine.hpp"
#include "core/engine/target.hpp"

namespace readback {

struct Engine::State {
  Config config;                      ///< without its targets: each is with its state
  std::vector<std::string> in_order;  ///< names of the targets, as the configuration has them
  EngineOptions options;
  std::shared_ptr<IdSource> ids;
  std::map<std::string, std::unique_ptr<TargetState>> targets;  ///< by name
  std::map<std::string, Silence> silences;                      ///< by id
  std::vector<IncidentRecord>
      departed;  ///< ended, and remembered by a version that kept them here: the store gets them
  Instant now{};
  std::uint64_t sweeps_counted = 0;  ///< since the start, over all targets
  bool must_reconcile = false;       ///< a restored state may know targets that the configuration has dropped
  Agenda agenda;                     ///< when each target wants to be looked at next

  TargetState* find_target(const std::string& name);
  struct FoundIncident {
    TargetState* target = nullptr;
    const Incident* incident = nullptr;
  };
  FoundIncident find_incident(const std::string& id);
  bool is_muted(const TargetState& target, Boundary b) const;
  IncidentRecord shown(const TargetState& target, const Incident& incident) const;

  // silences.cpp
  void on(SilenceAdded e, Actions& out);
  void on(const SilenceExpired& e, Actions& out);
  bool is_silenced(const std::string& target, Boundary b) const;
  void follow_silences(Actions& out);
  void tell(Actions& out, const Silence& silence, EventKind kind, const std::string& text) const;
  std::optional<MonoTime> next_silence() const;
  bool has_open_match(const Silence& silence) const;

  CaseRules rules_for(const TargetState& target) const;
  AlertEvent new_event(EventKind kind, const std::string& about = "") const;
  AlertEvent alert_of(Transition transition);
  AlertEvent alert_of(Transition transition, std::optional<Grouped> group);

  // grouping.cpp
  bool is_grouping() const;
  template <class Which>
  std::vector<const Incident*> paged_of(Boundary b, const Which& which) const;
  void choose_leader(Transition& page);
  std::optional<Grouped> group_of(Transition& transition);
  void tell_spread(Actions& out, TargetState& target);

  bool is_shared(const IncidentRecord& record);  ///< open, and what several hosts agree on decides about it
  SnapshotOrder snapshot_of(const TargetState& target, IncidentRecord incident, std::string reason);
  void seal(Actions& out, SnapshotOrder order, AfterSeal then);
  void follow_up(Actions& out, TargetState& target, std::vector<Transition> transitions);
  void keep_ended(Actions& out, TargetState& target);
  void tell_expiries(Actions& out, TargetState& target, const SweepRecord& record);

  // due.cpp: what is due
  void start_due(Actions& out);                  ///< of every target whose time has come
  void start_due(Actions& out, TargetState& t);  ///< of this one, and notes when it is to be looked at again
  void start_evidence(Actions& out, const TargetState& target, bool seals);
  MonoTime next_due() const;

  // watch.cpp: what keeps this from being a watch
  static constexpr Millis seal_again_after = Seconds(30);
  static void note_what_cannot_be_read(TargetState& target, const std::vector<JudgedRead>& reads);
  static void note_what_cannot_be_started(TargetState& target, const RawRead& check);
  void seal_again(Actions& out, TargetState& target);

  // engine.cpp: one handler an event
  void on(const Tick&, Actions& out);
  void on(SweepDone e, Actions& out);
  void on(CheckDone e, Actions& out);
  void on(Sealed e, Actions& out);
  void on(Reconfigured e, Actions& out);
  void note_sealed(Actions& out, TargetState& target, const Sealed& e);
  void heed_throttling(TargetState& target, const std::vector<JudgedRead>& reads);
  void note_since(TargetState& target);
  void count(TargetState& target, SweepDone e, SweepRecord record, Actions& out);
  void adopt(Config adopted, Actions& out);
  Config whole_config() const;

  // shared.cpp: what a fleet says
  void on(const SweepWished& e, Actions& out);
  void on(const FleetAgreed& e, Actions& out);
  void on(const CountedAnew& e, Actions& out);

  // operator.cpp: what people ask for
  void on(SymptomSaid e, Actions& out);
  void on(Acknowledged e, Actions& out);
  void on(VerifyAsked e, Actions& out);
  void on(ResolveAttested e, Actions& out);
  void on(const SweepAsked& e, Actions& out);
  void on(CaptureAsked e, Actions& out);
  void on(const TestAlertAsked& e, Actions& out);
};

/// What an operator hears: why not, as an HTTP status, or what was done.
inline Answer refusal(int problem, std::string text) { return {false, problem, std::move(text), ""}; }
inline Answer done(std::string text, std::string id = "") { return {true, 0, std::move(text), std::move(id)}; }

ProofRules proof_rules(const TargetConfig& target, const ResolutionConfig& resolution);

}  // namespace readback
