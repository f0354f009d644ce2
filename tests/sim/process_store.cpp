// The store as the daemon sees it: the product's own mirror above, a thread that takes jobs one after the other below,
// and a disk that may fail. What daemon/store does with SQLite, by the same rules.
#include <algorithm>
#include <utility>

#include "tests/sim/process.hpp"

namespace readback::sim {
namespace {

constexpr Millis patience = Seconds(2);    // of an alert, with a disk that does not answer
constexpr Millis retry_wait = Seconds(2);  // between attempts to write again after trouble

}  // namespace

bool Process::hangs() const {
  return std::any_of(out_.begin(), out_.end(), [](const auto& call) { return !call->back; });
}

// ---- jobs

void Process::post(std::function<bool()> work, std::shared_ptr<Call> call) {
  const bool at_once = call && hangs();
  jobs_.push_back({std::move(work), call, false});
  if (at_once) {  // while one hangs the next are not waited for
    jobs_.back().is_watched = true;
    later(Millis(0), [this, call] { give_up(call); });
  } else if (host_.disk.mood == DiskMood::hangs) {
    watch(jobs_.back());
  }
  run_jobs();
}

void Process::watch(Job& job) {
  if (!job.call || std::exchange(job.is_watched, true)) return;
  later(patience, [this, call = job.call] { give_up(call); });
}

void Process::give_up(const std::shared_ptr<Call>& call) {
  if (call->back || std::exchange(call->given_up, true)) return;
  out_.push_back(call);
  call->done(false);
}

void Process::run_jobs() {
  if (running_jobs_ || jobs_.empty() || host_.disk.mood == DiskMood::hangs) return;
  running_jobs_ = true;
  later(Millis(world_.luck.between(0, 3)), [this] {
    running_jobs_ = false;
    if (jobs_.empty() || host_.disk.mood == DiskMood::hangs) return;
    auto job = std::move(jobs_.front());
    jobs_.pop_front();
    const bool written = job.work();
    if (job.call) {
      job.call->back = true;
      std::erase_if(out_, [](const auto& call) { return call->back; });
    }
    run_jobs();
    if (job.call && !job.call->given_up) job.call->done(written);
  });
}

void Process::disk_changed() {
  if (host_.disk.mood == DiskMood::hangs)
    for (auto& job : jobs_) watch(job);
  run_jobs();
  seal_next();
}

// ---- the disk

/// Writes all that memory knows and the disk may not.
void Process::resync(Written& into) {
  into.synced = true;
  into.whole_state = true;
  into.state = mirror_.state();
  into.memories = kept_memories_;
  for (const auto& [seq, row] : unsaved_) into.upserted.push_back(row);
  into.opened = mirror_.opened();
  into.ended = std::exchange(unsaved_ended_, {});
  for (const auto& [change, commit] : mirror_.coming())
    into.inserted.insert(into.inserted.end(), commit.rows.begin(), commit.rows.end());
  for (const auto& [change, ended] : coming_ended_) into.ended.insert(into.ended.end(), ended.begin(), ended.end());
}

/// One transaction; after trouble it is preceded by one that writes everything. `change`: of the mirror, which it
/// brings.
bool Process::write(Written w, std::uint64_t change) {
  if (host_.disk.mood != DiskMood::works) {
    if (!std::exchange(failing_, true) && world_.tells()) world_.tell(host_.name, "cannot write its store");
    retry_later();
    return false;
  }
  if (failing_) {
    Written all;
    resync(all);
    host_.disk.write(std::move(all));
    unsaved_.clear();
    failing_ = false;
    mirror_.wrote_all(mirror_.changes());
    if (world_.tells()) world_.tell(host_.name, "writes its store again");
    action("between what was kept and what is new");
  }
  if (change > 0 && mirror_.was_written(change)) {
    w.state.clear(), w.memories.clear(), w.inserted.clear(), w.ended.clear();
    w.opened.reset();
    w.opened_there.clear();
  }
  host_.disk.write(std::move(w));
  return true;
}

void Process::retry_later() {
  if (std::exchange(retries_, true)) return;
  later(retry_wait, [this] {
    retries_ = false;
    if (!failing_ || host_.disk.mood == DiskMood::hangs) return;
    if (!jobs_.empty()) return retry_later();  // what somebody waits for comes first
    write({});
  });
}

/// Sweeps are written in batches, and find out that the disk fails, or works again.
void Process::record_later() {
  later(Millis(250), [this] {
    if (host_.disk.mood != DiskMood::hangs) write({});
  });
}

// ---- what is written

void Process::store_commit(Batch batch, Committed done) {
  const auto shared = std::make_shared<Commit>();
  shared->state = std::move(batch.state);
  shared->rows = std::move(batch.rows);
  const auto change = mirror_.take(*shared);
  coming_ended_[change] = batch.ended;
  for (const auto& [part, memory] : batch.memories) kept_memories_[part] = memory;
  action("before a commit");
  // The store's own thread may try the disk again just now: memory knows of the commit, and nobody has written it.
  if (failing_ && host_.disk.mood == DiskMood::works && world_.luck.one_in(4)) write({});
  const auto call = std::make_shared<Call>();
  call->done = [this, shared, done = std::move(done)](bool written) {
    action("after a commit");
    for (const auto& row : shared->rows) mirror_.wait_for_delivery(row);
    done(written ? Result<void>() : Failure{"it cannot be written"}, shared->rows);
  };
  auto work = [this, shared, change, ended = std::move(batch.ended), memories = std::move(batch.memories)]() mutable {
    action("in a commit");
    Written w;
    w.synced = true;
    w.state = std::move(shared->state);
    w.inserted = shared->rows;
    w.ended = ended;
    w.memories = std::move(memories);
    const bool written = write(std::move(w), change);
    mirror_.settled(change);
    coming_ended_.erase(change);
    if (written) return true;
    for (const auto& row : shared->rows) unsaved_.insert_or_assign(row.seq, row);
    unsaved_ended_.insert(unsaved_ended_.end(), ended.begin(), ended.end());
    return false;
  };
  post(std::move(work), call);
}

void Process::store_mark(const OutboxStep::Mark& mark, std::function<void()> done) {
  std::vector<OpenedThere> opened;
  if (mark.forget)
    opened.push_back(mirror_.mark_unheard(mark.row));
  else
    mirror_.mark(mark.row);
  const auto call = std::make_shared<Call>();
  call->done = [done = std::move(done)](bool) { done(); };
  post(
      [this, row = mark.row, opened = std::move(opened), change = mirror_.changes()] {
        Written w;
        w.upserted.push_back(row);
        w.opened_there = opened;
        if (write(std::move(w), change)) return true;
        unsaved_.insert_or_assign(row.seq, row);
        return false;
      },
      call);
}

void Process::replace_opened(std::vector<OpenedThere> changed) {
  post(
      [this, changed = std::move(changed), change = mirror_.changes()] {
        Written w;
        w.opened_there = changed;
        return write(std::move(w), change);
      },
      nullptr);
}

}  // namespace readback::sim
