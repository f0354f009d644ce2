#pragma once
// One connection: its requests one after the other, each read within its size and time, and each answer written at the
// client's pace.
#include <cstdint>
#include <memory>
#include <optional>

#include "core/text/instant.hpp"
#include "daemon/http/account_names.hpp"
#include "daemon/http/exchange.hpp"
#include "daemon/net/stream.hpp"
#include "daemon/runtime/net.hpp"

namespace readback {

struct ListenerLimits {
  std::size_t max_connections = 64;
  std::uint64_t max_body = 1 << 20;  ///< bytes
  std::uint32_t max_header = 16 * 1024;
  Millis idle = Seconds(10);
};

/// One of a listener's places, and what its session waits for: so that the next client can be given the place of one
/// that does nothing. Nobody can fill all of them by being silent.
class Place {
 public:
  enum class Waits {
    to_hear,      ///< for the client's next request, or the rest of one
    to_be_heard,  ///< for the client to take what we say
    for_us,       ///< the answer is being made: none of the client's doing
  };
  void waits(Waits what);
  /// Since when it waits for the client in a way that gives its place to another; nothing while it does not. Who waits
  /// to be heard has a second: a pause in a download is no silence.
  std::optional<MonoTime> idle_since(MonoTime at) const;
  /// Closes the connection; the session ends by itself.
  void give_away();

 private:
  friend net::awaitable<void> serve(Stream::Socket, Handler&, ListenerLimits, Peer, std::shared_ptr<AccountNames>,
                                    std::shared_ptr<Place>);
  Waits waits_ = Waits::to_hear;
  MonoTime since_{};
  Stream* stream_ = nullptr;  ///< while the session uses it
};

/// Answers until the client goes, is idle for too long, or says something that is no HTTP. The handler outlives it. Who
/// asks for a change is named by `names`, where there are any.
net::awaitable<void> serve(Stream::Socket socket, Handler& handler, ListenerLimits limits, Peer peer,
                           std::shared_ptr<AccountNames> names, std::shared_ptr<Place> place);

/// Says that all of the `most` connections are in use.
net::awaitable<void> refuse(Stream::Socket socket, std::size_t most);

}  // namespace readback
