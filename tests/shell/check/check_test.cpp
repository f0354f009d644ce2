// Checks that misbehave, each in its own way: what they tried is refused or named, what they left behind is gone.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
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
#include <cstdlib>
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
          SandboxConfig sandbox = {}, std::optional<Millis> cancel_after = {}, SandboxKernel kernel = this_kernel()) {
  CheckRequest request;
  request.read = "check:materialization";
  request.config.name = "materialization";
  request.config.command = std::move(command);
  request.config.cwd = (folder.path / "checkout").string();
  request.config.timeout = timeout;
  request.config.sandbox = std::move(sandbox);
  request.scratch_parent = (folder.path / "scratch").string();
  request.kernel = kernel;
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

Ended python(const Folder& folder, const std::string& program, Millis timeout = Seconds(20), SandboxConfig sandbox = {},
             SandboxKernel kernel = this_kernel()) {
  const auto file = folder.path / "checkout" / "check.py";
  std::ofstream(file) << program;
  return run(folder, {"python3", file.string()}, timeout, std::move(sandbox), {}, kernel);
}

/// The kernel at hand, and what it would be if it were older, or lent us no ear.
std::vector<SandboxKernel> kernels() {
  std::vector<SandboxKernel> all;
  const auto& here = this_kernel();
  for (int abi = here.landlock_abi; abi >= 1; --abi) {
    if (here.asks && abi >= 2) all.push_back({abi, here.seccomp, true});  // both came before the ear did
    all.push_back({abi, here.seccomp, false});
  }
  return all;
}

std::string to_text(const SandboxKernel& k) {
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

// What a hostile check tries, one line each: `refused` or `DONE`. SOCKET is a container engine's.
const std::string hostile = R"py(
import ctypes, os, resource, signal, socket
libc = ctypes.CDLL(None, use_errno=True)
def attempt(what, do):
    try:
        result = do()
        print(what, "refused" if result else "DONE")
    except OSError:
        print(what, "refused")
parent = os.getppid()
attempt("write", lambda: open("victim", "a"))
attempt("create", lambda: open("new", "w"))
attempt("empty", lambda: os.truncate("victim", 0))
attempt("empty by reading", lambda: os.open("victim", os.O_RDONLY | os.O_TRUNC))
attempt("remove", lambda: os.remove("victim"))
attempt("rename", lambda: os.rename("victim", "victim2"))
attempt("link", lambda: os.link("victim", "victim3"))
attempt("symlink", lambda: os.symlink("victim", "victim4"))
attempt("folder", lambda: os.mkdir("folder"))
attempt("mode", lambda: os.chmod("victim", 0o777))
attempt("mode by descriptor", lambda: os.fchmod(os.open("victim", os.O_RDONLY), 0o777))
attempt("owner", lambda: os.chown("victim", os.getuid(), os.getgid()))
attempt("times", lambda: os.utime("victim", (1, 1)))
attempt("attribute", lambda: os.setxattr("victim", "user.readback", b"x"))
attempt("etc", lambda: open("/etc/readback-test", "w"))
attempt("home", lambda: open("/root/readback-test", "w"))
attempt("daemon's folder", lambda: open(os.environ["HOME"] + "/../theirs", "w"))
attempt("container engine", lambda: socket.socket(socket.AF_UNIX).connect(SOCKET))
attempt("system log", lambda: socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).connect("/dev/log"))
attempt("raw socket", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1))
attempt("packet socket", lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0))
attempt("kill parent", lambda: os.kill(parent, signal.SIGKILL))
attempt("kill by thread", lambda: libc.syscall(234, parent, parent, 0))
attempt("kill by descriptor", lambda: signal.pidfd_send_signal(os.pidfd_open(parent), 0))
attempt("limit parent", lambda: resource.prlimit(parent, resource.RLIMIT_CORE, (0, 0)))
attempt("slow down parent", lambda: os.setpriority(os.PRIO_PROCESS, parent, 19))
attempt("slow down user", lambda: os.setpriority(os.PRIO_USER, 0, 19))
attempt("pin parent", lambda: os.sched_setaffinity(parent, os.sched_getaffinity(0)))
attempt("mount", lambda: libc.mount(b"none", b"/tmp", b"tmpfs", 0, None))
attempt("namespace", lambda: libc.unshare(0x10000000))
attempt("trace", lambda: libc.ptrace(16, parent, 0, 0))
attempt("memory of parent", lambda: os.open("/proc/%d/mem" % parent, os.O_RDWR))
attempt("clock", lambda: libc.clock_settime(0, ctypes.byref((ctypes.c_long * 2)(1, 0))))
attempt("keys", lambda: libc.syscall(248, b"user", b"readback", b"x", 1, -3) < 0)
attempt("io_uring", lambda: libc.syscall(425, 4, 0) < 0)
attempt("root", lambda: libc.chroot(b"/tmp"))
)py";

std::string with(std::string program, const std::vector<std::pair<std::string, std::string>>& places) {
  for (const auto& [name, value] : places)
    for (std::size_t at; (at = program.find(name)) != program.npos;) program.replace(at, name.size(), value);
  return program;
}
std::string quoted(const std::string& text) { return "'" + text + "'"; }

TEST_CASE("Each attempt of a hostile check is refused, on this kernel and as on older ones") {
  for (const auto& kernel : kernels()) {
    CAPTURE(to_text(kernel));
    Folder folder;
    const auto victim = folder.path / "checkout" / "victim";
    std::ofstream(victim) << "as it was";
    fs::permissions(victim, fs::perms(0640));
    const auto changed = fs::last_write_time(victim);
    const UnixServer engine(folder.path / "engine.sock");
    const auto done = python(folder, with(hostile, {{"SOCKET", quoted(engine.path)}}), Seconds(20), {}, kernel).run;
    CHECK_MESSAGE(done.exit == 0, (done.detail + done.err + done.out));
    // Whose thread it is, numbers do not tell: `missing` says so.
    const auto expected = with(done.out, kernel.asks || kernel.landlock_abi >= 6
                                             ? std::vector<std::pair<std::string, std::string>>{}
                                             : std::vector<std::pair<std::string, std::string>>{
                                                   {"kill by thread DONE", "kill by thread is let through"}});
    CHECK_MESSAGE(expected.find("DONE") == std::string::npos, expected);
    CHECK_FALSE(engine.was_reached());
    CHECK(fs::last_write_time(victim) == changed);
    CHECK((fs::status(victim).permissions() == fs::perms(0640)));
    CHECK(fs::file_size(victim) == 9);
    CHECK_FALSE(fs::exists("/etc/readback-test"));
    if (kernel.asks) {
      CHECK(done.denials.size() == 10);
      CHECK(has(done.denials, "write " + victim.string()));
    }
  }
}

TEST_CASE("What was refused is known by name, though the check keeps it to itself") {
  if (!this_kernel().asks) return;
  Folder folder;
  const auto checkout = (folder.path / "checkout").string();
  std::ofstream(checkout + "/victim") << "as it was";
  fs::create_directory(checkout + "/link-to");
  fs::create_symlink(checkout, checkout + "/link-to/here");
  const UnixServer engine(folder.path / "engine.sock");
  struct Case {
    std::string attempt, denial, also = "";
  };
  const Case cases[] = {
      {"open('victim', 'a')", "write " + checkout + "/victim"},
      {"open('./link-to/../new', 'w')", "write " + checkout + "/new"},
      {"open('link-to/here/new', 'w')", "write " + checkout + "/new"},
      {"open('/etc/readback-test', 'w')", "write /etc/readback-test"},
      {"os.open('victim', os.O_RDWR)", "write " + checkout + "/victim"},
      {"os.mkdir('folder')", "write " + checkout + "/folder"},
      {"os.remove('victim')", "write " + checkout + "/victim"},
      {"os.rename('victim', 'v2')", "write " + checkout + "/victim", "write " + checkout + "/v2"},
      {"os.rename(os.environ['HOME'] + '/mine', 'taken')", "write " + checkout + "/taken"},
      {"os.chmod('victim', 0)", "write " + checkout + "/victim"},
      {"os.utime('victim')", "write " + checkout + "/victim"},
      {"os.open('x', os.O_CREAT | os.O_WRONLY, dir_fd=os.open('link-to', os.O_RDONLY))",
       "write " + checkout + "/link-to/x"},
      {"open('a\\nb', 'w')", "write " + checkout + "/a?b"},
      {"socket.socket(socket.AF_UNIX).connect('../engine.sock')", "connect " + engine.path},
      {"socket.socket(socket.AF_UNIX).connect('\\0abstract')", "connect @abstract"},
      {"socket.create_connection(('192.0.2.7', 443), 5)", "connect 192.0.2.7:443"},
      {"socket.create_connection(('2001:db8::7', 443), 5)", "connect [2001:db8:0:0:0:0:0:7]:443"},
      {"os.kill(1, 15)", "signal 1"},
  };
  for (const auto& c : cases) {
    for (const int exit : {0, 1}) {
      CAPTURE(c.attempt);
      const auto done =
          python(folder, "import os, socket, sys\nopen(os.environ['HOME'] + '/mine', 'w')\ntry:\n    " + c.attempt +
                             "\n    print('DONE')\nexcept OSError:\n    pass\nsys.exit(" + std::to_string(exit) + ")\n")
              .run;
      CHECK(done.exit == exit);
      CHECK(done.out == "");
      CHECK(done.err == "");
      CHECK(done.denials == (c.also.empty() ? Denials{c.denial} : Denials{c.denial, c.also}));
    }
  }
}

TEST_CASE("What a check does not mind, and what would have failed anyway, is no denial") {
  Folder folder;
  const auto checkout = folder.path / "checkout";
  std::ofstream(checkout / "module.py") << "x = 1\n";
  std::ofstream(checkout / "victim") << "as it was";
  const auto done = python(folder, R"py(
import os, subprocess, sys, tempfile
sys.dont_write_bytecode = False
sys.path.insert(0, os.getcwd())
import module
print("drift: /etc/shadow: Permission denied")
print("drift: cannot connect: Operation not permitted", file=sys.stderr)
def attempt(do):
    try:
        do()
    except OSError:
        pass
attempt(lambda: open("/dev/tty", "r+"))
attempt(lambda: open("/no/such/folder/file", "w"))
attempt(lambda: os.open("absent", os.O_WRONLY))
attempt(lambda: os.open("victim", os.O_CREAT | os.O_EXCL | os.O_WRONLY))
attempt(lambda: os.mkdir("/etc"))
attempt(lambda: os.remove("absent"))
attempt(lambda: os.chmod("absent", 0o600))
attempt(lambda: os.kill(1, 0))
with tempfile.NamedTemporaryFile("w") as f:
    f.write("x")
print(subprocess.run(["true"], stdout=subprocess.DEVNULL).returncode)
sys.exit(1)
)py")
                        .run;
  CHECK_MESSAGE(done.exit == 1, done.err);
  if (this_kernel().asks) CHECK(done.denials == Denials{});
}

TEST_CASE("In its scratch folder a check may do as it likes") {
  for (const auto& kernel : kernels()) {
    if (!kernel.asks) continue;
    CAPTURE(to_text(kernel));
    Folder folder;
    std::ofstream(folder.path / "checkout" / "a") << "text";
    fs::permissions(folder.path / "checkout" / "a", fs::perms(0755));
    const auto done = python(folder,
                             with(R"py(
import os, shutil, subprocess
os.chdir(os.environ["TMPDIR"])
shutil.copy2(CHECKOUT + "/a", "b")
assert os.stat("b").st_mtime_ns == os.stat(CHECKOUT + "/a").st_mtime_ns
assert os.stat("b").st_mode & 0o777 == 0o755
os.chmod("b", 0o600)
os.chown("b", -1, -1)
os.utime("b", (1, 1))
assert os.stat("b").st_mtime == 1
with open("b", "r+") as f:
    os.fchmod(f.fileno(), 0o640)
    os.utime(f.fileno(), (2, 2))
os.mkdir("d")
os.rename("b", "d/c")
os.link("d/c", "e")
os.symlink("e", "f")
os.truncate("e", 1)
shutil.rmtree("d")
shutil.copytree(CHECKOUT, "tree")
subprocess.run(["tar", "-cf", "t.tar", "tree"], check=True)
os.mkdir("out")
subprocess.run(["tar", "-xf", "t.tar", "-C", "out"], check=True)
print("fine")
)py",
                                  {{"CHECKOUT", quoted((folder.path / "checkout").string())}}),
                             Seconds(20), {}, kernel)
                          .run;
    CHECK_MESSAGE(done.out == "fine\n", (done.out + done.err));
    CHECK(done.denials == Denials{});
    CHECK(fs::is_empty(folder.path / "scratch"));
  }
}

TEST_CASE("Git looks at a checkout without a trace, and Python leaves no compiled file") {
  if (!fs::exists("/usr/bin/git")) return;
  Folder folder;
  const auto checkout = (folder.path / "checkout").string();
  std::ofstream(checkout + "/module.py") << "x = 1\n";
  const std::string make =
      "cd " + checkout +
      " && git init -q && git add . && git -c user.name=a -c user.email=a@example.com commit -qm a "
      "&& touch -d 2001-01-01 module.py";  // the index is out of date: git would refresh it
  REQUIRE(std::system(make.c_str()) == 0);
  const auto index = fs::last_write_time(checkout + "/.git/index");
  for (const auto& kernel : kernels()) {
    CAPTURE(to_text(kernel));
    const auto done = python(folder, R"py(
import subprocess, module
for command in (["status", "--porcelain"], ["diff", "--stat"], ["log", "--format=%s"], ["rev-parse", "--abbrev-ref", "HEAD"]):
    print(subprocess.run(["git", *command], capture_output=True, text=True, check=True).stdout.strip())
)py",
                             Seconds(20), {}, kernel)
                          .run;
    CHECK_MESSAGE(done.exit == 0, (done.out + done.err));
    CHECK(done.out.starts_with("?? check.py\n\na\n"));
    CHECK(done.denials.empty());
  }
  if (this_kernel().asks) {
    const auto done = run(folder, {"git", "add", "check.py"}).run;
    CHECK(done.exit == 128);
    CHECK(done.denials == Denials{"write " + checkout + "/.git/index.lock"});
  }
  CHECK(fs::last_write_time(checkout + "/.git/index") == index);
  CHECK_FALSE(fs::exists(checkout + "/__pycache__"));
}

TEST_CASE("network: loopback is this host's own device, and nobody gets off it") {
  if (!this_kernel().asks) return;
  Folder folder;
  const TcpServer server;
  const auto done = python(folder, with(R"py(
import socket, threading, urllib.request
def attempt(what, do):
    try:
        print(what, do() or "fine")
    except OSError as e:
        print(what, "refused")
attempt("name", lambda: socket.create_connection(("localhost", PORT), 5).close())
attempt("address", lambda: socket.create_connection(("127.0.0.9", PORT), 5).close())
attempt("any", lambda: socket.create_connection(("0.0.0.0", PORT), 5).close())
s = socket.socket()
attempt("get off", lambda: s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b""))
attempt("get off by number", lambda: s.setsockopt(socket.SOL_SOCKET, 62, 0))
attempt("far", lambda: socket.create_connection(("192.0.2.7", PORT), 5).close())
# Even where the address is put beyond the reach of a look at it: the device has no way there.
s.settimeout(0.5)
attempt("fast open", lambda: s.sendto(b"x", socket.MSG_FASTOPEN, ("192.0.2.7", PORT)) and None)
attempt("datagram", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close())
listener = socket.create_server(("127.0.0.1", 0))
def serve():
    c, _ = listener.accept()
    c.recv(4096)
    c.sendall(b"HTTP/1.0 200 OK\r\n\r\nhello")
    c.close()
threading.Thread(target=serve).start()
print(urllib.request.urlopen("http://127.0.0.1:%d/" % listener.getsockname()[1], timeout=5).read().decode())
)py",
                                        {{"PORT", server.port}}))
                        .run;
  CHECK_MESSAGE(done.out ==
                    "name fine\naddress fine\nany fine\nget off refused\nget off by number refused\nfar refused\n"
                    "fast open refused\ndatagram refused\nhello\n",
                (done.out + done.err));
  CHECK(done.denials == Denials{"connect 192.0.2.7:" + server.port});
  SandboxConfig any;
  any.network = Network::any;
  const auto open = python(folder,
                           with(R"py(
import socket
socket.create_connection(("127.0.0.1", PORT), 5).close()
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(("192.0.2.7", 53))
print("fine")
)py",
                                {{"PORT", server.port}}),
                           Seconds(20), any)
                        .run;
  CHECK_MESSAGE(open.out == "fine\n", open.err);
}

TEST_CASE("A configured Unix socket is reached, and no other one beside it") {
  if (!this_kernel().asks) return;
  for (const Network network : {Network::none, Network::loopback, Network::any}) {
    Folder folder;
    const UnixServer wanted(folder.path / "wanted.sock"), engine(folder.path / "engine.sock");
    SandboxConfig config;
    config.network = network;
    config.unix_sockets = {wanted.path};
    const auto done = python(folder,
                             with(R"py(
import asyncio, os, socket
s = socket.socket(socket.AF_UNIX)
s.settimeout(5)
s.connect("../wanted.sock")
print(os.get_inheritable(s.fileno()), s.getpeername().endswith("/wanted.sock"))
s.sendall(b"x")
async def ask():
    reader, writer = await asyncio.open_unix_connection(WANTED)
    writer.write(b"y")
    await writer.drain()
    print("async")
    try:
        await asyncio.open_unix_connection(ENGINE)
    except OSError:
        print("refused")
asyncio.run(ask())
)py",
                                  {{"WANTED", quoted(wanted.path)}, {"ENGINE", quoted(engine.path)}}),
                             Seconds(20), config)
                          .run;
    CHECK_MESSAGE(done.out == "False True\nasync\nrefused\n", (done.out + done.err));
    CHECK(done.denials == Denials{"connect " + engine.path});
    CHECK(wanted.was_reached());
    CHECK(wanted.was_reached());
    CHECK_FALSE(engine.was_reached());
  }
}

TEST_CASE("A check may end its own children") {
  for (const auto& kernel : kernels()) {
    if (!kernel.asks && kernel.landlock_abi < 6) continue;  // there nobody can be told from anybody
    CAPTURE(to_text(kernel));
    Folder folder;
    const auto done = python(folder, R"py(
import os, signal, subprocess
try:
    subprocess.run(["sleep", "60"], timeout=0.2)
except subprocess.TimeoutExpired:
    print("ended")
child = subprocess.Popen(["sh", "-c", "sleep 60 & echo $!; wait; exec sleep 60"], stdout=subprocess.PIPE, start_new_session=True)
grandchild = int(child.stdout.readline())
os.kill(grandchild, signal.SIGTERM)
os.killpg(child.pid, signal.SIGKILL)
print(child.wait())
signal.signal(signal.SIGUSR1, lambda *_: print("myself"))
signal.raise_signal(signal.SIGUSR1)
os.kill(os.getpid(), signal.SIGUSR1)
)py",
                             Seconds(20), {}, kernel)
                          .run;
    CHECK_MESSAGE(done.out == "ended\n-9\nmyself\nmyself\n", (done.out + done.err));
    CHECK(done.denials == Denials{});
  }
}

TEST_CASE("Folders that a check may not read are named") {
  if (!this_kernel().asks) return;
  Folder folder;
  std::ofstream(folder.path / "secret") << "x";
  SandboxConfig config;
  config.read_paths = {(folder.path / "checkout").string()};
  const auto done =
      python(folder, "try:\n    open('../secret')\nexcept OSError:\n    raise SystemExit(1)\n", Seconds(20), config)
          .run;
  CHECK_MESSAGE(done.exit == 1, done.err);
  CHECK(done.denials == Denials{"read " + (folder.path / "secret").string()});
}

TEST_CASE("What a kernel cannot enforce is said, and nothing else is") {
  struct Case {
    SandboxKernel kernel;
    std::string text;
  };
  const std::string deaf =
      "; the kernel lets no process answer for another: with `network: loopback` a check could reach other hosts, with "
      "`unix_sockets` every socket of this user, and what was refused is known by its words only";
  const std::string loud = "; Landlock ABI below 6: a check could signal this user's other processes";
  const Case cases[] = {
      {{7, true, true}, "Landlock ABI 7, seccomp"},
      {{2, true, true}, "Landlock ABI 2, seccomp"},
      {{7, true, false}, "Landlock ABI 7, seccomp" + deaf},
      {{0, true, true}, "no Landlock, seccomp; the kernel has no Landlock: a check could write where this user may"},
      {{7, false, false}, "Landlock ABI 7, no seccomp; the kernel has no seccomp: system calls are not filtered"},
      {{2, false, false},
       "Landlock ABI 2, no seccomp; the kernel has no seccomp: system calls are not filtered" + loud},
      {{2, true, false}, "Landlock ABI 2, seccomp" + deaf + loud},
  };
  for (const auto& c : cases) {
    const auto said = sandbox_support(c.kernel);
    CHECK(said.text == c.text);
    CHECK(said.complete() == (c.text.find(';') == c.text.npos));
  }
}

TEST_CASE("A check that requires its sandbox does not run without the whole of it") {
  Folder folder;
  SandboxConfig strict;
  strict.require = true;
  CHECK(run(folder, {"true"}, Seconds(20), strict).run.exit == 0);
  const auto refused = run(folder, {"sh", "-c", "echo ran"}, Seconds(20), strict, {}, {0, true, false}).run;
  CHECK(refused.fault == CheckFault::spawn);
  CHECK(refused.out == "");
  CHECK(refused.detail ==
        "the sandbox is required and cannot be enforced: the kernel has no Landlock: a check could write where this "
        "user may");
}

TEST_CASE("A process that never stays long enough to be killed is gone all the same") {
  if (!this_kernel().asks) return;
  Folder folder;
  const std::string mark = "readback-hare-" + std::to_string(::getpid());
  std::ofstream(folder.path / "checkout" / "hare.py") << R"py(
import os, sys
for _ in range(3):
    if os.fork() == 0:
        while True:
            if os.fork():
                os._exit(0)
            os.setsid()
)py";
  const auto done = run(folder, {"python3", (folder.path / "checkout/hare.py").string(), mark}, Seconds(20)).run;
  CHECK(done.exit == 0);
  CHECK(alive(mark) == 0);
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
  const int allowed = this_kernel().landlock_abi < 6 ? 16 : 0;  // without scopes a signal is not kept in
  CHECK((WEXITSTATUS(status) & ~allowed) == 0);
}
