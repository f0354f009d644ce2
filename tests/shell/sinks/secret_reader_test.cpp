// A secret on something that hangs: the page leaves with the value from before, and one that was never read is a
// reason.
#include "daemon/sinks/secret_reader.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <thread>

#include "tests/support/run_coro.hpp"

using namespace readback;

namespace {

SecretRef file(const std::string& path) { return {SecretRef::From::file, path, {}}; }

/// A mount whose files hold their own path, and a number that a rotation changes.
struct Mount {
  std::atomic<bool> hangs{false};
  std::atomic<int> rotated{0};
  SecretSource source() {
    return [this](const SecretRef& ref) -> Result<std::string> {
      while (hangs) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      if (ref.value == "/gone") return Failure{"the secret cannot be read: /gone"};
      return ref.value + std::to_string(rotated);
    };
  }
};

}  // namespace

TEST_CASE("a secret that hangs is stood in for by the one before, is told once, and is read again when it comes") {
  net::io_context io;
  Mount mount;
  std::vector<std::string> told;
  SecretReader reader(io.get_executor(), mount.source(), [&](const Say& line) { told.push_back(line.text); });
  const auto look_up = [&](const std::string& path) {
    return run_coro(io, reader.look_up("the sink pager", {file(path)}))(file(path));
  };
  CHECK(*look_up("/key") == "/key0");
  mount.rotated = 1;
  CHECK(*look_up("/key") == "/key1");
  mount.hangs = true;
  for (int i = 0; i < 3; ++i) CHECK(*look_up("/key") == "/key1");
  CHECK(look_up("/never-read").error() == "its secret was not read within 2 s");
  CHECK(told ==
        std::vector<std::string>{"the sink pager: its secret does not come within 2 s; the one before is used"});
  mount.rotated = 2;
  mount.hangs = false;
  std::string now;
  for (int i = 0; i < 3000 && now != "/key2"; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    now = *look_up("/key");
  }
  CHECK(now == "/key2");
  CHECK(told.size() == 2);
  CHECK(told.back() == "the sink pager: its secret is read again");
}

TEST_CASE("what a reload has found stands in for a secret that was not read since; a failure is no hanging") {
  net::io_context io;
  Mount mount;
  SecretReader reader(io.get_executor(), mount.source(), {});
  reader.remember({{{SecretRef::From::file, "/gone"}, "from the reload"}, {{SecretRef::From::file, "/key"}, "too"}});
  CHECK(run_coro(io, reader.look_up("a", {file("/gone")}))(file("/gone")).error() ==
        "the secret cannot be read: /gone");
  mount.hangs = true;
  CHECK(*run_coro(io, reader.look_up("a", {file("/key")}))(file("/key")) == "too");
  mount.hangs = false;
}
