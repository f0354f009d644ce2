// From addresses to a connection, and the whole way of a call.
#include <doctest/doctest.h>

#include "daemon/net/connect.hpp"
#include "tests/support/loopback.hpp"
#include "tests/support/run_coro.hpp"

using namespace readback;

TEST_CASE("of several addresses, the one that answers is used, and the one that says most is told") {
  using net::ip::tcp;
  const Server server(say("x"));
  const tcp::endpoint works(net::ip::address_v4::loopback(), server.port);
  const tcp::endpoint refuses(net::ip::address_v4::loopback(), 1);
  const tcp::endpoint unroutable(net::ip::make_address("255.255.255.255"), 1);
  const auto connect = [](std::vector<tcp::endpoint> endpoints) {
    net::io_context io(1);
    const auto c = run_coro(io, connect_first(std::move(endpoints), std::chrono::steady_clock::now() + Seconds(20)));
    return (c.error ? std::string(to_string(c.error->fault)) : "won") + " " + c.address;
  };
  const std::string port = std::to_string(server.port);
  CHECK(connect({works}) == "won 127.0.0.1:" + port);
  CHECK(connect({refuses, unroutable, works}) == "won 127.0.0.1:" + port);
  CHECK(connect({unroutable}) == "no_route 255.255.255.255:1");
  CHECK(connect({refuses, unroutable}) == "refused 127.0.0.1:1");
  CHECK(connect({unroutable, refuses}) == "refused 127.0.0.1:1");
}
