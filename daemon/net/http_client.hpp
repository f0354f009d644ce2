#pragma once
// One request and its answer over a stream that stands, within the stream's deadline. What may be asked is decided
// elsewhere: the reader (daemon/read) and the poster (daemon/sinks) have types of their own that can say only their own
// methods, and tests/lint holds that nobody else uses this.
#include <boost/beast/http/verb.hpp>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/model/raw_read.hpp"
#include "daemon/net/stream.hpp"
#include "daemon/runtime/net.hpp"

namespace readback {

struct HttpRequest {
  boost::beast::http::verb method;
  std::string target;                                        ///< path and query
  std::vector<std::pair<std::string, std::string>> headers;  ///< sent in this order; of two with one name the last
  std::optional<std::string> body;                           ///< its length is added to the headers
};

/// In bytes. What frames the chunks of a body counts on the wire: at most four times what the body may hold.
struct HttpLimits {
  std::uint32_t headers = 64 << 10;
  std::uint64_t body = 1 << 20;
};

struct HttpExchange {
  HttpAnswer answer;          ///< with an error: as far as it came
  bool headers_came = false;  ///< status and headers are there, whatever became of the body
  std::optional<TransportError> error;
  std::optional<std::chrono::steady_clock::time_point> first_byte;  ///< when the first headers were there
};

/// Informational answers are passed over, a few at most. A server that answers early and closes is still read: what it
/// said counts more than what it did not hear. The answer to HEAD is taken to have no body.
net::awaitable<HttpExchange> exchange(Stream& stream, HttpRequest request, HttpLimits limits);

}  // namespace readback
