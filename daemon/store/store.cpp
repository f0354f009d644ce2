// The face of the store: what is asked from memory is answered at once; what needs the disk becomes a job of the
// writer's thread, and the caller goes on in the loop when it is done. Memory is changed first, so that it is never
// behind the disk.
#include "daemon/store/store.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

#include "daemon/runtime/off_loop.hpp"
#include "daemon/store/database.hpp"
#include "daemon/store/fault_point.hpp"
#include "daemon/store/mirror.hpp"
#include "daemon/store/writer.hpp"

namespace readback {
namespace {

constexpr Millis patience = Seconds(2);  // with a disk that does not answer, where an alert waits for it

/// Not a matter of permissions or of a wrong path.
bool is_trouble_of_disk(int error) { return error == EROFS || error == ENOSPC || error == EDQUOT || error == EIO; }

/// Two daemons never use one store. The lock ends with its holder.
class FolderLock {
 public:
  /// `worked_before`: a disk that has failed meanwhile must not keep the watch from starting; then any descriptor that
  /// can be locked will do.
  static Result<FolderLock> take(const std::filesystem::path& folder, bool worked_before) {
    const auto path = (folder / "lock").string();
    FolderLock lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    const int refused = errno;
    if (lock.fd_ < 0 && worked_before && is_trouble_of_disk(refused)) {
      lock.fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
      if (lock.fd_ < 0) lock.fd_ = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    if (lock.fd_ < 0)
      return Failure{"store: cannot write in " + folder.string() + ": " + std::strerror(refused) +
                     "; give readbackd a writable store.path"};
    if (::flock(lock.fd_, LOCK_EX | LOCK_NB) != 0)
      return Failure{"store: " + folder.string() + " is used by another readbackd; each needs a store.path of its own"};
    return lock;
  }
  FolderLock(FolderLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FolderLock& operator=(FolderLock&&) = delete;
  ~FolderLock() {
    if (fd_ >= 0) ::close(fd_);
  }

 private:
  explicit FolderLock(int fd) : fd_(fd) {}
  int fd_;
};

/// From what is kept of one target.
TargetHistory history_bars(Tables& tables, const std::string& target, const std::vector<Spell>& open, WallTime now) {
  const auto of = [&](Step step, Millis back) {
    std::vector<Rollup> all;
    for (auto& each : tables.rollups({target, step, {now - back, WallTime::max()}}))
      all.push_back(std::move(each.rollup));
    return all;
  };
  const Millis longest = std::chrono::hours(24 * 91);
  auto spells = tables.spells(target, {now - longest, WallTime::max()});
  for (const auto& each : open)
    if (each.target == target) spells.push_back(each);
  return bars_of(target, of(Step::hour, std::chrono::hours(24 * 8)), of(Step::day, longest), spells, now);
}

}  // namespace

struct Store::Parts {
  Parts(FolderLock held, std::filesystem::path where)
      : folder_lock(std::move(held)), database(std::move(where), board) {}

  FolderLock folder_lock;
  Board board;
  Database database;
  std::optional<Writer> writer;  // last: its thread uses all of the above

  /// Runs `work` on the store's thread.
  template <class R>
  net::awaitable<R> call(std::function<R()> work) {
    TakeJob take = [this](std::function<void()> job) { writer->post(std::move(job)); };
    return off_loop<R>(std::move(take), std::move(work));
  }
  /// As above for what an alert waits for: nothing when the disk does not answer within our patience. It is written all
  /// the same, in its turn.
  template <class R>
  net::awaitable<std::optional<R>> call_within(std::function<R()> work) {
    const auto back = std::make_shared<std::atomic<bool>>(false);
    TakeJob take = [this, back](std::function<void()> job) {
      writer->post([back, job = std::move(job)] {
        job();
        *back = true;
      });
    };
    const Millis limit = hangs() ? Millis(0) : patience;
    auto result = co_await off_loop_within<R>(limit, std::move(take), std::move(work));
    if (!result) out.push_back(back);
    co_return result;
  }
  bool hangs() {
    std::erase_if(out, [](const auto& back) { return back->load(); });
    return !out.empty();
  }
  std::vector<std::shared_ptr<std::atomic<bool>>> out;  // of the calls that were given up; the loop's own

  std::lock_guard<std::mutex> locked() { return std::lock_guard(board.mutex); }

  void replace_opened(std::vector<OpenedThere> changed) {
    writer->post([this, changed = std::move(changed), change = board.mirror.changes()] {
      database.replace_opened(changed, change);
    });
  }
};

Result<std::unique_ptr<Store>> Store::open(const std::filesystem::path& folder, Retention keep) {
  std::error_code ec, not_made, no_file;
  std::filesystem::create_directories(folder, not_made);
  const auto where = std::filesystem::absolute(folder, ec);
  if (!std::filesystem::is_directory(where, ec))
    return Failure{"store: cannot make the folder " + folder.string() + ": " + not_made.message() +
                   "; give readbackd a writable store.path"};
  // A first start tells what is wrong with store.path. Later, it is the disk that has failed, under a watch that must
  // go on.
  const bool worked_before = std::filesystem::file_size(where / "readback.db", no_file) > 0 && !no_file;
  auto lock = FolderLock::take(where, worked_before);
  if (!lock) return lock.failure();
  auto parts = std::make_unique<Parts>(*std::move(lock), where);
  parts->board.rules = keep;
  if (const auto opened = parts->database.open(worked_before); !opened) return opened.failure();
  parts->writer.emplace(parts->database, parts->board);
  return std::unique_ptr<Store>(new Store(std::move(parts)));
}

Store::Store(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Store::~Store() = default;

const std::filesystem::path& Store::folder() const { return parts_->database.folder(); }
std::vector<std::string> Store::notes() const {
  const auto lock = parts_->locked();
  return parts_->board.notes;
}
std::string Store::error() const {
  if (hangs()) return "the disk under " + folder().string() + " does not answer; alerts go on from memory";
  const auto lock = parts_->locked();
  return parts_->board.trouble;
}
bool Store::hangs() const { return parts_->hangs(); }
bool Store::ok() const { return error().empty(); }
std::uint64_t Store::bytes() const {
  const auto lock = parts_->locked();
  return parts_->database.bytes() + parts_->board.mirror.bytes_of_bundles();
}
std::uint64_t Store::dropped() const { return parts_->writer->dropped(); }
std::uint64_t Store::snapshot_count() const {
  const auto lock = parts_->locked();
  return parts_->board.mirror.snapshots().size();
}

// --- state and outbox ------------------------------------------------------------------------------------------------

net::awaitable<CommitResult> Store::commit(Commit what) {
  Parts& p = *parts_;
  auto shared = std::make_shared<Commit>(std::move(what));
  std::uint64_t change = 0;
  {
    const auto lock = p.locked();
    change = p.board.mirror.take(*shared);
  }
  fault_point("before_commit");
  std::function<CommitResult()> work = [&p, shared, change] { return p.database.commit(*shared, change); };
  const auto written = co_await p.call_within<CommitResult>(std::move(work));
  fault_point("after_commit");
  {
    const auto lock = p.locked();
    for (const auto& row : shared->rows) p.board.mirror.wait_for_delivery(row);  // the writer may still need them
  }
  if (written) co_return *written;
  co_return Failure{"the disk under " + folder().string() + " does not answer"};
}

SavedState Store::load_state() const {
  const auto lock = parts_->locked();
  return parts_->board.mirror.state();
}
const std::map<std::int64_t, OutboxRow>& Store::pending() const { return parts_->board.mirror.pending(); }
std::vector<OutboxRow> Store::take_fresh() {
  const auto lock = parts_->locked();
  return parts_->board.mirror.take_fresh();
}
std::vector<OpenedKey> Store::opened() const { return parts_->board.mirror.opened(); }
const std::vector<std::pair<std::string, std::string>>& Store::refused() const {
  return parts_->board.mirror.refused();
}
const std::string& Store::newest_event() const { return parts_->board.mirror.newest_event(); }

net::awaitable<void> Store::mark(OutboxRow row) {
  Parts& p = *parts_;
  {
    const auto lock = p.locked();
    p.board.mirror.mark(row);
  }
  std::function<bool()> work = [&p, row = std::move(row)] { return p.database.mark(row, nullptr, 0).ok(); };
  co_await p.call_within<bool>(std::move(work));
}

net::awaitable<void> Store::mark_unheard(OutboxRow row) {
  Parts& p = *parts_;
  OpenedThere opened;
  std::uint64_t change = 0;
  {
    const auto lock = p.locked();
    opened = p.board.mirror.mark_unheard(row);
    change = p.board.mirror.changes();
  }
  std::function<bool()> work = [&p, row = std::move(row), opened = std::move(opened), change] {
    return p.database.mark(row, &opened, change).ok();
  };
  co_await p.call_within<bool>(std::move(work));
}

void Store::forget_closed(WallTime before) {
  std::vector<OpenedThere> changed;
  {
    const auto lock = parts_->locked();
    changed = parts_->board.mirror.forget_closed(before);
  }
  if (!changed.empty()) parts_->replace_opened(std::move(changed));
}

void Store::forget_opened(const std::string& sink, const std::string& incident_id) {
  std::vector<OpenedThere> changed;
  {
    const auto lock = parts_->locked();
    changed.push_back(parts_->board.mirror.forget_opened(sink, incident_id));
  }
  parts_->replace_opened(std::move(changed));
}

net::awaitable<std::vector<OutboxRow>> Store::deliveries(std::string incident_id, std::size_t limit) {
  Parts& p = *parts_;
  std::function<std::vector<OutboxRow>()> work = [&p, incident_id = std::move(incident_id), limit] {
    return p.database.read<std::vector<OutboxRow>>([&](Tables& t) { return t.deliveries(incident_id, limit); });
  };
  return p.call<std::vector<OutboxRow>>(std::move(work));
}

// --- incidents -------------------------------------------------------------------------------------------------------

net::awaitable<std::optional<IncidentRow>> Store::incident(std::string id) {
  Parts& p = *parts_;
  std::function<std::optional<IncidentRow>()> work = [&p, id = std::move(id)] { return p.database.incident(id); };
  return p.call<std::optional<IncidentRow>>(std::move(work));
}

net::awaitable<std::vector<IncidentRow>> Store::incidents(IncidentSearch search) {
  Parts& p = *parts_;
  std::function<std::vector<IncidentRow>()> work = [&p, search = std::move(search)] {
    return p.database.incidents(search);
  };
  return p.call<std::vector<IncidentRow>>(std::move(work));
}

// --- recorder --------------------------------------------------------------------------------------------------------

void Store::record(SweepRecord sweep) { parts_->writer->record(std::move(sweep)); }

net::awaitable<std::vector<SweepRecord>> Store::sweep_reads(std::string target, std::vector<std::uint64_t> sweeps) {
  Parts& p = *parts_;
  std::function<std::vector<SweepRecord>()> work = [&p, target = std::move(target), sweeps = std::move(sweeps)] {
    p.writer->flush_records();
    return p.database.read<std::vector<SweepRecord>>([&](Tables& t) { return t.sweep_reads(target, sweeps); });
  };
  return p.call<std::vector<SweepRecord>>(std::move(work));
}

net::awaitable<SweepsAround> Store::sweeps_around(RecentQuery query, std::vector<std::uint64_t> sweeps) {
  Parts& p = *parts_;
  std::function<SweepsAround()> work = [&p, query = std::move(query), sweeps = std::move(sweeps)]() mutable {
    p.writer->flush_records();
    return p.database.read<SweepsAround>([&](Tables& t) {
      SweepsAround all{{}, t.recent(query)};
      for (const auto& sweep : all.recent.sweeps) std::erase(sweeps, sweep.sweep);
      all.named = t.sweep_reads(query.target, sweeps);
      return all;
    });
  };
  return p.call<SweepsAround>(std::move(work));
}

net::awaitable<ReadPage> Store::read_page(ReadQuery query) {
  Parts& p = *parts_;
  std::function<ReadPage()> work = [&p, query = std::move(query)] {
    if (query.after == 0) p.writer->flush_records();
    return p.database.read<ReadPage>([&](Tables& t) { return t.read_page(query); });
  };
  return p.call<ReadPage>(std::move(work));
}

// --- history ---------------------------------------------------------------------------------------------------------

void Store::count(std::vector<TargetRollup> hours) { parts_->writer->count(std::move(hours)); }

net::awaitable<HistoryKept> Store::history(RollupQuery query) {
  Parts& p = *parts_;
  std::function<HistoryKept()> work = [&p, query = std::move(query)] {
    p.writer->flush_hours();
    return p.database.read<HistoryKept>([&](Tables& t) {
      return HistoryKept{t.rollups(query), t.spells(query.target, query.span)};
    });
  };
  return p.call<HistoryKept>(std::move(work));
}

net::awaitable<std::vector<TargetHistory>> Store::bars(std::vector<std::string> targets, std::vector<Spell> open,
                                                       WallTime now) {
  Parts& p = *parts_;
  using All = std::vector<TargetHistory>;
  std::function<All()> work = [&p, targets = std::move(targets), open = std::move(open), now] {
    p.writer->flush_hours();
    return p.database.read<All>([&](Tables& t) {
      All all;
      for (const auto& target : targets) all.push_back(history_bars(t, target, open, now));
      return all;
    });
  };
  return p.call<All>(std::move(work));
}

// --- snapshots -------------------------------------------------------------------------------------------------------

void Store::adopt(std::vector<SnapshotRow> rows) {
  if (rows.empty()) return;
  Parts& p = *parts_;
  {
    const auto lock = p.locked();
    for (const auto& row : rows) p.board.mirror.add(row);
  }
  p.writer->post([&p, rows = std::move(rows)] {
    const auto written = p.database.write(Tables::Sync::normal, [&](Tables& tables) {
      for (const auto& row : rows) tables.insert(row);
    });
    if (written) return;
    for (const auto& row : rows) p.database.remember(row);
  });
}

std::vector<SnapshotRow> Store::snapshots() const {
  const auto lock = parts_->locked();
  const auto& all = parts_->board.mirror.snapshots();
  return {all.rbegin(), all.rend()};
}

std::optional<SnapshotRow> Store::find_snapshot(std::string_view id_or_latest) const {
  const auto lock = parts_->locked();
  return parts_->board.mirror.find_snapshot(id_or_latest);
}

// --- retention -------------------------------------------------------------------------------------------------------

void Store::keep(Retention rules) {
  {
    const auto lock = parts_->locked();
    parts_->board.rules = rules;
  }
  parts_->writer->retain_soon();
}

void Store::pin(std::map<std::string, Pins> of_targets) {
  {
    const auto lock = parts_->locked();
    auto& pins = parts_->board.pins;
    for (auto& [target, needed] : of_targets) {
      if (needed.sweeps.empty() && needed.incidents.empty())
        pins.erase(target);
      else
        pins[target] = std::move(needed);
    }
  }
  parts_->writer->allow_retention();
}

net::awaitable<void> Store::retain(WallTime now) {
  Parts& p = *parts_;
  std::function<bool()> work = [&p, now] {
    p.writer->retain_all(now);
    return p.database.failing();
  };
  co_await p.call<bool>(std::move(work));
}

}  // namespace readback
