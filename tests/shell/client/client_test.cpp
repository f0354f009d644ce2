// How a command ends: the status that a script sees, for every way in which a question can go wrong.
#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>

#include "daemon/client/client.hpp"
#include "daemon/client/command.hpp"
#include "tests/shell/client/fake_daemon.hpp"

using namespace readback;

namespace {

int ended_with(const Client& client) {
  try {
    (void)client.get("/v1/incidents");
    return 0;
  } catch (const Done& done) {
    return done.status;
  }
}

}  // namespace

TEST_CASE("the exit status tells a refusal from a wrong request, and both from nobody there") {
  struct Case {
    const char* name;
    std::string answer;
    int status;
  };
  const Case cases[] = {
      {"a good answer", http(200, "{}"), 0},
      {"refused", http(409, R"({"detail":"already resolved"})"), exit_failed},
      {"not there", http(404, R"({"detail":"there is no incident x","nearest":"y"})"), exit_failed},
      {"wrongly asked", http(422, R"({"detail":"for is a span","field":"for"})"), exit_usage},
      {"an error that is no problem", http(500, "<html>"), exit_failed},
      {"an answer that is no object", http(200, "[]"), exit_failed},
      {"no answer", "", exit_no_daemon},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const FakeDaemon daemon([&](const FakeDaemon::Client& client, const std::string&) { client.send(c.answer); });
    CHECK(ended_with(Client{daemon.socket(), false}) == c.status);
  }
  CHECK(ended_with(Client{"/nowhere/control.sock", false}) == exit_no_daemon);
}

TEST_CASE("the status command is a monitoring plugin: what cannot be told is unknown") {
  struct Case {
    const char* name;
    std::string answer;
    int status;
  };
  const Case cases[] = {
      {"warning",
       http(200, R"({"exit":1,"targets":[],"incidents":[],"sinks":[],"troubles":[],"daemon":{"version":"0.1.0"}})"), 1},
      {"another shape", http(200, R"({"targets":[]})"), exit_unknown},
      {"refused", http(503, R"({"detail":"busy"})"), exit_unknown},
      {"no answer", "", exit_unknown},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const FakeDaemon daemon([&](const FakeDaemon::Client& client, const std::string&) { client.send(c.answer); });
    CHECK(status_command()->run(Client{daemon.socket(), true}) == c.status);
  }
}

TEST_CASE("a result is written beside its file first, and what cannot be written leaves nothing behind") {
  char name[] = "/tmp/readback-out-XXXXXX";
  const std::filesystem::path folder = ::mkdtemp(name);
  const std::string file = folder / "bundle.tar.zst";
  CHECK(write_out("bytes", file).ok());
  std::ifstream in(file);
  CHECK(std::string(std::istreambuf_iterator<char>(in), {}) == "bytes");
  CHECK_FALSE(std::filesystem::exists(file + ".part"));
  const auto failed = write_out("bytes", folder / "no-such-folder" / "x");
  REQUIRE_FALSE(failed.ok());
  CHECK(failed.error() == (folder / "no-such-folder" / "x").string() + " cannot be written: No such file or directory");
  CHECK_FALSE(write_out("bytes", "/dev/full").ok());
  std::filesystem::remove_all(folder);
}
