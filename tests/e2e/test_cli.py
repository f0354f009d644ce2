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
import socketserver
import stat
import subprocess
import tempfile
import threading
import unittest

import harness

COMMANDS = ["status", "probe", "incidents", "incident", "history", "uptime", "snapshot", "snapshot list", "snapshot pull", "snapshot capture",
            "snapshot verify", "snapshot key", "snapshot diff", "report", "symptom", "ack", "verify", "resolve", "silence",
            "silence add", "silence list", "silence expire", "sweep", "watch", "export", "replay", "test-alert"]
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def on_terminal(argv, columns=80, rows=24, env=None, limit=30, stdout=None):
    """(exit status, what was shown) of a program that has a terminal of this size; its stdout may be a file instead."""
    leader, follower = pty.openpty()
    subprocess.run(["stty", "-F", os.ttyname(follower), "rows", str(rows), "cols", str(columns)], check=True)
    process = subprocess.Popen([str(a) for a in argv], stdin=follower, stdout=stdout or follower, stderr=follower,
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


class AnotherDaemon:
    """Something else that listens on a control socket: answers each request with what `answer(path)` yields, piece by
    piece: the first piece is the header."""

    def __init__(self, case, answer):
        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                path = self.rfile.readline().decode().split()[1]
                while self.rfile.readline().strip():
                    pass
                try:
                    for piece in answer(path):
                        self.wfile.write(piece)
                except BrokenPipeError:
                    pass

        folder = tempfile.mkdtemp(prefix="readback-e2e-")
        case.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        self.socket = f"{folder}/control.sock"
        server = socketserver.ThreadingUnixStreamServer(self.socket, Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        case.addCleanup(server.server_close)
        case.addCleanup(server.shutdown)


def header(length, kind="application/json", status="200 OK"):
    return f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n".encode()


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
                self.assertEqual([line for line in done.stdout.splitlines() if len(line) > 80], [])
                # A name that fills its column has its words on the next line.
                for option in re.findall(r"^  \S.*(?:\n {20,}\S.*)*", done.stdout, re.M):
                    self.assertRegex(option.replace("\n", "  "), r"^  .*\S  +\S|REQUIRED +\S|=.*",
                                     "each option says what it is for")
        for program in (harness.CLIENT, harness.DAEMON):
            shown = subprocess.run([program, "--help"], capture_output=True, text=True, timeout=30).stdout
            self.assertEqual([line for line in shown.splitlines() if len(line) > 80], [])

    def test_a_command_that_is_not_there_is_answered_with_the_nearest(self):
        for words, meant in ((["statsu"], "status"), (["snapshot", "pul"], "pull"), (["silence", "lst"], "list")):
            with self.subTest(words):
                done = self.run_client(*words)
                self.assertEqual(done.returncode, 64)
                self.assertIn(f"there is no command {words[-1]}; did you mean {meant}?", done.stderr)

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


class Strangers(unittest.TestCase):
    """The client against daemons that are not as it expects, and work that takes long."""

    def setUp(self):
        folder = tempfile.mkdtemp(prefix="readback-e2e-")
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        self.directory = pathlib.Path(folder)

    def run_client(self, socket, *words):
        return subprocess.run([harness.CLIENT, "--socket", socket, *words], capture_output=True, text=True, timeout=60)

    def test_a_daemon_of_another_version_is_named_as_the_cause(self):
        for body in (b"{}", b'{"exit":"2"}', b"[]", b"<html>"):
            stranger = AnotherDaemon(self, lambda path: [header(len(body)), body])
            for words, status in ((["status"], 3), ([], 3), (["incidents"], 1), (["silence", "list"], 1)):
                with self.subTest(f"{body} {words}"):
                    done = self.run_client(stranger.socket, *words)
                    self.assertEqual(done.returncode, status, done.stderr)
                    self.assertIn("another version", done.stderr)

    def test_an_older_daemon_is_named(self):
        told = json.dumps({"status": "green", "exit": 0, "targets": [], "incidents": [], "daemon": {"version": "0.0.7"}}).encode()
        none = json.dumps({"title": "Not Found", "status": 404, "detail": "there is no such route; the OpenAPI file lists them all"}).encode()
        stranger = AnotherDaemon(self, lambda path: [header(len(told)), told] if path == "/v1/status" else [
            header(len(none), "application/problem+json", "404 Not Found"), none])
        done = self.run_client(stranger.socket, "status")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("readbackd is version 0.0.7", done.stdout)
        done = self.run_client(stranger.socket, "silence", "list")
        self.assertEqual(done.returncode, 1)
        self.assertIn("older", done.stderr)

    def test_a_daemon_that_hangs_up_in_the_middle(self):
        stranger = AnotherDaemon(self, lambda path: [header(1000), b"{"])
        for words, status in ((["status"], 3), (["incidents"], 69), (["snapshot", "pull", "-o", self.directory / "x"], 69)):
            with self.subTest(words):
                done = self.run_client(stranger.socket, *words)
                self.assertEqual(done.returncode, status, done.stderr)
                self.assertIn(stranger.socket, done.stderr)
        self.assertEqual(list(self.directory.iterdir()), [])

    def test_a_daemon_that_says_nothing_is_given_up(self):
        silent = threading.Event()
        self.addCleanup(silent.set)

        def answer(path):
            silent.wait(120)
            yield b""

        done = self.run_client(AnotherDaemon(self, answer).socket, "status")
        self.assertEqual(done.returncode, 3)
        self.assertIn("did not answer within", done.stderr)

    def test_with_json_a_failure_is_json_too(self):
        done = self.run_client("/nonexistent/control.sock", "--json", "incidents")
        self.assertEqual(done.returncode, 69)
        self.assertIn("/nonexistent/control.sock", json.loads(done.stdout)["detail"])
        problem = json.dumps({"title": "Not Found", "status": 404, "detail": "there is no such thing"}).encode()
        stranger = AnotherDaemon(self, lambda path: [header(len(problem), "application/problem+json", "404 Not Found"), problem])
        done = self.run_client(stranger.socket, "--json", "incidents")
        self.assertEqual((done.returncode, json.loads(done.stdout)["status"]), (1, 404))

    def large(self, kind, body):
        def answer(path):
            yield header(len(body), kind)
            for at in range(0, len(body), 1 << 18):
                yield body[at:at + (1 << 18)]
        return AnotherDaemon(self, answer).socket

    def assert_bar(self, argv, stdout=None):
        status, shown = on_terminal(argv, stdout=stdout)
        self.assertEqual(status, 0, shown)
        percents = [int(p) for p in re.findall(r"\[#* *\] +(\d+)% +\d+ MiB", shown)]
        self.assertGreater(len(percents), 3, shown)
        self.assertEqual(percents, sorted(percents))
        self.assertIn("\r\x1b[K", shown[shown.rindex("MiB"):], "the bar is gone at the end")

    def test_a_large_pull_shows_how_far_it_is(self):
        body = bytes(8 << 20)
        socket = self.large("application/zstd", body)
        argv = [harness.CLIENT, "--socket", socket, "snapshot", "pull", "latest", "-o", self.directory / "b.tar.zst"]
        self.assert_bar(argv)
        self.assertEqual((self.directory / "b.tar.zst").read_bytes(), body)
        done = subprocess.run(argv, capture_output=True, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, b""), "and nobody sees one who does not look")

    def test_a_long_export_and_replay_show_how_far_they_are(self):
        start, lines = 1_700_000_000, []
        import datetime
        for n in range(6000):
            at = datetime.datetime.fromtimestamp(start + n, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")
            lines.append(json.dumps({"at": at, "target": "fabric", "sweep": n, "read": "health", "ms": 1, "http": {
                "status": 200, "headers": {}, "body": json.dumps({"status": "ok", "padding": "x" * 1000})}}, separators=(",", ":")))
        body = ("\n".join(lines) + "\n").encode()
        since = datetime.datetime.fromtimestamp(start, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        argv = [harness.CLIENT, "--socket", self.large("application/jsonl", body), "export", "--since", since]
        reads = self.directory / "reads.jsonl"
        with reads.open("wb") as out:
            status, shown = on_terminal(argv, stdout=out)
        self.assertEqual((status, reads.read_bytes() == body), (0, True), shown)
        self.assertRegex(shown, r"\] +\d+% +\d+ MiB")
        with open(os.devnull, "wb") as out:
            self.assert_bar([harness.CLIENT, "replay", reads], stdout=out)
        self.assertNotIn("MiB", on_terminal([harness.CLIENT, "replay", reads])[1], "no bar into the result")

    def test_a_bundle_is_not_thrown_at_a_terminal(self):
        status, shown = on_terminal([harness.CLIENT, "--socket", "/nonexistent", "snapshot", "pull", "-o", "-"])
        self.assertEqual(status, 64)
        self.assertIn("-o", shown)

    def test_a_device_or_a_pipe_as_output_is_written_to_and_stays(self):
        pipe = self.directory / "pipe"
        os.mkfifo(pipe)
        reader = subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE)
        done = self.run_client(self.large("application/zstd", b"bundle"), "snapshot", "pull", "-o", pipe)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(reader.communicate(timeout=30)[0], b"bundle")
        self.assertTrue(stat.S_ISFIFO(pipe.stat().st_mode))

    def test_a_full_disk_and_a_pipe_that_nobody_reads_are_told_by_every_command(self):
        lines = b'{"at":"2026-11-23T03:00:00.000Z"}\n' * 20000  # more than a pipe holds
        socket = self.large("application/x-ndjson", lines)
        for words in (["export"], ["snapshot", "pull", "-o", "-"], ["--help"], ["--version"], ["status", "--help"]):
            with self.subTest(words), open("/dev/full", "wb") as full:
                done = subprocess.run([harness.CLIENT, "--socket", socket, *words], stdout=full, stderr=subprocess.PIPE, text=True,
                                      timeout=30)
                self.assertEqual(done.returncode, 1)
                self.assertEqual(done.stderr, "readback: stdout cannot be written: No space left on device\n")
        done = subprocess.run(["bash", "-c", f"'{harness.CLIENT}' --socket '{socket}' export | head -1; echo ${{PIPESTATUS[0]}}"],
                              capture_output=True, text=True, timeout=30)
        self.assertEqual(done.stdout.splitlines()[-1], "1")
        self.assertEqual(done.stderr, "readback: stdout cannot be written: Broken pipe\n")

    def test_what_cannot_be_written_is_no_success(self):
        socket = self.large("application/zstd", b"bundle")
        done = self.run_client(socket, "snapshot", "pull", "-o", self.directory / "no" / "such" / "folder")
        self.assertEqual(done.returncode, 1)
        self.assertIn("No such file or directory", done.stderr)
        listed = json.dumps({"incidents": []}).encode()
        with open("/dev/full", "wb") as full:
            done = subprocess.run([harness.CLIENT, "--socket", AnotherDaemon(self, lambda path: [header(len(listed)), listed]).socket,
                                   "incidents"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=30)
        self.assertEqual(done.returncode, 1)
        self.assertIn("No space left", done.stderr)

    def test_what_is_no_recording_is_said_briefly(self):
        text = self.directory / "words"
        text.write_text("no recording\n" * 5000)
        done = subprocess.run([harness.CLIENT, "replay", text], capture_output=True, text=True, timeout=30)
        self.assertEqual(done.returncode, 0, "bad lines are told and not fatal, unless --strict")
        self.assertLessEqual(len(done.stderr.splitlines()), 25)
        self.assertIn("5000 of 5000 lines could not be used", done.stderr)

    def test_an_address_that_is_none(self):
        done = subprocess.run([harness.CLIENT, "probe", "fabric.example:38080"], capture_output=True, text=True, timeout=30)
        self.assertEqual((done.returncode, done.stderr),
                         (64, "readback: fabric.example:38080 is no address: it begins with http://, https:// or unix:///\n"))


class Operator(harness.Case):
    def setUp(self):
        super().setUp()
        self.lived = self.world(target={"paths": [{"name": "checkout", "kind": "user", "url": "/app/checkout"}]})

    def test_json_everywhere(self):
        world = self.lived
        world.sim.fault("/health", "bad_gateway")
        incident = world.hook.wait("firing")["incident"]["id"]
        for words in (["status"], ["status", "--target", "fabric"], ["incidents"], ["incidents", "--all"],
                      ["incidents", "--since", "1h", "--target", "fabric", "--limit", "3"], ["history"], ["uptime"],
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
                    told = self.squeezed(shown)
                    self.assertNotIn("…", told.replace("--runbook…", ""), "nothing is cut")
                    if words not in (["status"], ["incidents"]):  # which change with each sweep and second
                        self.assertEqual(told, self.squeezed(on_terminal([harness.CLIENT, "--socket", world.daemon.socket, *words],
                                                                         200)[1]))

    def squeezed(self, shown):
        return re.sub(r"\s", "", ESCAPE.sub("", shown))

    def test_help_and_version_are_understood_as_words_too(self):
        run = lambda *words: subprocess.run([harness.CLIENT, *words], capture_output=True, text=True, timeout=30)
        for words, same in ((["help"], ["--help"]), (["help", "snapshot", "pull"], ["snapshot", "pull", "--help"]),
                            (["version"], ["--version"]), (["-V"], ["--version"])):
            with self.subTest(words):
                self.assertEqual(run(*words).stdout, run(*same).stdout)
                self.assertEqual(run(*words).returncode, 0)
        wrong = run("help", "statsu")
        self.assertEqual((wrong.returncode, wrong.stdout), (64, ""))
        self.assertIn("did you mean status?", wrong.stderr)

    def test_a_report_is_no_text_for_a_terminal(self):
        socket = self.lived.daemon.socket
        id = self.lived.daemon.json("snapshot", "capture")["id"]
        folder = self.directory / "reports"
        folder.mkdir()
        status, shown = on_terminal([harness.CLIENT, "--socket", socket, "report", "-o", "-"], 80)
        self.assertEqual(status, 64, shown)
        self.assertIn("-o", shown)
        here = os.getcwd()
        os.chdir(folder)
        try:
            status, shown = on_terminal([harness.CLIENT, "--socket", socket, "report"], 80)
        finally:
            os.chdir(here)
        self.assertEqual((status, shown.strip()), (0, f"readback-{id}.html"))
        self.assertTrue((folder / f"readback-{id}.html").read_text().lower().startswith("<!doctype html>"))
        piped = subprocess.run([harness.CLIENT, "--socket", socket, "report"], capture_output=True, text=True, timeout=30)
        self.assertTrue(piped.stdout.lower().startswith("<!doctype html>"))

    def test_a_pipe_gets_whole_sentences_and_columns_wraps_them(self):
        """Whoever searches the output finds a sentence, not the half of it that stood at the end of a line."""
        world = self.lived
        world.sim.fault("/health", "bad_gateway")
        page = world.hook.wait("firing")
        sentence = page["next_safe_step"]
        self.assertGreater(len(sentence), 80)
        lines = lambda columns: [line.strip() for line in world.daemon.client(
            "incident", page["incident"]["id"], env={"COLUMNS": columns}).text.splitlines()]
        for endless in ["", "0", "-3", "wide", "40x"]:
            self.assertIn(sentence, lines(endless), endless)
        self.assertNotIn(sentence, lines("40"))
        self.assertIn(sentence, " ".join(lines("40")))
        _, terminal = on_terminal([harness.CLIENT, "--socket", world.daemon.socket, "incident", page["incident"]["id"]], 60)
        self.assertNotIn(sentence, terminal)

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

    def test_a_bundle_is_named_after_its_id_and_no_pull_overwrites_another(self):
        world = self.lived
        self.assertIn("--all", world.daemon.client("incidents", expect=0).text)
        folder = self.directory / "pulled"
        folder.mkdir()
        for count in (1, 2):
            id = world.daemon.json("snapshot", "capture")["id"]
            done = subprocess.run([harness.CLIENT, "--socket", world.daemon.socket, "snapshot", "pull"], cwd=folder,
                                  capture_output=True, text=True, timeout=30)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertTrue((folder / f"readback-{id}.tar.zst").exists(), done.stdout)
            self.assertEqual(len(list(folder.iterdir())), count)

    def test_a_wrong_value_is_wrong_usage(self):
        for words, option in ((["silence", "add", "--for", "2x", "--reason", "r"], "--for"),
                              (["silence", "add", "--for", "2h", "--reason", "r", "--boundary", "moon"], "--boundary"),
                              (["symptom", "it hangs", "--extent", "huge"], "--extent"), (["history", "--since", "lately"], "--since"),
                              (["history", "--step", "week"], "--step"), (["uptime", "--month", "2026-13"], "--month"),
                              (["uptime", "--month", "2199-01"], "2199-01"), (["verify", "--wait", "soon"], "--wait"),
                              (["symptom", " "], "text")):
            with self.subTest(words):
                done = self.lived.daemon.client(*words, expect=64)
                self.assertIn(option, done.error_text)

    def test_verify_reads_again_before_it_says_anything_and_goes_on_after_the_end(self):
        world = self.lived
        world.sim.fault("/health", "bad_gateway")
        incident = world.hook.wait("firing")["incident"]["id"]
        before = world.daemon.status()["targets"][0]["sweeps_total"]
        done = world.daemon.client("verify", incident, expect=1)
        self.assertGreater(world.daemon.status()["targets"][0]["sweeps_total"], before)
        self.assertEqual(len(re.findall(r"^ \S [1-6]\. ", done.text, re.M)), 6, done.text)
        self.assertIn("Not yet: 5, 6 do not hold.", done.text)
        world.sim.ok("/health")
        world.hook.wait("recovered")
        self.assertIn("readback verify", world.daemon.client().text)
        world.hook.wait("resolved")
        done = world.daemon.client("verify", incident, expect=0)
        self.assertIn("Nothing is missing: it is resolved.", done.text)
        self.assertTrue(world.daemon.json("verify", "latest")["conditions_hold"])
        # The morning after: the hint that is shown can be followed.
        hint = re.search(r"readback resolve\s+(\S+) --runbook", done.text)[1]
        self.assertEqual(hint, incident)
        world.daemon.client("resolve", hint, "--runbook", "Check stack health", "--note", "the pool was full", expect=0)
        self.assertIn("Check stack health, attested by", world.daemon.client("incident", incident, expect=0).text)
        self.assertIn("resolved", world.daemon.client("ack", incident, expect=1).error_text)

    def test_watch_waits_for_a_daemon_that_is_started_anew(self):
        world = self.lived
        for json_too in ([], ["--json"]):
            with self.subTest(json_too):
                out = self.directory / f"watched{len(json_too)}"
                with out.open("wb") as file:
                    watch = subprocess.Popen([harness.CLIENT, "--socket", world.daemon.socket, *json_too, "watch"], stdout=file,
                                             stderr=subprocess.PIPE, text=True)
                self.addCleanup(watch.kill)
                lines = lambda: out.read_text().splitlines()
                harness.wait_until(lambda: len(lines()) >= 2, "sweeps")
                world.daemon.stop()
                seen = len(lines())
                world.daemon.start()
                harness.wait_until(lambda: len(lines()) >= seen + 2, lambda: f"sweeps again: {lines()}")
                watch.terminate()
                told = watch.communicate(timeout=10)[1].splitlines()
                self.assertEqual(len(told), 2, told)
                self.assertIn("trying again", told[0])
                self.assertEqual(told[1], "readback: the daemon answers again")
                if json_too:
                    kinds = [json.loads(line)["kind"] for line in lines()]
                    self.assertEqual(set(kinds), {"sweep", "reset"})
                    self.assertEqual(kinds.count("reset"), 1)

    def test_watch_is_plain_lines_when_nobody_looks(self):
        watch = subprocess.Popen([harness.CLIENT, "--socket", self.lived.daemon.socket, "watch"], stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE)
        self.addCleanup(watch.kill)
        first = watch.stdout.readline().decode()
        watch.terminate()
        out, _ = watch.communicate(timeout=10)
        self.assertNotIn("\x1b", first + out.decode())
        self.assertIn("fabric", first + out.decode())


class QuietNight(harness.Case):
    @unittest.skipUnless(shutil.which("tmux"), "tmux is not installed")
    def test_watch_follows_its_terminal_s_size_though_nothing_happens_and_says_that_the_daemon_is_gone(self):
        world = self.world(target={"interval": "1h"})
        name = f"readback-test-{os.getpid()}-size"
        tmux = lambda *words: subprocess.run(["tmux", "-L", name, *map(str, words)], capture_output=True, text=True, timeout=20)
        tmux("-f", "/dev/null", "new-session", "-d", "-x", 80, "-y", 24,
             f"'{harness.CLIENT}' --socket '{world.daemon.socket}' watch")
        self.addCleanup(tmux, "kill-server")
        shown = lambda: tmux("capture-pane", "-p").stdout
        harness.wait_until(lambda: "fabric: green" in shown() and "daemon" in shown(), shown)
        tmux("resize-window", "-x", 20, "-y", 10)
        harness.wait_until(lambda: 0 < max(map(len, shown().splitlines()), default=0) <= 20 and "fabric: green" in shown(), shown)
        world.daemon.stop()
        tmux("resize-window", "-x", 80, "-y", 24)
        harness.wait_until(lambda: "does not answer" in shown(), shown)
        world.daemon.start()
        harness.wait_until(lambda: "fabric: green" in shown() and "does not answer" not in shown(), shown)


if __name__ == "__main__":
    unittest.main()
