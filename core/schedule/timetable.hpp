#pragma once
// When one target is to be read and its checks are to run. Its cadence is absolute, so lateness never adds up and a
// machine that was paused sends no burst of what it missed; a suspicion brings the next sweep forward, a target that
// asks for time gets it, and the request budget holds every sweep back, whoever wanted it.
//
//   if (timetable.wants_sweep(now)) skip = timetable.begin_sweep(now, chance);
//   for (const auto& check : timetable.begin_checks(now)) ...
//   look again at timetable.next(now)
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/config/target.hpp"
#include "core/schedule/budget.hpp"
#include "core/text/instant.hpp"

namespace readback {

class Timetable {
 public:
  /// From the start, and again whenever the configuration was read: what is already planned is kept, unless the new
  /// interval ends before it. The first sweep begins after `spread`.
  void follow(const TargetConfig& config, MonoTime now, Millis spread = Millis(0));

  /// Is a sweep to begin now? One that the budget holds back is put off, and one whose answer never came is given up.
  bool wants_sweep(MonoTime now);
  /// Gives the reads that this sweep leaves out, because they were told to wait. `chance`, from 0 to 1, is the jitter
  /// of the sweep that comes next.
  std::vector<std::string> begin_sweep(MonoTime now, double chance);
  void sweep_ended() { sweeping_ = lost_ = false; }
  bool is_sweeping() const { return sweeping_; }
  /// A sweep came back: the next one is not before the budget allows, and soon if a suspicion is to be confirmed.
  void plan_next(MonoTime now, bool suspects);
  /// A sweep that counted came back and the next one is planned.
  void counted() {
    has_counted_ = true;
    expect_next();
  }
  /// False until a sweep has counted, and when the next one is overdue. Measured from when that one is due, so that a
  /// target which asked for time, or a budget that holds sweeps back, is no watch that has stopped.
  bool is_watching(MonoTime now) const { return has_counted_ && !is_overdue(now); }
  /// A sweep that counts, be it the first, should have come back by now.
  bool is_overdue(MonoTime now) const { return now > overdue_after_; }
  /// A sweep was given up because it never came back, and none has come back since.
  bool has_lost_sweeps() const { return lost_; }
  MonoTime next_sweep() const { return due_; }

  /// The next sweep comes as soon as those of a confirmation do: there is something to see.
  void hasten(MonoTime now);
  /// Somebody wants one: gives how long the budget makes them wait.
  Millis ask_sweep(MonoTime now);
  /// Somebody wants one, and one that is under way will do.
  void ask_look(MonoTime now);

  /// What the reads of a sweep that answered 429 asked for, by read: a time if they named one. The target is slowed
  /// down as long as any does, and a read is not asked before its time.
  void heed(const std::map<std::string, std::optional<Millis>>& throttled, MonoTime now);

  /// Out of turn. One that runs already runs once more.
  void ask_check(const std::string& check);
  /// All of them; `for_disagreement`, because the signals contradict each other and the checks decide.
  void ask_checks(bool for_disagreement);
  std::vector<std::string> begin_checks(MonoTime now);
  /// `outdated`: it ran something else than what is configured now.
  void check_ended(std::string_view check, bool outdated, MonoTime now);
  /// Does a confirmation still wait for checks that were asked for a disagreement?
  bool awaits_check(MonoTime now);

  /// When it is to be looked at again.
  MonoTime next(MonoTime now) const;

 private:
  struct Check {
    Millis interval{};
    MonoTime due{};
    bool running = false;
    bool asked = false;  ///< out of turn: wanted as soon as it is not running
    bool asked_for_disagreement = false;
  };

  static constexpr int late_intervals = 2;  ///< a sweep may be that late before the watch counts as stopped

  MonoTime lost_at() const;
  void expect_next() { overdue_after_ = due_ + interval_ * late_intervals + timeout_; }

  Millis interval_{}, timeout_{}, spacing_{};
  int jitter_percent_ = 0;
  int requests_ = 0;  ///< one sweep sends so many to the target; references go elsewhere
  RequestBudget budget_;

  std::optional<MonoTime> cadence_;  ///< absolute: lateness does not add up
  MonoTime due_{};                   ///< cadence with its jitter, or earlier in a burst
  bool sweeping_ = false, lost_ = false, has_counted_ = false;
  MonoTime sweep_started_{};
  MonoTime overdue_after_{};
  std::map<std::string, MonoTime> throttled_until_;  ///< by read
  int slow_down_ = 1;                                ///< times the interval, while the target answers 429
  std::map<std::string, Check, std::less<>> checks_;
  std::optional<MonoTime> awaiting_since_;
};

/// How long the target at this place among so many waits for its first sweep.
Millis spread_of(Millis interval, std::size_t place, std::size_t of);

/// Which target is to be looked at when, the earliest first: no event walks through thousands of them.
class Agenda {
 public:
  void note(const std::string& target, MonoTime at);
  void clear();
  std::vector<std::string> due(MonoTime now) const;
  std::optional<MonoTime> first() const;

 private:
  std::map<std::string, MonoTime> noted_;
  std::set<std::pair<MonoTime, std::string>> in_order_;
};

}  // namespace readback
