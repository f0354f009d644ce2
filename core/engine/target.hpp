#pragma once
// One target as the engine knows it: what each read said last, the casebook of its incidents, and its timetable.
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/config/target.hpp"
#include "core/diagnosis/diagnose.hpp"
#include "core/incident/casebook.hpp"
#include "core/model/raw_read.hpp"
#include "core/reading/judge_sweep.hpp"
#include "core/schedule/maintenance.hpp"
#include "core/schedule/timetable.hpp"
#include "core/text/shared.hpp"

namespace readback {

struct TargetState {
  Shared<TargetConfig> config;
  Casebook book;
  ReadStates reads;
  std::vector<RawRead> pending_checks;  ///< ended since the last counted sweep

  std::uint64_t sweep = 0;     ///< number of the last sweep that was started
  std::uint64_t recorded = 0;  ///< number of the last sweep that came back and was recorded
  Timetable timetable;
  bool was_suspect = false;
  bool disagreed = false;  ///< the last sweep's signals disagreed, and the checks were asked

  Verdict verdict;  ///< of the last counted sweep
  std::string void_reason;
  std::uint64_t voids_in_a_row = 0;
  bool counted_once = false;
  std::optional<WallTime> last_sweep_at, blind_since, green_since;
  std::optional<MonoTime> saved_at;
  MaintenanceHours maintenance;
  std::map<std::string, MonoTime> expiry_told;  ///< of certificates, by address: once a day is enough
  /// What was to be sealed for a page and is not on the disk, by incident.
  struct Unsealed {
    std::string why;  ///< "" while it is being sealed
    MonoTime asked{};
  };
  std::map<std::string, Unsealed> unsealed;
  std::string cannot_read;                         ///< by which trouble of this host; "" when it can
  std::map<std::string, std::string> not_started;  ///< checks that this host could not run, and why
  std::uint64_t sweeps_total = 0, sweeps_void = 0, checks_total = 0;
};

}  // namespace readback
