// The state machine of one target: each counted sweep walks through the boundaries in the order of precedence, and each
// boundary's track decides for itself whether it opens, pages, grows worse, recovers, relapses or ends.
#include "core/incident/casebook.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "core/alert/route.hpp"
#include "core/alert/runbooks.hpp"
#include "core/incident/recovery.hpp"
#include "core/incident/words.hpp"
#include "core/text/time.hpp"
#include "core/text/words.hpp"

namespace readback {
namespace {

constexpr int results_that_confirm = 2;  // of a check: consecutive results, however many sweeps repeat one
constexpr std::size_t most_reasons = 20;

void name_owner(IncidentRecord& record, const CaseRules& rules, OwnTrouble trouble) {
  record.runbook = resolve_runbook(rules.target, record.boundary, trouble);
  record.next_safe_step = resolve_next_safe_step(rules.target, record.boundary, trouble);
}

}  // namespace

void name_key(IncidentRecord& record, const CaseRules& rules) {
  if (!record.dedup_base.empty()) return;
  record.dedup_base = rules.environment + "/" + record.target + "/" + std::string(to_string(record.boundary));
  if (record.runbook.title.empty()) name_owner(record, rules, OwnTrouble::none);
}

/// One sweep on its way through the boundaries.
struct Casebook::Pass {
  Casebook& book;
  const CountedSweep& sweep;
  const CaseRules& rules;
  IdSource& ids;
  std::vector<Transition> out;

  Track& track(Boundary b) { return book.tracks_[index(b)]; }
  const TargetConfig& target() const { return rules.target; }

  void emit(EventKind kind, Boundary b, Incident& i) {
    name_key(i.record, rules);
    i.record.also = sweep.verdict.also(b);
    i.note(sweep.now.wall, std::string(to_string(kind)), i.record.summary);
    i.told_total = i.told_total || i.record.extent == Extent::total;
    if (i.record.state == IncidentState::firing && !i.record.paged_at && is_told(rules.alerts.sinks, i.record))
      i.record.paged_at = sweep.now.wall;
    out.push_back({kind, i.shown(rules.proof), {}, i.leader});
  }

  void emit_good_news(EventKind kind, Boundary b, Incident& i, const std::string& page) {
    emit(kind, b, i);
    turn_into_good_news(out.back().record, page);
  }

  void follow_episode() {
    auto& episode = book.episode_;
    const JudgedRead* first = nullptr;
    for (const auto& r : sweep.reads) {
      if (r.green || r.word == "throttled" || kind_of(r.raw.read) == ReadKind::reference) continue;
      if (is_never_there(r.raw.read) && !is_of_never_there_alone()) continue;  // it never left green
      if (!first || r.raw.at < first->raw.at) first = &r;
    }
    if (first && begins_anew(*first)) episode = {};
    if (first && episode.id.empty()) {
      episode.id = ids.next(sweep.now.wall);
      episode.first.reset();
    }
    if (first && !is_never_there(first->raw.read)) episode.bad_at = sweep.now.mono;
    if (first && !episode.first) {
      const std::string reason =
          first->reasons.empty() ? first->word : bare_reason(first->raw.read, first->reasons.front());
      episode.first = FirstFailure{first->raw.read, first->raw.at, reason};
      episode.is_of_never_there = is_never_there(first->raw.read);
    }
    if (!first && sweep.verdict.findings.empty()) {
      book.last_good_ = sweep.verdict.green() ? sweep.number : book.last_good_;
      const bool quiet = std::none_of(book.tracks_.begin(), book.tracks_.end(),
                                      [](const Track& t) { return t.incident && t.incident->is_active(); });
      if (quiet) episode = {};
    }
    if (!sweep.verdict.findings.empty() && episode.id.empty()) episode.id = ids.next(sweep.now.wall);
  }

  /// What is still open may be of long ago: a fault that comes when all has passed for a while is not part of it.
  bool begins_anew(const JudgedRead& bad) const {
    const auto& episode = book.episode_;
    if (episode.is_of_never_there && !is_never_there(bad.raw.read)) return true;
    const Millis apart = std::max(target().episode_window, 3 * target().interval);
    return episode.bad_at && sweep.now.mono - *episode.bad_at > apart;
  }

  /// From the first sweep that saw nothing; a sweep in which no surface was read changes nothing.
  void follow_blindness() {
    if (sweep.verdict.blind() && !book.blind_from_)
      book.blind_from_ = sweep.now.mono;
    else if (!sweep.verdict.blind() && any_surface_read(sweep.facts))
      book.blind_from_.reset();
  }

  void count_holding(Boundary b, Track& t, const Finding* finding) {
    if (!finding) {
      t.holding = 0;
      // A surface that an outage explains away for a while has not become well: only a proof of health is a change.
      static const NameSet none;
      const auto& blamed = t.incident ? t.incident->blamed : none;
      if (recovery_proof(b, blamed, sweep.facts) == Proof::good) t.flap.push(false);
      return;
    }
    if (!finding->fresh) return;  // an older answer is repeated: neither confirms nor clears
    if (t.holding++ == 0) {
      t.holding_since = earliest_blamed(*finding);
      t.holding_from = sweep.now.mono;
      t.first_sweep = sweep.number;
    }
    t.flap.push(true);
  }

  WallTime earliest_blamed(const Finding& finding) const {
    std::optional<WallTime> at;
    for (const auto& r : sweep.reads)
      if (std::find(finding.blamed.begin(), finding.blamed.end(), r.raw.read) != finding.blamed.end())
        at = std::min(at.value_or(r.raw.at), r.raw.at);
    return at.value_or(sweep.now.wall);
  }

  int results(const Finding& finding) const {
    int most = 0;
    for (const auto& c : sweep.facts.checks)
      if (std::find(finding.blamed.begin(), finding.blamed.end(), "check:" + c.name) != finding.blamed.end())
        most = std::max(most, c.results_in_a_row);
    return most;
  }

  bool confirmed_by_results(Boundary b, const Finding& f) const {
    return (b == Boundary::drift || b == Boundary::observer) && results(f) >= results_that_confirm;
  }
  bool confirmed(Boundary b, const Track& t, const Finding& f) const {
    if (confirmed_by_results(b, f)) return true;
    if (f.check_alone || t.holding < target().confirm.failures) return false;
    const bool answer_could_explain =
        b == Boundary::readiness || b == Boundary::product || (b == Boundary::outage && f.extent != Extent::total);
    return !(sweep.awaiting_check && answer_could_explain);
  }
  /// Never three in a row and yet bad again and again, over a full window: one in three by turns is this, noise of a
  /// few per cent is not.
  bool opens_by_flapping(const Track& t) const {
    constexpr int bad_enough = 8, bad_enough_by_turns = 7;
    constexpr double by_turns = 60.0;  // per cent: hardly two bad sweeps in a row
    const double percent = t.flap.percent();
    return t.flap.full() && percent >= FlapWindow::begins_at &&
           t.flap.held() >= (percent >= by_turns ? bad_enough_by_turns : bad_enough);
  }

  bool stands_over(Boundary inhibitor) {
    const auto& t = track(inhibitor);
    return sweep.verdict.find(inhibitor) || (t.incident && t.incident->is_active());
  }
  bool inhibited(Boundary b, MonoTime confirmed_at) {
    if (b != Boundary::readiness && b != Boundary::product) return false;
    if (stands_over(Boundary::outage)) return true;
    if (b == Boundary::product && stands_over(Boundary::readiness)) return true;
    const auto& drift = track(Boundary::drift).incident;
    if (!drift || !drift->is_active() || drift->record.acknowledged_at || rules.muted(Boundary::drift)) return false;
    const Millis apart =
        drift->confirmed < confirmed_at ? confirmed_at - drift->confirmed : drift->confirmed - confirmed_at;
    return apart <= target().episode_window;
  }

  bool is_shared(Boundary b) const { return rules.shared && rules.shared(b); }

  void open(Boundary b, Track& t, const Finding& f, bool by_flapping) {
    Incident i;
    auto& v = i.record;
    v.id = ids.next(sweep.now.wall);
    v.episode = book.episode_.id;
    v.target = target().name;
    v.boundary = b;
    v.opened_at = t.holding_since;
    v.confirmed_at = sweep.now.wall;
    v.first_failure = book.episode_.first;
    if (!v.first_failure)
      v.first_failure =
          FirstFailure{f.blamed.empty() ? "health" : f.blamed.front(), t.holding_since,
                       f.why.empty() ? "" : bare_reason(f.blamed.empty() ? "" : f.blamed.front(), f.why.front())};
    v.symptom = v.first_failure->read + ": " + v.first_failure->reason;
    v.sweeps.last_good = book.last_good_;
    v.sweeps.first_bad = t.first_sweep;
    v.sweeps.at_page = sweep.number;
    v.state = IncidentState::inhibited;
    i.opened = t.holding_from;
    i.confirmed = sweep.now.mono;
    i.flapping = by_flapping;
    i.attempts = by_flapping                                              ? t.flap.held()
                 : f.check_alone || t.holding < target().confirm.failures ? results(f)
                                                                          : t.holding;
    i.check_ran = t.check_ran;
    i.check_ran_at = t.check_ran_at;
    if (is_shared(b)) i.shared.emplace();
    i.note(v.opened_at, "opened", v.symptom);
    i.note(v.confirmed_at, "confirmed",
           by_flapping ? "by " + std::to_string(t.flap.held()) + " bad sweeps of the last 21"
                       : std::string("by ") + std::to_string(i.attempts) + " in a row");
    t.incident = std::make_unique<Incident>(std::move(i));
  }

  void blame(Incident& i, const Finding& f) {
    if (!f.blind)
      for (const auto& read : f.blamed) i.blamed.insert(read);
    i.record.why = f.why;
    if (const auto all = i.record.why.size(); all > most_reasons) {
      i.record.why.resize(most_reasons - 1);
      i.record.why.push_back("… and " + std::to_string(all - i.record.why.size()) + " more");
    }
    i.record.also = sweep.verdict.also(f.boundary);
  }

  void page(Boundary b, Track& t, const Finding& f) {
    auto& i = *t.incident;
    i.record.severity = f.severity;
    i.record.extent = i.flapping ? Extent::intermittent : f.extent;
    i.record.summary = page_summary(i, f, t.holding_since);
    if (inhibited(b, i.confirmed)) {
      i.hold_back(IncidentState::inhibited, "held back: it follows from what is paged already", sweep.now.wall);
      return;
    }
    if (rules.muted(b)) {
      i.hold_back(IncidentState::muted, "held back by a silence or a maintenance window", sweep.now.wall);
      return;
    }
    if (i.record.state == IncidentState::muted) tell_delay(i.record, sweep.now.mono - i.confirmed);
    name_owner(i.record, rules, f.trouble);
    i.record.state = IncidentState::firing;
    i.record.sweeps.at_page = sweep.number;
    i.saw_green = false;  // what was green while it was held back was a pause: the recovery is still to come
    i.paged = true;
    i.spoken = sweep.now.mono;
    i.paged_from = sweep.now.mono;
    emit(EventKind::firing, b, i);
  }

  /// Once an incident: a rate that swings about the thresholds is no news each time.
  void tell_flapping(Boundary b, Track& t) {
    auto& i = *t.incident;
    if (!i.flapping || !i.paged || i.record.state != IncidentState::firing || rules.muted(b)) return;
    i.record.extent = Extent::intermittent;
    if (std::exchange(i.told_flapping, true)) return;
    const std::string page = i.record.summary;
    i.record.summary = intermittent_summary(i, t.flap.held());
    emit(EventKind::intermittent, b, i);
    i.record.summary = page;
  }

  void still_firing(Boundary b, Track& t, const Finding& f) {
    escalate(b, t, f);
    if (!f.certificate_alone) remind(b, t);  // told once, and ended by the renewal
  }

  void remind(Boundary b, Track& t) {
    auto& i = *t.incident;
    if (!rules.muted(b) && !i.record.acknowledged_at && sweep.now.mono - i.spoken >= rules.alerts.renotify) {
      i.spoken = sweep.now.mono;
      const std::string page = i.record.summary;
      i.record.summary = "STILL " + page + ", for " + humanize(sweep.now.mono - i.opened);
      emit(EventKind::reminder, b, i);
      i.record.summary = page;
    }
  }

  static bool is_wider(const Incident& i, const Finding& f) {
    return !i.flapping && f.extent == Extent::total && i.record.extent != Extent::total && !i.told_total;
  }

  void escalate(Boundary b, Track& t, const Finding& f) {
    auto& i = *t.incident;
    const bool blind_too_long =
        f.blind && i.record.severity < Severity::critical && sweep.now.mono - *book.blind_from_ >= target().blind_limit;
    const bool wider = is_wider(i, f);
    if (f.severity <= i.record.severity && !wider)
      i.worse = 0;
    else if (f.fresh)
      ++i.worse;
    if (rules.muted(b) || inhibited(b, i.confirmed)) return;
    if (!blind_too_long && i.worse < target().confirm.failures) return;
    i.worse = 0;
    const IncidentRecord before = i.record;
    i.record.severity = blind_too_long ? Severity::critical : std::max(i.record.severity, f.severity);
    if (wider) i.record.extent = f.extent;
    i.record.summary = page_summary(i, f, i.record.opened_at,
                                    blind_too_long ? "blind for " + humanize(sweep.now.mono - *book.blind_from_)
                                                   : what_became_worse(before, i.record));
    i.spoken = sweep.now.mono;
    emit(EventKind::escalated, b, i);
  }

  void follow_flapping(Track& t) {
    auto& i = *t.incident;
    const double percent = t.flap.percent();
    if (!i.flapping && percent >= FlapWindow::begins_at) {
      i.flapping = true;
    } else if (i.flapping && percent < FlapWindow::ends_below) {
      i.flapping = false;
      i.note(sweep.now.wall, "steady", "no longer flapping");
    }
  }

  void close(Track& t) {
    auto& i = *t.incident;
    i.record.state = IncidentState::resolved;
    i.record.resolved_at = sweep.now.wall;
    book.ended_.push_back(i.shown(rules.proof));
    t.incident.reset();
  }

  /// What an operator declared is over when a person says so, or when the path that it names has failed and passes.
  static bool may_end(const Incident& i) {
    if (!i.record.declared || i.attested) return true;
    const auto& by = i.record.exposed_by;
    const std::string path = by.substr(by.find(':') + 1);
    return i.failed_paths.contains(path) || i.gone.contains("path:" + path);
  }

  void recover(Boundary b, Track& t) {
    auto& i = *t.incident;
    if (!may_end(i)) return;
    switch (recovery_proof(b, i.blamed, sweep.facts)) {
      case Proof::good: ++i.passes; break;
      case Proof::neutral: return;
      case Proof::bad: i.passes = 0; return;
    }
    if (i.passes < target().confirm.recoveries || i.flapping) return;
    if (!i.paged && !i.record.declared) {
      i.note(sweep.now.wall, "ended", "over before anybody was paged");
      close(t);
      return;
    }
    i.record.state = IncidentState::recovered;
    i.record.recovered_at = sweep.now.wall;
    i.recovered = sweep.now.mono;
    i.worse = 0;
    i.verified.clear();
    i.green_since = sweep.verdict.sequence_passes ? std::optional(sweep.now.mono) : std::nullopt;
    const std::string page = i.record.summary;
    i.record.summary = recovered_summary(i, sweep.now.mono);
    if (i.paged)
      emit_good_news(EventKind::recovered, b, i, page);
    else
      i.note(sweep.now.wall, "recovered", i.record.summary);
    i.record.summary = page;
  }

  void relapse(Boundary b, Track& t, const Finding& f) {
    auto& i = *t.incident;
    i.record.state = IncidentState::firing;
    i.record.recovered_at.reset();
    i.recovered.reset();
    i.green_since.reset();
    i.verified.clear();
    i.passes = 0;
    // What is worse than before is confirmed and escalated like anything else: not every sink hears of a relapse.
    i.worse = f.severity > i.record.severity || is_wider(i, f) ? 1 : 0;
    i.attempts = std::max(t.holding, 1);
    i.record.summary = page_summary(i, f, t.holding_since);
    if (i.paged) {
      i.spoken = sweep.now.mono;  // a reminder comes after a while without news
      emit(EventKind::relapsed, b, i);
    } else {
      i.note(sweep.now.wall, "relapsed", i.record.summary);
    }
  }

  /// What was read again and is green; a surface that never was there is as it was.
  void note_verified(Incident& i) const {
    for (const auto& r : sweep.reads) {
      const bool is_fine = r.green || is_never_there(r.raw.read);
      if (is_fine && i.verified.insert(r.raw.read).second) i.verified_at = sweep.now.wall;
      if (!is_fine && r.word != "throttled") i.verified.erase(r.raw.read);
    }
  }

  /// Nothing else is found: then the surface that was never there is what failed.
  bool is_of_never_there_alone() const {
    const auto& all = sweep.verdict.findings;
    return all.size() == 1 && all.front().trouble == OwnTrouble::never_there;
  }

  bool is_never_there(const std::string& read) const {
    const auto& surfaces = sweep.facts.surfaces;
    return std::any_of(surfaces.begin(), surfaces.end(),
                       [&](const SurfaceFact& s) { return s.never_there && s.name == read; });
  }

  /// After the recovery: is the whole target green, was everything read again, do the six conditions hold?
  void verify(Boundary b, Track& t) {
    auto& i = *t.incident;
    if (i.recovered == sweep.now.mono) return;  // what comes after the recovery verifies it
    note_verified(i);
    if (!sweep.verdict.sequence_passes) {
      i.green_since.reset();
      return;
    }
    if (!i.green_since) i.green_since = sweep.now.mono;
    if (sweep.now.mono - *i.green_since < rules.resolution.settle || !conditions_hold(six_conditions(i, rules.proof)))
      return;
    i.record.state = IncidentState::resolved;
    i.record.resolved_at = sweep.now.wall;
    const std::string page = i.record.summary;
    i.record.summary = resolved_summary(i, sweep.now.mono);
    if (i.paged)
      emit_good_news(EventKind::resolved, b, i, page);
    else
      i.note(sweep.now.wall, "resolved", i.record.summary);
    close(t);
  }

  // ---- what several hosts share: this one follows what it sees, and tells nothing by itself

  void follow_shared(Boundary b, Track& t, const Finding* finding) {
    auto& i = *t.incident;
    if (finding)
      see(b, t, *finding);
    else if (clear(b, t))
      return;
    if (i.record.state == IncidentState::recovered)
      prove(i);
    else if (i.paged)
      remind(b, t);
  }

  void see(Boundary b, Track& t, const Finding& f) {
    auto& i = *t.incident;
    auto& s = *i.shared;
    if (s.is_clear_here && confirmed(b, t, f)) {
      s.is_clear_here = false;
      i.note(sweep.now.wall, "seen here", f.headline);
    }
    book.suspects_ = book.suspects_ || s.is_clear_here;
    const bool total = !i.flapping && f.extent == Extent::total;
    const bool is_worse = f.severity > s.severity || (total && !s.total);
    if (is_worse && f.fresh) ++i.worse;
    if (!i.paged || s.is_clear_here || !is_worse || i.worse >= target().confirm.failures) {
      s.severity = f.severity;
      s.total = total;
      i.worse = 0;
    }
    s.would_page = i.paged || (!inhibited(b, i.confirmed) && !rules.muted(b));
    if (i.paged) return;
    i.record.severity = f.severity;
    i.record.extent = i.flapping ? Extent::intermittent : f.extent;
    i.record.summary = page_summary(i, f, t.holding_since);
    i.record.sweeps.at_page = sweep.number;
    name_owner(i.record, rules, f.trouble);
    if (s.would_page)
      i.hold_back(IncidentState::inhibited, "held back: the other hosts are asked", sweep.now.wall);
    else if (rules.muted(b))
      i.hold_back(IncidentState::muted, "held back by a silence or a maintenance window", sweep.now.wall);
    else
      i.hold_back(IncidentState::inhibited, "held back: it follows from what is paged already", sweep.now.wall);
  }

  /// It does not hold here any more. True when with that it is over: nobody was told of it.
  bool clear(Boundary b, Track& t) {
    auto& i = *t.incident;
    switch (recovery_proof(b, i.blamed, sweep.facts)) {
      case Proof::good: ++i.passes; break;
      case Proof::neutral: return false;
      case Proof::bad: i.passes = 0; return false;
    }
    if (i.passes < target().confirm.recoveries || i.flapping) return false;
    if (!i.paged) {
      i.note(sweep.now.wall, "ended", "over before anybody was paged");
      close(t);
      return true;
    }
    if (!std::exchange(i.shared->is_clear_here, true))
      i.note(sweep.now.wall, "clear here", "this host does not see it any more; what the others see decides");
    return false;
  }

  /// What is green here after the recovery, for the six conditions.
  void prove(Incident& i) {
    note_verified(i);
    if (!sweep.verdict.sequence_passes)
      i.green_since.reset();
    else if (!i.green_since)
      i.green_since = sweep.now.mono;
  }

  /// The first check that ran since it began to fail.
  void note_check(std::string& said, std::optional<WallTime>& at) const {
    for (const auto& r : sweep.reads)
      if (kind_of(r.raw.read) == ReadKind::check && !at) {
        at = r.raw.at;
        said = r.raw.read + " said " + r.word;
      }
  }

  void gather(Incident& i) {
    if (sweep.verdict.green()) i.saw_green = true;
    note_check(i.check_ran, i.check_ran_at);
    for (const auto& r : sweep.reads) {
      const auto kind = kind_of(r.raw.read);
      if (kind == ReadKind::path && !r.green && r.word != "throttled")
        i.failed_paths.insert(std::string(bare_name(r.raw.read)));
    }
  }

  void judge(Boundary b) {
    Track& t = track(b);
    const Finding* finding = sweep.verdict.find(b);
    if (sweep.verdict.blind() && b != Boundary::observer) {  // not to see proves neither fault nor recovery
      t.holding = 0;
      if (t.incident) {
        t.incident->passes = 0;
        t.incident->worse = 0;
        t.incident->green_since.reset();
      }
      return;
    }
    count_holding(b, t, finding);
    if (!finding) t.check_ran_at.reset();
    if (finding && !t.incident) {
      note_check(t.check_ran, t.check_ran_at);
      const bool by_flapping = opens_by_flapping(t);
      if (confirmed(b, t, *finding))
        open(b, t, *finding, false);
      else if (by_flapping)
        open(b, t, *finding, true);
      else
        book.suspects_ = true;
    }
    if (!t.incident) return;
    auto& i = *t.incident;
    if (i.shared && !is_shared(b)) i.shared.reset();  // the fleet was left
    if (i.record.runbook.title.empty())               // one that is held back wants its owner as well
      name_owner(i.record, rules, finding ? finding->trouble : OwnTrouble::none);
    gather(i);
    if (finding) blame(i, *finding);
    if (finding && finding->fresh) i.passes = 0;  // held back or paged, it is not getting well
    follow_flapping(t);
    if (i.shared) {
      follow_shared(b, t, finding);
    } else if (i.record.state == IncidentState::recovered) {
      if (finding && finding->fresh && !inhibited(b, i.confirmed))
        relapse(b, t, *finding);
      else
        verify(b, t);
    } else if (finding && !i.paged) {
      page(b, t, *finding);
    } else if (finding) {
      still_firing(b, t, *finding);
    } else {
      recover(b, t);
    }
    if (t.incident) tell_flapping(b, t);
    if (t.incident && t.incident->worse > 0) book.suspects_ = true;
  }
};

std::vector<Transition> Casebook::count(const CountedSweep& sweep, const CaseRules& rules, IdSource& ids) {
  Pass pass{*this, sweep, rules, ids, {}};
  suspects_ = false;
  pass.follow_episode();
  pass.follow_blindness();
  for (Boundary b : all_boundaries) pass.judge(b);
  return std::move(pass.out);
}

std::vector<Transition> Casebook::call_others(const CaseRules& rules, Instant now) {
  std::vector<Transition> out;
  for (auto& t : tracks_) {
    if (!t.incident) continue;
    auto& i = *t.incident;
    const bool waits = i.paged && i.is_active() && !i.record.acknowledged_at;
    if (!waits || rules.muted(i.record.boundary)) continue;
    const Millis waited = i.waited_since_page(now.mono);
    std::vector<std::string> called;
    for (const auto& step : rules.alerts.escalate)
      if (waited >= step.after && i.record.severity >= step.min_severity)
        for (const auto& sink : step.sinks)
          if (i.called.insert(sink).second) called.push_back(sink);
    if (called.empty()) continue;
    if (!i.record.paged_at) i.record.paged_at = now.wall;
    i.note(now.wall, "called", "nobody has acknowledged it for " + humanize(waited) + ": " + joined(called));
    Transition call{EventKind::firing, i.shown(rules.proof), std::move(called)};
    call.record.summary = call_summary(i, now.mono);
    out.push_back(std::move(call));
  }
  return out;
}

bool Casebook::wants_checks() const {
  for (const auto& t : tracks_) {
    if (!t.incident) continue;
    const auto& i = *t.incident;
    const bool rests_on_check = std::any_of(i.blamed.begin(), i.blamed.end(),
                                            [](const std::string& read) { return kind_of(read) == ReadKind::check; });
    if (i.is_active() && rests_on_check && i.passes > 0) return true;
    if (i.record.state == IncidentState::recovered &&
        std::none_of(i.verified.begin(), i.verified.end(),
                     [](const std::string& read) { return kind_of(read) == ReadKind::check; }))
      return true;
  }
  return false;
}

std::vector<const Incident*> Casebook::open_incidents() const {
  std::vector<const Incident*> open;
  for (const auto& t : tracks_)
    if (t.incident) open.push_back(&*t.incident);
  return open;
}

const Incident* Casebook::find(const std::string& incident_id) const {
  for (const auto& t : tracks_)
    if (t.incident && t.incident->record.id == incident_id) return &*t.incident;
  return nullptr;
}
Incident* Casebook::at(const std::string& incident_id) {
  return const_cast<Incident*>(std::as_const(*this).find(incident_id));
}

const Incident& Casebook::declare(Boundary b, const Symptom& said, const CaseRules& rules, Instant now, IdSource& ids) {
  auto& t = tracks_[index(b)];
  Incident i;
  auto& record = i.record;
  record.id = ids.next(now.wall);
  if (episode_.id.empty()) episode_.id = ids.next(now.wall);
  record.episode = episode_.id;
  record.target = rules.target.name;
  record.boundary = b;
  record.state = IncidentState::firing;
  record.severity = Severity::info;  // nothing has been measured: told to whoever takes such news
  record.declared = true;
  record.opened_at = record.confirmed_at = now.wall;
  i.paged = !rules.muted(b);
  if (i.paged && is_told(rules.alerts.sinks, record)) record.paged_at = now.wall;
  record.sweeps.last_good = last_good_;
  i.opened = i.confirmed = i.spoken = now.mono;
  i.record_symptom(said, now.wall);
  record.summary = "DECLARED " + record.target + ": " + said.text;
  name_key(record, rules);
  t.incident = std::make_unique<Incident>(std::move(i));
  return *t.incident;
}

void Casebook::record_symptom(const std::string& incident_id, const Symptom& said, WallTime when) {
  if (auto* i = at(incident_id)) i->record_symptom(said, when);
}

std::vector<Transition> Casebook::acknowledge(const std::string& incident_id, const std::string& by,
                                              const ProofRules& proof, WallTime when) {
  auto* i = at(incident_id);
  if (!i || i->record.acknowledged_at) return {};
  i->acknowledge(by, when);
  if (!i->paged) return {};
  Transition told{EventKind::acknowledged, i->shown(proof)};
  told.record.summary = "ACKNOWLEDGED by " + someone(by) + ": " + i->record.summary;
  return {std::move(told)};
}

void Casebook::attest(const std::string& incident_id, const Attestation& word, WallTime when) {
  if (auto* i = at(incident_id)) i->attest(word, when);
}

void Casebook::note_verification(const std::string& incident_id, WallTime when) {
  if (auto* i = at(incident_id)) i->note(when, "verify", "asked for: everything is read again");
}

void Casebook::sealed(const std::string& incident_id, const EvidenceRef& evidence, bool on_request, WallTime when) {
  if (auto* i = at(incident_id)) i->sealed(evidence, on_request, when);
}

void Casebook::group_under(const std::string& incident_id, const std::string& leader) {
  if (auto* i = at(incident_id)) i->leader = leader;
}

void Casebook::spread_told(const std::string& incident_id) {
  if (auto* i = at(incident_id)) i->told_spread = true;
}

void Casebook::seal_failed(const std::string& incident_id, const std::string& why, WallTime when) {
  if (auto* i = at(incident_id)) i->seal_failed(why, when);
}

void Casebook::forget_gone(const ProofRules& proof, WallTime when) {
  for (auto& t : tracks_)
    if (t.incident) t.incident->forget_gone(proof, when);
}

std::vector<Transition> Casebook::close_all(const ProofRules& proof, Instant now, const std::string& why) {
  std::vector<Transition> out;
  for (auto& t : tracks_) {
    if (!t.incident) continue;
    auto& i = *t.incident;
    i.record.state = IncidentState::resolved;
    i.record.resolved_at = now.wall;
    i.record.summary = resolved_summary(i, now.mono, why);
    i.record.why = {why};
    i.record.also.clear();
    i.note(now.wall, "resolved", i.record.summary);
    ended_.push_back(i.shown(proof));
    if (i.paged && !i.shared)
      out.push_back({EventKind::resolved, ended_.back(), {}, i.leader});  // others watch on, and tell
    t.incident.reset();
  }
  return out;
}

}  // namespace readback
