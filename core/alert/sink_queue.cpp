// A head stands in `ready_` or in `later_`, never in both; whoever is behind it, or is held, stands in neither.
#include "core/alert/sink_queue.hpp"

#include <algorithm>
#include <iterator>

namespace readback {

void SinkQueue::add(const OutboxHead& row) {
  if (!rows_.emplace(row.seq, row).second) return;
  by_age_.emplace(row.created, row.seq);
  auto& line = lines_[row.incident_id];
  line.insert(row.seq);
  if (*line.begin() != row.seq) return;
  if (line.size() > 1) step_back(*std::next(line.begin()));  // it came late, and goes first all the same
  becomes_head(row.seq);
}

void SinkQueue::becomes_head(std::int64_t seq) {
  if (!held_.contains(seq)) ready_.insert(seq);
}

void SinkQueue::step_back(std::int64_t seq) {
  ready_.erase(seq);
  if (const auto waits = due_.find(seq); waits != due_.end()) {
    later_.erase({waits->second, seq});
    due_.erase(waits);
  }
}

void SinkQueue::hasten(std::int64_t seq) {
  const auto waits = due_.find(seq);
  if (waits == due_.end()) return;
  step_back(seq);
  ready_.insert(seq);
}

void SinkQueue::hold(std::int64_t seq) {
  held_.insert(seq);
  step_back(seq);
}

void SinkQueue::let_go(std::int64_t seq) {
  const auto found = rows_.find(seq);
  if (!held_.erase(seq) || found == rows_.end()) return;
  if (*lines_.at(found->second.incident_id).begin() == seq) ready_.insert(seq);
}

std::vector<std::int64_t> SinkQueue::before(const OutboxHead& row) const {
  const auto line = lines_.find(row.incident_id);
  if (line == lines_.end()) return {};
  return {line->second.begin(), line->second.lower_bound(row.seq)};
}

void SinkQueue::remove(std::int64_t seq) {
  const auto found = rows_.find(seq);
  if (found == rows_.end()) return;
  by_age_.erase({found->second.created, seq});
  step_back(seq);
  held_.erase(seq);
  const auto line = lines_.find(found->second.incident_id);
  const bool was_head = *line->second.begin() == seq;
  line->second.erase(seq);
  if (line->second.empty())
    lines_.erase(line);
  else if (was_head)
    becomes_head(*line->second.begin());
  rows_.erase(found);
}

void SinkQueue::put_off(const OutboxHead& row, MonoTime due) {
  const auto found = rows_.find(row.seq);
  if (found == rows_.end()) return;
  found->second = row;
  if (!ready_.erase(row.seq)) return;
  due_[row.seq] = due;
  later_.emplace(due, row.seq);
}

void SinkQueue::all_due() {
  for (const auto& [due, seq] : later_) ready_.insert(seq);
  later_.clear();
  due_.clear();
}

const OutboxHead* SinkQueue::first_due(MonoTime now) {
  while (!later_.empty() && later_.begin()->first <= now) {
    const auto seq = later_.begin()->second;
    later_.erase(later_.begin());
    due_.erase(seq);
    ready_.insert(seq);
  }
  return ready_.empty() ? nullptr : &rows_.at(*ready_.begin());
}

MonoTime SinkQueue::next_due() const {
  if (!ready_.empty()) return MonoTime::min();
  return later_.empty() ? MonoTime::max() : later_.begin()->first;
}

bool SinkQueue::opens_behind(const OutboxHead& row) const {
  const auto line = lines_.find(row.incident_id);
  if (line == lines_.end()) return false;
  return std::any_of(line->second.upper_bound(row.seq), line->second.end(),
                     [&](std::int64_t seq) { return rows_.at(seq).mark == OutboxRow::Mark::open; });
}

std::vector<const OutboxHead*> SinkQueue::rows_of(const std::string& incident) const {
  std::vector<const OutboxHead*> all;
  if (const auto line = lines_.find(incident); line != lines_.end())
    for (const auto seq : line->second) all.push_back(&rows_.at(seq));
  return all;
}

const OutboxHead* SinkQueue::find(std::int64_t seq) const {
  const auto found = rows_.find(seq);
  return found == rows_.end() ? nullptr : &found->second;
}

}  // namespace readback
