// What is the daemon's own is not in a check's world, and of what is there it locks only what it was pointed at.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <thread>

#include "check_support.hpp"

using namespace readback;

namespace {

/// A host in small: the store with its scratch folder, a configuration beside a file of others, a credential.
struct Host : Checkout {
  Host() {
    fs::create_directories(path / "var/lib/readback/scratch");
    fs::create_directories(path / "var/lib/others");
    fs::create_directories(path / "etc/readback");
    fs::create_directories(path / "run/credentials/readbackd.service");
    for (const char* file : {"var/lib/readback/readback.db", "var/lib/readback/placeholder.key",
                             "var/lib/others/theirs.db", "etc/readback/readback.yaml", "etc/readback/secret",
                             "etc/readback/plain", "etc/hosts", "run/credentials/readbackd.service/key"})
      std::ofstream(path / file) << "hunter2";
    fs::create_symlink("lib/readback/readback.db", path / "var/way-in");
    fs::create_symlink("../var/lib", path / "etc/way-in");
    hidden = {(path / "var/lib/readback").string(), (path / "etc/readback/readback.yaml").string(),
              (path / "etc/readback/secret").string(), (path / "run/credentials/readbackd.service/").string(),
              (path / "not/there").string()};
  }
  Ended look(const std::string& program, const SandboxKernel& kernel = this_kernel(), SandboxConfig config = {}) {
    return python(*this, with("import fcntl, os, struct, sys\nROOT = " + in_quotes(path.string()) + "\n" + program, {}),
                  Seconds(20), std::move(config), kernel, hidden);
  }
  std::vector<std::string> hidden;
};

const std::string attempts = R"py(
os.chdir(ROOT)
def attempt(what, do):
    try:
        do()
        print("DONE", what)
    except OSError:
        print("refused", what)
)py";

}  // namespace

TEST_CASE("What is the daemon's own is neither read, nor run, nor locked") {
  for (const auto& kernel : kernels()) {
    CAPTURE(to_text(kernel));
    Host host;
    SandboxConfig everywhere, somewhere;
    somewhere.read_paths = {host.path.string()};
    for (const auto& config : {everywhere, somewhere}) {
      const auto done = host.look(attempts + R"py(
own = ["var/lib/readback/readback.db", "var/lib/readback/placeholder.key", "etc/readback/readback.yaml",
       "etc/readback/secret", "run/credentials/readbackd.service/key", "var/way-in", "etc/way-in/readback/readback.db",
       "var/lib/others/../readback/readback.db", "/proc/self/root" + ROOT + "/etc/readback/secret",
       "/proc/self/cwd/etc/readback/secret"]
for each in own:
    attempt(each, lambda: os.open(each, os.O_RDONLY))
    attempt(each + " from its folder", lambda: os.open(os.path.basename(each), os.O_RDONLY, dir_fd=os.open(os.path.dirname(each), os.O_PATH)))
    attempt(each + " to be read later", lambda: os.open("/proc/self/fd/%d" % os.open(each, os.O_PATH), os.O_RDONLY))
    attempt(each + " moved", lambda: os.rename(each, os.environ["TMPDIR"] + "/taken"))
    attempt(each + " linked", lambda: os.link(each, os.environ["TMPDIR"] + "/taken"))
    attempt(each + " run", lambda: os.execv(each, [each]))
attempt("the scratch folders of others", lambda: open("var/lib/readback/scratch/new", "w"))
)py",
                                  kernel, config)
                            .run;
      CHECK_MESSAGE(done.exit == 0, (done.detail + done.err));
      CHECK(done.out.find("refused var/lib/readback/readback.db\n") != std::string::npos);
      CHECK_MESSAGE(done.out.find("DONE") == std::string::npos, done.out);
    }
  }
}

TEST_CASE("All that stands beside it is seen as before, and can be listed") {
  for (const auto& kernel : kernels()) {
    CAPTURE(to_text(kernel));
    Host host;
    const auto done = host.look(attempts + R"py(
for each in ("etc/readback/plain", "etc/hosts", "var/lib/others/theirs.db", "etc/way-in/others/theirs.db"):
    print(open(each).read())
print(sorted(os.listdir(".")), sorted(os.listdir("var/lib")), sorted(os.listdir("etc/readback")))
print(len(os.listdir("/")) > 5, len(open("/etc/passwd").read()) > 10, os.path.exists("/usr/bin/env"))
with open(os.environ["TMPDIR"] + "/mine", "w") as f:
    f.write("x")
print(open(os.environ["TMPDIR"] + "/mine").read(), os.listdir(os.environ["TMPDIR"]))
)py",
                                kernel)
                          .run;
    CHECK_MESSAGE(done.out ==
                      "hunter2\nhunter2\nhunter2\nhunter2\n['checkout', 'etc', 'run', 'scratch', 'var'] ['others', "
                      "'readback'] ['plain', 'readback.yaml', 'secret']\nTrue True True\nx ['mine']\n",
                  (done.out + done.err + done.detail));
  }
}

TEST_CASE("A scratch folder inside of the store is a check's own all the same") {
  Host host;
  CheckRequest request;
  request.config.command = {"sh", "-c",
                            "echo x > $TMPDIR/x && cat $TMPDIR/x && ls $TMPDIR; cat $TMPDIR/../../readback.db"};
  request.config.timeout = Seconds(20);
  request.scratch_parent = (host.path / "var/lib/readback/scratch").string();
  request.hidden = host.hidden;
  const CheckRun done = ran(std::move(request));
  CHECK(done.out == "x\nx\n");
  CHECK(done.exit == 1);
  CHECK(done.err.find("Permission denied") != std::string::npos);
  CHECK(fs::is_empty(host.path / "var/lib/readback/scratch"));
}

TEST_CASE("A check that lies in what it may not see says so") {
  Host host;
  const auto own = host.hidden.front();
  std::ofstream(fs::path(own) / "check.sh") << "#!/bin/sh\necho ran\n";
  fs::permissions(fs::path(own) / "check.sh", fs::perms(0755));
  const auto said = [&](const std::string& cwd, const std::string& program, SandboxConfig config) {
    CheckRequest request;
    request.config.command = {program};
    request.config.cwd = cwd;
    request.config.sandbox = std::move(config);
    request.scratch_parent = (host.path / "scratch").string();
    request.hidden = host.hidden;
    const CheckRun done = ran(std::move(request));
    CHECK(done.fault == CheckFault::spawn);
    CHECK(fs::is_empty(host.path / "scratch"));
    return done.detail;
  };
  const std::string why = " lies in what is Readback's own (" + own + "), and no check sees that";
  CHECK(said(own, "true", {}) == "the folder " + own + why);
  CHECK(said("", own + "/check.sh", {}) == "the program " + own + "/check.sh" + why);
  SandboxConfig config;
  config.read_paths = {own + "/reports"};
  CHECK(said("", "true", config) == "the read path " + own + "/reports" + why);
}

TEST_CASE("Locks are for a check's own files and for those that it was pointed at") {
  for (const auto& kernel : kernels()) {
    if (!kernel.asks) continue;
    CAPTURE(to_text(kernel));
    Host host;
    std::ofstream(host.path / "checkout/mine.db") << "x";
    const auto done = host.look(attempts + R"py(
whole = lambda kind: struct.pack("hhqqi", kind, 0, 0, 0, 0)
def lock_all(path, kinds=(fcntl.F_RDLCK,)):
    fd = os.open(path, os.O_RDONLY if len(kinds) == 1 else os.O_RDWR)
    for command in (fcntl.F_SETLK, fcntl.F_SETLKW, 37, 38):
        for kind in kinds:
            attempt("%d %d %s" % (command, kind, os.path.basename(path)), lambda: fcntl.fcntl(fd, command, whole(kind)))
            attempt("released", lambda: fcntl.fcntl(fd, command, whole(fcntl.F_UNLCK)))
    for how in (fcntl.LOCK_SH, fcntl.LOCK_EX):
        attempt("flock %d %s" % (how, os.path.basename(path)), lambda: fcntl.flock(fd, how | fcntl.LOCK_NB))
        attempt("released", lambda: fcntl.flock(fd, fcntl.LOCK_UN))
open(os.environ["TMPDIR"] + "/own", "w").close()
lock_all(os.environ["TMPDIR"] + "/own", (fcntl.F_RDLCK, fcntl.F_WRLCK))
lock_all("checkout/mine.db")
print("--")
lock_all("var/lib/others/theirs.db")
attempt("a folder", lambda: fcntl.flock(os.open("var/lib", os.O_RDONLY), fcntl.LOCK_EX))
attempt("a lease", lambda: fcntl.fcntl(os.open("var/lib/others/theirs.db", os.O_RDONLY), fcntl.F_SETLEASE, fcntl.F_RDLCK))
)py",
                                kernel)
                          .run;
    CHECK_MESSAGE(done.exit == 0, (done.detail + done.err + done.out));
    const auto middle = done.out.find("--\n");
    REQUIRE(middle != std::string::npos);
    CHECK_MESSAGE(done.out.substr(0, middle).find("refused") == std::string::npos, done.out);
    // Letting go of what was never held is no harm.
    const auto outside = with(done.out.substr(middle), {{"DONE released", "released"}});
    CHECK_MESSAGE(outside.find("DONE") == std::string::npos, outside);
    CHECK(done.denials == Denials{"lock " + (host.path / "var/lib/others/theirs.db").string(),
                                  "lock " + (host.path / "var/lib").string()});
  }
}

TEST_CASE("A lock that is taken behind the supervisor's back ends the check") {
  if (!this_kernel().asks) return;
  Host host;
  const auto file = (host.path / "var/lib/others/theirs.db").string();
  // One thread puts another file in the place of the one that was looked at, until the lock is on the wrong one.
  const auto done = host.look(R"py(
import threading, time
os.chdir(os.environ["TMPDIR"])
open("mine", "w").close()
mine, theirs = os.open("mine", os.O_RDONLY), os.open(ROOT + "/var/lib/others/theirs.db", os.O_RDONLY)
at = os.dup(mine)
def swap():
    while True:
        os.dup2(theirs, at)
        os.dup2(mine, at)
threading.Thread(target=swap, daemon=True).start()
def is_locked():
    return "lock:" in open("/proc/self/fdinfo/%d" % theirs).read()
end = time.monotonic() + 10
while time.monotonic() < end and not is_locked():
    try:
        fcntl.flock(at, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        pass
if is_locked():
    time.sleep(30)
print("never")
)py")
                        .run;
  if (done.out == "never\n") return;  // the other thread was too slow on this machine
  CHECK(done.fault == CheckFault::signal);
  CHECK(done.detail == "ended because it held a lock on a file of others");
  CHECK(has(done.denials, "lock " + file));
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  CHECK(::flock(fd, LOCK_EX | LOCK_NB) == 0);
  ::close(fd);
}
