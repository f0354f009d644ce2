// What a kernel can and cannot enforce is said as it is; the daemon confines itself by the same means.
#include <fcntl.h>
#include <sys/wait.h>

#include <csignal>
#include <cstdio>

#include "check_support.hpp"

using namespace readback;

TEST_CASE("What a kernel cannot enforce is said, and nothing else is") {
  struct Case {
    SandboxKernel kernel;
    std::string text;
  };
  const std::string deaf =
      "; the kernel lets no process answer for another: with `network: loopback` a check could reach other hosts, with "
      "`unix_sockets` every socket of this user, hold locks on what it may read, and escape its end by forking in ever "
      "new sessions; what was refused is known by its words only";
  const std::string loud = "; Landlock ABI below 6: a check could signal this user's other processes";
  const Case cases[] = {
      {{7, true, true}, "Landlock ABI 7, seccomp"},
      {{2, true, true}, "Landlock ABI 2, seccomp"},
      {{7, true, false}, "Landlock ABI 7, seccomp" + deaf},
      {{0, true, true},
       "no Landlock, seccomp; the kernel has no Landlock: a check could write where this user may, and read what is "
       "the daemon's own"},
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

TEST_CASE("A confined process writes into its folders and nowhere else, and so does what it starts") {
  Checkout folder;
  const auto inside = folder.path / "scratch", outside = folder.path / "checkout";
  const pid_t child = ::fork();
  if (child == 0) {
    int result = 0;
    if (!confine_self({inside.string()})) ::_exit(100);
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
