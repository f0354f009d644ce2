// From an order to a file: what the store has kept of the sweeps around an incident is gathered in the loop; the host's
// state, the packing and every system call of a file are the worker's.
#include "daemon/evidence/sealer.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <set>

#include "core/text/encoding.hpp"
#include "daemon/evidence/archive.hpp"
#include "daemon/evidence/host.hpp"

namespace readback {
namespace {

constexpr Millis timeline_length = std::chrono::minutes(15);
constexpr std::size_t timeline_bytes = 4 << 20;  // of bodies: a megabyte in each must not hold back the page

/// Written beside, synced, renamed, and the folder synced: whole on the disk, or not there.
Result<void> write_durably(const std::string& path, const std::string& bytes) {
  const std::string beside = path + ".part";
  const auto failed = [&](const char* step) {
    Failure why{std::string(step) + " " + path + ": " + std::strerror(errno)};
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
  return {};
}

/// The row of the index, as the bundle's own manifest tells it.
std::optional<SnapshotRow> row_of(const BundleFiles& files, const std::string& path, const std::string& bytes) {
  auto told = snapshot_of(files);
  if (!told) return std::nullopt;
  SnapshotRow row{*std::move(told), path};
  row.sha256 = sha256_hex(bytes);
  row.size = bytes.size();
  return row;
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
    const auto bytes = read_bytes(it->path());
    if (!bytes) continue;
    const auto files = unpack(*bytes);
    if (!files || !manifest_troubles(*files).empty()) continue;
    auto row = row_of(*files, it->path(), *bytes);
    if (row && row->id + std::string(ending) == name) found.push_back(*std::move(row));
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  return found;
}

void Sealer::look_ahead() {
  worker_.post([this] { ask_for_units(); });
}

void Sealer::ask_for_units() {
  constexpr std::chrono::milliseconds limit{50};
  units_ = {failed_units_json(limit), std::chrono::steady_clock::now()};
}

net::awaitable<Result<SealedBundle>> Sealer::seal(SnapshotOrder order, SealContext context) {
  auto input = std::make_shared<BundleInput>();
  *input = co_await gather(std::move(order), std::move(context));
  const std::string folder = (store_.folder() / "snapshots").string();
  std::function<Result<SnapshotRow>()> work = [this, input, folder] { return pack_and_write(*input, folder); };
  auto written = co_await off_loop(worker_, std::move(work));
  if (!written) co_return written.failure();
  SealedBundle sealed;
  sealed.path = written->path;
  sealed.sha256 = written->sha256;
  auto added = co_await store_.add_snapshot(std::move(*written));
  if (!added) sealed.note = added.error();
  co_return sealed;
}

net::awaitable<BundleInput> Sealer::gather(SnapshotOrder order, SealContext context) {
  std::vector<std::uint64_t> wanted{order.incident.sweeps.last_good, order.incident.sweeps.first_bad,
                                    order.incident.sweeps.at_page, order.latest};
  auto sweeps = co_await store_.sweep_reads(order.target, wanted);
  const WallTime from = order.at - timeline_length, to = order.at + Seconds(1);
  auto recent = co_await store_.recent(order.target, from, to, timeline_bytes);

  BundleInput in;
  in.context = std::move(context);
  in.packed_with = packer();
  const std::pair<const char*, std::uint64_t> phases[] = {{"last-good", order.incident.sweeps.last_good},
                                                          {"first-bad", order.incident.sweeps.first_bad},
                                                          {"at-page", order.incident.sweeps.at_page},
                                                          {"latest", order.latest}};
  for (const auto& [name, number] : phases)
    if (const auto* sweep = numbered(sweeps, number)) in.phases[name] = *sweep;
  in.timeline = std::move(recent.sweeps);
  in.timeline_cut = recent.cut;
  if (const auto before = store_.find_snapshot("latest")) in.previous_sha256 = before->sha256;
  in.order = std::move(order);
  co_return in;
}

/// On the worker's thread.
Result<SnapshotRow> Sealer::pack_and_write(BundleInput& input, const std::string& folder) {
  constexpr auto recent = std::chrono::seconds(30);
  if (units_.json.empty() || std::chrono::steady_clock::now() - units_.at > recent) ask_for_units();
  input.host_json = host_state_json(folder, units_.json);
  const auto files = bundle_files(input);
  const auto bytes = pack(files, input.order.at);
  if (!bytes) return bytes.failure();
  std::error_code ec;
  std::filesystem::create_directories(folder, ec);
  const std::string path = folder + "/" + input.order.snapshot_id + ".tar.zst";
  if (const auto written = write_durably(path, *bytes); !written) return written.failure();
  auto row = row_of(files, path, *bytes);
  if (!row) return Failure{"the manifest of " + path + " tells no time"};
  return *std::move(row);
}

}  // namespace readback
