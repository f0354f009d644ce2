// Files: a check changes none but its own scratch folder's, and there it may do as it likes.
#include <sys/stat.h>

#include <cstdlib>

#include "check_support.hpp"

using namespace readback;

TEST_CASE("A check writes nowhere but into its scratch folder, which is gone afterwards") {
  Checkout folder;
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
  CHECK(contents_of(victim) == "as it was");
  CHECK_FALSE(fs::exists("/etc/readback-test"));
  CHECK(has(done.denials, "victim"));
  CHECK(has(done.denials, "/etc/readback-test"));
}

TEST_CASE("In its scratch folder a check may do as it likes") {
  for (const auto& kernel : kernels()) {
    if (!kernel.asks) continue;
    CAPTURE(to_text(kernel));
    Checkout folder;
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
                                  {{"CHECKOUT", in_quotes((folder.path / "checkout").string())}}),
                             Seconds(20), {}, kernel)
                          .run;
    CHECK_MESSAGE(done.out == "fine\n", (done.out + done.err));
    CHECK(done.denials == Denials{});
    CHECK(fs::is_empty(folder.path / "scratch"));
  }
}

TEST_CASE("Git looks at a checkout without a trace, and Python leaves no compiled file") {
  if (!fs::exists("/usr/bin/git")) return;
  Checkout folder;
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

TEST_CASE("Folders that a check may not read are named") {
  if (!this_kernel().asks) return;
  Checkout folder;
  std::ofstream(folder.path / "secret") << "x";
  SandboxConfig config;
  config.read_paths = {(folder.path / "checkout").string()};
  const auto done =
      python(folder, "try:\n    open('../secret')\nexcept OSError:\n    raise SystemExit(1)\n", Seconds(20), config)
          .run;
  CHECK_MESSAGE(done.exit == 1, done.err);
  CHECK(done.denials == Denials{"read " + (folder.path / "secret").string()});
}
