// What a sweep sends to whom: the target's own headers are for its own origin.
#include <doctest/doctest.h>
#include <sys/socket.h>

#include <mutex>
#include <string>
#include <vector>

#include "core/redaction/redactor.hpp"
#include "core/text/words.hpp"
#include "daemon/read/sweep.hpp"
#include "tests/support/loopback.hpp"
#include "tests/support/run_coro.hpp"

using namespace readback;

namespace {

/// Answers each request, and remembers what it was asked with.
struct Listening {
  Listening() : listener(listen_on_loopback()) {
    thread = std::thread([this] {
      for (;;) {
        const int peer = ::accept4(listener.fd, nullptr, nullptr, SOCK_CLOEXEC);
        if (peer < 0) return;
        char request[4096];
        const auto got = ::recv(peer, request, sizeof request, 0);
        if (got > 0) {
          const std::lock_guard lock(mutex);
          heard.emplace_back(request, static_cast<std::size_t>(got));
        }
        send_all(peer, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
        ::close(peer);
      }
    });
  }
  ~Listening() {
    ::shutdown(listener.fd, SHUT_RDWR);
    thread.join();
    ::close(listener.fd);
  }
  std::string url(const std::string& path = "") const {
    return "http://127.0.0.1:" + std::to_string(listener.port) + path;
  }
  std::string all() {
    const std::lock_guard lock(mutex);
    return joined(heard, "\n");
  }

  LoopbackListener listener;
  std::mutex mutex;
  std::vector<std::string> heard;
  std::thread thread;
};

}  // namespace

TEST_CASE("the target's credentials go to its own origin, and not to another port of the same host") {
  Listening own, other;
  TargetConfig config = default_target("fabric");
  config.base_url = own.url();
  PathConfig here, there;
  here.name = "here";
  here.url = own.url("/here");  // written out, and the same origin all the same
  there.name = "there";
  there.url = other.url("/there");
  config.paths = {here, there};
  TlsClients clients;
  auto reader = TargetReader::make(config, {{"X-API-Key", "hunter2hunter2"}}, clients);
  REQUIRE(reader);
  net::io_context io(1);
  Resolver resolver(io.get_executor());
  Redactor redactor({}, "a key of the test");
  const auto reads = redactor.open(run_coro(io, TargetReader::sweep(*reader, resolver, {})));
  CHECK(reads.size() == config.surfaces.size() + 2);
  const std::string sent = own.all();
  CHECK(sent.find("GET /here ") != std::string::npos);
  for (const auto& request : own.heard) CHECK(request.find("X-API-Key: hunter2hunter2") != std::string::npos);
  CHECK(other.all().find("GET /there ") != std::string::npos);
  CHECK(other.all().find("hunter2") == std::string::npos);
}
