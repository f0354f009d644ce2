// One sweep at a time: first the time since the one before, then what this one says.
#include "core/history/tally.hpp"

#include <algorithm>

namespace readback {
namespace {

/// What a host of a fleet was told, and what only tells whether this host sees anything, are no reads of the target.
bool is_of_target(const std::string& read) {
  const auto kind = kind_of(read);
  return kind != ReadKind::votes && kind != ReadKind::reference;
}

}  // namespace

Rollup& HourTally::hour_of(Target& target, WallTime at) {
  const WallTime from = begin_of(Step::hour, at);
  Rollup& hour = target.hours[from];
  hour.from = from;
  return hour;
}

/// Of the time since the sweep before, the first part is known, each piece of it in its hour.
void HourTally::count_time(Target& target, Instant now) {
  if (!target.before) return;
  const Millis passed = std::max(Millis(0), now.mono - target.before->at);
  WallTime from = now.wall - passed;
  const WallTime to = from + std::min(passed, target.before->stands_for);
  while (from < to) {
    const WallTime until = std::min(to, begin_of(Step::hour, from) + length_of(Step::hour));
    hour_of(target, from).times[target.before->availability] += until - from;
    from = until;
  }
}

void HourTally::add(const SweepRecord& sweep, Availability availability, Millis stands_for, Instant now) {
  Target& target = targets_[sweep.target];
  count_time(target, now);
  target.before = Before{now.mono, availability, stands_for};
  Rollup& hour = hour_of(target, now.wall);
  ++hour.sweeps;
  if (!sweep.void_reason.empty()) {
    ++hour.voids;
    return;
  }
  for (const auto& read : sweep.reads) {
    if (!is_of_target(read.raw.read)) continue;
    auto& tally = hour.reads[read.raw.read];
    ++tally.words[read.word];
    if (!std::holds_alternative<HttpAnswer>(read.raw.answer)) continue;
    const auto total = read.raw.phases.total_us;
    tally.latency.add(total >= 0 ? total : std::chrono::microseconds(read.raw.took).count());
  }
}

std::vector<TargetRollup> HourTally::take() {
  std::vector<TargetRollup> all;
  for (auto& [name, target] : targets_) {
    for (auto& [from, hour] : target.hours) all.push_back({name, std::move(hour)});
    target.hours.clear();
  }
  std::erase_if(targets_, [](const auto& entry) { return !entry.second.before; });
  return all;
}

void HourTally::keep_only(const std::vector<std::string>& targets) {
  for (auto& [name, target] : targets_)
    if (std::find(targets.begin(), targets.end(), name) == targets.end()) target.before.reset();
}

}  // namespace readback
