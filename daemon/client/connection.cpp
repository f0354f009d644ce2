#include "daemon/client/connection.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <cstdlib>

#include "daemon/runtime/net.hpp"

namespace readback {
namespace beast = boost::beast;
namespace http = beast::http;
using Socket = net::local::stream_protocol::socket;

namespace {

/// A daemon that is well answers in milliseconds; one that is stopped never does, and a script must not hang with it.
constexpr std::chrono::seconds answer_limit{15};
constexpr std::chrono::seconds work_limit{120};  ///< what is asked to do something may wait for reads or receivers

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

/// Of a Content-Disposition; empty when there is none, or one that is more than a plain name.
std::string file_name(const std::string& disposition) {
  constexpr std::string_view key = "filename=\"";
  const auto begin = disposition.find(key);
  if (begin == std::string::npos) return "";
  const auto name =
      disposition.substr(begin + key.size(), disposition.find('"', begin + key.size()) - begin - key.size());
  const bool plain = !name.starts_with(".") && name.find_first_not_of(
                                                   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                                   "0123456789.-_") == std::string::npos;
  return plain ? name : "";
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
  const auto limit = method == "GET" ? answer_limit : work_limit;
  Reply whole;
  net::io_context io;
  auto connected = connect(io, socket_);
  if (auto* none = std::get_if<NoDaemon>(&connected)) return *none;
  auto& socket = std::get<Socket>(connected);
  ErrorCode ec;
  http::write(socket, request(method, target, body), ec);
  if (ec) return silent(ec);
  beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.body_limit(boost::none);
  bool over = false;
  http::async_read(socket, buffer, parser, [&](ErrorCode failed, std::size_t) {
    ec = failed;
    over = true;
  });
  io.run_for(limit);
  if (!over) return hangs(limit);
  if (ec) return silent(ec);
  whole.status = static_cast<int>(parser.get().result_int());
  whole.body = std::move(parser.get().body());
  return whole;
}

std::variant<Reply, NoDaemon> Connection::stream(const std::string& target, const Taking& taking,
                                                 const std::string& last_event_id) const {
  net::io_context io;
  auto connected = connect(io, socket_);
  if (auto* none = std::get_if<NoDaemon>(&connected)) return *none;
  auto& socket = std::get<Socket>(connected);
  ErrorCode ec;
  auto asked = request("GET", target, "");
  if (!last_event_id.empty()) asked.set("Last-Event-ID", last_event_id);
  http::write(socket, asked, ec);
  if (ec) return silent(ec);
  beast::flat_buffer buffer;
  http::response_parser<http::buffer_body> parser;
  parser.body_limit(boost::none);
  bool over = false;
  const auto ended = [&](ErrorCode failed, std::size_t) {
    ec = failed;
    over = true;
  };
  http::async_read_header(socket, buffer, parser, ended);
  io.run_for(answer_limit);
  if (!over) return hangs(answer_limit);
  if (ec) return silent(ec);
  Reply reply;
  reply.status = static_cast<int>(parser.get().result_int());
  const bool good = reply.status >= 200 && reply.status < 300;
  if (const auto length = parser.content_length(); good && length && taking.length) taking.length(*length);
  const std::string name = file_name(std::string(parser.get()[http::field::content_disposition]));
  if (good && taking.name && !name.empty()) taking.name(name);
  char piece[65536];
  while (!parser.is_done()) {
    parser.get().body().data = piece;
    parser.get().body().size = sizeof piece;
    over = false;
    http::async_read_some(socket, buffer, parser, ended);
    while (!over) {
      io.restart();
      io.run_for(std::chrono::milliseconds(500));
      if (!over && taking.idle) taking.idle();
    }
    if (ec == http::error::need_buffer) ec = {};
    const std::string_view got(piece, sizeof piece - parser.get().body().size);
    if (!good)
      reply.body.append(got);
    else if (!got.empty() && !taking.piece(got))
      return reply;
    if (ec) return NoDaemon{"the daemon at " + socket_ + " stopped in the middle of its answer: " + ec.message()};
  }
  return reply;
}

NoDaemon Connection::silent(const boost::system::error_code& ec) const {
  return {"the daemon at " + socket_ + " did not answer: " + ec.message() + "; systemctl status readbackd"};
}

NoDaemon Connection::hangs(std::chrono::seconds limit) const {
  return {"the daemon at " + socket_ + " did not answer within " + std::to_string(limit.count()) +
          " s; is it stopped, or its host overloaded? systemctl status readbackd"};
}

}  // namespace readback
