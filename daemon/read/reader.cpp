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
#include "daemon/read/connect.hpp"
#include "daemon/runtime/clock.hpp"

namespace readback {
namespace beast = boost::beast;
namespace http = beast::http;
using net::ip::tcp;
using Clock = std::chrono::steady_clock;
using UnixStream = beast::basic_stream<net::local::stream_protocol>;
using TlsStream = beast::ssl_stream<beast::tcp_stream>;

namespace {

constexpr int most_informational = 8;                          // 1xx answers before the real one
constexpr std::size_t largest_on_the_wire = 4 * largest_body;  // a body's chunks with all that frames them
constexpr auto queue_pause = std::chrono::milliseconds(20);    // before a full queue is tried again

std::int64_t micros_since(Clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start).count();
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

/// The rest of an answer whose headers have come. The stream's own timer is only looked at while a piece is awaited, so
/// a peer that always has the next one ready would never meet it: the clock is asked here, after each piece.
template <class Stream>
net::awaitable<ErrorCode> read_rest(Stream& stream, beast::flat_buffer& buffer,
                                    http::response_parser<http::string_body>& parser, Clock::time_point deadline) {
  ErrorCode result;
  std::size_t on_the_wire = 0;
  parser.eager(true);
  while (!parser.is_done() && !result) {
    auto [ec, bytes] = co_await http::async_read_some(stream, buffer, parser, token);
    on_the_wire += bytes;
    if (ec)
      result = ec;
    else if (on_the_wire > largest_on_the_wire)
      result = http::error::body_limit;
    else if (!parser.is_done() && Clock::now() >= deadline)
      result = beast::error::timeout;
  }
  co_return result;
}

template <class Stream>
net::awaitable<void> exchange(Stream& stream, const ReadRequest& r, Clock::time_point start, Clock::time_point deadline,
                              RawRead& out) {
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
      const char* why = code == 101 ? "the answer changes the protocol, and nobody asked for that"
                                    : "informational answers without end";
      out.answer = TransportError{TransportFault::protocol, why};
      co_return;
    }
    const auto body_error = co_await read_rest(stream, buffer, parser, deadline);
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
  auto found = co_await resolver.lookup(r.url.host, r.url.port, deadline);
  const bool literal = found.endpoints.size() == 1 && found.endpoints.front().address().to_string() == r.url.host;
  if (!literal) out.phases.dns_us = micros_since(start);
  if (found.error) {
    out.answer = *found.error;
    co_return;
  }
  const auto connect_start = Clock::now();
  auto won = co_await connect_first(std::move(found.endpoints), deadline);
  out.phases.connect_us = micros_since(connect_start);
  out.address = won.address;
  if (won.error) {
    out.answer = *won.error;
    co_return;
  }
  beast::tcp_stream tcp_stream(std::move(*won.socket));
  tcp_stream.expires_at(deadline);
  ErrorCode no_matter;
  tcp_stream.socket().set_option(tcp::no_delay(true), no_matter);

  if (r.url.scheme == Url::Scheme::http) {
    co_await exchange(tcp_stream, r, start, deadline, out);
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
  co_await exchange(stream, r, start, deadline, out);
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
  const net::local::stream_protocol::endpoint endpoint(r.url.host);
  net::steady_timer pause(executor);
  ErrorCode ec, no_matter;
  for (bool full = true; full;) {
    stream.expires_at(deadline);
    auto [connect_error] = co_await stream.async_connect(endpoint, token);
    ec = connect_error;
    // A listener whose queue is full refuses nobody: the connect "works", and nobody is at the other end. Over TCP the
    // system would go on trying; here it is for us to do.
    stream.socket().remote_endpoint(no_matter);
    full = !ec && no_matter;
    if (!full) break;
    stream.close();
    if (Clock::now() + queue_pause >= deadline) ec = beast::error::timeout, full = false;
    pause.expires_after(queue_pause);
    auto [cut_short] = co_await pause.async_wait(token);
    (void)cut_short;
  }
  out.phases.connect_us = micros_since(start);
  if (ec) {
    out.answer = ec == beast::error::timeout
                     ? TransportError{TransportFault::timeout, r.url.host + " does not accept a connection in time"}
                     : connect_fault(ec, r.url.host);
    co_return;
  }
  co_await exchange(stream, r, start, deadline, out);
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
