#include "daemon/control/listener.hpp"

#include <grp.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/this_coro.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <cerrno>
#include <charconv>
#include <cstring>

namespace readback {

namespace beast = boost::beast;
namespace http = beast::http;

namespace {

/// One type of stream for both kinds of socket: the session is compiled once.
using Stream = beast::basic_stream<net::generic::stream_protocol>;
using AnySocket = net::basic_stream_socket<net::generic::stream_protocol>;

constexpr auto cut_off = Seconds(2);  ///< how long we listen on after an answer that ends the connection

Peer peer_of(int fd) {
  Peer peer;
  ucred cred{};
  socklen_t size = sizeof cred;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) != 0 || size != sizeof cred) return peer;
  peer.uid = cred.uid;
  peer.gid = cred.gid;
  peer.pid = cred.pid;
  peer.user = "uid " + std::to_string(cred.uid);
  passwd entry{};
  passwd* found = nullptr;
  char buffer[4096];
  if (::getpwuid_r(cred.uid, &entry, buffer, sizeof buffer, &found) == 0 && found) peer.user = found->pw_name;
  return peer;
}

std::string header_of(const http::request<http::string_body>& request, http::field name) {
  const auto value = request[name];
  return std::string(value.data(), value.size());
}

Request to_request(const http::request<http::string_body>& in, std::optional<Request> target, const Peer& peer) {
  Request out = std::move(*target);
  out.method = std::string(in.method_string());
  if (out.method == "HEAD") out.method = "GET";
  out.host = header_of(in, http::field::host);
  out.last_event_id = std::string(in["Last-Event-ID"]);
  out.if_none_match = header_of(in, http::field::if_none_match);
  out.body = in.body();
  out.peer = peer;
  return out;
}

template <class Body>
void fill_header(http::response<Body>& out, const Reply& reply) {
  out.result(static_cast<unsigned>(reply.status));
  out.reason(boost::beast::string_view(status_phrase(reply.status).data(), status_phrase(reply.status).size()));
  out.set(http::field::server, "readbackd");
  if (reply.status != 304) out.set(http::field::content_type, reply.content_type);
  out.set(http::field::cache_control, "no-store");
  out.set("X-Content-Type-Options", "nosniff");
  for (const auto& [name, value] : reply.headers) out.set(name, value);
}

struct Sent {
  bool ok = false;
  bool keep_alive = false;
};

struct Wish {
  unsigned version = 11;
  bool head_only = false, keep_alive = false;
};

net::awaitable<Sent> send_streamed(Stream& stream, Reply reply, Wish wish, Millis idle) {
  const bool chunked = !reply.length && wish.version >= 11;
  Sent sent;
  sent.keep_alive = wish.keep_alive && (reply.length || chunked);
  http::response<http::empty_body> head;
  head.version(wish.version);
  fill_header(head, reply);
  head.keep_alive(sent.keep_alive);
  if (reply.length) head.content_length(*reply.length);
  if (chunked) head.chunked(true);
  http::response_serializer<http::empty_body> serializer(head);
  stream.expires_after(idle);
  auto [head_ec, head_n] = co_await http::async_write_header(stream, serializer, token);
  if (head_ec) co_return sent;
  if (wish.head_only) {
    sent.ok = true;
    co_return sent;
  }
  std::uint64_t total = 0;
  for (;;) {
    stream.expires_never();
    const std::string piece = co_await reply.source->next();
    if (piece.empty()) break;
    total += piece.size();
    stream.expires_after(idle);
    const auto plain = net::buffer(piece);
    if (chunked) {
      const auto chunk = http::make_chunk(plain);
      auto [ec, n] = co_await net::async_write(stream, chunk, token);
      if (ec) co_return sent;
    } else {
      auto [ec, n] = co_await net::async_write(stream, plain, token);
      if (ec) co_return sent;
    }
  }
  if (reply.length && total != *reply.length) co_return sent;  // the file was cut: the reader must see that
  if (chunked) {
    const auto last = http::make_chunk_last();
    stream.expires_after(idle);
    auto [ec, n] = co_await net::async_write(stream, last, token);
    if (ec) co_return sent;
  }
  sent.ok = true;
  co_return sent;
}

net::awaitable<Sent> send(Stream& stream, Reply reply, Wish wish, Millis idle) {
  if (reply.source) {
    const Sent streamed = co_await send_streamed(stream, std::move(reply), wish, idle);
    co_return streamed;
  }
  Sent sent;
  sent.keep_alive = wish.keep_alive;
  http::response<http::string_body> out;
  out.version(wish.version);
  fill_header(out, reply);
  out.keep_alive(wish.keep_alive);
  const auto size = reply.body.size();
  if (!wish.head_only && reply.status != 304) out.body() = std::move(reply.body);
  if (reply.status != 304) out.content_length(size);
  http::response_serializer<http::string_body> serializer(out);
  stream.expires_after(idle);
  if (wish.head_only || reply.status == 304) {
    auto [ec, n] = co_await http::async_write_header(stream, serializer, token);
    sent.ok = !ec;
  } else {
    auto [ec, n] = co_await http::async_write(stream, serializer, token);
    sent.ok = !ec;
  }
  co_return sent;
}

/// Ends a connection whose request was not read to its end: says that we are done and listens on for a moment, since a
/// close with unread bytes makes the kernel throw our answer away.
net::awaitable<void> end(Stream& stream) {
  ErrorCode ignored;
  stream.socket().shutdown(net::socket_base::shutdown_send, ignored);
  stream.expires_after(cut_off);
  std::string waste(16 * 1024, '\0');
  const auto space = net::buffer(waste);
  for (std::size_t total = 0; total < (4u << 20);) {
    auto [ec, n] = co_await stream.async_read_some(space, token);
    if (ec) break;
    total += n;
  }
  stream.socket().close(ignored);
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

/// Answers one request after the other until the client goes, is idle for too long, or says something that is no HTTP.
net::awaitable<void> serve(AnySocket socket, Handler& handler, ListenerLimits limits, Peer peer) {
  Stream stream(std::move(socket));
  beast::flat_buffer buffer(limits.max_header + limits.max_body);
  for (bool more = true; more;) {
    http::request_parser<http::string_body> parser;
    parser.header_limit(limits.max_header);
    parser.body_limit(limits.max_body);
    Wish wish;
    stream.expires_after(limits.idle);
    auto [ec, n] = co_await http::async_read_header(stream, buffer, parser, token);
    if (ec == http::error::end_of_stream) break;
    if (!ec) {
      const auto& head = parser.get();
      wish.version = head.version() >= 11 ? 11 : 10;
      wish.head_only = head.method() == http::verb::head;
      const auto expect = head[http::field::expect];
      if (!parser.is_done() && beast::iequals(expect, "100-continue")) {
        http::response<http::empty_body> go_on(http::status::continue_, 11);
        auto [go_ec, go_n] = co_await http::async_write(stream, go_on, token);
        if (go_ec) break;
      }
      auto [body_ec, body_n] = co_await http::async_read(stream, buffer, parser, token);
      ec = body_ec;
    }
    if (ec == beast::error::timeout) break;  // which has closed the socket: there is nobody left to tell
    if (ec == net::error::connection_reset || ec == net::error::eof || ec == http::error::partial_message) break;
    if (ec) {
      Problem problem = problem_of(ec, limits);
      Reply reply = problem_reply(problem);
      const Sent sent = co_await send(stream, std::move(reply), wish, limits.idle);
      if (sent.ok) co_await end(stream);
      break;
    }
    const auto message = parser.release();
    wish.keep_alive = message.keep_alive();
    auto target = parse_target(std::string_view(message.target().data(), message.target().size()));
    Reply reply;
    if (target) {
      Request request = to_request(message, std::move(target), peer);
      stream.expires_never();
      reply = co_await handler.answer(std::move(request));
    } else {
      Problem problem;
      problem.status = 400;
      problem.detail = "this path cannot be one of ours";
      reply = problem_reply(problem);
    }
    const Sent sent = co_await send(stream, std::move(reply), wish, limits.idle);
    more = sent.ok && sent.keep_alive;
    if (sent.ok && !more) co_await end(stream);
  }
}

net::awaitable<void> refuse(AnySocket socket, std::size_t most) {
  Stream stream(std::move(socket));
  Problem problem;
  problem.status = 503;
  problem.detail = "all " + std::to_string(most) + " connections are in use; try again in a moment";
  Reply reply = problem_reply(problem);
  reply.headers.emplace_back("Retry-After", "1");
  Wish wish;
  const Sent sent = co_await send(stream, std::move(reply), wish, cut_off);
  if (sent.ok) co_await end(stream);
}

std::string reason(int error) { return std::strerror(error); }

}  // namespace

std::variant<BoundSocket, BoundSocket::Error> BoundSocket::unix_socket(net::any_io_executor ex, const std::string& path,
                                                                       const std::string& group, std::string& warning) {
  if (path.empty() || path.size() >= sizeof(sockaddr_un{}.sun_path))
    return Error("control.socket: a path of 1 to 107 bytes is needed, not " + std::to_string(path.size()) + ": " +
                 path);
  struct stat seen {};
  if (::lstat(path.c_str(), &seen) == 0) {
    if (!S_ISSOCK(seen.st_mode))
      return Error(path + " exists and is no socket; move it away or choose another control.socket");
    ErrorCode ec;
    net::local::stream_protocol::socket probe(ex);
    probe.connect(net::local::stream_protocol::endpoint(path), ec);
    if (!ec) return Error("another readbackd answers on " + path + "; stop it first or choose another control.socket");
    if (ec != net::error::connection_refused && ec != boost::system::errc::no_such_file_or_directory)
      return Error("cannot see who is behind " + path + ": " + ec.message());
    ::unlink(path.c_str());
  }
  net::local::stream_protocol::acceptor acceptor(ex);
  ErrorCode ec;
  acceptor.open(net::local::stream_protocol(), ec);
  if (ec) return Error("cannot open a socket: " + ec.message());
  const mode_t before = ::umask(0177);  // nobody else gets in before mode and group are right
  acceptor.bind(net::local::stream_protocol::endpoint(path), ec);
  ::umask(before);
  if (ec)
    return Error("cannot make the socket " + path + ": " + ec.message() +
                 "; does its folder exist, and may we write there?");
  if (!group.empty()) {
    char buffer[16 * 1024];
    struct ::group entry {};
    struct ::group* found = nullptr;
    const int failed = ::getgrnam_r(group.c_str(), &entry, buffer, sizeof buffer, &found);
    const bool ours_already = found && ::lstat(path.c_str(), &seen) == 0 && seen.st_gid == found->gr_gid;
    if (failed != 0 || !found)
      warning = "control.group: there is no group " + group + " here; the control socket keeps our own group";
    else if (!ours_already &&  // systemd's filter may refuse chown altogether
             ::chown(path.c_str(), static_cast<uid_t>(-1), found->gr_gid) != 0)
      warning = "cannot give " + path + " to the group " + group + ": " + reason(errno) + "; it keeps our own group";
  }
  if (::chmod(path.c_str(), 0660) != 0) return Error("cannot set the mode of " + path + ": " + reason(errno));
  acceptor.listen(net::socket_base::max_listen_connections, ec);
  if (ec) return Error("cannot listen on " + path + ": " + ec.message());
  BoundSocket out{Acceptor(std::move(acceptor))};
  out.shown_ = out.path_ = path;
  if (::lstat(path.c_str(), &seen) == 0) out.inode_ = seen.st_ino;
  return out;
}

std::variant<BoundSocket, BoundSocket::Error> BoundSocket::tcp(net::any_io_executor ex, const std::string& address) {
  const auto colon = address.rfind(':');
  if (colon == std::string::npos)
    return Error("http.listen: ADDRESS:PORT is needed, as in 127.0.0.1:9464, not " + address);
  std::string host = address.substr(0, colon);
  if (host.size() > 1 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  if (host == "localhost") host = "127.0.0.1";
  if (host.empty()) host = "0.0.0.0";
  unsigned port = 0;
  const char* end = address.data() + address.size();
  const auto [rest, fault] = std::from_chars(address.data() + colon + 1, end, port);
  if (fault != std::errc() || rest != end || port > 65535) return Error("http.listen: no port in " + address);
  ErrorCode ec;
  const auto ip = net::ip::make_address(host, ec);
  if (ec) return Error("http.listen: " + host + " is no IP address; names are not looked up here");
  net::ip::tcp::acceptor acceptor(ex);
  const net::ip::tcp::endpoint endpoint(ip, static_cast<net::ip::port_type>(port));
  acceptor.open(endpoint.protocol(), ec);
  if (!ec) acceptor.set_option(net::socket_base::reuse_address(true), ec);
  if (!ec) acceptor.bind(endpoint, ec);
  if (!ec) acceptor.listen(net::socket_base::max_listen_connections, ec);
  if (ec) return Error("cannot listen on " + address + " (http.listen): " + ec.message());
  const auto bound = acceptor.local_endpoint(ec);
  BoundSocket out{Acceptor(std::move(acceptor))};
  out.loopback_ = ip.is_loopback();
  out.shown_ = (ip.is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(bound.port());
  return out;
}

BoundSocket::~BoundSocket() {
  if (!acceptor_ || path_.empty()) return;
  struct stat seen {};
  if (::lstat(path_.c_str(), &seen) == 0 && S_ISSOCK(seen.st_mode) && seen.st_ino == inode_) ::unlink(path_.c_str());
}

Listener::Listener(BoundSocket socket, Handler& handler, ListenerLimits limits, TaskGroup::OnError on_error)
    : socket_(std::move(socket)),
      handler_(handler),
      limits_(limits),
      sessions_(std::visit([](auto& a) { return net::any_io_executor(a.get_executor()); }, *socket_.acceptor_),
                on_error),
      refusals_(std::visit([](auto& a) { return net::any_io_executor(a.get_executor()); }, *socket_.acceptor_),
                on_error) {}

void Listener::close() {
  closed_ = true;
  ErrorCode ignored;
  std::visit([&](auto& acceptor) { acceptor.close(ignored); }, *socket_.acceptor_);
  sessions_.cancel();
  refusals_.cancel();
}

net::awaitable<void> Listener::run() {
  auto executor = co_await net::this_coro::executor;
  net::steady_timer pause(executor);
  auto* local = std::get_if<net::local::stream_protocol::acceptor>(socket_.acceptor_.get());
  auto* tcp = std::get_if<net::ip::tcp::acceptor>(socket_.acceptor_.get());
  while (!closed_) {
    AnySocket socket(executor);
    ErrorCode failed;
    if (local) {
      auto [ec] = co_await local->async_accept(socket, token);
      failed = ec;
    } else {
      auto [ec] = co_await tcp->async_accept(socket, token);
      failed = ec;
    }
    if (closed_) break;
    if (failed) {  // out of descriptors, most likely: breathe, then go on
      pause.expires_after(Millis(100));
      auto [ec] = co_await pause.async_wait(token);
      if (ec) break;
      continue;
    }
    if (sessions_.running() >= limits_.max_connections) {
      if (refusals_.running() < limits_.max_connections)
        refusals_.spawn("refusal", refuse(std::move(socket), limits_.max_connections));
      continue;
    }
    Peer peer;
    if (local) peer = peer_of(socket.native_handle());
    sessions_.spawn("session", serve(std::move(socket), handler_, limits_, std::move(peer)));
  }
}

net::awaitable<bool> Listener::join(Millis limit) {
  const bool served = co_await sessions_.join(limit);
  const bool refused = co_await refusals_.join(limit);
  co_return served&& refused;
}

}  // namespace readback
