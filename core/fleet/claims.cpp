// Claims as they are heard and changed, and what each means for the incidents and rows of this host: an open one is
// adopted by every member, a closed one ends the incident everywhere, and what a receiver was told is noted in it.
#include <algorithm>

#include "core/fleet/state.hpp"

namespace readback {
namespace {

/// As bad as whoever sees it least sees it, until more have spoken; of what nobody is heard to see, a warning.
int level_of_adopted(const Tally& tally) {
  const int most = level_of_most(tally);
  if (most > 0) return most;
  const auto least = std::min_element(tally.levels.begin(), tally.levels.end());
  return least == tally.levels.end() ? level_of(Severity::warning, false) : *least;
}

}  // namespace

const FleetClaim* Fleet::State::claim(const ClaimKey& key) const {
  const auto held = kept.claims.find(key);
  return held == kept.claims.end() || !held->second.claim ? nullptr : &*held->second.claim;
}

FleetRow* Fleet::State::row(std::uint64_t id) {
  for (auto& r : kept.rows)
    if (r.id == id) return &r;
  return nullptr;
}

FleetRow* Fleet::State::first_row(const ClaimKey& key) {
  for (auto& r : kept.rows)
    if (r.key == key) return &r;
  return nullptr;
}

bool Fleet::State::has_notes(const ClaimKey& key) const {
  return std::any_of(kept.notes.begin(), kept.notes.end(), [&](const Note& n) { return n.key == key; });
}

/// A receiver has, or may have, a page that stands in no claim.
bool Fleet::State::was_sent(const ClaimKey& key) const {
  return std::any_of(kept.notes.begin(), kept.notes.end(), [&](const Note& n) { return n.key == key && !n.is_end; });
}

FleetRow* Fleet::State::add_row(const ClaimKey& key, EventKind kind, int level, const std::string& text, bool alone,
                                bool again) {
  if (!is_configured(key.sink)) return nullptr;  // whoever has the sink has a row
  FleetRow r;
  r.id = kept.next_row++;
  r.key = key, r.kind = kind, r.epoch = kept.stories.at(key).epoch, r.level = level;
  r.is_alone = alone, r.is_again = again, r.text = text;
  kept.rows.push_back(r);
  out.push_back(Tell{r});
  save();
  return &kept.rows.back();
}

void Fleet::State::drop_rows(const std::function<bool(const FleetRow&)>& which) {
  for (const auto& r : kept.rows)
    if (which(r)) out.push_back(Forget{r.id}), save();
  std::erase_if(kept.rows, which);
}

void Fleet::State::drop_story(const ClaimKey& key) {
  const bool is_there = kept.stories.erase(key) > 0;
  drop_rows([&](const FleetRow& r) { return r.key == key; });
  pauses.erase(key);
  if (!is_there) return;
  save();
  const bool is_needed = std::any_of(kept.stories.begin(), kept.stories.end(),
                                     [&](const auto& each) { return each.first.sink == key.sink; });
  if (!is_needed) retired.erase(key.sink);
  if (!stories_of(key.target, key.subject).empty()) return;
  ending.erase({key.target, key.subject});
  turn(key.target, key.subject, EventKind::resolved, 0, {});
}

/// What stands in the engine of the fleet under this key.
void Fleet::State::take_in(const ClaimKey& key, std::uint64_t revision, FleetClaim c, bool in_first_picture) {
  auto& held = kept.claims[key];
  if (held.claim && held.revision >= revision && !in_first_picture) return;
  const auto before = held.claim;
  held = {revision, c, std::max(held.epoch, c.epoch)};
  save();
  if (!before || before->holder != c.holder) takeover_since.erase(key);
  if (c.closed) {
    tried_at.erase(key);
    return closed(key, before, c);
  }
  if (!before || before->tries != c.tries) tried_at[key] = now;
  opened(key, c);
}

void Fleet::State::closed(const ClaimKey& key, const std::optional<FleetClaim>& before, const FleetClaim& c) {
  const auto story = kept.stories.find(key);
  const bool is_ours = story != kept.stories.end() && story->second.epoch <= c.epoch;
  if (before && before->closed && before->epoch == c.epoch && !is_ours) return;
  if (is_ours) settle_tried(key);
  if (is_ours && !was_sent(key)) drop_story(key);
  count_anew(key.target, key.subject);
}

/// Seen here or not, what is open for all is open here, with a row for what the receiver was not told: whoever speaks
/// for it may die.
void Fleet::State::opened(const ClaimKey& key, const FleetClaim& c) {
  auto story = kept.stories.find(key);
  const bool is_older = story != kept.stories.end() && story->second.epoch < c.epoch;
  if (is_older) settle_tried(key);
  const bool is_sent = was_sent(key);
  if (is_older && !is_sent) {
    drop_story(key);
    story = kept.stories.end();
  }
  const bool is_ending = std::any_of(kept.notes.begin(), kept.notes.end(),
                                     [&](const Note& n) { return n.key == key && n.is_end && n.epoch == c.epoch; });
  if (story != kept.stories.end()) {
    story->second.epoch = is_sent ? std::max(story->second.epoch, c.epoch) : c.epoch;
    if (c.told > 0 && std::exchange(story->second.is_quiet, false))
      turn(key.target, key.subject, EventKind::firing, c.told, course_of(key.target, key.subject).votes);
  } else if (!is_ending) {
    const Course course = course_of(key.target, key.subject);
    const Tally& tally = course.votes;
    const int level = c.told > 0 ? c.told : level_of_adopted(tally);
    const bool is_quiet = c.told == 0 && course.is_over && !turned.contains({key.target, key.subject});
    kept.stories[key] = {c.epoch, false, level, false, is_quiet};
    const auto text = seen_from(tally);
    if (is_quiet) return save();
    turn(key.target, key.subject, EventKind::firing, level, tally);
    if (auto* r = c.told == 0 ? add_row(key, EventKind::firing, level, text) : nullptr) r->is_adopted = true;
  }
  for (auto& r : kept.rows)
    if (r.key == key) r.epoch = c.epoch;
  save();
}

void Fleet::State::change(const ClaimKey& key, FleetClaim c, std::optional<Note> note) {
  if (!busy.insert(key).second) return;
  const auto held = kept.claims.find(key);
  ChangeClaim change{claim_key(setup.config.environment, key), write(c),
                     held == kept.claims.end() ? 0 : held->second.revision, 0};
  change.ticket = ticket({.what = Ticket::For::claim, .key = key, .claim = std::move(c), .note = std::move(note)});
  out.push_back(std::move(change));
}

void Fleet::State::read_again(const ClaimKey& key) {
  if (!busy.insert(key).second) return;
  Fetch fetch{{{Bucket::claims, claim_key(setup.config.environment, key)}}, 0};
  fetch.ticket = ticket({.what = Ticket::For::read_claim, .key = key});
  out.push_back(std::move(fetch));
}

/// What receivers have accepted is written into the claims; what was sent alone becomes one.
void Fleet::State::flush() {
  if (!is_synced) return;
  const auto notes = kept.notes;
  for (const auto& note : notes)
    if (!busy.contains(note.key) && !newer.contains(note.key)) flush(note);
}

void Fleet::State::flush(const Note& note) {
  const auto* c = claim(note.key);
  if (!c || c->closed) {
    if (note.is_end) return noted(note, 0);  // there is nothing left to close
    const auto held = kept.claims.find(note.key);
    FleetClaim mine = c ? *c : FleetClaim{};
    mine.epoch = (held == kept.claims.end() ? 0 : held->second.epoch) + 1;
    mine.holder = setup.host, mine.told = note.told, mine.closed = mine.ended = false;
    mine.passed.clear(), mine.tries = 0;
    Note opening = note;
    opening.is_unsure = note.is_unsure || (c && c->epoch >= note.epoch);
    return change(note.key, std::move(mine), std::move(opening));
  }
  FleetClaim then = *c;
  if (note.is_end && c->epoch == note.epoch) {
    then.ended = then.closed = true;
    then.holder.clear(), then.passed.clear(), then.tries = 0;
    return change(note.key, std::move(then), note);
  }
  if (note.is_end || c->told >= note.told) return noted(note, 0);
  if (note.is_unsure) {  // the fleet's own page is still to come: it is the better one
    noted(note, 0);
    return opened(note.key, *c);
  }
  then.told = note.told;
  then.passed.clear(), then.tries = 0;
  change(note.key, std::move(then), note);
}

/// It is in the claim of this epoch; 0: it need not be.
void Fleet::State::noted(const Note& note, std::uint64_t epoch) {
  const auto at = std::find_if(kept.notes.begin(), kept.notes.end(), [&](const Note& n) {
    return n.key == note.key && n.epoch == note.epoch && n.told == note.told && n.is_end == note.is_end;
  });
  if (at != kept.notes.end()) kept.notes.erase(at);
  save();
  if (epoch == 0 || note.is_end) return;
  const bool is_new = !kept.stories.contains(note.key);
  auto& story = kept.stories[note.key];
  if (is_new) story.level = note.told, turn(note.key.target, note.key.subject, EventKind::firing, note.told, {});
  story.epoch = epoch;
  story.is_unsure = story.is_unsure || note.is_unsure;
  // An end that was to be told belonged to the epoch before, and went with it: this one has its own.
  story.is_resolved = std::any_of(kept.rows.begin(), kept.rows.end(), [&](const FleetRow& r) {
    return r.key == note.key && r.kind == EventKind::resolved && r.epoch >= epoch;
  });
}

/// Written to a receiver while this host was alone, and never answered: it may have arrived, so it counts as told. Once
/// for all when this host is back; and before, where the claim of others makes an end of what is open here.
void Fleet::State::settle_tried(const std::optional<ClaimKey>& only) {
  std::vector<FleetRow> tried;
  for (const auto& r : kept.rows)
    if (r.kind == EventKind::firing && r.is_alone && (r.is_again || r.was_tried) && !inflight.contains(r.key) &&
        (!only || *only == r.key))
      tried.push_back(r);
  for (const auto& r : tried) {
    drop_rows([&](const FleetRow& each) { return each.id == r.id; });
    note_tried(r);
  }
}

void Fleet::State::note_tried(const FleetRow& r) {
  if (!r.is_again) kept.notes.push_back({r.key, r.epoch, std::max(1, r.level), false, true});
  save();
}

/// The receiver knows as much already, from whomever.
bool Fleet::State::is_told(const FleetRow& r) const {
  const auto* c = claim(r.key);
  if (!c || r.epoch > c->epoch) return false;
  if (r.epoch < c->epoch || c->closed) return true;
  if (r.kind == EventKind::firing) return c->told > 0 && !r.is_again;
  return r.kind == EventKind::escalated && c->told >= r.level;
}

}  // namespace readback
