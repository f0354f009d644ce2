#include "daemon/client/connection.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <cstdlib>

#include "daemon/runtime/net.hpp"

namespace readback {
namespace beast = boost::beast;
namespace http = beast::http;
using Socket = net::local::stream_protocol::socket;

namespace {

NoDaemon nobody(const std::string& socket, const ErrorCode& ec) {
  std::string hint;
  if (ec == boost::system::errc::permission_denied)
    hint =
        "your user may not use it: join the group `readback` (sudo usermod -aG readback $USER, then log in again), or "
        "use sudo";
  else if (ec == boost::system::errc::no_such_file_or_directory)
    hint = "is readbackd running (systemctl status readbackd), and is this its socket (--socket, $READBACK_SOCKET)?";
  else if (ec == boost::system::errc::connection_refused)
    hint = "the daemon has gone and left its socket behind: systemctl status readbackd";
  else
    hint = "systemctl status readbackd";
  return {"no daemon at " + socket + ": " + ec.message() + "; " + hint};
}

std::variant<Socket, NoDaemon> connect(net::io_context& io, const std::string& path) {
  Socket socket(io);
  ErrorCode ec;
  if (path.size() >= 108) return NoDaemon{"the socket's path is longer than the system allows: " + path};
  socket.connect(net::local::stream_protocol::endpoint(path), ec);
  if (ec) return nobody(path, ec);
  return socket;
}

http::request<http::string_body> request(const std::string& method, const std::string& target,
                                         const std::string& body) {
  http::request<http::string_body> r;
  r.method_string(method);
  r.target(target);
  r.version(11);
  r.set(http::field::host, "readback");
  r.set(http::field::connection, "close");
  if (!body.empty()) {
    r.set(http::field::content_type, "application/json");
    r.body() = body;
  }
  r.prepare_payload();
  return r;
}

}  // namespace

std::string socket_path(const std::string& option) {
  if (!option.empty()) return option;
  const char* environment = std::getenv("READBACK_SOCKET");
  return environment && *environment ? environment : "/run/readback/control.sock";
}

std::variant<Reply, NoDaemon> Connection::ask(const std::string& method, const std::string& target,
                                              const std::string& body) const {
  Reply whole;
  net::io_context io;
  auto connected = connect(io, socket_);
  if (auto* none = std::get_if<NoDaemon>(&connected)) return *none;
  auto& socket = std::get<Socket>(connected);
  ErrorCode ec;
  http::write(socket, request(method, target, body), ec);
  beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.body_limit(boost::none);
  if (!ec) http::read(socket, buffer, parser, ec);
  if (ec) return NoDaemon{"the daemon at " + socket_ + " did not answer: " + ec.message()};
  whole.status = static_cast<int>(parser.get().result_int());
  whole.body = std::move(parser.get().body());
  return whole;
}

std::variant<Reply, NoDaemon> Connection::stream(const std::string& target,
                                                 const std::function<bool(std::string_view)>& take) const {
  net::io_context io;
  auto connected = connect(io, socket_);
  if (auto* none = std::get_if<NoDaemon>(&connected)) return *none;
  auto& socket = std::get<Socket>(connected);
  ErrorCode ec;
  http::write(socket, request("GET", target, ""), ec);
  beast::flat_buffer buffer;
  http::response_parser<http::buffer_body> parser;
  parser.body_limit(boost::none);
  if (!ec) http::read_header(socket, buffer, parser, ec);
  if (ec) return NoDaemon{"the daemon at " + socket_ + " did not answer: " + ec.message()};
  Reply reply;
  reply.status = static_cast<int>(parser.get().result_int());
  const bool good = reply.status >= 200 && reply.status < 300;
  char piece[65536];
  while (!parser.is_done()) {
    parser.get().body().data = piece;
    parser.get().body().size = sizeof piece;
    http::read_some(socket, buffer, parser, ec);
    if (ec == http::error::need_buffer) ec = {};
    const std::string_view got(piece, sizeof piece - parser.get().body().size);
    if (!good)
      reply.body.append(got);
    else if (!got.empty() && !take(got))
      return reply;
    if (ec) return NoDaemon{"the daemon at " + socket_ + " stopped in the middle of its answer: " + ec.message()};
  }
  return reply;
}

}  // namespace readback
