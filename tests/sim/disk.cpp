// Transactions are applied as the store's tables do it; what a power cut leaves is the beginning of their list.
#include "tests/sim/disk.hpp"

#include <algorithm>

namespace readback::sim {

Seen::~Seen() {  // without a call for each sweep of a long list
  auto next = std::move(before);
  while (next && next.use_count() == 1) {
    auto rest = std::move(const_cast<Seen&>(*next).before);
    next = std::move(rest);
  }
}

void Tables::apply(const Written& w) {
  if (w.whole_state) state.clear(), memories.clear();
  for (const auto& [part, text] : w.state) {
    if (text.empty())
      state.erase(part);
    else
      state[part] = text;
  }
  for (const auto& [part, memory] : w.memories) memories[part] = memory;
  for (const auto& row : w.inserted) {
    if (rows.contains(row.seq) || !known.emplace(row.event_id, row.sink).second) continue;
    rows[row.seq] = row;
    note_opened(opened, row);
  }
  for (const auto& row : w.upserted) {
    known.emplace(row.event_id, row.sink);
    rows[row.seq] = row;
  }
  if (w.opened) opened = *w.opened;
  ended.insert(w.ended.begin(), w.ended.end());
}

std::vector<std::pair<std::string, std::string>> Tables::refused() const {
  std::vector<std::pair<std::string, std::string>> all;
  for (const auto& [seq, row] : rows) {
    if (row.state != OutboxState::dead || row.mark != OutboxRow::Mark::open || row.kind == EventKind::test) continue;
    const bool open = std::any_of(opened.begin(), opened.end(), [&](const OpenedKey& k) {
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

void Disk::write(std::shared_ptr<const Written> w) {
  now_.apply(*w);
  if (!may_lose_) return;
  const bool synced = w->synced;
  since_.push_back(std::move(w));
  if (synced) synced_ = since_.size();
}

void Disk::lose(Chance& chance) {
  if (!may_lose_) return;
  const auto kept = synced_ + chance.below(since_.size() - synced_ + 1);
  for (std::size_t i = 0; i < kept; ++i) base_.apply(*since_[i]);
  now_ = base_;
  since_.clear();
  synced_ = 0;
}

}  // namespace readback::sim
