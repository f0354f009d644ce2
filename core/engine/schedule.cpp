// When what is due. Cadence is absolute, so lateness never adds up and a machine that was paused sends no burst of what
// it missed; a suspicion brings the next sweeps forward, and the request budget holds them all back.
#include <algorithm>

#include "core/engine/state.hpp"

namespace readback {
namespace {

constexpr Millis longest_sleep = std::chrono::minutes(1);
/// How long a confirmation waits for a check that was asked because the signals disagree. Longer would let a check that
/// hangs hold back a page.
constexpr Millis longest_wait_for_check = Seconds(15);
/// Up to this many targets start together; more of them are spread over the interval from the start.
constexpr std::size_t start_together = 20;

/// An answer that never came back must not end the watch.
MonoTime lost_at(const TargetState& t) { return t.sweep_started + t.config.timeout * 10 + Seconds(30); }

}  // namespace

int requests_of(const TargetConfig& target) { return static_cast<int>(target.surfaces.size() + target.paths.size()); }

void Engine::State::plan_target(TargetState& t, std::size_t place, std::size_t of) {
  t.budget.set_limit(t.config.request_budget_per_minute);
  if (t.cadence == MonoTime{}) {
    const Millis spread =
        of <= start_together ? Millis(0) : t.config.interval * static_cast<int>(place) / static_cast<int>(of);
    t.cadence = t.due = now.mono + spread;
  } else {
    t.due = std::min(t.due, now.mono + t.config.interval);
  }
  std::map<std::string, CheckSchedule> checks;
  for (const auto& c : t.config.checks) {
    if (c.role != CheckRole::materialization) continue;
    auto known = t.checks.find(c.name);
    auto& schedule = checks[c.name];
    if (known != t.checks.end()) schedule = known->second;
    if (known == t.checks.end()) schedule.due = t.due;
  }
  t.checks = std::move(checks);
  note_in_agenda(t);
}

void Engine::State::start_sweep(Actions& out, TargetState& t) {
  StartSweep start;
  start.target = t.config.name;
  start.sweep = ++t.sweep;
  std::erase_if(t.throttled_until, [&](const auto& entry) { return entry.second <= now.mono; });
  for (const auto& [read, until] : t.throttled_until) start.skip.push_back(read);
  const int requests = requests_of(t.config) - static_cast<int>(start.skip.size());
  t.budget.spend(std::max(requests, 0), now.mono);
  t.sweeping = true;
  t.sweep_started = now.mono;
  out.push_back(std::move(start));

  // A sweep out of turn, in a burst or because somebody asked, takes the place of a regular one that is near, and puts
  // off none that is not. After an absence there is no catching up.
  const Millis interval = t.config.interval * t.slow_down;
  if (t.cadence <= now.mono) t.cadence += interval * ((now.mono - t.cadence) / interval + 1);
  if (t.cadence - now.mono <= interval / 2) t.cadence += interval;
  const double shift = (ids.unit() * 2 - 1) * t.config.jitter_percent / 100.0;
  t.due = t.cadence + Millis(static_cast<std::int64_t>(static_cast<double>(interval.count()) * shift));
}

void Engine::State::plan_after_sweep(TargetState& t) {
  if (t.book.suspects()) t.due = std::min(t.due, t.sweep_started + t.config.confirm.spacing);
  t.due = t.budget.earliest(requests_of(t.config), std::max(t.due, now.mono));
}

void Engine::State::ask_checks(TargetState& t, bool for_disagreement) {
  for (auto& [name, check] : t.checks) {
    check.asked = true;
    check.asked_for_disagreement = check.asked_for_disagreement || for_disagreement;
  }
}

void Engine::State::start_checks(Actions& out, TargetState& t) {
  for (auto& [name, check] : t.checks) {
    if (check.running || !(check.asked || check.due <= now.mono)) continue;
    check.running = true;
    check.asked = false;
    check.started = now.mono;
    out.push_back(StartCheck{t.config.name, name});
  }
}

bool Engine::State::awaits_check(TargetState& t) {
  const bool waiting =
      std::any_of(t.checks.begin(), t.checks.end(), [](const auto& c) { return c.second.asked_for_disagreement; });
  if (!waiting) {
    t.awaiting_since.reset();
    return false;
  }
  if (!t.awaiting_since) t.awaiting_since = now.mono;
  return now.mono - *t.awaiting_since < longest_wait_for_check;
}

void Engine::State::start_due(Actions& out, TargetState& t) {
  if (options.recorded) return;
  if (t.sweeping && lost_at(t) <= now.mono) t.sweeping = false;
  if (!t.sweeping && t.due <= now.mono) {
    t.due = t.budget.earliest(requests_of(t.config), now.mono);
    if (t.due <= now.mono) start_sweep(out, t);
  }
  start_checks(out, t);
  note_in_agenda(t);
}

void Engine::State::start_due(Actions& out) {
  std::vector<std::string> waiting;
  for (const auto& [at, name] : agenda) {
    if (at > now.mono) break;
    waiting.push_back(name);
  }
  for (const auto& name : waiting)
    if (auto* t = find_target(name)) start_due(out, *t);
}

void Engine::State::note_in_agenda(TargetState& t) {
  agenda.erase({t.noted, t.config.name});
  t.noted = t.sweeping ? lost_at(t) : t.due;
  for (const auto& [name, check] : t.checks)
    if (!check.running) t.noted = std::min(t.noted, check.asked ? now.mono : check.due);
  agenda.emplace(t.noted, t.config.name);
}

MonoTime Engine::State::next_due() const {
  if (must_reconcile) return now.mono;
  const MonoTime latest = now.mono + longest_sleep;
  return agenda.empty() ? latest : std::min(latest, agenda.begin()->first);
}

}  // namespace readback
