#pragma once
// The engine: everything that Readback decides, as one function of events and instants. It owns the state of every
// target and incident; the shell only carries events in and actions out. `readback replay` drives the same object.
//
//   actions = engine.handle(event, instant)
//
// Deterministic: the same configuration, options and events give the same actions to the byte, ids included (they are
// drawn from a seeded generator and the event's own wall time).
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/config/config.hpp"
#include "core/engine/action.hpp"
#include "core/engine/event.hpp"
#include "core/model/ids.hpp"
#include "core/model/record.hpp"
#include "core/model/view.hpp"

namespace readback {

struct EngineOptions {
  std::uint64_t seed = 0;  ///< of ids and jitter; 0 in a replay
  /// Where ids come from, when others draw from it too (the outbox): what one process says has one order. Null: one of
  /// its own, from the seed.
  std::shared_ptr<IdSource> ids;
  /// Names this start of the host, "" when nobody knows: while it is the same, monotonic times of before a restart of
  /// the daemon still count, and nothing that was done to the wall clock matters.
  std::string boot;
  std::string host;  ///< label on every alert
  /// One host of a fleet: outage, security, readiness and product fire, grow worse and end by FleetAgreed only.
  bool in_fleet = false;
  /// A recording: nothing is started, nothing is waited for, the recorded sweeps are all there is.
  bool recorded = false;
};

class Engine {
 public:
  Engine(Config config, EngineOptions options, Instant start);
  ~Engine();
  Engine(Engine&&) noexcept;
  Engine& operator=(Engine&&) noexcept;

  /// What follows from this event, to be done in the order of the list. Never throws on outside data. Notify, Keep and
  /// SaveState of one list, and of what its seals bring, are one transaction. StartSweep, StartCheck and StartEvidence
  /// wait for nothing. An operator's event has exactly one Answer, in its list or behind its Seal. In a recording there
  /// is no disk: what would be sealed counts as sealed, and no Seal is asked for.
  Actions handle(Event event, Instant now);

  /// What keeps this from being a whole watch, a sentence each in operator language; empty: nothing does. A target
  /// whose sweeps do not come back or do not count, that this host cannot read, whose check it cannot run, or whose
  /// page has left without its evidence.
  std::vector<std::string> impairments(Instant now) const;
  /// Targets whose first sweep is not back yet, and not overdue: a sentence each.
  std::vector<std::string> yet_to_begin(Instant now) const;
  /// No sweep of any target comes back any more, counted or void: only a new start may help. Then impairments() say so
  /// as well.
  bool is_stuck() const;
  /// The number that must grow: sweeps that counted since the start, over all targets.
  std::uint64_t sweeps_counted() const;

  /// When the next Tick is wanted; never further away than a minute. Meaningless in a recording.
  MonoTime next_due() const;

  /// One part of the state as JSON text, or all of them. A part that is gone gives "".
  std::string save(const std::string& part) const;
  SavedState save() const;
  /// Called once, before the first event. A part of a newer version or a damaged one is left out, each with a reason;
  /// what it told starts empty.
  std::vector<std::string> restore(const SavedState& state, Instant now);

  EngineView view(Instant now) const;
  /// What view() has of one target; nothing when none has this name.
  std::optional<TargetView> target_view(const std::string& name, Instant now) const;
  /// Those that have not ended.
  std::vector<Silence> silences(Instant now) const;
  /// What retention must leave alone, and all that the engine knows: whoever asks for an ended one asks the store.
  std::vector<IncidentRecord> open_incidents() const;
  /// Nothing when no open incident has this id.
  std::optional<IncidentRecord> open_incident(const std::string& id) const;
  /// The same without a copy and without their conditions, until the next event; null: none is open.
  std::vector<const IncidentRecord*> open_records() const;
  std::vector<const IncidentRecord*> open_records(const std::string& target) const;
  const IncidentRecord* open_record(const std::string& id) const;
  const IncidentRecord* open_record(const std::string& target, Boundary boundary) const;
  /// The page of an incident that fires, as it would be written now, dated as it was: for who could not be told then.
  /// Nothing when no such incident is open and firing.
  std::optional<AlertEvent> firing(const std::string& id, Instant now);
  // For the other hosts of a fleet.
  /// What this host sees of a target, as of the last sweep that came back.
  struct Seen {
    bool sees = true;  ///< false: it was blind or void
    std::vector<SeenHere> boundaries;
  };
  Seen seen(const std::string& target) const;
  /// The event of a shared incident as it would be told now, of this kind; nothing when none is open. `is_call`: to
  /// whoever waits until nobody has acknowledged it.
  std::optional<AlertEvent> shared_event(const std::string& target, Boundary boundary, const Agreement& agreement,
                                         Instant now, bool is_call = false);
  /// "fabric: total outage": one line for the service manager.
  std::string headline() const;
  /// All but the targets.
  const Config& config() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace readback
