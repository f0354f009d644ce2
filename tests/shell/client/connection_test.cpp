// One question and its answer over a real socket, with something behind it that is not always a daemon.
#include <doctest/doctest.h>

#include <chrono>
#include <future>

#include "daemon/client/connection.hpp"
#include "tests/shell/client/fake_daemon.hpp"

using namespace readback;

namespace {

FakeDaemon answering(std::string text) {
  return FakeDaemon(
      [text = std::move(text)](const FakeDaemon::Client& client, const std::string&) { client.send(text); });
}

std::string streamed(const Connection& connection, Result<Response>& end) {
  std::string body;
  Taking taking;
  taking.piece = [&](std::string_view piece) {
    body += piece;
    return true;
  };
  end = connection.stream("/v1/reads", taking);
  return body;
}

}  // namespace

TEST_CASE("what is asked arrives as it was meant, and the answer comes whole") {
  const FakeDaemon daemon = answering(http(201, R"({"ok":true})"));
  const auto answer = Connection(daemon.socket()).ask("POST", "/v1/sweeps", R"({"target":"fabric"})");
  REQUIRE(answer.ok());
  CHECK(answer->status == 201);
  CHECK(answer->good());
  CHECK(answer->body == R"({"ok":true})");
  CHECK(daemon.requests() ==
        std::vector<std::string>{"POST /v1/sweeps HTTP/1.1\r\nHost: readback\r\nConnection: close\r\nContent-Type: "
                                 "application/json\r\nContent-Length: 19\r\n\r\n{\"target\":\"fabric\"}"});
}

TEST_CASE("it does not matter in which pieces an answer comes, nor how its length is said") {
  const std::string chunked =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n";
  const std::string until_closed = "HTTP/1.1 200 OK\r\n\r\nhello world";
  for (const std::string& text : {chunked, until_closed, http(200, "hello world")}) {
    CAPTURE(text);
    const FakeDaemon daemon([&](const FakeDaemon::Client& client, const std::string&) {
      for (const char each : text) client.send(std::string(1, each));
    });
    const Connection connection(daemon.socket());
    const auto asked = connection.ask("GET", "/v1/status");
    REQUIRE(asked.ok());
    CHECK(asked->body == "hello world");
    Result<Response> end = Failure{"not asked"};
    CHECK(streamed(connection, end) == "hello world");
    CHECK(end.ok());
  }
}

TEST_CASE("an answer without a body is one") {
  const FakeDaemon daemon = answering("HTTP/1.1 304 Not Modified\r\n\r\n");
  const auto answer = Connection(daemon.socket()).ask("GET", "/v1/snapshots/latest");
  REQUIRE(answer.ok());
  CHECK(answer->status == 304);
  CHECK(answer->body == "");
}

TEST_CASE("nobody there: what was tried, what happened, what to do") {
  const auto none = Connection("/nowhere/control.sock").ask("GET", "/v1/status");
  REQUIRE_FALSE(none.ok());
  CHECK(none.error() ==
        "no daemon at /nowhere/control.sock: No such file or directory; is readbackd running (systemctl status "
        "readbackd), and is this its socket (--socket, $READBACK_SOCKET)?");
  std::string left_behind;
  {
    const FakeDaemon daemon = answering("");
    left_behind = daemon.socket() + ".old";
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    left_behind.copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    ::close(fd);
    const auto refused = Connection(left_behind).ask("GET", "/v1/status");
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error() == "no daemon at " + left_behind +
                                 ": Connection refused; the daemon has gone and left its socket behind: systemctl "
                                 "status readbackd");
  }
  const std::string long_path(200, 'x');
  const auto too_long = Connection(long_path).ask("GET", "/v1/status");
  REQUIRE_FALSE(too_long.ok());
  CHECK(too_long.error() == "the socket's path is longer than the system allows: " + long_path);
}

TEST_CASE("an answer that is none, or that breaks off, is not taken for one") {
  struct Case {
    const char *name, *text, *asked, *streamed;
  };
  const Case cases[] = {
      {"closed at once", "", "did not answer: end of stream; systemctl status readbackd",
       "did not answer: end of stream; systemctl status readbackd"},
      {"speaks SSH", "SSH-2.0-OpenSSH_9.2\r\n", "did not answer: bad version; systemctl status readbackd",
       "did not answer: bad version; systemctl status readbackd"},
      {"cut in the head", "HTTP/1.1 200 OK\r\nContent-Le",
       "did not answer: partial message; systemctl status readbackd",
       "did not answer: partial message; systemctl status readbackd"},
      {"cut in the body", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
       "did not answer: partial message; systemctl status readbackd",
       "stopped in the middle of its answer: partial message"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const FakeDaemon daemon = answering(c.text);
    const Connection connection(daemon.socket());
    const std::string before = "the daemon at " + daemon.socket() + " ";
    const auto asked = connection.ask("GET", "/v1/status");
    CHECK(!asked.ok());
    if (!asked) CHECK(asked.error() == before + c.asked);
    Result<Response> end = Response();
    streamed(connection, end);
    CHECK(!end.ok());
    if (!end) CHECK(end.error() == before + c.streamed);
  }
}

TEST_CASE("a long answer says first how long it is and how its file is called, if that is a plain name") {
  const auto name_told = [](const std::string& disposition) {
    const FakeDaemon daemon = answering(http(200, "bytes", "Content-Disposition: " + disposition + "\r\n"));
    std::string name = "none", order;
    Taking taking;
    taking.length = [&](std::uint64_t length) { order += std::to_string(length) + " "; };
    taking.name = [&](std::string told) { name = std::move(told); };
    taking.piece = [&](std::string_view piece) {
      order += piece;
      return true;
    };
    CHECK(Connection(daemon.socket()).stream("/v1/snapshots/latest", taking).ok());
    CHECK(order == "5 bytes");
    return name;
  };
  CHECK(name_told("attachment; filename=\"readback-1.tar.zst\"") == "readback-1.tar.zst");
  CHECK(name_told("attachment; filename=\"../../etc/passwd\"") == "none");
  CHECK(name_told("attachment; filename=\".bashrc\"") == "none");
  CHECK(name_told("inline") == "none");
}

TEST_CASE("what a refusal says comes back whole and is not taken for the answer") {
  const FakeDaemon daemon = answering(http(404, R"({"detail":"there is no snapshot"})"));
  Result<Response> end = Failure{"not asked"};
  CHECK(streamed(Connection(daemon.socket()), end) == "");
  REQUIRE(end.ok());
  CHECK(end->status == 404);
  CHECK(end->body == R"({"detail":"there is no snapshot"})");
}

TEST_CASE("who has enough ends an answer that goes on, and who waits is told that nothing comes") {
  std::promise<void> idled;
  auto waited = idled.get_future();
  const FakeDaemon daemon([&](const FakeDaemon::Client& client, const std::string&) {
    client.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n");
    waited.wait_for(std::chrono::seconds(10));  // until it is told that nothing comes
    client.send("1\r\nb\r\n");
    client.wait_for_end();
  });
  std::string body;
  int idle = 0;
  Taking taking;
  taking.idle = [&] {
    if (++idle == 1) idled.set_value();
  };
  taking.piece = [&](std::string_view piece) {
    body += piece;
    return body != "ab";
  };
  const auto end = Connection(daemon.socket()).stream("/v1/events", taking, "boot-7");
  CHECK(end.ok());
  CHECK(body == "ab");
  CHECK(idle >= 1);
  REQUIRE(daemon.requests().size() == 1);
  CHECK(daemon.requests()[0].find("\r\nLast-Event-ID: boot-7\r\n") != std::string::npos);
}

TEST_CASE("a text becomes one segment of a path") {
  CHECK(percent_encoded("019abcde-0000_x.y~z") == "019abcde-0000_x.y~z");
  CHECK(percent_encoded("a b/c?d%\xc3\xa4") == "a%20b%2Fc%3Fd%25%C3%A4");
}
