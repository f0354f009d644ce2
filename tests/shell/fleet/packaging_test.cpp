// The shipped configuration of three servers, as it is but for addresses and the folder: a member can do all that it
// does, and nothing else.
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
using Outcome = FleetAnswered::Outcome;

namespace {

void replace_all(std::string& text, const std::string& what, const std::string& with) {
  std::size_t times = 0;
  for (std::size_t at = 0; (at = text.find(what, at)) != text.npos; at += with.size(), ++times)
    text.replace(at, what.size(), with);
  CAPTURE(what);
  REQUIRE(times > 0);
}

struct Shipped {
  Shipped() {
    std::vector<std::uint16_t> routes;
    for (int i = 0; i < 3; ++i) routes.push_back(free_port());
    for (std::size_t i = 0; i < 3; ++i) {
      const auto port = free_port();
      auto text = contents_of(READBACK_SOURCE_DIR "/packaging/nats/nats-server.conf");
      for (std::size_t j = 0; j < 3; ++j)
        replace_all(text, "10.0.0." + std::to_string(j + 1) + ":6222", "127.0.0.1:" + std::to_string(routes[j]));
      replace_all(text, "0.0.0.0:4222", "127.0.0.1:" + std::to_string(port));
      replace_all(text, "0.0.0.0:6222", "127.0.0.1:" + std::to_string(routes[i]));
      replace_all(text, "/var/lib/nats", "@FOLDER@/js");
      servers.push_back(std::make_unique<NatsServer>(text, port, "watch-" + std::to_string(i + 1)));
      urls.push_back(servers.back()->url());
    }
  }
  std::vector<std::unique_ptr<NatsServer>> servers;
  std::vector<std::string> urls;
};

FleetConfig shipped_fleet(const std::vector<std::string>& urls) {
  auto fleet = fleet_at(urls, 3);
  fleet.name = "helpifyr-prod";
  fleet.nats.password->value = "change-me";
  return fleet;
}

}  // namespace

TEST_CASE("With the shipped configuration a member can do all that it does") {
  net::io_context io;
  Shipped shipped;
  const auto fleet = shipped_fleet(shipped.urls);
  Folder folder;
  Member m(io, fleet, "host-1.example");
  REQUIRE(m.synced());
  CHECK(m.asked(Publish{Bucket::hosts, "host-1", "{}", 0}).outcome == Outcome::done);
  CHECK(m.asked(Publish{Bucket::views, "fabric.host-1", "{}", 0}).outcome == Outcome::done);
  CHECK(m.asked(ChangeClaim{"k", "one", 0, 0}).outcome == Outcome::done);
  CHECK(m.asked(Fetch{{{Bucket::hosts, "host-1"}, {Bucket::views, "fabric.host-1"}, {Bucket::claims, "k"}}, 0})
            .found.size() == 3);
  CHECK(m.asked(Append{"word", 0}).outcome == Outcome::done);
  CHECK(m.until([&] { return m.words.size() == 1; }));
  m.servers.publish({"event-1", "fabric", "outage", "{}"});
  CHECK(m.until([&] { return m.servers.state().news_waiting == 0; }));

  TaskGroup group(io.get_executor());
  Shipping shipping(m.servers.wire(), fleet, "host-1.example", (folder.path / "queue").string(), {});
  group.spawn("shipping", shipping.run());
  const std::string bytes(600'000, 'x');
  Shipment sealed;
  sealed.path = folder.write("snap", bytes).string();
  sealed.snapshot.id = "snap", sealed.snapshot.sha256 = sha256_hex(bytes);
  CHECK(run_coro(io, shipping.add(sealed)).ok());
  CHECK(m.until([&] { return shipping.unshipped() == 0; }));
  group.cancel();
  run_coro(io, group.join(Seconds(5)));
  const auto all = run_coro(io, list_bundles(m.servers.wire(), fleet.name));
  REQUIRE(all);
  CHECK(all->size() == 1);
  const auto pulled = run_coro(io, pull_bundle(m.servers.wire(), fleet.name, "host-1.example", "snap"));
  REQUIRE(pulled);
  CHECK(*pulled == bytes);
  CHECK(m.servers.state().troubles == std::vector<std::string>{});
}

TEST_CASE("With the shipped configuration a member can do nothing else, and nobody is let in without a password") {
  net::io_context io;
  Shipped shipped;
  Member m(io, shipped_fleet(shipped.urls));
  REQUIRE(m.synced());
  const char* const refused[] = {
      "$JS.API.STREAM.DELETE.KV_readback_helpifyr-prod_claims",
      "$JS.API.STREAM.PURGE.KV_readback_helpifyr-prod_claims",
      "$JS.API.STREAM.UPDATE.KV_readback_helpifyr-prod_claims",
      "$JS.API.STREAM.CREATE.ANOTHER",
      "$JS.API.STREAM.NAMES",
      "$JS.API.STREAM.MSG.DELETE.READBACK_helpifyr-prod_EVIDENCE",
      "$JS.API.CONSUMER.DURABLE.CREATE.READBACK_helpifyr-prod_WORDS.mine",
      "$KV.readback_other_claims.k",
      "readback.other.words.host-1",
      "elsewhere",
      "$SYS.REQ.SERVER.PING",
  };
  for (const std::string subject : refused) {
    CAPTURE(subject);
    WireRequest request{subject, "{}", {}};
    CHECK_FALSE(run_coro(io, m.servers.wire().ask(std::move(request), Millis(300))));
    CHECK(m.troubled("the fleet's servers refuse: Permissions Violation for Publish to \"" + subject + "\""));
  }
  const auto ear = m.servers.wire().listen("readback.>", 1000, [](WireMessage) {});
  CHECK(m.troubled("the fleet's servers refuse: Permissions Violation for Subscription to \"readback.>\""));
  CHECK(m.asked(ChangeClaim{"k", "one", 0, 0}).outcome == Outcome::done);

  auto fleet = shipped_fleet(shipped.urls);
  fleet.nats.user.clear(), fleet.nats.password.reset();
  Member nobody(io, fleet);
  CHECK(nobody.until([&] {
    const auto all = nobody.servers.state().troubles;
    return !all.empty() && all.front().starts_with("the fleet's servers refuse this login");
  }));
}
