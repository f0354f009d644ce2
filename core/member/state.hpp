#pragma once
// What is inside a member, shared by its own files only. A round is one event with all that follows from it: engine and
// fleet hand each other what they have to say until neither has anything left.
#include <deque>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/member/member.hpp"

namespace readback {

/// What a crash must leave, beside the fleet's own.
struct MemberKept {
  std::map<std::string, std::string> events;      ///< by row of the fleet: the event that stands in the outbox for it
  std::vector<std::string> gone;                  ///< events of rows that were told by others; the newest
  std::map<std::string, IncidentRecord> notices;  ///< "way/fabric", "own way/fabric", "missing/readback/host-4"
};

struct Member::State {
  Engine& engine;
  std::unique_ptr<Fleet> fleet;
  std::string host;
  FleetConfig entered;  ///< as it was at the start: that cannot be changed by a reload
  std::shared_ptr<IdSource> ids;
  Instant now{};
  MemberKept kept;
  std::vector<std::string> troubles;  ///< as the fleet was told

  /// What the fleet has decided and no sweep has recorded yet.
  struct Decided {
    Turned turned;
    Agreement agreement;
    WallTime at{};
  };
  std::vector<Decided> decided;

  // --- of the round ---
  Actions out;
  std::deque<FleetEvent> to_fleet;
  std::vector<FleetRow> tells;
  std::set<std::uint64_t> forgotten;
  FleetDuty duty;
  bool must_save = false, has_stood_still = false;

  State(Engine& e, std::shared_ptr<IdSource> i) : engine(e), ids(std::move(i)) {}

  // --- member.cpp ---
  void move_to(Instant to);
  Actions round();
  void ask_engine(Event event);
  void pass_on(Actions actions);
  void split(const AlertEvent& event);
  void take(FleetActions actions);
  template <class A>
  void request(A action);
  void turned(const Turned& t);
  void tell(const FleetRow& row);
  Agreement agreement(const Turned& t) const;
  AlertEvent event_of(const FleetRow& row);
  bool waits(const std::string& sink) const;  ///< until nobody has acknowledged it (alerts.escalate)
  std::string once(const FleetRow& row) const;
  AlertEvent without_incident(const FleetRow& row);
  void reconfigure(Reconfigured& e);

  // --- votes.cpp: what the fleet has decided, and by which votes, recorded with the sweeps ---
  void record_votes(bool before);

  // --- notices.cpp: incidents that no book has ---
  static std::string notice_name(const std::string& kind, const std::string& target) { return kind + "/" + target; }
  IncidentRecord& open_notice(const std::string& kind, const std::string& target, Severity severity,
                              const std::string& summary);
  void turned_notice(const Turned& t);
  void own_way(const OwnWay& way);
  void close_notice(const std::string& name, const std::string& summary);
  AlertEvent event_of_notice(const IncidentRecord& record, EventKind kind);

  // --- words.cpp: what operators say ---
  std::optional<FleetWord> word_of_event(const Event& event) const;
  void word_true(const FleetWord& word);
  void quietly(Event event);
};

/// The kind of the notice about a subject: "way" or "missing".
std::string kind_of_notice(Subject subject);

}  // namespace readback
