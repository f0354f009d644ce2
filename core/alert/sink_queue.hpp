#pragma once
// What waits for one sink: a line for each incident, of which only the head may be sent, so that order is kept within
// an incident and one incident's trouble holds up no other. Heads that may go are taken by their seq; heads that wait
// for another attempt are kept by the time at which they may. Nothing here walks all rows.
//
// An entry is the head of a row; its texts stay in the store.
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/alert/outbox_row.hpp"
#include "core/text/instant.hpp"

namespace readback {

class SinkQueue {
 public:
  /// Due as soon as it is the first of its incident. A seq that is there already is left alone.
  void add(const OutboxHead& row);
  void remove(std::int64_t seq);
  /// It was tried, and is tried again at `due`.
  void put_off(const OutboxHead& row, MonoTime due);
  /// Nothing waits for its time any more.
  void all_due();
  /// Its time has come, if it is the first of its incident.
  void hasten(std::int64_t seq);
  /// It waits for a word, whatever its time is; called before add(), or at any time after.
  void hold(std::int64_t seq);
  /// The word has come: due as soon as it is the first of its incident.
  void let_go(std::int64_t seq);

  /// The head with the lowest seq that may go; nothing when none may.
  const OutboxHead* first_due(MonoTime now);
  /// When the next head may go: the beginning of time when one may already, `max()` when nothing waits.
  MonoTime next_due() const;

  bool empty() const { return rows_.empty(); }
  bool waits(const std::string& incident) const { return lines_.contains(incident); }
  /// Behind this row waits another of the incident that opens it.
  bool opens_behind(const OutboxHead& row) const;
  const OutboxHead* find(std::int64_t seq) const;
  const std::map<std::int64_t, OutboxHead>& rows() const { return rows_; }
  /// Those of this incident, in their order.
  std::vector<const OutboxHead*> rows_of(const std::string& incident) const;
  /// What stands before it in the line of its incident.
  std::vector<std::int64_t> before(const OutboxHead& row) const;
  /// When the oldest event that waits happened; `max()` when nothing waits.
  WallTime oldest() const { return by_age_.empty() ? WallTime::max() : by_age_.begin()->first; }

 private:
  void step_back(std::int64_t seq);
  void becomes_head(std::int64_t seq);

  std::map<std::int64_t, OutboxHead> rows_;
  std::map<std::string, std::set<std::int64_t>> lines_;  // incident -> its rows, the first is the head
  std::set<std::int64_t> ready_;                         // heads that may go
  std::set<std::pair<MonoTime, std::int64_t>> later_;    // heads that wait for their time
  std::map<std::int64_t, MonoTime> due_;                 // of the heads in later_
  std::set<std::pair<WallTime, std::int64_t>> by_age_;
  std::set<std::int64_t> held_;  // heads among them stand in neither
};

}  // namespace readback
