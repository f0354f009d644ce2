// The signature is one HMAC; the care goes into the secret, which people paste with and without its prefix.
#include "core/alert/signature.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include "core/text/encoding.hpp"

namespace readback {
namespace {

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

}  // namespace

std::optional<std::string> parse_webhook_secret(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.remove_suffix(1);
  if (text.starts_with("whsec_")) text.remove_prefix(6);
  auto key = from_base64(text);
  return key && !key->empty() ? key : std::nullopt;
}

std::string webhook_signature(const std::vector<std::string>& keys, std::string_view id, std::int64_t timestamp,
                              std::string_view body) {
  const std::string text = std::string(id) + "." + std::to_string(timestamp) + "." + std::string(body);
  std::string all;
  for (const auto& key : keys) {
    unsigned char mac[SHA256_DIGEST_LENGTH];
    unsigned size = sizeof mac;
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes_of(text), text.size(), mac, &size);
    if (!all.empty()) all += ' ';
    all += "v1," + to_base64({reinterpret_cast<const char*>(mac), size});
  }
  return all;
}

}  // namespace readback
