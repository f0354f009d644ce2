// What a check is written with goes on working in its sandbox: the usual tools of a host, each asked for something that
// it does only when it is not hindered, on this kernel and as on older ones.
#include <cstdlib>
#include <thread>

#include "check_support.hpp"

using namespace readback;

namespace {

bool is_there(const char* program) {
  return std::system((std::string("command -v ") + program + " >/dev/null").c_str()) == 0;
}

/// This kernel, and as far from it as there is, each with and without an ear.
std::vector<SandboxKernel> different_kernels() {
  std::vector<SandboxKernel> all;
  const auto& here = this_kernel();
  for (const int abi : {here.landlock_abi, 2, 1})
    for (const bool asks : {true, false})
      if (abi <= here.landlock_abi && (here.asks || !asks)) all.push_back({abi, here.seccomp, asks});
  return all;
}

void works(const Checkout& folder, const std::string& script, const std::string& said,
           const SandboxConfig& config = {}) {
  for (const auto& kernel : different_kernels()) {
    CAPTURE(to_text(kernel));
    CAPTURE(script);
    const auto done = run(folder, {"bash", "-c", script}, Seconds(60), config, {}, kernel).run;
    CHECK_MESSAGE(done.exit == 0, (done.detail + done.out + done.err));
    CHECK(done.out == said);
    CHECK(done.err == "");
    if (kernel.asks) CHECK(done.denials == Denials{});
  }
}

}  // namespace

TEST_CASE("Shell pipelines and the small tools work") {
  Checkout folder;
  std::ofstream(folder.path / "checkout/list") << "b 2\na 1\n";
  works(folder, R"sh(
set -euo pipefail
sort list | awk '{ n += $2; print $1 } END { print n }' | tr '\n' ' '; echo
diff <(sort list) <(printf 'a 1\nb 2\n') && echo same
find . -name list -newermt 2000-01-01 -size -2k -printf '%f\n'
xargs -P 2 -n 1 echo < <(echo one) | sed s/one/two/
t=$(mktemp); cp list "$t"; mv "$t" "$t.2"; ln -s "$t.2" "$t"; cat "$t" | wc -l; rm "$t" "$t.2"
timeout 5 sleep 0.01; timeout -s KILL 5 true
df -P / | tail -n +2 | wc -l
ps -o pid= -p $$ | wc -l
[ "$(nproc)" -gt 0 ] && date +%Y >/dev/null && id -u >/dev/null && uname -s && stat -c %s list
tar -cf - list | tar -tf -
gzip -c list | gunzip -c | sha256sum | cut -c1-8
exec 9>"$TMPDIR/lock"; flock -n 9 && echo locked
)sh",
        "a b 3 \nsame\nlist\ntwo\n2\n1\n1\nLinux\n8\nlist\nf7a4bff8\nlocked\n");
}

TEST_CASE("A shell that hears of a child's end while it makes the next one makes it all the same") {
  Checkout folder;
  works(folder, "for i in $(seq 100); do sh -c 'echo fine | cat' || echo failed; done | sort | uniq -c",
        "    100 fine\n");
}

TEST_CASE("Python works: threads, children, databases, TLS") {
  Checkout folder;
  std::ofstream(folder.path / "checkout/check.py") << R"py(
import asyncio, concurrent.futures, hashlib, json, mmap, multiprocessing, os, select, sqlite3, ssl, subprocess, tempfile, threading
def child(end):
    end.send(os.getpid() != 0)
if __name__ == "__main__":
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        print(sum(pool.map(lambda n: n * n, range(100))))
    print(subprocess.run("echo $((6 * 7)) | cat", shell=True, check=True, stdout=subprocess.PIPE, text=True).stdout.strip())
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=child, args=(theirs,))
    process.start()
    print(ours.recv(), process.join(), process.exitcode)
    where = os.path.join(os.environ["TMPDIR"], "x.db")
    for mode in ("delete", "wal"):
        with sqlite3.connect(where) as db:
            db.execute("pragma journal_mode = " + mode)
            db.execute("create table if not exists t (x)")
            db.execute("insert into t values (1)")
    print(sqlite3.connect(where).execute("select count(*) from t").fetchone())
    def in_thread():
        print(sqlite3.connect(where).execute("select sum(x) from t").fetchone())
    thread = threading.Thread(target=in_thread); thread.start(); thread.join()
    print(sqlite3.connect("file:theirs.db?mode=ro", uri=True).execute("select x from t").fetchall())
    async def ask():
        process = await asyncio.create_subprocess_exec("echo", "async", stdout=subprocess.PIPE)
        return (await process.communicate())[0].decode().strip()
    print(asyncio.run(ask()))
    print(ssl.create_default_context().verify_mode.name, hashlib.sha256(b"").hexdigest()[:6])
    with tempfile.TemporaryFile() as f:
        f.write(b"x" * 4096); f.flush()
        print(len(mmap.mmap(f.fileno(), 0)), len(os.listdir("/proc/self/fd")) > 3, len(select.epoll().poll(0)))
)py";
  REQUIRE(
      std::system(("sqlite3 " + (folder.path / "checkout/theirs.db").string() +
                   " 'create table t (x); insert into t values (7)' 2>/dev/null || python3 -c \"import sqlite3; db = "
                   "sqlite3.connect('" +
                   (folder.path / "checkout/theirs.db").string() +
                   "'); db.execute('create table t (x)'); db.execute('insert into t values (7)'); db.commit()\"")
                      .c_str()) == 0);
  works(folder, "python3 check.py",
        "328350\n42\nTrue None 0\n(2,)\n(2,)\n[(7,)]\nasync\nCERT_REQUIRED e3b0c4\n4096 True 0\n");
}

TEST_CASE("curl and openssl reach this host, where the network is loopback") {
  if (!is_there("curl") || !is_there("openssl")) return;
  Checkout folder;
  const TcpServer server;
  std::thread answers([&] {
    for (std::size_t i = 0; i < different_kernels().size(); ++i) {
      const int client = ::accept(server.fd, nullptr, nullptr);
      char request[4096];
      (void)!::read(client, request, sizeof request);
      const std::string answer = "HTTP/1.0 200 OK\r\nContent-Length: 6\r\n\r\nhello\n";
      (void)!::write(client, answer.data(), answer.size());
      ::close(client);
    }
  });
  works(folder,
        "set -e; curl -sS --max-time 10 http://localhost:" + server.port +
            "/; openssl rand -hex 4 | wc -c; openssl genrsa -out $TMPDIR/key 2048 2>/dev/null; echo | openssl dgst "
            "-sha256 -r | cut -c1-8",
        "hello\n9\n01ba4719\n");
  answers.join();
}

TEST_CASE("jq, node and sqlite3 work where they are installed") {
  Checkout folder;
  std::ofstream(folder.path / "checkout/a.json") << R"({"a": [1, 2]})";
  if (is_there("jq")) works(folder, "jq -c '.a | add' a.json", "3\n");
  if (is_there("sqlite3"))
    works(folder, "sqlite3 $TMPDIR/x.db 'create table t (x); insert into t values (1); select * from t'", "1\n");
  if (is_there("node"))
    works(folder, R"sh(ulimit -v unlimited 2>/dev/null; node --no-expose-wasm --jitless -e '
const { execFileSync } = require("child_process"), fs = require("fs"), crypto = require("crypto");
fs.promises.readFile("a.json").then(t => { console.log(JSON.parse(t).a.length);
  console.log(execFileSync("echo", ["child"]).toString().trim());
  crypto.randomBytes(8, () => console.log("random")); });
')sh",
          "2\nchild\nrandom\n");
}
