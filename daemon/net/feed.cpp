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

constexpr std::size_t most_fed_at_once = 65536;

struct Fed {
  ErrorCode error;        ///< of the stream, or of the parser
  std::size_t bytes = 0;  ///< that the parser took
};

/// What the buffer holds, to the parser. That it would like more is no error.
Fed hand_over(beast::flat_buffer& buffer, RequestParser& parser) {
  Fed fed;
  if (buffer.size() == 0) return fed;
  fed.bytes = parser.put(buffer.data(), fed.error);
  buffer.consume(fed.bytes);
  if (fed.error == http::error::need_more) fed.error = {};
  return fed;
}

/// One step: gives the parser what the buffer holds, or, when that does not bring it on, one piece of what comes next.
net::awaitable<Fed> feed_some(Stream& stream, beast::flat_buffer& buffer, RequestParser& parser) {
  Fed fed = hand_over(buffer, parser);
  if (fed.error || fed.bytes > 0) co_return fed;
  const auto room = beast::read_size(buffer, most_fed_at_once);
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

}  // namespace

net::awaitable<ErrorCode> feed_header(Stream& stream, beast::flat_buffer& buffer, RequestParser& parser) {
  ErrorCode error;
  parser.eager(false);
  while (!error && !parser.is_header_done()) {
    const auto fed = co_await feed_some(stream, buffer, parser);
    error = fed.error;
  }
  co_return error;
}

net::awaitable<ErrorCode> feed_all(Stream& stream, beast::flat_buffer& buffer, RequestParser& parser) {
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

}  // namespace readback
