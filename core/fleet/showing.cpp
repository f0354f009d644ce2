// How the fleet stands, for people: who is there and what each sees, who speaks to whom.
#include <algorithm>

#include "core/fleet/state.hpp"

namespace readback {
namespace {

/// The worst that it sees.
std::string verdict_of(const FleetView& view) {
  if (view.blind) return "blind";
  if (view.boundaries.empty()) return "green";
  const auto worst = std::min_element(view.boundaries.begin(), view.boundaries.end(),
                                      [](const auto& a, const auto& b) { return a.boundary < b.boundary; });
  return std::string(to_string(worst->boundary));
}

}  // namespace

MemberView Fleet::State::shown_self() const {
  MemberView me;
  me.host = setup.host, me.version = setup.version;
  me.is_self = true, me.is_doubled = is_doubled;
  me.heard_ago = Millis(0);
  me.troubles = our_troubles;
  for (const auto& [name, t] : targets) {
    auto& word = me.targets[name];
    if (!t.has_swept)
      word = "unknown";
    else if (!t.sees)
      word = "blind";
    else
      word = t.mine.empty() ? "green" : std::string(to_string(t.mine.begin()->first));
  }
  return me;
}

MemberView Fleet::State::shown(const std::string& host, const FleetMember& member) const {
  MemberView m;
  m.host = host, m.version = member.version, m.troubles = member.troubles;
  const auto heard = members.find(host);
  if (heard != members.end()) m.heard_ago = now - heard->second.at;
  if (!m.heard_ago || *m.heard_ago > setup.config.fleet.silent_after) m.state = "silent";
  for (const auto& [name, interval] : member.targets) {
    const auto t = targets.find(name);
    if (t == targets.end()) continue;
    const auto view = t->second.views.find(host);
    const bool is_known = view != t->second.views.end() && view->second.view;
    // Who is not asked about a target does not say that it is well.
    const bool is_late = !is_known || now - view->second.at > interval * 5 / 2;
    if (is_late && !is_asked_about(name, host)) continue;
    m.targets[name] = is_known ? verdict_of(*view->second.view) : "unknown";
    if (is_known) m.lag = std::max(m.lag, now - view->second.at - interval);
  }
  return m;
}

FleetOverview Fleet::overview(MonoTime now) const {
  auto& s = *state_;
  s.now = std::max(s.now, now);
  FleetOverview o;
  o.name = s.setup.config.fleet.name, o.host = s.setup.host;
  o.is_connected = s.is_synced && !s.is_away();
  if (s.is_away() && s.away_since) o.away_for = s.now - *s.away_since;
  o.members.push_back(s.shown_self());
  for (const auto& [host, member] : s.kept.known)
    if (host != s.setup.host) o.members.push_back(s.shown(host, member));
  for (const auto& [host, gone] : s.left) {
    MemberView m;
    m.host = host, m.version = gone.version, m.state = "left", m.heard_ago = s.now - gone.at;
    o.members.push_back(std::move(m));
  }
  std::sort(o.members.begin(), o.members.end(), [](const auto& a, const auto& b) { return a.host < b.host; });
  for (const auto& [key, held] : s.kept.claims) {
    if (!held.claim || held.claim->closed) continue;
    const auto& c = *held.claim;
    ClaimView shown{key.target, std::string(word_of(key.subject)), key.sink, c.holder, "", c.epoch, c.passed, c.tries};
    if (c.told > 0) shown.told = to_string(severity_of(c.told));
    o.claims.push_back(std::move(shown));
  }
  o.troubles = troubles(now);
  o.disagreements = s.disagreements;
  return o;
}

}  // namespace readback
