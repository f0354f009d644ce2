#pragma once
// One transition of one incident, as the outside hears it (contract section 3). Every sink is a rendering of this.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/verdict.hpp"
#include "core/text/instant.hpp"

namespace readback {

enum class EventKind { firing, escalated, reminder, acknowledged, intermittent, recovered, relapsed, resolved, test };
std::string_view to_string(EventKind k);
std::optional<EventKind> parse_event_kind(std::string_view word);

struct FirstFailure {
  std::string read;  ///< "health", "check:materialization"
  WallTime at{};
  std::string reason;  ///< "connection refused"
  friend bool operator==(const FirstFailure&, const FirstFailure&) = default;
};

struct Runbook {
  std::string title, url, owner;
  friend bool operator==(const Runbook&, const Runbook&) = default;
};

struct AlertEvent {
  std::string id;  ///< UUIDv7: unique per event, stable over retries, ordered by time
  EventKind kind = EventKind::test;
  WallTime at{};  ///< when the transition happened (an attempt's own time is stamped when it is sent)
  std::string environment, host, target;
  std::string incident_id, episode_id;
  Boundary boundary = Boundary::outage;
  Extent extent = Extent::degraded;
  Severity severity = Severity::error;
  WallTime opened_at{}, confirmed_at{};
  std::optional<FirstFailure> first_failure;
  std::string symptom;  ///< in the operator's words, else what failed first
  std::string summary;  ///< one line, "OUTAGE total fabric: /health refused since 03:11:58Z (3 of 3 sweeps)"
  std::vector<std::string> why;
  std::vector<Boundary> also;
  std::string snapshot_id, snapshot_sha256;  ///< empty when nothing could be sealed, and then `evidence_note` says why
  std::string evidence_note;
  Runbook runbook;
  std::string next_safe_step;
  /// The key without the host part: "prod/fabric/outage". A sink of scope `host` appends "/<host>".
  std::string dedup_base;
};

}  // namespace readback
