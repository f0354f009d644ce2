#pragma once
// An address taken apart, once, for whoever reads from it or sends to it: http://, https://, and unix:// for a socket
// of this host. Host, port and login follow RFC 3986; path and query are carried as they were written, since what a
// server makes of an odd character in them is its own business.
#include <string>
#include <string_view>

#include "core/text/result.hpp"

namespace readback {

struct Url {
  enum class Scheme { http, https, unix_socket } scheme = Scheme::http;
  std::string host;    ///< without brackets, with the zone of a link-local address; the socket's path for unix_socket
  std::string port;    ///< "1" to "65535"; "80", "443" when the address names none; empty for unix_socket
  std::string target;  ///< path and query as written, without the fragment; begins with '/'
  std::string login;   ///< "user:password", percent-decoded; empty when there is none

  /// As it belongs into the Host header: brackets around IPv6, no default port, no zone and no last dot, never the
  /// login.
  std::string host_header() const;
};

/// A host as the other side knows itself, in the Host header, in SNI and in its certificate: without the zone, which is
/// about our own links (RFC 6874 section 4), and without the dot that ends a fully qualified name (RFC 6066 section 3).
std::string_view known_host(std::string_view host);

/// A zone may be written with `%` or, as RFC 6874 wants it, with `%25`. Blanks and line ends behind the address are not
/// part of it: it may come out of a file. The failure says what is wrong with "the address" and never quotes it,
/// because it may be secret.
Result<Url> parse_url(std::string_view text);

/// `base` joined with a path that begins with '/', or `url` itself when it is absolute.
Result<Url> resolve_url(std::string_view base, std::string_view url);

/// RFC 6454: scheme, host (with or without its last dot) and port are the same; of two sockets of this host, the path.
/// What is meant for one origin (a key, a certificate) is none of another's business, and two ports of one host may be
/// two owners.
bool is_same_origin(const Url& a, const Url& b);

/// Whether all of this host (as a Host header has it: with or without a port, IPv6 in brackets) is a name of this
/// machine for itself: 127.0.0.0/8, [::1], localhost or a name below it, with or without a last dot. What only begins
/// like one is none.
bool is_loopback_host(std::string_view host_and_port);

/// An address as it may be shown to anybody: scheme, host and port as they were written, and `/…` in the place of
/// whatever stands behind them, because a path or a query may hold a token; never a login. A socket of this host is
/// shown whole. What is no address at all is cut in the same places.
std::string shown_address(std::string_view url);

/// A person's text with the query (and the fragment) of every http(s) address in it replaced by `?…`.
std::string without_queries(std::string_view text);

/// As one segment of a path, or one value of a query: all but RFC 3986's unreserved characters as `%XX`.
std::string percent_encoded(std::string_view text);

}  // namespace readback
