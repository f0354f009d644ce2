#pragma once
// Beast's parsers, fed by hand from the one stream: what http::async_read_some does, without being made anew for each
// transport and each body.
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/fields.hpp>

#include "daemon/net/stream.hpp"
#include "daemon/runtime/net.hpp"

namespace readback {

struct Fed {
  ErrorCode error;        ///< of the stream, or of the parser; end_of_stream: it ended before this message began
  std::size_t bytes = 0;  ///< that the parser took
};

/// One step: gives the parser what the buffer holds, or, when that does not bring it on, one piece of what comes next,
/// so that whoever counts or looks at the clock is asked after each. Nothing that is read beyond the message is lost:
/// it stays in the buffer for the next one.
template <bool is_request>
net::awaitable<Fed> feed_some(Stream& stream, boost::beast::flat_buffer& buffer,
                              boost::beast::http::basic_parser<is_request>& parser);

/// Until the header is whole, or the message.
template <bool is_request>
net::awaitable<ErrorCode> feed_header(Stream& stream, boost::beast::flat_buffer& buffer,
                                      boost::beast::http::basic_parser<is_request>& parser);
template <bool is_request>
net::awaitable<ErrorCode> feed_all(Stream& stream, boost::beast::flat_buffer& buffer,
                                   boost::beast::http::basic_parser<is_request>& parser);

/// Whether a Transfer-Encoding names anything but `chunked` (or the old `identity`, which does nothing). Where such a
/// message ends, nobody can say who does not know the coding (RFC 9112 section 6.1), and Beast would go by the length.
bool has_unknown_coding(const boost::beast::http::fields& header);

}  // namespace readback
