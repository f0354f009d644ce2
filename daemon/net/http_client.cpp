// The grammar is core/http's; what is decided here is what it means when the connection brings no more bytes.
#include "daemon/net/http_client.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/ssl/error.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/message.hpp>

#include "core/http/unpack.hpp"

namespace readback {
namespace beast = boost::beast;
namespace http = beast::http;
using Clock = std::chrono::steady_clock;

namespace {

constexpr std::size_t most_at_once = 8 << 10;  // hundreds of reads wait at once, each with a buffer of its own

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

/// What an error in the middle of the exchange means.
TransportError exchange_fault(const ErrorCode& ec, const AnswerReader& reader) {
  const std::string so_far = reader.head_is_whole()
                                 ? " after " + std::to_string(reader.body_bytes()) + " bytes of the body"
                                 : " before any answer";
  if (ec == beast::error::timeout) return {TransportFault::timeout, "no whole answer in time: it stopped" + so_far};
  if (ec == net::error::eof || ec == net::ssl::error::stream_truncated || ec == net::error::connection_reset ||
      ec == net::error::broken_pipe || ec == net::error::connection_aborted)
    return {TransportFault::reset, "the connection was closed" + so_far};
  if (ec.category() == net::error::get_ssl_category()) return {TransportFault::tls, "TLS failed: " + ec.message()};
  return {TransportFault::protocol, ec.message() + so_far};
}

/// A TLS server that just hangs up has said all, where the end of the connection is what ends a body.
bool is_an_end(const ErrorCode& ec, const AnswerReader& reader) {
  return ec == net::error::eof || (ec == net::ssl::error::stream_truncated && reader.ends_with_connection());
}

/// Until the answer is whole, or cannot be any more; the error of the stream, where it was that.
net::awaitable<ErrorCode> read_answer(Stream& stream, AnswerReader& reader, const HttpLimits& limits,
                                      Stream::Deadline deadline, HttpExchange& result) {
  std::array<char, most_at_once> piece;
  const auto space = net::buffer(piece);
  while (reader.state() == AnswerReader::State::reading) {
    const auto got = co_await stream.read_some(space);
    reader.feed(std::string_view(piece.data(), got.bytes));
    if (!result.first_byte && reader.any_head()) result.first_byte = Clock::now();
    if (reader.head_is_whole() && !std::exchange(result.headers_came, true) &&
        limits.body != HttpLimits::no_limit_of_body)
      stream.expires_at(std::min(deadline, Clock::now() + limits.body));
    if (!got.error || reader.state() != AnswerReader::State::reading) continue;
    if (!is_an_end(got.error, reader)) co_return got.error;
    if (reader.end() == AnswerReader::State::reading) co_return got.error;
  }
  co_return ErrorCode();
}

void unpack_into(HttpExchange& result, std::size_t most) {
  if (unpack(result.answer, most) == Unpacked::too_large)
    result.error = TransportError{TransportFault::too_large,
                                  "the body is larger than " + std::to_string(most >> 10) + " KiB when unpacked"};
}

}  // namespace

WrittenRequest::WrittenRequest(HttpRequest request)
    : head(composed(request)),
      body(std::move(request.body).value_or("")),
      is_bodiless(request.method == http::verb::head || request.method == http::verb::connect) {}

net::awaitable<HttpExchange> exchange(Stream& stream, std::shared_ptr<const WrittenRequest> request, HttpLimits limits,
                                      Stream::Deadline deadline) {
  HttpExchange result;
  const Stream::Pieces all{net::buffer(request->head), net::buffer(request->body), {}};
  const auto write_error = co_await stream.write(all);
  AnswerReader reader(request->is_bodiless ? AnswerReader::Method::head : AnswerReader::Method::other, limits.bytes);
  const auto read_error = co_await read_answer(stream, reader, limits, deadline, result);
  if (reader.failure()) {
    result.error = reader.failure();
  } else if (read_error) {
    const bool unheard = write_error && !reader.head_is_whole() && read_error != beast::error::timeout;
    result.error = exchange_fault(unheard ? write_error : read_error, reader);
  }
  result.answer = reader.take();
  if (!result.error) unpack_into(result, limits.bytes.body);
  co_return result;
}

}  // namespace readback
