// What is left of a check when it is over: nothing, whatever it did, and whoever was killed. And while it runs it takes
// no more than it may have.
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <csignal>
#include <future>
#include <thread>

#include "check_support.hpp"
#include "daemon/check/family.hpp"
#include "daemon/check/scratch.hpp"

using namespace readback;

namespace {

bool within(Millis limit, const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (std::chrono::steady_clock::now() < end) {
    if (condition()) return true;
    std::this_thread::sleep_for(Millis(5));
  }
  return false;
}

std::string marked(const char* what) { return std::string("readback-") + what + "-" + std::to_string(::getpid()); }

/// The first number behind `Word:` in somebody's status.
pid_t parent_of(pid_t pid) {
  const std::string status = contents_of("/proc/" + std::to_string(pid) + "/status");
  const auto at = status.find("\nPPid:\t");
  return at == status.npos ? 0 : static_cast<pid_t>(std::strtol(status.c_str() + at + 7, nullptr, 10));
}

pid_t process_of(const std::string& mark) {
  for (const auto& entry : fs::directory_iterator("/proc"))
    if (contents_of(entry.path() / "cmdline").find(mark) != std::string::npos)
      return static_cast<pid_t>(std::strtol(entry.path().filename().c_str(), nullptr, 10));
  return 0;
}

/// In a process of its own, which may change its user and its limits.
int elsewhere(const std::function<int()>& work) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(work());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void make_deep(const std::string& root, int depth) {
  int at = ::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  for (int i = 0; i < depth && at >= 0; ++i) {
    ::mkdirat(at, "d", 0700);
    const int next = ::openat(at, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const int file = ::openat(at, "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    ::close(file);
    ::close(at);
    at = next;
  }
  ::close(at);
}

}  // namespace

TEST_CASE("Thousands of processes, each in a session of its own, end together") {
  const std::string mark = marked("many");
  const int result = elsewhere([&] {
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    int ready[2];
    if (::pipe(ready) != 0) return 9;
    const pid_t command = ::fork();
    if (command == 0) {
      ::dup2(ready[1], 1);
      const char* program =
          "import os, signal, sys\n"
          "for _ in range(5000):\n"
          "    if os.fork() == 0:\n"
          "        os.setsid()\n"
          "        signal.pause()\n"
          "os.write(1, b'x')\n";
      ::execlp("python3", "python3", "-S", "-c", program, mark.c_str(), nullptr);
      ::_exit(127);
    }
    char one;
    if (::read(ready[0], &one, 1) != 1) return 8;
    return end_family(Seconds(10)) ? ::waitpid(-1, nullptr, WNOHANG) == -1 ? 0 : 1 : 2;
  });
  CHECK(result == 0);
  CHECK(alive(mark) == 0);
}

TEST_CASE("A family that grows beyond its limit is ended, and says so") {
  for (const auto& kernel : {this_kernel(), SandboxKernel{std::min(2, this_kernel().landlock_abi), true, false}}) {
    CAPTURE(to_text(kernel));
    const std::string mark = marked("bomb");
    for (const std::string how :
         {"os.fork() or signal.pause()", "threading.Thread(target=signal.pause, daemon=True).start()",
          "os.fork() or (os.setsid(), signal.pause())"}) {
      CAPTURE(how);
      Checkout folder;
      std::ofstream(folder.path / "checkout/bomb.py")
          << "import os, signal, threading\nfor _ in range(10000):\n    try:\n        " << how
          << "\n    except (OSError, RuntimeError):\n        pass\nprint('made them')\nsignal.pause()\n";
      const auto done =
          run(folder, {"python3", "-S", (folder.path / "checkout/bomb.py").string(), mark}, Seconds(60), {}, {}, kernel)
              .run;
      CHECK(done.fault == CheckFault::signal);
      CHECK(done.detail == "ended because it had more than 128 processes and threads");
      CHECK(alive(mark) == 0);
      CHECK(fs::is_empty(folder.path / "scratch"));
    }
  }
}

TEST_CASE("A few dozen processes and threads are no more than a check may have") {
  Checkout folder;
  const auto done = python(folder, R"py(
import os, signal, threading, time
children = [os.fork() or (time.sleep(9), os._exit(0)) for _ in range(60)]
for _ in range(60):
    threading.Thread(target=time.sleep, args=(0.6,)).start()
time.sleep(0.6)
print("fine")
)py")
                        .run;
  CHECK_MESSAGE(done.out == "fine\n", (done.detail + done.err));
  CHECK(done.exit == 0);
}

TEST_CASE("A daemon that is killed leaves neither a process nor a folder behind") {
  for (const auto& kernel : {this_kernel(), SandboxKernel{std::min(2, this_kernel().landlock_abi), true, false}}) {
    CAPTURE(to_text(kernel));
    Checkout folder;
    const std::string mark = marked("widow");
    std::ofstream(folder.path / "checkout/check.py") << R"py(
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
os.makedirs(os.environ["TMPDIR"] + "/a/b")
for session in (False, True):
    for _ in range(2):
        if os.fork() == 0:
            if session:
                os.setsid()
            while True:
                time.sleep(9)
open(os.environ["TMPDIR"] + "/a/ready", "w")
while True:
    time.sleep(9)
)py";
    const pid_t daemon = ::fork();
    if (daemon == 0) {
      run(folder, {"python3", "-S", (folder.path / "checkout/check.py").string(), mark}, Seconds(60), {}, {}, kernel);
      ::_exit(0);
    }
    const auto has_begun = [&] {
      for (const auto& each : fs::directory_iterator(folder.path / "scratch"))
        if (fs::exists(each.path() / "a/ready")) return alive(mark) == 5;
      return false;
    };
    CHECK(within(Seconds(10), has_begun));
    ::kill(daemon, SIGKILL);
    ::waitpid(daemon, nullptr, 0);
    CHECK(within(Seconds(5), [&] { return alive(mark) == 0; }));
    CHECK(within(Seconds(5), [&] { return fs::is_empty(folder.path / "scratch"); }));
    // Who runs checks takes in orphans, and the supervisor has become one of ours.
    CHECK(within(Seconds(5), [] { return ::waitpid(-1, nullptr, WNOHANG) == -1; }));
  }
}

TEST_CASE("A supervisor that is killed leaves its family to the daemon, which ends it") {
  Checkout folder;
  const std::string mark = marked("orphan");
  std::ofstream(folder.path / "checkout/check.py") << R"py(
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        os.fork()
        break
while True:
    time.sleep(9)
)py";
  const pid_t us = ::getpid();
  std::thread killer([&] {
    within(Seconds(10), [&] { return alive(mark) == 7; });
    pid_t at = process_of(mark);
    while (at > 1 && parent_of(at) != us) at = parent_of(at);
    if (at > 1) ::kill(at, SIGKILL);
  });
  const auto done = run(folder, {"python3", "-S", (folder.path / "checkout/check.py").string(), mark}, Seconds(30)).run;
  killer.join();
  CHECK(done.fault == CheckFault::signal);
  CHECK(done.detail == "its supervisor was killed");
  CHECK(alive(mark) == 0);
  CHECK(fs::is_empty(folder.path / "scratch"));
  CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
}

TEST_CASE("A check ends when its scratch folder holds more than it may") {
  struct Case {
    const char* how;
    std::string detail;
  };
  const std::string bytes = "ended because its scratch folder held more than 256 MiB",
                    files = "ended because its scratch folder held more than 20000 files",
                    depth = "ended because its scratch folder was more than 64 folders deep";
  const Case cases[] = {
      {"for i in range(40): open('f%d' % i, 'wb').write(b'x' * (16 << 20))", bytes},
      {"os.makedirs('a/b/c'); os.chdir('a/b/c')\nfor i in range(40): open('f%d' % i, 'wb').write(b'x' * (16 << 20))",
       bytes},
      {"keep = [open('f', 'wb+') for i in range(40) if not os.path.exists('f') or os.unlink('f') is None]\n"
       "for f in keep: f.write(b'x' * (16 << 20)); f.flush()",
       bytes},
      {"for i in range(40): os.write(os.memfd_create('m'), b'x' * (16 << 20))", bytes},
      {"import ctypes\nmap_it, size = ctypes.CDLL(None).mmap, 1 << 20\nmap_it.restype = ctypes.c_void_p\n"
       "for i in range(40):\n"
       "    with open('f', 'wb+') as f:\n"
       "        os.unlink('f'); f.truncate(16 * size)\n"
       "        for n in range(16):\n"
       "            at = map_it(None, ctypes.c_size_t(size), 3, 1, f.fileno(), ctypes.c_size_t(n * size))\n"
       "            ctypes.memset(at, 1, size)",
       bytes},
      {"for i in range(30000): os.close(os.open('f%d' % i, os.O_CREAT | os.O_WRONLY))", files},
      {"for i in range(30000): os.symlink('x', 'f%d' % i)", files},
      {"for i in range(200): os.mkdir('d'); os.chdir('d')", depth},
  };
  for (const auto& c : cases) {
    CAPTURE(c.how);
    Checkout folder;
    const auto done =
        python(folder,
               std::string("import mmap, os, time\nos.chdir(os.environ['TMPDIR'])\n") + c.how + "\ntime.sleep(60)\n",
               Seconds(60))
            .run;
    CHECK(done.fault == CheckFault::signal);
    CHECK(done.detail == c.detail);
    CHECK(fs::is_empty(folder.path / "scratch"));
  }
}

TEST_CASE("What is shared by many is counted once") {
  Checkout folder;
  const auto done = python(folder, R"py(
import mmap, os, time
os.chdir(os.environ["TMPDIR"])
open_file = open("f", "wb+")
os.unlink("f")
open_file.write(b"x" * (30 << 20))
open_file.flush()
with open("g", "wb+") as mapped:
    os.unlink("g")
    mapped.truncate(30 << 20)
    keep = mmap.mmap(mapped.fileno(), 0)
keep[:] = b"x" * (30 << 20)
maps = mmap.mmap(open_file.fileno(), 0)
children = [os.fork() or (time.sleep(0.7), os._exit(0)) for _ in range(10)]
for child in children:
    os.waitpid(child, 0)
print("fine")
)py")
                        .run;
  CHECK_MESSAGE(done.out == "fine\n", (done.detail + done.err));
}

TEST_CASE("A scratch folder is removed, whatever was made of it, and nothing beside it") {
  struct Case {
    const char* name;
    std::function<void(const std::string&)> make;
  };
  const Case cases[] = {
      {"empty", [](const std::string&) {}},
      {"3000 folders deep", [](const std::string& at) { make_deep(at, 3000); }},
      {"nobody may read it", [](const std::string& at) { make_deep(at, 3), ::chmod(at.c_str(), 0); }},
      {"nobody may read what is in it",
       [](const std::string& at) {
         make_deep(at, 3);
         ::chmod((at + "/d/d").c_str(), 0);
         ::chmod((at + "/d").c_str(), 0500);
       }},
      {"links lead out of it",
       [](const std::string& at) {
         REQUIRE(::symlink("../../checkout", (at + "/link").c_str()) == 0);
         REQUIRE(::symlink("..", (at + "/up").c_str()) == 0);
         REQUIRE(::link((at + "/../../checkout/keep").c_str(), (at + "/hard").c_str()) == 0);
       }},
      {"2000 folders that are not empty",
       [](const std::string& at) {
         for (int i = 0; i < 2000; ++i) fs::create_directories(at + "/" + std::to_string(i) + "/x");
       }},
      {"names of any kind",
       [](const std::string& at) {
         for (const std::string name : {"...", "a\nb", "-rf", "\xff\xfe", " "}) std::ofstream(at + "/" + name) << "x";
         ::mkfifo((at + "/fifo").c_str(), 0600);
       }},
  };
  for (const auto& c : cases) {
    CAPTURE(c.name);
    Checkout folder;
    std::ofstream(folder.path / "checkout/keep") << "x";
    const auto at = (folder.path / "scratch/check-x").string();
    fs::create_directory(at);
    const int result = elsewhere([&] {
      if (::geteuid() == 0) {
        for (const auto& each : {folder.path.string(), (folder.path / "scratch").string(), at,
                                 (folder.path / "checkout").string(), (folder.path / "checkout/keep").string()})
          if (::chown(each.c_str(), 65534, 65534) != 0) return 3;
        if (::setgid(65534) != 0 || ::setuid(65534) != 0) return 4;
      }
      c.make(at);
      const rlimit few{16, 16};
      ::setrlimit(RLIMIT_NOFILE, &few);
      return remove_tree(at.c_str()) ? 0 : 1;
    });
    CHECK(result == 0);
    CHECK(fs::is_empty(folder.path / "scratch"));
    CHECK(fs::exists(folder.path / "checkout/keep"));
  }
}

TEST_CASE("What an earlier daemon has left behind is removed when the next one starts") {
  Checkout folder;
  make_deep((folder.path / "scratch").string(), 0);
  fs::create_directories(folder.path / "scratch/check-old1/a/b");
  fs::create_directories(folder.path / "scratch/check-old2");
  fs::create_directories(folder.path / "scratch/another");
  net::io_context io;
  const CheckRunner runner(io.get_executor(), (folder.path / "scratch").string(),
                           [](Unredacted<RawRead>) { return RawRead{}; });
  CHECK(within(Seconds(5), [&] {
    return !fs::exists(folder.path / "scratch/check-old1") && !fs::exists(folder.path / "scratch/check-old2");
  }));
  CHECK(fs::exists(folder.path / "scratch/another"));
}

TEST_CASE("What a check leaves is removed beside the loop, which goes on meanwhile") {
  Checkout folder;
  std::ofstream(folder.path / "checkout/check.py")
      << "import os, time\nos.chdir(os.environ['TMPDIR'])\n"
         "for i in range(100): os.close(os.open('f%d' % i, os.O_CREAT | os.O_WRONLY))\ntime.sleep(0.5)\n";
  CheckRequest request;
  request.read = "check:materialization";
  request.config.command = {"python3", (folder.path / "checkout/check.py").string()};
  request.config.timeout = Seconds(60);
  request.scratch_parent = (folder.path / "scratch").string();
  request.kernel = this_kernel();
  net::io_context io;
  Aside files(io.get_executor(), 1);
  bool over = false;
  net::co_spawn(io, run_check(std::move(request), files), [&](std::exception_ptr, RawRead read) {
    over = true;
    CHECK(std::get<CheckRun>(read.answer).exit == 0);
  });
  const auto left = [&] {
    std::size_t count = 0;
    for (const auto& file : fs::recursive_directory_iterator(folder.path / "scratch")) count += file.is_regular_file();
    return count;
  };
  while (!over && left() < 100) io.run_one_for(Millis(5));
  std::promise<void> released;
  files.post([&] { released.get_future().wait(); });  // the one thread that may remove them has something else to do
  for (const auto end = std::chrono::steady_clock::now() + Seconds(2); std::chrono::steady_clock::now() < end;)
    io.run_one_for(Millis(5));
  CHECK_FALSE(over);
  CHECK(left() == 100);
  released.set_value();
  while (!over) io.run_one_for(Millis(5));
  CHECK(fs::is_empty(folder.path / "scratch"));
}

TEST_CASE("Where memory runs out, a check goes before the daemon") {
  const auto before = contents_of("/proc/self/oom_score_adj");
  Checkout folder;
  const auto done = run(folder, {"cat", "/proc/self/oom_score_adj"}).run;
  CHECK(done.out == "500\n");
  CHECK(contents_of("/proc/self/oom_score_adj") == before);
}
