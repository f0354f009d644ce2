// What the others say, taken in: members, views, claims; and what an answer of the servers changes. Everything here has
// passed json.hpp, and what has not is a host's silence that is told once.
#include <algorithm>

#include "core/fleet/state.hpp"

namespace readback {
namespace {

constexpr std::size_t most_complaints = 256, most_claims = 16384, most_members = 8192, most_left = 64;

std::string word_for(Bucket b) {
  switch (b) {
    case Bucket::hosts: return "hosts ";
    case Bucket::views: return "views ";
    case Bucket::claims: return "claims ";
  }
  return "";
}

/// What is worth a write to the disk: not that it was renewed.
bool is_same(const FleetMember& a, const FleetMember& b) {
  return a.start == b.start && a.environment == b.environment && a.targets == b.targets && a.sinks == b.sinks;
}

}  // namespace

void Fleet::State::complain(const std::string& key, const std::string& text) {
  if (complaints.size() >= most_complaints && !complaints.contains(key)) return;
  if (std::exchange(complaints[key], text) != text) say(Say::Level::warning, "fleet.unreadable", text);
}

/// Most of what is heard at rest: a member that was there all the while says what it has said before. Nothing is parsed
/// for it, and nothing follows from it.
bool Fleet::State::is_mere_renewal(const FleetHeard& e) {
  if (e.bucket != Bucket::hosts || !is_synced || e.entry.text.empty()) return false;
  const auto parts = parts_of_key(e.entry.key);
  const auto heard = parts && parts->size() == 1 ? members.find(parts->front()) : members.end();
  if (heard == members.end() || heard->second.text != e.entry.text) return false;
  if (heard->second.revision >= e.entry.revision) return true;  // said twice by the watch
  const Millis ago = now - heard->second.at;
  if (ago > missing_after || ago >= setup.config.fleet.silent_after) return false;
  heard->second.at = now, heard->second.revision = e.entry.revision;
  return true;
}

void Fleet::State::hear_member(const FleetEntry& e) {
  if (e.text.empty()) return;  // expired: that it is silent is counted here
  auto read = read_member(e.key, e.text, setup.config.fleet.name);
  if (!read) return complain(word_for(Bucket::hosts) + e.key, read.error());
  complaints.erase(word_for(Bucket::hosts) + e.key);
  const std::string host = read->host;
  if (host == setup.host) {
    if (read->start == setup.start || !has_published || e.revision <= my_revision) return;
    // Of an earlier life of this host one renewal may still have been on its way, but not two.
    if (std::exchange(other_start, read->start) != read->start) return;
    other_heard = now;
    if (!std::exchange(is_doubled, true))
      say(Say::Level::error, "fleet.doubled", "another member of the fleet is called " + host + " as well");
    return;
  }
  if (!kept.known.contains(host) && kept.known.size() >= most_members) return;
  const bool was_heard = is_heard(host);
  auto& heard = members[host];
  if (heard.revision >= e.revision) return;
  if (read->goodbye) {
    if (left.size() < most_left || left.contains(host)) left[host] = {read->version, now};
    members.erase(host);
    kept.known.erase(host);
    juries = {};
    for (auto& [name, t] : targets) t.views.erase(host);
    return save();
  }
  left.erase(host);
  heard = {now, e.revision, e.text};
  auto& known = kept.known[host];
  const bool is_news = !is_same(known, *read);
  known = std::move(*read);
  if (is_news || !was_heard) juries = {};
  if (is_news) save();
}

void Fleet::State::hear_view(const FleetEntry& e, bool in_first_picture) {
  const auto parts = parts_of_key(e.key);
  if (!parts || parts->size() != 2) return;
  const auto& name = parts->at(0);
  const auto& host = parts->at(1);
  const auto found = targets.find(name);
  if (found == targets.end()) return;
  auto& t = found->second;
  t.highest = std::max(t.highest, e.revision);
  if (host == setup.host) return;
  auto& known = t.views[host];
  if (known.revision >= e.revision) return;
  known.revision = e.revision;
  known.at = now;
  known.in_first_picture = in_first_picture;
  auto read = read_view(e.key, e.text, setup.config.fleet.name, e.revision);
  if (!read) {
    known.view.reset();
    if (!e.text.empty()) complain(word_for(Bucket::views) + e.key, read.error());
    return;
  }
  complaints.erase(word_for(Bucket::views) + e.key);
  known.view = std::move(*read);
  std::map<Boundary, std::pair<std::uint64_t, MonoTime>> asked;
  bool is_asked = false;
  for (const auto& b : known.view->boundaries) {
    const auto before = known.asked.find(b.boundary);
    const bool is_same = before != known.asked.end() && before->second.first == b.question;
    asked[b.boundary] = {b.question, is_same ? before->second.second : now};
    is_asked = is_asked || (!is_same && voted(b.boundary));
  }
  known.asked = std::move(asked);
  if (is_asked) answer(name, t);
}

/// A question is answered by a sweep that begins after it was heard; one sweep answers all that have come meanwhile.
void Fleet::State::answer(const std::string& target, Target& t) {
  if (t.ask_due) return;
  t.was_passed_over = !is_asked_about(target, setup.host);
  if (!t.was_passed_over) t.ask_due = t.asked_at ? std::max(now, *t.asked_at + answer_within) : now;
}

/// Others have gone since, and what was asked then is still open.
void Fleet::State::answer_as_new_juror(const std::string& target, Target& t) {
  if (!t.was_passed_over) return;
  t.was_passed_over =
      std::any_of(t.views.begin(), t.views.end(), [](const auto& each) { return !each.second.asked.empty(); });
  if (t.was_passed_over) answer(target, t);
}

void Fleet::State::hear_claim(const FleetEntry& e, bool in_first_picture) {
  const auto key = read_claim_key(e.key, setup.config.environment);
  if (!key) return;
  auto read = read_claim(e.key, e.text);
  if (!concerns_us(*key) && !is_held_here(read)) return;
  if (!kept.claims.contains(*key) && kept.claims.size() >= most_claims) return;
  auto& held = kept.claims[*key];
  if (held.revision >= e.revision && !in_first_picture) return;
  if (e.text.empty()) return forget_claim(*key, 0);
  if (read.newer)
    newer.insert(*key);
  else
    newer.erase(*key);
  if (!read.claim) {
    complain(word_for(Bucket::claims) + e.key, read.claim.error());
    if (!read.newer) forget_claim(*key, e.revision);  // junk is written over
    return;
  }
  complaints.erase(word_for(Bucket::claims) + e.key);
  take_in(*key, e.revision, std::move(*read.claim), in_first_picture);
}

/// Nothing stands there any more that can be read. Epochs go on from what was known, and what the receiver was told of
/// an open incident goes into a new claim.
void Fleet::State::forget_claim(const ClaimKey& key, std::uint64_t revision) {
  auto& held = kept.claims[key];
  held.revision = revision;
  const auto before = std::exchange(held.claim, std::nullopt);
  const auto story = kept.stories.find(key);
  if (before && !before->closed && before->told > 0 && story != kept.stories.end() && !has_notes(key))
    kept.notes.push_back({key, story->second.epoch, before->told, false, false});
  save();
}

/// Open under this host's name, which may have forgotten it with its disk: all others wait for its word.
bool Fleet::State::is_held_here(const ReadClaim& read) const {
  return read.claim && !read.claim->closed && read.claim->holder == setup.host;
}

bool Fleet::State::concerns_us(const ClaimKey& key) const {
  // Whoever was of the jury once hears how it ends.
  if (kept.claims.contains(key) || kept.stories.contains(key)) return true;
  if (key.subject != Subject::missing) return config_of(key.target);
  if (!key.target.starts_with(missing_prefix)) return false;
  const std::string host = key.target.substr(missing_prefix.size());
  const auto& who = jury_for_missing(host);
  return std::find(who.begin(), who.end(), setup.host) != who.end();
}

void Fleet::State::on(const FirstPicture& e) {
  if (is_starting_over) return;
  is_synced = true, is_forced_away = false;
  synced_at = last_ack = now;
  failing_since.reset();
  members.clear();
  juries = {}, missing_due = now;
  takeover_since.clear();
  newer.clear();
  for (auto& [name, t] : targets) t.views.clear(), t.under_way.clear(), t.highest = t.knows = 0;
  for (const auto& entry : e.hosts) hear_member(entry);
  for (const auto& entry : e.views) hear_view(entry, true);
  std::set<ClaimKey> there;
  for (const auto& entry : e.claims)
    if (const auto key = read_claim_key(entry.key, setup.config.environment)) there.insert(*key);
  for (auto& [key, held] : kept.claims)
    if (!there.contains(key)) forget_claim(key, 0);
  for (const auto& entry : e.claims) hear_claim(entry, true);
  renew(false);
  return_to_fleet();
}

/// What was decided alone and never written to a receiver was only a wish: the others are asked now. Where a claim is
/// open it stays, since that has to be closed. What was written belongs into a claim.
void Fleet::State::return_to_fleet() {
  std::set<ClaimKey> wishes;
  for (auto& r : kept.rows) {
    if (r.kind != EventKind::firing || !r.is_alone || r.was_tried || r.is_again || inflight.contains(r.key)) continue;
    const auto* c = claim(r.key);
    if (!c || c->closed) {
      wishes.insert(r.key);
      continue;
    }
    r.is_alone = false, r.is_adopted = true;
    save();
  }
  for (const auto& key : wishes) drop_story(key);
  settle_tried();
  for (auto& [name, t] : targets) {
    t.verdicts.clear();
    ask_anew(t);
    publish(name);
  }
  flush();
}

void Fleet::State::ask_anew(Target& t) {
  for (auto& [b, m] : t.mine) m.question = new_question(), m.revision.reset();
}

void Fleet::State::on(const ConnectionLost&) { is_synced = is_starting_over = false, juries = {}; }

/// As after a connect: what waits in the line is old news, and among it votes about what has long been over. That
/// nothing was answered meanwhile says nothing of the servers, unless this host stands still again and again: then it
/// must not keep silent for ever.
void Fleet::State::on(const StoodStill&) {
  constexpr Millis again = Seconds(60);
  if (!was_away && (!stood_still_at || now - *stood_still_at > again)) last_ack = now;
  stood_still_at = now;
  is_synced = false, is_starting_over = true, juries = {};
  out.push_back(StartOver{});
}

void Fleet::State::on(const FleetHeard& e) {
  if (!is_synced) return;
  switch (e.bucket) {
    case Bucket::hosts: hear_member(e.entry); break;
    case Bucket::views: hear_view(e.entry, false); break;
    case Bucket::claims: hear_claim(e.entry, false); break;
  }
}

/// A claim was read or made, or was not: when that goes on for too long, the servers are away, whatever the connection
/// says.
void Fleet::State::claim_op(bool done, MonoTime sent) {
  if (!done) {
    if (stood_still_at && sent <= *stood_still_at) return;
    if (!failing_since) failing_since = sent;
    if (now - *failing_since >= no_claim) is_forced_away = true;
    return;
  }
  failing_since.reset();
  if (std::exchange(is_forced_away, false) && is_synced) return_to_fleet();
}

void Fleet::State::on(const FleetAnswered& e) {
  const auto found = tickets.find(e.ticket);
  if (found == tickets.end()) return;
  const Ticket t = std::move(found->second);
  tickets.erase(found);
  const bool is_done = e.outcome == FleetAnswered::Outcome::done;
  switch (t.what) {
    case Ticket::For::member:
      if (is_done) last_ack = std::max(last_ack, now), has_published = true, my_revision = e.revision;
      break;
    case Ticket::For::view: answered_view(t, e); break;
    case Ticket::For::claim: answered_claim(t, e); break;
    case Ticket::For::read_claim:
    case Ticket::For::probe:
      busy.erase(t.key);
      claim_op(is_done, t.sent);
      if (is_done && e.found.empty() && t.what == Ticket::For::read_claim) forget_claim(t.key, 0);
      for (const auto& [bucket, entry] : e.found) hear_claim(entry, false);
      break;
    case Ticket::For::holder: answered_holder(t, e); break;
    case Ticket::For::look: looked(t, e); break;
    case Ticket::For::word:
      if (is_done) std::erase_if(kept.said, [&](const FleetWord& w) { return w.id == t.word; }), save();
      break;
  }
}

void Fleet::State::answered_view(const Ticket& ticket, const FleetAnswered& e) {
  const auto found = targets.find(ticket.target);
  if (found == targets.end() || e.outcome != FleetAnswered::Outcome::done) return;
  auto& t = found->second;
  t.highest = std::max(t.highest, e.revision);
  for (const auto& [b, question] : ticket.questions)
    if (const auto m = t.mine.find(b); m != t.mine.end() && m->second.question == question && !m->second.revision)
      m->second.revision = e.revision;
}

/// The servers were asked themselves, since a watch may lag: whoever has renewed itself meanwhile lives.
void Fleet::State::looked(const Ticket& ticket, const FleetAnswered& e) {
  const auto found = targets.find(ticket.target);
  if (found == targets.end()) return;
  found->second.is_looking = false;
  if (e.outcome != FleetAnswered::Outcome::done) return;
  found->second.looked_at = now;
  for (const auto& [bucket, entry] : e.found) {
    if (bucket == Bucket::hosts) hear_member(entry);
    if (bucket == Bucket::views) hear_view(entry, false);
  }
}

void Fleet::State::answered_claim(const Ticket& t, const FleetAnswered& e) {
  busy.erase(t.key);
  claim_op(e.outcome != FleetAnswered::Outcome::no_answer, t.sent);
  if (e.outcome != FleetAnswered::Outcome::done) return read_again(t.key);  // it may have happened all the same
  const auto held = kept.claims.find(t.key);
  if (held == kept.claims.end() || held->second.revision < e.revision) take_in(t.key, e.revision, t.claim, false);
  if (t.note) noted(*t.note, t.claim.epoch);
}

void Fleet::State::answered_holder(const Ticket& t, const FleetAnswered& e) {
  busy.erase(t.key);
  if (e.outcome == FleetAnswered::Outcome::no_answer) return;
  if (t.key.sink.empty()) {  // it is not about a claim: the member itself is missed
    for (const auto& [bucket, entry] : e.found) hear_member(entry);
    const auto still = members.find(t.holder);
    const bool lives = still != members.end() && now - still->second.at <= setup.config.fleet.silent_after;
    if (kept.known.contains(t.holder) && !lives)
      start(t.key.target, Subject::missing, level_of(Severity::error, false), false, {});
    return;
  }
  const auto* c = claim(t.key);
  if (!c || c->closed || c->holder != t.holder) return;
  const auto heard = members.find(t.holder);
  const std::uint64_t before = heard == members.end() ? 0 : heard->second.revision;
  for (const auto& [bucket, entry] : e.found) {
    if (entry.revision <= before) continue;
    hear_member(entry);
    if (members.contains(t.holder) && lists_sink(t.holder, t.key.sink)) return read_again(t.key);
  }
  FleetClaim mine = *c;
  mine.holder = setup.host;
  change(t.key, std::move(mine));
}

}  // namespace readback
