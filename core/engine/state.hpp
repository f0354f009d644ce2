#pragma once
// What is inside the engine, and its parts: targets, silences, ids. Shared by the engine's own files only.
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/engine/engine.hpp"
#include "core/engine/target.hpp"

namespace readback {

struct Engine::State {
  Config config;
  EngineOptions options;
  IdSource ids;
  std::map<std::string, std::unique_ptr<TargetState>> targets;  ///< by name
  std::map<std::string, Silence> silences;                      ///< by id
  std::vector<IncidentRecord>
      departed;  ///< ended, and remembered by a version that kept them here: the store gets them
  Instant now{};
  bool must_reconcile = false;  ///< a restored state may know targets that the configuration has dropped
  /// When each target wants to be looked at next, the earliest first: no event walks through thousands of targets.
  std::set<std::pair<MonoTime, std::string>> agenda;

  TargetState* find_target(const std::string& name);
  struct FoundIncident {
    TargetState* target = nullptr;
    const Incident* incident = nullptr;
  };
  FoundIncident find_incident(const std::string& id);
  bool is_muted(const TargetState& target, Boundary b) const;
  CaseRules rules_for(const TargetState& target) const;
  AlertEvent alert_of(Transition transition);
  SnapshotOrder snapshot_of(const TargetState& target, IncidentRecord incident, std::string reason);
  void seal(Actions& out, SnapshotOrder order, AfterSeal then);
  void follow_up(Actions& out, TargetState& target, std::vector<Transition> transitions);
  void keep_ended(Actions& out, TargetState& target);
  void tell_expiries(Actions& out, TargetState& target, const SweepRecord& record);

  // schedule.cpp: what is due
  void plan_target(TargetState& target, std::size_t place, std::size_t of);
  void start_due(Actions& out);                  ///< of every target whose time has come
  void start_due(Actions& out, TargetState& t);  ///< of this one, and notes when it is to be looked at again
  void note_in_agenda(TargetState& target);
  void start_sweep(Actions& out, TargetState& target);
  void plan_after_sweep(TargetState& target);
  void note_watch(TargetState& target);
  void ask_checks(TargetState& target, bool for_disagreement);
  void start_checks(Actions& out, TargetState& target);
  void start_evidence(Actions& out, const TargetState& target);
  bool awaits_check(TargetState& target);
  MonoTime next_due() const;

  // engine.cpp: one handler an event
  void on(const Tick&, Actions& out);
  void on(SweepDone e, Actions& out);
  void on(CheckDone e, Actions& out);
  void on(Sealed e, Actions& out);
  void on(Reconfigured e, Actions& out);
  void heed_throttling(TargetState& target, const std::vector<JudgedRead>& reads);
  void note_since(TargetState& target);
  void count(TargetState& target, SweepDone e, SweepRecord record, Actions& out);
  void adopt(Config adopted, Actions& out);

  // operator.cpp: what people ask for
  void on(SymptomSaid e, Actions& out);
  void on(Acknowledged e, Actions& out);
  void on(VerifyAsked e, Actions& out);
  void on(ResolveAttested e, Actions& out);
  void on(SilenceAdded e, Actions& out);
  void on(const SilenceExpired& e, Actions& out);
  void on(const SweepAsked& e, Actions& out);
  void on(CaptureAsked e, Actions& out);
  void on(const TestAlertAsked& e, Actions& out);
};

/// How many requests one sweep of this target sends to it (references go elsewhere).
int requests_of(const TargetConfig& target);
ProofRules proof_rules(const TargetConfig& target, const ResolutionConfig& resolution);

}  // namespace readback
