#include "core/alert/signature.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

namespace readback {
namespace {

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

std::string to_base64(std::string_view bytes) {
  std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes_of(bytes), static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

std::optional<std::string> from_base64(std::string text) {
  std::size_t padding = 0;
  while (!text.empty() && text.back() == '=') text.pop_back(), ++padding;
  if (text.empty() || text.size() % 4 == 1 || padding > 2) return std::nullopt;
  text.append((4 - text.size() % 4) % 4, '=');
  std::string out(text.size() / 4 * 3, '\0');
  const int size =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes_of(text), static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  std::size_t pads = 0;
  for (auto at = text.size(); at > 0 && text[at - 1] == '='; --at) ++pads;
  out.resize(static_cast<std::size_t>(size) - pads);
  return out;
}

}  // namespace

std::optional<std::string> parse_webhook_secret(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.remove_suffix(1);
  if (text.starts_with("whsec_")) text.remove_prefix(6);
  return from_base64(std::string(text));
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

std::string sha256_hex(std::string_view bytes) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(bytes_of(bytes), bytes.size(), digest);
  std::string hex;
  for (const unsigned char b : digest) {
    hex += "0123456789abcdef"[b >> 4];
    hex += "0123456789abcdef"[b & 15];
  }
  return hex;
}

}  // namespace readback
