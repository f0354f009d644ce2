#include "daemon/evidence/sealer.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <set>

#include "core/text/encoding.hpp"
#include "core/text/time.hpp"
#include "daemon/evidence/archive.hpp"
#include "daemon/evidence/host.hpp"

namespace readback {
namespace {

constexpr Millis timeline_length = std::chrono::minutes(15);
constexpr std::size_t timeline_bytes = 4 << 20;  // of bodies: a megabyte in each must not hold back the page

net::thread_pool& workers() {
  static net::thread_pool pool(1);
  return pool;
}

/// What the bus has said of the host's units: asked for when something is suspected, because a page does not wait for a
/// bus. Used by the worker's thread only.
struct Units {
  std::string json;
  std::chrono::steady_clock::time_point at{};
};
Units& units() {
  static Units last;
  return last;
}
void ask_for_units() {
  constexpr std::chrono::milliseconds limit{50};
  units() = {failed_units_json(limit), std::chrono::steady_clock::now()};
}

/// Written beside, synced, renamed, and the folder synced: whole on the disk, or not there.
std::string write_durably(const std::string& path, const std::string& bytes) {
  const std::string beside = path + ".part";
  const auto failed = [&](const char* step) {
    std::string why = std::string(step) + " " + path + ": " + std::strerror(errno);
    ::unlink(beside.c_str());
    return why;
  };
  const int fd = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
  if (fd < 0) return failed("cannot create");
  std::size_t done = 0;
  while (done < bytes.size()) {
    const auto n = ::write(fd, bytes.data() + done, bytes.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      ::close(fd);
      return failed("cannot write");
    }
    done += static_cast<std::size_t>(n);
  }
  if (::fsync(fd) != 0) {
    ::close(fd);
    return failed("cannot sync");
  }
  ::close(fd);
  if (::rename(beside.c_str(), path.c_str()) != 0) return failed("cannot rename");
  const std::string folder = std::filesystem::path(path).parent_path();
  const int dir = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (dir >= 0) {
    ::fsync(dir);
    ::close(dir);
  }
  return "";
}

struct Work {
  BundleInput input;
  std::string folder;
  SealResult result;
  std::uint64_t size = 0;
};

void pack_and_write(Work& w) {
  constexpr auto recent = std::chrono::seconds(30);
  if (units().json.empty() || std::chrono::steady_clock::now() - units().at > recent) ask_for_units();
  w.input.host_json = host_state_json(w.folder, units().json);
  auto packed = pack(bundle_files(w.input), w.input.order.at);
  if (auto* error = std::get_if<ArchiveError>(&packed)) {
    w.result.note = error->text;
    return;
  }
  const auto& bytes = std::get<std::string>(packed);
  std::error_code ec;
  std::filesystem::create_directories(w.folder, ec);
  w.result.path = w.folder + "/" + w.input.order.snapshot_id + ".tar.zst";
  w.result.note = write_durably(w.result.path, bytes);
  if (!w.result.note.empty()) return;
  w.size = bytes.size();
  w.result.sha256 = sha256_hex(bytes);
}

const SweepRecord* numbered(const std::vector<SweepRecord>& sweeps, std::uint64_t number) {
  for (const auto& s : sweeps)
    if (s.sweep == number && number != 0) return &s;
  return nullptr;
}

}  // namespace

std::vector<SnapshotRow> stray_bundles(const Store& store) {
  constexpr std::string_view ending = ".tar.zst", half = ".part";
  std::set<std::string> known;
  for (const auto& row : store.snapshots()) known.insert(row.id);
  std::vector<SnapshotRow> found;
  std::error_code ec;
  for (std::filesystem::directory_iterator it(store.folder() / "snapshots", ec), end; !ec && it != end;
       it.increment(ec)) {
    const std::string name = it->path().filename();
    std::error_code no_matter;
    if (name.ends_with(half)) std::filesystem::remove(it->path(), no_matter);
    if (!name.ends_with(ending) || known.contains(name.substr(0, name.size() - ending.size()))) continue;
    const auto read = read_bytes(it->path());
    const auto* bytes = std::get_if<std::string>(&read);
    if (!bytes) continue;
    const auto opened = unpack(*bytes);
    const auto* files = std::get_if<BundleFiles>(&opened);
    const auto sealed = files ? parse_rfc3339(manifest_text(*files, "sealed_at")) : std::nullopt;
    if (!sealed || !manifest_troubles(*files).empty() || manifest_text(*files, "id") + std::string(ending) != name)
      continue;
    SnapshotRow row;
    row.id = manifest_text(*files, "id");
    row.incident_id = manifest_text(*files, "incident");
    row.target = manifest_text(*files, "target");
    row.reason = manifest_text(*files, "reason");
    row.boundary = manifest_text(*files, "boundary");
    row.extent = manifest_text(*files, "extent");
    row.path = it->path();
    row.sha256 = sha256_hex(*bytes);
    row.previous_sha256 = manifest_text(*files, "previous_sha256");
    row.size = bytes->size();
    row.created = *sealed;
    found.push_back(std::move(row));
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  return found;
}

void look_ahead() { net::post(workers(), ask_for_units); }

net::awaitable<SealResult> seal(Store& store, SnapshotOrder order, SealContext context) {
  auto executor = co_await net::this_coro::executor;
  auto work = std::make_shared<Work>();
  work->folder = (store.folder() / "snapshots").string();
  work->result.snapshot_id = order.snapshot_id;

  std::vector<std::uint64_t> wanted{order.incident.sweeps.last_good, order.incident.sweeps.first_bad,
                                    order.incident.sweeps.at_page, order.latest};
  auto sweeps = co_await store.sweep_reads(order.target, wanted);
  const WallTime from = order.at - timeline_length, to = order.at + Seconds(1);
  auto recent = co_await store.recent(order.target, from, to, timeline_bytes);

  auto& in = work->input;
  in.host = context.host;
  in.environment = context.environment;
  in.version = context.version;
  in.config_digest = context.config_digest;
  in.sandbox = context.sandbox;
  in.packed_with = packer();
  in.volatile_fields = std::move(context.volatile_fields);
  in.commands = std::move(context.commands);
  const std::pair<const char*, std::uint64_t> phases[] = {{"last-good", order.incident.sweeps.last_good},
                                                          {"first-bad", order.incident.sweeps.first_bad},
                                                          {"at-page", order.incident.sweeps.at_page},
                                                          {"latest", order.latest}};
  for (const auto& [name, number] : phases)
    if (const auto* sweep = numbered(sweeps, number)) in.phases[name] = *sweep;
  in.timeline = std::move(recent.sweeps);
  in.timeline_cut = recent.cut;
  const auto before = store.snapshots();
  if (!before.empty()) in.previous_sha256 = before.front().sha256;
  in.order = std::move(order);

  auto done = std::make_shared<net::steady_timer>(executor);
  done->expires_at(net::steady_timer::time_point::max());
  auto finished = std::make_shared<bool>(false);
  net::post(workers(), [work, done, finished, executor] {
    pack_and_write(*work);
    net::post(executor, [done, finished] {
      *finished = true;
      done->cancel();
    });
  });
  while (!*finished) {
    auto [ec] = co_await done->async_wait(token);
    (void)ec;
  }
  SealResult result = work->result;
  if (!result.sha256.empty()) {
    SnapshotRow row;
    row.id = result.snapshot_id;
    row.incident_id = work->input.order.incident.id;
    row.target = work->input.order.target;
    row.reason = work->input.order.reason;
    if (const auto& order = work->input.order; order.has_incident()) {
      row.boundary = to_string(order.incident.boundary);
      row.extent = to_string(order.incident.extent);
    }
    row.path = result.path;
    row.sha256 = result.sha256;
    row.previous_sha256 = work->input.previous_sha256;
    row.size = work->size;
    row.created = work->input.order.at;
    auto added = co_await store.add_snapshot(std::move(row));
    if (!added.durable) result.note = added.error;
  }
  co_return result;
}

}  // namespace readback
