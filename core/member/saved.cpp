// What a crash must leave of a member: the fleet's own text, and which event in the outbox stands for which of its
// rows.
#include <boost/json.hpp>
#include <map>
#include <set>

#include "core/codec/state_visit.hpp"
#include "core/member/state.hpp"

namespace readback {
namespace json = boost::json;
namespace {

constexpr int saved_version = 1;

/// The events that the outbox still has to tell, by their rows in it.
std::map<std::string, const OutboxRow*> by_event(const std::map<std::int64_t, OutboxRow>& pending) {
  std::map<std::string, const OutboxRow*> all;
  for (const auto& [seq, row] : pending) all[row.event_id] = &row;
  return all;
}

}  // namespace

std::string Member::save(const std::string& part) const {
  const auto& s = *state_;
  if (!s.fleet || part != fleet_part) return s.engine.save(part);
  auto text = write_object({}, [&](StateWriter& w) {
    w("version", saved_version);
    w("events", s.kept.events);
    w("gone", s.kept.gone);
    w("notices", s.kept.notices);
  });
  text.back() = ',';
  return text + "\"fleet\":" + s.fleet->save() + "}";
}

SavedState Member::save() const {
  auto all = state_->engine.save();
  if (state_->fleet) all[std::string(fleet_part)] = save(std::string(fleet_part));
  return all;
}

std::vector<std::string> Member::restore(SavedState state, Instant now) {
  auto& s = *state_;
  s.now = now;
  const auto ours = state.extract(std::string(fleet_part));
  auto refused = state.empty() ? std::vector<std::string>{} : s.engine.restore(state, now);
  if (!ours || !s.fleet) return refused;
  try {
    const auto parsed = json::parse(ours.mapped());
    const auto& all = parsed.as_object();
    const int version = all.at("version").to_number<int>();
    if (version > saved_version)
      throw std::runtime_error("it has version " + std::to_string(version) + ", this program knows " +
                               std::to_string(saved_version));
    MemberKept kept;
    StateReader r{Instant{}, all};
    r("events", kept.events);
    r("gone", kept.gone);
    r("notices", kept.notices);
    const auto why = s.fleet->restore(json::serialize(all.at("fleet")));
    if (!why.empty()) throw std::runtime_error(why);
    s.kept = std::move(kept);
  } catch (const std::exception& e) {
    refused.push_back(std::string("the saved state of the fleet cannot be used: ") + e.what());
  }
  return refused;
}

std::map<std::string, std::uint64_t> Member::held() const {
  const auto& s = *state_;
  std::map<std::string, std::uint64_t> all;
  if (!s.fleet) return all;
  std::set<std::uint64_t> rows;
  for (const auto& row : s.fleet->rows()) rows.insert(row.id);
  for (const auto& event : s.kept.gone) all[event] = 0;
  for (const auto& [row, event] : s.kept.events) {
    const auto id = std::stoull(row);
    all[event] = rows.contains(id) ? id : 0;
  }
  return all;
}

std::vector<Member::HeldEvent> Member::held_events(const std::map<std::int64_t, OutboxRow>& pending, Instant now) {
  auto& s = *state_;
  std::vector<HeldEvent> all;
  if (!s.fleet) return all;
  s.now = now;
  const auto waiting = by_event(pending);
  for (const auto& row : s.fleet->rows()) {
    const auto known = s.kept.events.find(std::to_string(row.id));
    if (known == s.kept.events.end()) continue;
    const auto in_outbox = waiting.find(known->second);
    const bool is_told = in_outbox == waiting.end() && row.was_tried;
    if (in_outbox == waiting.end() && !is_told) continue;
    HeldEvent held{s.event_of(row), is_told};
    held.event.id = known->second;
    if (!is_told) held.event.at = in_outbox->second->created;
    all.push_back(std::move(held));
  }
  return all;
}

/// A row that the outbox has no more was taken by its receiver, and the start came before that was noted. One that it
/// never had is told anew.
Actions Member::begin(const std::map<std::int64_t, OutboxRow>& pending, Instant now) {
  auto& s = *state_;
  if (!s.fleet) return {};
  s.now = now;
  const auto waiting = by_event(pending);
  for (const auto& row : s.fleet->rows()) {
    const auto event = s.kept.events.find(std::to_string(row.id));
    if (event != s.kept.events.end() && waiting.contains(event->second)) continue;
    if (event != s.kept.events.end() && row.was_tried)
      s.to_fleet.push_back(Attempted{row.id, true, true, Millis(0)});
    else
      s.tells.push_back(row);
  }
  return s.round();
}

}  // namespace readback
