#pragma once
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <mutex>
#include <string>

#include "daemon/sinks/post.hpp"

namespace readback {

/// getaddrinfo cannot be cancelled, so each lookup has a thread that is left behind when it takes too long; a few at
/// most.
class NameLookup : public std::enable_shared_from_this<NameLookup> {
 public:
  using Endpoints = std::vector<net::ip::tcp::endpoint>;
  struct Found {
    Endpoints endpoints;
    std::string problem;  ///< "no such name", "no answer from the resolver within 5 s"
  };
  explicit NameLookup(net::any_io_executor loop) : loop_(std::move(loop)) {}
  net::awaitable<Found> find(std::string host, std::string port, Millis limit);

 private:
  struct Asked;
  net::any_io_executor loop_;
  std::map<std::string, Endpoints> last_good_;
  static constexpr int most_outstanding = 4;
};

}  // namespace readback
