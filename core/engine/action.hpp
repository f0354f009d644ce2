#pragma once
// All that the daemon can ever do to the world. The variant is closed and pinned by a test (tests/core/engine):
// who audits Readback reads this file. It reads with GET or HEAD, runs the configured read-only commands in a sandbox,
// writes its own store, and sends alerts. There is no action that changes the watched platform.
#include <string>
#include <variant>
#include <vector>

#include "core/engine/event.hpp"
#include "core/fleet/request.hpp"
#include "core/model/record.hpp"
#include "core/model/say.hpp"

namespace readback {

/// Read these surfaces and paths now, together. References are read too when no surface could be reached.
struct StartSweep {
  std::string target;
  std::uint64_t sweep = 0;
  std::vector<std::string> skip;  ///< reads to leave out: they asked for time with a 429
};

/// Run this configured read-only command in its sandbox.
struct StartCheck {
  std::string target, check;
};

/// Something is suspected of this target, or a snapshot is about to be sealed: run the configured evidence commands in
/// their sandbox, and look at what else takes time, so that it is there by then. Nothing waits for it.
struct StartEvidence {
  std::string target;
  bool seals = false;  ///< a Seal follows at once: nothing is gained by reading ahead of it
};

/// Keep this sweep: the answers, what was understood, what was concluded. How the target stands behind it holds until
/// the next one, but for no longer than `stands_for`.
struct Record {
  SweepRecord sweep;
  Availability availability = Availability::unknown;
  Millis stands_for{0};
};

/// Seal a snapshot on disk, then tell the engine so (`Sealed`), with what waits for it; what follows from that is done
/// before the rest of this list, and belongs to the same transaction.
struct Seal {
  SnapshotOrder order;
  AfterSeal then;
};

/// Put this into every sink's outbox that takes it, in the transaction that saves the state.
struct Notify {
  AlertEvent event;
  std::string only_sink;  ///< for a test alert to one sink; "" is every sink that takes it
};

/// This part of the engine's state has changed (`Engine::save`). An urgent one must be on disk before an alert of this
/// list leaves or an operator hears the answer. The others are counts of a sweep that nobody was told of: a second
/// later is soon enough, and many bad targets then share one transaction.
struct SaveState {
  std::string part;  ///< a target's name; "" is what belongs to no target
  bool urgent = true;
};

/// This incident has ended: keep it in the store, in the transaction that saves the state. One of the same id is
/// replaced.
struct Keep {
  IncidentRecord incident;
};

/// In a fleet: what is said to the watchers' own servers, and which rows of the outbox may leave or are told already.
/// Behind the transaction that saves why. It reaches nothing of the watched platform.
struct FleetDuty {
  std::vector<FleetRequest> requests;
  std::vector<std::string> over;  ///< incidents of the fleet that are over here: the outbox forgets what it has open
};

using Action =
    std::variant<StartSweep, StartCheck, StartEvidence, Record, Seal, Notify, SaveState, Keep, Say, Answer, FleetDuty>;
using Actions = std::vector<Action>;

}  // namespace readback
