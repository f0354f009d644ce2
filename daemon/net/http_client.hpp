#pragma once
// One request and its answer over a stream that stands, within the stream's deadline. What may be asked is decided
// elsewhere: the reader (daemon/read) and the poster (daemon/sinks) have types of their own that can say only their own
// methods, and tests/lint holds that nobody else uses this.
#include <boost/beast/http/verb.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/http/answer.hpp"
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

/// As it goes over the wire. Where the same is asked again and again it is written once.
struct WrittenRequest {
  explicit WrittenRequest(HttpRequest request);
  std::string head, body;
  bool is_bodiless;  ///< of the answer nothing behind the headers is read, whatever they say: HEAD and CONNECT
};

struct HttpLimits {
  AnswerLimits bytes;                                 ///< of the answer, packed and unpacked
  std::chrono::milliseconds body = no_limit_of_body;  ///< what may come behind the headers has this long to do so
  static constexpr std::chrono::milliseconds no_limit_of_body = std::chrono::milliseconds::max();
};

struct HttpExchange {
  HttpAnswer answer;          ///< with an error: as far as it came
  bool headers_came = false;  ///< status and headers are there, whatever became of the body
  std::optional<TransportError> error;
  std::optional<std::chrono::steady_clock::time_point> first_byte;  ///< when the first headers were there
};

/// A server that answers early and closes is still read: what it said counts more than what it did not hear. A body
/// that came packed with gzip or deflate is unpacked, and its headers no longer say so.
/// `deadline` is the stream's own: the limit of the body never moves it further away.
net::awaitable<HttpExchange> exchange(Stream& stream, std::shared_ptr<const WrittenRequest> request, HttpLimits limits,
                                      Stream::Deadline deadline);

}  // namespace readback
