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

  /// As it belongs into the Host header: brackets around IPv6, no default port, never the login.
  std::string host_header() const;
};

/// Blanks and line ends behind the address are not part of it: it may come out of a file. The failure says what is
/// wrong with "the address" and never quotes it, because it may be secret.
Result<Url> parse_url(std::string_view text);

/// `base` joined with a path that begins with '/', or `url` itself when it is absolute.
Result<Url> resolve_url(std::string_view base, std::string_view url);

}  // namespace readback
