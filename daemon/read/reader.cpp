#include "daemon/read/reader.hpp"

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

#include "daemon/platform/version.hpp"
#include "daemon/runtime/clock.hpp"

namespace readback {
namespace beast = boost::beast;
namespace http = beast::http;
using net::ip::tcp;
using Clock = std::chrono::steady_clock;
using UnixStream = beast::basic_stream<net::local::stream_protocol>;
using TlsStream = beast::ssl_stream<beast::tcp_stream>;

namespace {

constexpr auto between_attempts = std::chrono::milliseconds(250);  // RFC 8305 section 5
constexpr int most_informational = 8;                              // 1xx answers before the real one

std::int64_t micros_since(Clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start).count();
}

TransportError connect_fault(const ErrorCode& ec, const std::string& address) {
  const auto fault = [&] {
    switch (ec.value()) {
      case ECONNREFUSED:
      case ENOENT: return TransportFault::refused;
      case ECONNRESET:
      case EPIPE:
      case ECONNABORTED: return TransportFault::reset;
      case ETIMEDOUT: return TransportFault::timeout;
      case ENETUNREACH:
      case EHOSTUNREACH:
      case ENETDOWN:
      case EHOSTDOWN:
      case EADDRNOTAVAIL: return TransportFault::no_route;
      default: return TransportFault::local;
    }
  }();
  switch (fault) {
    case TransportFault::refused: return {fault, "connection refused"};
    case TransportFault::no_route: return {fault, "no route to " + address + ": " + ec.message()};
    default: return {fault, address + ": " + ec.message()};
  }
}

/// The connection that was won first, among the addresses of one name.
struct Race : std::enable_shared_from_this<Race> {
  Race(net::any_io_executor ex, std::vector<tcp::endpoint> all) : endpoints(std::move(all)), stagger(ex), done(ex) {
    for (std::size_t i = 0; i < endpoints.size(); ++i) sockets.emplace_back(ex);
  }
  void next() {
    if (over || begun == endpoints.size()) return;
    const std::size_t i = begun++;
    auto self = shared_from_this();
    sockets[i].async_connect(endpoints[i], [self, i](ErrorCode ec) { self->finished(i, ec); });
    stagger.expires_after(between_attempts);
    stagger.async_wait([self](ErrorCode ec) {
      if (!ec) self->next();
    });
  }
  void finished(std::size_t i, ErrorCode ec) {
    if (over) return;
    if (!ec) return end(i);
    if (!first_error) first_error = {i, ec};
    if (++failed == endpoints.size()) return end(endpoints.size());
    next();
  }
  void end(std::size_t who) {
    over = true;
    winner = who;
    stagger.cancel();
    for (std::size_t k = 0; k < sockets.size(); ++k)
      if (k != who) {
        ErrorCode ignored;
        sockets[k].close(ignored);
      }
    done.cancel();
  }

  std::vector<tcp::endpoint> endpoints;
  std::vector<tcp::socket> sockets;
  net::steady_timer stagger, done;
  std::size_t begun = 0, failed = 0, winner = 0;
  std::optional<std::pair<std::size_t, ErrorCode>> first_error;
  bool over = false;
};

std::string shown(const tcp::endpoint& e) {
  const auto address = e.address().to_string();
  return (e.address().is_v6() ? "[" + address + "]" : address) + ":" + std::to_string(e.port());
}

http::request<http::empty_body> make_request(const ReadRequest& r) {
  http::request<http::empty_body> request;
  switch (r.method) {
    case Method::get: request.method(http::verb::get); break;
    case Method::head: request.method(http::verb::head); break;
  }
  request.target(r.url.path);
  request.version(11);
  request.set(http::field::host, r.url.authority);
  request.set(http::field::user_agent, std::string("readback/") + std::string(version()));
  request.set(http::field::accept, "application/json, text/plain;q=0.9, */*;q=0.1");
  request.set(http::field::accept_encoding, "identity");
  request.set(http::field::connection, "close");
  for (const auto& [name, value] : r.headers) request.set(name, value);
  return request;
}

/// What an error in the middle of the exchange means; `got` is how much of the body had come.
TransportError exchange_fault(const ErrorCode& ec, bool headers_came, std::size_t got) {
  const std::string so_far =
      headers_came ? " after " + std::to_string(got) + " bytes of the body" : " before any answer";
  if (ec == beast::error::timeout) return {TransportFault::timeout, "no whole answer in time: it stopped" + so_far};
  if (ec == http::error::body_limit) return {TransportFault::too_large, "the body is larger than 1 MiB"};
  if (ec == http::error::header_limit || ec == http::error::buffer_overflow)
    return {TransportFault::too_large, "the headers are larger than 64 KiB"};
  if (ec == http::error::end_of_stream || ec == http::error::partial_message || ec == net::error::eof ||
      ec == net::ssl::error::stream_truncated || ec == net::error::connection_reset || ec == net::error::broken_pipe ||
      ec == net::error::connection_aborted)
    return {TransportFault::reset, "the connection was closed" + so_far};
  if (ec.category() == http::make_error_code(http::error::bad_version).category())
    return {TransportFault::protocol, "the answer is not HTTP: " + ec.message()};
  if (ec.category() == net::error::get_ssl_category()) return {TransportFault::tls, "TLS failed: " + ec.message()};
  return {TransportFault::protocol, ec.message() + so_far};
}

HttpAnswer answer_of(http::response<http::string_body>&& message) {
  HttpAnswer a;
  a.status = static_cast<int>(message.result_int());
  a.http_version = message.version() == 10 ? "1.0" : "1.1";
  for (const auto& field : message) {
    const auto name = field.name_string(), value = field.value();
    a.headers.push_back({std::string(name.data(), name.size()), std::string(value.data(), value.size())});
  }
  a.body = std::move(message.body());
  return a;
}

template <class Stream>
net::awaitable<void> exchange(Stream& stream, const ReadRequest& r, Clock::time_point start, RawRead& out) {
  auto request = make_request(r);
  auto [write_error, written] = co_await http::async_write(stream, request, token);
  (void)written;
  // A server that answers early and closes is still read: what it said counts more than what it did not hear.
  beast::flat_buffer buffer(largest_headers + 4096);
  for (int informational = 0;; ++informational) {
    http::response_parser<http::string_body> parser;
    parser.header_limit(largest_headers);
    parser.body_limit(largest_body);
    if (r.method == Method::head) parser.skip(true);
    auto [head_error, head_bytes] = co_await http::async_read_header(stream, buffer, parser, token);
    (void)head_bytes;
    if (head_error) {
      const ErrorCode ec = write_error && head_error != beast::error::timeout ? write_error : head_error;
      out.answer = exchange_fault(ec, false, 0);
      co_return;
    }
    if (out.phases.first_byte_us < 0) out.phases.first_byte_us = micros_since(start);
    const auto code = parser.get().result_int();
    if (code >= 100 && code < 200) {
      if (informational < most_informational && code != 101) continue;
      out.answer = TransportError{TransportFault::protocol, "informational answers without end"};
      co_return;
    }
    auto [body_error, body_bytes] = co_await http::async_read(stream, buffer, parser, token);
    (void)body_bytes;
    // Without a length the end of the connection ends the body; a TLS server that just hangs up then has said all.
    const bool cut_is_end =
        body_error == net::ssl::error::stream_truncated && !parser.content_length() && !parser.chunked();
    if (body_error && !cut_is_end) {
      out.answer = exchange_fault(body_error, true, parser.get().body().size());
      co_return;
    }
    out.answer = answer_of(parser.release());
    co_return;
  }
}

net::awaitable<void> read_tcp(Resolver& resolver, const ReadRequest& r, Clock::time_point start,
                              Clock::time_point deadline, RawRead& out) {
  auto executor = co_await net::this_coro::executor;
  auto found = co_await resolver.lookup(r.url.host, r.url.port, deadline);
  const bool literal = found.endpoints.size() == 1 && found.endpoints.front().address().to_string() == r.url.host;
  if (!literal) out.phases.dns_us = micros_since(start);
  if (found.error) {
    out.answer = *found.error;
    co_return;
  }
  const auto connect_start = Clock::now();
  auto race = std::make_shared<Race>(executor, found.endpoints);
  race->done.expires_at(deadline);
  race->next();
  if (!race->over) {
    auto [ec] = co_await race->done.async_wait(token);
    (void)ec;
  }
  out.phases.connect_us = micros_since(connect_start);
  if (!race->over) {
    race->end(race->sockets.size());
    out.address = shown(race->endpoints.front());
    out.answer = TransportError{TransportFault::timeout, out.address + " does not accept a connection in time"};
    co_return;
  }
  if (race->winner == race->sockets.size()) {
    const auto& [which, error] = *race->first_error;
    out.address = shown(race->endpoints[which]);
    out.answer = connect_fault(error, out.address);
    co_return;
  }
  out.address = shown(race->endpoints[race->winner]);
  beast::tcp_stream tcp_stream(std::move(race->sockets[race->winner]));
  tcp_stream.expires_at(deadline);
  ErrorCode no_matter;
  tcp_stream.socket().set_option(tcp::no_delay(true), no_matter);

  if (r.url.scheme == Url::Scheme::http) {
    co_await exchange(tcp_stream, r, start, out);
    tcp_stream.socket().close(no_matter);
    co_return;
  }
  TlsFindings findings;
  TlsStream stream(std::move(tcp_stream), r.tls->context());
  const std::string name = r.tls->config().server_name.empty() ? r.url.host : r.tls->config().server_name;
  verify_server(stream.native_handle(), name, r.tls->config().verify, findings);
  const auto tls_start = Clock::now();
  auto [handshake_error] = co_await stream.async_handshake(net::ssl::stream_base::client, token);
  out.phases.tls_us = micros_since(tls_start);
  out.tls_expires_at = findings.leaf_expires_at;
  if (handshake_error) {
    if (handshake_error == beast::error::timeout)
      out.answer = TransportError{TransportFault::timeout, "the TLS handshake did not end in time"};
    else if (!findings.trouble.empty())
      out.answer = TransportError{TransportFault::tls, findings.trouble};
    else
      out.answer = TransportError{TransportFault::tls, "the TLS handshake failed: " + handshake_error.message()};
    beast::get_lowest_layer(stream).socket().close(no_matter);
    co_return;
  }
  co_await exchange(stream, r, start, out);
  beast::get_lowest_layer(stream).socket().close(no_matter);
}

net::awaitable<void> read_unix(const ReadRequest& r, Clock::time_point start, Clock::time_point deadline,
                               RawRead& out) {
  auto executor = co_await net::this_coro::executor;
  out.address = "unix:" + r.url.host;
  if (r.url.host.size() >= 108) {
    out.answer = TransportError{TransportFault::local, "the socket's path is longer than the system allows"};
    co_return;
  }
  UnixStream stream(executor);
  stream.expires_at(deadline);
  const net::local::stream_protocol::endpoint endpoint(r.url.host);
  auto [ec] = co_await stream.async_connect(endpoint, token);
  out.phases.connect_us = micros_since(start);
  if (ec) {
    out.answer = ec == beast::error::timeout
                     ? TransportError{TransportFault::timeout, r.url.host + " does not accept a connection in time"}
                     : connect_fault(ec, r.url.host);
    co_return;
  }
  co_await exchange(stream, r, start, out);
  ErrorCode no_matter;
  stream.socket().close(no_matter);
}

}  // namespace

net::awaitable<RawRead> read_once(Resolver& resolver, ReadRequest request) {
  RawRead out;
  out.read = request.read;
  out.at = now().wall;
  const auto start = Clock::now();
  const auto deadline = start + request.timeout;
  std::string trouble;
  try {
    if (request.url.scheme == Url::Scheme::unix_socket)
      co_await read_unix(request, start, deadline, out);
    else
      co_await read_tcp(resolver, request, start, deadline, out);
  } catch (const boost::system::system_error& e) {
    if (e.code() == net::error::operation_aborted) throw;  // we were told to stop: that is no finding
    trouble = e.code().message();                          // no descriptor for a socket, no memory for a buffer
  } catch (const std::bad_alloc&) {
    trouble = "out of memory";
  }
  if (!trouble.empty()) out.answer = TransportError{TransportFault::local, "this host could not read: " + trouble};
  out.phases.total_us = micros_since(start);
  out.took = std::chrono::duration_cast<Millis>(std::chrono::microseconds(out.phases.total_us));
  co_return out;
}

}  // namespace readback
