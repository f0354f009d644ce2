// A command runs, says something and ends, or cannot be started: what comes back is exactly that.
#include <fcntl.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdlib>

#include "check_support.hpp"

using namespace readback;

TEST_CASE("A check's words, exit status and signal arrive as they are") {
  Checkout folder;
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
  Checkout folder;
  CHECK(run(folder, {"no-such-program"}).run.detail.find("no such program") != std::string::npos);
  std::ofstream(folder.path / "checkout/plain") << "not a program";
  const auto done = run(folder, {"./plain"}).run;
  CHECK(done.fault == CheckFault::spawn);
  CHECK_FALSE(done.detail.empty());
  fs::remove_all(folder.path / "checkout");
  CHECK(run(folder, {"true"}).run.fault == CheckFault::spawn);
}

TEST_CASE("The environment is small and fixed, and no descriptor is handed down") {
  Checkout folder;
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

TEST_CASE("A check that requires its sandbox does not run without the whole of it") {
  Checkout folder;
  SandboxConfig strict;
  strict.require = true;
  CHECK(run(folder, {"true"}, Seconds(20), strict).run.exit == 0);
  const auto refused = run(folder, {"sh", "-c", "echo ran"}, Seconds(20), strict, {}, {0, true, false}).run;
  CHECK(refused.fault == CheckFault::spawn);
  CHECK(refused.out == "");
  CHECK(refused.detail ==
        "the sandbox is required and cannot be enforced: the kernel has no Landlock: a check could write where this "
        "user may, and read what is the daemon's own");
}

TEST_CASE("A flood of output is counted and dropped, and memory stays") {
  Checkout folder;
  const auto done = run(folder, {"sh", "-c", "head -c 200000000 /dev/zero; exit 4"}, Seconds(60)).run;
  CHECK(done.exit == 4);
  CHECK(done.cut);
  CHECK(done.out.size() <= largest_output);
  CHECK(done.detail.find("were dropped") != std::string::npos);
}
