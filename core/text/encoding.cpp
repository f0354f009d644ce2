// Base64 and digests are OpenSSL's; what it leaves to the caller (padding, lengths) is done here, once.
#include "core/text/encoding.hpp"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include "core/text/utf8.hpp"

namespace readback {
namespace {

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  return std::nullopt;
}

}  // namespace

std::string to_base64(std::string_view bytes) {
  std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes_of(bytes), static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

std::optional<std::string> from_base64(std::string_view given) {
  std::string text(given);
  std::size_t padding = 0;
  while (!text.empty() && text.back() == '=') text.pop_back(), ++padding;
  if (text.empty()) return padding ? std::nullopt : std::optional(std::string());
  if (text.size() % 4 == 1 || padding > 2) return std::nullopt;
  // OpenSSL skips blanks at both ends and reads padding within as zeros; here neither is base64.
  if (text.find_first_of(" \t\r\n=") != std::string::npos) return std::nullopt;
  const std::size_t missing = (4 - text.size() % 4) % 4;
  text.append(missing, '=');
  std::string out(text.size() / 4 * 3, '\0');
  const int size =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes_of(text), static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  out.resize(static_cast<std::size_t>(size) - missing);
  return out;
}

std::string to_hex(std::string_view bytes) {
  constexpr char digits[] = "0123456789abcdef";
  std::string hex;
  hex.reserve(2 * bytes.size());
  for (const char c : bytes) {
    const auto b = static_cast<unsigned char>(c);
    hex += digits[b >> 4];
    hex += digits[b & 15];
  }
  return hex;
}

std::optional<std::string> from_hex(std::string_view text) {
  if (text.size() % 2) return std::nullopt;
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const auto high = hex_digit(text[i]), low = hex_digit(text[i + 1]);
    if (!high || !low) return std::nullopt;
    bytes += static_cast<char>(*high << 4 | *low);
  }
  return bytes;
}

/// OpenSSL looks a digest up by its name each time that it is not given one which was looked up before: a third of
/// what the digest of an answer costs.
std::string sha256(std::string_view bytes) {
  static const EVP_MD* const found = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  auto* to = reinterpret_cast<unsigned char*>(digest.data());
  if (!found || EVP_Digest(bytes.data(), bytes.size(), to, nullptr, found, nullptr) != 1)
    SHA256(bytes_of(bytes), bytes.size(), to);
  return digest;
}

std::string sha256_hex(std::string_view bytes) { return to_hex(sha256(bytes)); }

std::string sha256_source(std::string_view text) { return "sha256-" + to_base64(sha256(text)); }

std::string html_text(std::string_view text) {
  const std::string clean = clean_utf8(text);
  std::string out;
  out.reserve(clean.size());
  for (std::size_t at = 0; at < clean.size();) {
    const auto character = std::string_view(clean).substr(at, character_length(clean, at));
    at += character.size();
    if (character == "&")
      out += "&amp;";
    else if (character == "<")
      out += "&lt;";
    else if (character == ">")
      out += "&gt;";
    else if (character == "\"")
      out += "&quot;";
    else if (character == "'")
      out += "&#39;";
    else if (character == "\n" || character == "\t" || !disturbs(character))
      out += character;
    else
      out += character.size() == 1 ? " " : "\ufffd";
  }
  return out;
}

}  // namespace readback
