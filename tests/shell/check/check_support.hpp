#pragma once
// What the tests of checks share: a checkout to run in, a way to run a program in its sandbox, servers that must not be
// reached, and a look at who is still alive.
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/check/run.hpp"
#include "daemon/check/sandbox.hpp"
#include "tests/support/folder.hpp"

namespace readback {

namespace fs = std::filesystem;

struct Checkout : Folder {
  Checkout() : Folder("check") {
    fs::create_directories(path / "scratch");
    fs::create_directories(path / "checkout");
  }
};

struct Ended {
  CheckRun run;
  bool cancelled = false;
};

/// Runs `command` in a checkout of its own; `cancel_after` ends it as a stop of the daemon does.
inline Ended run(const Checkout& folder, std::vector<std::string> command, Millis timeout = Seconds(20),
                 SandboxConfig sandbox = {}, std::optional<Millis> cancel_after = {},
                 SandboxKernel kernel = this_kernel(), std::vector<std::string> hidden = {}) {
  CheckRequest request;
  request.hidden = std::move(hidden);
  request.read = "check:materialization";
  request.config.name = "materialization";
  request.config.command = std::move(command);
  request.config.cwd = (folder.path / "checkout").string();
  request.config.timeout = timeout;
  request.config.sandbox = std::move(sandbox);
  request.scratch_parent = (folder.path / "scratch").string();
  request.kernel = kernel;
  net::io_context io;
  Aside files(io.get_executor(), 2);
  Ended ended;
  net::cancellation_signal stop;
  net::steady_timer later(io);
  net::co_spawn(io, run_check(std::move(request), files),
                net::bind_cancellation_slot(stop.slot(), [&](std::exception_ptr failed, RawRead read) {
                  if (failed)
                    ended.cancelled = true;
                  else
                    ended.run = std::get<CheckRun>(read.answer);
                }));
  if (cancel_after) {
    later.expires_after(*cancel_after);
    later.async_wait([&](ErrorCode) { stop.emit(net::cancellation_type::terminal); });
  }
  io.run();
  return ended;
}

inline Ended python(const Checkout& folder, const std::string& program, Millis timeout = Seconds(20),
                    SandboxConfig sandbox = {}, SandboxKernel kernel = this_kernel(),
                    std::vector<std::string> hidden = {}) {
  const auto file = folder.path / "checkout" / "check.py";
  std::ofstream(file) << program;
  return run(folder, {"python3", file.string()}, timeout, std::move(sandbox), {}, kernel, std::move(hidden));
}

/// In a program of Python: attempt(what, do) prints "what refused", or "what DONE".
inline const std::string attempt_in_python = R"py(
def attempt(what, do):
    try:
        result = do()
        print(what, "refused" if result else "DONE")
    except OSError:
        print(what, "refused")
)py";

/// One run by itself.
inline CheckRun ran(CheckRequest request) {
  net::io_context io;
  Aside files(io.get_executor(), 2);
  CheckRun done;
  net::co_spawn(io, run_check(std::move(request), files),
                [&](std::exception_ptr, RawRead read) { done = std::get<CheckRun>(read.answer); });
  io.run();
  return done;
}

/// The kernel at hand, and what it would be if it were older, or lent us no ear.
inline std::vector<SandboxKernel> kernels() {
  std::vector<SandboxKernel> all;
  const auto& here = this_kernel();
  for (int abi = here.landlock_abi; abi >= 1; --abi) {
    if (here.asks && abi >= 2) all.push_back({abi, here.seccomp, true});  // both came before the ear did
    all.push_back({abi, here.seccomp, false});
  }
  return all;
}

inline std::string to_text(const SandboxKernel& k) {
  return "Landlock ABI " + std::to_string(k.landlock_abi) + (k.asks ? ", asks" : ", does not ask");
}

struct UnixServer {
  explicit UnixServer(const fs::path& at) : path(at.string()) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    REQUIRE(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(fd, 8) == 0);
  }
  ~UnixServer() { ::close(fd); }
  bool was_reached() const {
    const int got = ::accept4(fd, nullptr, nullptr, SOCK_CLOEXEC);
    if (got >= 0) ::close(got);
    return got >= 0;
  }
  std::string path;
  int fd = -1;
};

/// Listens on every address of this host.
struct TcpServer {
  TcpServer() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(fd, 8) == 0);
    socklen_t length = sizeof address;
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
    port = std::to_string(ntohs(address.sin_port));
  }
  ~TcpServer() { ::close(fd); }
  int fd = -1;
  std::string port;
};

using Denials = std::vector<std::string>;

/// Processes whose command line has `mark` in it.
inline int alive(const std::string& mark) {
  int found = 0;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string line = contents_of(entry.path() / "cmdline");
    found += line.find(mark) != line.npos;
  }
  return found;
}

inline bool has(const std::vector<std::string>& all, std::string_view part) {
  for (const auto& each : all)
    if (each.find(part) != each.npos) return true;
  return false;
}

/// The program with each of these words replaced by what it stands for.
inline std::string with(std::string program, const std::vector<std::pair<std::string, std::string>>& places) {
  for (const auto& [name, value] : places)
    for (std::size_t at; (at = program.find(name)) != program.npos;) program.replace(at, name.size(), value);
  return program;
}
inline std::string in_quotes(const std::string& text) { return "'" + text + "'"; }

}  // namespace readback
