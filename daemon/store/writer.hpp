#pragma once
// The store's own thread and its queue. What the loop must have an answer to is served first and in order; sweeps are
// written in batches, at most a quarter of a second later; between them hours are added up, the file is tried again
// after trouble, and what is too old is dropped.
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "daemon/store/database.hpp"
#include "daemon/store/retention.hpp"

namespace readback {

class Writer {
 public:
  /// Both outlive this. The thread runs from here on.
  Writer(Database& database, Board& board);
  ~Writer();  ///< writes what waits, then ends the thread
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // From the loop.
  void post(std::function<void()> job);
  void record(SweepRecord sweep);
  void count(std::vector<TargetRollup> hours);
  std::uint64_t dropped() const { return dropped_; }
  void allow_retention();  ///< it is known what must stay
  void retain_soon();

  // On the store's thread, within a job.
  void flush_records();
  void flush_hours();
  void retain_all(WallTime now);

 private:
  using Clock = Database::Clock;
  void run();
  std::function<void()> next_job(Clock::time_point now);
  WallTime clock_for_ages() const;
  Clock::time_point next_look(Clock::time_point now) const;
  void write_batches();
  void write_hours();

  Database& database_;
  Board& board_;
  Retainer retainer_;
  std::atomic<std::uint64_t> dropped_{0};

  std::mutex mutex_;  // of what follows, but for `retaining_`; taken before the board's, never while it is held
  std::condition_variable wake_;
  std::deque<std::function<void()>> urgent_;
  std::deque<SweepRecord> records_;
  std::size_t record_bytes_ = 0;
  std::deque<TargetRollup> hours_;  // to be added to what is known of them
  std::optional<Clock::time_point> record_since_;
  Instant opened_;
  Clock::time_point next_retain_;
  bool may_retain_ = false, stopping_ = false;
  bool retaining_ = false;  // the last step left something for the next one
  std::thread thread_;      // last: it uses all of the above
};

}  // namespace readback
