// An alert goes out over the same calls as a read comes in by: what is the poster's own is what it sends, and what of
// an answer counts for it. That is the status: whatever became of the body behind it.
#include "daemon/sinks/post.hpp"

#include <map>
#include <set>

#include "core/text/encoding.hpp"
#include "daemon/net/connect.hpp"
#include "daemon/net/http_client.hpp"
#include "daemon/runtime/aside.hpp"
#include "daemon/sinks/proxy.hpp"

namespace readback {
namespace http = boost::beast::http;

namespace {

constexpr Millis files_limit = Seconds(2);  // for certificates and keys, which may lie on something that hangs
constexpr std::size_t most_looking_up = 16;

/// What tells one setting from another.
std::string name_of(const TlsConfig& tls) {
  return tls.ca_file + '\n' + tls.cert_file + '\n' + tls.key_file + '\n' + tls.server_name + (tls.verify ? "" : "\n-");
}

}  // namespace

/// Kept by each request that is under way.
struct Poster::State {
  using Client = std::shared_ptr<TlsClient>;
  struct Loaded {
    Client client;
    std::string stamp;  ///< of its files, from before they were read
    bool anew = false;  ///< to be loaded again; used only where the files do not come
  };
  explicit State(net::any_io_executor loop)
      : resolver(loop, Resolver::Memory::last_good), looked(loop), aside(loop, most_looking_up) {}
  /// Where a request goes, and how.
  struct Way {
    Url to;
    TlsConfig tls;
    std::optional<Url> proxy;
    Millis timeout;
  };
  static net::awaitable<PostAnswer> send(std::shared_ptr<State> state, Way way, HttpRequest request);
  net::awaitable<Result<Client>> client_for(TlsConfig tls);
  void forget() {
    for (auto& [files, each] : clients) each.anew = true;
  }

  Resolver resolver;
  std::map<std::string, Loaded> clients;
  std::set<std::string> looking;
  Wake looked;  ///< somebody has, at one of them
  Aside aside;
};

/// Loaded aside for each setting, and again when its files were replaced on the disk. Who asks for what is being looked
/// at waits for that.
net::awaitable<Result<Poster::State::Client>> Poster::State::client_for(TlsConfig tls) {
  const std::string name = name_of(tls);
  while (looking.contains(name)) co_await looked.wait();
  const Loaded known = clients[name];
  const std::vector<std::string> files{tls.ca_file, tls.cert_file, tls.key_file};
  const bool of_system = tls.ca_file.empty() && tls.cert_file.empty();
  if (known.client && !known.anew && of_system) co_return known.client;
  looking.insert(name);
  std::function<Result<Loaded>()> work = [tls, files, known]() -> Result<Loaded> {
    auto stamp = stamp_of_files(files);
    if (known.client && !known.anew && stamp == known.stamp) return known;
    auto made = TlsClient::make(tls);
    if (!made) return made.failure();
    return Loaded{*std::move(made), std::move(stamp), false};
  };
  const auto found = co_await aside.within(files_limit, name, std::move(work));
  looking.erase(name);
  looked.notify();
  if (found && found->ok()) clients[name] = **found;
  if (found && found->ok()) co_return (*found)->client;
  if (known.client && !known.anew) co_return known.client;  // half a certificate is being written, or nothing answers
  if (found) co_return found->failure();
  if (known.client) co_return known.client;
  co_return Failure{"its certificates were not read within 2 s"};
}

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

/// Over http the proxy answers for the receiver: what is its own must not park the event.
void as_told_by(const Url& proxy, PostAnswer& answer) {
  if (answer.status == 0) answer.detail = at_proxy(proxy, answer.detail);
  const auto refused = refusal_of_proxy(proxy, answer.status);
  if (!refused) return;
  answer = PostAnswer();
  answer.detail = *refused;
  answer.was_written = false;
}

bool is_of_tls(const std::optional<TransportError>& error) { return error && error->fault == TransportFault::tls; }

}  // namespace

net::awaitable<PostAnswer> Poster::State::send(std::shared_ptr<State> state, Way way, HttpRequest request) {
  PostAnswer answer;
  const auto deadline = std::chrono::steady_clock::now() + way.timeout;
  const bool secret = way.to.scheme == Url::Scheme::https;
  std::shared_ptr<TlsClient> client;
  if (secret) {
    auto loaded = co_await state->client_for(std::move(way.tls));
    if (!loaded) {
      answer.detail = "TLS: " + loaded.error();
      answer.was_written = false;
      co_return answer;
    }
    client = *loaded;
  }
  Dialled call;
  if (way.proxy)
    call = co_await dial_through(state->resolver, *way.proxy, way.to, client, deadline);
  else
    call = co_await dial(state->resolver, way.to, client, deadline);
  // After a failed handshake the files are read again: they may have been renewed meanwhile.
  if (is_of_tls(call.to.error)) state->forget();
  if (call.to.error) {
    answer = no_answer(*call.to.error, way.to);
    answer.was_written = false;
    co_return answer;
  }
  const bool asks_proxy = way.proxy && !secret;
  if (asks_proxy) address_to_proxy(request, *way.proxy, way.to);
  const auto limits = limits_of_answers();
  const auto written = std::make_shared<const WrittenRequest>(std::move(request));
  auto got = co_await exchange(*call.to.stream, written, limits, deadline);
  if (is_of_tls(got.error)) state->forget();  // TLS 1.3 tells only now that our certificate was refused
  if (got.headers_came)
    answer = answer_of(std::move(got));
  else
    answer = no_answer(*got.error, way.to);
  if (asks_proxy) as_told_by(*way.proxy, answer);
  co_return answer;
}

Poster::Poster(net::any_io_executor loop) : state_(std::make_shared<State>(std::move(loop))) {}

net::awaitable<PostAnswer> Poster::post(PostRequest r) {
  auto request = request_to(r.to, http::verb::post);
  request.headers.emplace_back("Content-Type", r.content_type);
  for (auto& header : r.headers) request.headers.push_back(std::move(header));
  request.body = std::move(r.body);
  State::Way way{std::move(r.to), std::move(r.tls), std::move(r.proxy), r.timeout};
  return State::send(state_, std::move(way), std::move(request));
}

net::awaitable<PostAnswer> Poster::ping(Ping r) {
  auto request = request_to(r.to, http::verb::get);
  State::Way way{std::move(r.to), TlsConfig(), std::nullopt, r.timeout};
  return State::send(state_, std::move(way), std::move(request));
}

void Poster::forget_certificates() { state_->forget(); }

Result<Url> parse_sink_url(std::string_view text) {
  auto parsed = parse_url(text);
  if (parsed && parsed->scheme == Url::Scheme::unix_socket)
    return Failure{"the address must begin with http:// or https://"};
  return parsed;
}

}  // namespace readback
