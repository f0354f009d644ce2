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
#include <string_view>

#include "config/config.hpp"
#include "core/engine/action.hpp"
#include "core/engine/event.hpp"
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
  /// Notify and SaveState (one transaction), then StartSweep, StartCheck and StartEvidence; an operator's event has
  /// exactly one Answer.
  Actions handle(const Event& event, Instant now);

  /// When the next Tick is wanted; never further away than a minute. Meaningless in a recording.
  MonoTime next_due() const;

  /// The whole state as one JSON text, and back. `restore` is called once, before the first event; text of a newer
  /// version or damaged text is refused with a reason and the engine starts empty.
  std::string save() const;
  std::optional<std::string> restore(std::string_view state, Instant now);

  EngineView view(Instant now) const;
  const Config& config() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace readback
