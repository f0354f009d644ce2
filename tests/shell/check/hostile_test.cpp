// Checks that try everything, on this kernel and as on older ones: each attempt is refused, and known by name.
#include <sys/stat.h>

#include <csignal>

#include "check_support.hpp"

using namespace readback;

namespace {

// What a hostile check tries, one line each: `refused` or `DONE`. SOCKET is a container engine's.
const std::string hostile = attempt_in_python + R"py(
import ctypes, os, resource, signal, socket
libc = ctypes.CDLL(None, use_errno=True)
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

}  // namespace

TEST_CASE("Each attempt of a hostile check is refused, on this kernel and as on older ones") {
  for (const auto& kernel : kernels()) {
    CAPTURE(to_text(kernel));
    Checkout folder;
    const auto victim = folder.path / "checkout" / "victim";
    std::ofstream(victim) << "as it was";
    fs::permissions(victim, fs::perms(0640));
    const auto changed = fs::last_write_time(victim);
    const UnixServer engine(folder.path / "engine.sock");
    const auto done = python(folder, with(hostile, {{"SOCKET", in_quotes(engine.path)}}), Seconds(20), {}, kernel).run;
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
  Checkout folder;
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
  Checkout folder;
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
