// The handlers of what people ask for. Each changes Readback's own record and nothing else, and each gives one Answer.
#include <algorithm>

#include "core/alert/runbooks.hpp"
#include "core/engine/state.hpp"
#include "core/incident/words.hpp"
#include "core/text/time.hpp"

namespace readback {
namespace {

Answer refusal(int problem, std::string text) { return {false, problem, std::move(text), ""}; }
Answer done(std::string text, std::string id = "") { return {true, 0, std::move(text), std::move(id)}; }
std::string someone(const std::string& by) { return by.empty() ? "an operator" : by; }

/// The incident that an unnamed symptom belongs to: the loudest open one; one that has only recovered when no other is.
Incident* loudest(TargetState& t) {
  const auto rank = [](const Incident& i) { return std::pair(i.is_active(), i.view.severity); };
  Incident* found = nullptr;
  for (auto* i : t.book.open_incidents())
    if (!found || rank(*i) > rank(*found)) found = i;
  return found;
}

}  // namespace

void Engine::State::on(const SymptomSaid& e, Actions& out) {
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
  Incident* i = loudest(*t);
  const bool declared = !i;
  if (!i) i = &t->book.declare(Boundary::product, t->config.name, now, ids);
  auto& v = i->view;
  v.symptom = e.text;
  i->symptom_by = someone(e.by);
  i->symptom_at = now.wall;
  if (!e.exposed_by.empty()) v.exposed_by = e.exposed_by;
  if (e.extent && v.declared) v.extent = *e.extent;
  if (declared) {
    v.summary = "DECLARED " + std::string(to_string(v.extent)) + " " + v.target + ": " + e.text;
    v.dedup_base = config.environment + "/" + v.target + "/" + std::string(to_string(v.boundary));
    v.runbook = resolve_runbook(t->config, v.boundary);
    v.next_safe_step = resolve_next_safe_step(t->config, v.boundary);
  }
  v.conditions = six_conditions(*i, proof_rules(t->config, config.resolution));
  if (declared) {
    out.push_back(Seal{snapshot_of(*t, v, "symptom: " + e.text)});
    start_evidence(out, *t);
  }
  i->note(now.wall, "symptom",
          someone(e.by) + ": " + e.text + (e.extent ? " (seen as " + std::string(to_string(*e.extent)) + ")" : "") +
              (e.exposed_by.empty() ? "" : " (exposed by " + e.exposed_by + ")"));
  out.push_back(Say{Say::Level::info, "incident.symptom", v.target, v.id, std::string(to_string(v.boundary)), e.text});
  out.push_back(SaveState{v.target});
  out.push_back(done(declared ? "an operator-declared incident is open" : "recorded with the open incident", v.id));
}

void Engine::State::on(const Acknowledged& e, Actions& out) {
  auto [t, i] = find_incident(e.incident_id);
  if (!i && find_resolved(e.incident_id))
    return out.push_back(refusal(409, "that incident is resolved: there is nothing left to acknowledge"));
  if (!i) return out.push_back(refusal(404, "no incident has the id " + e.incident_id));
  if (i->view.acknowledged_at)
    return out.push_back(done("already acknowledged by " + someone(i->view.acknowledged_by), i->view.id));
  i->view.acknowledged_at = now.wall;
  i->view.acknowledged_by = e.by;
  i->note(now.wall, "ack", "acknowledged by " + someone(e.by));
  if (i->paged) {
    IncidentView view = i->view;
    view.summary = "ACKNOWLEDGED by " + someone(e.by) + ": " + i->view.summary;
    follow_up(out, *t, {{EventKind::acknowledged, view, view.also}});
  }
  out.push_back(SaveState{t->config.name});
  out.push_back(done("acknowledged; reminders stop, everything else goes on", i->view.id));
}

void Engine::State::on(const VerifyAsked& e, Actions& out) {
  auto [t, i] = find_incident(e.incident_id);
  if (!i && find_resolved(e.incident_id))
    return out.push_back(done("resolved already: these are the conditions as it was closed", e.incident_id));
  if (!i) return out.push_back(refusal(404, "no incident has the id " + e.incident_id));
  i->view.conditions = six_conditions(*i, proof_rules(t->config, config.resolution));
  i->note(now.wall, "verify", "asked for: everything is read again");
  ask_checks(*t, false);
  if (!t->sweeping) t->due = std::min(t->due, now.mono);
  start_due(out, *t);
  out.push_back(done("surfaces, checks and paths are being read again", i->view.id));
}

void Engine::State::on(const ResolveAttested& e, Actions& out) {
  if (e.runbook.empty()) return out.push_back(refusal(422, "which runbook was used? name it with --runbook"));
  auto [t, i] = find_incident(e.incident_id);
  if (!i) return attest_afterwards(e, out);
  i->attested = true;
  i->attested_runbook = e.runbook;
  i->attested_note = e.note;
  i->attested_by = someone(e.by);
  i->attested_at = now.wall;
  i->note(now.wall, "attested", someone(e.by) + " used " + e.runbook + (e.note.empty() ? "" : ": " + e.note));
  const auto rules = proof_rules(t->config, config.resolution);
  i->view.conditions = six_conditions(*i, rules);
  ask_checks(*t, false);
  start_due(out, *t);
  out.push_back(SaveState{t->config.name});
  const bool holds = all_hold(i->view.conditions);
  out.push_back(done(holds ? "recorded; the incident closes when the target has been green for the settle time"
                           : "recorded; the incident closes when the other conditions hold as well",
                     i->view.id));
}

/// Whoever has ended an incident writes it up in the morning.
void Engine::State::attest_afterwards(const ResolveAttested& e, Actions& out) {
  IncidentView* v = find_resolved(e.incident_id);
  if (!v) return out.push_back(refusal(404, "no incident has the id " + e.incident_id));
  for (auto& c : v->conditions) {
    if (c.number != 4) continue;
    c.state = ConditionState::State::met;
    c.by = e.runbook + ", attested by " + someone(e.by);
    c.at = now.wall;
    c.demanded = false;
  }
  note(*v, now.wall, "attested", someone(e.by) + " used " + e.runbook + (e.note.empty() ? "" : ": " + e.note));
  if (v->resolved_at && v->summary.ends_with(why_resolved(false)))
    v->summary = resolved_summary(*v, *v->resolved_at, why_resolved(true));
  if (find_target(v->target)) out.push_back(SaveState{v->target});
  out.push_back(SaveState{});  // where those of targets that are gone are kept
  out.push_back(done("recorded with the resolved incident", v->id));
}

void Engine::State::on(const SilenceAdded& e, Actions& out) {
  Silence s = e.silence;
  if (!s.target.empty() && !find_target(s.target))
    return out.push_back(refusal(404, "no target is called " + s.target));
  if (s.expires_at <= now.wall) return out.push_back(refusal(422, "the silence would end before it begins"));
  if (s.reason.empty()) return out.push_back(refusal(422, "a silence needs a reason: whoever is on call will ask"));
  if (s.id.empty()) s.id = ids.next(now.wall);
  s.created_at = now.wall;
  silences[s.id] = s;
  out.push_back(Say{Say::Level::info, "silence.added", s.target, "",
                    s.boundary ? std::string(to_string(*s.boundary)) : "",
                    "silence until " + to_rfc3339(s.expires_at) + " by " + someone(s.by) + ": " + s.reason});
  out.push_back(SaveState{});
  out.push_back(done("new pages are held back until " + to_rfc3339(s.expires_at), s.id));
}

void Engine::State::on(const SilenceExpired& e, Actions& out) {
  if (!silences.erase(e.id)) return out.push_back(refusal(404, "no silence has the id " + e.id));
  out.push_back(SaveState{});
  out.push_back(done("the silence has ended; what is still bad pages with the next sweep", e.id));
}

void Engine::State::on(const SweepAsked& e, Actions& out) {
  if (!e.target.empty() && !find_target(e.target))
    return out.push_back(refusal(404, "no target is called " + e.target));
  Millis wait{0};
  for (auto& [name, t] : targets) {
    if (!e.target.empty() && name != e.target) continue;
    t->due = t->budget.earliest(requests_of(t->config), now.mono);
    wait = std::max(wait, t->due - now.mono);
    ask_checks(*t, false);
    start_due(out, *t);
  }
  out.push_back(done(wait > Millis(0) ? "the request budget is spent: the sweep starts in " + humanize(wait)
                                      : "the sweep has started"));
}

void Engine::State::on(const CaptureAsked& e, Actions& out) {
  TargetState* t = e.target.empty() && !targets.empty() ? targets.begin()->second.get() : find_target(e.target);
  if (!t)
    return out.push_back(
        refusal(404, e.target.empty() ? "no target is configured" : "no target is called " + e.target));
  IncidentView none;
  const Incident* i = loudest(*t);
  if (!i) {
    none.target = t->config.name;
    none.last_good = t->book.last_good;
    none.at_page = t->recorded;
  }
  auto order = snapshot_of(*t, i ? i->view : none, e.reason.empty() ? "capture" : "capture: " + e.reason);
  order.on_request = true;
  if (!i) order.boundary = order.extent = order.severity = "";
  const std::string id = order.snapshot_id;
  out.push_back(Seal{std::move(order)});
  out.push_back(done("captured", id));
}

void Engine::State::on(const TestAlertAsked& e, Actions& out) {
  const auto& sinks = config.alerts.sinks;
  const bool known = std::any_of(sinks.begin(), sinks.end(), [&](const SinkConfig& s) { return s.name == e.sink; });
  if (!e.sink.empty() && !known) return out.push_back(refusal(404, "no sink is called " + e.sink));
  if (sinks.empty()) return out.push_back(refusal(409, "no sink is configured: nobody would be paged"));
  AlertEvent test;
  test.id = ids.next(now.wall);
  test.kind = EventKind::test;
  test.at = test.opened_at = test.confirmed_at = now.wall;
  test.environment = config.environment;
  test.host = options.host;
  test.target = config.targets.empty() ? "none" : config.targets.front().name;
  test.incident_id = test.episode_id = test.id;
  test.boundary = Boundary::observer;
  test.severity = Severity::info;
  test.summary = "TEST of Readback's alerts from " + options.host + ": nothing is wrong, nobody needs to act";
  test.why = {"an operator asked for a test"};
  test.dedup_base = config.environment + "/" + test.target + "/test";
  const std::string id = test.id;
  out.push_back(Notify{std::move(test), e.sink});
  out.push_back(done("a test event is on its way", id));
}

}  // namespace readback
