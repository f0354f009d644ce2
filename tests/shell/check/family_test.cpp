// Processes: a check reaches only its own family, and when it is over that family is gone.
#include <sys/wait.h>

#include <csignal>

#include "check_support.hpp"

using namespace readback;

TEST_CASE("Nobody outside is signalled, traced, or entered") {
  Checkout folder;
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

TEST_CASE("A check may end its own children") {
  for (const auto& kernel : kernels()) {
    if (!kernel.asks && kernel.landlock_abi < 6) continue;  // there nobody can be told from anybody
    CAPTURE(to_text(kernel));
    Checkout folder;
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

TEST_CASE("A process that never stays long enough to be killed is gone all the same") {
  for (const auto& kernel : kernels()) {
    CAPTURE(to_text(kernel));
    Checkout folder;
    const std::string mark = "readback-hare-" + std::to_string(::getpid());
    std::ofstream(folder.path / "checkout" / "hare.py") << R"py(
import os, sys, time
end = time.monotonic() + 60
for _ in range(3):
    if os.fork() == 0:
        while time.monotonic() < end:
            if os.fork():
                os._exit(0)
            os.setsid()
        os._exit(0)
)py";
    const auto done =
        run(folder, {"python3", (folder.path / "checkout/hare.py").string(), mark}, Seconds(20), {}, {}, kernel).run;
    CHECK(done.exit == 0);
    CHECK(done.detail == "");
    CHECK(alive(mark) == 0);
  }
}

TEST_CASE("A family that forks, leaves its session and ignores SIGTERM is gone when the check is over") {
  Checkout folder;
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
