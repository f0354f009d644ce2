// Evidence that outlives its host: sealed bundles go to the servers in chunks, and come back whole or not at all.
#include <doctest/doctest.h>

#include "core/text/encoding.hpp"
#include "daemon/fleet/shelf.hpp"
#include "daemon/fleet/shipping.hpp"
#include "daemon/fleet/streams.hpp"
#include "daemon/runtime/task_group.hpp"
#include "tests/shell/fleet/member.hpp"
#include "tests/shell/fleet/nats_servers.hpp"
#include "tests/support/folder.hpp"

using namespace readback;

namespace {

/// Bytes that are not the same everywhere.
std::string bundle_of(std::size_t size) {
  std::string bytes;
  for (std::uint64_t i = 0; bytes.size() < size; ++i) bytes += sha256(std::to_string(i));
  bytes.resize(size);
  return bytes;
}

/// A host with bundles in a folder, a connection, and what ships them.
struct Host {
  Host(net::io_context& io, const FleetConfig& fleet, const Folder& at, const std::string& name)
      : loop(io),
        folder(at),
        member(io, fleet, name),
        group(io.get_executor()),
        shipping(member.servers.wire(), fleet, name, (at.path / "shipping.json").string(),
                 [this](const Say& line) { said.push_back(line.text); }) {}
  ~Host() {
    group.cancel();
    run_coro(loop, group.join(Seconds(5)));
  }
  void start() { group.spawn("shipping", shipping.run()); }
  Shipment sealed(const std::string& id, const std::string& bytes) {
    const auto file = folder.write(id + ".tar.zst", bytes);
    Shipment s;
    s.path = file.string();
    s.snapshot.id = id, s.snapshot.sha256 = sha256_hex(bytes), s.snapshot.size = bytes.size();
    s.snapshot.target = "fabric", s.snapshot.incident_id = "019-" + id, s.snapshot.reason = "page\nof \"two\" lines";
    CHECK(run_coro(loop, shipping.add(s)).ok());
    return s;
  }
  bool done() {
    return member.until([this] { return shipping.unshipped() == 0; });
  }
  Result<std::string> pull(const std::string& host, const std::string& id) {
    return run_coro(loop, pull_bundle(member.servers.wire(), "prod", host, id), Seconds(60));
  }
  std::vector<FleetBundle> list() {
    auto all = run_coro(loop, list_bundles(member.servers.wire(), "prod"));
    return all ? *all : std::vector<FleetBundle>{};
  }
  net::io_context& loop;
  const Folder& folder;
  std::vector<std::string> said;
  Member member;
  TaskGroup group;
  Shipping shipping;
};

}  // namespace

TEST_CASE("A bundle of any size is with the fleet once it has been shipped, and another host has the same bytes") {
  net::io_context io;
  NatsServer server;
  Folder folder, elsewhere;
  Host host(io, fleet_at({server.url()}), folder, "host-1");
  REQUIRE(host.member.synced());
  host.start();
  struct Case {
    const char* id;
    std::size_t size;
    std::uint64_t chunks;
  };
  const Case cases[] = {{"one-byte", 1, 1},
                        {"one-chunk", evidence_chunk, 1},
                        {"one-more", evidence_chunk + 1, 2},
                        {"many", 3'000'000, 12}};
  for (const Case& c : cases) host.sealed(c.id, bundle_of(c.size));
  REQUIRE(host.done());
  Host other(io, fleet_at({server.url()}), elsewhere, "host-2");
  REQUIRE(other.member.synced());
  const auto all = other.list();
  REQUIRE(all.size() == 4);
  CHECK(all.front().snapshot.id == "one-more");
  for (const Case& c : cases) {
    CAPTURE(c.id);
    const auto found = std::find_if(all.begin(), all.end(), [&](const auto& b) { return b.snapshot.id == c.id; });
    REQUIRE(found != all.end());
    CHECK(found->snapshot.host == "host-1");
    CHECK(found->snapshot.size == c.size);
    CHECK(found->snapshot.target == "fabric");
    CHECK(found->snapshot.incident_id == "019-" + std::string(c.id));
    CHECK(found->snapshot.reason == "page\nof \"two\" lines");
    CHECK(found->count == c.chunks);
    CHECK(found->chunks == c.chunks);
    CHECK(found->is_whole());
    CHECK(found->snapshot.sha256 == sha256_hex(bundle_of(c.size)));
    const auto bytes = other.pull("host-1", c.id);
    REQUIRE(bytes);
    CHECK(*bytes == bundle_of(c.size));
  }
}

TEST_CASE("What could not be shipped is shipped after a restart, from the queue on the disk") {
  net::io_context io;
  NatsServer server;
  server.kill();
  Folder folder;
  {
    Host host(io, fleet_at({server.url()}), folder, "host-1");
    host.start();
    const auto first = host.sealed("first", bundle_of(400'000));
    host.sealed("second", bundle_of(10));
    CHECK(run_coro(io, host.shipping.add(first)).ok());  // sealed twice is shipped once
    CHECK(host.shipping.unshipped() == 2);
  }
  server.start();
  Host again(io, fleet_at({server.url()}), folder, "host-1");
  CHECK(again.shipping.unshipped() == 2);
  REQUIRE(again.member.synced());
  again.start();
  REQUIRE(again.done());
  CHECK(again.list().size() == 2);
  const auto queue = folder.path / "shipping.json";
  CHECK(again.member.until([&] { return contents_of(queue) == R"({"newest":"second","waiting":[]})"; }));
  CHECK(again.shipping.newest() == "second");
}

TEST_CASE("A server that goes in the middle of a bundle has all of it when it is back, each chunk once") {
  net::io_context io;
  NatsServer server;
  Folder folder;
  auto fleet = fleet_at({server.url()});
  Host host(io, fleet, folder, "host-1");
  REQUIRE(host.member.synced());
  host.start();
  host.sealed("large", bundle_of(8'000'000));
  REQUIRE(host.member.until([&] { return !host.list().empty(); }));
  server.kill();
  REQUIRE(host.member.until([&] { return host.member.losses == 1; }));
  server.start();
  REQUIRE(host.done());
  const auto all = host.list();
  REQUIRE(all.size() == 1);
  CHECK(all[0].chunks == all[0].count);
  const auto bytes = host.pull("host-1", "large");
  REQUIRE(bytes);
  CHECK(*bytes == bundle_of(8'000'000));
}

TEST_CASE("A bundle that is gone, or larger than all that the fleet keeps, holds up no other") {
  net::io_context io;
  NatsServer server;
  Folder folder;
  auto fleet = fleet_at({server.url()});
  fleet.evidence.keep_bytes = 1 << 20;
  Host host(io, fleet, folder, "host-1");
  REQUIRE(host.member.synced());
  const auto gone = host.sealed("gone", bundle_of(10));
  std::filesystem::remove(gone.path);
  host.sealed("huge", bundle_of(2 << 20));
  host.sealed("small", bundle_of(10));
  host.start();
  REQUIRE(host.done());
  const std::vector<std::string> said = {"snapshot gone is not shipped: " + gone.path + " is not there any more",
                                         "snapshot huge is not shipped: it is larger than fleet.evidence.keep.size",
                                         "snapshot small is with the fleet"};
  CHECK(host.said == said);
  CHECK(host.list().size() == 1);
}

TEST_CASE("What is missing, not whole or not what was sealed is not given out") {
  net::io_context io;
  NatsServer server;
  Folder folder;
  Host host(io, fleet_at({server.url()}), folder, "host-1");
  REQUIRE(host.member.synced());
  host.start();
  host.sealed("real", bundle_of(10));
  REQUIRE(host.done());
  const auto put = [&](const std::string& id, const std::string& index, const std::string& count,
                       const std::string& size, const std::string& text) {
    WireRequest chunk{"readback.prod.evidence.host-1." + id, text, {}};
    chunk.headers = {{"Readback-Index", index},
                     {"Readback-Count", count},
                     {"Readback-Size", size},
                     {"Readback-Sha256", sha256_hex("ab")}};
    CHECK_FALSE(run_coro(io, ask(host.member.servers.wire(), std::move(chunk), Seconds(5))).error);
  };
  put("half", "0", "2", "2", "a");
  put("forged", "0", "2", "2", "a");
  put("forged", "1", "2", "2", "c");
  put("endless", "99999999999999999999", "18446744073709551615", "18446744073709551615", "a");
  put("twice", "0", "2", "2", "a");
  put("twice", "0", "2", "2", "a");
  put("twice", "1", "2", "2", "b");
  struct Case {
    const char* id;
    const char* why;
  };
  const Case cases[] = {
      {"never", "snapshot never of host-1 is not with the fleet"},
      {"half", "snapshot half of host-1 is not whole: 1 of 2 chunks are with the fleet"},
      {"forged", "snapshot forged of host-1 has another digest than it was sealed with"},
      {"endless", "snapshot endless of host-1 is not whole: 1 of 18446744073709551615 chunks are with the fleet"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.id);
    const auto pulled = host.pull("host-1", c.id);
    REQUIRE_FALSE(pulled);
    CHECK(pulled.error() == c.why);
  }
  const auto twice = host.pull("host-1", "twice");
  REQUIRE(twice);
  CHECK(*twice == "ab");
  CHECK(host.pull("host-2", "real").error() == "snapshot real of host-2 is not with the fleet");
}
