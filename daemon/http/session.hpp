#pragma once
// One connection: its requests one after the other, each read within its size and time, and each answer written at the
// client's pace.
#include <cstdint>

#include "core/text/instant.hpp"
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

/// Answers until the client goes, is idle for too long, or says something that is no HTTP. The handler outlives it.
net::awaitable<void> serve(Stream::Socket socket, Handler& handler, ListenerLimits limits, Peer peer);

/// Says that all of the `most` connections are in use.
net::awaitable<void> refuse(Stream::Socket socket, std::size_t most);

}  // namespace readback
