#pragma once
// Names to addresses, off the loop. getaddrinfo can neither be cancelled nor given a deadline, so each lookup has a
// thread of its own: one that hangs delays no other name, and its late answer is dropped. At most one lookup a name is
// under way; who asks for the same name meanwhile waits for the same answer. Beyond 64 names at once the next wait for
// their turn.
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/model/raw_read.hpp"
#include "daemon/runtime/net.hpp"

namespace readback {

struct Lookup {
  std::vector<net::ip::tcp::endpoint> endpoints;  ///< in the order in which they should be tried
  std::optional<TransportError> error;            ///< `dns`: there is no such name; `resolver`: nobody told us; `local`
};

class Resolver {
 public:
  explicit Resolver(net::any_io_executor executor);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  /// A literal address is answered at once and asks nobody.
  net::awaitable<Lookup> lookup(std::string host, std::string port, std::chrono::steady_clock::time_point deadline);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace readback
