// Beast's parser does the grammar; what is decided here is when an answer is whole, and what it means that it is not.
#include "daemon/net/http_client.hpp"

#include <boost/asio/ssl/error.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "daemon/net/feed.hpp"

namespace readback {
namespace beast = boost::beast;
namespace http = beast::http;
using Clock = std::chrono::steady_clock;
using Parser = http::response_parser<http::string_body>;

namespace {

constexpr int most_informational = 8;     // 1xx answers before the real one
constexpr std::uint64_t framed_by = 4;    // times the body's limit: its chunks with all that frames them
constexpr std::size_t read_ahead = 4096;  // beyond the headers

std::string composed(const HttpRequest& r) {
  http::request_header<> head;
  head.version(11);
  head.method(r.method);
  head.target(r.target);
  for (const auto& [name, value] : r.headers) head.set(name, value);
  if (r.body) head.set(http::field::content_length, std::to_string(r.body->size()));
  const http::fields::writer lines(head, head.version(), head.method());
  return beast::buffers_to_string(lines.get());
}

std::string size_text(std::uint64_t bytes) {
  return bytes % (1 << 20) == 0 ? std::to_string(bytes >> 20) + " MiB" : std::to_string(bytes >> 10) + " KiB";
}

/// What an error in the middle of the exchange means; `got` is how much of the body had come.
TransportError exchange_fault(const ErrorCode& ec, bool headers_came, std::size_t got, const HttpLimits& limits) {
  const std::string so_far =
      headers_came ? " after " + std::to_string(got) + " bytes of the body" : " before any answer";
  if (ec == beast::error::timeout) return {TransportFault::timeout, "no whole answer in time: it stopped" + so_far};
  if (ec == http::error::body_limit)
    return {TransportFault::too_large, "the body is larger than " + size_text(limits.body)};
  if (ec == http::error::header_limit || ec == http::error::buffer_overflow)
    return {TransportFault::too_large, "the headers are larger than " + size_text(limits.headers)};
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

/// The rest of an answer whose headers have come.
net::awaitable<ErrorCode> read_rest(Stream& stream, beast::flat_buffer& buffer, Parser& parser, std::uint64_t most) {
  ErrorCode result;
  std::uint64_t on_the_wire = 0;
  parser.eager(true);
  while (!parser.is_done() && !result) {
    const auto fed = co_await feed_some<false>(stream, buffer, parser);
    on_the_wire += fed.bytes;
    result = fed.error;
    if (!result && on_the_wire > most) result = http::error::body_limit;
  }
  // Without a length the end of the connection ends the body; a TLS server that just hangs up then has said all.
  if (result == net::ssl::error::stream_truncated && !parser.content_length() && !parser.chunked()) result = {};
  co_return result;
}

/// Of an informational answer: why no real one is waited for.
const char* trouble_with(unsigned code, int informational) {
  if (code == 101) return "the answer changes the protocol, and nobody asked for that";
  return informational < most_informational ? nullptr : "informational answers without end";
}

}  // namespace

net::awaitable<HttpExchange> exchange(Stream& stream, HttpRequest request, HttpLimits limits) {
  HttpExchange result;
  const std::string head = composed(request);
  const std::string nothing;
  const std::string& body = request.body ? *request.body : nothing;
  const Stream::Pieces all{net::buffer(head), net::buffer(body), {}};
  const auto write_error = co_await stream.write(all);
  beast::flat_buffer buffer(limits.headers + read_ahead);
  for (int informational = 0;; ++informational) {
    Parser parser;
    parser.header_limit(limits.headers);
    parser.body_limit(limits.body);
    if (request.method == http::verb::head) parser.skip(true);
    const auto head_error = co_await feed_header<false>(stream, buffer, parser);
    if (head_error) {
      const auto& said = write_error && head_error != beast::error::timeout ? write_error : head_error;
      result.error = exchange_fault(said, false, 0, limits);
      co_return result;
    }
    if (!result.first_byte) result.first_byte = Clock::now();
    const auto code = parser.get().result_int();
    if (code >= 100 && code < 200) {
      const char* why = trouble_with(code, informational);
      if (!why) continue;
      result.error = TransportError{TransportFault::protocol, why};
      co_return result;
    }
    result.headers_came = true;
    if (has_unknown_coding(parser.get())) {
      result.error = TransportError{TransportFault::protocol, "malformed framing: unknown transfer coding"};
      result.answer = answer_of(parser.release());
      co_return result;
    }
    const auto most = framed_by * limits.body;
    const auto body_error = co_await read_rest(stream, buffer, parser, most);
    if (body_error) result.error = exchange_fault(body_error, true, parser.get().body().size(), limits);
    result.answer = answer_of(parser.release());
    co_return result;
  }
}

}  // namespace readback
