// From what is known of the others to what follows: the jury is drawn and counted, and a boundary that this host has
// confirmed fires, becomes the way's fault, or waits for a word.
#include <algorithm>

#include "core/fleet/state.hpp"

namespace readback {
namespace {

/// What a story needs to know of a sweep before it believes it: that what it tells has stood for an interval.
Millis standing(Millis interval) { return interval * 6 / 5; }

/// To a host that cannot reach the platform nothing else looks bad: it has not seen that it is well.
bool is_hidden_by_outage(Boundary b, bool has_outage) { return has_outage && b != Boundary::outage; }

}  // namespace

const TargetConfig* Fleet::State::config_of(const std::string& target) const {
  for (const TargetConfig& t : setup.config.targets)
    if (t.name == target) return &t;
  return nullptr;
}

/// Whoever was heard lately; and for a while after a connect whoever was known before, since nobody can have been heard
/// then, and that a host has gone is told by nobody.
std::vector<const std::string*> Fleet::State::live() const {
  const Millis silent_after = setup.config.fleet.silent_after;
  const bool is_fresh = is_synced && now - synced_at < silent_after;
  std::vector<const std::string*> hosts{&setup.host};
  for (const auto& [host, member] : kept.known) {
    const auto heard = members.find(host);
    if (is_fresh || (heard != members.end() && now - heard->second.at < silent_after)) hosts.push_back(&host);
  }
  return hosts;
}

bool Fleet::State::is_heard(const std::string& host) const {
  const auto heard = members.find(host);
  return host == setup.host || (heard != members.end() && now - heard->second.at <= missing_after);
}

/// When another jury may be drawn, if nobody is heard until then. Whoever is heard only puts it off.
MonoTime Fleet::State::next_silence() const {
  const Millis silent_after = setup.config.fleet.silent_after;
  MonoTime first = MonoTime::max();
  if (is_synced && now - synced_at < silent_after) first = synced_at + silent_after;
  for (const auto& [host, heard] : members) {
    if (now - heard.at <= missing_after) first = std::min(first, heard.at + missing_after + Millis(1));
    if (now - heard.at < silent_after) first = std::min(first, heard.at + silent_after);
  }
  return first;
}

/// Of those who are live and may be asked. Whoever has fallen silent has no vote, and keeps the place of one that has
/// only where there are not enough: otherwise a small jury of which the others are cut off lets one host decide. No
/// name is copied that is not drawn: there may be a thousand of them.
template <class Asked>
const std::vector<std::string>& Fleet::State::drawn(std::map<std::string, std::vector<std::string>>& known,
                                                    const std::string& about, const Asked& is_asked) const {
  if (now >= juries.until) juries = {.until = next_silence(), .of_target = {}, .of_member = {}};
  const auto [at, is_new] = known.try_emplace(about);
  if (!is_new) return at->second;
  std::vector<std::string_view> heard, silent;
  for (const auto* host : live())
    if (is_asked(*host)) (is_heard(*host) ? heard : silent).push_back(*host);
  const auto size = static_cast<std::size_t>(setup.config.fleet.jury);
  at->second = jury_of(about, heard, size);
  for (auto& host : jury_of(about, silent, size - at->second.size())) at->second.push_back(std::move(host));
  return at->second;
}

const std::vector<std::string>& Fleet::State::jury(const std::string& target) const {
  return drawn(juries.of_target, target, [&](const std::string& host) { return watches(host, target); });
}

bool Fleet::State::is_of_others(const std::string& target) const { return !config_of(target) && !jury(target).empty(); }

bool Fleet::State::is_asked_about(const std::string& target, const std::string& host) const {
  const auto& who = jury(target);
  return std::find(who.begin(), who.end(), host) != who.end();
}

bool Fleet::State::watches(const std::string& host, const std::string& target) const {
  if (host == setup.host) return config_of(target) != nullptr;
  const auto& member = kept.known.at(host);
  return member.environment == setup.config.environment && member.targets.contains(target);
}

bool Fleet::State::has_known_others(const std::string& target) const {
  return std::any_of(kept.known.begin(), kept.known.end(),
                     [&](const auto& each) { return each.first != setup.host && watches(each.first, target); });
}

/// Somebody is heard and not asked yet: a juror that has died since takes the place until it is missed, which after a
/// connect takes as long again.
bool Fleet::State::has_substitute(const std::string& target) const {
  return std::any_of(kept.known.begin(), kept.known.end(), [&](const auto& each) {
    return is_heard(each.first) && watches(each.first, target) && !is_asked_about(target, each.first);
  });
}

/// Those who miss a member for all: as many as are asked about a target.
const std::vector<std::string>& Fleet::State::jury_for_missing(const std::string& host) const {
  return drawn(juries.of_member, host, [&](const std::string& each) {
    return each == setup.host || (each != host && kept.known.at(each).environment == setup.config.environment);
  });
}

/// Unset: it does not hold. After an incident was closed it is suspected again, whatever was counted before.
std::optional<SeenAs> Fleet::State::my_state(const Target& t, Boundary b) const {
  const auto m = t.mine.find(b);
  if (m == t.mine.end()) return std::nullopt;
  return m->second.is_confirmed ? SeenAs::holding : SeenAs::suspected;
}

Witness Fleet::State::witness(const std::string& host, const Target& t, Boundary b) const {
  Witness w;
  if (host == setup.host) {
    w.is_self = true;
    w.blind = !t.sees || !t.has_swept;
    w.state = my_state(t, b);
    w.knows = t.knows;
    w.blind = w.blind || (!w.state && is_hidden_by_outage(b, t.mine.contains(Boundary::outage)));
    return w;
  }
  const auto heard = members.find(host);
  w.heard_ago = heard == members.end() ? never_mind : now - heard->second.at;
  const auto known = t.views.find(host);
  w.is_readable = known != t.views.end() && known->second.view.has_value();
  if (!w.is_readable) return w;
  const auto& view = *known->second.view;
  w.in_first_picture = known->second.in_first_picture;
  w.view_ago = now - known->second.at;
  w.interval = view.interval;
  w.blind = view.blind;
  w.knows = view.seen;
  if (const auto closing = t.vote_after.find(b); closing != t.vote_after.end())
    w.before_closing = known->second.at < closing->second;
  bool has_outage = false;
  for (const auto& each : view.boundaries) {
    has_outage = has_outage || each.boundary == Boundary::outage;
    if (each.boundary == b) {
      w.state = each.state, w.is_clearing = each.clearing;
      w.suspected_for = now - known->second.asked.at(b).second;
    }
  }
  w.blind = w.blind || (!w.state && is_hidden_by_outage(b, has_outage));
  return w;
}

int Fleet::State::level_seen(const std::string& host, const Target& t, Boundary b) const {
  if (host == setup.host) {
    const auto m = t.mine.find(b);
    return m == t.mine.end() ? 0 : level_of(m->second.finding.severity, m->second.finding.is_total);
  }
  for (const auto& each : t.views.at(host).view->boundaries)
    if (each.boundary == b) return level_of(each.severity, each.total);
  return 0;
}

Tally Fleet::State::votes(const std::string& target, Boundary b, std::optional<std::uint64_t> at_least,
                          bool is_to_begin) const {
  Tally tally;
  const auto found = targets.find(target);
  static const Target nothing;
  const Target& t = found == targets.end() ? nothing : found->second;
  Question q{t.mine.contains(b), std::nullopt, setup.config.fleet.agree_within, is_to_begin};
  if (q.holds_here) q.revision = t.mine.at(b).revision;
  if (at_least) q.holds_here = true, q.revision = std::max(q.revision.value_or(0), *at_least);
  for (const auto& host : jury(target)) {
    const Witness w = witness(host, t, b);
    Vote vote = vote_of(w, q);
    if (vote == Vote::no && w.is_self && at_least && t.knows < *at_least) vote = Vote::silent;
    tally.is_juror = tally.is_juror || w.is_self;
    tally.add(host, vote, vote == Vote::yes ? level_seen(host, t, b) : 0);
    if (is_yet_to_answer(w, vote)) tally.who_yet.push_back(host);
  }
  return tally;
}

/// The jury changes when its members come and go, long after the question: whoever is new to it has as much time as the
/// first. Each is waited for once until it has said a word: one that comes and goes keeps no page back for ever.
int Fleet::State::about_to_answer(Mine& m, const Tally& tally) const {
  for (const auto& host : tally.who) m.awaited.erase(host);
  for (const auto& host : tally.who_not) m.awaited.erase(host);
  return static_cast<int>(std::count_if(tally.who_yet.begin(), tally.who_yet.end(), [&](const std::string& host) {
    return now - m.awaited.emplace(host, now).first->second < setup.config.fleet.agree_within;
  }));
}

void Fleet::State::decide() {
  for (auto& [name, t] : targets) {
    std::vector<Boundary> held;
    for (const auto& [b, m] : t.mine) held.push_back(b);
    for (const Boundary b : held) decide(name, t, b);
  }
}

void Fleet::State::decide(const std::string& target, Target& t, Boundary b) {
  if (my_state(t, b) != SeenAs::holding || !t.mine.at(b).finding.holds_now) return;
  const auto subject = *voted(b);
  auto& mine = t.mine.at(b);
  const int level = level_of(mine.finding.severity, mine.finding.is_total);
  if (is_away()) return decide_alone(target, t, b, level);
  if (!is_synced) return;
  const auto sinks = sinks_for(target, subject, level);
  const bool is_all_open = std::all_of(sinks.begin(), sinks.end(), [&](const std::string& sink) {
    return kept.stories.contains({target, subject, sink});
  });
  if (is_all_open) return;
  Tally tally = votes(target, b, {}, true);
  tally.about_to = about_to_answer(mine, tally);
  MonoTime from = std::max(mine.confirmed_at, synced_at);
  if (const auto closing = t.vote_after.find(b); closing != t.vote_after.end()) from = std::max(from, closing->second);
  Agreed follows = agreed(tally, now - from, setup.config.fleet.agree_within);
  // Whether the others are gone, or only not heard by a watch that has stalled, the servers know.
  if (follows == Agreed::fires && tally.asked() == 1 && has_known_others(target)) follows = Agreed::alone;
  const bool may_ask = kept.known.size() > 0 && (!t.looked_at || now - *t.looked_at > look_again);
  switch (follows) {
    case Agreed::wait: return;
    case Agreed::alone:
      if (now - from < missing_after + answer_within + setup.config.fleet.agree_within && has_substitute(target))
        return;
      if (may_ask) return look(target, t);
      [[fallthrough]];
    case Agreed::fires:
      t.verdicts.erase(b);
      own_way(target, false, tally);
      return start(target, subject, level, false, tally);
    case Agreed::vantage:
    case Agreed::own: return stand(target, t, b, follows, tally);
  }
}

/// What stands between this host and the target is told when it has stood for an interval.
void Fleet::State::stand(const std::string& target, Target& t, Boundary b, Agreed follows, const Tally& tally) {
  auto& verdict = t.verdicts[b];
  if (verdict.last != follows) verdict = {follows, now};
  const auto* config = config_of(target);
  if (!config || now - verdict.since < standing(config->interval)) return;
  if (follows == Agreed::own) return own_way(target, true, tally);
  own_way(target, false, tally);
  const bool is_told = std::any_of(kept.stories.begin(), kept.stories.end(), [&](const auto& each) {
    return each.first.target == target && each.first.subject != Subject::missing;
  });
  if (is_told) return;
  ++disagreements;
  start(target, Subject::vantage, level_of(Severity::error, false), false, tally);
}

void Fleet::State::own_way(const std::string& target, bool is_blamed, const Tally& tally) {
  if (kept.own_ways.contains(target) == is_blamed) return;
  is_blamed ? void(kept.own_ways.insert(target)) : void(kept.own_ways.erase(target));
  save();
  if (is_blamed) ++disagreements;
  out.push_back(OwnWay{target, is_blamed, tally});
}

/// A watch may lag behind; the servers know.
void Fleet::State::look(const std::string& target, Target& t) {
  if (t.is_looking) return;
  t.is_looking = true;
  Fetch fetch;
  for (const auto& [host, member] : kept.known) {
    if (!member.targets.contains(target) || fetch.keys.size() >= 2 * 64) continue;
    fetch.keys.emplace_back(Bucket::hosts, member_key(host));
    fetch.keys.emplace_back(Bucket::views, view_key(target, host));
  }
  fetch.ticket = ticket({.what = Ticket::For::look, .target = target});
  out.push_back(std::move(fetch));
}

/// The fleet is out of reach: as alone. And told again at times, since the others may have ended what this host sees.
void Fleet::State::decide_alone(const std::string& target, Target& t, Boundary b, int level) {
  const auto subject = *voted(b);
  const auto* config = config_of(target);
  if (!t.retold_at || *t.retold_at < last_ack) {
    t.retold_at = last_ack;
    t.retell_every = setup.config.fleet.silent_after + setup.config.resolution.settle +
                     3 * (config ? config->interval : Millis(Seconds(30)));
  }
  if (now - *t.retold_at > t.retell_every) {
    for (const auto& key : stories_of(target, subject))
      if (!kept.stories.at(key).is_resolved && !first_row(key) && is_configured(key.sink))
        add_row(key, EventKind::firing, kept.stories.at(key).level, nobody_asked, true, true);
    t.retold_at = now;
    t.retell_every = std::min(t.retell_every * 2, std::max(t.retell_every, setup.config.alerts.renotify));
  }
  start(target, subject, level, true, votes(target, b));
}

void Fleet::State::start(const std::string& target, Subject s, int level, bool alone, const Tally& tally) {
  const bool was_vantage = s != Subject::vantage && !stories_of(target, Subject::vantage).empty();
  bool is_new = wake(target, s, tally, alone);
  for (const auto& sink : sinks_for(target, s, level))
    is_new = open_at({target, s, sink}, level, alone, tally) || is_new;
  if (!is_new) return;
  ending.erase({target, s});
  turn(target, s, EventKind::firing, level, tally, was_vantage);
}

/// False: it is open there.
bool Fleet::State::open_at(const ClaimKey& key, int level, bool alone, const Tally& tally) {
  if (kept.stories.contains(key)) return false;
  const auto held = kept.claims.find(key);
  const auto* c = claim(key);
  const std::uint64_t epoch = c && !c->closed ? c->epoch : (held == kept.claims.end() ? 0 : held->second.epoch) + 1;
  kept.stories[key] = {epoch, false, level, false};
  save();
  if (!c || c->closed || c->told == 0) add_row(key, EventKind::firing, level, told_from(tally, alone), alone);
  return true;
}

/// Each member watches the others: one that is silent without a goodbye is told once, by all. A watch may lag, so the
/// servers are asked first whether it lives.
void Fleet::State::miss_members() {
  const Millis silent_after = setup.config.fleet.silent_after;
  if (!is_synced || is_away() || now - synced_at <= silent_after || now < missing_due) return;
  missing_due = now + silent_after;
  for (const auto& [host, member] : kept.known) {
    const auto heard = members.find(host);
    const bool is_heard = heard != members.end() && now - heard->second.at <= silent_after;
    missing_due = std::min(missing_due, is_heard ? heard->second.at + silent_after : now);
    if (is_heard) continue;
    const auto& who = jury_for_missing(host);
    if (std::find(who.begin(), who.end(), setup.host) == who.end()) continue;
    const std::string about = std::string(missing_prefix) + host;
    if (is_open(about, Subject::missing)) {
      start(about, Subject::missing, level_of(Severity::error, false), false, {});
      continue;
    }
    const ClaimKey key{about, Subject::missing, ""};
    if (!busy.insert(key).second) continue;
    Fetch fetch{{{Bucket::hosts, member_key(host)}}, 0};
    fetch.ticket = ticket({.what = Ticket::For::holder, .key = key, .holder = host});
    out.push_back(std::move(fetch));
  }
}

}  // namespace readback
