// Transactions are applied as the store's tables do it; what a power cut leaves is the beginning of their list.
#include "tests/sim/disk.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace readback::sim {

Seen::~Seen() {  // without a call for each sweep of a long list
  auto next = std::move(before);
  while (next && next.use_count() == 1) {
    auto rest = std::move(const_cast<Seen&>(*next).before);
    next = std::move(rest);
  }
}

void Tables::apply(Written w) {
  if (w.whole_state) state.clear(), memories.clear();
  for (auto& [part, text] : w.state) {
    if (text.empty())
      state.erase(part);
    else
      state[part] = std::move(text);
  }
  for (auto& [part, memory] : w.memories) memories[part] = std::move(memory);
  for (auto& row : w.inserted) {
    if (rows.contains(row.seq) || !known.emplace(row.event_id, row.sink).second) continue;
    note_opened(opened, row);
    const auto seq = row.seq;
    rows[seq] = std::move(row);
  }
  for (auto& row : w.upserted) {
    known.emplace(row.event_id, row.sink);
    const auto seq = row.seq;
    rows[seq] = std::move(row);
  }
  if (w.opened) opened = *std::move(w.opened);
  for (auto& there : w.opened_there) {
    std::erase_if(opened,
                  [&](const OpenedKey& k) { return k.sink == there.sink && k.incident_id == there.incident_id; });
    std::move(there.keys.begin(), there.keys.end(), std::back_inserter(opened));
  }
  ended.insert(w.ended.begin(), w.ended.end());
}

std::vector<std::pair<std::string, std::string>> Tables::refused() const {
  std::vector<std::pair<std::string, std::string>> all;
  for (const auto& [seq, row] : rows) {
    if (row.state != OutboxState::dead || row.mark != OutboxRow::Mark::open || row.kind == EventKind::test) continue;
    const bool open = std::any_of(opened.begin(), opened.end(), [&, &row = row](const OpenedKey& k) {
      return k.sink == row.sink && k.incident_id == row.incident_id;
    });
    const std::pair one(row.sink, row.incident_id);
    if (!open && std::find(all.begin(), all.end(), one) == all.end()) all.push_back(one);
  }
  return all;
}

std::string Tables::newest_event() const {
  std::string newest;
  for (const auto& [seq, row] : rows) newest = std::max(newest, row.event_id);
  return newest;
}

void Disk::write(Written w) {
  if (may_lose_) {
    since_.push_back(w);
    if (w.synced) synced_ = since_.size();
  }
  now_.apply(std::move(w));
}

void Disk::lose(Chance& chance) {
  if (!may_lose_) return;
  const auto kept = synced_ + chance.below(since_.size() - synced_ + 1);
  for (std::size_t i = 0; i < kept; ++i) base_.apply(std::move(since_[i]));
  now_ = base_;
  since_.clear();
  synced_ = 0;
}

}  // namespace readback::sim
