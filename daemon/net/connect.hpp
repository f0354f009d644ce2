#pragma once
// From an address to one connection. The addresses of a name race each other (RFC 8305), and when none is won, the
// failure is told that says most about the other side. `dial` is the whole way: name, connection, and TLS where the
// address asks for it, for whoever reads and for whoever sends.
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/model/raw_read.hpp"
#include "core/text/url.hpp"
#include "daemon/net/resolver.hpp"
#include "daemon/net/stream.hpp"
#include "daemon/runtime/net.hpp"

namespace readback {

struct Connected {
  std::optional<Stream> stream;  ///< when there is no error
  std::string address;  ///< "127.0.0.1:38080", "[::1]:38080", "unix:/a.sock": the one that was won, or that failed
  std::optional<TransportError> error;
};

/// `endpoints` in the order in which they should be tried, at least one.
net::awaitable<Connected> connect_first(std::vector<net::ip::tcp::endpoint> endpoints, Stream::Deadline deadline);

/// To a socket of this host.
net::awaitable<Connected> connect_unix(std::string path, Stream::Deadline deadline);

struct Dialled {
  Connected to;
  Phases phases;  ///< name, connection and TLS, as far as it came
  std::optional<WallTime> tls_expires_at;
};

/// TLS with `host` over a connection that stands, within its deadline; a name of the client's settings goes first. When
/// it fails the stream is gone and the error is set.
net::awaitable<void> shake_hands(Dialled& call, std::shared_ptr<TlsClient> tls, std::string host);

/// `tls` is needed for https, and is not looked at otherwise. The stream keeps the deadline.
net::awaitable<Dialled> dial(Resolver& resolver, Url url, std::shared_ptr<TlsClient> tls, Stream::Deadline deadline);

}  // namespace readback
