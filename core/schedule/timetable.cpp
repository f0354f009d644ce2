// Sweeps and checks of one target in time, and the order in which the targets come.
#include "core/schedule/timetable.hpp"

#include <algorithm>

namespace readback {
namespace {

/// How long a confirmation waits for a check that was asked because the signals disagree. Longer would let a check that
/// hangs hold back a page.
constexpr Millis longest_wait_for_check = Seconds(15);
/// An absurd Retry-After must not blind a surface for days.
constexpr Millis longest_retry_after = std::chrono::hours(1);
constexpr int slowest = 4;  // times the interval, while the target asks for time
/// Up to this many targets start together; more of them are spread over the interval from the start.
constexpr std::size_t start_together = 20;

/// Sweeps that are shifted by chance begin at moments which all targets share, a tenth of a second apart and never more
/// than a fiftieth of their interval: what begins together wakes the process once, and costs a third less.
MonoTime shared_moment(MonoTime at, Millis interval) {
  const Millis apart = std::clamp(interval / 50, Millis(1), Millis(100));
  return at - at.time_since_epoch() % apart;
}

}  // namespace

Millis spread_of(Millis interval, std::size_t place, std::size_t of) {
  return of <= start_together ? Millis(0) : interval * static_cast<int>(place) / static_cast<int>(of);
}

void Timetable::follow(const TargetConfig& config, MonoTime now, Millis spread) {
  interval_ = config.interval;
  timeout_ = config.timeout;
  spacing_ = config.confirm.spacing;
  jitter_percent_ = config.jitter_percent;
  requests_ = static_cast<int>(config.surfaces.size() + config.paths.size());
  budget_.set_limit(config.request_budget_per_minute);
  due_ = cadence_ ? std::min(due_, now + interval_) : now + spread;
  if (!cadence_) {
    cadence_ = due_;
    expect_next();
  }
  auto before = std::exchange(checks_, {});
  for (const auto& c : config.checks) {
    if (c.role != CheckRole::materialization) continue;
    const auto known = before.find(c.name);
    Check check;
    check.due = due_;
    if (known != before.end()) check = known->second;
    check.interval = c.interval;
    checks_[c.name] = check;
  }
}

/// An answer that never came back must not end the watch.
MonoTime Timetable::lost_at() const { return sweep_started_ + timeout_ * 10 + Seconds(30); }

bool Timetable::wants_sweep(MonoTime now) {
  if (sweeping_ && lost_at() <= now) {
    sweeping_ = false;
    lost_ = true;
  }
  if (sweeping_ || due_ > now) return false;
  due_ = budget_.earliest(requests_, now);
  return due_ <= now;
}

std::vector<std::string> Timetable::begin_sweep(MonoTime now, double chance) {
  std::erase_if(throttled_until_, [&](const auto& entry) { return entry.second <= now; });
  std::vector<std::string> skip;
  for (const auto& [read, until] : throttled_until_) skip.push_back(read);
  budget_.spend(std::max(requests_ - static_cast<int>(skip.size()), 0), now);
  sweeping_ = true;
  sweep_started_ = now;

  // A sweep out of turn, in a burst or because somebody asked, takes the place of a regular one that is near, and puts
  // off none that is not. After an absence there is no catching up.
  const Millis interval = interval_ * slow_down_;
  MonoTime cadence = cadence_.value_or(now);
  if (cadence <= now) cadence += interval * ((now - cadence) / interval + 1);
  if (cadence - now <= interval / 2) cadence += interval;
  cadence_ = cadence;
  const double shift = (chance * 2 - 1) * jitter_percent_ / 100.0;
  due_ = cadence + Millis(static_cast<std::int64_t>(static_cast<double>(interval.count()) * shift));
  if (jitter_percent_ > 0) due_ = shared_moment(due_, interval);
  return skip;
}

void Timetable::plan_next(MonoTime now, bool suspects) {
  if (suspects) due_ = std::min(due_, sweep_started_ + spacing_);
  due_ = budget_.earliest(requests_, std::max(due_, now));
}

void Timetable::hasten(MonoTime now) { due_ = std::min(due_, now + spacing_); }

Millis Timetable::ask_sweep(MonoTime now) {
  due_ = budget_.earliest(requests_, now);
  return due_ - now;
}

void Timetable::ask_look(MonoTime now) {
  if (!sweeping_) due_ = std::min(due_, now);
}

void Timetable::heed(const std::map<std::string, std::optional<Millis>>& throttled, MonoTime now) {
  const int slower = std::min(slow_down_ * 2, slowest);
  if (throttled_until_.empty()) slow_down_ = 1;
  if (!throttled.empty()) slow_down_ = slower;
  for (const auto& [read, wait] : throttled)
    if (wait) throttled_until_[read] = now + std::min(*wait, longest_retry_after);
}

void Timetable::ask_check(const std::string& check) {
  if (const auto known = checks_.find(check); known != checks_.end()) known->second.asked = true;
}

void Timetable::ask_checks(bool for_disagreement) {
  for (auto& [name, check] : checks_) {
    check.asked = true;
    check.asked_for_disagreement = check.asked_for_disagreement || for_disagreement;
  }
}

std::vector<std::string> Timetable::begin_checks(MonoTime now) {
  std::vector<std::string> begun;
  for (auto& [name, check] : checks_) {
    if (check.running || !(check.asked || check.due <= now)) continue;
    check.running = true;
    check.asked = false;
    begun.push_back(name);
  }
  return begun;
}

void Timetable::check_ended(std::string_view name, bool outdated, MonoTime now) {
  const auto known = checks_.find(name);
  if (known == checks_.end()) return;
  auto& check = known->second;
  check.running = false;
  check.asked_for_disagreement = false;
  check.due = now + check.interval;
  if (outdated) check.asked = true;
}

bool Timetable::awaits_check(MonoTime now) {
  const bool waiting =
      std::any_of(checks_.begin(), checks_.end(), [](const auto& c) { return c.second.asked_for_disagreement; });
  if (!waiting) {
    awaiting_since_.reset();
    return false;
  }
  if (!awaiting_since_) awaiting_since_ = now;
  return now - *awaiting_since_ < longest_wait_for_check;
}

MonoTime Timetable::next(MonoTime now) const {
  MonoTime first = sweeping_ ? lost_at() : due_;
  for (const auto& [name, check] : checks_)
    if (!check.running) first = std::min(first, check.asked ? now : check.due);
  return first;
}

void Agenda::note(const std::string& target, MonoTime at) {
  const auto [known, is_new] = noted_.try_emplace(target, at);
  if (!is_new) {
    in_order_.erase({known->second, target});
    known->second = at;
  }
  in_order_.emplace(at, target);
}

void Agenda::clear() {
  noted_.clear();
  in_order_.clear();
}

std::vector<std::string> Agenda::due(MonoTime now) const {
  std::vector<std::string> due;
  for (const auto& [at, target] : in_order_) {
    if (at > now) break;
    due.push_back(target);
  }
  return due;
}

std::optional<MonoTime> Agenda::first() const {
  if (in_order_.empty()) return std::nullopt;
  return in_order_.begin()->first;
}

}  // namespace readback
