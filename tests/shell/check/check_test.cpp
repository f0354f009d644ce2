// Checks that misbehave, each in its own way: what they tried is refused or named, what they left behind is gone.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>

#include "daemon/check/check.hpp"
#include "daemon/check/sandbox.hpp"

using namespace readback;
namespace fs = std::filesystem;

namespace {

struct Folder {
  Folder() {
    std::string name = (fs::temp_directory_path() / "readback-check-XXXXXX").string();
    path = ::mkdtemp(name.data());
    fs::create_directories(path / "scratch");
    fs::create_directories(path / "checkout");
  }
  ~Folder() {
    std::error_code ec;
    fs::remove_all(path, ec);
  }
  fs::path path;
};

struct Ended {
  CheckRun run;
  bool cancelled = false;
};

/// Runs `command` in a checkout of its own; `cancel_after` ends it as a stop of the daemon does.
Ended run(const Folder& folder, std::vector<std::string> command, Millis timeout = Seconds(20),
          SandboxConfig sandbox = {}, std::optional<Millis> cancel_after = {}) {
  CheckRequest request;
  request.read = "check:materialization";
  request.config.name = "materialization";
  request.config.command = std::move(command);
  request.config.cwd = (folder.path / "checkout").string();
  request.config.timeout = timeout;
  request.config.sandbox = std::move(sandbox);
  request.scratch_parent = (folder.path / "scratch").string();
  net::io_context io;
  Ended ended;
  net::cancellation_signal stop;
  net::steady_timer later(io);
  net::co_spawn(io, run_check(std::move(request)),
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

Ended python(const Folder& folder, const std::string& program, Millis timeout = Seconds(20),
             SandboxConfig sandbox = {}) {
  const auto file = folder.path / "checkout" / "check.py";
  std::ofstream(file) << program;
  return run(folder, {"python3", file.string()}, timeout, std::move(sandbox));
}

/// Processes whose command line has `mark` in it.
int alive(const std::string& mark) {
  int found = 0;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    std::ifstream in(entry.path() / "cmdline");
    const std::string line((std::istreambuf_iterator<char>(in)), {});
    found += line.find(mark) != line.npos;
  }
  return found;
}

bool has(const std::vector<std::string>& all, std::string_view part) {
  for (const auto& each : all)
    if (each.find(part) != each.npos) return true;
  return false;
}

}  // namespace

TEST_CASE("A check's words, exit status and signal arrive as they are") {
  Folder folder;
  auto done = run(folder, {"sh", "-c", "echo out; echo err >&2; exit 3"}).run;
  CHECK(done.exit == 3);
  CHECK(done.out == "out\n");
  CHECK(done.err == "err\n");
  CHECK_FALSE(done.cut);
  done = run(folder, {"sh", "-c", "kill -SEGV $$"}).run;
  CHECK(done.fault == CheckFault::signal);
  CHECK(done.signal == SIGSEGV);
}

TEST_CASE("A command that cannot be started says why") {
  Folder folder;
  CHECK(run(folder, {"no-such-program"}).run.detail.find("no such program") != std::string::npos);
  std::ofstream(folder.path / "checkout/plain") << "not a program";
  const auto done = run(folder, {"./plain"}).run;
  CHECK(done.fault == CheckFault::spawn);
  CHECK_FALSE(done.detail.empty());
  fs::remove_all(folder.path / "checkout");
  CHECK(run(folder, {"true"}).run.fault == CheckFault::spawn);
}

TEST_CASE("A check writes nowhere but into its scratch folder, which is gone afterwards") {
  Folder folder;
  const auto victim = folder.path / "checkout" / "victim";
  std::ofstream(victim) << "as it was";
  const auto done = python(folder, R"(
import os, sys
def attempt(what, do):
    try:
        do()
        print("DONE", what)
    except OSError as e:
        print(e, file=sys.stderr)
attempt("append", lambda: open("victim", "a"))
attempt("create", lambda: open("new", "w"))
attempt("remove", lambda: os.remove("victim"))
attempt("rename", lambda: os.rename("victim", "victim2"))
attempt("link", lambda: os.link("victim", "victim3"))
attempt("symlink", lambda: os.symlink("victim", "victim4"))
attempt("folder", lambda: os.mkdir("folder"))
attempt("truncate", lambda: os.truncate("victim", 0))
attempt("etc", lambda: open("/etc/readback-test", "w"))
attempt("home", lambda: open("/root/readback-test", "w"))
attempt("device", lambda: os.mknod(os.environ["HOME"] + "/../../node"))
open(os.environ["TMPDIR"] + "/fine", "w").write("x" * 1000)
print("SCRATCH", os.environ["TMPDIR"])
sys.exit(9)
)")
                        .run;
  CHECK(done.exit == 9);
  CHECK_MESSAGE(done.out.find("DONE") == std::string::npos, done.out);
  CHECK(done.out.find("SCRATCH " + (folder.path / "scratch").string()) != std::string::npos);
  CHECK(fs::is_empty(folder.path / "scratch"));
  std::ifstream in(victim);
  CHECK(std::string((std::istreambuf_iterator<char>(in)), {}) == "as it was");
  CHECK_FALSE(fs::exists("/etc/readback-test"));
  CHECK(has(done.denials, "victim"));
  CHECK(has(done.denials, "/etc/readback-test"));
}

TEST_CASE("No container engine is reachable, unless its socket is configured") {
  Folder folder;
  const auto path = (folder.path / "engine.sock").string();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const int server = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(::bind(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(server, 4) == 0);
  const std::string program =
      "import socket\ns = socket.socket(socket.AF_UNIX)\ns.connect('" + path + "')\nprint('in')";
  const auto denied = python(folder, program).run;
  CHECK(denied.exit == 1);
  CHECK(denied.out.empty());
  CHECK(denied.err.find("Permission denied") != std::string::npos);
  SandboxConfig open;
  open.unix_sockets = {path};
  CHECK(python(folder, program, Seconds(20), open).run.out == "in\n");
  ::close(server);
}

TEST_CASE("network: none leaves no socket at all, and no raw one is ever had") {
  Folder folder;
  SandboxConfig none;
  none.network = Network::none;
  CHECK(python(folder, "import socket; socket.socket()", Seconds(20), none).run.err.find("denied") !=
        std::string::npos);
  CHECK(python(folder, "import socket; socket.socket(); print('tcp')").run.out == "tcp\n");
  const auto raw = python(folder, "import socket; socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)").run;
  CHECK(raw.exit == 1);
}

TEST_CASE("Nobody outside is signalled, traced, or entered") {
  Folder folder;
  const auto done = python(folder, R"(
import ctypes, os, signal
libc = ctypes.CDLL(None, use_errno=True)
def attempt(what, result):
    print(what, "refused" if result else "DONE")
def kill(pid, signal_):
    try:
        os.kill(pid, signal_)
    except PermissionError:
        return True
attempt("parent", kill(os.getppid(), signal.SIGTERM))
attempt("init", kill(1, 0))
attempt("mount", libc.mount(b"none", b"/tmp", b"tmpfs", 0, None))
attempt("unshare", libc.unshare(0x10000000))
attempt("ptrace", libc.ptrace(0, 0, 0, 0))
attempt("clock", libc.clock_settime(0, ctypes.byref((ctypes.c_long * 2)(1, 0))))
attempt("chroot", libc.chroot(b"/tmp"))
attempt("setuid", libc.setresuid(12345, 12345, 12345))
)")
                        .run;
  CHECK_MESSAGE(done.exit == 0, (done.detail + done.err + done.out));
  CHECK_MESSAGE(done.out.find("DONE") == std::string::npos, done.out);
}

TEST_CASE("The environment is small and fixed, and no descriptor is handed down") {
  Folder folder;
  ::setenv("NOTIFY_SOCKET", "/run/nobody", 1);
  ::setenv("PAGER_SECRET", "hunter2", 1);
  const int leaked = ::open("/dev/null", O_RDONLY);  // without O_CLOEXEC on purpose
  const auto done = python(folder, R"(
import os
print(sorted(os.environ))
print([f for f in os.listdir("/proc/self/fd") if int(f) > 3])
print(open("/proc/self/status").read())
)")
                        .run;
  ::close(leaked);
  ::unsetenv("NOTIFY_SOCKET");
  ::unsetenv("PAGER_SECRET");
  CHECK(done.out.find("NOTIFY_SOCKET") == std::string::npos);
  CHECK(done.out.find("PAGER_SECRET") == std::string::npos);
  CHECK(done.out.find("PYTHONDONTWRITEBYTECODE") != std::string::npos);
  CHECK(done.out.find("GIT_OPTIONAL_LOCKS") != std::string::npos);
  CHECK_MESSAGE(done.out.find("\n[]\n") != std::string::npos, done.out);
  CHECK(done.out.find("NoNewPrivs:\t1") != std::string::npos);
  for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"})
    CHECK_MESSAGE(done.out.find(std::string(set) + ":\t0000000000000000") != std::string::npos, set);
}

TEST_CASE("A family that forks, leaves its session and ignores SIGTERM is gone when the check is over") {
  Folder folder;
  const std::string mark = "readback-orphan-" + std::to_string(::getpid());
  const std::string program = "mark = '" + mark + R"py('
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
stubborn = """import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
while True: time.sleep(9)
"""
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.execv(sys.executable, [sys.executable, "-c", stubborn, mark])
        os._exit(0)
)py";
  SUBCASE("it ends by itself") {
    const auto done = python(folder, program + "print('gone')").run;
    CHECK(done.exit == 0);
    CHECK(done.out == "gone\n");
  }
  SUBCASE("its time is over") {
    const auto done = python(folder, program + "while True: time.sleep(9)", Millis(1500)).run;
    CHECK(done.fault == CheckFault::timeout);
  }
  SUBCASE("the daemon stops") {
    const auto file = folder.path / "checkout" / "check.py";
    std::ofstream(file) << program + "while True: time.sleep(9)";
    CHECK(run(folder, {"python3", file.string()}, Seconds(60), {}, Millis(1500)).cancelled);
  }
  CHECK(alive(mark) == 0);
  CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);  // no zombie of ours
  CHECK(errno == ECHILD);
}

TEST_CASE("A flood of output is counted and dropped, and memory stays") {
  Folder folder;
  const auto done = run(folder, {"sh", "-c", "head -c 200000000 /dev/zero; exit 4"}, Seconds(60)).run;
  CHECK(done.exit == 4);
  CHECK(done.cut);
  CHECK(done.out.size() <= largest_output);
  CHECK(done.detail.find("were dropped") != std::string::npos);
}

TEST_CASE("A confined process writes into its folders and nowhere else, and so does what it starts") {
  Folder folder;
  const auto inside = folder.path / "scratch", outside = folder.path / "checkout";
  const pid_t child = ::fork();
  if (child == 0) {
    int result = 0;
    if (!confine_self({inside.string()}).empty()) ::_exit(100);
    const auto opens = [](const fs::path& p) {
      const int fd = ::open(p.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
      if (fd >= 0) ::close(fd);
      return fd >= 0;
    };
    if (!opens(inside / "a")) result |= 1;
    if (opens(outside / "a")) result |= 2;
    if (opens("/etc/readback-test")) result |= 4;
    if (!opens("/dev/null")) result |= 8;
    if (::kill(::getppid(), 0) == 0) result |= 16;
    if (::rename((inside / "a").c_str(), (outside / "a").c_str()) == 0) result |= 32;
    ::_exit(result);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  REQUIRE(WIFEXITED(status));
  const int allowed = sandbox_support().landlock_abi < 6 ? 16 : 0;  // without scopes a signal is not kept in
  CHECK((WEXITSTATUS(status) & ~allowed) == 0);
}
