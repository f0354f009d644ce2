#pragma once
// One request and its answer, as the routes see them: no socket, no Beast. The listener turns bytes into a Request and
// a Reply into bytes.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/object.hpp>

#include "daemon/runtime/net.hpp"

namespace readback {

/// Who is at the other end of the Unix socket (SO_PEERCRED).
struct Peer {
  std::int64_t uid = -1, gid = -1, pid = -1;
  std::string user;  ///< "uid 1234"; with what changes something the account's name, where it has one
};

struct Request {
  std::string method;             ///< "GET"; a HEAD is answered as GET and the listener leaves the body out
  std::vector<std::string> path;  ///< decoded segments: {"v1", "incidents", "0192…"}; the root is empty
  std::vector<std::pair<std::string, std::string>> query;  ///< decoded, in order
  std::string host, last_event_id, if_none_match;
  std::string body;
  Peer peer;

  /// The first parameter of that name.
  const std::string* parameter(std::string_view name) const;
};

/// Splits and decodes a request target. Nothing for what is no path of ours: no leading '/', bad escapes, a NUL or a
/// control character, "." and "..".
std::optional<Request> parse_target(std::string_view target);

/// A body that is made while it is sent. `next` gives the next piece, empty at the end; it is asked for only after the
/// piece before has left, which is all the back-pressure there is.
struct BodySource {
  virtual ~BodySource() = default;
  virtual net::awaitable<std::string> next() = 0;
};

struct Reply {
  int status = 200;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::shared_ptr<BodySource> source;   ///< set: streamed, and `body` is not used
  std::optional<std::uint64_t> length;  ///< of a streamed body, when known; else it is sent in chunks
};

Reply json_reply(int status, const boost::json::object& body);

/// RFC 9457. `field` names the wrong member or parameter, `nearest` the known id closest to the one asked for.
struct Problem {
  int status = 500;
  std::string detail, field, nearest;
};
Reply problem_reply(const Problem& problem);
std::string_view status_phrase(int status);

struct Handler {
  virtual ~Handler() = default;
  virtual net::awaitable<Reply> answer(Request request) = 0;
};

}  // namespace readback
