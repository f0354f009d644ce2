// The loop's copy, kept by the same rules by which the tables keep theirs (tables_outbox.cpp).
#include "daemon/store/mirror.hpp"

#include <algorithm>
#include <utility>

namespace readback {
namespace {

/// Fewer states are not worth the room that packing needs.
constexpr std::size_t pack_from_states = 64;

}  // namespace

AlikeTexts::Packed Mirror::packed(const std::string& text, std::size_t how_many) {
  return how_many < pack_from_states ? AlikeTexts::Packed{nullptr, text} : alike_.pack(text);
}

void Mirror::load(Kept kept) {
  state_.clear();
  for (const auto& [part, text] : kept.state) state_[part] = packed(text, kept.state.size());
  pending_ = std::move(kept.pending);
  opened_.clear();
  closed_.clear();
  for (auto& key : kept.opened) {
    auto& keys = opened_[{key.sink, key.incident_id}];
    if (key.closed_at) closed_.emplace(*key.closed_at, Place(key.sink, key.incident_id));
    keys.push_back(std::move(key));
  }
  last_seq_ = kept.last_seq;
  snapshots_ = std::move(kept.snapshots);
  refused_ = std::move(kept.refused);
  newest_event_ = std::move(kept.newest_event);
  fresh_.clear();
}

std::uint64_t Mirror::take(Commit& commit) {
  for (auto& row : commit.rows) {
    row.seq = ++last_seq_;
    note(row);
  }
  for (const auto& [part, text] : commit.state) {
    if (text.empty())
      state_.erase(part);
    else
      state_[part] = packed(text, state_.size());
  }
  coming_.emplace(++changes_, Coming{commit.rows, commit.incidents});
  return changes_;
}

SavedState Mirror::state() const {
  SavedState all;
  for (const auto& [part, text] : state_) all.emplace_hint(all.end(), part, AlikeTexts::expand(text));
  return all;
}

void Mirror::wait_for_delivery(OutboxRow row) {
  const auto seq = row.seq;
  if (row.state == OutboxState::pending && pending_.emplace(seq, std::move(row)).second) fresh_.push_back(seq);
}

std::vector<OpenedKey> Mirror::opened() const {
  std::vector<OpenedKey> all;
  for (const auto& [place, keys] : opened_) all.insert(all.end(), keys.begin(), keys.end());
  return all;
}

void Mirror::note(const OutboxRow& row) {
  if (row.mark == OutboxRow::Mark::none) return;
  const Place place(row.sink, row.incident_id);
  auto& keys = opened_[place];
  note_opened(keys, row);
  note_closed(place, keys);
  if (keys.empty()) opened_.erase(place);
}

void Mirror::note_closed(const Place& place, const std::vector<OpenedKey>& keys) {
  for (const auto& key : keys)
    if (key.closed_at) closed_.emplace(*key.closed_at, place);
}

std::vector<OutboxRow> Mirror::take_fresh() {
  std::vector<OutboxRow> rows;
  std::sort(fresh_.begin(), fresh_.end());
  for (const auto seq : std::exchange(fresh_, {}))
    if (const auto row = pending_.find(seq); row != pending_.end()) rows.push_back(row->second);
  return rows;
}

void Mirror::mark(const OutboxRow& row) {
  if (row.state != OutboxState::pending)
    pending_.erase(row.seq);
  else if (const auto found = pending_.find(row.seq); found != pending_.end())
    found->second = row;
}

OpenedThere Mirror::mark_unheard(const OutboxRow& row) {
  mark(row);
  forget_opened(row.sink, row.incident_id);
  for (const auto& [seq, behind] : pending_)
    if (behind.sink == row.sink && behind.incident_id == row.incident_id) note(behind);
  const auto found = opened_.find({row.sink, row.incident_id});
  return {row.sink, row.incident_id, found == opened_.end() ? std::vector<OpenedKey>() : found->second};
}

std::vector<OpenedThere> Mirror::forget_closed(WallTime before) {
  ++changes_;
  std::vector<OpenedThere> changed;
  while (!closed_.empty() && closed_.begin()->first < before) {
    const Place place = closed_.extract(closed_.begin()).value().second;
    const auto found = opened_.find(place);
    if (found == opened_.end()) continue;
    auto& keys = found->second;
    if (!std::erase_if(keys, [&](const OpenedKey& k) { return k.closed_at && *k.closed_at < before; })) continue;
    changed.push_back({place.first, place.second, keys});
    if (keys.empty()) opened_.erase(found);
  }
  return changed;
}

OpenedThere Mirror::forget_opened(const std::string& sink, const std::string& incident_id) {
  ++changes_;
  opened_.erase({sink, incident_id});
  return {sink, incident_id, {}};
}

void Mirror::remove_snapshot(std::string_view id) {
  std::erase_if(snapshots_, [&](const SnapshotRow& s) { return s.id == id; });
}

std::optional<SnapshotRow> Mirror::find_snapshot(std::string_view id_or_latest) const {
  if (snapshots_.empty() || id_or_latest.empty()) return std::nullopt;
  if (id_or_latest == "latest") return snapshots_.back();
  std::optional<SnapshotRow> found;
  for (const auto& row : snapshots_) {
    if (row.id == id_or_latest) return row;
    if (!row.id.starts_with(id_or_latest)) continue;
    if (found) return std::nullopt;  // not unique
    found = row;
  }
  return found;
}

std::uint64_t Mirror::bytes_of_bundles() const {
  std::uint64_t sum = 0;
  for (const auto& s : snapshots_) sum += s.size;
  return sum;
}

}  // namespace readback
