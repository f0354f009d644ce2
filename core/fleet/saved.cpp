// What a crash must leave, as JSON, by the visitors of the state file.
#include <boost/json.hpp>

#include "core/codec/state_visit.hpp"
#include "core/fleet/state.hpp"

namespace readback {
namespace json = boost::json;
namespace {

constexpr int saved_version = 1;

}  // namespace

template <class V, Is<ClaimKey> X>
void fields(V& visit, X& x) {
  visit("target", x.target);
  visit("subject", x.subject);
  visit("sink", x.sink);
}
template <class V, Is<FleetRow> X>
void fields(V& visit, X& x) {
  visit("id", x.id);
  visit("about", x.key);
  visit("kind", x.kind);
  visit("epoch", x.epoch);
  visit("level", x.level);
  visit("alone", x.is_alone);
  visit("tried", x.was_tried);
  visit("again", x.is_again);
  visit("adopted", x.is_adopted);
  visit("text", x.text);
}
template <class V, Is<FleetKept::Note> X>
void fields(V& visit, X& x) {
  visit("about", x.key);
  visit("epoch", x.epoch);
  visit("told", x.told);
  visit("end", x.is_end);
  visit("unsure", x.is_unsure);
}
template <class V, Is<FleetKept::Story> X>
void fields(V& visit, X& x) {
  visit("epoch", x.epoch);
  visit("resolved", x.is_resolved);
  visit("level", x.level);
  visit("unsure", x.is_unsure);
  visit("quiet", x.is_quiet);
}
template <class V, Is<FleetKept::HeldClaim> X>
void fields(V& visit, X& x) {
  visit("revision", x.revision);
  visit("claim", x.claim);
  visit("epoch", x.epoch);
}

namespace {

/// A map by claims, as a list of pairs.
template <class T>
struct Pair {
  ClaimKey key;
  T value;
};
template <class V, class T>
void fields(V& visit, Pair<T>& x) {
  visit("about", x.key);
  visit("is", x.value);
}
template <class V, class T>
void fields(V& visit, const Pair<T>& x) {
  visit("about", x.key);
  visit("is", x.value);
}

template <class T>
std::vector<Pair<T>> pairs(const std::map<ClaimKey, T>& map) {
  std::vector<Pair<T>> list;
  for (const auto& [key, value] : map) list.push_back({key, value});
  return list;
}
template <class T>
std::map<ClaimKey, T> map_of(const std::vector<Pair<T>>& list) {
  std::map<ClaimKey, T> map;
  for (const auto& each : list) map[each.key] = each.value;
  return map;
}

}  // namespace

std::string Fleet::save() const {
  const auto& kept = state_->kept;
  return write_object({}, [&](StateWriter& w) {
    w("version", saved_version);
    w("stories", pairs(kept.stories));
    w("rows", kept.rows);
    w("notes", kept.notes);
    w("claims", pairs(kept.claims));
    w("acknowledged", pairs(kept.acknowledged));
    w("known", kept.known);
    w("own_ways", kept.own_ways);
    w("said", kept.said);
    w("words_heard", kept.words_heard);
    w("next_row", kept.next_row);
  });
}

std::string Fleet::restore(const std::string& saved) {
  try {
    const auto parsed = json::parse(saved);
    const auto& all = parsed.as_object();
    const int version = all.at("version").to_number<int>();
    if (version > saved_version)
      throw std::runtime_error("it has version " + std::to_string(version) + ", this program knows " +
                               std::to_string(saved_version));
    FleetKept kept;
    std::vector<Pair<FleetKept::Story>> stories;
    std::vector<Pair<FleetKept::HeldClaim>> claims;
    std::vector<Pair<std::uint64_t>> acknowledged;
    StateReader r{Instant{}, all};
    r("stories", stories);
    r("rows", kept.rows);
    r("notes", kept.notes);
    r("claims", claims);
    r("acknowledged", acknowledged);
    r("known", kept.known);
    r("own_ways", kept.own_ways);
    r("said", kept.said);
    r("words_heard", kept.words_heard);
    r("next_row", kept.next_row);
    kept.stories = map_of(stories);
    kept.claims = map_of(claims);
    kept.acknowledged = map_of(acknowledged);
    std::erase_if(kept.rows, [&](const FleetRow& row) { return !state_->is_configured(row.key.sink); });
    for (const auto& [key, story] : kept.stories)
      if (!story.is_quiet) state_->turned.try_emplace({key.target, key.subject}, EventKind::firing);
    state_->kept = std::move(kept);
    state_->juries = {};
  } catch (const std::exception& e) {
    return std::string("the saved state of the fleet cannot be used: ") + e.what();
  }
  return "";
}

}  // namespace readback
