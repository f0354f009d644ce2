// The two encodings of RFC 8410 are a fixed beginning and 32 bytes each, so they are put together here; the signature
// itself is OpenSSL's.
#include "core/evidence/signature.hpp"

#include <openssl/evp.h>

#include <boost/json.hpp>
#include <memory>

#include "core/codec/texts.hpp"
#include "core/evidence/parts.hpp"
#include "core/text/encoding.hpp"
#include "core/text/words.hpp"

namespace readback {
namespace json = boost::json;
using namespace parts;
namespace {

// SEQUENCE { SEQUENCE { OID 1.3.101.112 }, BIT STRING } and SEQUENCE { 0, SEQUENCE { OID }, OCTET STRING { OCTET STRING
// } }
constexpr std::string_view public_head = "302a300506032b6570032100";
constexpr std::string_view private_head = "302e020100300506032b657004220420";
constexpr std::size_t key_bytes = 32, signature_bytes = 64;
constexpr std::string_view signature_schema = "readback.signature/v1", algorithm = "ed25519";

struct KeyCloser {
  void operator()(EVP_PKEY* k) const { EVP_PKEY_free(k); }
};
struct DigestCloser {
  void operator()(EVP_MD_CTX* c) const { EVP_MD_CTX_free(c); }
};
using Key = std::unique_ptr<EVP_PKEY, KeyCloser>;
using Digest = std::unique_ptr<EVP_MD_CTX, DigestCloser>;

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

Key private_key(std::string_view seed) {
  return Key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes_of(seed), seed.size()));
}

std::string encoded(std::string_view head, const std::string& raw) { return to_base64(*from_hex(head) + raw); }

std::string pem_of(std::string_view kind, const std::string& line) {
  return "-----BEGIN " + std::string(kind) + "-----\n" + line + "\n-----END " + std::string(kind) + "-----\n";
}

/// The 32 bytes behind this beginning; nothing when the text is another thing. `kind` is what a PEM of it is called.
std::optional<std::string> decoded(std::string_view text, std::string_view kind, std::string_view head) {
  text = trimmed(text);
  const std::string begin = "-----BEGIN " + std::string(kind) + "-----",
                    end = "-----END " + std::string(kind) + "-----";
  if (text.starts_with(begin) && text.ends_with(end) && text.size() > begin.size() + end.size())
    text = trimmed(text.substr(begin.size(), text.size() - begin.size() - end.size()));
  const auto der = from_base64(text);
  const std::string expected = *from_hex(head);
  if (!der || der->size() != expected.size() + key_bytes || !der->starts_with(expected)) return std::nullopt;
  return der->substr(expected.size());
}

}  // namespace

Result<PublicKey> PublicKey::parse(std::string_view text) {
  auto raw = decoded(text, "PUBLIC KEY", public_head);
  if (!raw)
    return Failure{
        "this is no public key of Readback: it is one line of 60 characters that begins with MCowBQYDK2VwAyEA, or a "
        "PEM "
        "file with it"};
  return PublicKey(*std::move(raw));
}

std::string PublicKey::text() const { return encoded(public_head, raw_); }

std::string PublicKey::pem() const { return pem_of("PUBLIC KEY", text()); }

bool PublicKey::verifies(std::string_view message, std::string_view signature) const {
  const Key key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(std::string_view(raw_)), raw_.size()));
  const Digest digest(EVP_MD_CTX_new());
  return signature.size() == signature_bytes && key && digest &&
         EVP_DigestVerifyInit(digest.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
         EVP_DigestVerify(digest.get(), bytes_of(signature), signature.size(), bytes_of(message), message.size()) == 1;
}

Result<SigningKey> SigningKey::from_seed(std::string_view seed) {
  Key key = seed.size() == seed_bytes ? private_key(seed) : nullptr;
  std::string raw(key_bytes, '\0');
  std::size_t size = raw.size();
  if (!key || EVP_PKEY_get_raw_public_key(key.get(), bytes_of(raw), &size) != 1 || size != key_bytes)
    return Failure{"these bytes are no Ed25519 key"};
  std::shared_ptr<EVP_MD_CTX> signer(EVP_MD_CTX_new(), DigestCloser());
  if (!signer || EVP_DigestSignInit(signer.get(), nullptr, nullptr, nullptr, key.get()) != 1)
    return Failure{"OpenSSL cannot sign"};
  return SigningKey(std::string(seed), PublicKey::from_raw(std::move(raw)), std::move(signer));
}

Result<SigningKey> SigningKey::from_pem(std::string_view pem) {
  const auto seed = decoded(pem, "PRIVATE KEY", private_head);
  if (!seed) return Failure{"it holds no Ed25519 key in PEM"};
  return from_seed(*seed);
}

std::string SigningKey::pem() const { return pem_of("PRIVATE KEY", secret_line()); }

std::string SigningKey::secret_line() const { return encoded(private_head, seed_); }

Result<std::string> SigningKey::sign(std::string_view message) const {
  const Digest digest(EVP_MD_CTX_new());
  std::string signature(signature_bytes, '\0');
  std::size_t size = signature.size();
  if (!digest || EVP_MD_CTX_copy_ex(digest.get(), signer_.get()) != 1 ||
      EVP_DigestSign(digest.get(), bytes_of(signature), &size, bytes_of(message), message.size()) != 1 ||
      size != signature_bytes)
    return Failure{"OpenSSL cannot sign"};
  return signature;
}

Result<void> sign_manifest(BundleFiles& files, const SigningKey& key) {
  files.erase(std::string(signature_name));
  const auto signature = key.sign(files.at(std::string(manifest_name)));
  if (!signature) return signature.failure();
  files[std::string(signature_name)] = pretty({{"schema", signature_schema},
                                               {"algorithm", algorithm},
                                               {"signs", manifest_name},
                                               {"key", key.public_half().text()},
                                               {"signature", to_base64(*signature)}});
  return {};
}

std::optional<ManifestSignature> signature_of(const BundleFiles& files) {
  const auto found = files.find(std::string(signature_name));
  if (found == files.end()) return std::nullopt;
  json::error_code ec;
  const auto parsed = json::parse(found->second, ec);
  if (ec || !parsed.is_object()) return std::nullopt;
  const auto& o = parsed.get_object();
  ManifestSignature said{text_in(o, "key"), text_in(o, "signature")};
  if (text_in(o, "schema") != signature_schema || text_in(o, "algorithm") != algorithm ||
      text_in(o, "signs") != manifest_name || said.key.empty() || said.signature.empty())
    return std::nullopt;
  return said;
}

bool is_signed_with(const BundleFiles& files, const PublicKey& key) {
  const auto said = signature_of(files);
  const auto manifest = files.find(std::string(manifest_name));
  const auto signature = said ? from_base64(said->signature) : std::nullopt;
  return signature && manifest != files.end() && key.verifies(manifest->second, *signature);
}

std::vector<std::string> parts::signature_troubles(const BundleFiles& files) {
  if (!files.contains(std::string(signature_name))) return {};  // sealed before there were signatures
  const auto said = signature_of(files);
  if (!said) return {"manifest.sig is no signature that this program knows"};
  const auto key = PublicKey::parse(said->key);
  if (!key) return {"manifest.sig names a key that is none"};
  if (!is_signed_with(files, *key)) return {"manifest.sig does not fit manifest.json: one of them was changed"};
  // The last character of either text has bits that mean nothing.
  if (key->text() != said->key || to_base64(*from_base64(said->signature)) != said->signature)
    return {"manifest.sig was changed"};
  return {};
}

}  // namespace readback
