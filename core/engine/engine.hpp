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

#include "config/config.hpp"
#include "core/engine/action.hpp"
#include "core/engine/event.hpp"
#include "core/model/record.hpp"
#include "core/model/view.hpp"

namespace readback {

struct EngineOptions {
  std::uint64_t seed = 0;  ///< of ids and jitter; 0 in a replay
  std::string host;        ///< label on every alert
  /// A recording: nothing is started, nothing is waited for, the recorded sweeps are all there is.
  bool recorded = false;
};

class Engine {
 public:
  Engine(Config config, EngineOptions options, Instant start);
  ~Engine();
  Engine(Engine&&) noexcept;
  Engine& operator=(Engine&&) noexcept;

  /// What follows from this event. Never throws on outside data. The order of the list matters: Record, then Seal, then
  /// Notify and SaveState (one transaction), then StartSweep and StartCheck; an operator's event has exactly one
  /// Answer.
  Actions handle(const Event& event, Instant now);

  /// When the next Tick is wanted; never further away than a minute. Meaningless in a recording.
  MonoTime next_due() const;

  /// One part of the state as JSON text, or all of them. A part that is gone gives "".
  std::string save(const std::string& part) const;
  SavedState save() const;
  /// Called once, before the first event. A part of a newer version or a damaged one is left out, each with a reason;
  /// what it told starts empty.
  std::vector<std::string> restore(const SavedState& state, Instant now);

  EngineView view(Instant now) const;
  /// The open ones only: what retention must leave alone.
  std::vector<IncidentView> open_incidents() const;
  /// "fabric: total outage": one line for the service manager.
  std::string headline() const;
  /// Every target was really swept within three of its intervals.
  bool sweeps_complete(Instant now) const;
  const Config& config() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace readback
