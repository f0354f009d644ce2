// What is due becomes actions: the timetables say when, the agenda says whose turn it is. A recording starts nothing.
#include <algorithm>

#include "core/engine/state.hpp"

namespace readback {
namespace {

constexpr Millis longest_sleep = std::chrono::minutes(1);

}  // namespace

void Engine::State::start_due(Actions& out, TargetState& t) {
  if (options.recorded) return;
  if (t.timetable.wants_sweep(now.mono))
    out.push_back(StartSweep{t.config->name, ++t.sweep, t.timetable.begin_sweep(now.mono, ids->unit())});
  for (auto& check : t.timetable.begin_checks(now.mono)) out.push_back(StartCheck{t.config->name, std::move(check)});
  agenda.note(t.config->name, t.timetable.next(now.mono));
}

void Engine::State::start_due(Actions& out) {
  for (const auto& name : agenda.due(now.mono))
    if (auto* t = find_target(name)) start_due(out, *t);
}

/// At the first suspicion, so that the output of the commands is there when the page's snapshot is sealed; at the seal,
/// for what was never suspected before. The shell runs none twice within a few seconds.
void Engine::State::start_evidence(Actions& out, const TargetState& t, bool seals) {
  if (!options.recorded) out.push_back(StartEvidence{t.config->name, seals});
}

MonoTime Engine::State::next_due() const {
  if (must_reconcile) return now.mono;
  const MonoTime latest = now.mono + longest_sleep;
  return std::min({latest, agenda.first().value_or(latest), next_silence().value_or(latest)});
}

}  // namespace readback
