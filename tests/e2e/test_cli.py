"""The client in the operator's hands: every command says how it is used, every answer can be had as JSON, and every way
of going wrong says what was tried, what happened and what to do.
"""
import json
import os
import pathlib
import pty
import re
import select
import shutil
import subprocess
import unittest

import harness

COMMANDS = ["status", "probe", "incidents", "incident", "snapshot", "snapshot list", "snapshot pull", "snapshot capture",
            "snapshot verify", "snapshot diff", "report", "symptom", "ack", "verify", "resolve", "silence", "silence add",
            "silence list", "silence expire", "sweep", "watch", "export", "replay", "test-alert"]
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def on_terminal(argv, columns=80, rows=24, env=None, limit=30):
    """(exit status, what was shown) of a program that has a terminal of this size."""
    leader, follower = pty.openpty()
    subprocess.run(["stty", "-F", os.ttyname(follower), "rows", str(rows), "cols", str(columns)], check=True)
    process = subprocess.Popen([str(a) for a in argv], stdin=follower, stdout=follower, stderr=follower,
                               env={**os.environ, "TERM": "xterm-256color", "LANG": "C.UTF-8", **(env or {})})
    os.close(follower)
    shown = b""
    while select.select([leader], [], [], limit)[0]:
        try:
            part = os.read(leader, 65536)
        except OSError:
            break
        if not part:
            break
        shown += part
    os.close(leader)
    return process.wait(limit), shown.decode(errors="replace").replace("\r\n", "\n")


class Words(unittest.TestCase):
    def run_client(self, *words, env=None):
        return subprocess.run([harness.CLIENT, *words], capture_output=True, text=True, timeout=30,
                              env={**os.environ, **(env or {})})

    def test_each_command_shows_an_example(self):
        for command in COMMANDS:
            with self.subTest(command):
                done = self.run_client(*command.split(), "--help")
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn("xample", done.stdout)
                self.assertIn("readback " + command.split()[0], done.stdout)

    def test_a_wrong_use_is_64_and_says_what_is_right(self):
        for words in (["no-such-command"], ["status", "--no-such-option"], ["snapshot", "diff", "only-one"],
                      ["silence", "add"], ["resolve", "x"], ["replay"]):
            with self.subTest(words):
                done = self.run_client("--socket", "/nonexistent", *words)
                self.assertEqual(done.returncode, 64, done.stdout + done.stderr)
                self.assertIn("--help", done.stdout + done.stderr)

    def test_without_a_daemon(self):
        for words in COMMANDS:
            if words.split()[0] in ("probe", "replay", "report") or words in ("snapshot", "silence", "snapshot verify",
                                                                             "snapshot diff", "snapshot pull"):
                continue
            more = {"incident": ["x"], "ack": ["x"], "verify": ["x"], "resolve": ["x", "--runbook", "r"], "symptom": ["t"],
                    "silence add": ["--for", "1h", "--reason", "r"], "silence expire": ["x"]}.get(words, [])
            with self.subTest(words):
                done = self.run_client("--socket", "/nonexistent/control.sock", *words.split(), *more)
                self.assertEqual(done.returncode, 3 if words == "status" else 69, done.stdout + done.stderr)
                self.assertIn("/nonexistent/control.sock", done.stdout + done.stderr)
                self.assertLessEqual(len(done.stderr.splitlines()), 4, done.stderr)


class Operator(harness.Case):
    def setUp(self):
        super().setUp()
        self.lived = self.world(target={"paths": [{"name": "checkout", "kind": "user", "url": "/app/checkout"}]})

    def test_json_everywhere(self):
        world = self.lived
        world.sim.fault("/health", "bad_gateway")
        incident = world.hook.wait("firing")["incident"]["id"]
        for words in (["status"], ["status", "--target", "fabric"], ["incidents"], ["incidents", "--all"],
                      ["incident", incident], ["snapshot", "list"], ["snapshot", "capture", "--reason", "test"],
                      ["symptom", "checkout hangs", "--exposed-by", "user:checkout"], ["ack", incident], ["verify", incident],
                      ["silence", "add", "--for", "2h", "--reason", "test"], ["silence", "list"], ["sweep"],
                      ["test-alert", "hook"], ["resolve", incident, "--runbook", "check-stack-health"]):
            with self.subTest(words):
                done = world.daemon.client("--json", *words)
                self.assertIn(done.returncode, (0, 1, 2), done.error_text)
                json.loads(done.text)
        for line in world.daemon.client("export", "--since", "1h", expect=0).text.splitlines():
            json.loads(line)

    def test_an_id_that_is_not_there_is_answered_with_the_nearest(self):
        world = self.lived
        world.sim.fault("/health", "bad_gateway")
        incident = world.hook.wait("firing")["incident"]["id"]
        wrong = incident[:-1] + ("0" if incident[-1] != "0" else "1")
        done = world.daemon.client("incident", wrong)
        self.assertEqual(done.returncode, 1)
        self.assertIn(incident, done.error_text)
        done = world.daemon.client("status", "--target", "fabrik")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("fabric", done.error_text + done.text)

    def test_alone_it_shows_the_status_and_what_comes_next(self):
        done = self.lived.daemon.client()
        self.assertEqual(done.returncode, 0, done.error_text)
        self.assertIn("fabric: green", done.text)
        self.assertGreaterEqual(len(re.findall(r"readback [a-z]+", done.text)), 3)

    def test_colours_only_on_a_terminal_that_wants_them(self):
        argv = [harness.CLIENT, "--socket", self.lived.daemon.socket, "status"]
        self.assertNotIn("\x1b", self.lived.daemon.client("status").text)
        self.assertIn("\x1b[", on_terminal(argv)[1])
        self.assertNotIn("\x1b[", on_terminal(argv, env={"NO_COLOR": "1"})[1])

    def test_it_fits_the_terminal(self):
        world = self.lived
        world.sim.fault("/health", "not_ready", text="postgres: connection pool exhausted after a very long wait indeed")
        incident = world.hook.wait("firing")["incident"]["id"]
        for columns in (80, 20):
            for words in (["status"], ["incidents"], ["incident", incident], ["snapshot", "list"]):
                with self.subTest(f"{words} {columns}"):
                    status, shown = on_terminal([harness.CLIENT, "--socket", world.daemon.socket, *words], columns)
                    self.assertIn(status, (0, 1, 2))
                    long = [line for line in ESCAPE.sub("", shown).splitlines() if len(line) > columns]
                    # What is copied is never cut: ids, digests, addresses.
                    long = [line for line in long if not re.search(r"[0-9a-f-]{36}|https?://", line)]
                    if columns == 80:
                        self.assertEqual(long, [])

    def test_a_pipe_that_closes_is_no_error(self):
        done = subprocess.run(["bash", "-c", f"'{harness.CLIENT}' --socket '{self.lived.daemon.socket}' export --since 1h | head -1; "
                               "echo ${PIPESTATUS[0]}"], capture_output=True, text=True, timeout=30)
        self.assertNotIn("terminate", done.stderr)
        self.assertIn(done.stdout.splitlines()[-1], ("0", "141"))

    @unittest.skipIf(os.getuid() != 0, "needs another user to be refused")
    def test_no_permission_names_the_group(self):
        socket = pathlib.Path(self.lived.daemon.socket)
        for folder in [socket.parent, *socket.parent.parents]:
            if folder == pathlib.Path("/tmp"):
                break
            folder.chmod(0o755)
        client = self.directory / "client"
        client.write_bytes(harness.CLIENT.read_bytes())
        client.chmod(0o755)
        self.directory.chmod(0o755)
        done = subprocess.run([client, "--socket", socket, "incidents"], capture_output=True, text=True, user=65534,
                              group=65534, extra_groups=[], timeout=30)
        self.assertEqual(done.returncode, 69, done.stderr)
        self.assertIn("group", done.stderr)

    @unittest.skipUnless(shutil.which("tmux"), "tmux is not installed")
    def test_watch_in_a_terminal_of_two_sizes(self):
        world = self.lived
        world.sim.fault("/health", "bad_gateway")
        world.hook.wait("firing")
        for columns, rows in ((80, 24), (200, 50)):
            with self.subTest(f"{columns}x{rows}"):
                name = f"readback-test-{os.getpid()}-{columns}"
                tmux = lambda *words: subprocess.run(["tmux", "-L", name, *map(str, words)], capture_output=True, text=True,
                                                     timeout=20)
                tmux("-f", "/dev/null", "new-session", "-d", "-x", columns, "-y", rows,
                     f"'{harness.CLIENT}' --socket '{world.daemon.socket}' watch")
                try:
                    shown = lambda: tmux("capture-pane", "-p").stdout
                    harness.wait_until(lambda: "health" in shown() and "OUTAGE" in shown(), shown)
                    lines = shown().splitlines()
                    self.assertLessEqual(len(lines), rows)
                    for what in ("fabric", "services", "hook"):
                        self.assertTrue(any(what in line for line in lines), what + "\n" + shown())
                finally:
                    tmux("kill-server")

    def test_watch_is_plain_lines_when_nobody_looks(self):
        watch = subprocess.Popen([harness.CLIENT, "--socket", self.lived.daemon.socket, "watch"], stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE)
        self.addCleanup(watch.kill)
        first = watch.stdout.readline().decode()
        watch.terminate()
        out, _ = watch.communicate(timeout=10)
        self.assertNotIn("\x1b", first + out.decode())
        self.assertIn("fabric", first + out.decode())


if __name__ == "__main__":
    unittest.main()
