#pragma once
// Names to addresses, off the loop. getaddrinfo can neither be cancelled nor given a deadline, so each lookup that is
// under way has a thread to itself: one that hangs delays no other name, and its late answer is dropped. Two threads
// stand ready from the beginning, because a host that has none left is not the moment to need one; further ones are
// made when they are wanted, and where none can be had the names wait for their turn. At most one lookup a name is
// under way; who asks for the same name meanwhile waits for the same answer. Beyond 64 names at once the next wait as
// well.
//
// A resolver that keeps the last good answers gives them out when a later lookup fails, or takes more than half of the
// time that there is: a dead name service must not silence a pager that had been reached before. The reader of a
// platform keeps none: that a name is gone is what it is there to see.
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/model/raw_read.hpp"
#include "daemon/runtime/net.hpp"

namespace readback {

struct Lookup {
  std::vector<net::ip::tcp::endpoint> endpoints;  ///< in the order in which they should be tried
  bool literal = false;                           ///< the host was an address: nobody was asked
  std::optional<TransportError> error;            ///< `dns`: there is no such name; `resolver`: nobody told us; `local`
};

class Resolver {
 public:
  /// What a name's addresses are, or why they cannot be told.
  struct Answer {
    std::vector<net::ip::address> addresses;
    std::optional<TransportError> error;
  };
  /// Asks the system, on a thread of its own; it may block for as long as it likes.
  using Ask = std::function<Answer(const std::string& host)>;
  static Answer ask_system(const std::string& host);
  enum class Memory { none, last_good };

  /// Throws std::system_error when no thread at all can be had.
  explicit Resolver(net::any_io_executor executor, Memory memory = Memory::none, Ask ask = ask_system);
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
