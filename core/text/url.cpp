// Boost.URL knows the grammar of an authority; what is here is which addresses this program can use at all, and the
// sentence for each that it cannot.
#include "core/text/url.hpp"

#include <algorithm>
#include <boost/url/authority_view.hpp>
#include <boost/url/ipv4_address.hpp>
#include <boost/url/ipv6_address.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>
#include <charconv>

#include "core/text/words.hpp"

namespace readback {
namespace {

bool is_odd(char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; }

bool is_number(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string_view without_last_dot(std::string_view name) {
  if (name.size() > 1 && name.back() == '.') name.remove_suffix(1);
  return name;
}

const Failure no_host{"the address names no host"};
const Failure no_port{"the port of the address is not a number from 1 to 65535"};

/// Of an authority that the grammar refuses, the part that it was about.
Failure trouble_of(std::string_view authority) {
  if (const auto at = authority.rfind('@'); at != authority.npos) authority.remove_prefix(at + 1);
  const auto close = authority.find(']');
  if (authority.starts_with('[') && close == authority.npos) return {"the address has an unclosed '['"};
  if (authority.starts_with('[')) authority.remove_prefix(close);
  const auto colon = authority.rfind(':');
  if (colon != authority.npos && !is_number(authority.substr(colon + 1))) return no_port;
  return {"the host of the address is neither a name nor an IP address (IPv6 stands in brackets)"};
}

/// Takes the zone out of "[fe80::1%eth0]:80": the grammar has no place for it, the system's resolver has.
std::string take_zone(std::string& authority) {
  const auto close = authority.find(']');
  const auto percent = authority.find('%');
  if (!authority.starts_with('[') || close == authority.npos || percent > close) return "";
  std::string zone = authority.substr(percent, close - percent);
  authority.erase(percent, close - percent);
  constexpr std::string_view encoded = "%25";
  if (zone.starts_with(encoded) && zone.size() > encoded.size()) zone.replace(0, encoded.size(), "%");
  return zone;
}

Result<void> read_authority(std::string_view text, Url& into) {
  std::string authority(text);
  const std::string zone = take_zone(authority);
  const auto parsed = boost::urls::parse_authority(authority);
  if (!parsed) return trouble_of(text);
  into.host = parsed->host_type() == boost::urls::host_type::ipv6 ? parsed->host_address() + zone : parsed->host();
  if (into.host.empty()) return no_host;
  if (std::any_of(into.host.begin(), into.host.end(), is_odd)) return no_host;
  into.login = parsed->userinfo();
  into.port = into.scheme == Url::Scheme::https ? "443" : "80";
  if (!parsed->has_port()) return {};
  const std::string_view digits = parsed->port();  // its port_number() lets 99999 pass as 34463
  unsigned port = 0;
  const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (fault != std::errc() || port == 0 || port > 65535) return no_port;
  into.port = std::to_string(port);
  return {};
}

}  // namespace

std::string Url::host_header() const {
  if (scheme == Scheme::unix_socket) return "localhost";
  std::string text(known_host(host));
  if (text.find(':') != text.npos) text = "[" + text + "]";
  if (port != (scheme == Scheme::https ? "443" : "80")) text += ":" + port;
  return text;
}

std::string_view known_host(std::string_view host) {
  return host.find(':') == host.npos ? without_last_dot(host) : host.substr(0, host.find('%'));
}

Result<Url> parse_url(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.remove_suffix(1);
  Url url;
  const auto begins = [&text](std::string_view scheme) {
    if (!text.starts_with(scheme)) return false;
    text.remove_prefix(scheme.size());
    return true;
  };
  if (begins("unix://")) {
    url.scheme = Url::Scheme::unix_socket;
    url.host = text;
    url.target = "/";
    if (url.host.empty()) return Failure{"the address names no socket"};
    return url;
  }
  if (begins("https://"))
    url.scheme = Url::Scheme::https;
  else if (!begins("http://"))
    return Failure{"the address must begin with http:// or https://"};
  if (std::any_of(text.begin(), text.end(), is_odd))
    return Failure{"the address has blanks or control characters in it"};
  text = text.substr(0, text.find('#'));
  const auto path = text.find_first_of("/?");
  if (path != text.npos) url.target = text.substr(path);
  if (!url.target.starts_with('/')) url.target.insert(0, "/");
  if (auto understood = read_authority(text.substr(0, path), url); !understood) return understood.failure();
  return url;
}

Result<Url> resolve_url(std::string_view base, std::string_view url) {
  if (!url.starts_with('/')) return parse_url(url);
  auto parsed = parse_url(base);
  if (!parsed) return parsed;
  const bool below_root = parsed->scheme != Url::Scheme::unix_socket && parsed->target != "/";
  parsed->target = below_root ? parsed->target + std::string(url) : std::string(url);
  return parsed;
}

bool is_same_origin(const Url& a, const Url& b) {
  if (a.scheme != b.scheme) return false;
  if (a.scheme == Url::Scheme::unix_socket) return a.host == b.host;
  return a.port == b.port && same_without_case(without_last_dot(a.host), without_last_dot(b.host));
}

bool is_loopback_host(std::string_view host_and_port) {
  const bool in_brackets = host_and_port.starts_with('[');
  const auto end = in_brackets ? host_and_port.find(']') : std::min(host_and_port.find(':'), host_and_port.size());
  if (end == host_and_port.npos) return false;
  const std::string_view behind = host_and_port.substr(in_brackets ? end + 1 : end);
  const bool port = behind.size() > 1 && behind.size() <= 6 && behind.front() == ':' && is_number(behind.substr(1));
  if (!behind.empty() && !port) return false;
  std::string name = lower_case(host_and_port.substr(in_brackets ? 1 : 0, end - (in_brackets ? 1 : 0)));
  if (in_brackets) {
    const auto v6 = boost::urls::parse_ipv6_address(name);
    return v6 && v6->is_loopback();
  }
  name = without_last_dot(name);
  const auto v4 = boost::urls::parse_ipv4_address(name);
  if (v4) return v4->is_loopback();
  constexpr std::string_view of_names = "abcdefghijklmnopqrstuvwxyz0123456789-_.";
  return name == "localhost" || (name.ends_with(".localhost") && name.find_first_not_of(of_names) == name.npos);
}

std::string shown_address(std::string_view url) {
  if (url.starts_with("unix://")) return std::string(url.substr(0, url.find_first_of("?#")));
  const auto scheme = url.find("://");
  const auto begin = scheme == url.npos ? 0 : scheme + 3;
  const auto end = std::min(url.find_first_of("/?#", begin), url.size());
  std::string_view authority = url.substr(begin, end - begin);
  if (const auto at = authority.rfind('@'); at != authority.npos) authority.remove_prefix(at + 1);
  const std::string_view rest = url.substr(end);
  return std::string(url.substr(0, begin)) + std::string(authority) + (rest.empty() || rest == "/" ? "" : "/\u2026");
}

std::string without_queries(std::string_view text) {
  constexpr std::string_view ends = " \t\r\n<>\"";
  const std::string lower = lower_case(text);
  std::string out;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t begin = std::min({lower.find("http://", at), lower.find("https://", at), text.size()});
    const std::size_t end = std::min(text.find_first_of(ends, begin), text.size());
    const std::size_t query = text.substr(0, end).find_first_of("?#", begin);
    out += text.substr(at, std::min(query, end) - at);
    if (query != text.npos) out += "?\u2026";
    at = end;
  }
  return out;
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (boost::urls::unreserved_chars(c))
      out += c;
    else
      (out += '%') += {digits[byte >> 4], digits[byte & 15]};
  }
  return out;
}

}  // namespace readback
