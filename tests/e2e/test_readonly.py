"""That Readback never changes what it watches, seen from outside: every system call of a whole incident is traced, and
a check that tries to do harm is told by name.
"""
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import unittest

import harness

CHANGES = ("creat mkdir mkdirat rmdir rename renameat renameat2 unlink unlinkat link linkat symlink symlinkat chmod "
           "fchmodat chown lchown fchownat truncate mknod mknodat utime utimes utimensat futimesat setxattr lsetxattr "
           "removexattr mount umount2 chroot pivot_root swapon acct").split()
CALL = re.compile(r"^(?P<pid>\d+) +(?P<name>\w+)\((?P<rest>.*)$")
MERGED = re.compile(r"^(?P<pid>\d+) +<\.\.\. (?P<name>\w+) resumed>(?P<rest>.*)$")


def calls(text):
    """(pid, name, arguments with result) of each call of an strace log, halves put together."""
    open_calls = {}
    for line in text.splitlines():
        if found := CALL.match(line):
            if found["rest"].endswith("<unfinished ...>"):
                open_calls[found["pid"], found["name"]] = found["rest"].removesuffix("<unfinished ...>")
            else:
                yield int(found["pid"]), found["name"], found["rest"]
        elif found := MERGED.match(line):
            yield int(found["pid"]), found["name"], open_calls.pop((found["pid"], found["name"]), "") + found["rest"]


def succeeded(rest):
    result = rest.rsplit(" = ", 1)
    return len(result) == 2 and not result[1].startswith("-")


def paths(rest):
    """The paths of a call: each text argument, relative ones joined with the folder that strace shows before them."""
    for folder, text in re.findall(r"(?:(?:AT_FDCWD|\d+)<([^>]*)>, )?\"((?:[^\"\\]|\\.)*)\"", rest):
        yield os.path.normpath(os.path.join(folder or "/", text))


@unittest.skipUnless(shutil.which("strace"), "strace is not installed")
class ReadOnly(harness.Case):
    def test_a_whole_incident_traced(self):
        folder = harness.materialized(self.directory / "checkout")
        world = self.world(start=False, target={"checks": harness.check_at(folder)})
        log = self.directory / "strace.log"
        world.daemon.start(wrapper=["strace", "-f", "-yy", "-s", "4096", "-o", log, "-e",
                                    "trace=%file,execve,execveat,write,writev,sendto,sendmsg,kill,tgkill"])
        harness.wait_until(lambda: world.daemon.status()["targets"][0]["checks_total"] > 0, "a first check", limit=60)
        before = sorted((str(p), p.stat().st_mtime_ns) for p in folder.rglob("*"))
        world.sim.fault("/health", "bad_gateway")
        page = world.hook.wait("firing", limit=60)
        world.daemon.client("snapshot", "pull", page["evidence"]["snapshot"], "-o", self.directory / "b.tar.zst", expect=0)
        world.daemon.client("snapshot", "capture", expect=0)
        world.daemon.client("ack", page["incident"]["id"], expect=0)
        world.sim.ok("/health")
        world.hook.wait("resolved", limit=90)
        tracer = world.daemon.process
        daemon = int(pathlib.Path(f"/proc/{tracer.pid}/task/{tracer.pid}/children").read_text().split()[0])
        os.kill(daemon, signal.SIGTERM)
        self.assertEqual(tracer.wait(60), 0)
        self.assertEqual(before, sorted((str(p), p.stat().st_mtime_ns) for p in folder.rglob("*")))

        own = [str(world.daemon.state), str(world.daemon.socket.parent)]
        # The folder of the socket is that of the whole test here: what belongs to others in it is listed by name.
        foreign = [str(folder), str(world.daemon.config_path)]
        # The last one is the weight of the daemon itself where memory runs out, put on for its checks.
        harmless = {"/dev/null", "/dev/tty", "/proc/self/oom_score_adj"}
        executed, wrote, methods, signalled = [], [], set(), []
        for pid, name, rest in calls(log.read_text(errors="replace")):
            if not succeeded(rest):
                continue
            if name in ("open", "openat", "openat2"):
                if re.search(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC", rest):
                    wrote += [(name, p) for p in list(paths(rest.rsplit(" = ", 1)[0]))[:1]]
            elif name in CHANGES:
                wrote += [(name, p) for p in paths(rest.rsplit(" = ", 1)[0])]
            elif name in ("execve", "execveat"):
                executed.append(rest.split(", [", 1)[1].split("]", 1)[0])
            elif name in ("write", "writev", "sendto", "sendmsg"):
                if f"->{world.sim.url.removeprefix('http://')}]" in rest:
                    methods.add(re.search(r'"(\w+)', rest)[1])
            elif name in ("kill", "tgkill"):
                signalled.append((pid, rest))
        self.assertGreater(len(wrote), 10, "the trace saw nothing")
        bad = [w for w in wrote if w[1] not in harmless and (
            not any(w[1] == o or w[1].startswith(o + "/") for o in own) or
            any(w[1] == f or w[1].startswith(f + "/") for f in foreign))]
        self.assertEqual(bad, [])
        self.assertTrue(methods, "the trace saw no request")
        self.assertLessEqual(methods, {"GET", "HEAD"})
        self.assertIn("readbackd", executed[0])
        checks = executed[1:]
        self.assertTrue(checks)
        for command in checks:
            self.assertIn("verify_runtime_materialization.py", command)
        self.assertEqual({r["method"] for r in world.sim.log()} - {"GET", "HEAD"}, set())


HOSTILE = """
import os, signal, socket, subprocess, sys, time
def attempt(what, do):
    try:
        do()
        print("DONE", what)
    except OSError as e:
        print(f"{what}: {e}", file=sys.stderr)
attempt("repository", lambda: open("compose.yml", "w"))
attempt("etc", lambda: open("/etc/readback-hostile", "w"))
attempt("home", lambda: open("/root/readback-hostile", "w"))
attempt("temporary folder", lambda: open("/tmp/readback-hostile", "w"))
def engine():
    s = socket.socket(socket.AF_UNIX)
    s.connect(ENGINE)
attempt("container engine", engine)
attempt("kill the daemon", lambda: os.kill(DAEMON, signal.SIGKILL))
attempt("kill the parent", lambda: os.kill(os.getppid(), signal.SIGKILL))
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execv(sys.executable, [sys.executable, "-c", "import time\\nwhile True: time.sleep(9)", MARK])
    os._exit(0)
sys.stderr.flush()
FINALE
"""


class HostileCheck(harness.Case):
    def judged(self, world, runs):
        """The check's read as it stands after more than so many runs."""
        def enough():
            target = world.daemon.status()["targets"][0]
            read = next(r for r in target["reads"] if r["name"] == "check:materialization")
            return read if target["checks_total"] > runs else None
        return harness.wait_until(enough, f"more than {runs} runs of the check", limit=90)

    def hostile(self, finale, timeout="20s"):
        """(status of the check's read, processes left, world): the platform is fine, its check is not."""
        folder = self.directory / "checkout"
        folder.mkdir()
        folder.chmod(0o755)
        (folder / "compose.yml").write_text("services: {}\n")
        engine = socket.socket(socket.AF_UNIX)
        self.addCleanup(engine.close)
        engine.bind(str(self.directory / "engine.sock"))
        engine.listen(8)
        engine.settimeout(0)
        mark = f"readback-hostile-{os.getpid()}"
        program = folder / "check.py"
        world = self.world(target={"checks": {"materialization": {
            "role": "materialization", "command": [harness.PYTHON, str(program)], "cwd": str(folder), "interval": "1s",
            "timeout": timeout}}}, start=False)
        program.write_text(HOSTILE.replace("ENGINE", repr(str(self.directory / "engine.sock"))).replace(
            "DAEMON", "int(open(%r).read())" % str(self.directory / "pid")).replace("MARK", repr(mark)).replace(
            "FINALE", finale))
        (self.directory / "pid").write_text("1")
        world.daemon.start()
        (self.directory / "pid").write_text(str(world.daemon.process.pid))
        # Runs from before this line, and one that is under way, know only of process 1.
        before = world.daemon.status()["targets"][0]["checks_total"]
        read = self.judged(world, before + 1)
        with self.assertRaises(OSError, msg="the container engine was reached"):
            engine.accept()
        self.assertEqual((folder / "compose.yml").read_text(), "services: {}\n")
        for place in ("/etc", "/root", "/tmp"):
            self.assertFalse(pathlib.Path(place, "readback-hostile").exists())
        self.assertTrue(world.daemon.process.running())
        return read, mark, world

    def assert_gone(self, world, mark):
        """Nothing of the check is left, alive or as a zombie, once the daemon has stopped."""
        self.assertEqual(world.daemon.stop(), 0)
        left = subprocess.run(["ps", "-eo", "pid,stat,args"], capture_output=True, text=True).stdout
        self.assertEqual([line for line in left.splitlines() if mark in line], [])

    def test_each_attempt_is_refused_and_named(self):
        read, mark, world = self.hostile("sys.exit(1)")
        said = " ".join(read["reasons"])
        self.assertEqual(read["word"], "broken", said)
        folder = self.directory / "checkout"
        for what in (f"write {folder}/compose.yml", "write /etc/readback-hostile", "write /root/readback-hostile",
                     "write /tmp/readback-hostile", f"connect {self.directory}/engine.sock",
                     f"signal {world.daemon.process.pid}"):
            self.assertIn(f"sandbox denied: {what}", said)
        shown = " ".join(world.daemon.client("status", expect=1).text.split())
        self.assertIn(f"sandbox denied: write {folder}/compose.yml", shown)
        world.daemon.client("snapshot", "capture", expect=0)
        bundle = self.directory / "b.tar.zst"
        world.daemon.client("snapshot", "pull", "latest", "-o", bundle, expect=0)
        unpacked = self.directory / "b"
        unpacked.mkdir()
        subprocess.run(["tar", "--zstd", "-xf", bundle, "-C", unpacked], check=True)
        told = (unpacked / "checks/materialization/stderr").read_text()
        self.assertNotIn("DONE", (unpacked / "checks/materialization/stdout").read_text())
        for what in ("repository", "etc", "home", "temporary folder", "container engine", "kill the daemon",
                     "kill the parent"):
            self.assertIn(what, told)
        for what in ("write /etc/readback-hostile", f"connect {self.directory}/engine.sock"):
            self.assertIn(what, json.loads((unpacked / "checks/materialization/result.json").read_text())["denials"])
        self.assertEqual(world.hook.seen(boundary="drift"), [])
        self.assert_gone(world, mark)

    def test_the_daemon_s_own_is_neither_read_nor_locked(self):
        secret = self.directory / "hook-secret"
        folder = self.directory / "checkout"
        folder.mkdir()
        (folder / "check.py").write_text("""
import fcntl, os, pathlib, struct, sys
state, config, secret, socket = sys.argv[1:]
tried = 0
for path in [config, secret, socket, *map(str, pathlib.Path(state).rglob("*"))]:
    if os.path.isdir(path) or path.startswith(os.environ["HOME"]):
        continue
    tried += 1
    try:
        fd = os.open(path, os.O_RDONLY)
        fcntl.fcntl(fd, fcntl.F_SETLK, struct.pack("hhqqi", fcntl.F_RDLCK, 0, 0, 0, 0))
        print("OPENED", path)
    except OSError:
        pass
print("tried", tried, "weighs", open("/proc/self/oom_score_adj").read())
sys.exit(2 if tried < 5 else 0)
""")
        world = self.world(start=False)
        secret.write_text(world.secret)
        world.config["alerts"]["sinks"][0]["secret"] = {"file": str(secret)}
        world.config["targets"][0]["checks"] = {"materialization": {
            "cwd": str(folder), "interval": "1s", "role": "materialization",
            "command": [harness.PYTHON, "check.py", str(world.daemon.state), str(world.daemon.config_path), str(secret),
                        str(world.daemon.socket)]}}
        world.daemon.configure(world.config)
        world.daemon.start()
        self.assertEqual(self.judged(world, 2)["word"], "in_sync")
        world.daemon.client("snapshot", "capture", expect=0)
        world.daemon.client("snapshot", "pull", "latest", "-o", self.directory / "b.tar.zst", expect=0)
        told = subprocess.run(["tar", "--zstd", "-xOf", self.directory / "b.tar.zst", "--wildcards",
                               "*checks/materialization/stdout"], capture_output=True, text=True).stdout
        self.assertRegex(told, r"tried \d+ weighs 500\n")
        weight = pathlib.Path(f"/proc/{world.daemon.process.pid}/oom_score_adj").read_text()
        self.assertEqual(weight, pathlib.Path("/proc/self/oom_score_adj").read_text())
        self.assertNotIn("OPENED", told)
        self.assertNotIn("database is locked", world.daemon.log())

    def test_nothing_outlives_a_daemon_that_is_killed(self):
        mark = f"readback-widow-{os.getpid()}"
        folder = self.directory / "checkout"
        folder.mkdir()
        (folder / "check.py").write_text("""
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
os.makedirs(os.environ["HOME"] + "/a/b")
for _ in range(5):
    if os.fork() == 0:
        os.setsid()
        break
while True: time.sleep(9)
""")
        world = self.world(target={"checks": {"materialization": {
            "command": [harness.PYTHON, "check.py", mark], "cwd": str(folder), "interval": "1s", "timeout": "60s"}}},
            start=False)

        def left():
            listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout
            return [line for line in listed.splitlines() if mark in line]
        scratch = world.daemon.state / "scratch"
        world.daemon.start()
        harness.wait_until(lambda: len(left()) == 6, "the check's family")
        world.daemon.process.kill()
        world.daemon.process.wait()
        harness.wait_until(lambda: not left(), "the family to end", limit=5)
        harness.wait_until(lambda: not list(scratch.iterdir()), "the scratch folder to be emptied", limit=5)
        (scratch / "check-left" / "a").mkdir(parents=True)
        world.daemon.start()
        harness.wait_until(lambda: not (scratch / "check-left").exists(), "what was left behind to be removed", limit=5)

    def silent(self, exit_code):
        """The check is refused a write, says nothing about it, and ends with this code."""
        folder = self.directory / "checkout"
        folder.mkdir()
        (folder / "check.py").write_text(
            "import sys\ntry:\n    open('state.json', 'w')\nexcept OSError:\n    pass\n"
            f"print('drift: 3 units differ')\nsys.exit({exit_code})\n")
        world = self.world(target={"checks": {"materialization": {
            "command": [harness.PYTHON, "check.py"], "cwd": str(folder), "interval": "1s"}}}, start=False)
        world.daemon.start()
        read = self.judged(world, 2)
        self.assertIn(f"check:materialization: sandbox denied: write {folder}/state.json", read["reasons"])
        self.assertFalse((folder / "state.json").exists())
        return read, world

    def test_a_denial_that_the_check_keeps_to_itself_is_no_drift(self):
        read, world = self.silent(1)
        self.assertEqual(read["word"], "broken")
        page = world.hook.wait("firing", "observer")
        self.assertIn("sandbox denied: write", " ".join(page["why"]))
        self.assertEqual(world.hook.seen(boundary="drift"), [])

    def test_a_check_that_is_in_sync_in_spite_of_a_denial_is_in_sync_and_says_so(self):
        read, world = self.silent(0)
        self.assertEqual(read["word"], "in_sync")
        self.assertEqual(world.hook.seen(), [])

    def test_one_that_holds_on_is_ended_with_all_its_children(self):
        read, mark, world = self.hostile("while True: time.sleep(9)", timeout="2s")
        self.assertEqual(read["word"], "broken")
        self.assertIn("did not end in time", " ".join(read["reasons"]))
        self.assert_gone(world, mark)

    def test_a_flood_costs_no_memory(self):
        read, mark, world = self.hostile("""
block = b"x" * 1000000
try:
    for _ in range(1000):
        os.write(1, block)
except OSError:
    pass
sys.exit(0)""", timeout="60s")
        status = pathlib.Path(f"/proc/{world.daemon.process.pid}/status").read_text()
        peak = int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024
        self.assertLess(peak, 100, "the daemon kept the flood")
        self.assert_gone(world, mark)


if __name__ == "__main__":
    unittest.main()
