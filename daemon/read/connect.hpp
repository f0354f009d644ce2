#pragma once
// From addresses to one connection: the addresses of a name race each other (RFC 8305), and when none is won, the
// failure is told that says most about the other side.
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "core/model/raw_read.hpp"
#include "daemon/runtime/net.hpp"

namespace readback {

struct Connected {
  std::optional<net::ip::tcp::socket> socket;  ///< when there is no error
  std::string address;  ///< "127.0.0.1:38080", "[::1]:38080": the one that was won, or that failed
  std::optional<TransportError> error;
};

/// `endpoints` in the order in which they should be tried, at least one.
net::awaitable<Connected> connect_first(std::vector<net::ip::tcp::endpoint> endpoints,
                                        std::chrono::steady_clock::time_point deadline);

/// What it means that connecting to `address` failed so.
TransportError connect_fault(const ErrorCode& ec, const std::string& address);

}  // namespace readback
