// The bytes go through plain calls of the system, and what comes back is fed to Beast's parser by hand: no loop, no
// coroutine, and none of the templates that make a stream out of a socket.
#include "daemon/client/connection.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <utility>

namespace readback {
namespace http = boost::beast::http;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;

namespace {

/// A daemon that is well answers in milliseconds; one that is stopped never does, and a script must not hang with it.
constexpr std::chrono::seconds answer_limit{15};
constexpr std::chrono::seconds work_limit{120};  ///< what is asked to do something may wait for reads or receivers
constexpr std::chrono::milliseconds idle_after{100};

Failure nobody(const std::string& socket, int error) {
  std::string hint = "systemctl status readbackd";
  if (error == EACCES)
    hint =
        "your user may not use it: join the group `readback` (sudo usermod -aG readback $USER, then log in again), or "
        "use sudo";
  else if (error == ENOENT)
    hint = "is readbackd running (systemctl status readbackd), and is this its socket (--socket, $READBACK_SOCKET)?";
  else if (error == ECONNREFUSED)
    hint = "the daemon has gone and left its socket behind: systemctl status readbackd";
  return {"no daemon at " + socket + ": " + std::strerror(error) + "; " + hint};
}

Failure silent(const std::string& socket, const std::string& why) {
  return {"the daemon at " + socket + " did not answer: " + why + "; systemctl status readbackd"};
}

Failure hangs(const std::string& socket, std::chrono::seconds limit) {
  return {"the daemon at " + socket + " did not answer within " + std::to_string(limit.count()) +
          " s; is it stopped, or its host overloaded? systemctl status readbackd"};
}

Failure broken_off(const std::string& socket, const std::string& why) {
  return {"the daemon at " + socket + " stopped in the middle of its answer: " + why};
}

/// Of a Content-Disposition; empty when there is none, or one that is more than a plain name.
std::string file_name(std::string_view disposition) {
  constexpr std::string_view key = "filename=\"";
  const auto begin = disposition.find(key);
  if (begin == std::string_view::npos) return "";
  const auto rest = disposition.substr(begin + key.size());
  const auto name = rest.substr(0, rest.find('"'));
  const bool plain = !name.starts_with(".") && name.find_first_not_of(
                                                   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                                   "0123456789.-_") == std::string_view::npos;
  return plain ? std::string(name) : "";
}

/// Tells what an answer consists of as it is read.
class Parser : public http::basic_parser<false> {
 public:
  Parser() {
    eager(true);
    body_limit(boost::none);
  }
  int status = 0;
  std::string disposition;
  std::optional<std::uint64_t> length;
  std::function<void()> on_head;                  ///< everything above is known
  std::function<bool(std::string_view)> on_body;  ///< false: no more of it is wanted
  bool stopped = false;

 private:
  using View = boost::beast::string_view;
  void on_request_impl(http::verb, View, View, int, error_code&) override {}
  void on_response_impl(int code, View, int, error_code&) override { status = code; }
  void on_field_impl(http::field name, View, View value, error_code&) override {
    if (name == http::field::content_disposition) disposition.assign(value.data(), value.size());
  }
  void on_header_impl(error_code&) override {
    if (const auto size = content_length()) length = *size;
    if (on_head) on_head();
  }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t take(View piece) {
    if (!stopped) stopped = !on_body({piece.data(), piece.size()});
    return piece.size();
  }
  std::size_t on_body_impl(View piece, error_code&) override { return take(piece); }
  void on_chunk_header_impl(std::uint64_t, View, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, View piece, error_code&) override { return take(piece); }
  void on_finish_impl(error_code&) override {}
};

/// The socket of one question, and what has come and is not understood yet.
class Line {
 public:
  Line() = default;
  Line(Line&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Line& operator=(Line&&) = delete;
  ~Line() {
    if (fd_ >= 0) ::close(fd_);
  }

  static Result<Line> to(const std::string& path) {
    sockaddr_un address{};
    if (path.size() >= sizeof address.sun_path)
      return Failure{"the socket's path is longer than the system allows: " + path};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    Line line;
    line.fd_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (line.fd_ < 0 || ::connect(line.fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      return nobody(path, errno);
    return line;
  }

  /// 0, or an errno.
  int send(std::string_view text) {
    while (!text.empty()) {
      const auto sent = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent < 0) return errno;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return 0;
  }

  enum class Came { bytes, nothing_yet, broken };
  /// Waits until something comes, at most until then, and hands it to the parser. What broke is in `trouble`.
  Came feed(Parser& parser, Clock::time_point until) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
    pollfd waits{fd_, POLLIN, 0};
    const int ready = left > 0 ? ::poll(&waits, 1, static_cast<int>(left)) : 0;
    if (ready == 0 || (ready < 0 && errno == EINTR)) return Came::nothing_yet;
    char piece[65536];
    const auto got = ready < 0 ? -1 : ::recv(fd_, piece, sizeof piece, 0);
    if (got < 0 && errno == EINTR) return Came::nothing_yet;
    if (got < 0) return broken(std::strerror(errno));
    error_code ec;
    if (got == 0) {
      if (!parser.got_some()) return broken(error_code(http::error::end_of_stream).message());
      parser.put_eof(ec);
      return ec ? broken(ec.message()) : Came::bytes;
    }
    waiting_.append(piece, static_cast<std::size_t>(got));
    while (!waiting_.empty() && !parser.is_done() && !ec) {
      const auto used = parser.put(boost::asio::buffer(waiting_), ec);
      waiting_.erase(0, used);
    }
    if (ec && ec != http::error::need_more) return broken(ec.message());
    return Came::bytes;
  }
  const std::string& trouble() const { return trouble_; }

 private:
  Came broken(std::string why) {
    trouble_ = std::move(why);
    return Came::broken;
  }
  int fd_ = -1;
  std::string waiting_, trouble_;
};

std::string request(const std::string& method, const std::string& target, const std::string& body,
                    const std::string& last_event_id = "") {
  std::string text = method + " " + target + " HTTP/1.1\r\nHost: readback\r\nConnection: close\r\n";
  if (!last_event_id.empty()) text += "Last-Event-ID: " + last_event_id + "\r\n";
  if (!body.empty()) text += "Content-Type: application/json\r\n";
  if (!body.empty() || method != "GET") text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return text + "\r\n" + body;
}

}  // namespace

std::string socket_path(const std::string& option) {
  if (!option.empty()) return option;
  const char* environment = std::getenv("READBACK_SOCKET");
  return environment && *environment ? environment : "/run/readback/control.sock";
}

Result<Response> Connection::ask(const std::string& method, const std::string& target, const std::string& body) const {
  const auto limit = method == "GET" ? answer_limit : work_limit;
  auto line = Line::to(socket_);
  if (!line) return line.failure();
  if (const int error = line->send(request(method, target, body))) return silent(socket_, std::strerror(error));
  Response whole;
  Parser parser;
  parser.on_body = [&](std::string_view piece) {
    whole.body += piece;
    return true;
  };
  const auto until = Clock::now() + limit;
  while (!parser.is_done()) {
    const auto came = line->feed(parser, until);
    if (came == Line::Came::broken) return silent(socket_, line->trouble());
    if (came == Line::Came::nothing_yet && Clock::now() >= until) return hangs(socket_, limit);
  }
  whole.status = parser.status;
  return whole;
}

Result<Response> Connection::stream(const std::string& target, const Taking& taking,
                                    const std::string& last_event_id) const {
  auto line = Line::to(socket_);
  if (!line) return line.failure();
  if (const int error = line->send(request("GET", target, "", last_event_id)))
    return silent(socket_, std::strerror(error));
  Response response;
  Parser parser;
  parser.on_head = [&] {
    response.status = parser.status;
    if (!response.good()) return;
    if (parser.length && taking.length) taking.length(*parser.length);
    std::string name = file_name(parser.disposition);
    if (taking.name && !name.empty()) taking.name(std::move(name));
  };
  parser.on_body = [&](std::string_view piece) {
    if (response.good()) return taking.piece(piece);
    response.body += piece;
    return true;
  };
  const auto head_until = Clock::now() + answer_limit;
  while (!parser.is_done() && !parser.stopped) {
    const bool has_head = parser.is_header_done();
    const auto came = line->feed(parser, has_head ? Clock::now() + idle_after : head_until);
    if (came == Line::Came::broken && parser.stopped) break;
    if (came == Line::Came::broken)
      return parser.is_header_done() ? broken_off(socket_, line->trouble()) : silent(socket_, line->trouble());
    if (came == Line::Came::bytes) continue;
    if (!has_head && Clock::now() >= head_until) return hangs(socket_, answer_limit);
    if (has_head && taking.idle) taking.idle();
  }
  return response;
}

}  // namespace readback
