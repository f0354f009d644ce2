#pragma once
// One target as the engine knows it: what each read said last, the casebook of its incidents, and its schedule.
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/config/target.hpp"
#include "core/diagnosis/diagnose.hpp"
#include "core/incident/casebook.hpp"
#include "core/model/record.hpp"
#include "core/schedule/budget.hpp"

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
  std::deque<std::string> versions;   ///< of the last ten sweeps that named one
  int results_in_a_row = 0;           ///< of a check
  std::optional<Millis> retry_after;  ///< of the newest answer, when that was a 429 which named a time
};

struct CheckSchedule {
  MonoTime due{};
  bool running = false;
  bool asked = false;  ///< out of turn: wanted as soon as it is not running
  bool asked_for_disagreement = false;
  MonoTime started{}, ended{};
};

struct TargetState {
  TargetConfig config;
  Casebook book;
  std::map<std::string, ReadState> reads;
  std::vector<RawRead> pending_checks;  ///< ended since the last counted sweep

  std::uint64_t sweep = 0;     ///< number of the last sweep that was started
  std::uint64_t recorded = 0;  ///< number of the last sweep that came back and was recorded
  bool sweeping = false;
  MonoTime sweep_started{};
  MonoTime cadence{};  ///< absolute: lateness does not add up
  MonoTime due{};      ///< cadence with its jitter, or earlier in a burst
  MonoTime noted{};    ///< its place in the engine's agenda
  RequestBudget budget;
  std::map<std::string, MonoTime> throttled_until;
  int slow_down = 1;  ///< times the interval, while the target answers 429
  std::map<std::string, CheckSchedule> checks;
  bool was_suspect = false;
  bool disagreed = false;  ///< the last sweep's signals disagreed, and the checks were asked
  std::optional<MonoTime> awaiting_since;

  Verdict verdict;  ///< of the last counted sweep
  std::string void_reason;
  std::uint64_t voids_in_a_row = 0;
  bool counted_once = false;
  std::optional<WallTime> last_sweep_at, blind_since, green_since;
  std::optional<MonoTime> saved_at;
  std::optional<MonoTime> watched_until;        ///< by then the next sweep has come back, or the watch has stopped
  std::map<std::string, WallTime> expiry_told;  ///< of certificates, by address: once a day is enough
  std::uint64_t sweeps_total = 0, sweeps_void = 0, checks_total = 0;
};

/// Judges the raw reads of a sweep, updates what is known of each, and lays out the facts for the table. Reads that the
/// configuration does not know are dropped. The list comes back in the fixed order: surfaces, checks, paths,
/// references.
std::vector<JudgedRead> judge_reads(TargetState& target, std::vector<RawRead> reads);
/// Only judges: for a sweep that is void and must change nothing.
std::vector<JudgedRead> judge_without_counting(const TargetState& target, std::vector<RawRead> reads);
SweepFacts facts_of(const TargetState& target, const std::vector<JudgedRead>& reads);
/// "health: 1.4.1, 1.4.2": at least three changes within the last ten sweeps.
std::optional<std::string> alternation(const std::string& read, const ReadState& state);

}  // namespace readback
