#pragma once
// The raw reads of one sweep become judged ones, and of each read it is remembered what its next sweep is compared
// with: what it said last and since when, which versions alternate, what was throttled and is held.
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/config/target.hpp"
#include "core/model/raw_read.hpp"
#include "core/model/reading.hpp"
#include "core/model/record.hpp"
#include "core/reading/read.hpp"
#include "core/reading/versions.hpp"
#include "core/text/instant.hpp"

namespace readback {

/// What one read said last, and since when.
struct ReadState {
  bool seen = false;
  SurfaceReading surface;  ///< which of the three depends on the kind of the read
  CheckReading check;
  PathReading path;
  std::string word = "unknown";
  bool green = false;
  WallTime at{}, since{};
  Millis took{0};
  Phases phases;
  std::string address;
  std::optional<WallTime> tls_expires_at;
  SurfaceMemory memory;   ///< of a surface
  bool answered = false;  ///< some HTTP answer has come at some time
  /// Of a surface: at least one read said something else than `missing`. One that brought no answer of its own, a
  /// refused connection or a gateway's 503, says nothing of that where `missing` was said before.
  bool was_there = false, was_missing = false;
  std::optional<MonoTime> throttled_since;
  LastVersions versions;              ///< of a surface
  int results_in_a_row = 0;           ///< of a check
  std::optional<Millis> retry_after;  ///< of the newest answer, when that was a 429 which named a time
};

/// Of one target, by the name of the read ("health", "check:materialization", "path:login"); references are not among
/// them.
using ReadStates = std::map<std::string, ReadState>;

/// Judges the raw reads of a sweep, and remembers in `states` what each has said. Reads that the configuration does not
/// know are dropped. The list comes back in the fixed order: surfaces, checks, paths, references.
std::vector<JudgedRead> judge_reads(const TargetConfig& config, ReadStates& states, std::vector<RawRead> reads,
                                    MonoTime now);
/// Only judges: for a sweep that is void and must change nothing.
std::vector<JudgedRead> judge_without_counting(const TargetConfig& config, std::vector<RawRead> reads);
/// "health: 1.4.1, 1.4.2": at least three changes within the last ten sweeps, two of them back to a version of these
/// ten.
std::optional<std::string> alternation(const std::string& read, const ReadState& state);

}  // namespace readback
