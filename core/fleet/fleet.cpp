// What happens to a member, one handler an event; and what it says of itself. After each event everything that could
// follow from it is looked at again: what decides is what is known, not which message brought it.
#include "core/fleet/fleet.hpp"

#include <algorithm>

#include "core/fleet/state.hpp"

namespace readback {
namespace {

constexpr Millis beat = Seconds(1);
constexpr Millis lost_ticket = Seconds(10);  ///< of a shell that has forgotten to answer
constexpr std::size_t most_said = 256, most_sweeps = 16;

}  // namespace

Fleet::Fleet(FleetSetup setup, MonoTime now) : state_(std::make_unique<State>(std::move(setup), now)) {
  auto& s = *state_;
  s.last_ack = now;
  for (const TargetConfig& t : s.setup.config.targets) s.targets[t.name];
}
Fleet::~Fleet() = default;
Fleet::Fleet(Fleet&&) noexcept = default;
Fleet& Fleet::operator=(Fleet&&) noexcept = default;

FleetActions Fleet::handle(FleetEvent event, MonoTime now) {
  auto& s = *state_;
  s.now = std::max(s.now, now);
  s.out.clear();
  if (const auto* heard = std::get_if<FleetHeard>(&event); heard && s.is_mere_renewal(*heard)) return {};
  std::visit([&](auto& e) { s.on(std::move(e)); }, event);
  s.settle_down();
  return s.in_order();
}

/// Rows are made and removed in the transaction that saves the state, and that is done before anything leaves.
FleetActions Fleet::State::in_order() {
  FleetActions list;
  const auto is_row = [](const FleetAction& a) {
    return std::holds_alternative<Tell>(a) || std::holds_alternative<Forget>(a);
  };
  for (auto& a : out)
    if (is_row(a)) list.push_back(std::move(a));
  if (std::exchange(must_save, false)) list.push_back(SaveFleet{});
  for (auto& a : out)
    if (!is_row(a)) list.push_back(std::move(a));
  out.clear();
  return list;
}

MonoTime Fleet::next_due() const { return state_->ticked_at + beat; }

void Fleet::State::settle_down() {
  const bool away = is_away();
  if (!away)
    away_since.reset();
  else if (!away_since)
    away_since = now;
  if (std::exchange(was_away, away) != away)
    say(away ? Say::Level::warning : Say::Level::info, away ? "fleet.away" : "fleet.back",
        away ? "the fleet cannot be asked: this host decides alone" : "the fleet can be asked again");
  decide();
  ends();
  if (!away) flush();
  pump();
}

void Fleet::State::say(Say::Level level, const std::string& kind, const std::string& text, const std::string& target) {
  out.push_back(Say{level, kind, target, "", "", text});
}

std::uint64_t Fleet::State::ticket(Ticket t) {
  t.sent = now;
  tickets[next_ticket] = std::move(t);
  return next_ticket++;
}

void Fleet::State::on(const FleetTick&) {
  ticked_at = now;
  if (is_doubled && now - other_heard > setup.config.fleet.silent_after) {
    is_doubled = false;
    say(Say::Level::info, "fleet.doubled", "no other member of the fleet is called " + setup.host + " any more");
  }
  std::vector<std::uint64_t> lost;
  for (const auto& [id, t] : tickets)
    if (now - t.sent > lost_ticket) lost.push_back(id);
  for (const auto id : lost) on(FleetAnswered{id, FleetAnswered::Outcome::no_answer, 0, {}});
  if (!renewed_at || now - *renewed_at >= renew_every) renew(false);
  for (auto& [name, t] : targets) {
    answer_as_new_juror(name, t);
    if (!t.ask_due || now < *t.ask_due) continue;
    t.ask_due.reset();
    t.asked_at = now;
    out.push_back(AskSweep{name});
  }
  probe();
  miss_members();
  look_after_claims();
  publish_words();
}

/// Claims could not be read or made: they are tried until they can be.
void Fleet::State::probe() {
  if (!failing_since || !is_synced || (probed_at && now - *probed_at < Seconds(2))) return;
  probed_at = now;
  const ClaimKey key = kept.claims.empty() ? ClaimKey{"probe", Subject::outage, "probe"} : kept.claims.begin()->first;
  Fetch fetch{{{Bucket::claims, claim_key(setup.config.environment, key)}}, 0};
  fetch.ticket = ticket({.what = Ticket::For::probe, .key = {}});
  out.push_back(std::move(fetch));
}

void Fleet::State::renew(bool goodbye) {
  renewed_at = now;
  FleetMember m;
  m.fleet = setup.config.fleet.name, m.host = setup.host, m.environment = setup.config.environment;
  m.version = setup.version, m.start = setup.start, m.started = setup.started;
  for (const TargetConfig& t : setup.config.targets) m.targets[t.name] = t.interval;
  for (const auto& s : setup.config.alerts.sinks) m.sinks.push_back(s.name);
  for (const auto& [name, sink] : retired) m.sinks.push_back(name);
  if (goodbye) m.sinks.clear();
  m.troubles = our_troubles;
  m.goodbye = goodbye;
  Publish p{Bucket::hosts, member_key(setup.host), write(m), 0};
  p.ticket = ticket({.what = Ticket::For::member});
  out.push_back(std::move(p));
}

/// Those who are asked about it say what they see; the others only what they ask, and that it is over.
void Fleet::State::publish(const std::string& target) {
  auto& t = targets.at(target);
  const auto* config = config_of(target);
  if (!is_synced || !t.has_swept || !config) return;
  const bool has_more_to_say = std::exchange(t.has_asked, !t.mine.empty()) || t.has_asked;
  if (!has_more_to_say && !is_asked_about(target, setup.host)) return;
  FleetView v;
  v.fleet = setup.config.fleet.name, v.host = setup.host, v.target = target;
  v.sweep = t.sweep, v.seen = t.knows, v.blind = !t.sees, v.interval = config->interval;
  Ticket asked{.what = Ticket::For::view, .target = target};
  for (const auto& [b, m] : t.mine) {
    const bool is_firing = is_open(target, *voted(b));
    v.boundaries.push_back({b,
                            !m.is_confirmed ? SeenAs::suspected
                            : is_firing     ? SeenAs::firing
                                            : SeenAs::holding,
                            m.finding.severity, m.finding.is_total, !m.finding.holds_now, m.question,
                            m.finding.reasons});
    asked.questions.emplace_back(b, m.question);
  }
  Publish p{Bucket::views, view_key(target, setup.host), write(v), 0};
  p.ticket = ticket(std::move(asked));
  out.push_back(std::move(p));
}

void Fleet::State::on(const SweepBegan& e) {
  const auto found = targets.find(e.target);
  if (found == targets.end()) return;
  auto& sweeps = found->second.under_way;
  sweeps[e.sweep] = found->second.highest;
  if (sweeps.size() > most_sweeps) sweeps.erase(sweeps.begin());
}

void Fleet::State::on(const SweepSeen& e) {
  const auto found = targets.find(e.target);
  const auto* config = config_of(e.target);
  if (found == targets.end() || !config) return;
  auto& t = found->second;
  const auto begun = t.under_way.find(e.sweep);
  const std::uint64_t knew = begun == t.under_way.end() ? 0 : begun->second;
  t.under_way.erase(t.under_way.begin(), t.under_way.upper_bound(e.sweep));
  t.sweep = e.sweep, t.sees = e.sees, t.has_swept = true;
  if (!e.sees) return publish(e.target);
  t.knows = knew;
  std::set<Boundary> held;
  for (const auto& f : e.findings) {
    if (!voted(f.boundary)) continue;
    held.insert(f.boundary);
    auto& m = t.mine[f.boundary];
    if (m.question == 0) m.question = new_question();
    m.finding = f;
    auto anew = t.anew.find(f.boundary);
    if (anew != t.anew.end() && ++anew->second >= config->confirm.failures)
      anew = t.anew.erase(anew), anew = t.anew.end();
    const bool is_confirmed = f.is_confirmed && anew == t.anew.end();
    if (is_confirmed && !m.is_confirmed) m.confirmed_at = now;
    m.is_confirmed = is_confirmed;
  }
  for (auto at = t.mine.begin(); at != t.mine.end();) {
    const bool is_gone = !held.contains(at->first);
    if (is_gone) t.verdicts.erase(at->first), t.anew.erase(at->first);
    at = is_gone ? t.mine.erase(at) : std::next(at);
  }
  const bool is_any_confirmed =
      std::any_of(t.mine.begin(), t.mine.end(), [](const auto& m) { return m.second.is_confirmed; });
  if (!is_any_confirmed) own_way(e.target, false, {});
  publish(e.target);
}

void Fleet::State::on(OurTroubles e) { our_troubles = std::move(e.sentences); }

void Fleet::State::on(const WordSaid& e) {
  FleetWord w = e.word;
  w.fleet = setup.config.fleet.name, w.host = setup.host;
  w.id = setup.start + "-" + std::to_string(kept.next_row++);
  if (w.kind == WordKind::acknowledge)
    for (const auto& key : stories_of_word(w)) kept.acknowledged[key] = kept.stories.at(key).epoch;
  if (kept.said.size() < most_said) kept.said.push_back(std::move(w));
  save();
  publish_words();
}

std::vector<ClaimKey> Fleet::State::stories_of_word(const FleetWord& w) const {
  const auto subject = w.boundary ? voted(*w.boundary) : std::nullopt;
  return subject ? stories_of(w.target, *subject) : std::vector<ClaimKey>{};
}

/// Under the epochs that the incident has by now: they may have changed since it was said.
void Fleet::State::publish_words() {
  if (!is_synced || is_away() || !kept.notes.empty() || now - synced_at <= words_wait) return;
  for (auto& w : kept.said) {
    const bool is_under_way = std::any_of(tickets.begin(), tickets.end(), [&](const auto& t) {
      return t.second.what == Ticket::For::word && t.second.word == w.id;
    });
    if (is_under_way) continue;
    w.epochs.clear();
    for (const auto& key : stories_of_word(w)) w.epochs[key.sink] = kept.stories.at(key).epoch;
    Append a{write(w), 0};
    a.ticket = ticket({.what = Ticket::For::word, .word = w.id});
    out.push_back(std::move(a));
  }
}

void Fleet::State::on(const WordHeard& e) {
  if (e.seq <= kept.words_heard) return;
  kept.words_heard = e.seq;
  save();
  auto read = read_word(e.text, setup.config.fleet.name);
  if (!read) return complain("words", read.error());
  bool is_ours = read->epochs.empty();
  const auto subject = read->boundary ? voted(*read->boundary) : std::nullopt;
  for (const auto& [sink, epoch] : read->epochs) {
    const ClaimKey key{read->target, subject.value_or(Subject::outage), sink};
    if (!subject || !config_of(key.target) || (!is_configured(sink) && !kept.stories.contains(key))) continue;
    is_ours = true;
    auto& newest = kept.acknowledged[key];
    if (read->kind == WordKind::acknowledge) newest = std::max(newest, epoch);
  }
  if (is_ours && read->host != setup.host) out.push_back(WordTrue{std::move(*read)});
}

void Fleet::State::on(FleetReconfigured e) {
  const Config before = std::exchange(setup.config, std::move(e.config));
  juries = {}, missing_due = now;
  std::set<std::string> sinks;
  for (const auto& s : setup.config.alerts.sinks) sinks.insert(s.name), retired.erase(s.name);
  for (const auto& s : before.alerts.sinks) {
    const bool is_needed = std::any_of(kept.stories.begin(), kept.stories.end(),
                                       [&](const auto& each) { return each.first.sink == s.name; });
    if (!sinks.contains(s.name) && is_needed) retired[s.name] = s;  // it hears the end of what it was told
  }
  std::map<std::string, Target> old;
  old.swap(targets);
  for (const TargetConfig& t : setup.config.targets) {
    auto node = old.extract(t.name);
    targets[t.name] = node ? std::move(node.mapped()) : Target{};
  }
  leave_targets(before);
  const auto ways = kept.own_ways;
  for (const auto& target : ways)
    if (!config_of(target)) own_way(target, false, {});
  for (const auto& [key, story] : kept.stories) {
    if (first_row(key) || story.is_quiet || !sinks.contains(key.sink)) continue;
    const auto* c = claim(key);
    if (story.is_resolved)
      add_row(key, EventKind::resolved, 0, "");
    else if (auto* r = c && !c->closed && c->told == 0 ? add_row(key, EventKind::firing, story.level, "") : nullptr)
      r->is_adopted = true;  // what was agreed when it was opened may be over
  }
  renew(false);
}

/// What is watched here no more is the others' business; where there are none, its incident ends by itself, since
/// nobody sees it.
void Fleet::State::leave_targets(const Config& before) {
  for (const TargetConfig& t : before.targets) {
    if (!is_of_others(t.name)) continue;
    let_go([&](const ClaimKey& key) { return key.target == t.name; });
    const auto stories = kept.stories;
    for (const auto& [key, story] : stories)
      if (key.target == t.name) drop_story(key);
  }
}

void Fleet::State::on(const FleetStopping&) {
  let_go([](const ClaimKey&) { return true; });
  renew(true);
}

bool Fleet::State::is_open(const std::string& target, Subject s) const { return !stories_of(target, s).empty(); }

std::vector<FleetRow> Fleet::rows() const { return state_->kept.rows; }
bool Fleet::has_all_written() const { return state_->kept.notes.empty(); }
std::uint64_t Fleet::words_heard() const { return state_->kept.words_heard; }
bool Fleet::is_away(MonoTime now) const {
  state_->now = std::max(state_->now, now);
  return state_->is_away();
}
bool Fleet::holds(const ClaimKey& key) const {
  const auto* c = state_->claim(key);
  return c && !c->closed && c->holder == state_->setup.host;
}
int Fleet::told(const ClaimKey& key) const {
  const auto* c = state_->claim(key);
  if (c && !c->closed) return c->told;
  const auto story = state_->kept.stories.find(key);
  return story == state_->kept.stories.end() ? 0 : story->second.level;
}
std::uint64_t Fleet::epoch(const ClaimKey& key) const {
  const auto story = state_->kept.stories.find(key);
  return story == state_->kept.stories.end() ? 0 : story->second.epoch;
}
bool Fleet::is_acknowledged(const ClaimKey& key) const {
  const auto story = state_->kept.stories.find(key);
  const auto said = state_->kept.acknowledged.find(key);
  return story != state_->kept.stories.end() && said != state_->kept.acknowledged.end() &&
         said->second == story->second.epoch;
}
bool Fleet::is_open(const std::string& target, Subject subject) const { return state_->is_open(target, subject); }
Tally Fleet::votes(const std::string& target, Boundary boundary, MonoTime now) const {
  state_->now = std::max(state_->now, now);
  return state_->votes(target, boundary);
}

std::vector<std::string> Fleet::troubles(MonoTime now) const {
  auto& s = *state_;
  s.now = std::max(s.now, now);
  std::vector<std::string> all;
  if (s.is_doubled) all.push_back("another member of the fleet is called " + s.setup.host + " as well");
  if (s.is_alone_in_all()) all.push_back("the fleet cannot be asked: this host is alone in everything");
  if (!s.newer.empty()) all.push_back("a claim was written by a newer version: this host decides about it alone");
  return all;
}

}  // namespace readback
