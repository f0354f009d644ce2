// The handlers of what people ask for. Each changes Readback's own record and nothing else, and each gives one Answer.
#include <algorithm>

#include "core/engine/state.hpp"
#include "core/text/time.hpp"

namespace readback {
namespace {

/// "user:checkout": one of the kinds of path, and a name.
bool is_exposer(const std::string& text) {
  return std::any_of(std::begin(path_kinds), std::end(path_kinds), [&](const auto& kind) {
    const std::string prefix = std::string(kind.word) + ":";
    return text.starts_with(prefix) && text.size() > prefix.size();
  });
}

/// The incident that an unnamed symptom belongs to: the loudest open one; one that has only recovered when no other is.
const Incident* loudest(const TargetState& t) {
  const auto rank = [](const Incident& i) { return std::pair(i.is_active(), i.record.severity); };
  const Incident* found = nullptr;
  for (const auto* i : t.book.open_incidents())
    if (!found || rank(*i) > rank(*found)) found = i;
  return found;
}

}  // namespace

void Engine::State::on(SymptomSaid e, Actions& out) {
  TargetState* t = nullptr;
  if (!e.target.empty()) {
    t = find_target(e.target);
    if (!t) return out.push_back(refusal(404, "no target is called " + e.target));
  } else {
    for (auto& [name, each] : targets)
      if (!t || (!loudest(*t) && loudest(*each))) t = each.get();
    if (!t) return out.push_back(refusal(409, "no target is configured"));
  }
  if (e.text.empty()) return out.push_back(refusal(422, "the symptom is empty: say what fails, for whom, since when"));
  if (!e.exposed_by.empty() && !is_exposer(e.exposed_by))
    return out.push_back(refusal(422, "who exposed it? user:NAME, agent:NAME or automation:NAME, not " + e.exposed_by));
  t->maintenance.follow(t->config->maintenance, now);
  const Symptom said{e.text, e.by, e.extent, e.exposed_by};
  const auto rules = rules_for(*t);
  const Incident* i = loudest(*t);
  const bool declared = !i;
  if (i)
    t->book.record_symptom(i->record.id, said, now.wall);
  else
    i = &t->book.declare(Boundary::product, said, rules, now, *ids);
  const auto& record = i->record;
  const std::string id = record.id;
  if (declared) {
    AfterSeal then;
    auto told = i->shown(rules.proof);
    if (i->paged) then.alerts.push_back(alert_of({EventKind::firing, told}));
    seal(out, snapshot_of(*t, i->as_sealed(std::move(told), now.wall), "symptom: " + e.text), std::move(then));
    start_evidence(out, *t, true);
  }
  out.push_back(
      Say{Say::Level::info, "incident.symptom", record.target, id, std::string(to_string(record.boundary)), e.text});
  out.push_back(SaveState{record.target});
  out.push_back(done(declared ? "an operator-declared incident is open" : "recorded with the open incident", id));
}

void Engine::State::on(Acknowledged e, Actions& out) {
  auto [t, i] = find_incident(e.incident_id);
  if (!i && e.ended)
    return out.push_back(refusal(409, "that incident is resolved: there is nothing left to acknowledge"));
  if (!i) return out.push_back(refusal(404, "no incident has the id " + e.incident_id));
  if (i->record.acknowledged_at)
    return out.push_back(done("already acknowledged by " + someone(i->record.acknowledged_by), e.incident_id));
  follow_up(out, *t, t->book.acknowledge(e.incident_id, e.by, proof_rules(t->config, config.resolution), now.wall));
  out.push_back(SaveState{t->config->name});
  out.push_back(done("acknowledged; reminders stop, everything else goes on", e.incident_id));
}

void Engine::State::on(VerifyAsked e, Actions& out) {
  auto [t, i] = find_incident(e.incident_id);
  if (!i && e.ended)
    return out.push_back(done("resolved already: these are the conditions as it was closed", e.incident_id));
  if (!i) return out.push_back(refusal(404, "no incident has the id " + e.incident_id));
  t->book.note_verification(e.incident_id, now.wall);
  t->timetable.ask_checks(false);
  t->timetable.ask_look(now.mono);
  start_due(out, *t);
  out.push_back(done("surfaces, checks and paths are being read again", e.incident_id));
}

void Engine::State::on(ResolveAttested e, Actions& out) {
  if (e.runbook.empty()) return out.push_back(refusal(422, "which runbook was used? name it with --runbook"));
  const Attestation word{e.runbook, e.note, e.by};
  auto [t, i] = find_incident(e.incident_id);
  if (!i && e.ended) {
    readback::attest(*e.ended, word, now.wall);
    out.push_back(Keep{std::move(*e.ended)});
    return out.push_back(done("recorded with the resolved incident", e.incident_id));
  }
  if (!i) return out.push_back(refusal(404, "no incident has the id " + e.incident_id));
  t->book.attest(e.incident_id, word, now.wall);
  t->timetable.ask_checks(false);
  start_due(out, *t);
  out.push_back(SaveState{t->config->name});
  const bool holds = conditions_hold(shown(*t, *i).conditions);
  out.push_back(done(holds ? "recorded; the incident closes when the target has been green for the settle time"
                           : "recorded; the incident closes when the other conditions hold as well",
                     e.incident_id));
}

void Engine::State::on(const SweepAsked& e, Actions& out) {
  if (!e.target.empty() && !find_target(e.target))
    return out.push_back(refusal(404, "no target is called " + e.target));
  Millis wait{0};
  for (auto& [name, t] : targets) {
    if (!e.target.empty() && name != e.target) continue;
    wait = std::max(wait, t->timetable.ask_sweep(now.mono));
    t->timetable.ask_checks(false);
    start_due(out, *t);
  }
  out.push_back(done(wait > Millis(0) ? "the request budget is spent: the sweep starts in " + humanize(wait)
                                      : "the sweep has started"));
}

/// The answer comes with the seal: "captured" is said of what is on the disk.
void Engine::State::on(CaptureAsked e, Actions& out) {
  TargetState* t = e.target.empty() && !targets.empty() ? targets.begin()->second.get() : find_target(e.target);
  if (!t)
    return out.push_back(
        refusal(404, e.target.empty() ? "no target is configured" : "no target is called " + e.target));
  IncidentRecord told;
  if (const Incident* i = loudest(*t)) {
    told = i->as_sealed(shown(*t, *i), now.wall);
  } else {
    told.target = t->config->name;
    told.sweeps.last_good = t->book.last_good();
    told.sweeps.at_page = t->recorded;
  }
  auto order = snapshot_of(*t, std::move(told), e.reason.empty() ? "capture" : "capture: " + e.reason);
  order.on_request = true;
  AfterSeal then;
  then.answer = done("captured", order.snapshot_id);
  seal(out, std::move(order), std::move(then));
}

void Engine::State::on(const TestAlertAsked& e, Actions& out) {
  const auto& sinks = config.alerts.sinks;
  const bool known = std::any_of(sinks.begin(), sinks.end(), [&](const SinkConfig& s) { return s.name == e.sink; });
  if (!e.sink.empty() && !known) return out.push_back(refusal(404, "no sink is called " + e.sink));
  if (sinks.empty()) return out.push_back(refusal(409, "no sink is configured: nobody would be paged"));
  AlertEvent test = new_event(EventKind::test);
  auto& incident = test.incident;
  incident.opened_at = incident.confirmed_at = now.wall;
  incident.target = in_order.empty() ? "none" : in_order.front();
  incident.id = incident.episode = test.id;
  incident.boundary = Boundary::observer;
  incident.severity = Severity::info;
  incident.summary = "TEST of Readback's alerts from " + options.host + ": nothing is wrong, nobody needs to act";
  incident.why = {"an operator asked for a test"};
  incident.dedup_base = config.environment + "/" + incident.target + "/test";
  const std::string id = test.id;
  out.push_back(Notify{std::move(test), e.sink});
  out.push_back(done("a test event is on its way", id));
}

}  // namespace readback
