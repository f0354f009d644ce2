#pragma once
// Who made a bundle: the host that sealed it signs the exact bytes of its manifest.json with Ed25519 (RFC 8032), and
// the manifest holds the digest of every other file. The same key and the same manifest give the same signature, so a
// signed bundle is as reproducible as one without.
//
// The signature lies beside the manifest as `manifest.sig`:
//
//   {"schema": "readback.signature/v1", "algorithm": "ed25519", "signs": "manifest.json",
//    "key": "MCowBQYDK2VwAyEA…", "signature": "…"}
//
// What stands there of the key is what the bundle says of itself. It proves something only to who has the public key
// from elsewhere: from the page, from the host while it was trusted, from a colleague's drawer.
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/evidence/bundle.hpp"
#include "core/text/result.hpp"

struct evp_md_ctx_st;  // OpenSSL's EVP_MD_CTX

namespace readback {

/// The public half. Its text is the base64 of its SubjectPublicKeyInfo (RFC 8410), 60 characters in one line: what
/// stands between the two lines of a PEM file, so that openssl reads it too.
class PublicKey {
 public:
  /// That text, or PEM with it, blanks and line ends around it; the failure says what a key looks like.
  static Result<PublicKey> parse(std::string_view text);
  static PublicKey from_raw(std::string raw) { return PublicKey(std::move(raw)); }

  std::string text() const;
  std::string pem() const;
  /// `signature` as 64 raw bytes. False as well for what is no signature at all.
  bool verifies(std::string_view message, std::string_view signature) const;
  friend bool operator==(const PublicKey&, const PublicKey&) = default;

 private:
  explicit PublicKey(std::string raw) : raw_(std::move(raw)) {}
  std::string raw_;  ///< 32 bytes
};

/// The private half: 32 random bytes, made and kept by the daemon. No message ever holds any of it.
class SigningKey {
 public:
  static constexpr std::size_t seed_bytes = 32;
  static Result<SigningKey> from_seed(std::string_view seed);
  /// PKCS #8 as pem() writes it, which is also what `openssl genpkey -algorithm ed25519` writes.
  static Result<SigningKey> from_pem(std::string_view pem);

  std::string pem() const;
  /// The one line of pem() that is secret.
  std::string secret_line() const;
  const PublicKey& public_half() const { return public_; }
  /// 64 raw bytes.
  Result<std::string> sign(std::string_view message) const;

 private:
  SigningKey(std::string seed, PublicKey half, std::shared_ptr<const evp_md_ctx_st> signer)
      : seed_(std::move(seed)), public_(std::move(half)), signer_(std::move(signer)) {}
  std::string seed_;
  PublicKey public_;
  std::shared_ptr<const evp_md_ctx_st> signer_;  ///< ready to sign, and copied for each: making it costs more
};

/// What manifest.sig says, both as texts in base64.
struct ManifestSignature {
  std::string key, signature;
};

/// Adds manifest.sig to a bundle that has its manifest; what there was of it before goes.
Result<void> sign_manifest(BundleFiles& files, const SigningKey& key);
/// Nothing when the bundle has none, or one that cannot be read (manifest_troubles() tells).
std::optional<ManifestSignature> signature_of(const BundleFiles& files);
/// The bundle is signed with this key, over the manifest that it has.
bool is_signed_with(const BundleFiles& files, const PublicKey& key);

}  // namespace readback
