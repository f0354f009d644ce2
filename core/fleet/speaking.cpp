// Who speaks: which row leaves, and how the word is handed from host to host, so that each sink hears one voice and
// never none.
#include <algorithm>

#include "core/fleet/state.hpp"

namespace readback {
namespace {

constexpr std::size_t most_passed = 32;

/// 2, 4, 8 … seconds.
Millis doubled(int times) {
  return std::min(longest_wait, Millis(Seconds(std::int64_t{1} << std::clamp(times, 0, 6))));
}

bool is_one_of(const std::vector<std::string>& all, const std::string& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

}  // namespace

bool Fleet::State::is_configured(const std::string& sink) const {
  if (retired.contains(sink)) return true;
  const auto& sinks = setup.config.alerts.sinks;
  return std::any_of(sinks.begin(), sinks.end(), [&](const SinkConfig& s) { return s.name == sink; });
}

/// By its filters.
bool Fleet::State::takes(const SinkConfig& sink, const std::string& target, Subject s, int level) {
  const Boundary b = boundary_of(s);
  const bool for_boundary =
      sink.boundaries.empty() || std::find(sink.boundaries.begin(), sink.boundaries.end(), b) != sink.boundaries.end();
  const bool for_target = sink.targets.empty() || s == Subject::missing || is_one_of(sink.targets, target);
  return for_boundary && for_target && severity_of(level) >= sink.min_severity;
}

/// The sinks that take it without being called; one without a name where nobody does, so that it is an incident all the
/// same.
std::set<std::string> Fleet::State::sinks_for(const std::string& target, Subject s, int level) const {
  std::set<std::string> names;
  for (const auto& sink : setup.config.alerts.sinks)
    if (!sink.waits && takes(sink, target, s, level)) names.insert(sink.name);
  if (names.empty()) names.insert("");
  return names;
}

/// The incident goes on as it was; only more are told of it, by the same rules. What this host knows of it may be old,
/// if it hears nothing of what others write: it calls while the jury agrees, and nobody for what is over.
void Fleet::State::on(const OthersCalled& e) {
  const int level = told_level(e.target, e.subject);
  if (level == 0 || ending.contains({e.target, e.subject})) return;
  const Tally tally = votes(e.target, boundary_of(e.subject));
  const bool alone = is_away();
  for (const auto& sink : setup.config.alerts.sinks) {
    const ClaimKey key{e.target, e.subject, sink.name};
    if (!is_one_of(e.sinks, sink.name) || !takes(sink, e.target, e.subject, level)) continue;
    if (!open_at(key, level, alone, tally) || alone) continue;
    if (auto* r = first_row(key)) r->is_adopted = true;
    save();
  }
}

bool Fleet::State::lists_sink(const std::string& host, const std::string& sink) const {
  const auto known = kept.known.find(host);
  return known != kept.known.end() && is_one_of(known->second.sinks, sink);
}

/// Other members that can be reached and have this sink.
std::vector<std::string> Fleet::State::others_with(const std::string& sink) const {
  std::vector<std::string> hosts;
  for (const auto& [host, heard] : members)
    if (now - heard.at <= missing_after && lists_sink(host, sink)) hosts.push_back(host);
  return hosts;
}

/// This host's place in a takeover.
Millis Fleet::State::step_of(const ClaimKey& key) const {
  const std::string about = claim_key("", key);
  const auto mine = rendezvous(about, setup.host);
  int before = 0;
  for (const auto& host : others_with(key.sink)) before += rendezvous(about, host) < mine;
  return Seconds(std::min(before, most_steps));
}

void Fleet::State::pump() {
  std::vector<ClaimKey> keys;
  for (const auto& [key, story] : kept.stories) keys.push_back(key);
  for (const auto& r : kept.rows)
    if (!kept.stories.contains(r.key)) keys.push_back(r.key);
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  for (const auto& key : keys) pump(key);
}

void Fleet::State::pump(const ClaimKey& key) {
  if (inflight.contains(key)) return;
  drop_rows([&](const FleetRow& r) { return r.key == key && is_told(r); });
  if (has_notes(key) && !is_away(key)) return;
  if (close_for_nobody(key)) return;
  if (is_quiet(key)) return close_quietly(key);
  auto* r = first_row(key);
  const auto pause = pauses.find(key);
  if (!r || (pause != pauses.end() && now < pause->second.until) || !is_configured(key.sink)) return;
  if (is_away(key)) {
    // Others may still see it: no end goes out.
    if (r->kind != EventKind::resolved || is_alone_in_all()) leave(*r, true);
    return;
  }
  if (!is_synced || busy.contains(key)) return;
  const auto* c = claim(key);
  const auto story = kept.stories.find(key);
  const bool is_resolved = story != kept.stories.end() && story->second.is_resolved;
  const bool is_unsaid = !may_speak(*r);
  if (is_unsaid && !is_resolved) return;
  if (!c || c->closed) {
    if (r->kind == EventKind::firing) return open_claim(key, *r);
    const auto id = r->id;  // of an incident that is closed for all: nobody waits for it
    drop_rows([&](const FleetRow& each) { return each.id == id; });
    if (is_resolved) drop_story(key);
    return;
  }
  if (c->holder != setup.host) return take_over(key, *c);
  takeover_since.erase(key);
  if (is_unsaid) return close_unsaid(key, *c);
  leave(*r, false);
}

/// Anybody who reaches the servers may write a claim: a page for which nothing speaks but that leaves only while the
/// jury agrees.
bool Fleet::State::may_speak(const FleetRow& r) const {
  return !r.is_adopted || r.kind != EventKind::firing || course_of(r.key.target, r.key.subject).is_bad;
}

bool Fleet::State::is_quiet(const ClaimKey& key) const {
  const auto story = kept.stories.find(key);
  return story != kept.stories.end() && story->second.is_quiet;
}

/// Whoever has the word closes what nobody was told of and nobody sees.
void Fleet::State::close_quietly(const ClaimKey& key) {
  if (is_away(key) || !is_synced || busy.contains(key) || !is_configured(key.sink)) return;
  const auto* c = claim(key);
  if (!c || c->closed) return drop_story(key);
  if (!kept.stories.at(key).is_resolved) return;
  if (c->holder != setup.host) return take_over(key, *c);
  takeover_since.erase(key);
  close_unsaid(key, *c);
}

/// It has ended, nobody was told, and who knew more of it is gone: a receiver that was written to may have the page all
/// the same, and hears its end from whoever has written.
void Fleet::State::close_unsaid(const ClaimKey& key, const FleetClaim& c) {
  FleetClaim then = c;
  then.closed = true;
  then.holder.clear();
  change(key, std::move(then));
}

void Fleet::State::open_claim(const ClaimKey& key, const FleetRow& r) {
  const auto* before = claim(key);
  const auto held = kept.claims.find(key);
  FleetClaim c = before ? *before : FleetClaim{};
  c.epoch = std::max(r.epoch, (held == kept.claims.end() ? 0 : held->second.epoch) + 1);
  c.holder = setup.host;
  c.incident = setup.host + "-" + setup.start + "-" + std::to_string(r.id);
  c.told = 0, c.tries = 0;
  c.closed = c.ended = false;
  c.passed.clear();
  change(key, std::move(c));
}

/// The last host with this sink is gone or has dropped it: its incident is over, and nobody can say so.
bool Fleet::State::close_for_nobody(const ClaimKey& key) {
  const auto* c = claim(key);
  const auto story = kept.stories.find(key);
  if (!c || c->closed || story == kept.stories.end() || !story->second.is_resolved || !is_synced || is_away())
    return false;
  if (is_configured(key.sink)) return false;
  for (const auto& [host, heard] : members)
    if (now - heard.at < setup.config.fleet.silent_after && lists_sink(host, key.sink)) return false;
  const auto since = takeover_since.try_emplace(key, now).first->second;
  if (now - since <= setup.config.fleet.silent_after + step_of(key)) return true;
  FleetClaim then = *c;
  then.closed = true;
  then.holder.clear();
  change(key, std::move(then));
  return true;
}

/// Nobody speaks, or whoever did is gone: the next in the order takes the word.
void Fleet::State::take_over(const ClaimKey& key, const FleetClaim& c) {
  const auto heard = members.find(c.holder);
  const bool is_heard = heard != members.end() && now - heard->second.at <= missing_after;
  const bool has_no_sink = heard != members.end() && !lists_sink(c.holder, key.sink);
  const bool is_missing = c.holder.empty() || has_no_sink || (!is_heard && now - synced_at > missing_after);
  if (!is_missing) {
    takeover_since.erase(key);
    return;
  }
  const auto since = takeover_since.try_emplace(key, now).first->second;
  const auto others = others_with(key.sink);
  const bool is_turn_of_others =
      std::any_of(others.begin(), others.end(), [&](const std::string& host) { return !is_one_of(c.passed, host); });
  Millis wait = step_of(key);
  if (const auto* r = first_row(key); is_quiet(key) || (r && !may_speak(*r)))
    wait += c.tries > 0 ? give_triers : give_others;
  // Whose way to the receiver is known to work waits for nobody's; otherwise who has tried waits for those who have
  // not, and when everybody has and nobody was answered, all together wait longer and longer.
  const bool is_answered = is_way_proven(key);
  if (!is_answered && is_one_of(c.passed, setup.host) && is_turn_of_others) wait += give_others;
  const int rounds = c.tries - static_cast<int>(others.size());
  const bool all_wait = !is_answered && c.holder.empty() && rounds > 0;
  if (now - since < wait || (all_wait && now - tried_at.try_emplace(key, now).first->second < wait + doubled(rounds)))
    return;
  if (c.holder.empty()) {
    FleetClaim mine = c;
    mine.holder = setup.host;
    return change(key, std::move(mine));
  }
  busy.insert(key);  // a watch may lag: the servers are asked whether it lives
  Fetch fetch{{{Bucket::hosts, member_key(c.holder)}}, 0};
  fetch.ticket = ticket({.what = Ticket::For::holder, .key = key, .holder = c.holder});
  out.push_back(std::move(fetch));
}

void Fleet::State::leave(FleetRow& r, bool alone) {
  r.is_alone = r.is_alone || alone;
  inflight.insert_or_assign(r.key, r);
  r.was_tried = true;  // after a crash nobody knows
  save();
  out.push_back(Leave{r.id});
}

void Fleet::State::on(const Attempted& e) {
  const auto found =
      std::find_if(inflight.begin(), inflight.end(), [&](const auto& f) { return f.second.id == e.row; });
  auto* still = row(e.row);
  // One of before a start, of which the outbox alone knows how it ended.
  const bool is_of_before = found == inflight.end() && still && still->was_tried && !inflight.contains(still->key);
  if (found == inflight.end() && !is_of_before) return;
  FleetRow r = is_of_before ? *still : found->second;
  if (!is_of_before) inflight.erase(found);
  save();
  if (e.is_accepted) {
    if (still) r = *still;
    std::erase_if(kept.rows, [&](const FleetRow& each) { return each.id == r.id; });
    const bool is_end = r.kind == EventKind::resolved;
    kept.notes.push_back({r.key, r.epoch, std::max(1, r.level), is_end, false});
    pauses.erase(r.key);
    accepts_again(r.key.sink);
    if (is_end)
      drop_story(r.key);
    else if (const auto story = kept.stories.find(r.key); story != kept.stories.end())
      story->second.level = std::max(story->second.level, r.level);
    if (!is_away()) flush();
    return;
  }
  const bool may_have_it = r.was_tried || e.was_written;
  if (still)
    still->was_tried = may_have_it;
  else if (may_have_it && r.is_alone && r.kind == EventKind::firing)
    note_tried(r);  // its story was dropped while it was on the way
  put_off(r.key, e.not_before);
  if (is_away() || !is_synced) return;
  if (r.is_alone) settle_tried();
  pass_on(r.key, e.was_written);
}

void Fleet::State::put_off(const ClaimKey& key, Millis not_before) {
  auto& pause = pauses[key];
  pause.is_of_row = answering.erase(key.sink) > 0;
  const Millis base = doubled(++pause.failed);
  const Millis jittered(static_cast<std::int64_t>(static_cast<double>(base.count()) * (0.5 + ids.unit() / 2)));
  pause.asked_until = now + not_before;
  pause.until = now + std::max(jittered, not_before);
}

/// What else waits for this receiver has no reason to wait any more, but that the receiver has asked for it.
void Fleet::State::accepts_again(const std::string& sink) {
  answering.insert(sink);
  for (auto& [key, pause] : pauses)
    if (key.sink == sink && !pause.is_of_row) pause.until = pause.asked_until, pause.failed = 0;
}

/// The receiver took what this host sent it last, and what is refused there is not this alone.
bool Fleet::State::is_way_proven(const ClaimKey& key) const {
  const auto pause = pauses.find(key);
  return answering.contains(key.sink) && (pause == pauses.end() || !pause->second.is_of_row);
}

/// Without a 2xx the word is given away: another host may have a way there. One that had none has asked nothing of the
/// receiver: that is no try, and the next need not wait for it.
void Fleet::State::pass_on(const ClaimKey& key, bool was_written) {
  const auto* c = claim(key);
  const auto others = others_with(key.sink);
  if (!c || c->closed || c->holder != setup.host || others.empty()) return;
  FleetClaim then = *c;
  then.holder.clear();
  if (!is_one_of(then.passed, setup.host)) then.passed.push_back(setup.host);
  const bool have_all =
      std::all_of(others.begin(), others.end(), [&](const std::string& host) { return is_one_of(then.passed, host); });
  if (have_all || then.passed.size() > most_passed) then.passed.clear();
  if (was_written) then.tries = std::min(then.tries + 1, 1 << 16);
  change(key, std::move(then));
}

void Fleet::State::let_go(const std::function<bool(const ClaimKey&)>& which) {
  for (const auto& [key, held] : kept.claims) {
    if (!held.claim || held.claim->closed || held.claim->holder != setup.host || !which(key)) continue;
    let_go(key, *held.claim);
  }
}

void Fleet::State::let_go(const ClaimKey& key, FleetClaim c) {
  c.holder.clear();
  change(key, std::move(c));
}

/// Claims that nobody would look after otherwise: those of this host that it has forgotten; those of what others watch
/// and this host does not, which it cannot know to be over; and those that were closed without their end while nobody
/// had the sink.
void Fleet::State::look_after_claims() {
  if (!is_synced || is_away()) return;
  const auto claims = kept.claims;
  for (const auto& [key, held] : claims) {
    if (!held.claim || busy.contains(key) || newer.contains(key)) continue;
    const auto& c = *held.claim;
    if (!c.closed && c.holder == setup.host) {
      if (!kept.stories.contains(key)) opened(key, c);
      if (key.subject != Subject::missing && is_of_others(key.target)) let_go(key, c);
    }
    const auto& sinks = setup.config.alerts.sinks;
    const bool has_sink = std::any_of(sinks.begin(), sinks.end(), [&](const auto& s) { return s.name == key.sink; });
    if (!c.closed || c.ended || c.told == 0 || !has_sink) continue;
    FleetClaim then = c;
    then.closed = false;
    then.holder = setup.host;
    change(key, std::move(then));
  }
}

}  // namespace readback
