#pragma once
// The only place in the daemon that can send a POST, and it only knows the addresses of alert sinks. It is apart from
// the reader of the watched platform (daemon/read), which cannot say POST, on purpose.
//
// One deadline covers name, connection, TLS, request and answer. Redirects are not followed: an alert, and what is
// signed into it, goes where the configuration says and nowhere else. A literal address never touches the resolver.
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "config/config.hpp"
#include "core/text/instant.hpp"
#include "daemon/runtime/net.hpp"

namespace readback {

struct WebAddress {
  bool tls = false;
  std::string host;    ///< without brackets
  std::string port;    ///< always set
  std::string target;  ///< path and query, begins with '/'
  std::string login;   ///< "user:password", percent-decoded; "" when absent
  /// As in the Host header: brackets around IPv6, no default port.
  std::string host_header() const;
};
/// http:// and https:// only; a sentence when it cannot be used. The sentence never quotes the address: it may be
/// secret.
std::variant<WebAddress, std::string> parse_web_address(std::string_view url);

struct PostRequest {
  WebAddress to;
  bool get = false;  ///< the heartbeat is a GET
  std::vector<std::pair<std::string, std::string>> headers;
  std::string content_type, body;
  TlsConfig tls;
  Millis timeout = Seconds(10);
};

struct PostAnswer {
  int status = 0;  ///< 0: no answer, and `detail` says why in operator language
  std::string detail;
  std::string retry_after;  ///< the header's value
  std::string body;         ///< the beginning of what was answered, at most 1 KiB
};

/// Names to addresses, on threads of their own: a hanging resolver delays nobody but the one who asked. The last good
/// answer is used when the resolver fails, so that a dead resolver does not silence a pager which had been reached
/// before.
class NameLookup;
std::shared_ptr<NameLookup> make_name_lookup(net::any_io_executor loop);

/// TLS set-ups, made once for each configuration: loading all CAs takes longer than a request.
class TlsContexts;
std::shared_ptr<TlsContexts> make_tls_contexts();

net::awaitable<PostAnswer> post(PostRequest request, std::shared_ptr<NameLookup> names,
                                std::shared_ptr<TlsContexts> contexts);

}  // namespace readback
