// What is true in the world, and the promises that are held against it.
#include <algorithm>

#include "tests/core/fleet/fleet_world.hpp"
#include "tests/core/fleet/fleet_world_host.hpp"

namespace readback {
namespace {

constexpr double bound = 230, calm_bound = 90;
const char* const target = "fabric";

template <class Hosts, class Which>
int count(const Hosts& hosts, Which which) {
  return static_cast<int>(std::count_if(hosts.begin(), hosts.end(), which));
}

}  // namespace

int FleetWorld::sees(const Host& h) const { return std::max(platform_, h.has_uplink ? 0 : 2); }
bool FleetWorld::is_connected(const Host& h) const { return kv_->reaches(h.name); }

/// As the members would draw it.
std::vector<FleetWorld::Host*> FleetWorld::juries(std::vector<Host*> among) const {
  std::sort(among.begin(), among.end(),
            [](const Host* a, const Host* b) { return rendezvous(target, a->name) < rendezvous(target, b->name); });
  if (among.size() > static_cast<std::size_t>(scene_.jury)) among.resize(static_cast<std::size_t>(scene_.jury));
  return among;
}

void FleetWorld::watch() {
  for (auto& h : hosts_) {
    const bool is_bad = h->is_up && sees(*h);
    if (is_bad) h->last_bad = seconds();
    h->bad_since = is_bad ? (h->bad_since < 0 ? seconds() : h->bad_since) : -1;
    if (!is_connected(*h)) h->connected_since = seconds();
  }
  for (const auto& [sink, mode] : receivers_) watch_sink(sink);
  watch_words();
  at(Seconds(5), [this] { watch(); });
}

/// Promise 1: with one speaker that stays able all the while.
void FleetWorld::watch_sink(const std::string& sink) {
  std::vector<Host*> live, connected;
  for (auto& h : hosts_)
    if (h->is_up) live.push_back(h.get());
  for (auto* h : live)
    if (is_connected(*h)) connected.push_back(h);
  const auto jury = juries(connected);
  const int yes = count(jury, [&](const Host* h) { return sees(*h) > 0; });
  const int worse = count(jury, [&](const Host* h) { return sees(*h) == 2; });
  const int all = count(live, [&](const Host* h) { return sees(*h) > 0; });
  std::set<std::string> can, can_worse;
  for (const auto* h : live) {
    const bool has = std::find(h->sinks.begin(), h->sinks.end(), sink) != h->sinks.end();
    if (!sees(*h) || !has || !h->reaches_receivers || receivers_.at(sink) != "ok") continue;
    const bool is_majority =
        is_connected(*h) ? yes * 2 > static_cast<int>(jury.size()) : all * 2 > static_cast<int>(live.size());
    if (is_majority) can.insert(h->name);
    if (is_majority && is_connected(*h) && worse * 2 > static_cast<int>(jury.size()) && sees(*h) == 2)
      can_worse.insert(h->name);
  }
  const auto follow = [&](std::optional<Since>& since, const std::set<std::string>& now) {
    std::set<std::string> still;
    if (since)
      std::set_intersection(since->who.begin(), since->who.end(), now.begin(), now.end(),
                            std::inserter(still, still.end()));
    if (now.empty())
      since.reset();
    else if (!since || still.empty())
      since = Since{since && !still.empty() ? since->at : seconds(), now};
    else
      since->who = still;
  };
  auto& due = due_[sink];
  auto& due_worse = due_worse_[sink];
  follow(due, can);
  follow(due_worse, can_worse);
  const double limit = scene_.is_calm ? calm_bound : bound;
  const bool any_connected =
      due && std::any_of(due->who.begin(), due->who.end(), [&](const auto& n) { return is_connected(host(n)); });
  if (due && seconds() - due->at > (any_connected ? limit : 3 * limit) && !open_.at(sink))
    throw Broken{"1 lost: sink " + sink + ", seen since " + std::to_string(due->at)};
  if (due_worse && seconds() - due_worse->at > limit && open_.at(sink) < 2)
    throw Broken{"1b escalation lost: sink " + sink + ", total since " + std::to_string(due_worse->at)};
}

void FleetWorld::watch_words() {
  if (seconds() - last_fault_ <= (scene_.is_calm ? 30 : 150) || seconds() - acknowledged_ <= 10) return;
  for (const auto& [sink, mode] : receivers_) {
    const ClaimKey key{target, Subject::outage, sink};
    std::set<bool> said;
    for (auto& h : hosts_)
      if (h->is_up && is_connected(*h) && h->fleet->is_open(target, Subject::outage) && h->fleet->epoch(key) > 0 &&
          h->fleet->epoch(key) == kv_->epoch_of("prod", key))
        said.insert(h->fleet->is_acknowledged(key));
    if (said.size() > 1) throw Broken{"7 the hosts differ about who has acknowledged it, sink " + sink};
  }
}

void FleetWorld::received(Host& h, const FleetRow& row, bool is_synced) {
  const std::string kind(to_string(row.kind)), subject(word_of(row.key.subject));
  say("receiver " + row.key.sink + " <- " + h.name + ": " + kind + " " + subject + " epoch " +
      std::to_string(row.epoch) + (row.is_alone ? " alone" : "") + (row.is_again ? " again" : "") + " " + row.text);
  received_.push_back({seconds(), row.key.sink, h.name, kind, subject, row.epoch, row.is_alone});
  if (row.key.subject == Subject::vantage && row.kind == EventKind::firing) blamed(h);
  if (row.key.subject != Subject::outage) return;
  if (row.kind == EventKind::resolved)
    received_end(h, row.key.sink);
  else
    received_page(h, row, is_synced);
}

/// Promises 5 and 2.
void FleetWorld::received_end(const Host& h, const std::string& sink) {
  std::vector<Host*> live, connected;
  for (auto& g : hosts_)
    if (g->is_up) live.push_back(g.get());
  for (auto* g : live)
    if (is_connected(*g)) connected.push_back(g);
  const auto most = [&](const std::vector<Host*>& among) {
    const auto jury = juries(among);
    return count(jury,
                 [&](const Host* g) {
                   return g->bad_since >= 0 && seconds() - g->bad_since > 40 &&
                          (!is_connected(h) || seconds() - g->connected_since > 20);
                 }) *
               2 >
           static_cast<int>(jury.size());
  };
  if (most(live) && (most(connected) || !is_connected(h)) && open_.at(sink))
    throw Broken{"5 an end while a majority sees the outage, sink " + sink + " by " + h.name};
  if (!open_.at(sink) && scene_.is_calm) throw Broken{"2 a second end, sink " + sink + " by " + h.name};
  open_.at(sink) = 0;
  due_[sink].reset();
}

/// Promises 4, 2 and 3.
void FleetWorld::received_page(Host& h, const FleetRow& row, bool is_synced) {
  const auto& sink = row.key.sink;
  const double decided = h.rows.contains(row.id) ? h.rows.at(row.id).decided : seconds();
  const bool is_page = row.kind == EventKind::firing;
  const int others = count(hosts_, [&](const auto& g) {
    return g.get() != &h && g->is_up && is_connected(*g) && !sees(*g) && seconds() - g->last_bad > 60 &&
           seconds() - g->connected_since > 60 && g->born < seconds() - 90;
  });
  const bool nobody_else = std::all_of(hosts_.begin(), hosts_.end(),
                                       [&](const auto& g) { return g.get() == &h || g->last_bad < decided - 60; });
  if (is_page && !row.is_again && !h.tried.contains(row.id) && others >= 2 && is_synced && nobody_else)
    throw Broken{"4 the own trouble of " + h.name + " is paged as an outage, " + std::to_string(others) + " see green"};
  if (is_page && open_.at(sink) && scene_.is_calm) throw Broken{"2 a second page, sink " + sink + " by " + h.name};
  if (is_page && !scene_.is_calm) {
    auto& lately = lately_[sink];
    std::erase_if(lately, [&](const auto& each) { return each.first <= seconds() - 300; });
    lately.emplace_back(seconds(), h.name);
    const int by_h = count(lately, [&](const auto& each) { return each.second == h.name; });
    const bool is_storm = seconds() - last_engine_ > 300 && static_cast<int>(lately.size()) > 2 * scene_.hosts + 4;
    if (is_storm || by_h > 6 + faults_)
      throw Broken{"3 a storm: " + std::to_string(lately.size()) + " pages in 300 s at " + sink};
  }
  open_.at(sink) = std::max(open_.at(sink), row.level >= level_of(Severity::critical, true) ? 2 : 1);
}

/// Promise 8.
void FleetWorld::blamed(const Host& h) {
  const bool all_see =
      std::all_of(hosts_.begin(), hosts_.end(), [](const auto& g) { return !g->is_up || g->bad_since >= 0; });
  if (platform_ && h.bad_since > platform_since_ - 6 && all_see && seconds() - last_fault_ > 200)
    throw Broken{"8 " + h.name + " blames the way, and all see the outage"};
}

/// Promises 5 and 6, when all has been well for long.
void FleetWorld::finally() {
  for (const auto& [sink, mode] : receivers_) {
    const bool is_somebodys = std::any_of(hosts_.begin(), hosts_.end(), [&](const auto& h) {
      return h->is_up && std::find(h->sinks.begin(), h->sinks.end(), sink) != h->sinks.end();
    });
    // Who paged alone and never came back leaves its page to a person.
    const bool is_persons = std::any_of(sent_alone_.begin(), sent_alone_.end(), [&](const auto& s) {
      return s.first == sink && (!host(s.second).is_up || host(s.second).is_lost);
    });
    if (open_.at(sink) && is_somebodys && !is_persons) throw Broken{"5b never ended: sink " + sink};
  }
  for (const auto& [key, claim] : kv_->claims())
    if (!claim.closed && key.starts_with("prod.fabric."))
      throw Broken{"6 the claim " + key + " stays open, held by " + claim.holder};
  for (const auto& h : hosts_)
    if (h->is_up && (h->fleet->is_open(target, Subject::outage) || h->fleet->is_open(target, Subject::vantage)))
      throw Broken{"6 " + h->name + " keeps an incident"};
}

}  // namespace readback
