// Who made a bundle: what a signature finds that digests cannot, and what it does not claim.
#include <doctest/doctest.h>

#include <boost/json.hpp>

#include "core/evidence/signature.hpp"
#include "core/text/encoding.hpp"
#include "core/text/time.hpp"

using namespace readback;
namespace json = boost::json;

namespace {

SigningKey key_of(char c) { return SigningKey::from_seed(std::string(SigningKey::seed_bytes, c)).value(); }

BundleFiles signed_bundle(const SigningKey& key, const std::string& version = "0.1.0") {
  BundleInput in;
  in.order.snapshot_id = "01a20d8a-fff5-7003-88c5-c0e815bbf176";
  in.order.target = "fabric";
  in.order.incident.summary = "OUTAGE total fabric";
  in.order.at = *parse_rfc3339("2026-11-24T03:11:58.250Z");
  in.context.version = version;
  auto files = bundle_files(in);
  REQUIRE(sign_manifest(files, key));
  return files;
}

}  // namespace

TEST_CASE("The key of RFC 8032's first test gives that test's signature, in the encodings of RFC 8410") {
  const auto seed = from_hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
  const auto key = SigningKey::from_seed(*seed);
  REQUIRE(key);
  CHECK(to_hex(*key->sign("")) ==
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
        "d25bf5f0595bbe24655141438e7a100b");
  CHECK(key->public_half().text() == "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
  CHECK(key->public_half().pem() ==
        "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC "
        "KEY-----\n");
  const auto again = SigningKey::from_pem(key->pem());
  REQUIRE(again);
  CHECK(again->public_half() == key->public_half());
  CHECK(key->pem().find(key->secret_line()) != std::string::npos);
  // As `openssl genpkey -algorithm ed25519` writes it.
  CHECK(SigningKey::from_pem(
            "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
            "-----END PRIVATE KEY-----\n")
            .value()
            .public_half() == key->public_half());
}

TEST_CASE("A public key is taken as it was printed or as PEM, and nothing else is") {
  const auto half = key_of('a').public_half();
  for (const std::string& text :
       {half.text(), half.text() + "\n", "  " + half.text() + "\r\n", half.pem(), half.pem() + "\n"}) {
    CAPTURE(text);
    const auto key = PublicKey::parse(text);
    REQUIRE(key);
    CHECK(*key == half);
  }
  for (const std::string& text :
       {std::string(), half.text().substr(1), half.text() + "A", key_of('a').pem(), half.text() + half.text(),
        std::string("-----BEGIN PUBLIC KEY----------END PUBLIC KEY-----"), std::string(60, 'M')}) {
    CAPTURE(text);
    CHECK_FALSE(PublicKey::parse(text));
  }
  CHECK_FALSE(SigningKey::from_pem(half.pem()));
  CHECK_FALSE(SigningKey::from_pem(""));
  CHECK_FALSE(SigningKey::from_seed("short"));
}

TEST_CASE("The same key and the same evidence give the same bytes") {
  CHECK(signed_bundle(key_of('a')) == signed_bundle(key_of('a')));
  const auto one = signed_bundle(key_of('a')), other = signed_bundle(key_of('b'));
  CHECK(one.at("manifest.json") == other.at("manifest.json"));
  CHECK(one.at("manifest.sig") != other.at("manifest.sig"));
  const auto said = json::parse(one.at("manifest.sig")).as_object();
  CHECK(said.at("schema") == "readback.signature/v1");
  CHECK(said.at("algorithm") == "ed25519");
  CHECK(said.at("signs") == "manifest.json");
  CHECK(std::string(said.at("key").as_string()) == key_of('a').public_half().text());
}

TEST_CASE("A signed bundle is undamaged, and is signed with the one key") {
  const auto files = signed_bundle(key_of('a'));
  CHECK(manifest_troubles(files).empty());
  CHECK(is_signed_with(files, key_of('a').public_half()));
  CHECK_FALSE(is_signed_with(files, key_of('b').public_half()));
}

TEST_CASE("A bundle from before there were signatures goes on being read") {
  auto files = signed_bundle(key_of('a'));
  files.erase("manifest.sig");
  CHECK(manifest_troubles(files).empty());
  CHECK_FALSE(signature_of(files).has_value());
  CHECK_FALSE(is_signed_with(files, key_of('a').public_half()));
}

TEST_CASE("A manifest that was made anew no longer fits its signature") {
  auto files = signed_bundle(key_of('a'));
  files["manifest.json"] = signed_bundle(key_of('a'), "0.1.1").at("manifest.json");
  CHECK(manifest_troubles(files) ==
        std::vector<std::string>{"manifest.sig does not fit manifest.json: one of them was changed"});
  // Whoever signs it with a key of his own has an undamaged bundle; the key tells them apart.
  REQUIRE(sign_manifest(files, key_of('e')));
  CHECK(manifest_troubles(files).empty());
  CHECK_FALSE(is_signed_with(files, key_of('a').public_half()));
}

TEST_CASE("Any changed bit of the signature is found") {
  const auto files = signed_bundle(key_of('a'));
  const auto said = *signature_of(files);
  const auto raw = *from_base64(said.signature);
  for (std::size_t bit = 0; bit < raw.size() * 8; ++bit) {
    auto changed = raw;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    CHECK_MESSAGE(!key_of('a').public_half().verifies(files.at("manifest.json"), changed), bit);
  }
  for (const std::string& other :
       {std::string(), raw.substr(1), raw + "x", std::string(64, '\0'), std::string(1 << 16, 'x')})
    CHECK_FALSE(key_of('a').public_half().verifies(files.at("manifest.json"), other));
}

TEST_CASE("What is no signature at all is told as that, whatever it is") {
  const auto good = json::parse(signed_bundle(key_of('a')).at("manifest.sig")).as_object();
  const auto with = [&](const char* name, json::value value) {
    auto changed = good;
    changed[name] = std::move(value);
    return json::serialize(changed);
  };
  const std::string no_signature = "manifest.sig is no signature that this program knows";
  const std::pair<std::string, std::string> cases[] = {
      {"", no_signature},
      {"[]", no_signature},
      {std::string(1 << 16, '['), no_signature},
      {with("algorithm", "none"), no_signature},
      {with("schema", "readback.signature/v2"), no_signature},
      {with("signs", "summary.md"), no_signature},
      {with("signature", nullptr), no_signature},
      {with("key", 7), no_signature},
      {with("key", "MCowBQYDK2VwAyEA"), "manifest.sig names a key that is none"},
      {with("signature", "not base64!"), "manifest.sig does not fit manifest.json: one of them was changed"},
  };
  for (const auto& [text, trouble] : cases) {
    CAPTURE(text.substr(0, 80));
    auto files = signed_bundle(key_of('a'));
    files["manifest.sig"] = text;
    CHECK(manifest_troubles(files) == std::vector<std::string>{trouble});
  }
}

TEST_CASE("The names that a hostile manifest tells of are shown, and do nothing") {
  BundleFiles files = signed_bundle(key_of('a'));
  files["\x1b]0;owned\x07"] = "";
  const auto troubles = manifest_troubles(files);
  CHECK(troubles == std::vector<std::string>{"\\u001b]0;owned\\u0007 is not in the manifest"});
}
