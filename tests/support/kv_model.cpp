// Latencies are drawn so that what is rare in a data centre is common here.
#include "tests/support/kv_model.hpp"

#include <algorithm>

#include "core/fleet/json.hpp"

namespace readback {
namespace {

constexpr Millis answer_limit = Seconds(2), time_to_live = Seconds(60);

std::uint64_t ticket_of(const FleetAction& a) {
  if (const auto* p = std::get_if<Publish>(&a)) return p->ticket;
  if (const auto* c = std::get_if<ChangeClaim>(&a)) return c->ticket;
  if (const auto* f = std::get_if<Fetch>(&a)) return f->ticket;
  if (const auto* w = std::get_if<Append>(&a)) return w->ticket;
  return 0;
}

}  // namespace

bool KvModel::reaches(const std::string& host) const {
  const auto link = links_.find(host);
  return !is_down_ && link != links_.end() && !link->second.is_cut;
}

bool KvModel::is_synced(const std::string& host) const {
  const auto link = links_.find(host);
  return link != links_.end() && link->second.is_synced;
}

void KvModel::start(const std::string& host) {
  auto& link = links_[host];
  link.is_up = true, link.is_synced = false;
  ++link.life, ++link.connection;
  link.order.clear(), link.last_word = {};
  connection_changed(host);
}

void KvModel::stop(const std::string& host) {
  auto& link = links_[host];
  link.is_up = link.is_synced = false;
  ++link.life, ++link.connection;
}

void KvModel::cut(const std::string& host, bool is_cut) {
  links_[host].is_cut = is_cut;
  connection_changed(host);
}

void KvModel::down(bool is_down) {
  is_down_ = is_down;
  for (const auto& [host, link] : links_) connection_changed(host);
}

void KvModel::stall(const std::string& host, Millis how_long) { links_[host].stalled_until = world_.now() + how_long; }

void KvModel::answer_nothing(const std::string& host, Millis how_long) {
  links_[host].silent_until = world_.now() + how_long;
}

void KvModel::lose_everything() {
  down(true);
  stored_.clear(), revision_.clear();
  down(false);
}

void KvModel::connection_changed(const std::string& host) {
  auto& link = links_[host];
  if (!link.is_up) return;
  if (!reaches(host)) {
    ++link.connection;
    if (std::exchange(link.is_synced, false)) world_.hear(host, ConnectionLost{});
    return;
  }
  if (link.is_synced) return;
  world_.at(some(100, 2000), [this, host, connection = link.connection] {
    const auto& then = links_[host];
    if (then.is_up && then.connection == connection && !then.is_synced && reaches(host)) synchronize(host);
  });
}

bool KvModel::is_expired(Bucket b, const Stored& s) const {
  return b == Bucket::hosts && world_.now() - s.at >= time_to_live;
}

std::vector<FleetEntry> KvModel::all(Bucket b) const {
  std::vector<FleetEntry> entries;
  const auto bucket = stored_.find(b);
  if (bucket == stored_.end()) return entries;
  for (const auto& [key, s] : bucket->second)
    if (!is_expired(b, s)) entries.push_back(s.entry);
  return entries;
}

void KvModel::synchronize(const std::string& host) {
  links_[host].is_synced = true;
  world_.hear(host, FirstPicture{all(Bucket::hosts), all(Bucket::views), all(Bucket::claims)});
  for (std::size_t i = 0; i < words_.size(); ++i) world_.hear(host, WordHeard{i + 1, words_[i]});
}

std::uint64_t KvModel::put(Bucket b, const std::string& key, const std::string& text) {
  auto& s = stored_[b][key];
  s = {{key, text, ++revision_[b]}, world_.now()};
  const auto entry = std::make_shared<const FleetEntry>(s.entry);
  notify(b, entry);
  return entry->revision;
}

void KvModel::notify(Bucket b, const std::shared_ptr<const FleetEntry>& entry) {
  for (auto& [host, link] : links_) {
    if (!link.is_synced) continue;
    ++messages, bytes += entry->text.size();
    const int lags[] = {20, 100, 100, 500, 1500};
    hand_over(host, link, b, entry, some(1, lags[random_.random() % 5]));
    if (random_.unit() < .02) hand_over(host, link, b, entry, some(500, 4000));  // once more
  }
}

void KvModel::hand_over(const std::string& host, Link& link, Bucket b, const std::shared_ptr<const FleetEntry>& entry,
                        Millis later) {
  auto& order = link.order[{b, entry->key}];
  const MonoTime when = std::max({world_.now() + later, link.stalled_until, order});
  order = when;
  world_.at(when - world_.now(), [this, &host, &link, b, entry, connection = link.connection] {
    if (link.is_synced && link.connection == connection) world_.hear(host, FleetHeard{b, *entry});
  });
}

FleetAnswered KvModel::perform(const FleetAction& action) {
  FleetAnswered answer{ticket_of(action), FleetAnswered::Outcome::done, 0, {}};
  if (const auto* p = std::get_if<Publish>(&action)) {
    answer.revision = put(p->bucket, p->key, p->text);
  } else if (const auto* c = std::get_if<ChangeClaim>(&action)) {
    const auto& claims = stored_[Bucket::claims];
    const auto found = claims.find(c->key);
    const std::uint64_t stands = found == claims.end() ? 0 : found->second.entry.revision;
    if (stands == c->expected)
      answer.revision = put(Bucket::claims, c->key, c->text);
    else
      answer.outcome = FleetAnswered::Outcome::conflict;
  } else if (const auto* f = std::get_if<Fetch>(&action)) {
    for (const auto& [bucket, key] : f->keys) {
      const auto found = stored_[bucket].find(key);
      if (found != stored_[bucket].end() && !is_expired(bucket, found->second))
        answer.found.emplace_back(bucket, found->second.entry);
    }
  } else if (const auto* w = std::get_if<Append>(&action)) {
    words_.push_back(w->text);
    const std::uint64_t seq = words_.size();
    for (auto& [host, link] : links_) {
      auto& order = link.last_word;  // a stream keeps its order
      order = std::max(world_.now() + some(1, 500), order);
      world_.at(order - world_.now(), [this, host = host, seq, text = w->text, connection = link.connection] {
        if (links_[host].is_synced && links_[host].connection == connection) world_.hear(host, WordHeard{seq, text});
      });
    }
  }
  return answer;
}

void KvModel::start_over(const std::string& host) {
  auto& link = links_[host];
  if (!link.is_up) return;
  ++link.connection;
  link.is_synced = false;
  world_.hear(host, ConnectionLost{});
  connection_changed(host);
}

void KvModel::request(const std::string& host, const FleetAction& action) {
  if (std::holds_alternative<StartOver>(action)) return start_over(host);
  const std::uint64_t ticket = ticket_of(action);
  if (ticket == 0) return;
  ++messages, ++requests;
  const auto life = links_[host].life;
  const auto answer_with = [this, host, life](const FleetAnswered& answer, Millis later) {
    world_.at(later, [this, host, life, answer] {
      if (links_[host].is_up && links_[host].life == life) world_.hear(host, answer);
    });
  };
  const FleetAnswered none{ticket, FleetAnswered::Outcome::no_answer, 0, {}};
  world_.at(some(5, 150), [this, host, action, answer_with, none] {
    if (!reaches(host)) return answer_with(none, answer_limit);
    const auto answer = perform(action);
    world_.at(some(5, 150), [this, host, answer, answer_with, none] {
      // The answer may be lost although it has happened.
      const bool is_heard = reaches(host) && world_.now() >= links_[host].silent_until;
      is_heard ? answer_with(answer, Millis(0)) : answer_with(none, answer_limit);
    });
  });
}

std::uint64_t KvModel::epoch_of(const std::string& environment, const ClaimKey& key) const {
  const auto bucket = stored_.find(Bucket::claims);
  if (bucket == stored_.end()) return 0;
  const auto found = bucket->second.find(claim_key(environment, key));
  if (found == bucket->second.end()) return 0;
  const auto& entry = found->second.entry;
  const auto read = read_claim(entry.key, entry.text);
  return read.claim ? read.claim->epoch : 0;
}

std::map<std::string, FleetClaim> KvModel::claims() const {
  std::map<std::string, FleetClaim> claims;
  for (const auto& entry : all(Bucket::claims))
    if (auto read = read_claim(entry.key, entry.text); read.claim) claims[entry.key] = *read.claim;
  return claims;
}

}  // namespace readback
