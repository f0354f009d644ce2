// Who we say we are: each way to log in that a configuration can name, against a server that asks for it.
#include <doctest/doctest.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdlib>

#include "tests/shell/fleet/member.hpp"
#include "tests/shell/fleet/nats_identity.hpp"
#include "tests/shell/fleet/nats_servers.hpp"

using namespace readback;

namespace {

/// A certificate that signs itself, with its key, in one file.
std::string certificate(const Folder& folder, const std::string& name, const std::string& alternative) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* x = X509_new();
  X509_set_version(x, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
  X509_gmtime_adj(X509_getm_notBefore(x), -3600);
  X509_gmtime_adj(X509_getm_notAfter(x), 3600);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>("watch"), -1, -1, 0);
  X509_set_issuer_name(x, X509_get_subject_name(x));
  X509_set_pubkey(x, key);
  X509_EXTENSION* names = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, alternative.c_str());
  X509_add_ext(x, names, -1);
  X509_sign(x, key, EVP_sha256());
  const std::string path = (folder.path / name).string();
  std::FILE* file = std::fopen(path.c_str(), "w");
  PEM_write_X509(file, x);
  PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(file);
  X509_EXTENSION_free(names);
  X509_free(x);
  EVP_PKEY_free(key);
  return path;
}

bool says(Member& m, const std::string& part) {
  return m.until([&] {
    const auto all = m.servers.state().troubles;
    return std::any_of(all.begin(), all.end(), [&](const auto& t) { return t.find(part) != t.npos; });
  });
}

}  // namespace

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

TEST_CASE("A secret of several lines that is no file of credentials is not used") {
  net::io_context io;
  NatsServer server;
  Folder folder;
  auto fleet = fleet_at({server.url()});
  const auto path = folder.write("password", "one\ntwo\n").string();
  fleet.nats.password = SecretRef{SecretRef::From::file, path, {}};
  Member m(io, fleet);
  CHECK(m.troubled("password of the fleet: the secret has more than one line: " + path));
}

TEST_CASE("Over TLS a server is who its certificate says, signed by whom we trust") {
  net::io_context io;
  Folder folder;
  const auto by_address = certificate(folder, "address.pem", "IP:127.0.0.1");
  const auto by_name = certificate(folder, "name.pem", "DNS:watch.example");
  const auto over_tls = [](const std::string& file) {
    return usual_accounts + "tls { cert_file: \"" + file + "\", key_file: \"" + file + "\" }\n";
  };
  NatsServer at_address(over_tls(by_address)), at_name(over_tls(by_name));
  auto fleet = fleet_at({"tls" + at_address.url().substr(4)});
  fleet.nats.tls.ca_file = by_address;
  Member right(io, fleet);
  CHECK(right.synced());
  fleet.nats.tls.ca_file = by_name;
  Member stranger(io, fleet);
  CHECK(says(stranger, "self-signed certificate"));
  fleet.nats.urls = {"tls" + at_name.url().substr(4)};
  Member other(io, fleet);
  CHECK(says(other, "IP address mismatch"));
  fleet.nats.tls.server_name = "watch.example";
  Member named(io, fleet);
  CHECK(named.synced());
  fleet.nats.tls = {};
  fleet.nats.tls.ca_file = (folder.path / "none.pem").string();
  Member nothing(io, fleet);
  CHECK(says(nothing, fleet.nats.tls.ca_file));
}
