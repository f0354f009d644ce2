// Beast's parser reads a request and its fields write an answer's header; the limits, the waiting and the end of a
// connection are here.
#include "daemon/http/session.hpp"

#include <array>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <charconv>

#include "daemon/net/feed.hpp"
#include "daemon/platform/memory.hpp"
#include "daemon/runtime/clock.hpp"

namespace readback {

namespace beast = boost::beast;
namespace http = beast::http;

namespace {

/// As JSON it was made of many times as much, for a moment: the state of thousands of targets is 50 MiB.
constexpr std::size_t large_body = std::size_t{1} << 20;

using Parser = http::request_parser<http::string_body>;

constexpr auto cut_off = Seconds(2);          ///< how long we listen on after an answer that ends the connection
constexpr Millis pause_allowed = Seconds(1);  ///< in taking an answer, before the place may go to another

std::string header_of(const http::request<http::string_body>& request, http::field name) {
  const auto value = request[name];
  return std::string(value.data(), value.size());
}

Request to_request(http::request<http::string_body>&& in, std::optional<Request> target, const Peer& peer) {
  Request out = std::move(*target);
  out.method = std::string(in.method_string());
  if (out.method == "HEAD") out.method = "GET";
  out.host = header_of(in, http::field::host);
  out.last_event_id = std::string(in["Last-Event-ID"]);
  out.if_none_match = header_of(in, http::field::if_none_match);
  out.body = std::move(in.body());
  out.peer = peer;
  return out;
}

struct Sent {
  bool ok = false;
  bool keep_alive = false;
};

struct Wish {
  unsigned version = 11;
  bool head_only = false, keep_alive = false;
};

/// Status and headers, but for what says where the body ends.
http::response<http::empty_body> head_of(const Reply& reply, unsigned version, bool keep_alive) {
  http::response<http::empty_body> out;
  const auto phrase = status_phrase(reply.status);
  out.version(version);
  out.result(static_cast<unsigned>(reply.status));
  out.reason(beast::string_view(phrase.data(), phrase.size()));
  out.set(http::field::server, "readbackd");
  if (reply.status != 304) out.set(http::field::content_type, reply.content_type);
  out.set(http::field::cache_control, "no-store");
  out.set("X-Content-Type-Options", "nosniff");
  for (const auto& [name, value] : reply.headers) out.set(name, value);
  out.keep_alive(keep_alive);
  return out;
}

std::string written(const http::response<http::empty_body>& head) {
  const http::fields::writer lines(head, head.version(), head.result_int());
  return beast::buffers_to_string(lines.get());
}

std::string chunk_head(std::size_t size) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), size, 16).ptr;
  return std::string(digits.data(), end) + "\r\n";
}

/// `place` is told when the client is waited for, and when we are.
net::awaitable<Sent> send_streamed(Stream& stream, Reply reply, Wish wish, Millis idle, Place& place) {
  const bool chunked = !reply.length && wish.version >= 11;
  Sent sent;
  sent.keep_alive = wish.keep_alive && (reply.length || chunked);
  auto head = head_of(reply, wish.version, sent.keep_alive);
  if (reply.length) head.content_length(*reply.length);
  if (chunked) head.chunked(true);
  const std::string head_text = written(head);
  stream.expires_after(idle);
  const auto head_error = co_await stream.write(head_text);
  if (head_error) co_return sent;
  if (wish.head_only) {
    sent.ok = true;
    co_return sent;
  }
  std::uint64_t total = 0;
  for (;;) {
    stream.expires_never();
    place.waits(Place::Waits::for_us);
    const std::string piece = co_await reply.source->next();
    place.waits(Place::Waits::to_be_heard);
    if (piece.empty()) break;
    total += piece.size();
    const std::string before = chunked ? chunk_head(piece.size()) : std::string();
    const std::string_view behind = chunked ? "\r\n" : "";
    const Stream::Pieces pieces{net::buffer(before), net::buffer(piece), net::buffer(behind)};
    stream.expires_after(idle);
    const auto error = co_await stream.write(pieces);
    if (error) co_return sent;
  }
  if (reply.length && total != *reply.length) co_return sent;  // the file was cut: the reader must see that
  if (chunked) {
    stream.expires_after(idle);
    const auto error = co_await stream.write("0\r\n\r\n");
    if (error) co_return sent;
  }
  sent.ok = true;
  co_return sent;
}

net::awaitable<Sent> send(Stream& stream, Reply reply, Wish wish, Millis idle, Place& place) {
  place.waits(Place::Waits::to_be_heard);
  if (reply.source) {
    const Sent streamed = co_await send_streamed(stream, std::move(reply), wish, idle, place);
    co_return streamed;
  }
  Sent sent;
  sent.keep_alive = wish.keep_alive;
  auto head = head_of(reply, wish.version, wish.keep_alive);
  if (reply.status != 304) head.content_length(reply.body.size());
  if (wish.head_only || reply.status == 304) reply.body.clear();
  const std::string head_text = written(head);
  const Stream::Pieces pieces{net::buffer(head_text), net::buffer(reply.body), {}};
  stream.expires_after(idle);
  const auto error = co_await stream.write(pieces);
  if (reply.body.size() >= large_body) {
    reply.body = {};
    give_back_heap();
  }
  sent.ok = !error;
  co_return sent;
}

/// Ends a connection whose request was not read to its end: says that we are done and listens on for a moment, since a
/// close with unread bytes makes the kernel throw our answer away.
net::awaitable<void> end(Stream& stream) {
  stream.shutdown_send();
  stream.expires_after(cut_off);
  std::string waste(16 * 1024, '\0');
  const auto space = net::buffer(waste);
  for (std::size_t total = 0; total < (4u << 20);) {
    const auto got = co_await stream.read_some(space);
    if (got.error) break;
    total += got.bytes;
  }
  stream.close();
}

Problem problem_of(const ErrorCode& ec, const ListenerLimits& limits) {
  Problem p;
  if (ec == http::error::body_limit || ec == http::error::buffer_overflow) {
    p.status = 413;
    p.detail = "a request holds at most " + std::to_string(limits.max_body) + " bytes";
  } else if (ec == http::error::header_limit) {
    p.status = 431;
    p.detail = "the header of a request holds at most " + std::to_string(limits.max_header) + " bytes";
  } else {
    p.status = 400;
    p.detail = "this is no HTTP/1.1 request: " + ec.message();
  }
  return p;
}

/// One whole request. `wish` is what its header says, as soon as that is known.
net::awaitable<ErrorCode> read_request(Stream& stream, beast::flat_buffer& buffer, Parser& parser, Wish& wish) {
  const auto head_error = co_await feed_header(stream, buffer, parser);
  if (head_error) co_return head_error;
  const auto& head = parser.get();
  wish.version = head.version() >= 11 ? 11 : 10;
  wish.head_only = head.method() == http::verb::head;
  if (has_unknown_coding(head)) co_return http::error::bad_transfer_encoding;
  if (head.count(http::field::host) > 1) co_return http::error::bad_field;  // one of them would slip by the guard
  const auto expect = head[http::field::expect];
  if (!parser.is_done() && beast::iequals(expect, "100-continue")) {
    const auto error = co_await stream.write("HTTP/1.1 100 Continue\r\n\r\n");
    if (error) co_return error;
  }
  const auto body_error = co_await feed_all(stream, buffer, parser);
  co_return body_error;
}

/// There is nobody left to tell, or there never was anybody.
bool is_gone(const ErrorCode& ec) {
  return ec == beast::error::timeout || ec == http::error::end_of_stream || ec == http::error::partial_message ||
         ec == net::error::connection_reset || ec == net::error::broken_pipe || ec == net::error::eof ||
         ec == net::error::operation_aborted || ec == net::error::bad_descriptor;  // its place was given away
}

}  // namespace

void Place::waits(Waits what) {
  waits_ = what;
  since_ = now().mono;
}

std::optional<MonoTime> Place::idle_since(MonoTime at) const {
  const bool silent = waits_ == Waits::to_hear || (waits_ == Waits::to_be_heard && at - since_ >= pause_allowed);
  return stream_ && silent ? std::optional(since_) : std::nullopt;
}

void Place::give_away() {
  if (stream_) stream_->close();
  stream_ = nullptr;
}

net::awaitable<void> serve(Stream::Socket socket, Handler& handler, ListenerLimits limits, Peer peer,
                           std::shared_ptr<AccountNames> names, std::shared_ptr<Place> place) {
  Stream stream(std::move(socket));
  // Also when the session ends by an exception: nobody may close a stream that is gone.
  struct Leaving {
    Place& place;
    ~Leaving() { place.stream_ = nullptr; }
  } const leaving{*place};
  place->stream_ = &stream;
  beast::flat_buffer buffer(limits.max_header + limits.max_body);
  for (bool more = true; more;) {
    Parser parser;
    parser.header_limit(limits.max_header);
    parser.body_limit(limits.max_body);
    Wish wish;
    stream.expires_after(limits.idle);
    place->waits(Place::Waits::to_hear);
    const auto ec = co_await read_request(stream, buffer, parser, wish);
    if (is_gone(ec)) break;
    if (ec) {
      Problem problem = problem_of(ec, limits);
      Reply reply = problem_reply(problem);
      const Sent sent = co_await send(stream, std::move(reply), wish, limits.idle, *place);
      place->waits(Place::Waits::to_hear);
      if (sent.ok) co_await end(stream);
      break;
    }
    auto message = parser.release();
    wish.keep_alive = message.keep_alive();
    place->waits(Place::Waits::for_us);
    auto target = parse_target(std::string_view(message.target().data(), message.target().size()));
    Reply reply;
    if (target) {
      Request request = to_request(std::move(message), std::move(target), peer);
      if (names && request.method != "GET") request.peer.user = co_await names->name_of(peer.uid);
      stream.expires_never();
      reply = co_await handler.answer(std::move(request));
    } else {
      Problem problem;
      problem.status = 400;
      problem.detail = "this path cannot be one of ours";
      reply = problem_reply(problem);
    }
    const Sent sent = co_await send(stream, std::move(reply), wish, limits.idle, *place);
    more = sent.ok && sent.keep_alive;
    place->waits(Place::Waits::to_hear);
    if (sent.ok && !more) co_await end(stream);
  }
}

net::awaitable<void> refuse(Stream::Socket socket, std::size_t most) {
  Stream stream(std::move(socket));
  Problem problem;
  problem.status = 503;
  problem.detail = "all " + std::to_string(most) + " connections are in use; try again in a moment";
  Reply reply = problem_reply(problem);
  reply.headers.emplace_back("Retry-After", "1");
  Wish wish;
  Place nobodys;  // of those who get none
  const Sent sent = co_await send(stream, std::move(reply), wish, cut_off, nobodys);
  if (sent.ok) co_await end(stream);
}

}  // namespace readback
