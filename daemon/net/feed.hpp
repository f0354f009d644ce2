#pragma once
// Beast's parser of requests, fed by hand from the one stream: what http::async_read_some does, without being made anew
// for each transport and each body. Answers are read by core/http.
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/fields.hpp>

#include "daemon/net/stream.hpp"
#include "daemon/runtime/net.hpp"

namespace readback {

using RequestParser = boost::beast::http::basic_parser<true>;

/// Until the header is whole, or the message. Whoever looks at the clock is asked after each piece. Nothing that is
/// read beyond the message is lost: it stays in the buffer for the next one. end_of_stream: it ended before this
/// message began.
net::awaitable<ErrorCode> feed_header(Stream& stream, boost::beast::flat_buffer& buffer, RequestParser& parser);
net::awaitable<ErrorCode> feed_all(Stream& stream, boost::beast::flat_buffer& buffer, RequestParser& parser);

/// Whether a Transfer-Encoding names anything but `chunked` (or the old `identity`, which does nothing). Where such a
/// message ends, nobody can say who does not know the coding (RFC 9112 section 6.1), and Beast would go by the length.
bool has_unknown_coding(const boost::beast::http::fields& header);

}  // namespace readback
