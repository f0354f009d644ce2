// The handlers of what the world says: time, answers, a sealed snapshot, a new configuration.
#include "core/engine/engine.hpp"

#include <algorithm>
#include <utility>

#include "core/alert/runbooks.hpp"
#include "core/engine/state.hpp"
#include "core/schedule/maintenance.hpp"

namespace readback {
namespace {

constexpr Millis save_at_least_every = std::chrono::minutes(1);
constexpr Millis longest_retry_after =
    std::chrono::hours(1);  // an absurd Retry-After must not blind a surface for days
constexpr int slowest = 4;  // times the interval, while the target asks for time
constexpr std::size_t departed_kept = 50;

Say::Level loudness(EventKind kind) {
  switch (kind) {
    case EventKind::firing:
    case EventKind::escalated:
    case EventKind::relapsed: return Say::Level::error;
    case EventKind::reminder:
    case EventKind::intermittent: return Say::Level::warning;
    case EventKind::acknowledged:
    case EventKind::recovered:
    case EventKind::resolved:
    case EventKind::test: return Say::Level::info;
  }
  return Say::Level::info;
}

/// What a check said counts for that check only: one that runs something else now begins anew, and at once.
void forget_changed_checks(TargetState& t, const TargetConfig& fresh) {
  for (const auto& before : t.config.checks) {
    const auto after = std::find_if(fresh.checks.begin(), fresh.checks.end(),
                                    [&](const CheckConfig& c) { return c.name == before.name; });
    if (after != fresh.checks.end() && is_same_question(*after, before)) continue;
    const std::string read = "check:" + before.name;
    t.reads.erase(read);
    std::erase_if(t.pending_checks, [&](const RawRead& r) { return r.read == read; });
    if (const auto schedule = t.checks.find(before.name); schedule != t.checks.end()) schedule->second.asked = true;
  }
}

bool rests_on_checks(const Verdict& verdict) {
  return std::any_of(verdict.findings.begin(), verdict.findings.end(), [](const Finding& f) { return f.check_alone; });
}

/// A snapshot is sealed when somebody is called, and when what they were called for has become worse.
bool wants_snapshot(EventKind kind) { return kind == EventKind::firing || kind == EventKind::escalated; }

}  // namespace

ProofRules proof_rules(const TargetConfig& target, const ResolutionConfig& resolution) {
  ProofRules rules;
  for (const auto& s : target.surfaces) rules.surfaces.push_back(s.name);
  for (const auto& c : target.checks)
    if (c.role == CheckRole::materialization) rules.checks.push_back("check:" + c.name);
  for (const auto& p : target.paths) rules.paths.push_back("path:" + p.name);
  rules.require_attestation = resolution.require_attestation;
  return rules;
}

TargetState* Engine::State::find_target(const std::string& name) {
  const auto found = targets.find(name);
  return found == targets.end() ? nullptr : found->second.get();
}

Engine::State::FoundIncident Engine::State::find_incident(const std::string& id) {
  for (auto& [name, t] : targets)
    if (auto* incident = t->book.find(id)) return {t.get(), incident};
  return {};
}

IncidentView* Engine::State::find_resolved(const std::string& id) {
  for (auto& [name, t] : targets)
    if (auto* view = t->book.find_resolved(id)) return view;
  for (auto& view : departed)
    if (view.id == id) return &view;
  return nullptr;
}

bool Engine::State::is_muted(const TargetState& t, Boundary b) const {
  if (in_maintenance(t.config.maintenance, now.wall)) return true;
  return std::any_of(silences.begin(), silences.end(), [&](const auto& entry) {
    const Silence& s = entry.second;
    return s.expires_at > now.wall && (s.target.empty() || s.target == t.config.name) &&
           (!s.boundary || *s.boundary == b);
  });
}

CaseRules Engine::State::rules_for(const TargetState& t) const {
  return {t.config, config.alerts, config.resolution, proof_rules(t.config, config.resolution),
          [this, &t](Boundary b) { return is_muted(t, b); }};
}

AlertEvent Engine::State::alert_of(EventKind kind, const IncidentView& v, const std::vector<Boundary>& also) {
  AlertEvent e;
  e.id = ids.next(now.wall);
  e.kind = kind;
  e.at = now.wall;
  e.environment = config.environment;
  e.host = options.host;
  e.target = v.target;
  e.incident_id = v.id;
  e.episode_id = v.episode_id;
  e.boundary = v.boundary;
  e.extent = v.extent;
  e.severity = v.severity;
  e.opened_at = v.opened_at;
  e.confirmed_at = v.confirmed_at;
  e.first_failure = v.first_failure;
  e.symptom = v.symptom;
  e.summary = v.summary;
  e.why = v.why;
  e.also = also;
  e.snapshot_id = v.snapshot_id;
  e.snapshot_sha256 = v.snapshot_sha256;
  e.runbook = v.runbook;
  e.next_safe_step = v.next_safe_step;
  e.dedup_base = v.dedup_base;
  return e;
}

SnapshotOrder Engine::State::snapshot_of(const TargetState& t, const IncidentView& v, const std::string& reason) {
  SnapshotOrder order;
  order.snapshot_id = ids.next(now.wall);
  order.incident_id = v.id;
  order.episode_id = v.episode_id;
  order.target = t.config.name;
  order.reason = reason;
  order.last_good = v.last_good;
  order.first_bad = v.first_bad;
  order.at_page = v.at_page;
  order.latest = t.recorded;
  order.at = now.wall;
  order.boundary = to_string(v.boundary);
  order.extent = to_string(v.extent);
  order.severity = to_string(v.severity);
  order.summary = v.summary;
  order.why = v.why;
  order.first_failure = v.first_failure;
  order.runbook = v.runbook;
  order.next_safe_step = v.next_safe_step;
  order.symptom = v.symptom;
  order.exposed_by = v.exposed_by;
  order.conditions = v.conditions;
  if (const auto* i = t.book.find(v.id); i && !i->saw_green)
    for (auto& c : order.conditions)  // what this snapshot is the proof of is written before it is sealed
      if (c.number == 2 && c.state == ConditionState::State::unmet)
        c = {2, c.title, ConditionState::State::met, "this snapshot", now.wall};
  return order;
}

/// Transitions become actions: first every snapshot, then what is told.
void Engine::State::follow_up(Actions& out, TargetState& t, std::vector<Transition> transitions) {
  for (auto* i : t.book.open_incidents())
    if (i->view.runbook.title.empty()) {  // one that is held back wants its owner as well
      i->view.runbook = resolve_runbook(t.config, i->view.boundary);
      i->view.next_safe_step = resolve_next_safe_step(t.config, i->view.boundary);
    }
  std::vector<Notify> told;
  for (auto& transition : transitions) {
    auto& v = transition.view;
    if (v.dedup_base.empty()) {  // chosen once, at the first page: a reload must not change the key
      v.dedup_base = config.environment + "/" + v.target + "/" + std::string(to_string(v.boundary));
      v.runbook = resolve_runbook(t.config, v.boundary);
      v.next_safe_step = resolve_next_safe_step(t.config, v.boundary);
      if (auto* i = t.book.find(v.id)) {
        i->view.dedup_base = v.dedup_base;
        i->view.runbook = v.runbook;
        i->view.next_safe_step = v.next_safe_step;
      }
    }
    if (wants_snapshot(transition.kind))
      out.push_back(Seal{snapshot_of(t, v, transition.kind == EventKind::firing ? "page" : "escalated")});
    const std::string kind(to_string(transition.kind));
    out.push_back(Say{loudness(transition.kind), "incident." + kind, v.target, v.id, std::string(to_string(v.boundary)),
                      v.summary});
    told.push_back(Notify{alert_of(transition.kind, v, transition.also), ""});
    if (transition.kind == EventKind::recovered) {  // verification starts at once
      ask_checks(t, false);
      t.due = std::min(t.due, now.mono + t.config.confirm.spacing);
    }
  }
  for (auto& notify : told) out.push_back(std::move(notify));
}

void Engine::State::on(const Tick&, Actions& out) {
  const auto expired = std::erase_if(silences, [&](const auto& entry) { return entry.second.expires_at <= now.wall; });
  if (expired) out.push_back(SaveState{});
  if (std::exchange(must_reconcile, false)) adopt(Config(config), out);
  start_due(out);
}

void Engine::State::on(const CheckDone& e, Actions& out) {
  auto* t = find_target(e.target);
  if (!t) return;
  ++t->checks_total;
  const auto found = t->checks.find(std::string(bare_name(e.read.read)));
  if (found != t->checks.end()) {
    auto& check = found->second;
    check.running = false;
    check.asked_for_disagreement = false;
    check.ended = now.mono;
    for (const auto& c : t->config.checks)
      if (c.name == found->first) check.due = now.mono + c.interval;
    if (e.outdated) check.asked = true;
  }
  if (e.outdated) return start_due(out, *t);
  t->pending_checks.push_back(e.read);
  // Its result is counted with a sweep; one that may change the verdict does not wait for the whole interval.
  const auto known = t->reads.find(e.read.read);
  const bool first_word = known == t->reads.end() || !known->second.seen;
  if (t->book.suspects() || t->book.wants_checks() || first_word)
    t->due = std::min(t->due, now.mono + t->config.confirm.spacing);
  start_due(out, *t);
}

void Engine::State::on(const SweepDone& e, Actions& out) {
  auto* t = find_target(e.target);
  if (!t) return;
  t->sweeping = false;
  t->sweep = std::max(t->sweep, e.sweep);
  t->recorded = std::max(t->recorded, e.sweep);
  t->void_reason = e.void_reason;
  ++t->sweeps_total;

  SweepRecord record;
  record.target = e.target;
  record.sweep = e.sweep;
  record.at = now.wall;
  for (const auto& r : e.reads)  // a check may have ended long before the sweep that counts it
    if (kind_of(r.read) != ReadKind::check) record.at = std::min(record.at, r.at);
  record.void_reason = e.void_reason;
  t->last_sweep_at = record.at;

  if (!e.void_reason.empty()) {
    ++t->sweeps_void;
    record.reads = judge_without_counting(*t, e.reads);
    record.primary = "void";
    out.push_back(Record{std::move(record)});
    if (++t->voids_in_a_row == 1)
      out.push_back(Say{Say::Level::warning, "sweep.void", e.target, "", "",
                        "sweep " + std::to_string(e.sweep) + " is void: " + e.void_reason});
    plan_after_sweep(*t);
    start_due(out, *t);
    return;
  }

  if (const auto voids = std::exchange(t->voids_in_a_row, 0); voids > 0)
    out.push_back(Say{Say::Level::info, "sweep.counts", e.target, "", "",
                      "sweep " + std::to_string(e.sweep) + " counts again; void before it: " + std::to_string(voids)});
  auto raw = e.reads;
  std::move(t->pending_checks.begin(), t->pending_checks.end(), std::back_inserter(raw));
  t->pending_checks.clear();
  const int slower = std::min(t->slow_down * 2, slowest);
  t->slow_down = t->throttled_until.empty() ? 1 : t->slow_down;
  const auto reads = judge_reads(*t, std::move(raw));
  for (const auto& r : reads) {
    if (r.word != "throttled") continue;
    t->slow_down = slower;
    if (const auto after = t->reads[r.raw.read].retry_after)
      t->throttled_until[r.raw.read] = now.mono + std::min(*after, longest_retry_after);
  }
  const SweepFacts facts = facts_of(*t, reads);
  const Verdict before = std::move(t->verdict);
  t->verdict = diagnose(facts);
  t->counted_once = true;

  const std::string disagree = disagreement(facts);
  if (!disagree.empty() && !t->disagreed) ask_checks(*t, true);
  t->disagreed = !disagree.empty();

  const CountedSweep counted{now, e.sweep, facts, t->verdict, reads, !options.recorded && awaits_check(*t)};
  auto transitions = t->book.count(counted, rules_for(*t), ids);

  record.reads = reads;
  record.primary = t->verdict.primary();
  if (!t->verdict.findings.empty()) record.extent = to_string(t->verdict.findings.front().extent);
  if (!t->verdict.blind() && !t->verdict.findings.empty())
    for (Boundary b : t->verdict.also(t->verdict.findings.front().boundary)) record.also.emplace_back(to_string(b));
  out.push_back(Record{std::move(record)});

  const bool suspect = t->book.suspects();
  if ((suspect && !t->was_suspect) || (suspect && rests_on_checks(t->verdict)) || t->book.wants_checks())
    ask_checks(*t, false);
  const bool newly_suspect = suspect && !t->was_suspect;
  const bool changed = !transitions.empty() || before.primary() != t->verdict.primary() || suspect != t->was_suspect ||
                       !t->verdict.green() || !t->book.open_incidents().empty();
  t->was_suspect = suspect;
  if (t->verdict.green()) {
    if (!t->green_since) t->green_since = now.wall;
  } else {
    t->green_since.reset();
  }
  if (!t->verdict.blind())
    t->blind_since.reset();
  else if (!t->blind_since)
    t->blind_since = now.wall;

  const bool told = !transitions.empty();
  follow_up(out, *t, std::move(transitions));
  if (changed || !t->saved_at || now.mono - *t->saved_at >= save_at_least_every) {
    t->saved_at = now.mono;
    out.push_back(SaveState{e.target, told});
  }
  const bool seals =
      std::any_of(out.begin(), out.end(), [](const Action& a) { return std::holds_alternative<Seal>(a); });
  if (newly_suspect || seals) start_evidence(out, *t);
  plan_after_sweep(*t);
  note_watch(*t);
  start_due(out, *t);
}

/// At the first suspicion, so that the output of the commands is there when the page's snapshot is sealed; at the seal,
/// for what was never suspected before. The shell runs none twice within a few seconds.
void Engine::State::start_evidence(Actions& out, const TargetState& t) {
  if (!options.recorded) out.push_back(StartEvidence{t.config.name});
}

void Engine::State::on(const Sealed& e, Actions& out) {
  auto found = find_incident(e.incident_id);
  if (!found.incident) return;
  auto& i = *found.incident;
  if (e.sha256.empty()) {
    i.note(now.wall, "snapshot failed", e.note);
    out.push_back(Say{Say::Level::error, "snapshot.failed", i.view.target, i.view.id,
                      std::string(to_string(i.view.boundary)), "no snapshot could be sealed: " + e.note});
  } else {
    if (!e.on_request || i.view.snapshot_id.empty()) {
      i.view.snapshot_id = e.snapshot_id;
      i.view.snapshot_sha256 = e.sha256;
    }
    i.captured(e.snapshot_id, now.wall);
    i.note(now.wall, "snapshot", "sealed " + e.snapshot_id + ", sha256 " + e.sha256);
  }
  i.view.conditions = six_conditions(i, proof_rules(found.target->config, config.resolution));
  out.push_back(SaveState{found.target->config.name});
}

void Engine::State::adopt(const Config& adopted, Actions& out) {
  config = adopted;
  agenda.clear();
  std::map<std::string, std::unique_ptr<TargetState>> kept;
  std::size_t place = 0;
  for (const auto& target : config.targets) {
    auto known = targets.find(target.name);
    auto state = known != targets.end() && known->second ? std::move(known->second) : std::make_unique<TargetState>();
    forget_changed_checks(*state, target);
    state->config = target;
    const auto is_configured = [&](const std::string& read) {
      const auto rules = proof_rules(target, config.resolution);
      const auto has = [&](const std::vector<std::string>& names) {
        return std::find(names.begin(), names.end(), read) != names.end();
      };
      return has(rules.surfaces) || has(rules.checks) || has(rules.paths);
    };
    std::erase_if(state->reads, [&](const auto& entry) { return !is_configured(entry.first); });
    plan_target(*state, place++, config.targets.size());
    out.push_back(SaveState{target.name});
    kept[target.name] = std::move(state);
  }
  for (auto& [name, gone] : targets) {
    if (!gone) continue;
    for (auto* i : gone->book.open_incidents()) departed.push_back(i->view);
    follow_up(out, *gone,
              gone->book.close_all(now, "no longer watched: the target was removed from the configuration"));
    out.push_back(SaveState{name});
  }
  out.push_back(SaveState{});
  if (departed.size() > departed_kept) departed.erase(departed.begin(), departed.end() - departed_kept);
  targets = std::move(kept);
}

void Engine::State::on(const Reconfigured& e, Actions& out) {
  adopt(e.config, out);
  start_due(out);
}

Engine::Engine(Config config, EngineOptions options, Instant start) : state_(std::make_unique<State>()) {
  state_->options = std::move(options);
  state_->ids = IdSource(state_->options.seed);
  state_->now = start;
  Actions nothing;  // there is no incident yet that could be closed
  state_->adopt(config, nothing);
}
Engine::~Engine() = default;
Engine::Engine(Engine&&) noexcept = default;
Engine& Engine::operator=(Engine&&) noexcept = default;

Actions Engine::handle(const Event& event, Instant now) {
  Actions out;
  state_->now = now;
  std::visit([&](const auto& e) { state_->on(e, out); }, event);
  return out;
}

MonoTime Engine::next_due() const { return state_->next_due(); }
bool Engine::is_watching(Instant now) const {
  return std::all_of(state_->targets.begin(), state_->targets.end(), [&](const auto& entry) {
    const auto& until = entry.second->watched_until;
    return until && now.mono <= *until;
  });
}
const Config& Engine::config() const { return state_->config; }

}  // namespace readback
