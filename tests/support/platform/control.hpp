#pragma once
// The command side of the simulated platform: a small HTTP and JSON endpoint on a port of its own, so that a command
// never goes through the listener that it breaks.
//
//   POST /fault     {"route": "/health" or "*", "fault": "degraded", "status": 503, "body": "…", "headers": {…},
//                    "text": "…", "retry_after": "20", "delay_ms": 500, "bytes": 1000, "times": 3}
//   POST /mood      {"version": "…", "other_version": "…", "stamp_age_s": 0, "down_service": "…", "leak": ["…"]}
//   POST /listener  {"mode": "open" | "refused" | "full" | "deaf" | "tls_abort" | "tls_hang" | "plain"}
//   POST /reset     healthy again, everywhere
//   GET  /log?since=N   the requests that were seen;   GET /stats   how many, by method;   GET /faults   the names
#include "tests/support/platform/server.hpp"

namespace readback::sim {

class Control {
 public:
  Control(net::io_context& io, State& state, Server& server, unsigned short port);
  std::string url() const;

 private:
  net::awaitable<void> accept();
  net::awaitable<void> serve(net::ip::tcp::socket socket);
  /// Status and JSON body.
  std::pair<int, std::string> handle(std::string_view method, std::string_view target, std::string_view body);

  net::io_context& io_;
  State& state_;
  Server& server_;
  net::ip::tcp::acceptor acceptor_;
};

}  // namespace readback::sim
