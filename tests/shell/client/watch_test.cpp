// `readback watch` into a pipe: a line an event, over a daemon that goes away and comes back.
#include <doctest/doctest.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <thread>

#include "daemon/client/watch.hpp"
#include "tests/shell/client/fake_daemon.hpp"

using namespace readback;

namespace {

const std::string head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";

/// Runs the command beside the test, with a pipe for its lines.
class Watching {
 public:
  Watching(const std::string& socket, bool as_json) : connection_(socket) {
    std::signal(SIGPIPE, SIG_IGN);
    REQUIRE(::pipe(ends_) == 0);
    out_ = ::fdopen(ends_[1], "w");
    thread_ = std::thread([this, as_json] { end_ = watch(connection_, as_json, out_); });
  }
  ~Watching() {
    close_reader();
    if (thread_.joinable()) thread_.join();
    std::fclose(out_);
  }
  std::string line() {
    std::string text;
    for (char c = 0; ::read(ends_[0], &c, 1) == 1 && c != '\n';) text += c;
    return text;
  }
  /// Nobody reads any more: the next line cannot be written.
  void close_reader() {
    if (ends_[0] >= 0) ::close(ends_[0]);
    ends_[0] = -1;
  }
  const std::optional<Result<Response>>& end() {
    thread_.join();
    return end_;
  }

 private:
  Connection connection_;
  int ends_[2] = {-1, -1};
  std::FILE* out_ = nullptr;
  std::optional<Result<Response>> end_;
  std::thread thread_;
};

}  // namespace

TEST_CASE("each event is a line, and behind a daemon that went away they go on where they stopped") {
  std::atomic<bool> closed = false;
  int connections = 0;
  FakeDaemon daemon([&](const FakeDaemon::Client& client, const std::string&) {
    client.send(head);
    if (++connections == 1) {
      client.send(": readback events\nretry: 2000\n\nevent: sweep\nid: boot-1\ndata: ");
      client.send(R"({"at":"2026-11-26T03:11:58.250Z","target":"fabric","sweep":7,"primary":"outage","extent":"total",)"
                  R"("reads":[{"name":"health","word":"unreachable","green":false},{"name":"a","green":true}]})"
                  "\n\n");
      client.send(
          "event: change\nid: boot-2\ndata: {\"at\":\"2026-11-26T03:12:00.000Z\",\"by\":\"root\",\"what\":\"ack\",");
      client.send("\"text\":\"done\"}\n\nevent: alert\nid: boot-3\ndata: {\"half of an eve");
      return;
    }
    client.send("event: reset\nid: boot-4\ndata: {}\n\n");
    while (!closed) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    for (int i = 0; i < 100 && client.send("event: alert\nid: boot-5\ndata: {\"summary\":\"x\"}\n\n"); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
  });
  Watching watching(daemon.socket(), false);
  CHECK(watching.line() == "2026-11-26T03:11:58Z  fabric  sweep 7  total outage  health=unreachable");
  CHECK(watching.line() == "2026-11-26T03:12:00Z  root  ack: done");
  CHECK(watching.line() == "(the daemon was started anew, or more happened than it keeps: some events are not shown)");
  watching.close_reader();
  closed = true;
  CHECK_FALSE(watching.end().has_value());
  REQUIRE(daemon.requests().size() == 2);
  CHECK(daemon.requests()[0].find("Last-Event-ID") == std::string::npos);
  CHECK(daemon.requests()[1].find("Last-Event-ID: boot-2\r\n") != std::string::npos);
}

TEST_CASE("with --json each event is an object that says its kind first") {
  std::atomic<bool> closed = false;
  FakeDaemon daemon([&](const FakeDaemon::Client& client, const std::string&) {
    client.send(head + "event: alert\nid: boot-1\ndata: {\"summary\":\"x\"}\n\n");
    while (!closed) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    client.send("event: alert\nid: boot-2\ndata: {\"summary\":\"y\"}\n\n");
  });
  Watching watching(daemon.socket(), true);
  CHECK(watching.line() == R"({"kind":"alert","summary":"x"})");
  watching.close_reader();
  closed = true;
  CHECK_FALSE(watching.end().has_value());
}

TEST_CASE("no daemon to begin with, or one that refuses, ends it with what was said") {
  Watching nobody("/nowhere/control.sock", false);
  REQUIRE(nobody.end().has_value());
  FakeDaemon daemon([](const FakeDaemon::Client& client, const std::string&) { client.send(http(404, "{}")); });
  Watching refused(daemon.socket(), false);
  const auto& end = refused.end();
  REQUIRE(end.has_value());
  REQUIRE(end->ok());
  CHECK((*end)->status == 404);
}
