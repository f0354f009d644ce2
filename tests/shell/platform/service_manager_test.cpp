// The service manager's end of the socket, full and then read: nobody waits for it, and nothing of note is lost.
#include "daemon/platform/service_manager.hpp"

#include <doctest/doctest.h>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>

using namespace readback;

TEST_CASE("a service manager that does not read holds nothing up, and hears the last words when it reads again") {
  const int manager = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_un at{};
  at.sun_family = AF_UNIX;
  const std::string name = "readback-notify-" + std::to_string(::getpid());
  std::memcpy(at.sun_path + 1, name.data(), name.size());  // abstract
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  REQUIRE(::bind(manager, reinterpret_cast<sockaddr*>(&at), size) == 0);
  ::setenv("NOTIFY_SOCKET", ("@" + name).c_str(), 1);
  notify_ready("green");
  char word[4096];
  auto got = ::recv(manager, word, sizeof word, 0);
  REQUIRE(got > 0);
  CHECK(std::string(word, static_cast<std::size_t>(got)) == "READY=1\nSTATUS=green");
  for (int i = 0; i < 5000; ++i) pet_watchdog();  // far more than a queue of datagrams takes; libsystemd would wait
  notify_status("a line\nand another");
  int heard = 0;
  bool status = false;
  for (int tries = 0; tries < 100 && !status; ++tries) {
    for (; (got = ::recv(manager, word, sizeof word, 0)) > 0; ++heard)
      status = status || std::string(word, static_cast<std::size_t>(got)) == "STATUS=a line and another";
    pet_watchdog();  // the next word brings those that wait
  }
  CHECK(status);
  CHECK(heard < 5000);
  ::unsetenv("NOTIFY_SOCKET");
  ::close(manager);
}
