#pragma once
// All that the engine can be told. The shell turns the world into these, `replay` turns a recording into the same.
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/config/config.hpp"
#include "core/incident/shared.hpp"
#include "core/model/alert_event.hpp"
#include "core/model/raw_read.hpp"
#include "core/model/view.hpp"

namespace readback {

/// Time has passed: start what is due. The shell sends it at `Engine::next_due()`.
struct Tick {};

/// A sweep has come back whole: every surface, path and reference that was asked, in any order.
struct SweepDone {
  std::string target;
  std::uint64_t sweep = 0;
  std::vector<RawRead> reads;
  std::string void_reason;  ///< not empty: our own loop lagged or the clock stepped; recorded, marked, not counted
};

/// A check has ended. Its result belongs to the target's next sweep.
struct CheckDone {
  std::string target;
  RawRead read;
  bool outdated = false;  ///< a reload has changed the check while it ran: it has ended, and what it says is nobody's
};

/// The answer to what an operator asked; always exactly one for an operator's event.
struct Answer {
  bool ok = true;
  int problem = 0;   ///< an HTTP status when not ok: 404, 409, 422, 503
  std::string text;  ///< operator language
  std::string id;    ///< of what was made or changed
};

/// What may be said only when a snapshot is sealed, or is known not to be: the Seal takes it along, the Sealed brings
/// it back, and nothing of it is remembered in between.
struct AfterSeal {
  std::vector<AlertEvent> alerts;
  std::optional<Answer> answer;
  bool is_of_fleet = false;  ///< of an incident that a fleet shares: what is told of it need not stand in here
};

/// The snapshot asked for by a Seal is on disk, or could not be written and `failure` says why.
struct Sealed {
  std::string target, incident_id;
  EvidenceRef evidence;
  std::string failure;
  bool on_request = false;  ///< an operator's capture: the incident keeps naming the snapshot of its page
  AfterSeal then;
};

// What an operator may say through the control socket. Each changes Readback's own record and nothing else.
struct SymptomSaid {
  std::string text, target, by;
  std::optional<Extent> extent;
  std::string exposed_by;
};
// The engine knows the open incidents only. Who asks about another brings what the store has kept of it (`ended`).
struct Acknowledged {
  std::string incident_id, by;
  std::optional<IncidentRecord> ended;
};
struct VerifyAsked {
  std::string incident_id;
  std::optional<IncidentRecord> ended;
};
struct ResolveAttested {
  std::string incident_id, runbook, note, by;
  std::optional<IncidentRecord> ended;
};
struct SilenceAdded {
  Silence silence;
};
struct SilenceExpired {
  std::string id, by;
};
struct SweepAsked {
  std::string target;
};  ///< "" is all
struct CaptureAsked {
  std::string target, reason, by;
};
struct TestAlertAsked {
  std::string sink;
};  ///< "" is all
struct Reconfigured {
  Config config;
};  ///< after a reload; incidents and counters stay

// What the hosts of a fleet have made of it (core/member). A host alone never hears these.
struct SweepWished {
  std::string target;
};  ///< another host has asked what this one sees: one sweep that begins from now on
struct FleetAgreed {
  std::string target;
  Boundary boundary = Boundary::outage;
  Agreement agreement;
};
struct CountedAnew {
  std::string target;
  Boundary boundary = Boundary::outage;
};

using Event = std::variant<Tick, SweepDone, CheckDone, Sealed, SymptomSaid, Acknowledged, VerifyAsked, ResolveAttested,
                           SilenceAdded, SilenceExpired, SweepAsked, CaptureAsked, TestAlertAsked, Reconfigured,
                           SweepWished, FleetAgreed, CountedAnew>;

}  // namespace readback
