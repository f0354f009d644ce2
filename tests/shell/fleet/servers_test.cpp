// The shell over one real server: what is asked of it, what is heard, and what a member does that another one sees.
#include <doctest/doctest.h>

#include "daemon/fleet/streams.hpp"
#include "tests/shell/fleet/member.hpp"
#include "tests/shell/fleet/nats_servers.hpp"
#include "tests/support/folder.hpp"

using namespace readback;
using Outcome = FleetAnswered::Outcome;

namespace {

JetStreamAnswer api(net::io_context& io, Member& m, WireRequest request) {
  return run_coro(io, ask(m.servers.wire(), std::move(request), Seconds(5)));
}

}  // namespace

TEST_CASE("The first member makes what is missing; the second is shown what stands there, then what changes") {
  net::io_context io;
  NatsServer server;
  Member a(io, fleet_at({server.url()}), "host-1");
  REQUIRE(a.synced());
  CHECK(a.known.empty());
  const auto written = a.asked(Publish{Bucket::hosts, "host-1", "{\"one\":1}", 0});
  CHECK(written.outcome == Outcome::done);
  CHECK(written.revision == 1);
  CHECK(a.until([&] { return a.heard(Bucket::hosts, "host-1") == "{\"one\":1}"; }));

  Member b(io, fleet_at({server.url()}), "host-2");
  REQUIRE(b.synced());
  CHECK(b.pictures == 1);
  CHECK(b.heard(Bucket::hosts, "host-1") == "{\"one\":1}");
  CHECK(b.heard(Bucket::views, "host-1") == "-");
  a.asked(Publish{Bucket::hosts, "host-1", "{\"two\":2}", 0});
  a.asked(Publish{Bucket::views, "fabric.host-1", "{}", 0});
  CHECK(b.until([&] { return b.heard(Bucket::hosts, "host-1") == "{\"two\":2}"; }));
  CHECK(b.until([&] { return b.heard(Bucket::views, "fabric.host-1") == "{}"; }));
  CHECK(b.known[{Bucket::hosts, "host-1"}].revision == 2);
  a.asked(Publish{Bucket::hosts, "host-1", "", 0});
  CHECK(b.until([&] { return b.heard(Bucket::hosts, "host-1").empty(); }));
  CHECK(b.servers.state().troubles == std::vector<std::string>{});
  CHECK(a.servers.traffic().sent_bytes > std::string("{\"one\":1}{\"two\":2}{}").size());
  CHECK(b.servers.traffic().heard_bytes > b.servers.traffic().heard);
}

TEST_CASE("Who has stood still hears all of it anew: nothing of what was on its way, and what stands there now") {
  net::io_context io;
  NatsServer server;
  Member a(io, fleet_at({server.url()}), "host-1");
  Member b(io, fleet_at({server.url()}), "host-2");
  REQUIRE(a.synced());
  REQUIRE(b.synced());
  a.asked(Publish{Bucket::views, "fabric.host-1", "{\"one\":1}", 0});
  REQUIRE(b.hears(Bucket::views, "fabric.host-1", "{\"one\":1}"));
  for (int i = 0; i < 50; ++i) a.ask(Publish{Bucket::views, "fabric.host-1", "{\"n\":" + std::to_string(i) + "}", 0});
  const int losses = b.losses;
  b.servers.carry_out(StartOver{});
  CHECK(b.losses == losses + 1);  // at once, before anything that comes in now
  CHECK(!b.servers.state().is_synced);
  b.known.clear();
  REQUIRE(b.synced());
  CHECK(b.pictures == 2);
  CHECK(b.hears(Bucket::views, "fabric.host-1", "{\"n\":49}"));
  CHECK(!b.falls_back);

  // Without a connection there is nothing to hear, and it is said all the same.
  server.kill();
  REQUIRE(b.until([&] { return !b.servers.state().is_connected; }));
  const int then = b.losses;
  b.servers.carry_out(StartOver{});
  CHECK(b.losses == then + 1);
}

TEST_CASE("The buckets keep one value a key, hosts for a minute; nothing that nobody would read can be written there") {
  net::io_context io;
  NatsServer server;
  Member a(io, fleet_at({server.url()}));
  REQUIRE(a.synced());
  struct Case {
    const char* name;
    std::uint64_t age_ns, per_key;
  };
  for (const Case& c : {Case{"KV_readback_prod_hosts", 60'000'000'000u, 1},
                        {"KV_readback_prod_views", 172'800'000'000'000u, 1},
                        {"KV_readback_prod_claims", 0, 1}}) {
    CAPTURE(c.name);
    const auto info = api(io, a, info_of(c.name));
    CHECK(info.number_in("config", "max_age") == c.age_ns);
    CHECK(info.number_in("config", "max_msgs_per_subject") == c.per_key);
    CHECK(info.number_in("config", "num_replicas") == 1);
  }
  CHECK(a.asked(Publish{Bucket::views, "fabric.host-1", std::string(100'000, 'x'), 0}).outcome == Outcome::no_answer);
  CHECK(a.troubled("the fleet's servers refuse KV_readback_prod_views: message size exceeds maximum allowed"));
}

TEST_CASE("Of two who make the same claim at once one has it, and the other is told that it is taken") {
  net::io_context io;
  NatsServer server;
  Member a(io, fleet_at({server.url()}), "host-1"), b(io, fleet_at({server.url()}), "host-2");
  REQUIRE(a.synced());
  REQUIRE(b.synced());
  for (int i = 0; i < 50; ++i) {
    CAPTURE(i);
    const std::string key = "prod.fabric.outage.sink" + std::to_string(i);
    const auto at_a = a.ask(ChangeClaim{key, "a", 0, 0}), at_b = b.ask(ChangeClaim{key, "b", 0, 0});
    REQUIRE(a.until([&] { return a.answer_to(at_a) && b.answer_to(at_b); }));
    const bool is_a = a.answer_to(at_a)->outcome == Outcome::done, is_b = b.answer_to(at_b)->outcome == Outcome::done;
    CHECK(is_a != is_b);
    CHECK((is_a ? b.answer_to(at_b) : a.answer_to(at_a))->outcome == Outcome::conflict);
    const auto read = a.asked(Fetch{{{Bucket::claims, key}}, 0});
    REQUIRE(read.found.size() == 1);
    CHECK(read.found[0].second.text == (is_a ? "a" : "b"));
    // Whoever has seen it may change it; who saw less may not.
    Member& loser = is_a ? b : a;
    CHECK(loser.asked(ChangeClaim{key, "c", read.found[0].second.revision, 0}).outcome == Outcome::done);
    CHECK(loser.asked(ChangeClaim{key, "d", read.found[0].second.revision, 0}).outcome == Outcome::conflict);
  }
}

TEST_CASE("What was removed can be made again, and is not there for who asks") {
  net::io_context io;
  NatsServer server;
  Member a(io, fleet_at({server.url()}));
  REQUIRE(a.synced());
  CHECK(a.asked(ChangeClaim{"k", "one", 0, 0}).outcome == Outcome::done);
  CHECK(a.asked(Publish{Bucket::claims, "k", "", 0}).outcome == Outcome::done);
  const auto gone = a.asked(Fetch{{{Bucket::claims, "k"}, {Bucket::claims, "never"}}, 0});
  CHECK(gone.outcome == Outcome::done);
  CHECK(gone.found.empty());
  CHECK(a.asked(ChangeClaim{"k", "two", 0, 0}).outcome == Outcome::done);
  CHECK(a.asked(ChangeClaim{"k", "three", 0, 0}).outcome == Outcome::conflict);
  Member late(io, fleet_at({server.url()}), "host-2");
  REQUIRE(late.synced());
  CHECK(late.heard(Bucket::claims, "k") == "two");
}

TEST_CASE("Many keys are read at once, of several buckets") {
  net::io_context io;
  NatsServer server;
  Member a(io, fleet_at({server.url()}));
  REQUIRE(a.synced());
  Fetch all;
  for (int i = 0; i < 64; ++i) {
    const std::string host = "host-" + std::to_string(i);
    a.ask(Publish{Bucket::hosts, host, "member", 0});
    const auto last = a.ask(Publish{Bucket::views, "fabric." + host, "view", 0});
    all.keys.emplace_back(Bucket::hosts, host);
    all.keys.emplace_back(Bucket::views, "fabric." + host);
    if (i == 63) REQUIRE(a.until([&] { return a.answer_to(last) != nullptr; }));
  }
  const auto answered = a.asked(std::move(all));
  CHECK(answered.outcome == Outcome::done);
  CHECK(answered.found.size() == 128);
  CHECK_FALSE(a.falls_back);
}

TEST_CASE("A word said on one host is heard on all, in its place; who was away hears what came since") {
  net::io_context io;
  NatsServer server;
  std::uint64_t place = 0;
  {
    Member a(io, fleet_at({server.url()}), "host-1"), b(io, fleet_at({server.url()}), "host-2");
    REQUIRE(a.synced());
    REQUIRE(b.synced());
    CHECK(a.asked(Append{"first", 0}).outcome == Outcome::done);
    REQUIRE(b.until([&] { return b.words.size() == 1; }));
    CHECK(b.words[0].text == "first");
    place = b.words[0].seq;
    CHECK(place == 1);
  }
  Member a(io, fleet_at({server.url()}), "host-1", place);
  REQUIRE(a.synced());
  CHECK(a.asked(Append{"second", 0}).outcome == Outcome::done);
  Member b(io, fleet_at({server.url()}), "host-2", place), anew(io, fleet_at({server.url()}), "host-3");
  REQUIRE(b.until([&] { return b.words.size() == 1 && anew.words.size() == 2; }));
  CHECK(b.words[0].text == "second");
  CHECK(b.words[0].seq == 2);
  CHECK(anew.words[0].text == "first");
}

TEST_CASE("An alert event is stored once, however often it is published, and waits for a connection") {
  net::io_context io;
  NatsServer server;
  server.kill();
  Member a(io, fleet_at({server.url()}));
  a.servers.publish({"event-1", "fabric", "outage", "{\"id\":1}"});
  a.servers.publish({"event-1", "fabric", "outage", "{\"id\":1}"});
  a.servers.publish({"event-2", "fabric", "outage", "{\"id\":2}"});
  CHECK(a.servers.state().news_waiting == 3);
  server.start();
  REQUIRE(a.until([&] { return a.servers.state().news_waiting == 0; }));
  const auto info = api(io, a, info_of("READBACK_prod_EVENTS"));
  CHECK(info.number_in("state", "messages") == 2);
  const auto last = read_stored(api(io, a, last_of("READBACK_prod_EVENTS", "readback.prod.events.fabric.outage")));
  REQUIRE(last);
  CHECK(last->body == "{\"id\":2}");
}

TEST_CASE("An alert event that waits for the servers outlives a stop, and a kill") {
  net::io_context io;
  NatsServer server;
  server.kill();
  const Folder folder;
  const auto file = (folder.path / "events.json").string();
  const auto is_kept = [&](const char* id) { return contents_of(file).find(id) != std::string::npos; };
  {
    Member a(io, fleet_at({server.url()}), "host-1", 0, file);
    a.servers.publish({"event-1", "fabric", "outage", "{\"id\":1}"});
    CHECK(a.until([&] { return is_kept("event-1"); }));  // what a kill leaves
    a.servers.publish({"event-2", "fabric", "outage", "{\"id\":2}"});
    a.stop();
  }
  CHECK(is_kept("event-2"));
  server.start();
  {
    Member b(io, fleet_at({server.url()}), "host-1", 0, file);
    CHECK(b.servers.state().news_waiting == 2);
    REQUIRE(b.until([&] { return b.servers.state().news_waiting == 0; }));
    CHECK(api(io, b, info_of("READBACK_prod_EVENTS")).number_in("state", "messages") == 2);
    b.stop();
  }
  CHECK_FALSE(is_kept("event"));
  CHECK(Member(io, fleet_at({server.url()}), "host-1", 0, file).servers.state().news_waiting == 0);

  folder.write("events.json", "junk");
  std::string said;
  CHECK(NewsQueue(file, [&](const Say& line) { said = line.text; }).empty());
  CHECK(said == "the events in " + file + " cannot be read: they are lost");
}

TEST_CASE("What is on its way when a stop begins is waited for: a goodbye is heard") {
  net::io_context io;
  NatsServer server;
  Member b(io, fleet_at({server.url()}), "host-2");
  {
    Member a(io, fleet_at({server.url()}), "host-1");
    REQUIRE(a.synced());
    REQUIRE(b.synced());
    a.ask(Publish{Bucket::hosts, "host-1", "goodbye", 0});
    a.stop();
    CHECK(a.answers.size() == 1);
  }
  CHECK(b.until([&] { return b.heard(Bucket::hosts, "host-1") == "goodbye"; }));
}
