#include "daemon/read/url.hpp"

namespace readback {

std::optional<Url> parse_url(std::string_view text) {
  Url url;
  if (text.starts_with("unix://")) {
    url.scheme = Url::Scheme::unix_socket;
    url.host = text.substr(7);
    url.authority = "localhost";
    url.path = "/";
    return url.host.empty() ? std::nullopt : std::optional(url);
  }
  const bool tls = text.starts_with("https://");
  if (!tls && !text.starts_with("http://")) return std::nullopt;
  url.scheme = tls ? Url::Scheme::https : Url::Scheme::http;
  text.remove_prefix(tls ? 8 : 7);
  const auto end = text.find_first_of("/?#");
  std::string_view authority = text.substr(0, end);
  std::string_view rest = end == text.npos ? std::string_view("/") : text.substr(end);
  if (const auto fragment = rest.find('#'); fragment != rest.npos) rest = rest.substr(0, fragment);
  url.path = rest.empty() || rest.front() != '/' ? "/" + std::string(rest) : std::string(rest);
  url.authority = authority;
  url.port = tls ? "443" : "80";
  if (authority.starts_with('[')) {
    const auto close = authority.find(']');
    if (close == authority.npos) return std::nullopt;
    url.host = authority.substr(1, close - 1);
    if (authority.size() > close + 1) url.port = authority.substr(close + 2);
  } else if (const auto colon = authority.rfind(':'); colon != authority.npos) {
    url.host = authority.substr(0, colon);
    url.port = authority.substr(colon + 1);
  } else {
    url.host = authority;
  }
  return url.host.empty() || url.port.empty() ? std::nullopt : std::optional(url);
}

std::optional<Url> resolve_url(std::string_view base, std::string_view url) {
  if (!url.starts_with('/')) return parse_url(url);
  auto parsed = parse_url(base);
  if (!parsed) return std::nullopt;
  const bool below_root = parsed->scheme != Url::Scheme::unix_socket && parsed->path != "/";
  parsed->path = below_root ? parsed->path + std::string(url) : std::string(url);
  return parsed;
}

}  // namespace readback
