// What several hosts agree on about an incident, taken into the book of one of them. The same word comes to every host:
// to one that has confirmed it by itself, and to one that sees nothing and has only the others' word for it.
#include <algorithm>

#include "core/incident/casebook.hpp"
#include "core/incident/words.hpp"
#include "core/text/time.hpp"

namespace readback {
namespace {

bool is_worse(const IncidentRecord& record, const Agreement& agreed) {
  return agreed.severity > record.severity || (agreed.total && record.extent != Extent::total);
}

void take_level(IncidentRecord& record, const Agreement& agreed) {
  record.severity = agreed.severity;
  if (agreed.total) record.extent = Extent::total;
}

std::string with_votes(const std::string& summary, const Agreement& agreed) {
  return agreed.votes.empty() ? summary : summary + ", " + agreed.votes;
}

/// "OUTAGE total fabric: seen from 5 of 7 hosts, not from a, b"
std::string summary_of(const IncidentRecord& record, const std::string& text) {
  const bool reach = record.boundary == Boundary::outage || record.boundary == Boundary::product;
  return upper(record.boundary) + " " + (reach ? std::string(to_string(record.extent)) + " " : "") + record.target +
         ": " + text;
}

/// Told on the word of others: nothing of it was seen here.
Incident on_their_word(const Episode& episode, Boundary b, const Agreement& agreed, const CaseRules& rules, Instant now,
                       IdSource& ids) {
  Incident i;
  auto& record = i.record;
  record.id = ids.next(now.wall);
  record.episode = episode.id.empty() ? ids.next(now.wall) : episode.id;
  record.target = rules.target.name;
  record.boundary = b;
  record.extent = agreed.total ? Extent::total : Extent::degraded;
  record.opened_at = record.confirmed_at = now.wall;
  record.symptom = agreed.votes.empty() ? "other hosts see it" : agreed.votes;
  record.first_failure = FirstFailure{"fleet", now.wall, record.symptom};
  record.why = {"this host does not see it: " + record.symptom};
  record.summary = summary_of(record, record.symptom);
  i.opened = i.confirmed = now.mono;
  i.shared.emplace().is_clear_here = true;
  i.note(now.wall, "opened", "on the word of other hosts: " + record.symptom);
  return i;
}

void page(Incident& i, const Agreement& agreed, bool is_news, Instant now) {
  auto& record = i.record;
  take_level(record, agreed);
  if (!is_news) record.summary = with_votes(record.summary, agreed);
  if (record.state == IncidentState::muted) tell_delay(record, now.mono - i.confirmed);
  if (agreed.was_vantage) i.note(now.wall, "was the way", "the way to it was blamed before");
  record.state = IncidentState::firing;
  record.paged_at = now.wall;
  i.saw_green = false;
  i.paged = true;
  i.paged_from = now.mono;
}

void grow_worse(IncidentRecord& record, const Agreement& agreed) {
  const auto before = record;
  take_level(record, agreed);
  record.summary = summary_of(record, with_votes(what_became_worse(before, record), agreed));
}

void recover(Incident& i, const Agreement& agreed, Instant now) {
  i.record.state = IncidentState::recovered;
  i.record.recovered_at = now.wall;
  i.recovered = now.mono;
  i.green_since.reset();
  i.verified.clear();
  i.shared->green_on = agreed.green_on;
}

void relapse(Incident& i, const Agreement& agreed) {
  i.record.state = IncidentState::firing;
  i.record.recovered_at.reset();
  i.recovered.reset();
  i.green_since.reset();
  i.verified.clear();
  i.shared->green_on.clear();
  i.record.summary = summary_of(i.record, with_votes("it is back", agreed));
}

}  // namespace

const Incident* Casebook::open_of(Boundary b) const {
  const auto& t = tracks_[index(b)];
  return t.incident.get();
}

std::vector<SeenHere> Casebook::seen(const Verdict& verdict, const CaseRules& rules) const {
  std::vector<SeenHere> all;
  for (const Boundary b : all_boundaries) {
    if (!rules.shared || !rules.shared(b)) continue;
    const auto& i = tracks_[index(b)].incident;
    const auto* finding = verdict.find(b);
    const bool is_mine = i && (!i->shared || !i->shared->is_clear_here);
    if (!finding && !(is_mine && (i->shared || i->is_active()))) continue;
    SeenHere s;
    s.boundary = b;
    s.holds_now = finding != nullptr;
    s.is_confirmed = is_mine && (i->shared ? i->shared->would_page : i->paged && i->is_active());
    if (i && i->shared && is_mine) {
      s.severity = i->shared->severity, s.total = i->shared->total;
    } else if (finding) {
      s.severity = finding->severity, s.total = finding->extent == Extent::total;
    } else {
      s.severity = i->record.severity, s.total = i->record.extent == Extent::total;
    }
    s.reasons = finding ? finding->why : i->record.why;
    if (s.reasons.size() > 3) s.reasons.resize(3);
    all.push_back(std::move(s));
  }
  return all;
}

std::vector<Transition> Casebook::turn(Boundary b, const Agreement& agreed, const CaseRules& rules, Instant now,
                                       IdSource& ids) {
  auto& t = tracks_[index(b)];
  // What was paged alone, or was declared by an operator, goes on as it began.
  if (t.incident && !t.incident->shared) return {};
  if (!t.incident && agreed.kind != EventKind::firing) return {};
  const bool is_news = !t.incident;
  if (is_news) t.incident = std::make_unique<Incident>(on_their_word(episode_, b, agreed, rules, now, ids));
  if (is_news && episode_.id.empty()) episode_.id = t.incident->record.episode;
  auto& i = *t.incident;
  auto& record = i.record;
  i.shared->votes = agreed.votes;
  switch (agreed.kind) {
    case EventKind::firing:
      if (i.paged) return {};
      page(i, agreed, is_news, now);
      break;
    case EventKind::escalated:
      if (!i.paged || !is_worse(record, agreed)) return {};
      grow_worse(record, agreed);
      break;
    case EventKind::recovered:
      if (!i.paged || record.state == IncidentState::recovered) return {};
      recover(i, agreed, now);
      break;
    case EventKind::relapsed:
      if (record.state != IncidentState::recovered) return {};
      relapse(i, agreed);
      break;
    default:
      if (!agreed.green_on.empty()) i.shared->green_on = agreed.green_on;
      record.state = IncidentState::resolved;
      record.resolved_at = now.wall;
      record.summary = with_votes(resolved_summary(i, now.mono), agreed);
      i.note(now.wall, "resolved", record.summary);
      ended_.push_back(i.shown(rules.proof));
      t.incident.reset();
      return {};
  }
  if (agreed.kind != EventKind::recovered) i.spoken = now.mono;
  name_key(record, rules);
  Transition told{agreed.kind, i.shown(rules.proof)};
  if (agreed.kind == EventKind::recovered) {
    told.record.summary = "RECOVERED " + std::string(to_string(b)) + " " + record.target + " after " +
                          humanize(now.mono - i.opened) + ": green on " +
                          (agreed.green_on.empty() ? "this host" : agreed.green_on) + "; being verified";
    turn_into_good_news(told.record, record.summary);
  }
  i.note(now.wall, std::string(to_string(agreed.kind)), told.record.summary);
  told.record.timeline = record.timeline;
  return {std::move(told)};
}

bool Casebook::count_anew(Boundary b, const ProofRules& proof, WallTime at) {
  auto& t = tracks_[index(b)];
  const bool was_seen = t.holding > 0;
  t.holding = 0;
  if (!t.incident || !t.incident->shared) return was_seen;
  auto& i = *t.incident;
  if (i.paged) {  // another one has begun meanwhile: this host is to see it again as well
    i.shared->is_clear_here = true;
    return true;
  }
  i.note(at, "ended", "the hosts have ended it together: what is still seen here is counted anew");
  i.record.state = IncidentState::resolved;
  i.record.resolved_at = at;
  ended_.push_back(i.shown(proof));
  t.incident.reset();
  return true;
}

std::optional<IncidentRecord> Casebook::as_ended(Boundary b, const Agreement& agreed, const CaseRules& rules,
                                                 Instant now) {
  auto& t = tracks_[index(b)];
  if (!t.incident || !t.incident->shared) return std::nullopt;
  auto& i = *t.incident;
  if (!agreed.green_on.empty()) i.shared->green_on = agreed.green_on;
  IncidentRecord told = i.shown(rules.proof);
  told.state = IncidentState::resolved;
  told.resolved_at = now.wall;
  const std::string page = told.summary;
  told.summary = with_votes(resolved_summary(i, now.mono), agreed);
  turn_into_good_news(told, page);
  return told;
}

}  // namespace readback
