// CONNECT is asked with the same client as everything else; its answer has no body, and what comes behind it is TLS.
#include "daemon/sinks/proxy.hpp"

#include <utility>

#include "core/alert/retry.hpp"
#include "core/text/encoding.hpp"
#include "daemon/net/http_client.hpp"

namespace readback {
namespace http = boost::beast::http;

namespace {

std::string with_port(const Url& url) {
  const std::string host(known_host(url.host));
  return (host.find(':') == host.npos ? host : "[" + host + "]") + ":" + url.port;
}

void add_login(HttpRequest& request, const Url& proxy) {
  if (!proxy.login.empty()) request.headers.emplace_back("Proxy-Authorization", "Basic " + to_base64(proxy.login));
}

TransportError trouble_at(const Url& proxy, const std::string& what) {
  return {TransportFault::protocol, at_proxy(proxy, what)};
}

/// Asks for the tunnel; what keeps it from standing.
net::awaitable<std::optional<TransportError>> open_tunnel(Stream& stream, Url proxy, Url to,
                                                          Stream::Deadline deadline) {
  HttpRequest request{http::verb::connect, with_port(to), {{"Host", with_port(to)}, {"User-Agent", "Readback"}}, {}};
  add_login(request, proxy);
  const auto written = std::make_shared<const WrittenRequest>(std::move(request));
  const HttpLimits limits;
  const auto got = co_await exchange(stream, written, limits, deadline);
  std::optional<TransportError> trouble;
  const int status = got.answer.status;
  if (!got.headers_came)
    trouble = trouble_at(proxy, got.error ? got.error->detail : "no answer");
  else if (const auto refused = refusal_of_proxy(proxy, status))
    trouble = TransportError{TransportFault::protocol, *refused};
  else if (status / 100 != 2)
    trouble = trouble_at(proxy, "it refuses the way: " + status_text(status));
  co_return trouble;
}

}  // namespace

std::string at_proxy(const Url& proxy, const std::string& what) {
  return "the proxy " + with_port(proxy) + ": " + what;
}

std::optional<std::string> refusal_of_proxy(const Url& proxy, int status) {
  if (status != 407) return std::nullopt;
  return at_proxy(proxy,
                  (proxy.login.empty() ? "it asks for a login: " : "it refuses the login: ") + status_text(status));
}

void address_to_proxy(HttpRequest& request, const Url& proxy, const Url& to) {
  request.target = "http://" + to.host_header() + request.target;
  add_login(request, proxy);
}

net::awaitable<Dialled> dial_through(Resolver& resolver, Url proxy, Url to, std::shared_ptr<TlsClient> tls,
                                     Stream::Deadline deadline) {
  const std::shared_ptr<TlsClient> none;
  auto call = co_await dial(resolver, proxy, none, deadline);
  if (call.to.error) {
    call.to.error = trouble_at(proxy, call.to.error->detail);
    co_return call;
  }
  if (to.scheme != Url::Scheme::https) co_return call;
  const auto trouble = co_await open_tunnel(*call.to.stream, proxy, to, deadline);
  if (trouble) {
    call.to.stream.reset();
    call.to.error = trouble;
    co_return call;
  }
  co_await shake_hands(call, std::move(tls), to.host);
  co_return call;
}

}  // namespace readback
