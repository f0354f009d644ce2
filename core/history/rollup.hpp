#pragma once
// What an hour or a day of one target was like: for how long it stood how, and what each of its reads said how often
// and how fast. Rollups of the same target add up. Hours and days are those of UTC.
#include <array>
#include <boost/container/flat_map.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "core/history/sketch.hpp"
#include "core/model/record.hpp"

namespace readback {

/// What one read of a target said.
struct ReadTally {
  boost::container::flat_map<std::string, std::uint64_t> words;  ///< how often each: "pass", "unreachable", "drift", …
  LatencySketch latency;  ///< of its HTTP answers; what was not answered has none
  friend bool operator==(const ReadTally&, const ReadTally&) = default;
};

/// For how long a target stood in each way. The rest of a span was not watched.
struct AvailabilityTimes {
  std::array<Millis, availabilities> of{};
  Millis& operator[](Availability s) { return of[static_cast<std::size_t>(s)]; }
  Millis operator[](Availability s) const { return of[static_cast<std::size_t>(s)]; }
  void add(const AvailabilityTimes& other);
  Millis all() const;
  /// No more than this in all. A clock that was set back lets an hour pass twice: then what was good gives way first,
  /// so that no outage is lost.
  void bound(Millis most);
  friend bool operator==(const AvailabilityTimes&, const AvailabilityTimes&) = default;
};

enum class Step { hour, day };
Millis length_of(Step step);
/// The hour or the day that this time lies in.
WallTime begin_of(Step step, WallTime at);

struct Rollup {
  WallTime from{};
  std::uint64_t sweeps = 0, voids = 0;  ///< that came back; of these, those that were not counted
  AvailabilityTimes times;
  boost::container::flat_map<std::string, ReadTally>
      reads;  ///< by name: "health", "path:checkout", "check:materialization"

  /// All but `from`.
  void add(const Rollup& other);
  /// Of all reads of the target that were answered.
  LatencySketch latency() const;
  friend bool operator==(const Rollup&, const Rollup&) = default;
};

struct TargetRollup {
  std::string target;
  Rollup rollup;
};

}  // namespace readback
