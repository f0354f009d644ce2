// The handlers of what the world says: time, answers, a sealed snapshot, a new configuration.
#include "core/engine/engine.hpp"

#include <algorithm>
#include <utility>

#include "core/alert/runbooks.hpp"
#include "core/engine/facts.hpp"
#include "core/engine/state.hpp"
#include "core/fleet/words.hpp"
#include "core/reading/judge_sweep.hpp"
#include "core/text/time.hpp"

namespace readback {
namespace {

constexpr Millis save_at_least_every = std::chrono::minutes(1);

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
    case EventKind::test:
    case EventKind::silence_begins:
    case EventKind::silence_ends: return Say::Level::info;
  }
  return Say::Level::info;
}

/// What a check said counts for that check only: one that runs something else now begins anew, and at once.
void forget_changed_checks(TargetState& t, const TargetConfig& fresh) {
  for (const auto& before : t.config->checks) {
    const auto after = std::find_if(fresh.checks.begin(), fresh.checks.end(),
                                    [&](const CheckConfig& c) { return c.name == before.name; });
    if (after != fresh.checks.end() && is_same_question(*after, before)) continue;
    const std::string read = "check:" + before.name;
    t.reads.erase(read);
    std::erase_if(t.pending_checks, [&](const RawRead& r) { return r.read == read; });
    t.timetable.ask_check(before.name);
  }
}

/// How it stands behind this sweep. Who has a broken check still sees the platform.
Availability availability_of(const TargetState& t, bool in_maintenance) {
  if (in_maintenance) return Availability::maintenance;
  if (t.verdict.blind()) return Availability::unknown;
  bool impaired = false, unseen = false;
  for (const auto* i : t.book.open_incidents()) {
    if (!i->is_active()) continue;
    if (i->record.boundary == Boundary::outage) return Availability::outage;
    (i->record.boundary == Boundary::observer ? unseen : impaired) = true;
  }
  if (impaired) return Availability::impaired;
  const auto* own = t.verdict.find(Boundary::observer);
  if (own && own->trouble == OwnTrouble::check_broken) return Availability::up;
  return unseen || t.verdict.primary() == "unknown" ? Availability::unknown : Availability::up;
}

/// A sweep that comes later than this leaves a hole in what is known.
Millis stands_for(const TargetConfig& target) { return std::max<Millis>(3 * target.interval, std::chrono::minutes(1)); }

bool rests_on_checks(const Verdict& verdict) {
  return std::any_of(verdict.findings.begin(), verdict.findings.end(), [](const Finding& f) { return f.check_alone; });
}

/// A snapshot is sealed when somebody is called, and when what they were called for has become worse. Who is called
/// later is told of the same one.
bool wants_snapshot(const Transition& transition) {
  return transition.only.empty() && (transition.kind == EventKind::firing || transition.kind == EventKind::escalated);
}

}  // namespace

ProofRules proof_rules(const TargetConfig& target, const ResolutionConfig& resolution) {
  ProofRules rules;
  for (const SurfaceConfig& s : target.surfaces) rules.surfaces.push_back(s.name);
  for (const auto& c : target.checks)
    if (c.role == CheckRole::materialization) rules.checks.push_back("check:" + c.name);
  for (const auto& p : target.paths) rules.paths.push_back("path:" + p.name);
  rules.require_attestation = resolution.require_attestation;
  return rules;
}

IncidentRecord Engine::State::shown(const TargetState& t, const Incident& incident) const {
  return incident.shown(proof_rules(t.config, config.resolution));
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

bool Engine::State::is_muted(const TargetState& t, Boundary b) const {
  if (t.maintenance.is_open(t.config->maintenance, now)) return true;
  return is_silenced(t.config->name, b);
}

CaseRules Engine::State::rules_for(const TargetState& t) const {
  return {config.environment,
          t.config,
          config.alerts,
          config.resolution,
          proof_rules(t.config, config.resolution),
          [this, &t](Boundary b) { return is_muted(t, b); },
          options.in_fleet ? [](Boundary b) { return voted(b).has_value(); } : std::function<bool(Boundary)>()};
}

/// All that is said of any event; `about` is the incident that its address shows, "" the page.
AlertEvent Engine::State::new_event(EventKind kind, const std::string& about) const {
  AlertEvent e;
  e.id = ids->next(now.wall);
  e.kind = kind;
  e.at = now.wall;
  e.environment = config.environment;
  e.host = options.host;
  e.url = config.http.page_of(about);
  return e;
}

AlertEvent Engine::State::alert_of(Transition transition) {
  auto group = group_of(transition);
  return alert_of(std::move(transition), std::move(group));
}

AlertEvent Engine::State::alert_of(Transition transition, std::optional<Grouped> group) {
  AlertEvent e = new_event(transition.kind, transition.record.id);
  e.is_of_host = options.in_fleet && !is_shared(transition.record);
  e.incident = std::move(transition.record);
  e.only = std::move(transition.only);
  e.group = std::move(group);
  return e;
}

bool Engine::State::is_shared(const IncidentRecord& record) {
  const auto* t = find_target(record.target);
  const auto* i = t ? t->book.find(record.id) : nullptr;
  return i && i->shared;
}

SnapshotOrder Engine::State::snapshot_of(const TargetState& t, IncidentRecord incident, std::string reason) {
  SnapshotOrder order;
  order.snapshot_id = ids->next(now.wall);
  order.target = t.config->name;
  order.reason = std::move(reason);
  order.at = now.wall;
  order.latest = t.recorded;
  order.incident = std::move(incident);
  return order;
}

void Engine::State::seal(Actions& out, SnapshotOrder order, AfterSeal then) {
  if (!options.recorded) return out.push_back(Seal{std::move(order), std::move(then)});
  on(Sealed{order.target, order.incident.id, {order.snapshot_id, "recorded"}, "", order.on_request, std::move(then)},
     out);
}

/// Transitions become actions, in their order. A page waits for its snapshot.
void Engine::State::follow_up(Actions& out, TargetState& t, std::vector<Transition> transitions) {
  for (auto& transition : transitions) {
    const auto kind = transition.kind;
    const auto& record = transition.record;
    Say said{loudness(kind), "incident." + std::string(to_string(kind)), record.target,
             record.id,      std::string(to_string(record.boundary)),    record.summary};
    if (wants_snapshot(transition)) {
      const auto* i = t.book.find(record.id);
      auto order =
          snapshot_of(t, i ? i->as_sealed(record, now.wall) : record, kind == EventKind::firing ? "page" : "escalated");
      AfterSeal then;
      t.unsealed[record.id] = {"", now.mono};
      then.is_of_fleet = i && i->shared;  // who tells it is not decided here
      if (!then.is_of_fleet) then.alerts.push_back(alert_of(std::move(transition)));
      seal(out, std::move(order), std::move(then));
    } else {
      out.push_back(Notify{alert_of(std::move(transition)), ""});
    }
    out.push_back(std::move(said));
    if (kind == EventKind::recovered) {  // verification starts at once
      t.timetable.ask_checks(false);
      t.timetable.hasten(now.mono);
    }
  }
  keep_ended(out, t);
}

/// What has ended leaves the memory.
void Engine::State::keep_ended(Actions& out, TargetState& t) {
  for (auto& ended : t.book.take_ended()) out.push_back(Keep{std::move(ended)});
}

/// A certificate that ends soon is told once a day: renewals are retried daily for weeks before anybody must act.
void Engine::State::tell_expiries(Actions& out, TargetState& t, const SweepRecord& record) {
  for (const auto& r : record.reads) {
    const auto& ends = r.raw.tls_expires_at;
    if (!ends || *ends - r.raw.at > t.config->tls.expires_within) continue;
    const auto [told, first] = t.expiry_told.try_emplace(r.raw.address, now.mono);
    if (!first && now.mono - told->second < std::chrono::hours(24)) continue;
    told->second = now.mono;
    const bool over = *ends <= r.raw.at;
    out.push_back(Say{Say::Level::warning, "tls.expires", record.target, "", "",
                      "the certificate of " + r.raw.address + (over ? " has expired on " : " expires on ") +
                          to_rfc3339(*ends) + (over ? "" : ", in " + humanize(*ends - r.raw.at))});
  }
}

void Engine::State::on(const Tick&, Actions& out) {
  follow_silences(out);
  for (auto& ended : std::exchange(departed, {})) out.push_back(Keep{std::move(ended)});
  if (std::exchange(must_reconcile, false)) adopt(whole_config(), out);
  start_due(out);
}

void Engine::State::on(CheckDone e, Actions& out) {
  auto* t = find_target(e.target);
  if (!t) return;
  ++t->checks_total;
  t->timetable.check_ended(bare_name(e.read.read), e.outdated, now.mono);
  if (e.outdated) return start_due(out, *t);
  note_what_cannot_be_started(*t, e.read);
  // Its result is counted with a sweep; one that may change the verdict does not wait for the whole interval.
  const auto known = t->reads.find(e.read.read);
  const bool first_word = known == t->reads.end() || !known->second.seen;
  t->pending_checks.push_back(std::move(e.read));
  if (t->book.suspects() || t->book.wants_checks() || first_word) t->timetable.hasten(now.mono);
  start_due(out, *t);
}

void Engine::State::on(SweepDone e, Actions& out) {
  auto* t = find_target(e.target);
  if (!t) return;
  t->timetable.sweep_ended();
  t->maintenance.follow(t->config->maintenance, now);
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

  if (e.void_reason.empty()) return count(*t, std::move(e), std::move(record), out);
  ++t->sweeps_void;
  record.reads = judge_without_counting(t->config, std::move(e.reads));
  record.primary = "void";
  tell_expiries(out, *t, record);
  out.push_back(Record{std::move(record), Availability::unknown, stands_for(t->config)});
  if (auto calls = t->book.call_others(rules_for(*t), now); !calls.empty()) {
    follow_up(out, *t, std::move(calls));
    out.push_back(SaveState{t->config->name});
  }
  if (++t->voids_in_a_row == 1)
    out.push_back(Say{Say::Level::warning, "sweep.void", e.target, "", "",
                      "sweep " + std::to_string(e.sweep) + " is void: " + e.void_reason});
  t->timetable.plan_next(now.mono, t->book.suspects());
  start_due(out, *t);
}

/// A 429 slows the target down, and one that names a time is not asked again before it.
void Engine::State::heed_throttling(TargetState& t, const std::vector<JudgedRead>& reads) {
  std::map<std::string, std::optional<Millis>> throttled;
  for (const auto& r : reads)
    if (r.word == "throttled") throttled[r.raw.read] = t.reads[r.raw.read].retry_after;
  t.timetable.heed(throttled, now.mono);
}

/// Since when the target is green, and since when nothing of it can be seen.
void Engine::State::note_since(TargetState& t) {
  const auto follow = [&](std::optional<WallTime>& since, bool holds) {
    if (!holds)
      since.reset();
    else if (!since)
      since = now.wall;
  };
  follow(t.green_since, t.verdict.green());
  follow(t.blind_since, t.verdict.blind());
}

/// One sweep that counts: judged, diagnosed, counted by the casebook, and what follows from that.
void Engine::State::count(TargetState& t, SweepDone e, SweepRecord record, Actions& out) {
  if (const auto voids = std::exchange(t.voids_in_a_row, 0); voids > 0)
    out.push_back(Say{Say::Level::info, "sweep.counts", e.target, "", "",
                      "sweep " + std::to_string(e.sweep) + " counts again; void before it: " + std::to_string(voids)});
  std::move(t.pending_checks.begin(), t.pending_checks.end(), std::back_inserter(e.reads));
  t.pending_checks.clear();
  record.reads = judge_reads(t.config, t.reads, std::move(e.reads), now.mono);
  heed_throttling(t, record.reads);
  note_what_cannot_be_read(t, record.reads);
  const SweepFacts facts = facts_of(t.config, t.reads, record.reads, now.mono);
  const Verdict before = std::exchange(t.verdict, diagnose(facts));
  t.counted_once = true;
  ++sweeps_counted;

  const bool disagree = !disagreement(facts).empty();
  if (disagree && !t.disagreed) t.timetable.ask_checks(true);
  t.disagreed = disagree;

  const bool awaits_check = !options.recorded && t.timetable.awaits_check(now.mono);
  const CountedSweep counted{now, e.sweep, facts, t.verdict, record.reads, awaits_check};
  auto transitions = t.book.count(counted, rules_for(t), *ids);
  for (auto& call : t.book.call_others(rules_for(t), now)) transitions.push_back(std::move(call));

  record.primary = t.verdict.primary();
  if (!t.verdict.findings.empty()) record.extent = to_string(t.verdict.findings.front().extent);
  if (!t.verdict.blind() && !t.verdict.findings.empty())
    for (Boundary b : t.verdict.also(t.verdict.findings.front().boundary)) record.also.emplace_back(to_string(b));
  tell_expiries(out, t, record);
  const auto availability = availability_of(t, t.maintenance.is_open(t.config->maintenance, now));
  out.push_back(Record{std::move(record), availability, stands_for(t.config)});

  const bool suspect = t.book.suspects();
  const bool newly_suspect = suspect && !t.was_suspect;
  if (newly_suspect || (suspect && rests_on_checks(t.verdict)) || t.book.wants_checks()) t.timetable.ask_checks(false);
  const bool told = !transitions.empty();
  const bool changed = told || before.primary() != t.verdict.primary() || suspect != t.was_suspect ||
                       !t.verdict.green() || !t.book.open_incidents().empty();
  t.was_suspect = suspect;
  note_since(t);

  const bool seals = std::any_of(transitions.begin(), transitions.end(), wants_snapshot);
  follow_up(out, t, std::move(transitions));
  seal_again(out, t);
  follow_silences(out);
  tell_spread(out, t);
  if (changed || !t.saved_at || now.mono - *t.saved_at >= save_at_least_every) {
    t.saved_at = now.mono;
    out.push_back(SaveState{e.target, told});
  }
  if (newly_suspect || seals) start_evidence(out, t, seals);
  t.timetable.plan_next(now.mono, t.book.suspects());
  t.timetable.counted();
  start_due(out, t);
}

/// Told once, and once more when it comes after all.
void Engine::State::note_sealed(Actions& out, TargetState& t, const Sealed& e) {
  const auto& record = t.book.find(e.incident_id)->record;
  const bool waits_for_none = e.then.alerts.empty() && !e.then.answer && !e.then.is_of_fleet;
  const auto say = [&](Say::Level level, const char* kind, const std::string& text) {
    out.push_back(Say{level, kind, e.target, e.incident_id, std::string(to_string(record.boundary)), text});
  };
  if (e.failure.empty()) {
    if (waits_for_none)
      say(Say::Level::info, "snapshot.late", "sealed after its page had left: " + e.evidence.snapshot);
    t.book.sealed(e.incident_id, e.evidence, e.on_request, now.wall);
    t.unsealed.erase(e.incident_id);
  } else {
    if (auto missing = t.unsealed.find(e.incident_id); missing != t.unsealed.end()) missing->second.why = e.failure;
    if (waits_for_none) return;
    t.book.seal_failed(e.incident_id, e.failure, now.wall);
    say(Say::Level::error, "snapshot.failed", "no snapshot could be sealed: " + e.failure);
  }
  out.push_back(SaveState{e.target});
}

/// The alerts that waited get the snapshot, or the reason why there is none; then they are told, in one transaction
/// with the state.
void Engine::State::on(Sealed e, Actions& out) {
  const bool failed = !e.failure.empty();
  if (auto* t = find_target(e.target); t && t->book.find(e.incident_id)) note_sealed(out, *t, e);
  for (auto& alert : e.then.alerts) {
    alert.incident.evidence = failed ? EvidenceRef{} : e.evidence;
    if (failed) alert.evidence_note = "no snapshot: " + e.failure;
    out.push_back(Notify{std::move(alert), ""});
  }
  if (!e.then.answer) return;
  if (failed && e.then.answer->id == e.evidence.snapshot)  // it was the snapshot that was asked for
    e.then.answer = Answer{false, 503, "no snapshot could be sealed: " + e.failure, ""};
  out.push_back(std::move(*e.then.answer));
}

Config Engine::State::whole_config() const {
  Config whole = config;
  for (const auto& name : in_order) whole.targets.push_back(targets.at(name)->config);
  return whole;
}

void Engine::State::adopt(Config adopted, Actions& out) {
  config = std::move(adopted);
  auto watched = std::exchange(config.targets, {});  // each is with its state
  in_order.clear();
  agenda.clear();
  std::map<std::string, std::unique_ptr<TargetState>> kept;
  std::size_t place = 0;
  for (auto& each : watched) {
    auto known = targets.find(each->name);
    auto state = known != targets.end() && known->second ? std::move(known->second) : std::make_unique<TargetState>();
    forget_changed_checks(*state, each);
    state->config = std::move(each);
    const TargetConfig& target = state->config;
    in_order.push_back(target.name);
    for (auto& [name, read] : state->reads) read.memory.familiar.forget();
    const auto rules = proof_rules(target, config.resolution);
    std::erase_if(state->reads, [&](const auto& entry) { return !rules.knows(entry.first); });
    state->book.forget_gone(rules, now.wall);
    state->timetable.follow(target, now.mono, spread_of(target.interval, place++, watched.size()));
    agenda.note(target.name, state->timetable.next(now.mono));
    out.push_back(SaveState{target.name});
    kept[in_order.back()] = std::move(state);
  }
  for (auto& [name, gone] : targets) {
    if (!gone) continue;
    follow_up(out, *gone,
              gone->book.close_all(proof_rules(gone->config, config.resolution), now,
                                   "no longer watched: the target was removed from the configuration"));
    out.push_back(SaveState{name});
  }
  out.push_back(SaveState{});
  targets = std::move(kept);
}

void Engine::State::on(Reconfigured e, Actions& out) {
  adopt(std::move(e.config), out);
  start_due(out);
}

Engine::Engine(Config config, EngineOptions options, Instant start) : state_(std::make_unique<State>()) {
  state_->options = std::move(options);
  state_->ids = state_->options.ids ? state_->options.ids : std::make_shared<IdSource>(state_->options.seed);
  state_->now = start;
  Actions nothing;  // there is no incident yet that could be closed
  state_->adopt(std::move(config), nothing);
}
Engine::~Engine() = default;
Engine::Engine(Engine&&) noexcept = default;
Engine& Engine::operator=(Engine&&) noexcept = default;

Actions Engine::handle(Event event, Instant now) {
  Actions out;
  state_->now = now;
  std::visit([&](auto& e) { state_->on(std::move(e), out); }, event);
  return out;
}

MonoTime Engine::next_due() const { return state_->next_due(); }
const Config& Engine::config() const { return state_->config; }

}  // namespace readback
