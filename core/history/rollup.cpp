// Sums, and the one rule of them: no hour is longer than an hour.
#include "core/history/rollup.hpp"

#include <algorithm>
#include <numeric>

namespace readback {

void AvailabilityTimes::add(const AvailabilityTimes& other) {
  for (std::size_t i = 0; i < of.size(); ++i) of[i] += other.of[i];
}

Millis AvailabilityTimes::all() const { return std::accumulate(of.begin(), of.end(), Millis(0)); }

void AvailabilityTimes::bound(Millis most) {
  Millis excess = all() - most;
  for (const auto s : {Availability::up, Availability::unknown, Availability::maintenance, Availability::impaired,
                       Availability::outage}) {
    if (excess <= Millis(0)) return;
    const Millis taken = std::min((*this)[s], excess);
    (*this)[s] -= taken;
    excess -= taken;
  }
}

Millis length_of(Step step) { return step == Step::hour ? std::chrono::hours(1) : std::chrono::hours(24); }

WallTime begin_of(Step step, WallTime at) {
  if (step == Step::hour) return std::chrono::floor<std::chrono::hours>(at);
  return std::chrono::floor<std::chrono::days>(at);
}

void Rollup::add(const Rollup& other) {
  sweeps += other.sweeps;
  voids += other.voids;
  times.add(other.times);
  for (const auto& [name, tally] : other.reads) {
    auto& mine = reads[name];
    for (const auto& [word, count] : tally.words) mine.words[word] += count;
    mine.latency.add(tally.latency);
  }
}

LatencySketch Rollup::latency() const {
  LatencySketch all;
  for (const auto& [name, tally] : reads) all.add(tally.latency);
  return all;
}

}  // namespace readback
