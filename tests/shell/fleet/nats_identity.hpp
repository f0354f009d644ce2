#pragma once
// An operator, an account and a user of NATS as JWTs that they sign for each other, and the file of credentials that
// such a user logs in with. Only for tests: the keys come from a number.
#include <openssl/evp.h>

#include <string>
#include <string_view>

#include "core/text/encoding.hpp"

namespace readback {

/// A key pair in NATS' own writing: base32 of a prefix, the key and its checksum.
class NatsKey {
 public:
  NatsKey(unsigned char prefix, const std::string& from) : prefix_(prefix), seed_(sha256(from)) {
    key_ = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes(seed_), seed_.size());
  }
  ~NatsKey() { EVP_PKEY_free(key_); }
  NatsKey(const NatsKey&) = delete;
  NatsKey& operator=(const NatsKey&) = delete;

  std::string name() const {
    std::string raw(32, '\0');
    std::size_t size = raw.size();
    EVP_PKEY_get_raw_public_key(key_, reinterpret_cast<unsigned char*>(raw.data()), &size);
    return written(std::string(1, static_cast<char>(prefix_)) + raw);
  }
  std::string seed() const {
    const char front[] = {static_cast<char>(18 << 3 | prefix_ >> 5), static_cast<char>((prefix_ & 31) << 3)};
    return written(std::string(front, 2) + seed_);
  }
  /// `nats` is what the JWT says of `subject`.
  std::string jwt_of(const std::string& subject, const std::string& nats) const {
    const std::string text = url64(R"({"typ":"JWT","alg":"ed25519-nkey"})") + "." +
                             url64(R"({"jti":"TEST","iat":1700000000,"iss":")" + name() + R"(","name":"test","sub":")" +
                                   subject + R"(","nats":)" + nats + "}");
    std::string signature(64, '\0');
    std::size_t size = signature.size();
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    EVP_DigestSignInit(context, nullptr, nullptr, nullptr, key_);
    EVP_DigestSign(context, reinterpret_cast<unsigned char*>(signature.data()), &size, bytes(text), text.size());
    EVP_MD_CTX_free(context);
    return text + "." + url64(signature);
  }

 private:
  static const unsigned char* bytes(const std::string& text) {
    return reinterpret_cast<const unsigned char*>(text.data());
  }
  static std::string url64(std::string_view text) {
    std::string out = to_base64(text);
    out.erase(out.find_last_not_of('=') + 1);
    for (char& c : out) c = c == '+' ? '-' : c == '/' ? '_' : c;
    return out;
  }
  static std::string written(std::string raw) {
    unsigned crc = 0;  // CRC-16/XMODEM
    for (const char c : raw) {
      crc ^= static_cast<unsigned>(static_cast<unsigned char>(c)) << 8;
      for (int i = 0; i < 8; ++i) crc = (crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1) & 0xffff;
    }
    raw += static_cast<char>(crc & 0xff);
    raw += static_cast<char>(crc >> 8);
    std::string out;
    unsigned held = 0, bits = 0;
    for (const char c : raw) {
      held = (held << 8 | static_cast<unsigned char>(c)) & 0xffff;
      for (bits += 8; bits >= 5; bits -= 5) out += "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[held >> (bits - 5) & 31];
    }
    if (bits > 0) out += "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[held << (5 - bits) & 31];
    return out;
  }

  unsigned char prefix_;
  std::string seed_;
  EVP_PKEY* key_;
};

/// What a server with an operator has in its configuration, and who may log in there.
struct NatsIdentity {
  NatsIdentity() {
    const NatsKey op(14 << 3, "operator"), account(0, "account"), system(0, "system"), user(20 << 3, "user");
    const std::string limits =
        R"("subs":-1,"data":-1,"payload":-1,"imports":-1,"exports":-1,"wildcards":true,"conn":-1,"leaf":-1)";
    const std::string jetstream = R"(,"mem_storage":-1,"disk_storage":-1,"streams":-1,"consumer":-1)";
    const auto jwt_of = [&](const NatsKey& whose, const std::string& what) {
      return whose.name() + ": \"" +
             op.jwt_of(whose.name(), R"({"limits":{)" + what + R"(},"type":"account","version":2})") + "\"";
    };
    configuration = "operator: \"" + op.jwt_of(op.name(), R"({"type":"operator","version":2})") + "\"\n" +
                    "system_account: " + system.name() + "\nresolver: MEMORY\nresolver_preload: { " +
                    jwt_of(account, limits + jetstream) + ", " + jwt_of(system, limits) + " }\n";
    const auto jwt = account.jwt_of(
        user.name(), R"({"pub":{},"sub":{},"subs":-1,"data":-1,"payload":-1,"type":"user","version":2})");
    credentials = "-----BEGIN NATS USER JWT-----\n" + jwt +
                  "\n------END NATS USER JWT------\n\n-----BEGIN USER NKEY SEED-----\n" + user.seed() +
                  "\n------END USER NKEY SEED------\n";
  }
  std::string configuration, credentials;
};

}  // namespace readback
