#pragma once
// What lies in the outbox, as values: one rendering of one event for one sink, how its delivery stands, and what stands
// open at the sinks because of it. The machine that decides (outbox.hpp) and the store that keeps them share these.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/alert_event.hpp"
#include "core/text/instant.hpp"

namespace readback {

enum class OutboxState { pending, delivered, dead, expired };
std::string_view to_string(OutboxState s);

/// What is decided by: all that a queue keeps of a row.
struct OutboxHead {
  std::int64_t seq = 0;  ///< given by commit; the order per sink and incident
  std::string event_id, sink, incident_id, target;
  EventKind kind = EventKind::test;
  WallTime created{};  ///< when the transition happened

  /// What this row does to the receiver's idea of the incident. A resolve goes only to what was opened there.
  enum class Mark { none, open, close } mark = Mark::none;

  // How delivery stands.
  WallTime next_attempt{};
  int attempts = 0;
  int last_status = 0;      ///< HTTP status of the last answer; 0: none came
  std::string last_detail;  ///< "connection refused", "503 Service Unavailable"
};

/// One rendering of one event for one sink. Key and body are chosen here, before the first byte is sent, and never
/// change; what an attempt itself must say (its time, a signature, a secret) is put in at the attempt.
struct OutboxRow : OutboxHead {
  std::string key;  ///< dedup key at the receiver
  std::string body, minimal_body, content_type;
  std::string opened_body;  ///< for a sink that repeats itself (alertmanager): the alert to repeat; with Mark::open

  OutboxState state = OutboxState::pending;
  bool minimal = false;             ///< the next attempt sends the minimal body
  std::optional<WallTime> done_at;  ///< delivered, parked or expired
  std::string done_by;              ///< host part of where it went, when there are several
};

/// Something this host opened at a sink, with the key it was opened with. Kept until it is closed and the sink has
/// heard of it, whatever is reloaded or restarted between.
struct OpenedKey {
  std::string sink, incident_id, target, key, body;
  WallTime opened_at{};
  std::optional<WallTime> closed_at;
  std::optional<MonoTime> closed_since;  ///< on the clock of this run, which alone says how long ago; never kept
};

/// What this row leaves open at its sink: `opened` is brought up to it. An opening with another key ends the one before
/// (the severity is part of an Alertmanager's key); a close ends all that the incident has open there.
void note_opened(std::vector<OpenedKey>& opened, const OutboxRow& row);

}  // namespace readback
