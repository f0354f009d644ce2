#include "daemon/sinks/post.hpp"

#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <charconv>
#include <chrono>

#include "core/text/encoding.hpp"
#include "core/text/time.hpp"
#include "daemon/sinks/name_lookup.hpp"

namespace readback {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
namespace ssl = net::ssl;
using Clock = std::chrono::steady_clock;
using Stream = beast::tcp_stream;

constexpr std::size_t answer_limit = 64 * 1024;
constexpr std::size_t answer_kept = 1024;

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned v = 0;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(&text[i + 1], &text[i + 1] + 2, v, 16).ptr == &text[i + 1] + 2) {
      out += static_cast<char>(v);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

/// What went wrong on the way, for people.
std::string describe(const ErrorCode& ec, const char* doing, Millis timeout) {
  if (ec == beast::error::timeout)
    return std::string("no answer within ") + humanize(timeout) + " (while " + doing + ")";
  if (ec == net::error::connection_refused) return "connection refused";
  if (ec == net::error::connection_reset) return "connection reset";
  if (ec == net::error::host_unreachable || ec == net::error::network_unreachable) return "no route to the host";
  if (ec == http::error::end_of_stream || ec == http::error::partial_message || ec == net::error::eof)
    return "the connection was closed without an answer";
  return std::string(doing) + ": " + ec.message();
}

bool is_bad_text(std::string_view s) {
  return std::any_of(s.begin(), s.end(), [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; });
}

http::request<http::string_body> make_request(const PostRequest& r) {
  http::request<http::string_body> request;
  request.version(11);
  request.method(r.get ? http::verb::get : http::verb::post);
  request.target(r.to.target);
  request.set(http::field::host, r.to.host_header());
  request.set(http::field::user_agent, "Readback");
  request.set(http::field::connection, "close");
  if (!r.to.login.empty()) request.set(http::field::authorization, "Basic " + to_base64(r.to.login));
  if (!r.get) {
    request.set(http::field::content_type, r.content_type);
    request.body() = r.body;
  }
  for (const auto& [name, value] : r.headers) request.set(name, value);
  request.prepare_payload();
  return request;
}

template <class S>
net::awaitable<PostAnswer> exchange(S& stream, const PostRequest& r) {
  PostAnswer answer;
  auto request = make_request(r);
  auto [write_ec, written] = co_await http::async_write(stream, request, token);
  (void)written;
  // A receiver may answer and close before it has read everything (413 does): its answer counts, the failed write not.
  beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.body_limit(answer_limit);
  auto [read_ec, read] = co_await http::async_read(stream, buffer, parser, token);
  (void)read;
  if (!parser.is_header_done()) {
    const auto& ec = write_ec ? write_ec : read_ec;
    answer.detail = describe(ec, write_ec ? "sending" : "waiting for the answer", r.timeout);
    co_return answer;
  }
  const auto& response = parser.get();
  answer.status = response.result_int();
  if (const auto it = response.find(http::field::retry_after); it != response.end())
    answer.retry_after = std::string(it->value());
  answer.body = response.body().substr(0, answer_kept);
  co_return answer;
}

/// Tries the addresses in turn; each gets its share of what is left, so that one that swallows packets does not use it
/// all.
net::awaitable<ErrorCode> connect(Stream& stream, const NameLookup::Endpoints& endpoints, Clock::time_point deadline) {
  ErrorCode last = net::error::host_not_found;
  for (std::size_t i = 0; i < endpoints.size(); ++i) {
    const auto left = deadline - Clock::now();
    if (left <= Clock::duration::zero()) {
      last = beast::error::timeout;
      break;
    }
    stream.close();
    stream.expires_after(left / static_cast<int>(endpoints.size() - i));
    const auto endpoint = endpoints[i];
    auto [ec] = co_await stream.async_connect(endpoint, token);
    last = ec;
    if (!ec) break;
  }
  co_return last;
}

}  // namespace

/// One context a TLS configuration.
class TlsContexts {
 public:
  std::variant<std::shared_ptr<ssl::context>, std::string> get(const TlsConfig& tls) {
    const std::string key = tls.ca_file + "\n" + tls.cert_file + "\n" + tls.key_file + (tls.verify ? "" : "\nany");
    if (const auto found = known_.find(key); found != known_.end()) return found->second;
    auto context = std::make_shared<ssl::context>(ssl::context::tls_client);
    ErrorCode ec;
    context->set_options(ssl::context::default_workarounds | ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1, ec);
    if (tls.ca_file.empty())
      context->set_default_verify_paths(ec);
    else
      context->load_verify_file(tls.ca_file, ec);
    if (ec) return "TLS: cannot read the CA file " + tls.ca_file + ": " + ec.message();
    if (!tls.cert_file.empty()) {
      context->use_certificate_chain_file(tls.cert_file, ec);
      if (!ec)
        context->use_private_key_file(tls.key_file.empty() ? tls.cert_file : tls.key_file, ssl::context::pem, ec);
      if (ec) return "TLS: cannot use the client certificate " + tls.cert_file + ": " + ec.message();
    }
    context->set_verify_mode(tls.verify ? ssl::verify_peer : ssl::verify_none, ec);
    known_.emplace(key, context);
    return context;
  }
  /// After a failure: the files may have been renewed meanwhile.
  void forget() { known_.clear(); }

 private:
  std::map<std::string, std::shared_ptr<ssl::context>> known_;
};

std::shared_ptr<TlsContexts> make_tls_contexts() { return std::make_shared<TlsContexts>(); }

std::string WebAddress::host_header() const {
  std::string text = host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (port != (tls ? "443" : "80")) text += ":" + port;
  return text;
}

std::variant<WebAddress, std::string> parse_web_address(std::string_view url) {
  while (!url.empty() && (url.back() == '\n' || url.back() == '\r' || url.back() == ' ')) url.remove_suffix(1);
  WebAddress a;
  if (url.starts_with("https://")) {
    a.tls = true;
    url.remove_prefix(8);
  } else if (url.starts_with("http://")) {
    url.remove_prefix(7);
  } else {
    return std::string("the address must begin with http:// or https://");
  }
  if (is_bad_text(url)) return std::string("the address has blanks or control characters in it");
  url = url.substr(0, url.find('#'));
  const auto path = url.find_first_of("/?");
  auto authority = url.substr(0, path);
  a.target = path == std::string_view::npos ? "/" : std::string(url.substr(path));
  if (a.target[0] == '?') a.target = "/" + a.target;
  if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
    a.login = percent_decoded(authority.substr(0, at));
    authority.remove_prefix(at + 1);
  }
  if (authority.starts_with('[')) {
    const auto end = authority.find(']');
    if (end == std::string_view::npos) return std::string("the address has an unclosed '['");
    a.host = authority.substr(1, end - 1);
    authority.remove_prefix(end + 1);
  } else {
    const auto colon = authority.rfind(':');
    a.host = authority.substr(0, colon);
    authority.remove_prefix(colon == std::string_view::npos ? authority.size() : colon);
  }
  if (a.host.empty()) return std::string("the address names no host");
  a.port = a.tls ? "443" : "80";
  if (!authority.empty()) {
    const auto digits = authority.substr(1);
    unsigned port = 0;
    const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (authority[0] != ':' || ec != std::errc() || end != digits.data() + digits.size() || port == 0 || port > 65535)
      return std::string("the port of the address is not a number from 1 to 65535");
    a.port = std::to_string(port);
  }
  return a;
}

net::awaitable<PostAnswer> post(PostRequest r, std::shared_ptr<NameLookup> names,
                                std::shared_ptr<TlsContexts> contexts) {
  PostAnswer answer;
  const auto deadline = Clock::now() + r.timeout;
  auto found = co_await names->find(r.to.host, r.to.port, r.timeout);
  if (found.endpoints.empty()) {
    answer.detail = found.problem;
    co_return answer;
  }
  const auto executor = co_await net::this_coro::executor;
  Stream plain(executor);
  const auto connect_ec = co_await connect(plain, found.endpoints, deadline);
  if (connect_ec) {
    answer.detail = describe(connect_ec, "connecting", r.timeout);
    co_return answer;
  }
  plain.expires_at(deadline);
  if (!r.to.tls) {
    answer = co_await exchange(plain, r);
    ErrorCode ignored;
    plain.socket().shutdown(net::ip::tcp::socket::shutdown_both, ignored);
    co_return answer;
  }
  auto context = contexts->get(r.tls);
  if (const auto* problem = std::get_if<std::string>(&context)) {
    answer.detail = *problem;
    co_return answer;
  }
  const auto shared = std::get<std::shared_ptr<ssl::context>>(context);
  beast::ssl_stream<Stream> stream(std::move(plain), *shared);
  const std::string name = r.tls.server_name.empty() ? r.to.host : r.tls.server_name;
  ErrorCode not_literal;
  net::ip::make_address(name, not_literal);
  if (not_literal) SSL_set_tlsext_host_name(stream.native_handle(), name.c_str());
  if (r.tls.verify) stream.set_verify_callback(ssl::host_name_verification(name));
  auto [tls_ec] = co_await stream.async_handshake(ssl::stream_base::client, token);
  if (tls_ec) {
    contexts->forget();
    const long verdict = SSL_get_verify_result(stream.native_handle());
    if (tls_ec == beast::error::timeout)
      answer.detail = describe(tls_ec, "in the TLS handshake", r.timeout);
    else if (r.tls.verify && verdict != X509_V_OK)
      answer.detail = std::string("TLS: ") + X509_verify_cert_error_string(verdict);
    else
      answer.detail = "TLS: " + tls_ec.message();
    co_return answer;
  }
  answer = co_await exchange(stream, r);
  co_return answer;
}

}  // namespace readback
