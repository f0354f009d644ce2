#pragma once
// What is kept of sweeps and incidents: plain data that the store writes, the socket shows and a bundle contains.
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/incident.hpp"
#include "core/model/raw_read.hpp"
#include "core/model/reading.hpp"

namespace readback {

/// The engine's state in parts, so that one bad target among thousands does not write all of them again: a text for
/// each target by its name, and "" for what belongs to none. In a change an empty text removes its part.
using SavedState = std::map<std::string, std::string>;

/// One read as it was judged. `word` is the reading ("pass", "unreachable", "drift", "broken").
struct JudgedRead {
  RawRead raw;
  std::string word;
  bool stale = false, contradictory = false;
  bool green = false;
  std::vector<std::string> reasons;
};

/// A whole sweep: what came back, what was understood, which boundaries held.
struct SweepRecord {
  std::string target;
  std::uint64_t sweep = 0;
  WallTime at{};
  std::vector<JudgedRead> reads;
  std::string primary;  ///< "green", "unknown" or a boundary
  std::string extent;   ///< "" when green
  std::vector<std::string> also;
  std::string void_reason;  ///< not empty: not counted
};

/// How a target stands at a sweep, for who counts hours and days: what counts is what was confirmed.
enum class Availability {
  up,
  impaired,     ///< another boundary than the outage is confirmed
  outage,       ///< an outage is confirmed
  maintenance,  ///< a window is open, whatever is seen
  unknown       ///< it could not be seen
};
inline constexpr std::size_t availabilities = 5;
std::string_view to_string(Availability s);

/// Which evidence belongs into a snapshot, and why.
struct SnapshotOrder {
  std::string snapshot_id, target;
  std::string reason;       ///< "page", "escalated", "capture: TEXT", "symptom: TEXT"
  bool on_request = false;  ///< an operator's capture
  bool again = false;       ///< the page has left without one
  WallTime at{};
  std::uint64_t latest = 0;  ///< number of the newest sweep; 0: there is none
  /// The incident as it stood. Without an id it is a capture of a target that has none, and only its sweeps count.
  IncidentRecord incident;

  bool has_incident() const { return !incident.id.empty(); }
};

}  // namespace readback
