// The HTTP server below both ways in: its socket file, its limits, and what is no request at all.
#include <doctest/doctest.h>
#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "daemon/runtime/wake.hpp"
#include "tests/support/control/running.hpp"
#include "tests/support/folder.hpp"

namespace readback {

TEST_CASE("the socket has mode 0660, replaces a dead one and leaves a live one alone") {
  Running r;
  struct stat seen {};
  REQUIRE(::stat(r.socket().c_str(), &seen) == 0);
  CHECK((seen.st_mode & 0777) == 0660);
  net::io_context io;
  const auto second = BoundSocket::unix_socket(io.get_executor(), r.socket(), "");
  REQUIRE(!second);
  CHECK(second.error() ==
        "another readbackd answers on " + r.socket() + "; stop it first or choose another control.socket");
  const std::string dead = r.folder + "/dead.sock";
  {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un a{};
    a.sun_family = AF_UNIX;
    dead.copy(a.sun_path, sizeof a.sun_path - 1);
    REQUIRE(::bind(fd, reinterpret_cast<sockaddr*>(&a), sizeof a) == 0);
    ::close(fd);
  }
  const auto third = BoundSocket::unix_socket(io.get_executor(), dead, "no-such-group-here");
  REQUIRE(third.ok());
  CHECK(third->warning() ==
        "control.group: there is no group no-such-group-here here; the control socket keeps our own group");
  const std::string plain = r.folder + "/plain";
  std::ofstream(plain) << "precious";
  CHECK(!BoundSocket::unix_socket(io.get_executor(), plain, ""));
  CHECK(std::filesystem::file_size(plain) == 8);
}

namespace {

/// Answers when it is told to, and not before.
struct Patient : Handler {
  explicit Patient(net::any_io_executor ex) : wake(ex) {}
  net::awaitable<Reply> answer(Request) override {
    ++asked;
    while (!open) co_await wake.wait();
    co_return Reply{};
  }
  Wake wake;
  std::atomic<int> asked = 0;
  bool open = false;
};

}  // namespace

TEST_CASE("while all 64 are being answered the next is told so at once, and a free place is used again") {
  Folder folder("listener");
  const std::string path = (folder.path / "s").string();
  net::io_context io;
  Patient handler(io.get_executor());
  Listener listener(BoundSocket::unix_socket(io.get_executor(), path, "").value(), handler, ListenerLimits{}, {});
  TaskGroup tasks(io.get_executor());
  tasks.spawn("listener", listener.run());
  std::thread loop([&] { io.run(); });
  const std::string request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  std::vector<std::unique_ptr<Wire>> open;
  for (int i = 0; i < 64; ++i) {
    open.push_back(std::make_unique<Wire>(path));
    open.back()->send(request);
  }
  for (const auto limit = std::chrono::steady_clock::now() + Seconds(10);
       handler.asked < 64 && std::chrono::steady_clock::now() < limit;)
    std::this_thread::yield();
  Wire extra(path);
  const auto begin = std::chrono::steady_clock::now();
  extra.send(request);
  const Seen refused = extra.answer();
  CHECK(refused.status == 503);
  CHECK(refused.header("Retry-After") == "1");
  CHECK(refused.header("Content-Type") == "application/problem+json");
  CHECK(std::chrono::steady_clock::now() - begin < Seconds(2));
  net::post(io, [&] {
    handler.open = true;
    handler.wake.notify();
  });
  for (auto& each : open) CHECK(each->answer().status == 200);
  // They are kept open and wait for another request: the longest of them makes room.
  Wire next(path);
  next.send(request);
  CHECK(next.answer().status == 200);
  open.front()->until([](const std::string&) { return false; });
  CHECK(open.front()->closed());
  open[1]->send(request);
  CHECK(open[1]->answer().status == 200);
  net::post(io, [&] {
    listener.close();
    tasks.cancel();
  });
  loop.join();
}

TEST_CASE("a megabyte is the most, a dripping client is gone after ten seconds") {
  Running r;
  Wire drip(r.socket());
  const auto begin = std::chrono::steady_clock::now();
  drip.send("GET /v1/status HTTP/1.1\r\nHos");

  const std::string most = R"({"text":")" + std::string((1 << 20) - 11, 'x') + R"("})";
  CHECK(most.size() == 1 << 20);
  CHECK(r.ask("POST", "/v1/symptoms", most).status == 422);  // taken, and then too long a text
  CHECK(r.ask("POST", "/v1/symptoms", most + " ").status == 413);
  Wire chunked(r.socket());
  chunked.send("POST /v1/symptoms HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  const std::string piece = "10000\r\n" + std::string(0x10000, 'y') + "\r\n";
  Wire unknown(r.socket());
  unknown.send("POST /v1/symptoms HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\nContent-Length: 2\r\n\r\n{}");
  CHECK(unknown.answer().status == 400);
  for (int i = 0; i < 20 && chunked.send(piece); ++i) {
  }
  CHECK(chunked.answer().status == 413);
  CHECK(r.ask("GET", "/v1/status", "", "X-Long: " + std::string(20'000, 'z') + "\r\n").status == 431);

  drip.until([](const std::string&) { return false; });
  CHECK(drip.closed());
  const auto took = std::chrono::steady_clock::now() - begin;
  CHECK(took > Seconds(9));
  CHECK(took < Seconds(13));
}

TEST_CASE("wrong methods name the right ones, hostile paths reach nothing, HEAD has no body") {
  Running r;
  const Seen wrong = r.ask("PUT", "/v1/silences");
  CHECK(wrong.status == 405);
  CHECK(wrong.header("Allow") == "GET, HEAD, POST");
  CHECK(r.ask("DELETE", "/v1/incidents/latest").header("Allow") == "GET, HEAD");
  for (const char* path :
       {"/v1/snapshots/..%2f..%2fetc%2fpasswd", "/v1/snapshots/%2e%2e", "/v1/../../etc/passwd", "/v1/incidents/%00",
        "/v1/incidents/%zz", "/v2/status", "/", "/v1/status/x", "/v1/snapshots/a%0d%0aX-Evil:1"}) {
    CAPTURE(path);
    const Seen seen = r.ask("GET", path);
    CHECK((seen.status == 400 || seen.status == 404));
    CHECK(seen.header("X-Evil") == "");
  }
  const Seen head = r.ask("HEAD", "/v1/status");
  CHECK(head.status == 200);
  CHECK(std::stoul(head.header("Content-Length")) > 100);
}

TEST_CASE("one connection carries many requests, and answers in order when they come at once") {
  Running r;
  Wire wire(r.socket());
  wire.send(
      "GET /v1/sinks HTTP/1.1\r\nHost: x\r\n\r\nGET /v1/nothing HTTP/1.1\r\nHost: x\r\n\r\nGET /v1/silences "
      "HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(wire.answer().parsed().as_object().contains("sinks"));
  CHECK(wire.answer().status == 404);
  CHECK(wire.answer().parsed().as_object().contains("silences"));
}

TEST_CASE("random bytes never take the daemon down") {
  Running r;
  std::mt19937 random(7);
  const std::string seeds[] = {
      "GET /v1/status HTTP/1.1\r\nHost: x\r\n\r\n",
      "POST /v1/symptoms HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n{\"text\":\"abcdefghi\"}"};
  for (int i = 0; i < 300; ++i) {
    std::string bytes = i % 3 == 2 ? std::string(random() % 400, '\0') : seeds[i % 2];
    if (i % 3 == 2)
      for (char& c : bytes) c = static_cast<char>(random());
    for (std::size_t k = 0; k < 1 + random() % 6 && !bytes.empty(); ++k)
      bytes[random() % bytes.size()] = static_cast<char>(random());
    Wire wire(i % 2 ? r.port : static_cast<unsigned short>(r.port));
    Wire local(r.socket());
    wire.send(bytes);
    local.send(bytes);
    wire.end();
    local.end();
    local.until([](const std::string&) { return false; });
  }
  CHECK(r.ask("GET", "/v1/status").status == 200);
}

}  // namespace readback
