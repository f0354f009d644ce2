// Keys and subjects. A key of a bucket may hold letters, digits and `-/_=.`, and dots part it; names of targets hold
// dots themselves, and an environment anything. So every other byte of a part is written as `=` and two digits.
#include "core/fleet/words.hpp"

#include "core/text/encoding.hpp"
#include "core/text/words.hpp"

namespace readback {
namespace {

constexpr std::size_t longest_key = 512;

bool is_plain(unsigned char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

std::string part(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (is_plain(static_cast<unsigned char>(c)))
      out += c;
    else
      out += '=' + upper_case(to_hex(std::string(1, c)));
  }
  return out;
}

/// In clear; nothing when part() would have written it in another way.
std::optional<std::string> clear(std::string_view written) {
  std::string out;
  for (std::size_t i = 0; i < written.size(); ++i) {
    if (written[i] != '=') {
      out += written[i];
      continue;
    }
    const auto byte = from_hex(written.substr(i + 1, 2));
    if (!byte || byte->size() != 1) return std::nullopt;
    out += *byte;
    i += 2;
  }
  if (out.empty() || part(out) != written) return std::nullopt;
  return out;
}

}  // namespace

std::string member_key(std::string_view host) { return part(host); }

std::string view_key(std::string_view target, std::string_view host) { return part(target) + "." + part(host); }

std::string claim_key(std::string_view environment, const ClaimKey& key) {
  return part(environment) + "." + part(key.target) + "." + std::string(word_of(key.subject)) + "." + part(key.sink);
}

std::optional<std::vector<std::string>> parts_of_key(std::string_view key) {
  if (key.size() > longest_key) return std::nullopt;
  std::vector<std::string> parts;
  for (std::size_t at = 0; at <= key.size();) {
    const auto end = std::min(key.find('.', at), key.size());
    auto text = clear(key.substr(at, end - at));
    if (!text) return std::nullopt;
    parts.push_back(std::move(*text));
    at = end + 1;
  }
  return parts;
}

std::optional<Subject> voted(Boundary b) {
  switch (b) {
    case Boundary::outage: return Subject::outage;
    case Boundary::security: return Subject::security;
    case Boundary::readiness: return Subject::readiness;
    case Boundary::product: return Subject::product;
    case Boundary::observer:
    case Boundary::drift: return std::nullopt;
  }
  return std::nullopt;
}

Boundary boundary_of(Subject s) {
  switch (s) {
    case Subject::outage: return Boundary::outage;
    case Subject::security: return Boundary::security;
    case Subject::readiness: return Boundary::readiness;
    case Subject::product: return Boundary::product;
    case Subject::vantage:
    case Subject::missing: return Boundary::observer;
  }
  return Boundary::observer;
}

}  // namespace readback
