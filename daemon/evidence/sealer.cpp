// From an order to a file: what the store has kept of the sweeps around an incident is gathered in the loop; the host's
// state, the packing and every system call of a file are the worker's.
#include "daemon/evidence/sealer.hpp"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <set>

#include "core/text/encoding.hpp"
#include "daemon/evidence/archive.hpp"
#include "daemon/evidence/durable.hpp"
#include "daemon/evidence/host.hpp"
#include "daemon/evidence/libarchive.hpp"
#include "daemon/runtime/private_folder.hpp"

namespace readback {
namespace {

constexpr Millis timeline_length = std::chrono::minutes(15);
constexpr std::size_t timeline_bytes = 4 << 20;  // of bodies: a megabyte in each must not hold back the page
constexpr std::size_t drafted_bytes = timeline_bytes / 2, drafted_sweeps = 500;  // with what follows less than is kept
constexpr std::size_t most_drafts = 4;
constexpr std::size_t room_behind = 64 << 10;           // for the lines of the sweeps since: nothing is moved for them
constexpr std::size_t most_at_once = 16;                // of seals that are written together
constexpr auto draft_serves = std::chrono::minutes(2);  // a suspicion that lasts longer is none

/// The row of the index, as the bundle's own manifest tells it.
std::optional<SnapshotRow> row_of(const BundleFiles& files, const std::string& path, const std::string& bytes) {
  auto told = snapshot_of(files);
  if (!told) return std::nullopt;
  SnapshotRow row{*std::move(told), path};
  row.sha256 = sha256_hex(bytes);
  row.size = bytes.size();
  return row;
}

std::string bundles_of(const Store& store) { return (store.folder() / "snapshots").string(); }

std::size_t bytes_of(const SweepRecord& sweep) {
  std::size_t bytes = 0;
  for (const auto& r : sweep.reads) bytes += said_bytes(r.raw);
  return bytes;
}

/// Those of `wanted` that are not here.
std::vector<std::uint64_t> unknown(std::vector<std::uint64_t> wanted, const std::vector<SweepRecord>& here) {
  std::erase_if(wanted, [&](std::uint64_t number) {
    return number == 0 ||
           std::any_of(here.begin(), here.end(), [&](const SweepRecord& s) { return s.sweep == number; });
  });
  return wanted;
}

/// The newest of this number.
const SweepRecord* numbered(const std::vector<SweepRecord>& named, const std::vector<SweepRecord>& recent,
                            std::uint64_t number) {
  for (auto s = recent.rbegin(); s != recent.rend(); ++s)
    if (s->sweep == number && number != 0) return &*s;
  for (const auto& s : named)
    if (s.sweep == number && number != 0) return &s;
  return nullptr;
}

}  // namespace

std::string path_of(const Store& store, const SnapshotRow& row) {
  return row.path.starts_with("/") ? row.path : (store.folder() / row.path).string();
}

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

net::awaitable<void> Sealer::look_ahead(std::string target, WallTime at) {
  worker_.post([this] {
    (void)libarchive();                                // loaded before a page waits for it
    constexpr auto serves = std::chrono::seconds(10);  // many may be suspected at once
    if (units_.json.empty() || std::chrono::steady_clock::now() - units_.at > serves) ask_for_units();
  });
  const auto made = std::chrono::steady_clock::now();
  std::erase_if(drafts_, [&](const Draft& d) { return made - d.made > draft_serves || d.target == target; });
  if (drafting_ || drafts_.size() >= most_drafts) co_return;
  drafting_.emplace().target = target;
  const std::shared_ptr<void> at_the_end(nullptr, [this](void*) { drafting_.reset(); });
  RecentQuery query{target, at - timeline_length, at, drafted_bytes, 0};
  std::vector<std::uint64_t> none;
  auto around = co_await store_.sweeps_around(std::move(query), std::move(none));
  if (around.recent.cut || around.recent.sweeps.empty() || around.recent.sweeps.size() > drafted_sweeps) co_return;
  const auto draft = std::make_shared<Draft>();
  draft->target = std::move(target);
  draft->made = made;
  draft->sweeps = std::move(around.recent.sweeps);
  std::function<bool()> work = [draft] {
    draft->ahead = made_ahead(draft->sweeps);
    draft->ahead.timeline.reserve(draft->ahead.timeline.size() + room_behind);
    return true;
  };
  co_await off_loop(worker_, std::move(work));
  go_on(*draft, std::move(drafting_->sweeps));
  drafts_.push_back(std::move(*draft));
}

/// With what was recorded since the store was asked; it may have had the first of them already.
void Sealer::go_on(Draft& draft, std::vector<SweepRecord> since) {
  const auto& newest = draft.sweeps.back();
  const auto known = std::find_if(since.rbegin(), since.rend(), [&](const SweepRecord& s) {
    return s.sweep == newest.sweep && s.at == newest.at && s.reads.size() == newest.reads.size();
  });
  since.erase(since.begin(), known.base());
  for (auto& sweep : since) draft.bytes += bytes_of(sweep);
  std::move(since.begin(), since.end(), std::back_inserter(draft.sweeps));
}

void Sealer::record(const SweepRecord& sweep) {
  if (drafting_ && drafting_->target == sweep.target) drafting_->sweeps.push_back(sweep);
  const auto draft = draft_of(sweep.target);
  if (draft == drafts_.end()) return;
  draft->bytes += bytes_of(sweep);
  draft->sweeps.push_back(sweep);
  if (draft->bytes > drafted_bytes || draft->sweeps.size() > drafted_sweeps) drafts_.erase(draft);
}

void Sealer::expect(const std::string& target) {
  if (draft_of(target) != drafts_.end()) ask_for_host();
}

std::vector<Sealer::Draft>::iterator Sealer::draft_of(const std::string& target) {
  return std::find_if(drafts_.begin(), drafts_.end(), [&](const Draft& d) { return d.target == target; });
}

/// Empty when there is none. What was before `from` is left out.
Sealer::Draft Sealer::take_draft(const std::string& target, WallTime from) {
  const auto found = draft_of(target);
  if (found == drafts_.end()) return {};
  Draft draft = std::move(*found);
  drafts_.erase(found);
  const auto first =
      std::find_if(draft.sweeps.begin(), draft.sweeps.end(), [&](const SweepRecord& s) { return s.at >= from; });
  leave_out_oldest(draft.ahead, static_cast<std::size_t>(first - draft.sweeps.begin()));
  draft.sweeps.erase(draft.sweeps.begin(), first);
  return draft;
}

void Sealer::ask_for_units() {
  constexpr std::chrono::milliseconds limit{50};
  units_ = {failed_units_json(limit), std::chrono::steady_clock::now()};
}

void Sealer::ask_for_host() {
  worker_.post([this, folder = bundles_of(store_)] { look_at_host(folder); });
}

/// What is said of the host is of the second of the seal; of many within one second it is said once.
void Sealer::look_at_host(const std::string& folder) try {
  constexpr auto units_serve = std::chrono::seconds(30), state_serves = std::chrono::seconds(1);
  const auto at = std::chrono::steady_clock::now();
  if (units_.json.empty() || at - units_.at > units_serve) ask_for_units();
  if (host_.json.empty() || at - host_.at > state_serves) host_ = {host_state_json(folder, units_.json), at};
} catch (const std::exception&) {  // no memory, perhaps: evidence without it is evidence still
}

net::awaitable<Result<SealedBundle>> Sealer::seal(BundleInput gathered) {
  const auto executor = co_await net::this_coro::executor;
  const auto mine = std::make_shared<Asked>(executor);
  mine->input = std::move(gathered);
  asked_.push_back(mine);
  while (!mine->sealed) {
    if (is_sealing_)
      co_await mine->wake.wait();
    else
      co_await seal_those_that_wait();
  }
  co_return *std::move(mine->sealed);
}

/// Not more at once than a page may wait for. Whoever is next has those sealed that have come meanwhile.
net::awaitable<void> Sealer::seal_those_that_wait() {
  std::vector<std::shared_ptr<Asked>> all;
  all.reserve(most_at_once);
  is_sealing_ = true;
  for (; !asked_.empty() && all.size() < most_at_once; asked_.pop_front()) all.push_back(asked_.front());
  try {
    const auto inputs = std::make_shared<std::vector<BundleInput>>();
    for (const auto& each : all) inputs->push_back(std::move(each->input));
    if (const auto before = store_.find_snapshot("latest")) inputs->front().previous_sha256 = before->sha256;
    std::function<AllWritten()> work = [this, inputs, folder = bundles_of(store_)] {
      return pack_and_write(std::move(*inputs), folder);
    };
    auto written = co_await off_loop(worker_, std::move(work));
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (!written[i]) {
        all[i]->sealed = written[i].failure();
        continue;
      }
      SealedBundle sealed{written[i]->row.path, written[i]->row.sha256, std::move(written[i]->signature)};
      store_.adopt({std::move(written[i]->row)});
      all[i]->sealed = std::move(sealed);
    }
  } catch (const std::exception& e) {  // no memory, perhaps: the next ones must have their turn
    for (const auto& each : all)
      if (!each->sealed) each->sealed = Failure{e.what()};
  }
  is_sealing_ = false;
  for (const auto& each : all) each->wake.notify();
  if (!asked_.empty()) asked_.front()->wake.notify();
}

net::awaitable<BundleInput> Sealer::gather(SnapshotOrder order, SealContext context) {
  ask_for_host();  // while the store is asked
  const std::vector<std::uint64_t> wanted{order.incident.sweeps.last_good, order.incident.sweeps.first_bad,
                                          order.incident.sweeps.at_page, order.latest};
  RecentQuery query{order.target, order.at - timeline_length, order.at + Seconds(1), timeline_bytes, 0};
  auto draft = take_draft(order.target, query.from);
  SweepsAround around;
  const auto others = unknown(wanted, draft.sweeps);
  if (!draft.sweeps.empty() && !others.empty()) {  // of before the draft
    query.behind = draft.sweeps.back().sweep;
    query.most_bytes = drafted_bytes;
    around = co_await store_.sweeps_around(query, others);
  }
  if (draft.sweeps.empty() || around.recent.cut) {
    draft = Draft();
    query.behind = 0;
    query.most_bytes = timeline_bytes;
    around = co_await store_.sweeps_around(query, unknown(wanted, draft.sweeps));
  }
  auto& timeline = draft.sweeps;
  std::move(around.recent.sweeps.begin(), around.recent.sweeps.end(), std::back_inserter(timeline));

  BundleInput in;
  in.context = std::move(context);
  const std::pair<const char*, std::uint64_t> phases[] = {{"last-good", order.incident.sweeps.last_good},
                                                          {"first-bad", order.incident.sweeps.first_bad},
                                                          {"at-page", order.incident.sweeps.at_page},
                                                          {"latest", order.latest}};
  for (const auto& [name, number] : phases)
    if (const auto* sweep = numbered(around.named, timeline, number)) in.phases[name] = *sweep;
  in.timeline = std::move(timeline);
  in.ahead = std::move(draft.ahead);
  in.timeline_cut = around.recent.cut;
  in.order = std::move(order);
  co_return in;
}

/// On the worker's thread. Whoever cannot be packed or written is left out of the chain; what is written and does not
/// get to its place takes those with it that name it.
Sealer::AllWritten Sealer::pack_and_write(std::vector<BundleInput> inputs, const std::string& folder) {
  (void)make_private_folder(folder, for_us_only);  // without it, writing fails and says why
  DurableFiles files;
  AllWritten all;
  auto previous = inputs.front().previous_sha256;
  for (auto& input : inputs) {
    input.previous_sha256 = previous;
    all.push_back(pack_and_write(std::move(input), folder, files));
    if (all.back()) previous = all.back()->row.sha256;
  }
  auto placed = files.place();
  for (auto& each : all) {
    if (!each) continue;
    if (placed.count > 0)
      --placed.count;
    else
      each = placed.all.failure();
  }
  return all;
}

Result<Sealer::Written> Sealer::pack_and_write(BundleInput input, const std::string& folder, DurableFiles& beside) {
  input.host_json = host_.json;
  input.packed_with = packer();
  const WallTime at = input.order.at;
  const std::string path = folder + "/" + input.order.snapshot_id + ".tar.zst";
  auto files = bundle_files(std::move(input));
  // Evidence without a signature is evidence still: a page does not wait for a key.
  if (key_) (void)sign_manifest(files, *key_);
  const auto bytes = pack(files, at);
  if (!bytes) return bytes.failure();
  auto row = row_of(files, path, *bytes);
  if (!row) return Failure{"the manifest of " + path + " tells no time"};
  if (const auto written = beside.add(path, *bytes, 0640); !written) return written.failure();
  return Written{*std::move(row), signature_of(files).value_or(ManifestSignature{})};
}

}  // namespace readback
