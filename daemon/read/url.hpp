#pragma once
// An address taken apart, once, when the configuration is read.
#include <optional>
#include <string>
#include <string_view>

namespace readback {

struct Url {
  enum class Scheme { http, https, unix_socket } scheme = Scheme::http;
  std::string host;       ///< without brackets; the socket's path for unix_socket
  std::string port;       ///< "80", "443" when the address names none
  std::string path;       ///< begins with '/'; "/" when the address names none
  std::string authority;  ///< as it belongs into the Host header
};
std::optional<Url> parse_url(std::string_view text);
/// `base` joined with a path that begins with '/', or `url` itself when it is absolute.
std::optional<Url> resolve_url(std::string_view base, std::string_view url);

}  // namespace readback
