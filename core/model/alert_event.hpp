#pragma once
// One transition of one incident, as the outside hears it (contract section 3). Every sink is a rendering of this.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/incident.hpp"
#include "core/text/instant.hpp"

namespace readback {

/// The last two are of a silence, which stands where an incident stands otherwise: for people in a chat, and for no
/// pager.
enum class EventKind {
  firing,
  escalated,
  reminder,
  acknowledged,
  intermittent,
  recovered,
  relapsed,
  resolved,
  test,
  silence_begins,
  silence_ends
};
inline bool is_of_silence(EventKind k) { return k == EventKind::silence_begins || k == EventKind::silence_ends; }
std::string_view to_string(EventKind k);
std::optional<EventKind> parse_event_kind(std::string_view word);

/// However long a receiver asks to be left alone (contract section 3): later, a page would come too late to be one.
inline constexpr Millis longest_retry_after = std::chrono::minutes(5);

/// What an alert of a fleet says besides: who sees it, and who does not.
struct FleetSaid {
  std::vector<std::string> seen_from, not_from, silent;
  bool is_alone = false;  ///< the others could not be asked
  /// Which row of the fleet it is, for which sink: it leaves when the fleet says so. 0: none, it may leave at once.
  std::uint64_t row = 0;
  std::string sink;
  std::string once;  ///< names what it says, on every host and for every sink alike; "": only this host says it
};

/// The incidents of several targets that have one cause, for sinks that hear of them as of one.
struct Grouped {
  std::string leader;                ///< the incident that was paged first; told under its id
  int others = 0;                    ///< of the same cause that are open beside this one
  std::vector<std::string> targets;  ///< those with an open incident of it, this one's among them; by name
  bool is_spread = false;            ///< says how far it has spread since its page, and nothing else
  bool stands_in = false;            ///< the one that leads does not fail any more, and this one is the next
};

struct AlertEvent {
  std::string id;  ///< UUIDv7: unique per event, stable over retries, ordered by time
  EventKind kind = EventKind::test;
  WallTime at{};  ///< when the transition happened (an attempt's own time is stamped when it is sent)
  std::string environment, host;
  IncidentRecord incident;         ///< as it stood right after the transition; its summary is the line that is told
  std::string evidence_note;       ///< why no snapshot is named
  std::optional<FleetSaid> fleet;  ///< unset on a host alone
  bool is_of_host = false;  ///< this host's own matter, though its sinks' keys are the platform's: its key names it
  std::string url;          ///< where people look at it; "": nobody said where
  std::vector<std::string> only;  ///< the sinks that it is for; empty: all that take it
  std::optional<Grouped> group;   ///< where a sink groups by cause
};

}  // namespace readback
