// A connection is served by looking up what is wrong with its route now, and playing that script to the letter, down to
// how the socket is closed.
#include "tests/support/platform/server.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

namespace readback::sim {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
using tcp = net::ip::tcp;
using local = net::local::stream_protocol;

template <class Stream>
auto& lowest(Stream& stream) {
  return stream.lowest_layer();
}

/// Reads and throws away until the peer has gone, so that a hanging answer costs a descriptor only as long as somebody
/// waits for it.
template <class Stream>
net::awaitable<void> until_gone(Stream& stream) {
  char scrap[512];
  for (;;) {
    const net::mutable_buffer buffer = net::buffer(scrap);
    auto [ec, n] = co_await stream.async_read_some(buffer, token);
    if (ec) co_return;
  }
}

net::awaitable<void> sleep_for(std::chrono::milliseconds time) {
  net::steady_timer timer(co_await net::this_coro::executor);
  timer.expires_after(time);
  auto [ec] = co_await timer.async_wait(token);
  (void)ec;
}

template <class Stream>
net::awaitable<bool> send(Stream& stream, const std::string& bytes) {
  const net::const_buffer buffer = net::buffer(bytes);
  auto [ec, n] = co_await net::async_write(stream, buffer, token);
  co_return !ec;
}

void reset(tcp::socket::lowest_layer_type& socket) {
  boost::system::error_code ignored;
  socket.set_option(net::socket_base::linger(true, 0), ignored);
  socket.close(ignored);
}
void reset(local::socket::lowest_layer_type& socket) {
  boost::system::error_code ignored;
  socket.close(ignored);
}

/// Plays a script. True: the connection may carry a further request.
template <class Stream>
net::awaitable<bool> play(Stream& stream, Script steps) {
  for (Step& step : steps) {
    if (auto* s = std::get_if<Send>(&step)) {
      const bool went = co_await send(stream, s->bytes);
      if (!went) co_return false;
    } else if (auto* w = std::get_if<Wait>(&step)) {
      const std::chrono::milliseconds time = w->time;
      co_await sleep_for(time);
    } else if (auto* d = std::get_if<Drip>(&step)) {
      for (const char c : d->bytes) {
        const std::string one(1, c);
        const bool went = co_await send(stream, one);
        if (!went) co_return false;
        const std::chrono::milliseconds gap = d->gap;
        co_await sleep_for(gap);
      }
    } else if (auto* f = std::get_if<Flood>(&step)) {
      for (std::uint64_t i = 0; i < f->times; ++i) {
        const bool went = co_await send(stream, f->block);
        if (!went) co_return false;
      }
    } else if (std::holds_alternative<Close>(step)) {
      co_return false;
    } else if (std::holds_alternative<Reset>(step)) {
      reset(lowest(stream));
      co_return false;
    } else {
      co_await until_gone(stream);
      co_return false;
    }
  }
  co_return true;
}

std::string only_path(std::string_view target) { return std::string(target.substr(0, target.find('?'))); }

const Fault* fault_for(const State& state, const std::string& path) {
  if (auto it = state.faults.find(path); it != state.faults.end()) return &it->second;
  if (auto it = state.faults.find("*"); it != state.faults.end()) return &it->second;
  return nullptr;
}

/// Books the request and decides what goes out for it.
Script answer(State& state, const http::request<http::string_body>& request, std::uint64_t connection) {
  const WallTime now = std::chrono::system_clock::now();
  const std::string path = only_path(std::string_view(request.target().data(), request.target().size()));
  Fault fault;
  if (const Fault* f = fault_for(state, path)) fault = *f;
  if (!state.api_key.empty() && path.starts_with("/api/v1/") && request["X-API-Key"] != state.api_key)
    fault = Fault{.name = "unauthorized"};
  const std::uint64_t count = state.counts[path]++;

  Seen seen;
  seen.n = ++state.requests;
  seen.at = now;
  seen.connection = connection;
  seen.method = std::string(request.method_string());
  seen.target = std::string(request.target());
  seen.fault = fault.name;
  for (const auto& field : request) {
    (void)field;
    ++seen.headers;
  }
  seen.body_bytes = request.body().size();
  ++state.methods[seen.method];
  state.log.push_back(std::move(seen));
  if (state.log.size() > 200000) state.log.pop_front();

  if (fault.times > 0) {
    auto it = state.faults.find(path);
    if (it == state.faults.end()) it = state.faults.find("*");
    if (it != state.faults.end() && --it->second.times == 0) state.faults.erase(it);
  }
  Answer a = healthy(path, state.mood, now, count);
  if (request.method() != http::verb::get && request.method() != http::verb::head) {
    a = Answer{405, {{"Content-Type", "application/json"}}, R"({"detail":"Method Not Allowed"})"};
    fault = Fault{};
  }
  return script(fault, std::move(a), now, request.method() == http::verb::head, request.keep_alive());
}

template <class Stream>
net::awaitable<void> serve(State& state, Stream& stream, std::uint64_t connection) {
  beast::flat_buffer buffer;
  for (;;) {
    http::request_parser<http::string_body> parser;
    parser.body_limit(1 << 20);
    auto [ec, n] = co_await http::async_read(stream, buffer, parser, token);
    if (ec) co_return;
    Script steps = answer(state, parser.get(), connection);
    const bool more = co_await play(stream, std::move(steps));
    if (!more) co_return;
  }
}

struct Count {
  explicit Count(State& s) : state(s) { ++state.open_connections; }
  ~Count() { --state.open_connections; }
  Count(const Count&) = delete;
  State& state;
};

}  // namespace

std::optional<Listening> listening_from(std::string_view word) {
  if (word == "open") return Listening::open;
  if (word == "refused") return Listening::refused;
  if (word == "full") return Listening::full;
  if (word == "deaf") return Listening::deaf;
  if (word == "tls_abort") return Listening::tls_abort;
  if (word == "tls_hang") return Listening::tls_hang;
  if (word == "plain") return Listening::plain;
  return std::nullopt;
}

Server::Server(net::io_context& io, State& state, const Options& options) : io_(io), state_(state), options_(options) {
  if (!options_.cert.empty()) {
    tls_.emplace(net::ssl::context::tls_server);
    tls_->use_certificate_chain_file(options_.cert);
    tls_->use_private_key_file(options_.key, net::ssl::context::pem);
    if (!options_.client_ca.empty()) {
      tls_->load_verify_file(options_.client_ca);
      tls_->set_verify_mode(net::ssl::verify_peer | net::ssl::verify_fail_if_no_peer_cert);
    }
  }
  if (!options_.unix_path.empty()) {
    ::unlink(options_.unix_path.c_str());
    unix_acceptor_.emplace(io_, local::endpoint(options_.unix_path));
    spawn(accept_unix());
    return;
  }
  endpoint_ = tcp::endpoint(net::ip::make_address(options_.host), options_.port);
  open();
}

std::string Server::url() const {
  if (!options_.unix_path.empty()) return "unix://" + options_.unix_path;
  const std::string host = endpoint_.address().is_v6() ? "[" + options_.host + "]" : options_.host;
  return (tls_ ? "https://" : "http://") + host + ":" + std::to_string(endpoint_.port());
}

void Server::spawn(net::awaitable<void> task) {
  net::co_spawn(io_, std::move(task), [](std::exception_ptr e) {
    if (!e) return;
    try {
      std::rethrow_exception(e);
    } catch (const std::exception& what) {
      std::fprintf(stderr, "readback-sim: %s\n", what.what());
      std::_Exit(70);
    }
  });
}

void Server::open() {
  fillers_.clear();
  if (!acceptor_) {
    acceptor_.emplace(io_);
    acceptor_->open(endpoint_.protocol());
    acceptor_->set_option(net::socket_base::reuse_address(true));
    acceptor_->bind(endpoint_);
    acceptor_->listen();
    endpoint_ = acceptor_->local_endpoint();  // port 0 becomes the one the kernel chose, and stays it when reopened
  } else {
    ::listen(acceptor_->native_handle(), SOMAXCONN);
  }
  spawn(accept_tcp(++generation_));
}

void Server::set_listening(Listening how) {
  if (!options_.unix_path.empty()) return;
  how_ = how;
  ++generation_;  // the running accept loop ends
  if (acceptor_) {
    boost::system::error_code ignored;
    acceptor_->cancel(ignored);
  }
  switch (how) {
    case Listening::refused: {
      acceptor_.reset();
      fillers_.clear();
      return;
    }
    case Listening::deaf: return;
    case Listening::full: {
      if (!acceptor_) open(), ++generation_, acceptor_->cancel();
      // A queue of 0 holds one connection; ours take its place, and a third one shows that it is full.
      ::listen(acceptor_->native_handle(), 0);
      for (int i = 0; i < 3; ++i) {
        tcp::socket filler(io_);
        filler.open(endpoint_.protocol());
        filler.native_non_blocking(true);
        // Asio's own connect waits for the answer that never comes.
        if (::connect(filler.native_handle(), endpoint_.data(), static_cast<socklen_t>(endpoint_.size())) != 0 &&
            errno != EINPROGRESS)
          std::fprintf(stderr, "readback-sim: cannot fill the queue: errno %d\n", errno);
        fillers_.push_back(std::move(filler));
      }
      return;
    }
    case Listening::open:
    case Listening::tls_abort:
    case Listening::tls_hang:
    case Listening::plain: open(); return;
  }
}

net::awaitable<void> Server::accept_tcp(std::uint64_t generation) {
  while (generation == generation_) {
    auto [ec, socket] = co_await acceptor_->async_accept(token);
    if (generation != generation_) co_return;
    if (ec) continue;
    spawn(serve_tcp(std::move(socket)));
  }
}

net::awaitable<void> Server::accept_unix() {
  for (;;) {
    auto [ec, socket] = co_await unix_acceptor_->async_accept(token);
    if (ec) continue;
    struct Session {
      static net::awaitable<void> run(State& state, local::socket s) {
        Count counted(state);
        const std::uint64_t connection = ++state.connections;
        co_await serve(state, s, connection);
      }
    };
    spawn(Session::run(state_, std::move(socket)));
  }
}

net::awaitable<void> Server::serve_tcp(tcp::socket socket) {
  Count counted(state_);
  const std::uint64_t connection = ++state_.connections;
  boost::system::error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  if (!tls_ || how_ == Listening::plain) {
    co_await serve(state_, socket, connection);
    co_return;
  }
  if (how_ == Listening::tls_hang) {
    co_await until_gone(socket);
    co_return;
  }
  if (how_ == Listening::tls_abort) {
    char hello[1];
    const net::mutable_buffer buffer = net::buffer(hello);
    co_await socket.async_read_some(buffer, token);
    co_return;
  }
  net::ssl::stream<tcp::socket> stream(std::move(socket), *tls_);
  auto [ec] = co_await stream.async_handshake(net::ssl::stream_base::server, token);
  if (ec) co_return;
  co_await serve(state_, stream, connection);
  co_await stream.async_shutdown(token);
}

}  // namespace readback::sim
