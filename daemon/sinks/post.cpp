// An alert goes out over the same calls as a read comes in by: what is the poster's own is what it sends, and what of
// an answer counts for it. That is the status: whatever became of the body behind it.
#include "daemon/sinks/post.hpp"

#include "core/text/encoding.hpp"
#include "daemon/net/connect.hpp"
#include "daemon/net/http_client.hpp"

namespace readback {
namespace http = boost::beast::http;

/// Kept by each request that is under way.
struct Poster::State {
  explicit State(net::any_io_executor loop) : resolver(std::move(loop), Resolver::Memory::last_good) {}
  static net::awaitable<PostAnswer> send(std::shared_ptr<State> state, Url to, TlsConfig tls, HttpRequest request,
                                         Millis timeout);
  Resolver resolver;
  TlsClients clients;
};

namespace {

constexpr std::size_t answer_kept = 1024;

HttpLimits limits_of_answers() {
  HttpLimits limits;
  limits.bytes.body = 64 << 10;
  limits.body = std::chrono::seconds(1);  // its status is what counts: nobody behind it waits for its prose
  return limits;
}

HttpRequest request_to(const Url& to, http::verb method) {
  HttpRequest request{method, to.target, {}, {}};
  request.headers = {{"Host", to.host_header()}, {"User-Agent", "Readback"}, {"Connection", "close"}};
  if (!to.login.empty()) request.headers.emplace_back("Authorization", "Basic " + to_base64(to.login));
  return request;
}

/// A sink's address may be secret: the name is not repeated.
PostAnswer no_answer(const TransportError& error, const Url& to) {
  PostAnswer answer;
  answer.detail = error.detail;
  switch (error.fault) {
    case TransportFault::dns: answer.detail = "no such name"; break;
    case TransportFault::resolver:
    case TransportFault::local:
      if (const auto at = answer.detail.find(to.host); at != std::string::npos)
        answer.detail.replace(at, to.host.size(), "the name");
      break;
    case TransportFault::tls:
      if (answer.detail.find("TLS") == std::string::npos) answer.detail.insert(0, "TLS: ");
      break;
    case TransportFault::refused:
    case TransportFault::reset:
    case TransportFault::timeout:
    case TransportFault::protocol:
    case TransportFault::too_large:
    case TransportFault::no_route: break;
  }
  return answer;
}

PostAnswer answer_of(HttpExchange got) {
  PostAnswer answer;
  answer.status = got.answer.status;
  if (const auto* wait = find_header(got.answer.headers, "Retry-After")) answer.retry_after = *wait;
  answer.body = got.answer.body.substr(0, answer_kept);
  return answer;
}

bool is_of_tls(const std::optional<TransportError>& error) { return error && error->fault == TransportFault::tls; }

}  // namespace

net::awaitable<PostAnswer> Poster::State::send(std::shared_ptr<State> state, Url to, TlsConfig tls, HttpRequest request,
                                               Millis timeout) {
  PostAnswer answer;
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  std::shared_ptr<TlsClient> client;
  if (to.scheme == Url::Scheme::https) {
    auto loaded = state->clients.get(tls);
    if (!loaded) {
      answer.detail = "TLS: " + loaded.error();
      co_return answer;
    }
    client = *loaded;
  }
  auto call = co_await dial(state->resolver, to, client, deadline);
  // After a failed handshake the files are read again: they may have been renewed meanwhile.
  if (is_of_tls(call.to.error)) state->clients.forget();
  if (call.to.error) {
    answer = no_answer(*call.to.error, to);
    co_return answer;
  }
  const auto limits = limits_of_answers();
  auto got = co_await exchange(*call.to.stream, std::move(request), limits, deadline);
  if (is_of_tls(got.error)) state->clients.forget();  // TLS 1.3 tells only now that our certificate was refused
  if (got.headers_came)
    answer = answer_of(std::move(got));
  else
    answer = no_answer(*got.error, to);
  co_return answer;
}

Poster::Poster(net::any_io_executor loop) : state_(std::make_shared<State>(std::move(loop))) {}

net::awaitable<PostAnswer> Poster::post(PostRequest r) {
  auto request = request_to(r.to, http::verb::post);
  request.headers.emplace_back("Content-Type", r.content_type);
  for (auto& header : r.headers) request.headers.push_back(std::move(header));
  request.body = std::move(r.body);
  return State::send(state_, std::move(r.to), std::move(r.tls), std::move(request), r.timeout);
}

net::awaitable<PostAnswer> Poster::ping(Ping r) {
  auto request = request_to(r.to, http::verb::get);
  return State::send(state_, std::move(r.to), TlsConfig(), std::move(request), r.timeout);
}

void Poster::forget_certificates() { state_->clients.forget(); }

Result<Url> parse_sink_url(std::string_view text) {
  auto parsed = parse_url(text);
  if (parsed && parsed->scheme == Url::Scheme::unix_socket)
    return Failure{"the address must begin with http:// or https://"};
  return parsed;
}

}  // namespace readback
