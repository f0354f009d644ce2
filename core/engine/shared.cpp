// What the hosts of a fleet ask of the engine and tell it, and what it tells them. What is agreed on goes through the
// same steps as what one host decides: it is written into the incident, a snapshot is sealed, and what is told waits
// for that; only to whom it is told, and by which host, is not decided here (core/member).
#include "core/engine/state.hpp"
#include "core/incident/words.hpp"

namespace readback {

void Engine::State::on(const SweepWished& e, Actions& out) {
  auto* t = find_target(e.target);
  if (!t) return;
  t->timetable.ask_sweep(now.mono);
  start_due(out, *t);
}

void Engine::State::on(const FleetAgreed& e, Actions& out) {
  auto* t = find_target(e.target);
  if (!t) return;
  t->maintenance.follow(t->config->maintenance, now);
  follow_up(out, *t, t->book.turn(e.boundary, e.agreement, rules_for(*t), now, *ids));
  out.push_back(SaveState{e.target});
  start_due(out, *t);
}

/// It is looked at again as soon as a suspicion would be.
void Engine::State::on(const CountedAnew& e, Actions& out) {
  auto* t = find_target(e.target);
  if (!t) return;
  const bool is_seen = t->book.count_anew(e.boundary, proof_rules(t->config, config.resolution), now.wall);
  keep_ended(out, *t);
  out.push_back(SaveState{e.target});
  if (is_seen) t->timetable.hasten(now.mono);
  start_due(out, *t);
}

Engine::Seen Engine::seen(const std::string& target) const {
  const auto* t = state_->find_target(target);
  if (!t || !t->counted_once || !t->void_reason.empty() || t->verdict.blind()) return {false, {}};
  return {true, t->book.seen(t->verdict, state_->rules_for(*t))};
}

std::optional<AlertEvent> Engine::shared_event(const std::string& target, Boundary boundary, const Agreement& agreement,
                                               Instant now, bool is_call) {
  auto* t = state_->find_target(target);
  if (!t) return std::nullopt;
  state_->now = now;
  const auto* i = t->book.open_of(boundary);
  if (!i) return std::nullopt;
  auto record = agreement.kind == EventKind::resolved
                    ? t->book.as_ended(boundary, agreement, state_->rules_for(*t), now)
                    : std::optional(state_->shown(*t, *i));
  if (!record) return std::nullopt;
  if (is_call && agreement.kind == EventKind::firing && !record->acknowledged_at)
    record->summary = call_summary(*i, now.mono);
  auto event = state_->alert_of({agreement.kind, std::move(*record)});
  event.is_of_host = false;
  return event;
}

}  // namespace readback
