// How an incident of the fleet goes on: recovered, relapsed, resolved and worse are the jury's to say, whatever the
// host sees that speaks for it; and every member counts for itself, so that it does not matter who that is.
#include <algorithm>

#include "core/fleet/state.hpp"

namespace readback {
namespace {

constexpr Boundary votable[] = {Boundary::outage, Boundary::security, Boundary::readiness, Boundary::product};

}  // namespace

std::vector<ClaimKey> Fleet::State::stories_of(const std::string& target, Subject s) const {
  std::vector<ClaimKey> keys;
  for (auto at = kept.stories.lower_bound({target, s, ""}); at != kept.stories.end(); ++at) {
    if (at->first.target != target || at->first.subject != s) break;
    keys.push_back(at->first);
  }
  return keys;
}

void Fleet::State::turn(const std::string& target, Subject s, EventKind kind, int level, const Tally& tally,
                        bool was_vantage) {
  const std::pair about{target, s};
  const auto last = turned.find(about);
  const bool is_better = kind == EventKind::recovered || kind == EventKind::resolved;
  if (is_better && last == turned.end()) return;  // nothing was said of it
  if (kind == EventKind::resolved) {
    turned.erase(last);
  } else {
    if (kind != EventKind::escalated && last != turned.end() && last->second == kind) return;
    if (kind != EventKind::escalated) turned[about] = kind;
  }
  Turned word{target, s, kind, level, tally, {}, was_vantage};
  if (const auto known = targets.find(target); known != targets.end())
    for (const auto* hosts : {&tally.who, &tally.who_not, &tally.who_else})
      for (const auto& host : *hosts)
        if (const auto view = known->second.views.find(host); view != known->second.views.end() && view->second.view)
          word.views.push_back(*view->second.view);
  out.push_back(std::move(word));
}

void Fleet::State::ends() {
  for (auto each = kept.stories.begin(); each != kept.stories.end();) {
    const auto [target, subject] = std::pair(each->first.target, each->first.subject);
    end_of(target, subject);  // may close some of them
    each = kept.stories.lower_bound({target, subject, ""});
    while (each != kept.stories.end() && each->first.target == target && each->first.subject == subject) ++each;
  }
}

Fleet::State::Course Fleet::State::course_of(const std::string& target, Subject s) const {
  Course c;
  if (s == Subject::missing) {
    const auto host = target.substr(missing_prefix.size());
    const auto heard = members.find(host);
    c.is_over = !kept.known.contains(host) || (heard != members.end() && now - heard->second.at <= missing_after);
    c.is_bad = !c.is_over;
    return c;
  }
  if (s == Subject::vantage) {
    c.is_over = true;
    for (const Boundary b : votable) {
      const Tally tally = votes(target, b);
      c.is_over = c.is_over && is_way_clear(tally);
      c.is_bad = c.is_bad || is_way_broken(tally);
      if (tally.yes > c.votes.yes || c.votes.asked() == 0) c.votes = tally;
    }
    return c;
  }
  const Boundary b = boundary_of(s);
  c.votes = votes(target, b);
  c.is_over = is_recovered(c.votes);
  c.is_bad = is_relapsed(c.votes);
  if (is_alone_in_all()) {
    const auto found = targets.find(target);
    const bool sees = found != targets.end() && found->second.has_swept && found->second.sees;
    c.is_bad = found != targets.end() && my_state(found->second, b) == SeenAs::holding;
    c.is_over = found == targets.end() || (sees && !my_state(found->second, b));
  }
  return c;
}

/// The end must have been seen by sweeps that began after it was first counted.
bool Fleet::State::is_proven(const std::string& target, Subject s, const Ending& end) const {
  if (s == Subject::missing || s == Subject::vantage || is_alone_in_all()) return true;
  return is_recovered(votes(target, boundary_of(s), end.revision));
}

void Fleet::State::end_of(const std::string& target, Subject s) {
  const bool is_cut_off = is_away() || !is_synced;
  if (is_cut_off && !is_alone_in_all()) {
    ending.erase({target, s});  // others may still see it: no end is counted
    return;
  }
  const Course c = course_of(target, s);
  const Millis together = is_cut_off ? never_mind : now - synced_at;
  const Millis within = setup.config.fleet.agree_within;
  if (is_relapsed(c.votes) && together > within + Seconds(5)) say_again(target, s, c);
  if (c.is_bad) {
    ending.erase({target, s});
    believe(target, s);
    relapse(target, s, c);
    if (wake(target, s, c.votes, false)) turn(target, s, EventKind::firing, told_level(target, s), c.votes);
    escalate(target, s, c);
  } else if (!c.is_over || together <= within) {
    ending.erase({target, s});
  } else {
    const auto found = targets.find(target);
    const std::uint64_t known = found == targets.end() ? 0 : found->second.highest;
    const auto [since, is_new] = ending.try_emplace({target, s}, Ending{now, known});
    if (is_new) turn(target, s, EventKind::recovered, told_level(target, s), c.votes);
    if (now - since->second.since >= setup.config.resolution.settle && is_proven(target, s, since->second))
      resolve(target, s, c);
  }
}

/// What the receivers may not believe any more.
void Fleet::State::say_again(const std::string& target, Subject s, const Course& c) {
  for (const auto& key : stories_of(target, s)) {
    auto& story = kept.stories.at(key);
    if (std::exchange(story.is_unsure, false))
      add_row(key, EventKind::firing, story.level, seen_from(c.votes), false, true);
  }
}

int Fleet::State::told_level(const std::string& target, Subject s) const {
  int level = 0;
  for (const auto& key : stories_of(target, s)) level = std::max(level, kept.stories.at(key).level);
  return level;
}

/// Somebody sees what was adopted in quiet: from now on it is an incident here as well. True: it was not before.
bool Fleet::State::wake(const std::string& target, Subject s, const Tally& tally, bool alone) {
  bool is_news = false;
  for (const auto& key : stories_of(target, s)) {
    auto& story = kept.stories.at(key);
    if (!std::exchange(story.is_quiet, false)) continue;
    is_news = true;
    save();
    add_row(key, EventKind::firing, story.level, told_from(tally, alone), alone);
  }
  return is_news;
}

/// The jury has agreed while this host looked: what a claim alone has said is its own word now.
void Fleet::State::believe(const std::string& target, Subject s) {
  for (auto& r : kept.rows)
    if (r.key.target == target && r.key.subject == s && std::exchange(r.is_adopted, false)) save();
}

/// An end that has not left is taken back.
void Fleet::State::relapse(const std::string& target, Subject s, const Course& c) {
  for (const auto& key : stories_of(target, s)) {
    auto& story = kept.stories.at(key);
    if (!story.is_resolved || inflight.contains(key)) continue;
    story.is_resolved = false;
    drop_rows([&](const FleetRow& r) { return r.key == key && r.kind == EventKind::resolved; });
    save();
  }
  const auto last = turned.find({target, s});
  if (last != turned.end() && last->second == EventKind::recovered)
    turn(target, s, EventKind::relapsed, told_level(target, s), c.votes);
}

void Fleet::State::resolve(const std::string& target, Subject s, const Course& c) {
  for (const auto& key : stories_of(target, s)) {
    auto& story = kept.stories.at(key);
    if (story.is_resolved) continue;
    if (key.sink.empty() || (story.is_quiet && is_away())) {  // nobody is told of it
      drop_story(key);
      count_anew(target, s);
      continue;
    }
    story.is_resolved = true;
    if (!story.is_quiet) add_row(key, EventKind::resolved, 0, told_from(c.votes, is_away()), is_away());
  }
}

void Fleet::State::escalate(const std::string& target, Subject s, const Course& c) {
  int level = level_of_most(c.votes);
  if (const auto t = targets.find(target); is_alone_in_all() && t != targets.end())
    level = level_seen(setup.host, t->second, boundary_of(s));
  if (s == Subject::vantage || s == Subject::missing || level == 0) return;
  bool is_news = false;
  for (const auto& key : stories_of(target, s)) {
    auto& story = kept.stories.at(key);
    if (story.is_resolved || story.level >= level) continue;
    story.level = level;
    is_news = true;
    add_row(key, EventKind::escalated, level, seen_from(c.votes));
  }
  if (is_news) turn(target, s, EventKind::escalated, level, c.votes);
}

/// An incident of all has ended. What this host still sees is a suspicion again, and a question to the others.
void Fleet::State::count_anew(const std::string& target, Subject s) {
  const auto found = targets.find(target);
  if (found == targets.end()) return;
  auto& t = found->second;
  const bool is_way = s == Subject::vantage;
  if (!is_way) t.vote_after[boundary_of(s)] = now;
  bool is_asked = false;
  for (auto& [b, m] : t.mine) {
    if (!is_way && b != boundary_of(s)) continue;
    m.is_confirmed = false;
    m.question = new_question();
    m.revision.reset();
    t.anew[b] = 0;
    t.verdicts.erase(b);
    out.push_back(CountAnew{target, b});
    is_asked = true;
  }
  if (is_asked) publish(target);
}

}  // namespace readback
