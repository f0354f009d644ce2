// Servers that cannot be used, and those that go: each has its sentence, every request its answer, and what comes back
// is read anew.
#include <doctest/doctest.h>

#include "tests/shell/fleet/member.hpp"
#include "tests/shell/fleet/nats_servers.hpp"

using namespace readback;
using Outcome = FleetAnswered::Outcome;

TEST_CASE("Why a fleet cannot be joined is said in a sentence, and each request is answered by no answer") {
  net::io_context io;
  NatsServer server;
  struct Case {
    std::string name;
    std::function<void(FleetConfig&)> change;
    std::string sentence;
  };
  const std::string at = " (" + server.url() + ")";
  const Case cases[] = {
      {"a wrong password", [](FleetConfig& f) { f.nats.password->value = "wrong"; },
       "the fleet's servers refuse this login" + at + ": Authorization Violation"},
      {"no login at all", [](FleetConfig& f) { f.nats.user.clear(), f.nats.password.reset(); },
       "the fleet's servers refuse this login" + at + ": Authorization Violation"},
      {"a password that is not there",
       [](FleetConfig& f) {
         f.nats.password = SecretRef{SecretRef::From::env, "READBACK_NO_SUCH_VARIABLE", {}};
       },
       "password of the fleet: the environment variable READBACK_NO_SUCH_VARIABLE is not set"},
      {"an account without JetStream", [](FleetConfig& f) { f.nats.user = "poor"; },
       "the fleet's servers have no JetStream for this account: enable it there (KV_readback_prod_hosts)"},
      {"three replicas on one server", [](FleetConfig& f) { f.replicas = 3; },
       "KV_readback_prod_hosts cannot have 3 replicas: the fleet's servers are no cluster of 3; set fleet.replicas to "
       "1 "
       "for a single server"},
      {"TLS that the server has not", [](FleetConfig& f) { f.nats.urls[0].replace(0, 4, "tls"); },
       "the fleet's servers offer no TLS (tls" + server.url().substr(4) + ")"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    auto fleet = fleet_at({server.url()});
    c.change(fleet);
    Member m(io, fleet);
    CHECK(m.troubled(c.sentence));
    CHECK(m.asked(Publish{Bucket::hosts, "host-1", "{}", 0}).outcome == Outcome::no_answer);
    CHECK(m.asked(Fetch{{{Bucket::claims, "k"}}, 0}).outcome == Outcome::no_answer);
    CHECK(m.pictures == 0);
  }
}

TEST_CASE("A server that is not there, and a name that does not exist, are waited for") {
  net::io_context io;
  const std::string nobody = "nats://127.0.0.1:" + std::to_string(free_port());
  Member m(io, fleet_at({nobody}));
  CHECK(m.troubled("none of the fleet's servers can be reached (" + nobody + ")"));
  Member lost(io, fleet_at({"nats://no-such-host.invalid:4222"}));
  CHECK(lost.troubled("none of the fleet's servers can be reached (nats://no-such-host.invalid:4222)"));
}

TEST_CASE("A server from before headers is too old") {
  const auto listener = listen_on_loopback();
  std::atomic<bool> over = false;
  std::thread old([&] {
    while (!over) {
      const int peer = ::accept4(listener.fd, nullptr, nullptr, SOCK_CLOEXEC);
      if (peer < 0) return;
      send_all(peer, "INFO {\"server_id\":\"OLD\",\"version\":\"2.1.9\",\"proto\":1,\"max_payload\":1048576}\r\n");
      char words[4096];
      for (ssize_t n = 0; (n = ::recv(peer, words, sizeof words, 0)) > 0;)
        if (std::string_view(words, static_cast<std::size_t>(n)).find("PING") != std::string_view::npos)
          send_all(peer, "PONG\r\n");
      ::close(peer);
    }
  });
  {
    net::io_context io;
    const std::string url = "nats://127.0.0.1:" + std::to_string(listener.port);
    Member m(io, fleet_at({url}));
    CHECK(m.troubled("the NATS server at " + url + " is too old: it has no headers (2.2 has)"));
    CHECK_FALSE(m.servers.state().is_connected);
  }
  over = true;
  ::shutdown(listener.fd, SHUT_RDWR);
  old.join();
  ::close(listener.fd);
}

TEST_CASE("A stream that is full takes no word, says so, and hinders nothing else") {
  net::io_context io;
  NatsServer server;
  {
    Member first(io, fleet_at({server.url()}));
    REQUIRE(first.synced());
    WireRequest narrow{"$JS.API.STREAM.UPDATE.READBACK_prod_WORDS",
                       R"({"name":"READBACK_prod_WORDS","subjects":["readback.prod.words.>"],"retention":"limits",)"
                       R"("discard":"new","max_msgs":1,"max_msgs_per_subject":-1,"storage":"file","num_replicas":1})",
                       {}};
    REQUIRE(run_coro(io, first.servers.wire().ask(narrow, Seconds(5))));
  }
  Member m(io, fleet_at({server.url()}));
  REQUIRE(m.synced());
  CHECK(m.asked(Append{"one", 0}).outcome == Outcome::done);
  CHECK(m.asked(Append{"two", 0}).outcome == Outcome::no_answer);
  CHECK(m.troubled("the fleet's servers have no room for READBACK_prod_WORDS: maximum messages exceeded"));
  CHECK(m.asked(Publish{Bucket::hosts, "host-1", "{}", 0}).outcome == Outcome::done);
}

TEST_CASE("An account without room for the evidence still has a fleet") {
  net::io_context io;
  NatsServer server(
      "accounts { W { jetstream: {max_mem: 1MB, max_file: 1MB}, users: [{user: readback, password: secret}] } }\n");
  Member m(io, fleet_at({server.url()}));
  REQUIRE(m.synced());
  CHECK(m.asked(ChangeClaim{"k", "one", 0, 0}).outcome == Outcome::done);
  CHECK(
      m.troubled("the fleet's servers have no room for READBACK_prod_EVENTS: insufficient storage resources "
                 "available"));
}

TEST_CASE("A server that is killed is missed, and what stood there is read anew when it is back") {
  net::io_context io;
  NatsServer server;
  Member m(io, fleet_at({server.url()}));
  REQUIRE(m.synced());
  CHECK(m.asked(ChangeClaim{"k", "one", 0, 0}).outcome == Outcome::done);
  server.kill();
  REQUIRE(m.until([&] { return m.losses == 1; }));
  CHECK_FALSE(m.servers.state().is_synced);
  CHECK(m.asked(ChangeClaim{"k", "two", 1, 0}).outcome == Outcome::no_answer);
  server.start();
  REQUIRE(m.until([&] { return m.pictures == 2; }));
  CHECK(m.heard(Bucket::claims, "k") == "one");
  CHECK(m.asked(ChangeClaim{"k", "two", 1, 0}).outcome == Outcome::done);
  CHECK(m.until([&] { return m.heard(Bucket::claims, "k") == "two"; }));
}

TEST_CASE("Servers that have lost everything are begun with anew") {
  net::io_context io;
  NatsServer server;
  Member m(io, fleet_at({server.url()}));
  REQUIRE(m.synced());
  for (int i = 0; i < 3; ++i) CHECK(m.asked(Append{"word", 0}).outcome == Outcome::done);
  CHECK(m.asked(ChangeClaim{"k", "one", 0, 0}).outcome == Outcome::done);
  REQUIRE(m.until([&] { return m.words.size() == 3; }));
  server.kill();
  server.forget_all();
  server.start();
  REQUIRE(m.until([&] { return m.pictures == 2; }));
  CHECK(m.known.empty());
  CHECK(m.asked(ChangeClaim{"k", "anew", 0, 0}).outcome == Outcome::done);
  REQUIRE(m.until([&] { return m.asked(Append{"first", 0}).outcome == Outcome::done; }));
  CHECK(m.until([&] { return m.words.size() >= 4 && m.words[3].text == "first"; }));
}

TEST_CASE("A bucket that somebody deletes is made again, and that is a loss") {
  net::io_context io;
  NatsServer server;
  Member m(io, fleet_at({server.url()}));
  REQUIRE(m.synced());
  CHECK(m.asked(ChangeClaim{"k", "one", 0, 0}).outcome == Outcome::done);
  WireRequest remove{"$JS.API.STREAM.DELETE.KV_readback_prod_claims", "", {}};
  REQUIRE(run_coro(io, m.servers.wire().ask(remove, Seconds(5))));
  REQUIRE(m.until([&] { return m.losses == 1 && m.pictures == 2; }));
  CHECK(m.heard(Bucket::claims, "k") == "-");
  CHECK(m.asked(ChangeClaim{"k", "anew", 0, 0}).outcome == Outcome::done);
}

TEST_CASE("A server that stops reading holds nobody up: each request has its answer, and a stop ends") {
  net::io_context io;
  NatsServer server;
  Member m(io, fleet_at({server.url()}));
  REQUIRE(m.synced());
  server.freeze();
  std::uint64_t last = 0;
  for (int i = 0; i < 400; ++i) last = m.ask(Publish{Bucket::hosts, "host-1", std::string(60'000, 'x'), 0});
  CHECK(m.until([&] { return m.answers.size() == 400; }));
  REQUIRE(m.answer_to(last));
  CHECK(m.answer_to(last)->outcome == Outcome::no_answer);
  m.ask(Publish{Bucket::hosts, "host-1", "{}", 0});
  m.stop();
  server.thaw();
}

TEST_CASE("What a member with a login writes by hand is told by its size, and read by nobody") {
  net::io_context io;
  NatsServer server;
  // Made by hand before any member came, without a limit.
  Member hostile(io, [&] {
    auto other = fleet_at({server.url()});
    other.name = "other";
    return other;
  }());
  REQUIRE(hostile.synced());
  WireRequest make{
      "$JS.API.STREAM.CREATE.KV_readback_prod_claims",
      R"({"name":"KV_readback_prod_claims","subjects":["$KV.readback_prod_claims.>"],"retention":"limits",)"
      R"("max_msgs_per_subject":1,"storage":"file","num_replicas":1})",
      {}};
  REQUIRE(run_coro(io, hostile.servers.wire().ask(make, Seconds(5))));
  Member m(io, fleet_at({server.url()}));
  REQUIRE(m.synced());
  const std::string large(1'000'000, 'x');
  const auto write = [&](const std::string& key, const std::string& text) {
    WireRequest put{"$KV.readback_prod_claims." + key, text, {}};
    CHECK(run_coro(io, hostile.servers.wire().ask(put, Seconds(5))));
  };
  write("large", large);
  write("junk", "\x01\xff{{{{");
  CHECK(m.until([&] { return m.heard(Bucket::claims, "junk") == "\x01\xff{{{{"; }));
  CHECK(m.heard(Bucket::claims, "large") == "(1000000 bytes)");
  CHECK(m.troubled("the value at KV_readback_prod_claims large has 1000000 bytes, and is not read"));
  const auto read = m.asked(Fetch{{{Bucket::claims, "large"}}, 0});
  REQUIRE(read.found.size() == 1);
  CHECK(read.found[0].second.text == "(1000000 bytes)");
  // It can be written over, by its revision; and a member that comes sees the same.
  Member late(io, fleet_at({server.url()}), "host-2");
  REQUIRE(late.synced());
  CHECK(late.heard(Bucket::claims, "large") == "(1000000 bytes)");
  CHECK(m.asked(ChangeClaim{"large", "claim", read.found[0].second.revision, 0}).outcome == Outcome::done);
  CHECK(late.until([&] { return late.heard(Bucket::claims, "large") == "claim"; }));
}

TEST_CASE("A flood of large values is survived, and the last of them is heard") {
  net::io_context io;
  NatsServer server;
  Member hostile(io, fleet_at({server.url()}), "host-1"), m(io, fleet_at({server.url()}), "host-2");
  REQUIRE(hostile.synced());
  REQUIRE(m.synced());
  std::uint64_t last = 0;
  for (int i = 0; i < 1500; ++i) {
    last = hostile.ask(Publish{Bucket::hosts, "host-" + std::to_string(i % 40), std::string(60'000, 'x'), 0});
    if (i % 100 == 99) REQUIRE(hostile.until([&] { return hostile.answer_to(last) != nullptr; }));
  }
  REQUIRE(m.until([&] { return hostile.asked(Publish{Bucket::hosts, "end", "end", 0}).outcome == Outcome::done; }));
  CHECK(m.until([&] { return m.heard(Bucket::hosts, "end") == "end"; }));
  CHECK_FALSE(m.falls_back);
}
