#pragma once
// The only place in the daemon that can send a POST, and it only knows the addresses of alert sinks. It is apart from
// the reader of the watched platform (daemon/read), which cannot say POST, on purpose: a PostRequest is a POST and has
// no place for another method, a Ping brings nothing along.
//
// One deadline covers name, connection, TLS, request and answer. Redirects are not followed: an alert, and what is
// signed into it, goes where the configuration says and nowhere else; a proxy is asked where the configuration names
// one, and what the environment says of proxies is not looked at. A literal address never touches the resolver, and the
// last good addresses of a name are used when the resolver fails.
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/config/common.hpp"
#include "core/text/instant.hpp"
#include "core/text/url.hpp"
#include "daemon/runtime/net.hpp"

namespace readback {

struct PostRequest {
  Url to;  ///< http or https; its login becomes the Authorization header
  std::vector<std::pair<std::string, std::string>> headers;
  std::string content_type, body;
  TlsConfig tls;
  std::optional<Url> proxy;  ///< http; its login becomes the Proxy-Authorization header
  Millis timeout = Seconds(10);
};

/// A sign of life: a GET.
struct Ping {
  Url to;
  Millis timeout = Seconds(10);
};

struct PostAnswer {
  int status = 0;  ///< 0: no answer, and `detail` says why in operator language
  std::string detail;
  std::string retry_after;  ///< the header's value
  std::string body;         ///< the beginning of what was answered, at most 1 KiB
  bool was_written = true;  ///< false: no connection to the receiver was made
};

/// Sends from the loop it was made for. What is under way may outlive the poster.
class Poster {
 public:
  explicit Poster(net::any_io_executor loop);

  net::awaitable<PostAnswer> post(PostRequest request);
  net::awaitable<PostAnswer> ping(Ping request);
  /// Certificates and authorities are loaded once for each setting, and anew after this: for a reload.
  void forget_certificates();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// http:// and https:// only: what an alert can be sent to. The failure never quotes the address: it may be secret.
Result<Url> parse_sink_url(std::string_view text);

}  // namespace readback
