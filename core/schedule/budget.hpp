#pragma once
// How many requests one target may get in a minute, whoever asks: cadence, confirmation burst or an operator. The stack
// tells its own sweepers to stay at 90 a minute; a watchdog that loads what it watches has become part of the fault.
//
// A sliding window, not a refilling bucket: in no 60 seconds are there more than `per_minute` requests.
#include <algorithm>
#include <utility>
#include <vector>

#include "core/text/instant.hpp"

namespace readback {

class RequestBudget {
 public:
  explicit RequestBudget(int per_minute = 90) : per_minute_(per_minute) {}
  void set_limit(int per_minute) { per_minute_ = per_minute; }

  /// The earliest time, not before `now`, at which `requests` more fit. A sweep that is larger than the whole budget
  /// goes alone: it waits for an empty window and is never refused for ever.
  /// `now` may lie ahead, when a sweep is planned: what was sent is still remembered for whoever asks before that.
  MonoTime earliest(int requests, MonoTime now) const {
    int room = std::max(0, per_minute_ - std::min(requests, per_minute_));
    int used = used_;
    MonoTime at = now;
    for (const auto& [when, count] : sent_) {
      if (used <= room) break;
      used -= count;
      at = when + window;
    }
    return std::max(at, now);
  }
  void spend(int requests, MonoTime now) {
    auto first = sent_.begin();
    for (; first != sent_.end() && first->first + window <= now; ++first) used_ -= first->second;
    sent_.erase(sent_.begin(), first);
    sent_.emplace_back(now, requests);
    used_ += requests;
  }

 private:
  static constexpr Millis window = Seconds(60);
  int per_minute_;
  int used_ = 0;
  std::vector<std::pair<MonoTime, int>> sent_;  ///< a handful, of each of thousands of targets
};

}  // namespace readback
