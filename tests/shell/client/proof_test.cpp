// What `snapshot verify` believes, and whom: each way of changing a bundle against each kind of proof.
#include "daemon/client/proof.hpp"

#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <functional>
#include <vector>

#include "core/text/encoding.hpp"
#include "core/text/time.hpp"
#include "daemon/evidence/archive.hpp"
#include "tests/shell/client/fake_daemon.hpp"
#include "tests/support/folder.hpp"

using namespace readback;
namespace json = boost::json;

// libarchive 3.6 loses 128 bytes an archive that it reads; the client ends at once.
extern "C" const char* __lsan_default_suppressions() { return "leak:libarchive"; }

namespace {

SigningKey key_of(char c) { return SigningKey::from_seed(std::string(SigningKey::seed_bytes, c)).value(); }

const SigningKey host = key_of('h'), stranger = key_of('s');

struct Made {
  std::string id, path, digest;
};

/// Bundles in a folder, as a host would seal them, and as somebody else would change them.
struct Bench {
  Made seal(const std::string& id, const std::string& previous, const SigningKey* key = &host,
            const std::string& summary = "OUTAGE total fabric") {
    BundleInput in;
    in.order.snapshot_id = id;
    in.order.target = "fabric";
    in.order.incident.summary = summary;
    in.order.at = *parse_rfc3339("2026-11-24T03:11:58.250Z");
    in.context.host = "host-7";
    in.previous_sha256 = previous;
    in.packed_with = packer();
    auto files = bundle_files(in);
    if (key) REQUIRE(sign_manifest(files, *key));
    return keep(id, pack(files, in.order.at).value());
  }
  Made keep(const std::string& id, const std::string& bytes) {
    const auto path = folder.write(id + "-" + std::to_string(++number) + ".tar.zst", bytes);
    return {id, path.string(), sha256_hex(bytes)};
  }
  int verify(const std::vector<Made>& files, const std::string& sha256 = "", std::vector<PublicKey> keys = {},
             const std::string& socket = "/nowhere/control.sock") const {
    ProofAsked asked;
    for (const auto& each : files) asked.files.push_back(each.path);
    asked.sha256 = sha256;
    asked.keys = std::move(keys);
    return verify_bundles(Client{socket, false}, asked);
  }

  Folder folder{"proof"};
  int number = 0;
};

/// A daemon that has sealed these.
FakeDaemon daemon_with(const std::vector<Made>& sealed, const std::string& key_answer) {
  json::array list;
  for (const auto& each : sealed) list.push_back(json::object{{"id", each.id}, {"sha256", each.digest}});
  const std::string body = json::serialize(json::object{{"snapshots", std::move(list)}});
  const auto http = [](int status, const std::string& text) {
    return "HTTP/1.1 " + std::to_string(status) +
           " X\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(text.size()) +
           "\r\nConnection: close\r\n\r\n" + text;
  };
  return FakeDaemon([=](const FakeDaemon::Client& client, const std::string& request) {
    if (request.starts_with("GET /v1/snapshots/key "))
      client.send(key_answer.empty() ? http(404, "{}") : http(200, key_answer));
    else
      client.send(http(200, body));
  });
}

std::string key_answer(const SigningKey& key) {
  return json::serialize(json::object{{"key", key.public_half().text()}, {"host", "host-7"}});
}

}  // namespace

TEST_CASE("a bundle as it was sealed stands against every proof, and one made anew against none") {
  Bench b;
  const auto real = b.seal("01a2", "");
  const auto anew = b.seal("01a2", "", nullptr, "all is well");           // digests right, signature left out
  const auto signed_anew = b.seal("01a2", "", &stranger, "all is well");  // and signed by who made it
  const auto half = host.public_half();
  CHECK(b.verify({real}) == 0);
  CHECK(b.verify({anew}) == 0);  // undamaged is all that it says then
  CHECK(b.verify({signed_anew}) == 0);
  struct Case {
    const char* name;
    Made bundle;
    int status;
  };
  for (const Case& c : {Case{"real", real, 0}, {"anew", anew, 1}, {"signed anew", signed_anew, 1}}) {
    CAPTURE(c.name);
    CHECK(b.verify({c.bundle}, real.digest) == c.status);
    CHECK(b.verify({c.bundle}, "", {half}) == c.status);
    CHECK(b.verify({c.bundle}, "", {stranger.public_half(), half}) == (c.bundle.path == anew.path ? 1 : 0));
    const auto daemon = daemon_with({real}, key_answer(host));
    CHECK(b.verify({c.bundle}, "", {}, daemon.socket()) == c.status);
    const auto old_daemon = daemon_with({real}, "");
    CHECK(b.verify({c.bundle}, "", {}, old_daemon.socket()) == c.status);
  }
}

TEST_CASE("a signature that was taken from another bundle fits nothing") {
  Bench b;
  const auto real = b.seal("01a2", ""), other = b.seal("01a3", real.digest);
  auto files = unpack(*read_bytes(other.path)).value();
  files["manifest.sig"] = unpack(*read_bytes(real.path)).value().at("manifest.sig");
  const auto mixed = b.keep("01a3", pack(files, *parse_rfc3339("2026-11-24T03:11:58.250Z")).value());
  CHECK(b.verify({mixed}) == 1);
  CHECK(b.verify({mixed}, "", {host.public_half()}) == 1);
}

TEST_CASE("a bundle that a daemon does not know is told so, and is not refused for that") {
  Bench b;
  const auto known = b.seal("01a2", ""), foreign = b.seal("01ff", "", &stranger);
  const auto daemon = daemon_with({known}, key_answer(host));
  CHECK(b.verify({foreign}, "", {}, daemon.socket()) == 0);
  CHECK(b.verify({foreign}, "", {stranger.public_half()}, daemon.socket()) == 0);
}

TEST_CASE("the public-safe form has a signature of its own, and the digest of its own bytes") {
  Bench b;
  const auto full = b.seal("01a2", "");
  const auto shared = b.keep("01a2", public_safe_bundle(full.path, &host).value());
  CHECK(b.verify({shared}, "", {host.public_half()}) == 0);
  CHECK(b.verify({shared}, "", {stranger.public_half()}) == 1);
  CHECK(b.verify({shared}, shared.digest) == 0);
  CHECK(b.verify({shared}, full.digest) == 1);
  const auto daemon = daemon_with({full}, key_answer(host));
  CHECK(b.verify({shared}, "", {}, daemon.socket()) == 0);
}

TEST_CASE("a chain is one in any order, and a missing, changed or doubled link is found") {
  Bench b;
  const auto first = b.seal("01a1", std::string(64, 'f')), second = b.seal("01a2", first.digest),
             third = b.seal("01a3", second.digest);
  CHECK(b.verify({first, second, third}) == 0);
  CHECK(b.verify({third, first, second}) == 0);
  CHECK(b.verify({second, third}) == 0);
  CHECK(b.verify({first, third}) == 1);
  CHECK(b.verify({first, first}) == 1);
  const auto anew = b.seal("01a2", first.digest, nullptr, "all is well");
  CHECK(b.verify({first, anew, third}) == 1);
  CHECK(b.verify({first, second, anew, third}) == 1);  // two that follow the first
  const auto shared = b.keep("01a2", public_safe_bundle(second.path, &host).value());
  CHECK(b.verify({first, shared}) == 1);
  CHECK(b.verify({first, b.keep("none", "no bundle")}) == 1);
  // The digest of the newest is enough for all of them, and any other one is not its.
  CHECK(b.verify({first, second, third}, third.digest) == 0);
  CHECK(b.verify({first, second, third}, second.digest) == 1);
  // A key that was changed in between: each is signed with one of those that are given.
  const auto fourth = b.seal("01a4", third.digest, &stranger);
  CHECK(b.verify({first, second, third, fourth}, "", {host.public_half(), stranger.public_half()}) == 0);
  CHECK(b.verify({first, second, third, fourth}, "", {host.public_half()}) == 1);
}
