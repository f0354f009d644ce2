// The reader against servers on the loopback that behave as no server should: each trouble has its own name, and
// nothing is read without end. How a connection is made, by which
// address and with which certificate, is tried in tests/shell/net.
#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <thread>

#include "tests/shell/read/read_it.hpp"
#include "tests/support/folder.hpp"
#include "tests/support/loopback.hpp"

using namespace readback;

namespace {

const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

}  // namespace

TEST_CASE("each way of not answering has its own name") {
  struct Case {
    const char* name;
    Behaviour behaviour;
    std::string want;
  };
  const std::string informational = "HTTP/1.1 103 Early Hints\r\n\r\n";
  const Case cases[] = {
      {"well", say(ok), "200 ok"},
      {"without a length, the end of the connection is the end", say("HTTP/1.0 200 OK\r\n\r\nok"), "200 ok"},
      {"after three informational answers", say(informational + informational + informational + ok), "200 ok"},
      {"informational answers without end", without_end("", informational),
       "protocol: informational answers without end"},
      {"another protocol", say("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"),
       "protocol: the answer changes the protocol, and nobody asked for that"},
      {"hung up at once", say(""), "reset: the connection was closed before any answer"},
      {"reset", [](int peer) { hang_up_hard(peer); }, "reset: the connection was closed before any answer"},
      {"cut in the body", say("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok"),
       "reset: the connection was closed after 2 bytes of the body"},
      {"SSH", say("SSH-2.0-OpenSSH_9.2\r\n"), "protocol: the answer is not HTTP: bad version"},
      {"garbage for chunks", say(chunked + "zz\r\n"), "protocol: the answer is not HTTP: bad chunk"},
      {"a coding nobody knows beside a length",
       say("HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\nContent-Length: 2\r\n\r\nok"),
       "protocol: malformed framing: unknown transfer coding"},
      {"the length before the coding",
       say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: xchunked\r\n\r\nok"),
       "protocol: malformed framing: unknown transfer coding"},
      {"a coding nobody knows without a length", say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked-ish\r\n\r\nok"),
       "protocol: malformed framing: unknown transfer coding"},
      {"a coding around the chunks",
       say("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
       "protocol: malformed framing: unknown transfer coding"},
      {"the same in two headers",
       say("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
       "protocol: malformed framing: unknown transfer coding"},
      {"chunks in capitals", say("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
       "200 ok"},
      {"the coding that does nothing",
       say("HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\nContent-Length: 2\r\n\r\nok"), "200 ok"},
      {"a body without end", without_end("HTTP/1.1 200 OK\r\n\r\n", "x"), "too_large: the body is larger than 1 MiB"},
      {"a body that says how large it is", say("HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\n"),
       "too_large: the body is larger than 1 MiB"},
      {"headers without end", without_end("HTTP/1.1 200 OK\r\n", "X: y\r\n"),
       "too_large: the headers are larger than 64 KiB"},
      {"one header without end", without_end("HTTP/1.1 200 OK\r\nX: ", "y"),
       "too_large: the headers are larger than 64 KiB"},
      {"trailers without end", without_end(chunked + "2\r\nok\r\n0\r\n", "X: y\r\n"),
       "too_large: the headers are larger than 64 KiB"},
      {"a byte in each four thousand is the body's", without_end(chunked, "1;" + std::string(4000, 'a') + "\r\nx\r\n"),
       "too_large: the body is larger than 1 MiB"},
  };
  for (const auto& c : cases) {
    CAPTURE(std::string(c.name));
    const Server server(c.behaviour);
    CHECK(told(read(server.url(), Seconds(20))) == c.want);
  }
}

TEST_CASE("one deadline ends every kind of slowness") {
  struct Case {
    const char* name;
    Behaviour behaviour;
    std::string begins;
  };
  const auto until_hung_up = [](std::string head) {
    return [head](int peer) {
      send_all(peer, head);
      char rest[64];
      while (::recv(peer, rest, sizeof rest, 0) > 0) {
      }
    };
  };
  const Case cases[] = {
      {"no answer", until_hung_up(""), "timeout: no whole answer in time: it stopped before any answer"},
      {"half a head", until_hung_up("HTTP/1.1 200 OK\r\nX-"),
       "timeout: no whole answer in time: it stopped before any answer"},
      {"half a body", until_hung_up("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok"),
       "timeout: no whole answer in time: it stopped after 2 bytes of the body"},
      // The next piece is always there, so that no read ever waits.
      {"a body in crumbs", without_end(chunked, "1\r\nx\r\n"), "timeout: no whole answer in time: it stopped after "},
  };
  for (const auto& c : cases) {
    CAPTURE(std::string(c.name));
    const Server server(c.behaviour);
    // On a busy machine a server may need longer for its first byte: then it is asked again, and given more time.
    std::string text;
    for (Millis limit(20); limit < Seconds(5) && text.substr(0, c.begins.size()) != c.begins; limit *= 2)
      text = told(read(server.url(), limit));
    CHECK(text.substr(0, c.begins.size()) == c.begins);
  }
}

TEST_CASE("the address that was used is told, and where the time went") {
  const Server server(say(ok));
  const auto r = read(server.url(), Seconds(20));
  CHECK(r.address == "127.0.0.1:" + std::to_string(server.port));
  CHECK(r.phases.dns_us == -1);  // a literal address asks nobody
  CHECK(r.phases.connect_us >= 0);
  CHECK(r.phases.tls_us == -1);
  CHECK(r.phases.first_byte_us >= r.phases.connect_us);
  CHECK(r.phases.total_us >= r.phases.first_byte_us);
}

TEST_CASE("a Unix socket: nobody there, a full queue, and one that empties") {
  const Folder folder("read");
  const std::string path = folder.path / "platform.sock";
  const std::string url = "unix://" + path;
  CHECK(told(read(url, Seconds(20))) == "refused: connection refused");

  sockaddr_un at{};
  at.sun_family = AF_UNIX;
  path.copy(at.sun_path, sizeof at.sun_path - 1);
  const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(::bind(listener, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0);
  ::listen(listener, 0);
  std::vector<int> waiting;
  for (bool room = true; room;) {
    waiting.push_back(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    room = ::connect(waiting.back(), reinterpret_cast<sockaddr*>(&at), sizeof at) == 0;
  }
  CHECK(told(read(url, Millis(100))) == "timeout: " + path + " does not accept a connection in time");

  std::thread server([&] {
    for (std::size_t i = 0; i < waiting.size(); ++i) {  // one of them found no room, and the reader comes instead
      const int peer = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
      char request[4096];
      if (i + 1 == waiting.size() && ::recv(peer, request, sizeof request, 0) > 0) send_all(peer, ok);
      ::close(peer);
    }
  });
  CHECK(told(read(url, Seconds(20))) == "200 ok");
  server.join();
  for (const int fd : waiting) ::close(fd);
  ::close(listener);
}
