// Sealing on a real disk: the file is whole and in the index, the chain goes on, and what cannot be written is said.
#include "daemon/evidence/sealer.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <boost/asio/detached.hpp>
#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>

#include "core/text/encoding.hpp"
#include "core/text/time.hpp"
#include "daemon/evidence/archive.hpp"
#include "tests/support/folder.hpp"
#include "tests/support/run_coro.hpp"

using namespace readback;
namespace fs = std::filesystem;
namespace json = boost::json;

namespace {

const WallTime t0 = *parse_rfc3339("2026-11-24T03:11:58.250Z");

/// A store in a folder of its own, and a sealer for it.
struct Bench {
  Bench() {
    store = Store::open(folder, {}).value();
    sealer = std::make_unique<Sealer>(*store, key);
  }
  ~Bench() {
    sealer.reset();
    store.reset();
  }
  BundleInput gather(const std::string& id, int second) {
    SnapshotOrder order;
    order.snapshot_id = id;
    order.target = "fabric";
    order.reason = "page";
    order.latest = 7;
    order.at = t0 + Seconds(second);
    SealContext context;
    context.host = "host-7";
    return run_coro(io, sealer->gather(std::move(order), std::move(context)));
  }
  Result<SealedBundle> seal(const std::string& id, int second) {
    auto gathered = gather(id, second);
    return run_coro(io, sealer->seal(std::move(gathered)));
  }
  net::awaitable<void> seal_into(Result<SealedBundle>& result, BundleInput gathered) {
    result = co_await sealer->seal(std::move(gathered));
  }
  /// At once; what each of them says.
  std::vector<Result<SealedBundle>> seal_all(const std::vector<std::string>& ids) {
    std::vector<BundleInput> gathered;
    for (const auto& id : ids) gathered.push_back(gather(id, static_cast<int>(gathered.size())));
    std::vector<Result<SealedBundle>> all(ids.size(), Failure{"it never ended"});
    for (std::size_t i = 0; i < ids.size(); ++i)
      net::co_spawn(io, seal_into(all[i], std::move(gathered[i])), net::detached);
    io.restart();
    io.run();
    return all;
  }

  /// As the daemon tells both of a sweep.
  void record(std::uint64_t number, WallTime at) {
    SweepRecord sweep;
    sweep.target = "fabric";
    sweep.sweep = number;
    sweep.at = at;
    JudgedRead read;
    read.raw.read = "health";
    read.raw.at = at;
    read.raw.answer = HttpAnswer{200, {}, "{\"n\": " + std::to_string(number) + "}"};
    read.word = "pass";
    sweep.reads.push_back(read);
    sealer->record(sweep);
    store->record(sweep);
  }

  net::io_context io;
  Folder own{"sealer"};
  const fs::path& folder = own.path;
  std::shared_ptr<const SigningKey> key =
      std::make_shared<const SigningKey>(SigningKey::from_seed(std::string(32, 'k')).value());
  std::unique_ptr<Store> store;
  std::unique_ptr<Sealer> sealer;
};

}  // namespace

TEST_CASE("A sealed snapshot is whole on the disk, is listed with its digest, and names the one before it") {
  Bench b;
  SweepRecord sweep;
  sweep.target = "fabric";
  sweep.sweep = 7;
  sweep.at = t0;
  b.store->record(sweep);
  run_coro(b.io, b.sealer->look_ahead("fabric", t0));
  const auto first = b.seal("01a2-first", 1);
  const auto second = b.seal("01a2-second", 2);
  REQUIRE(first);
  REQUIRE(second);
  const auto bytes = read_bytes(second->path);
  REQUIRE(bytes);
  CHECK(sha256_hex(*bytes) == second->sha256);
  CHECK(check_bundle(*bytes).troubles.empty());
  const auto files = unpack(*bytes);
  REQUIRE(files);
  CHECK(manifest_text(*files, "host") == "host-7");
  CHECK(is_signed_with(*files, b.key->public_half()));
  CHECK(signature_of(*files)->signature == second->signature.signature);
  CHECK(second->signature.key == b.key->public_half().text());
  CHECK(files->at("manifest.json").find("\"latest\"") != std::string::npos);

  const auto row = b.store->find_snapshot("latest");
  REQUIRE(row.has_value());
  CHECK(row->id == "01a2-second");
  CHECK(row->target == "fabric");
  CHECK(row->reason == "page");
  CHECK(row->at == t0 + Seconds(2));
  CHECK(row->sha256 == second->sha256);
  CHECK(row->previous == first->sha256);
  CHECK(row->size == bytes->size());
  CHECK(stray_bundles(*b.store).empty());
}

TEST_CASE("A bundle of what was read at the first suspicion has what one has that was read at the page") {
  Bench b;
  const auto files_of = [](const Result<SealedBundle>& sealed) { return unpack(*read_bytes(sealed->path)).value(); };
  b.record(3, t0 - std::chrono::minutes(15));  // too old by the time of the page
  b.record(4, t0 - std::chrono::minutes(14));
  b.record(5, t0);
  run_coro(b.io, b.sealer->look_ahead("fabric", t0));
  b.record(6, t0 + Seconds(1));
  b.record(7, t0 + Seconds(2));
  const auto ahead = files_of(b.seal("01a2", 2));
  b.sealer = std::make_unique<Sealer>(*b.store, b.key);
  const auto late = files_of(b.seal("01a3", 2));
  for (const auto& [name, contents] : ahead)
    if (name == "timeline.jsonl" || name == "diff.json" || name.starts_with("reads/")) CHECK(late.at(name) == contents);
  CHECK(std::count(late.at("timeline.jsonl").begin(), late.at("timeline.jsonl").end(), '\n') == 4);
  CHECK(ahead.size() == late.size());
}

TEST_CASE("What is recorded while the store is asked ahead stands once in the bundle, in its order") {
  for (const bool is_before : {true, false}) {
    CAPTURE(is_before);
    Bench b;
    const auto record = [&](std::uint64_t number) { b.record(number, t0 + Millis(number)); };
    record(5);
    net::co_spawn(b.io, b.sealer->look_ahead("fabric", t0 + Seconds(1)), net::detached);
    if (is_before) net::post(b.io, [&] { record(6); });
    b.io.poll();  // the store has been asked, and has not been heard
    if (!is_before) record(6);
    b.io.run();
    b.io.restart();
    record(7);
    const auto files = unpack(*read_bytes(b.seal("01a2", 2)->path)).value();
    std::string numbers;
    std::istringstream lines(files.at("timeline.jsonl"));
    for (std::string line; std::getline(lines, line);)
      numbers += std::to_string(json::parse(line).at("sweep").to_number<int>()) + " ";
    CHECK(numbers == "5 6 7 ");
  }
}

TEST_CASE("A bundle that the index lost is found again as it was listed; half of one is removed") {
  Bench b;
  const auto sealed = b.seal("01a2", 1);
  REQUIRE(sealed);
  const auto listed = *b.store->find_snapshot("01a2");
  std::ofstream(b.folder / "snapshots" / "01a3.tar.zst.part") << "half";
  std::ofstream(b.folder / "snapshots" / "01a4.tar.zst") << "no bundle";
  b.sealer.reset();
  b.store.reset();
  for (const char* part : {"readback.db", "readback.db-wal", "readback.db-shm"}) fs::remove(b.folder / part);
  b.store = Store::open(b.folder, {}).value();
  const auto strays = stray_bundles(*b.store);
  REQUIRE(strays.size() == 1);
  CHECK(strays[0].id == listed.id);
  CHECK(strays[0].sha256 == listed.sha256);
  CHECK(strays[0].size == listed.size);
  CHECK(strays[0].at == listed.at);
  CHECK(strays[0].path == listed.path);
  CHECK_FALSE(fs::exists(b.folder / "snapshots" / "01a3.tar.zst.part"));
}

TEST_CASE("Many that are asked for at once are one chain, in the order in which they were asked for") {
  Bench b;
  std::vector<std::string> ids;
  for (int i = 0; i < 40; ++i) ids.push_back("01b" + std::to_string(100 + i));
  const auto sealed = b.seal_all(ids);
  std::string before;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    CAPTURE(ids[i]);
    REQUIRE(sealed[i]);
    const auto bytes = read_bytes(b.folder / "snapshots" / (ids[i] + ".tar.zst"));
    REQUIRE(bytes);
    CHECK(sha256_hex(*bytes) == sealed[i]->sha256);
    CHECK(check_bundle(*bytes).troubles.empty());
    CHECK(manifest_text(*unpack(*bytes), "previous_sha256") == before);
    before = sealed[i]->sha256;
  }
  CHECK(b.store->snapshots().size() == 40);
}

TEST_CASE(
    "What cannot be written beside others is left out of the chain; what cannot be placed takes those behind it") {
  for (const std::string in_the_way : {"01a3.tar.zst.part", "01a3.tar.zst"}) {
    CAPTURE(in_the_way);
    Bench b;
    const auto first = b.seal("01a0", 1);
    REQUIRE(first);
    fs::create_directory(b.folder / "snapshots" / in_the_way);
    const auto sealed = b.seal_all({"01a1", "01a2", "01a3", "01a4"});  // the first has its turn alone
    const bool is_written = in_the_way == "01a3.tar.zst";
    const std::string path = (b.folder / "snapshots" / "01a3.tar.zst").string();
    CHECK(sealed[0]);
    REQUIRE(sealed[1]);
    REQUIRE_FALSE(sealed[2]);
    CHECK(sealed[2].error() ==
          (is_written ? "cannot rename " + path + ": Is a directory" : "cannot create " + path + ": File exists"));
    CHECK(sealed[3].ok() == !is_written);
    if (is_written) CHECK(sealed[3].error() == sealed[2].error());
    fs::remove(b.folder / "snapshots" / in_the_way);
    const auto last = b.seal("01a5", 9);
    REQUIRE(last);
    const auto previous = [&](const std::string& id) {
      return manifest_text(*unpack(*read_bytes(b.folder / "snapshots" / (id + ".tar.zst"))), "previous_sha256");
    };
    if (!is_written) CHECK(previous("01a4") == sealed[1]->sha256);
    CHECK(previous("01a5") == (is_written ? sealed[1] : sealed[3])->sha256);
    CHECK(b.store->snapshots().size() == (is_written ? 4 : 5));
    for (const auto& file : fs::directory_iterator(b.folder / "snapshots")) CHECK(file.path().extension() == ".zst");
  }
}

TEST_CASE("Where nothing can be written the error names file and reason, and nothing is listed") {
  Bench b;
  std::ofstream(b.folder / "snapshots") << "a file where the folder should be";
  const auto sealed = b.seal("01a2", 1);
  REQUIRE_FALSE(sealed);
  CHECK(sealed.error() == "cannot create " + (b.folder / "snapshots" / "01a2.tar.zst").string() + ": Not a directory");
  CHECK(b.store->snapshots().empty());
}

TEST_CASE("The public-safe form of a sealed file is a bundle of its own without the host") {
  Bench b;
  const auto sealed = b.seal("01a2", 1);
  REQUIRE(sealed);
  const auto shared = public_safe_bundle(sealed->path, b.key.get());
  REQUIRE(shared);
  CHECK(check_bundle(*shared).troubles.empty());
  const auto files = unpack(*shared);
  REQUIRE(files);
  CHECK(files->at("manifest.json").find("host-7") == std::string::npos);
  CHECK(is_signed_with(*files, b.key->public_half()));  // a manifest of its own, and signed for itself
  CHECK(manifest_text(*files, "of_full_manifest_sha256") ==
        sha256_hex(unpack(*read_bytes(sealed->path))->at("manifest.json")));
  const auto unsigned_form = public_safe_bundle(sealed->path, nullptr);
  REQUIRE(unsigned_form);
  CHECK_FALSE(unpack(*unsigned_form)->contains("manifest.sig"));
  CHECK_FALSE(public_safe_bundle(sealed->path + "x", b.key.get()));
  const auto whole = read_bytes(sealed->path);
  CHECK(public_safe_form(*whole, nullptr).value() == *unsigned_form);  // as it comes from another host
  auto changed = *unpack(*whole);
  changed.at("summary.md") += "and more";
  const auto refused = public_safe_form(pack(changed, WallTime{}).value(), nullptr);
  REQUIRE_FALSE(refused);
  CHECK(refused.error() == "it is damaged: summary.md was changed");
}

TEST_CASE("Without a key it is sealed all the same, and says nothing of a signature") {
  Bench b;
  b.sealer = std::make_unique<Sealer>(*b.store, nullptr);
  const auto sealed = b.seal("01a2", 1);
  REQUIRE(sealed);
  CHECK(sealed->signature.key.empty());
  CHECK_FALSE(unpack(*read_bytes(sealed->path))->contains("manifest.sig"));
  CHECK(check_bundle(*read_bytes(sealed->path)).troubles.empty());
}
