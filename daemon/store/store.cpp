// The thread of the store, its queue, and what the loop sees of it.
//
// The loop's thread keeps a copy of what waits in the outbox, of what is opened and of the index of snapshots, and is
// the only one to change it; the store's thread reads it (under `mutex`) when it must write everything anew after
// trouble.
#include "daemon/store/store.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <thread>

#include "daemon/store/fault_point.hpp"
#include "daemon/store/tables.hpp"

namespace readback {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t max_queued_sweeps = 4096;
constexpr std::size_t max_queued_bytes = std::size_t{32} << 20;
constexpr std::size_t batch = 64;
constexpr auto batch_wait = std::chrono::milliseconds(250);  // how old a sweep may be before it is written
constexpr auto retry_wait = std::chrono::seconds(2);         // between attempts to write again after trouble
constexpr auto retain_every = std::chrono::minutes(5);
constexpr std::int64_t most_incidents = 10'000;
constexpr std::size_t most_unsaved_incidents = 500;  // in memory, while the disk takes none
constexpr std::uint64_t checkpoint_from = std::uint64_t{4} << 20;

std::size_t weight(const SweepRecord& sweep) {
  std::size_t bytes = 256;
  for (const auto& read : sweep.reads) bytes += 512 + said_bytes(read.raw);
  return bytes;
}

/// Not a matter of permissions or of a wrong path.
bool is_trouble_of_disk(int error) { return error == EROFS || error == ENOSPC || error == EDQUOT || error == EIO; }

bool matches(const IncidentRow& row, const IncidentSearch& search) {
  using Which = IncidentSearch::Which;
  return (search.target.empty() || row.target == search.target) && row.id.starts_with(search.begins) &&
         row.opened_at >= search.since &&
         (search.which == Which::all || (search.which == Which::open) == !row.resolved_at.has_value());
}

WallTime wall_now() { return std::chrono::floor<Millis>(std::chrono::system_clock::now()); }

}  // namespace

std::string_view to_string(OutboxState s) {
  switch (s) {
    case OutboxState::pending: return "pending";
    case OutboxState::delivered: return "delivered";
    case OutboxState::dead: return "dead";
    case OutboxState::expired: return "expired";
  }
  return "?";
}

struct Store::Parts {
  net::any_io_executor loop;
  std::filesystem::path folder;
  std::vector<std::string> notes;
  int lock_fd = -1;
  std::unique_ptr<Tables> tables;  // the store's thread's own

  // The loop's copy; `mutex` guards it against the store's thread.
  mutable std::mutex mutex;
  SavedState state;
  std::map<std::int64_t, OutboxRow> pending;
  std::vector<OpenedKey> opened;
  std::vector<SnapshotRow> snapshots;  // oldest first
  std::int64_t last_seq = 0;
  std::vector<SweepKey> pins;
  std::set<std::string> pinned_incidents;
  bool pins_known = false;
  Retention rules;
  std::string trouble;  // "" is none

  // The queue. `urgent` is served in order and before the recorder.
  std::condition_variable wake;
  std::deque<std::function<void()>> urgent;
  std::deque<SweepRecord> records;
  std::size_t record_bytes = 0;
  std::optional<Clock::time_point> record_since;
  bool stopping = false;
  std::atomic<std::uint64_t> bytes{0}, dropped{0}, snapshot_bytes{0};

  // The store's thread's own, after trouble.
  bool failing = false;
  std::map<std::int64_t, OutboxRow> unsaved;  // newest version of each row that could not be written
  std::vector<SnapshotRow> unsaved_snapshots;
  std::deque<IncidentRow> unsaved_incidents;  // each id once, the newest last
  Clock::time_point next_try{}, next_retain{};
  bool retaining = false;
  std::thread thread;

  ~Parts() {
    if (lock_fd >= 0) ::close(lock_fd);
  }

  void push(std::function<void()> job) {
    {
      const std::lock_guard lock(mutex);
      urgent.push_back(std::move(job));
    }
    wake.notify_one();
  }

  void set_trouble(const std::string& text) {
    const std::lock_guard lock(mutex);
    trouble = text;
  }

  /// Of those in the index; under `mutex` once the thread runs.
  std::uint64_t bytes_of_bundles() const {
    std::uint64_t sum = 0;
    for (const auto& s : snapshots) sum += s.size;
    return sum;
  }
  void update_bytes() { bytes = tables->bytes() + snapshot_bytes; }

  /// Runs one write as a transaction. "" when it is written; else the trouble, which is also flagged. The caller keeps
  /// what could not be written in `unsaved`.
  template <class Write>
  std::string attempt(Tables::Sync sync, Write write) {
    for (int round = 0;; ++round) {
      try {
        if (nowhere) reopen();
        if (failing) resync();
        tables->sync(sync);
        Transaction t(tables->db());
        write();
        t.commit();
        return {};
      } catch (const SqliteError& e) {
        tables->forget_cache();
        if (e.is_damage() && round == 0) {
          start_anew();
          continue;
        }
        const std::string text = "cannot write " + (folder / "readback.db").string() + ": " + e.what();
        failing = true;
        next_try = Clock::now() + retry_wait;
        set_trouble(text + "; alerts go on from memory");
        return text;
      }
    }
  }

  /// Runs one question. Trouble gives an empty answer: evidence that cannot be read must not stop a page.
  template <class R, class Ask>
  R answer(Ask ask) {
    try {
      return ask();
    } catch (const SqliteError& e) {
      if (e.is_damage()) start_anew();
      failing = true;
      next_try = Clock::now();
      set_trouble("cannot read " + (folder / "readback.db").string() + ": " + e.what());
      return R{};
    }
  }

  /// Writes all that memory knows and the disk may not.
  void resync() {
    SavedState state_copy;
    std::vector<OpenedKey> opened_copy;
    {
      const std::lock_guard lock(mutex);
      state_copy = state;
      opened_copy = opened;
    }
    tables->sync(Tables::Sync::full);
    Transaction t(tables->db());
    tables->replace_state(state_copy);
    for (const auto& [seq, row] : unsaved) tables->upsert(row);
    tables->replace_opened(opened_copy);
    for (const auto& row : unsaved_snapshots) tables->insert(row);
    for (const auto& row : unsaved_incidents) tables->upsert(row);
    t.commit();
    unsaved.clear();
    unsaved_incidents.clear();
    unsaved_snapshots.clear();
    failing = false;
    set_trouble("");
  }

  void keep_unsaved(IncidentRow row) {
    std::erase_if(unsaved_incidents, [&](const IncidentRow& known) { return known.id == row.id; });
    if (unsaved_incidents.size() >= most_unsaved_incidents) unsaved_incidents.pop_front();
    unsaved_incidents.push_back(std::move(row));
  }

  std::optional<IncidentRow> incident(const std::string& id) {
    for (const auto& row : unsaved_incidents)
      if (row.id == id) return row;
    return answer<std::optional<IncidentRow>>([&] { return tables->incident(id); });
  }

  std::vector<IncidentRow> incidents(const IncidentSearch& search) {
    auto all = answer<std::vector<IncidentRow>>([&] { return tables->incidents(search); });
    if (unsaved_incidents.empty()) return all;
    for (const auto& row : unsaved_incidents) {
      std::erase_if(all, [&](const IncidentRow& known) { return known.id == row.id; });
      if (matches(row, search)) all.push_back(row);
    }
    std::sort(all.begin(), all.end(), [](const IncidentRow& a, const IncidentRow& b) {
      return std::tie(a.opened_at, a.id) > std::tie(b.opened_at, b.id);
    });
    if (all.size() > search.limit) all.resize(search.limit);
    return all;
  }

  /// The file turned out to be damaged while we used it: set it aside. What memory has goes into a new one with the
  /// next write; until a new one can be made, there is none.
  void start_anew() {
    tables.reset();
    std::vector<std::string> found;
    try {
      tables = Tables::open_anew(folder / "readback.db", found);
    } catch (const std::exception&) {
      tables = Tables::in_memory();
      nowhere = true;
    }
    failing = true;
    const std::lock_guard lock(mutex);
    for (auto& note : found) notes.push_back(std::move(note));
    for (const auto& [seq, row] : pending) unsaved.emplace(seq, row);
    unsaved_snapshots = snapshots;
  }
  void reopen() {
    const auto file = folder / "readback.db";
    std::vector<std::string> found;
    try {
      auto opened_tables = unread ? Tables::open_over_unread(file, found) : Tables::open(file, found);
      tables = std::move(opened_tables);
      nowhere = unread = false;
    } catch (const SqliteError&) {
      throw;
    } catch (const std::exception& e) {
      throw SqliteError(0, e.what());
    }
    const std::lock_guard lock(mutex);
    for (auto& note : found) notes.push_back(std::move(note));
  }
  bool nowhere = false;  // `tables` is in memory only, because no file could be opened
  bool unread = false;   // and what the file holds is not known: nothing may be written over it

  void load(Tables& t) {
    state = t.load_state();
    for (auto& row : t.load_pending()) pending.emplace(row.seq, std::move(row));
    opened = t.load_opened();
    last_seq = t.last_seq();
    snapshots = t.load_snapshots();
    snapshot_bytes = bytes_of_bundles();
  }

  /// The disk has failed under a store that worked before: what it still shows is read, and the watch goes on.
  void start_in_memory(const std::string& why) {
    state.clear(), pending.clear(), opened.clear(), snapshots.clear();
    unread = true;
    std::vector<IncidentRow> shown_incidents;
    try {
      if (const auto shown = Tables::open_to_read(folder / "readback.db")) {
        load(*shown);
        unread = false;
        if (shown->has_incidents()) {
          IncidentSearch newest;
          newest.limit = most_unsaved_incidents;
          shown_incidents = shown->incidents(newest);
        }
      }
    } catch (const SqliteError&) {
      state.clear(), pending.clear(), opened.clear(), snapshots.clear();
      last_seq = 0;
    }
    tables = Tables::in_memory();
    for (auto& row : shown_incidents) tables->upsert(row);
    nowhere = failing = true;
    next_try = Clock::now() + retry_wait;
    trouble = "cannot write " + (folder / "readback.db").string() + ": " + why + "; alerts go on from memory";
    if (unread) trouble += ", and what was known before could not be read";
  }

  void flush_records() {
    std::deque<SweepRecord> todo;
    {
      const std::lock_guard lock(mutex);
      todo.swap(records);
      record_bytes = 0;
      record_since.reset();
    }
    for (std::size_t from = 0; from < todo.size(); from += batch) {
      const auto to = std::min(todo.size(), from + batch);
      const auto problem = attempt(Tables::Sync::normal, [&] {
        for (auto i = from; i < to; ++i) tables->record(todo[i]);
      });
      if (!problem.empty()) dropped += to - from;
    }
  }

  /// One bounded step of retention. True when there is more to do.
  bool retain_step(WallTime now) {
    std::vector<SweepKey> keep;
    Retention r;
    std::optional<SnapshotRow> victim;
    std::uint64_t in_bundles = 0;
    {
      const std::lock_guard lock(mutex);
      keep = pins;
      r = rules;
      in_bundles = bytes_of_bundles();
      // The oldest bundle that nobody needs; the newest of all stays, its digest continues the chain.
      for (std::size_t i = 0; i + 1 < snapshots.size() && !victim; ++i)
        if (!pinned_incidents.contains(snapshots[i].incident_id)) victim = snapshots[i];
      // For want of room also what was captured on request during an open incident, but never the evidence of its page.
      for (std::size_t i = 0; i + 1 < snapshots.size() && !victim && in_bundles > r.keep_bytes / 2; ++i)
        if (snapshots[i].reason.starts_with("capture")) victim = snapshots[i];
    }
    if (victim && (victim->at < now - r.keep_time || in_bundles > r.keep_bytes / 2)) {
      remove_bundle(*victim);
      return true;
    }
    tables->sync(Tables::Sync::normal);
    const auto aged = tables->drop_sweeps_before(now - r.keep_time, keep);
    bool more = aged.more;
    std::int64_t taken = aged.sweeps;
    if (!more) tables->drop_outbox_before(now - r.keep_time);
    bool incidents_gone = !more && tables->drop_incidents(now - r.keep_time, most_incidents);
    // Freed at 100 %, filled up to 90 %: a full store does not clean up at every sweep.
    const std::uint64_t limit = shrinking ? r.keep_bytes / 10 * 9 : r.keep_bytes;
    if (!more && tables->bytes() + in_bundles > limit) {
      tables->checkpoint();
      if (tables->bytes() + in_bundles > limit) {
        const auto oldest = tables->drop_oldest_sweeps(keep);
        taken += oldest.sweeps;
        more = oldest.more;
        shrinking = more;
        if (!more && victim) {
          remove_bundle(*victim);
          more = true;
        }
        if (!more) more = incidents_gone = tables->drop_oldest_incidents();
      }
    }
    if (taken) tables->drop_unused_texts(keep);
    if (taken || incidents_gone) tables->shrink();
    if (!more) {
      shrinking = false;
      tables->checkpoint();
    }
    update_bytes();
    return more;
  }
  bool shrinking = false;

  void remove_bundle(const SnapshotRow& row) {
    std::error_code ec;
    std::filesystem::remove(
        std::filesystem::path(row.path).is_absolute() ? std::filesystem::path(row.path) : folder / row.path, ec);
    tables->remove_snapshot(row.id);
    const std::lock_guard lock(mutex);
    std::erase_if(snapshots, [&](const SnapshotRow& s) { return s.id == row.id; });
    snapshot_bytes = bytes_of_bundles();
  }

  void guarded_retain_step() {
    try {
      retaining = retain_step(wall_now());
    } catch (const SqliteError& e) {
      retaining = false;
      failing = true;
      next_try = Clock::now() + retry_wait;
      set_trouble("cannot clean up " + (folder / "readback.db").string() + ": " + e.what());
    }
  }

  void run() {
    next_retain = Clock::now() + std::chrono::seconds(30);
    std::unique_lock lock(mutex);
    for (;;) {
      const auto now = Clock::now();
      if (!urgent.empty()) {
        auto job = std::move(urgent.front());
        urgent.pop_front();
        lock.unlock();
        job();
        lock.lock();
        continue;
      }
      const bool due = !records.empty() && (stopping || records.size() >= batch || now >= *record_since + batch_wait);
      if (due) {
        lock.unlock();
        flush_records();
        after_writing();
        lock.lock();
        continue;
      }
      if (stopping) break;
      if (failing && now >= next_try) {
        lock.unlock();
        attempt(Tables::Sync::full, [] {});
        lock.lock();
        continue;
      }
      if (pins_known && !failing && (retaining || now >= next_retain)) {
        next_retain = now + retain_every;
        lock.unlock();
        guarded_retain_step();
        lock.lock();
        continue;
      }
      auto until = now + std::chrono::seconds(60);
      if (record_since) until = std::min(until, *record_since + batch_wait);
      if (failing) until = std::min(until, next_try);
      if (pins_known && !failing) until = std::min(until, next_retain);
      wake.wait_until(lock, until);
    }
    lock.unlock();
    try {
      if (failing) resync();
      tables->checkpoint();
    } catch (const SqliteError&) {
      // The log stays beside the database and is read at the next start.
    }
  }

  void after_writing() {
    try {
      update_bytes();
      if (tables->bytes() > 0 && wal_bytes() > checkpoint_from) tables->checkpoint();
      const std::lock_guard lock(mutex);
      if (bytes > rules.keep_bytes && pins_known) next_retain = std::min(next_retain, Clock::now());
    } catch (const SqliteError&) {
      // A checkpoint that fails is tried again after the next batch; the writes themselves are in the log.
    }
  }

  std::uint64_t wal_bytes() const {
    std::error_code ec;
    const auto size = std::filesystem::file_size(folder / "readback.db-wal", ec);
    return ec ? 0 : size;
  }

  /// Runs `work` on the store's thread and resumes the caller on the loop with what it returned.
  template <class R>
  net::awaitable<R> call(std::function<R()> work) {
    return net::async_initiate<const net::use_awaitable_t<>&, void(std::exception_ptr, R)>(
        [this](auto handler, std::function<R()> job) {
          auto shared = std::make_shared<decltype(handler)>(std::move(handler));
          auto guard = net::make_work_guard(loop);
          push([this, shared, job = std::move(job), guard = std::move(guard)]() mutable {
            std::exception_ptr error;
            std::optional<R> result;
            try {
              result = job();
            } catch (...) {
              error = std::current_exception();
              result = R{};
            }
            net::post(loop, [shared, error, r = std::move(*result)]() mutable { (*shared)(error, std::move(r)); });
          });
        },
        net::use_awaitable, std::move(work));
  }

  // The loop's side of a row's mark.
  void apply_mark(const OutboxRow& row) {
    switch (row.mark) {
      case OutboxRow::Mark::none: return;
      case OutboxRow::Mark::open: {
        bool known = false;
        for (auto& k : opened) {
          if (k.sink != row.sink || k.incident_id != row.incident_id) continue;
          if (k.key == row.key) {
            known = true;
            k.closed_at.reset();
            k.body = row.opened_body;
          } else if (!k.closed_at) {
            k.closed_at = row.created;
          }
        }
        if (!known)
          opened.push_back(
              {row.sink, row.incident_id, row.target, row.key, row.opened_body, row.created, std::nullopt});
        return;
      }
      case OutboxRow::Mark::close:
        for (auto& k : opened)
          if (k.sink == row.sink && k.incident_id == row.incident_id && !k.closed_at) k.closed_at = row.created;
        return;
    }
  }
};

std::variant<std::unique_ptr<Store>, StoreError> Store::open(net::any_io_executor loop,
                                                             const std::filesystem::path& folder, Retention keep) {
  auto parts = std::make_unique<Parts>();
  parts->loop = std::move(loop);
  parts->rules = keep;
  std::error_code ec, not_made;
  std::filesystem::create_directories(folder, not_made);
  parts->folder = std::filesystem::absolute(folder, ec);
  if (!std::filesystem::is_directory(parts->folder, ec))
    return StoreError{"store: cannot make the folder " + folder.string() + ": " + not_made.message() +
                      "; give readbackd a writable store.path"};
  const auto file = parts->folder / "readback.db";
  std::error_code no_file;
  // A first start tells what is wrong with store.path. Later, it is the disk that has failed, under a watch that must
  // go on.
  const bool worked_before = std::filesystem::file_size(file, no_file) > 0 && !no_file;
  const auto lock_path = (parts->folder / "lock").string();
  parts->lock_fd = ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  const int refused = errno;
  if (parts->lock_fd < 0 && worked_before && is_trouble_of_disk(refused)) {
    parts->lock_fd = ::open(lock_path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (parts->lock_fd < 0) parts->lock_fd = ::open(parts->folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  }
  if (parts->lock_fd < 0)
    return StoreError{"store: cannot write in " + parts->folder.string() + ": " + std::strerror(refused) +
                      "; give readbackd a writable store.path"};
  if (::flock(parts->lock_fd, LOCK_EX | LOCK_NB) != 0)
    return StoreError{"store: " + parts->folder.string() +
                      " is used by another readbackd; each needs a store.path of its own"};
  try {
    const auto mask = ::umask(0077);
    try {
      parts->tables = Tables::open(file, parts->notes);
    } catch (...) {
      ::umask(mask);
      throw;
    }
    ::umask(mask);
    parts->load(*parts->tables);
    parts->update_bytes();
  } catch (const std::exception& e) {
    if (!worked_before)
      return StoreError{"store: cannot open " + file.string() + ": " + e.what() +
                        "; check the disk and the permissions of store.path"};
    parts->start_in_memory(e.what());
  }
  return std::unique_ptr<Store>(new Store(std::move(parts)));
}

Store::Store(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {
  parts_->thread = std::thread([p = parts_.get()] { p->run(); });
}

Store::~Store() {
  {
    const std::lock_guard lock(parts_->mutex);
    parts_->stopping = true;
  }
  parts_->wake.notify_one();
  parts_->thread.join();
}

const std::filesystem::path& Store::folder() const { return parts_->folder; }
std::vector<std::string> Store::notes() const {
  const std::lock_guard lock(parts_->mutex);
  return parts_->notes;
}
std::string Store::error() const {
  const std::lock_guard lock(parts_->mutex);
  return parts_->trouble;
}
bool Store::ok() const { return error().empty(); }
std::uint64_t Store::bytes() const { return parts_->bytes; }
std::uint64_t Store::dropped() const { return parts_->dropped; }
std::uint64_t Store::snapshot_count() const {
  const std::lock_guard lock(parts_->mutex);
  return parts_->snapshots.size();
}

net::awaitable<CommitResult> Store::commit(Commit what) {
  Parts& p = *parts_;
  auto shared = std::make_shared<Commit>(std::move(what));
  {
    const std::lock_guard lock(p.mutex);
    for (auto& row : shared->rows) {
      row.seq = ++p.last_seq;
      p.apply_mark(row);  // at once: memory is never behind the disk
    }
    for (const auto& [part, text] : shared->state) {
      if (text.empty())
        p.state.erase(part);
      else
        p.state[part] = text;
    }
  }
  fault_point("before_commit");
  std::function<CommitResult()> work = [&p, shared] {
    const auto problem = p.attempt(Tables::Sync::full, [&] {
      p.tables->save_state(shared->state);
      for (const auto& row : shared->rows) p.tables->insert(row);
      for (const auto& row : shared->incidents) p.tables->upsert(row);
      fault_point("in_commit");
    });
    if (problem.empty()) return CommitResult{true, ""};
    for (const auto& row : shared->rows) p.unsaved.insert_or_assign(row.seq, row);
    for (const auto& row : shared->incidents) p.keep_unsaved(row);
    return CommitResult{false, problem};
  };
  CommitResult result = co_await p.call<CommitResult>(std::move(work));
  fault_point("after_commit");
  {
    const std::lock_guard lock(p.mutex);
    for (auto& row : shared->rows)
      if (row.state == OutboxState::pending) p.pending.emplace(row.seq, std::move(row));
  }
  co_return result;
}

SavedState Store::load_state() const {
  const std::lock_guard lock(parts_->mutex);
  return parts_->state;
}
const std::map<std::int64_t, OutboxRow>& Store::pending() const { return parts_->pending; }
const std::vector<OpenedKey>& Store::opened() const { return parts_->opened; }

net::awaitable<void> Store::mark(OutboxRow row) {
  Parts& p = *parts_;
  {
    const std::lock_guard lock(p.mutex);
    if (row.state == OutboxState::pending) {
      if (const auto found = p.pending.find(row.seq); found != p.pending.end()) found->second = row;
    } else {
      p.pending.erase(row.seq);
    }
  }
  auto shared = std::make_shared<OutboxRow>(std::move(row));
  std::function<bool()> work = [&p, shared] {
    const auto problem = p.attempt(Tables::Sync::normal, [&] { p.tables->upsert(*shared); });
    if (!problem.empty()) p.unsaved.insert_or_assign(shared->seq, *shared);
    return problem.empty();
  };
  co_await p.call<bool>(std::move(work));
}

void Store::forget_closed(WallTime before) {
  Parts& p = *parts_;
  {
    const std::lock_guard lock(p.mutex);
    if (!std::erase_if(p.opened, [&](const OpenedKey& k) { return k.closed_at && *k.closed_at < before; })) return;
  }
  p.push([&p] {
    std::vector<OpenedKey> all;
    {
      const std::lock_guard lock(p.mutex);
      all = p.opened;
    }
    p.attempt(Tables::Sync::normal, [&] { p.tables->replace_opened(all); });
  });
}

void Store::forget_opened(const std::string& sink, const std::string& incident_id) {
  Parts& p = *parts_;
  {
    const std::lock_guard lock(p.mutex);
    std::erase_if(p.opened, [&](const OpenedKey& k) { return k.sink == sink && k.incident_id == incident_id; });
  }
  p.push([&p] {
    std::vector<OpenedKey> all;
    {
      const std::lock_guard lock(p.mutex);
      all = p.opened;
    }
    p.attempt(Tables::Sync::normal, [&] { p.tables->replace_opened(all); });
  });
}

net::awaitable<std::vector<OutboxRow>> Store::deliveries(std::string incident_id, std::size_t limit) {
  Parts& p = *parts_;
  std::function<std::vector<OutboxRow>()> work = [&p, incident_id = std::move(incident_id), limit] {
    return p.answer<std::vector<OutboxRow>>([&] { return p.tables->deliveries(incident_id, limit); });
  };
  return p.call<std::vector<OutboxRow>>(std::move(work));
}

net::awaitable<std::optional<IncidentRow>> Store::incident(std::string id) {
  Parts& p = *parts_;
  std::function<std::optional<IncidentRow>()> work = [&p, id = std::move(id)] { return p.incident(id); };
  return p.call<std::optional<IncidentRow>>(std::move(work));
}

net::awaitable<std::vector<IncidentRow>> Store::incidents(IncidentSearch search) {
  Parts& p = *parts_;
  std::function<std::vector<IncidentRow>()> work = [&p, search = std::move(search)] { return p.incidents(search); };
  return p.call<std::vector<IncidentRow>>(std::move(work));
}

void Store::record(SweepRecord sweep) {
  Parts& p = *parts_;
  const auto size = weight(sweep);
  {
    const std::lock_guard lock(p.mutex);
    if (p.records.size() >= max_queued_sweeps || p.record_bytes + size > max_queued_bytes) {
      ++p.dropped;
      return;
    }
    p.record_bytes += size;
    p.records.push_back(std::move(sweep));
    if (!p.record_since) p.record_since = Clock::now();
    if (p.records.size() != 1 && p.records.size() < batch) return;  // the thread already knows when to look
  }
  p.wake.notify_one();
}

net::awaitable<std::vector<SweepRecord>> Store::sweep_reads(std::string target, std::vector<std::uint64_t> sweeps) {
  Parts& p = *parts_;
  std::function<std::vector<SweepRecord>()> work = [&p, target = std::move(target), sweeps = std::move(sweeps)] {
    p.flush_records();
    return p.answer<std::vector<SweepRecord>>([&] { return p.tables->sweep_reads(target, sweeps); });
  };
  return p.call<std::vector<SweepRecord>>(std::move(work));
}

net::awaitable<ReadPage> Store::read_page(ReadQuery query) {
  Parts& p = *parts_;
  std::function<ReadPage()> work = [&p, query = std::move(query)] {
    if (query.after == 0) p.flush_records();
    return p.answer<ReadPage>([&] { return p.tables->read_page(query); });
  };
  return p.call<ReadPage>(std::move(work));
}

net::awaitable<RecentSweeps> Store::recent(std::string target, WallTime from, WallTime to, std::size_t most_bytes) {
  Parts& p = *parts_;
  std::function<RecentSweeps()> work = [&p, target = std::move(target), from, to, most_bytes] {
    p.flush_records();
    return p.answer<RecentSweeps>([&] { return p.tables->recent(target, from, to, most_bytes); });
  };
  return p.call<RecentSweeps>(std::move(work));
}

net::awaitable<CommitResult> Store::add_snapshot(SnapshotRow row) {
  Parts& p = *parts_;
  {
    const std::lock_guard lock(p.mutex);
    p.snapshots.push_back(row);
    p.snapshot_bytes += row.size;
  }
  std::function<CommitResult()> work = [&p, row = std::move(row)] {
    const auto problem = p.attempt(Tables::Sync::normal, [&] { p.tables->insert(row); });
    if (problem.empty()) return CommitResult{true, ""};
    p.unsaved_snapshots.push_back(row);
    return CommitResult{false, problem};
  };
  return p.call<CommitResult>(std::move(work));
}

void Store::adopt(std::vector<SnapshotRow> rows) {
  if (rows.empty()) return;
  Parts& p = *parts_;
  {
    const std::lock_guard lock(p.mutex);
    for (const auto& row : rows) {
      p.snapshots.push_back(row);
      p.snapshot_bytes += row.size;
    }
  }
  p.push([&p, rows = std::move(rows)] {
    const auto problem = p.attempt(Tables::Sync::normal, [&] {
      for (const auto& row : rows) p.tables->insert(row);
    });
    if (!problem.empty()) p.unsaved_snapshots.insert(p.unsaved_snapshots.end(), rows.begin(), rows.end());
  });
}

std::vector<SnapshotRow> Store::snapshots() const {
  const std::lock_guard lock(parts_->mutex);
  return {parts_->snapshots.rbegin(), parts_->snapshots.rend()};
}

std::optional<SnapshotRow> Store::find_snapshot(std::string_view id_or_latest) const {
  const std::lock_guard lock(parts_->mutex);
  const auto& all = parts_->snapshots;
  if (all.empty() || id_or_latest.empty()) return std::nullopt;
  if (id_or_latest == "latest") return all.back();
  std::optional<SnapshotRow> found;
  for (const auto& row : all) {
    if (row.id == id_or_latest) return row;
    if (!row.id.starts_with(id_or_latest)) continue;
    if (found) return std::nullopt;  // not unique
    found = row;
  }
  return found;
}

void Store::keep(Retention rules) {
  {
    const std::lock_guard lock(parts_->mutex);
    parts_->rules = rules;
    parts_->next_retain = Clock::now();
  }
  parts_->wake.notify_one();
}

void Store::pin(std::vector<SweepKey> sweeps, std::vector<std::string> incidents) {
  const std::lock_guard lock(parts_->mutex);
  parts_->pins = std::move(sweeps);
  parts_->pinned_incidents = {incidents.begin(), incidents.end()};
  parts_->pins_known = true;
}

net::awaitable<void> Store::retain(WallTime now) {
  Parts& p = *parts_;
  std::function<bool()> work = [&p, now] {
    p.flush_records();
    try {
      while (p.retain_step(now)) {
      }
      return true;
    } catch (const SqliteError& e) {
      p.failing = true;
      p.set_trouble("cannot clean up " + (p.folder / "readback.db").string() + ": " + e.what());
      return false;
    }
  };
  co_await p.call<bool>(std::move(work));
}

}  // namespace readback
