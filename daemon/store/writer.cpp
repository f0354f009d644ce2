// One loop that looks for the next thing to do under the lock and does it without.
#include "daemon/store/writer.hpp"

#include <algorithm>

#include "daemon/runtime/clock.hpp"

namespace readback {
namespace {

constexpr std::size_t max_queued_sweeps = 4096;
constexpr std::size_t max_queued_bytes = std::size_t{32} << 20;
constexpr std::size_t batch = 64;
constexpr std::size_t hours_at_once = 100;  // a page waits for no more than these, some milliseconds
constexpr std::size_t max_queued_hours = 20'000;
constexpr auto batch_wait = std::chrono::milliseconds(250);  // how old a sweep may be before it is written
constexpr auto first_retain = std::chrono::seconds(30);
constexpr auto retain_every = std::chrono::minutes(5);
constexpr auto longest_sleep = std::chrono::seconds(60);

std::size_t weight(const SweepRecord& sweep) {
  std::size_t bytes = 256;
  for (const auto& read : sweep.reads) bytes += 512 + said_bytes(read.raw);
  return bytes;
}

}  // namespace

Writer::Writer(Database& database, Board& board)
    : database_(database),
      board_(board),
      retainer_(database, board),
      opened_(now()),
      next_retain_(Clock::now() + first_retain),
      thread_([this] { run(); }) {}

/// A wall clock that is set a year ahead while we run makes nothing old, and no evidence goes for it; one that is set
/// back keeps everything longer.
WallTime Writer::clock_for_ages() const {
  const Instant at = now();
  return std::min(at.wall, opened_.wall + (at.mono - opened_.mono));
}

Writer::~Writer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Writer::post(std::function<void()> job) {
  {
    const std::lock_guard lock(mutex_);
    urgent_.push_back(std::move(job));
  }
  wake_.notify_one();
}

void Writer::record(SweepRecord sweep) {
  const auto size = weight(sweep);
  {
    const std::lock_guard lock(mutex_);
    if (records_.size() >= max_queued_sweeps || record_bytes_ + size > max_queued_bytes) {
      ++dropped_;
      return;
    }
    record_bytes_ += size;
    records_.push_back(std::move(sweep));
    if (!record_since_) record_since_ = Clock::now();
    if (records_.size() != 1 && records_.size() < batch) return;  // the thread already knows when to look
  }
  wake_.notify_one();
}

void Writer::count(std::vector<TargetRollup> hours) {
  {
    const std::lock_guard lock(mutex_);
    std::move(hours.begin(), hours.end(), std::back_inserter(hours_));
    while (hours_.size() > max_queued_hours) hours_.pop_front();
  }
  wake_.notify_one();
}

void Writer::allow_retention() {
  const std::lock_guard lock(mutex_);
  may_retain_ = true;
}

void Writer::retain_soon() {
  {
    const std::lock_guard lock(mutex_);
    next_retain_ = Clock::now();
  }
  wake_.notify_one();
}

void Writer::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    const auto now = Clock::now();
    if (const auto job = next_job(now)) {
      lock.unlock();
      job();
      lock.lock();
    } else if (stopping_) {
      break;
    } else {
      wake_.wait_until(lock, next_look(now));
    }
  }
  lock.unlock();
  database_.close();
}

std::function<void()> Writer::next_job(Clock::time_point now) {
  if (!urgent_.empty()) {
    auto job = std::move(urgent_.front());
    urgent_.pop_front();
    return job;
  }
  if (!records_.empty() && (stopping_ || records_.size() >= batch || now >= *record_since_ + batch_wait))
    return [this] { write_batches(); };
  if (!hours_.empty() && (stopping_ || !database_.failing())) return [this] { write_hours(); };
  if (stopping_) return {};
  if (database_.failing() && now >= database_.next_try())
    return [this] { (void)database_.write(Tables::Sync::full, [](Tables&) {}); };  // tells its trouble by itself
  if (may_retain_ && !database_.failing() && (retaining_ || now >= next_retain_)) {
    next_retain_ = now + retain_every;
    return [this] { retaining_ = retainer_.step(clock_for_ages()); };
  }
  return {};
}

Writer::Clock::time_point Writer::next_look(Clock::time_point now) const {
  Clock::time_point until = now + longest_sleep;
  if (record_since_) until = std::min<Clock::time_point>(until, *record_since_ + batch_wait);
  if (database_.failing()) until = std::min(until, database_.next_try());
  if (may_retain_ && !database_.failing()) until = std::min(until, next_retain_);
  return until;
}

void Writer::flush_records() {
  std::deque<SweepRecord> todo;
  {
    const std::lock_guard lock(mutex_);
    todo.swap(records_);
    record_bytes_ = 0;
    record_since_.reset();
  }
  for (std::size_t from = 0; from < todo.size(); from += batch) {
    const auto to = std::min(todo.size(), from + batch);
    const auto written = database_.write(Tables::Sync::normal, [&](Tables& tables) {
      for (auto i = from; i < to; ++i) tables.record(todo[i]);
    });
    if (!written) dropped_ += to - from;
  }
}

/// What cannot be written waits for the next time, but not beyond the end.
void Writer::write_hours() {
  std::vector<TargetRollup> todo;
  {
    const std::lock_guard lock(mutex_);
    const auto end = hours_.begin() + static_cast<std::ptrdiff_t>(std::min(hours_at_once, hours_.size()));
    todo.assign(std::move_iterator(hours_.begin()), std::move_iterator(end));
    hours_.erase(hours_.begin(), end);
  }
  const auto written = database_.write(Tables::Sync::normal, [&](Tables& tables) {
    for (const auto& hour : todo) tables.add_hour(hour);
  });
  if (written) return;
  const std::lock_guard lock(mutex_);
  if (!stopping_) hours_.insert(hours_.begin(), std::move_iterator(todo.begin()), std::move_iterator(todo.end()));
}

void Writer::flush_hours() {
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      if (hours_.empty() || database_.failing()) return;
    }
    write_hours();
  }
}

void Writer::write_batches() {
  flush_records();
  database_.after_writing();
  std::uint64_t most = 0, in_bundles = 0;
  {
    const std::lock_guard lock(board_.mutex);
    most = board_.rules.keep_bytes;
    in_bundles = board_.mirror.bytes_of_bundles();
  }
  if (database_.bytes() + in_bundles <= most) return;
  const std::lock_guard lock(mutex_);
  if (may_retain_) next_retain_ = std::min(next_retain_, Clock::now());
}

void Writer::retain_all(WallTime now) {
  flush_records();
  while (retainer_.step(now)) {
  }
}

}  // namespace readback
