// Who we say we are: each way to log in that a configuration can name, against a server that asks for it.
#include <doctest/doctest.h>

#include <cstdlib>

#include "tests/shell/fleet/member.hpp"
#include "tests/shell/fleet/nats_identity.hpp"
#include "tests/shell/fleet/nats_servers.hpp"

using namespace readback;

TEST_CASE("A file of NATS credentials logs in, from a file or a variable; what is none is told by its name") {
  net::io_context io;
  const NatsIdentity identity;
  NatsServer server(identity.configuration);
  Folder folder;
  auto fleet = fleet_at({server.url()});
  fleet.nats.user.clear(), fleet.nats.password.reset();
  const auto file = folder.write("readback.creds", identity.credentials).string();
  ::setenv("READBACK_TEST_CREDENTIALS", identity.credentials.c_str(), 1);
  for (const auto& ref :
       {SecretRef{SecretRef::From::file, file, {}}, SecretRef{SecretRef::From::env, "READBACK_TEST_CREDENTIALS", {}}}) {
    fleet.nats.credentials = ref;
    Member m(io, fleet);
    CHECK(m.synced());
  }
  ::unsetenv("READBACK_TEST_CREDENTIALS");
  fleet.nats.credentials = SecretRef{SecretRef::From::plain, "what", {}};
  Member wrong(io, fleet);
  CHECK(wrong.until([&] {
    const auto all = wrong.servers.state().troubles;
    return !all.empty() && all[0].find("the credentials hold no NATS user JWT with its seed") != std::string::npos;
  }));
}

TEST_CASE("A password that was wrong and is changed in its file needs no restart; a token logs in") {
  net::io_context io;
  NatsServer server;
  Folder folder;
  auto fleet = fleet_at({server.url()});
  fleet.nats.password = SecretRef{SecretRef::From::file, folder.write("password", "old\n").string(), {}};
  Member m(io, fleet);
  CHECK(m.troubled("the fleet's servers refuse this login (" + server.url() + "): Authorization Violation"));
  folder.write("password", "secret\n");
  CHECK(m.synced());
  CHECK(m.servers.state().troubles == std::vector<std::string>{});

  NatsServer with_token("authorization { token: \"T0K3N\" }\n");
  auto other = fleet_at({with_token.url()});
  other.nats.user.clear(), other.nats.password.reset();
  other.nats.token = SecretRef{SecretRef::From::plain, "T0K3N", {}};
  Member tokened(io, other);
  CHECK(tokened.synced());
}
