#pragma once
// The listener of the simulated platform and the state that the control endpoint changes. One thread, one io_context:
// nothing here needs a lock.
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <map>
#include <optional>
#include <string>

#include "daemon/runtime/net.hpp"
#include "tests/support/platform/fault.hpp"

namespace readback::sim {

struct Seen {
  std::uint64_t n = 0;
  WallTime at;
  std::uint64_t connection = 0;
  std::string method, target, fault;
  std::size_t headers = 0;
  std::size_t body_bytes = 0;
};

/// How the listener itself behaves, apart from what the routes answer.
enum class Listening {
  open,
  refused,    ///< not listening: the kernel refuses
  full,       ///< listening, accepting nobody, its queue full: a connect gets no answer; old connections live on
  deaf,       ///< connections are made by the kernel and never looked at
  tls_abort,  ///< accepts and hangs up at the ClientHello
  tls_hang,   ///< accepts and never finishes the handshake
  plain       ///< answers in plain text where TLS is expected
};
std::optional<Listening> listening_from(std::string_view word);

struct State {
  std::map<std::string, Fault, std::less<>> faults;  ///< by route; "*" is every route without one of its own
  Mood mood;
  std::string api_key;  ///< not empty: /api/v1/* wants it in X-API-Key
  std::map<std::string, std::uint64_t, std::less<>> counts;
  std::map<std::string, std::uint64_t, std::less<>> methods;
  std::deque<Seen> log;  ///< the newest 200,000 requests
  std::uint64_t requests = 0, connections = 0, open_connections = 0;
};

struct Options {
  std::string host = "127.0.0.1", unix_path, cert, key, client_ca;
  unsigned short port = 0;
};

class Server {
 public:
  Server(net::io_context& io, State& state, const Options& options);
  /// "http://127.0.0.1:40123", "https://…" or "unix:///path".
  std::string url() const;
  /// Takes effect for new connections at once; what is open stays as it is.
  void set_listening(Listening how);

 private:
  net::awaitable<void> accept_tcp(std::uint64_t generation);
  net::awaitable<void> accept_unix();
  net::awaitable<void> serve_tcp(net::ip::tcp::socket socket);
  void open();
  void spawn(net::awaitable<void> task);

  net::io_context& io_;
  State& state_;
  Options options_;
  Listening how_ = Listening::open;
  std::optional<net::ssl::context> tls_;
  net::ip::tcp::endpoint endpoint_;
  std::optional<net::ip::tcp::acceptor> acceptor_;
  std::optional<net::local::stream_protocol::acceptor> unix_acceptor_;
  std::vector<net::ip::tcp::socket> fillers_;  ///< our own connections that fill our own queue
  std::uint64_t generation_ = 0;               ///< an accept loop of an older one ends
};

}  // namespace readback::sim
