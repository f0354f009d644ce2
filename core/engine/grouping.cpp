// One cause that befalls many targets, for sinks that say `group: cause`: the first incident that is paged leads, what
// is confirmed for the same reason within some minutes is told under its name. Whether a sink has heard of the leader
// is the outbox's to know; here is only said who belongs together, which a restart must not forget.
#include <algorithm>

#include "core/engine/state.hpp"
#include "core/text/words.hpp"

namespace readback {
namespace {

/// Later, the same words may stand for another fault: it is paged by itself.
constexpr Millis joins_within = std::chrono::minutes(5);
constexpr std::size_t most_named = 20;

}  // namespace

bool Engine::State::is_grouping() const {
  const auto& sinks = config.alerts.sinks;
  return !options.in_fleet &&
         std::any_of(sinks.begin(), sinks.end(), [](const SinkConfig& s) { return s.group == Grouping::cause; });
}

/// Of this boundary, by target; each was paged.
template <class Which>
std::vector<const Incident*> Engine::State::paged_of(Boundary b, const Which& which) const {
  std::vector<const Incident*> all;
  for (const auto& [name, t] : targets)
    if (const auto* i = t->book.open_of(b); i && i->paged && !i->leader.empty() && which(*i)) all.push_back(i);
  return all;
}

/// That was paged first; null of none.
const Incident* oldest_of(const std::vector<const Incident*>& paged) {
  const auto since = [](const Incident* i) { return i->paged_from.value_or(MonoTime::max()); };
  const auto oldest =
      std::min_element(paged.begin(), paged.end(), [&](auto* a, auto* b) { return since(a) < since(b); });
  return oldest == paged.end() ? nullptr : *oldest;
}

/// At its page: the oldest incident of the same cause leads it, if that is fresh and not less severe.
void Engine::State::choose_leader(Transition& page) {
  const auto& record = page.record;
  const auto fresh = paged_of(record.boundary, [&](const Incident& i) {
    return i.record.id != record.id && i.record.id == i.leader && is_same_cause(i.record, record) &&
           !i.record.declared && !record.declared && i.record.severity >= record.severity && i.paged_from &&
           now.mono - *i.paged_from <= joins_within;
  });
  const auto* oldest = oldest_of(fresh);
  page.leader = oldest ? oldest->record.id : record.id;
  if (auto* t = find_target(record.target)) t->book.group_under(record.id, page.leader);
}

std::optional<Grouped> Engine::State::group_of(Transition& transition) {
  if (!is_grouping()) return std::nullopt;
  const auto& record = transition.record;
  if (transition.kind == EventKind::firing && transition.leader.empty()) choose_leader(transition);
  if (transition.leader.empty()) return std::nullopt;
  Grouped g;
  g.leader = transition.leader;
  const auto in_group = [&](const Incident& i) { return i.leader == g.leader; };
  const auto* first = oldest_of(paged_of(
      record.boundary, [&](const Incident& i) { return in_group(i) && i.record.state == IncidentState::firing; }));
  g.stands_in = record.id != g.leader && first && first->record.id == record.id;
  for (const auto* i : paged_of(record.boundary, in_group)) {
    g.others += i->record.id != record.id;
    if (i->record.id != record.id) g.targets.push_back(i->record.target);
  }
  g.targets.insert(std::lower_bound(g.targets.begin(), g.targets.end(), record.target), record.target);
  return g;
}

/// Once, an interval after the page: by then every target has been looked at.
void Engine::State::tell_spread(Actions& out, TargetState& t) {
  if (!is_grouping()) return;
  for (const Boundary b : all_boundaries) {
    const auto* i = t.book.open_of(b);
    if (!i || !i->paged || i->leader != i->record.id || i->told_spread || !i->paged_from ||
        now.mono - *i->paged_from < t.config->interval)
      continue;
    Transition spread{EventKind::escalated, shown(t, *i), {}, i->leader};
    auto g = group_of(spread);
    if (!g || g->others == 0) continue;
    t.book.spread_told(i->record.id);
    g->is_spread = true;
    auto& told = spread.record;
    told.summary = upper(b) + " " + std::to_string(g->targets.size()) + " targets: " + told.first_failure->read + ": " +
                   told.first_failure->reason + ": " + joined_at_most(most_named, g->targets);
    for (const auto& sink : config.alerts.sinks)
      if (sink.group == Grouping::cause && !sink.waits) spread.only.push_back(sink.name);
    out.push_back(Notify{alert_of(std::move(spread), std::move(g)), ""});
    out.push_back(SaveState{t.config->name});
  }
}

}  // namespace readback
