// The parser says how far it came; the loop around it only brings bytes, and tells an end between two messages from one
// in the middle.
#include "daemon/net/feed.hpp"

#include <boost/asio/error.hpp>
#include <boost/beast/core/read_size.hpp>
#include <boost/beast/http/error.hpp>

#include "core/text/words.hpp"

namespace readback {
namespace beast = boost::beast;
namespace http = beast::http;

namespace {

constexpr std::size_t most_at_once = 65536;

/// What the buffer holds, to the parser. That it would like more is no error.
template <bool is_request>
Fed hand_over(beast::flat_buffer& buffer, http::basic_parser<is_request>& parser) {
  Fed fed;
  if (buffer.size() == 0) return fed;
  fed.bytes = parser.put(buffer.data(), fed.error);
  buffer.consume(fed.bytes);
  if (fed.error == http::error::need_more) fed.error = {};
  return fed;
}

}  // namespace

template <bool is_request>
net::awaitable<Fed> feed_some(Stream& stream, beast::flat_buffer& buffer, http::basic_parser<is_request>& parser) {
  Fed fed = hand_over(buffer, parser);
  if (fed.error || fed.bytes > 0) co_return fed;
  const auto room = beast::read_size(buffer, most_at_once);
  if (room == 0) {
    fed.error = http::error::buffer_overflow;
    co_return fed;
  }
  const auto space = buffer.prepare(room);
  const auto got = co_await stream.read_some(space);
  buffer.commit(got.bytes);
  if (got.error == net::error::eof && parser.got_some()) {
    parser.put_eof(fed.error);
  } else if (got.error) {
    fed.error = got.error == net::error::eof ? ErrorCode(http::error::end_of_stream) : got.error;
  } else {
    fed = hand_over(buffer, parser);
  }
  co_return fed;
}

template <bool is_request>
net::awaitable<ErrorCode> feed_header(Stream& stream, beast::flat_buffer& buffer,
                                      http::basic_parser<is_request>& parser) {
  ErrorCode error;
  parser.eager(false);
  while (!error && !parser.is_header_done()) {
    const auto fed = co_await feed_some(stream, buffer, parser);
    error = fed.error;
  }
  co_return error;
}

template <bool is_request>
net::awaitable<ErrorCode> feed_all(Stream& stream, beast::flat_buffer& buffer, http::basic_parser<is_request>& parser) {
  ErrorCode error;
  parser.eager(true);
  while (!error && !parser.is_done()) {
    const auto fed = co_await feed_some(stream, buffer, parser);
    error = fed.error;
  }
  co_return error;
}

bool has_unknown_coding(const http::fields& header) {
  const auto [begin, end] = header.equal_range(http::field::transfer_encoding);
  std::size_t chunked = 0;
  for (auto field = begin; field != end; ++field) {
    const auto value = field->value();
    const auto coding = trimmed(std::string_view(value.data(), value.size()));
    if (same_without_case(coding, "chunked"))
      ++chunked;
    else if (!same_without_case(coding, "identity"))
      return true;
  }
  return chunked > 1;
}

template net::awaitable<Fed> feed_some(Stream&, beast::flat_buffer&, http::basic_parser<false>&);
template net::awaitable<ErrorCode> feed_header(Stream&, beast::flat_buffer&, http::basic_parser<false>&);
template net::awaitable<ErrorCode> feed_header(Stream&, beast::flat_buffer&, http::basic_parser<true>&);
template net::awaitable<ErrorCode> feed_all(Stream&, beast::flat_buffer&, http::basic_parser<true>&);

}  // namespace readback
