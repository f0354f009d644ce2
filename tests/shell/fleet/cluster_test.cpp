// Three servers that keep everything threefold: one of them may go at any time, the one that leads as well.
#include <doctest/doctest.h>

#include <boost/json.hpp>

#include "daemon/fleet/streams.hpp"
#include "tests/shell/fleet/member.hpp"
#include "tests/shell/fleet/nats_servers.hpp"

using namespace readback;
using Outcome = FleetAnswered::Outcome;

namespace {

std::string leader_of(net::io_context& io, Member& m, const std::string& stream) {
  const auto info = run_coro(io, ask(m.servers.wire(), info_of(stream), Seconds(5)));
  const auto* cluster = info.body.if_contains("cluster");
  const auto* leader = cluster ? cluster->as_object().if_contains("leader") : nullptr;
  return leader ? std::string(leader->as_string()) : "";
}

/// Until it is done: a claim is asked for again by whoever wants it.
bool claimed(Member& m, const std::string& key, const std::string& text) {
  for (int i = 0; i < 90; ++i) {  // each waits 2 s for servers that do not answer
    const auto read = m.asked(Fetch{{{Bucket::claims, key}}, 0});
    if (read.outcome != Outcome::done) continue;
    const std::uint64_t revision = read.found.empty() ? 0 : read.found[0].second.revision;
    if (!read.found.empty() && read.found[0].second.text == text) return true;
    if (m.asked(ChangeClaim{key, text, revision, 0}).outcome == Outcome::done) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("In a cluster the leader of the claims may be killed, and each of the others; all comes back") {
  net::io_context io;
  NatsCluster cluster;
  Member a(io, fleet_at(cluster.urls(), 3), "host-1"), b(io, fleet_at(cluster.urls(), 3), "host-2");
  REQUIRE(a.synced());
  REQUIRE(b.synced());
  CHECK(claimed(a, "k", "first"));
  for (int round = 0; round < 2; ++round) {
    CAPTURE(round);
    std::string leader;
    REQUIRE(a.until([&] { return !(leader = leader_of(io, a, "KV_readback_prod_claims")).empty(); }));
    cluster.named(leader).kill();
    const std::string text = "without " + leader + " in round " + std::to_string(round);
    CHECK(claimed(b, "k", text));
    CHECK(a.hears(Bucket::claims, "k", text));
    CHECK(b.hears(Bucket::claims, "k", text));
    cluster.named(leader).start();
    CHECK(claimed(a, "again", text));
  }
  CHECK_FALSE(a.falls_back);
  CHECK_FALSE(b.falls_back);
}

TEST_CASE("A cluster without a majority answers nobody, and is asked until it has one") {
  net::io_context io;
  NatsCluster cluster;
  Member m(io, fleet_at(cluster.urls(), 3));
  REQUIRE(m.synced());
  CHECK(claimed(m, "k", "one"));
  cluster.servers[0]->kill();
  cluster.servers[1]->kill();
  CHECK(m.asked(ChangeClaim{"other", "two", 0, 0}).outcome == Outcome::no_answer);
  CHECK(m.asked(Publish{Bucket::hosts, "host-1", "{}", 0}).outcome == Outcome::no_answer);
  cluster.servers[0]->start();
  cluster.servers[1]->start();
  CHECK(claimed(m, "k", "two"));
  CHECK(m.hears(Bucket::claims, "k", "two"));
}
