"""What the end-to-end tests share: the real programs, the simulated platform, a receiver of alerts, and waiting on
conditions with a limit. Everything that is started ends with the test that started it, by its own process id.

    class Story(harness.Case):
        def test_outage(self):
            world = self.world()                    # platform, receiver, daemon with a configuration
            world.sim.listener("refused")
            page = world.hook.wait(event="firing")  # one limit for all waits: harness.LIMIT
"""
import base64
import contextlib
import ctypes
import hashlib
import hmac
import http.client
import http.server
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("READBACK_BUILD", ROOT / ".build" / "release"))
DAEMON = BUILD / "readbackd"
MORTAL = BUILD / "tests" / "support" / "readbackd-mortal"  # the daemon that can die at a step, and whose clock can be moved
CLIENT = BUILD / "readback"
SIM = BUILD / "tests" / "support" / "readback-sim"
VERIFIER = ROOT / "tests" / "support" / "verify_runtime_materialization.py"
PYTHON = "/usr/bin/python3"
# A mistake of a configuration, and not what only another host has: the folder and the script of its check.
MISTAKE = r":\d+:\d+: (?!warning|the check \w+: the (?:folder|script) \S+ (?:is not there|cannot be read))"
LIMIT = float(os.environ.get("READBACK_TEST_LIMIT", "30"))  # seconds that a condition may take on a slow machine

_libc = ctypes.CDLL(None, use_errno=True)


def _die_with_parent():
    _libc.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: nothing outlives a killed test run


class Timeout(AssertionError):
    pass


def wait_until(condition, what, limit=None, every=0.02):
    """The condition's first true value. Fails with `what` (text or a function that makes one) after the limit."""
    end = time.monotonic() + (limit or LIMIT)
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Timeout(f"not within {limit or LIMIT:g} s: {what() if callable(what) else what}")
        time.sleep(every)


_taken = []  # the marks of the ports that this process was given


def _ports():
    """Those that the kernel gives to no connection, so that a server that starts later finds its port free still."""
    first, last = map(int, pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    return (10000, first) if first > 20000 else (last + 1, 65536) if last < 60000 else (10000, 65536)


def free_port():
    """A port of the loopback device on which nobody listens, and that no other test of this host is given as long as this
    one runs: its mark, a name in the kernel, ends with the process."""
    while True:
        port = random.randrange(*_ports())
        mark = socket.socket(socket.AF_UNIX)
        try:
            mark.bind(f"\0readback-test-port-{port}")
            with socket.socket() as s:
                s.bind(("127.0.0.1", port))
        except OSError:
            mark.close()
            continue
        _taken.append(mark)
        return port


def ask(port, path):
    """What the read-only pages say: a status and a text."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LIMIT)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def program(name):
    """Where a server of somebody else is; without it the test is left out."""
    found = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin")
    if not found:
        raise unittest.SkipTest(f"{name} is not installed (packaging/install-deps.sh --test)")
    return found


class Process:
    """A child with its output in files, ended by its own id."""

    def __init__(self, argv, directory, name, env=None, cwd=None):
        self.name = name
        self.out_path = pathlib.Path(directory) / f"{name}.out"
        self.err_path = pathlib.Path(directory) / f"{name}.err"
        self.out, self.err = open(self.out_path, "ab"), open(self.err_path, "ab")
        self.process = subprocess.Popen(
            [str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=self.out, stderr=self.err, cwd=cwd,
            env=None if env is None else {**os.environ, **env}, preexec_fn=_die_with_parent)

    @property
    def pid(self):
        return self.process.pid

    def running(self):
        return self.process.poll() is None

    def stdout(self):
        return self.out_path.read_text(errors="replace")

    def stderr(self):
        return self.err_path.read_text(errors="replace")

    def kill(self, how=signal.SIGKILL):
        if self.running():
            self.process.send_signal(how)

    def wait(self, limit=None):
        try:
            return self.process.wait(limit or LIMIT)
        except subprocess.TimeoutExpired:
            raise Timeout(f"{self.name} did not end within {limit or LIMIT:g} s\n{self.stderr()[-2000:]}") from None

    def stop(self, limit=10):
        """SIGTERM, then SIGKILL; the exit status."""
        if self.running():
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            try:
                self.process.wait(limit)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.out.close()
        self.err.close()
        return self.process.returncode


class Sim(Process):
    """The simulated platform (tests/support/platform)."""

    def __init__(self, directory, *options, name="sim"):
        super().__init__([SIM, "--die-with-parent", "--max-life", "1800", *options], directory, name)
        wait_until(lambda: "control " in self.stdout() or not self.running(), "the simulated platform starts")
        words = dict(line.split(" ", 1) for line in self.stdout().splitlines())
        if "listening" not in words:
            raise AssertionError(f"the simulated platform did not start: {self.stderr()}")
        self.url, self.control = words["listening"], words["control"]
        self.control_host = self.control.removeprefix("http://")

    def command(self, path, **body):
        connection = http.client.HTTPConnection(self.control_host, timeout=10)
        try:
            connection.request("POST", path, json.dumps(body))
            answer = connection.getresponse()
            text = answer.read()
            if answer.status != 200:
                raise AssertionError(f"the simulated platform refused {path} {body}: {text.decode()}")
        finally:
            connection.close()

    def ask(self, path):
        connection = http.client.HTTPConnection(self.control_host, timeout=10)
        try:
            connection.request("GET", path)
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    def fault(self, route, fault, **more):
        self.command("/fault", route=route, fault=fault, **more)

    def ok(self, route):
        self.fault(route, "ok")

    def mood(self, **what):
        self.command("/mood", **what)

    def listener(self, mode):
        self.command("/listener", mode=mode)

    def reset(self):
        self.command("/reset")

    def stats(self):
        return self.ask("/stats")

    def log(self, since=0):
        return self.ask(f"/log?since={since}")["requests"]

    def reads(self, route):
        return self.stats()["routes"].get(route, 0)


class Received(dict):
    """One request to the receiver: method, path, headers, body (bytes), json (or None), at (monotonic)."""
    __getattr__ = dict.__getitem__


class Receiver:
    """A webhook receiver that records every request and answers as programmed.

    `program` is a list that is used up, one entry a request, then `default`: an int (status), a dict (status, headers,
    body), bytes (sent as they are, then it hangs up), "hang" (reads, never answers), "close" (reads, hangs up), or a
    function of the request returning one of these.
    """

    def __init__(self, secret=None, default=204, address="127.0.0.1", port=0):
        self.secret, self.default, self.program = secret, default, []
        self.requests, self.lock, self.changed = [], threading.Lock(), threading.Condition()
        self.closing = threading.Event()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length) if length else b""
                try:
                    parsed = json.loads(body) if body else None
                except ValueError:
                    parsed = None
                request = Received(method=self.command, path=self.path, headers=dict(self.headers.items()), body=body,
                                   json=parsed, at=time.monotonic(), wall=time.time())
                with receiver.changed:
                    answer = receiver.program.pop(0) if receiver.program else receiver.default
                    if callable(answer):
                        answer = answer(request)
                    request["answer"] = answer
                    receiver.requests.append(request)
                    receiver.changed.notify_all()
                if answer == "hang":
                    receiver.closing.wait(600)
                    self.close_connection = True
                    return
                if answer == "close":
                    self.close_connection = True
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                if isinstance(answer, bytes):
                    self.close_connection = True
                    self.wfile.write(answer)
                    return
                if isinstance(answer, int):
                    answer = {"status": answer}
                payload = answer.get("body", b"")
                payload = payload.encode() if isinstance(payload, str) else payload
                self.send_response(answer["status"])
                for name, value in answer.get("headers", {}).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            do_POST = do_GET = do_HEAD = do_PUT = do_DELETE = handle_any

            def log_message(self, *args):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, request, address):
                pass  # a killed daemon hangs up in the middle; that is what the test is about

        self.server = Server((address, port), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://{address}:{self.port}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()

    def close(self):
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(10)

    def seen(self, event=None, boundary=None, accepted=False):
        """The recorded events, oldest first; `accepted` leaves out what was answered with an error."""
        with self.lock:
            requests = list(self.requests)
        result = []
        for r in requests:
            body = r.json
            if not isinstance(body, dict) or "event" not in body:
                continue
            if event and body["event"] != event:
                continue
            if boundary and (body.get("incident") or {}).get("boundary") != boundary:
                continue
            if accepted and not (isinstance(r.answer, int) and r.answer < 300):
                continue
            result.append(r)
        return result

    def wait(self, event=None, boundary=None, count=1, limit=None):
        """The `count`-th recorded event of the kind, as its JSON."""
        wait_until(lambda: len(self.seen(event, boundary)) >= count,
                   lambda: f"{count} x {event or 'any event'} {boundary or ''}; seen: {self.told()}", limit)
        return self.seen(event, boundary)[count - 1].json

    def told(self):
        return [(r.json["event"], (r.json.get("incident") or {}).get("boundary")) for r in self.seen()]


def signature_holds(request, secret):
    """Standard Webhooks 1.0: v1,<base64 HMAC-SHA256 of id.timestamp.body>, any of the space-separated ones."""
    headers = {k.lower(): v for k, v in request.headers.items()}
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + request.body
    want = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return any(hmac.compare_digest(want, got) for got in headers["webhook-signature"].split())


def new_secret(text="readback-test-signing-key-000001"):
    return "whsec_" + base64.b64encode(text.encode()).decode()


class Daemon:
    """readbackd with a configuration, a state folder and a socket of its own; may be killed and started again."""

    def __init__(self, directory, config, env=None):
        self.directory = pathlib.Path(directory)
        self.config_path = self.directory / "readback.yaml"
        self.socket = self.directory / "control.sock"
        self.state = self.directory / "state"
        self.program, self.env, self.process, self.starts = DAEMON, env or {}, None, 0
        self.configure(config)

    def configure(self, config):
        """`config` is the mapping of the configuration (JSON is YAML); control, store and log are filled in."""
        config = dict(config)
        config.setdefault("control", {"socket": str(self.socket)})
        config.setdefault("store", {"path": str(self.state)})
        config.setdefault("log", {"level": "debug", "format": "text"})
        self.config_path.write_text(json.dumps(config, indent=1))

    def start(self, wait=True, wrapper=()):
        self.starts += 1
        self.state.mkdir(mode=0o700, exist_ok=True)
        self.process = Process([*wrapper, self.program, "--config", self.config_path], self.directory,
                               f"readbackd-{self.starts}", env=self.env)
        if wait:
            wait_until(lambda: self.answers() or not self.process.running(),
                       lambda: f"readbackd answers on its socket\n{self.log()[-3000:]}")
            if not self.process.running():
                raise AssertionError(f"readbackd ended with {self.process.process.returncode}\n{self.log()[-3000:]}")
        return self

    def answers(self):
        try:
            return self.get("/v1/status")[0] == 200
        except OSError:
            return False

    def log(self):
        return self.process.stderr() + self.process.stdout() if self.process else ""

    def kill(self):
        self.process.kill()
        self.process.wait()

    def reload(self):
        self.process.process.send_signal(signal.SIGHUP)

    def stop(self):
        return self.process.stop() if self.process else None

    def request(self, method, path, body=None):
        """(status, bytes) over the control socket."""
        connection = http.client.HTTPConnection("localhost", timeout=LIMIT)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(LIMIT)
        try:
            connection.sock.connect(str(self.socket))
            connection.request(method, path, None if body is None else json.dumps(body),
                               {} if body is None else {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        except http.client.HTTPException as error:
            raise OSError(str(error)) from error
        finally:
            connection.close()

    def get(self, path):
        return self.request("GET", path)

    def status(self):
        """The published view (`GET /v1/status`)."""
        return json.loads(self.get("/v1/status")[1])

    def client(self, *words, expect=None, env=None):
        """Runs `readback`; the finished process. `expect` is the exit code it must have."""
        done = subprocess.run([str(CLIENT), "--socket", str(self.socket), *[str(w) for w in words]],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=LIMIT * 2,
                              env={**os.environ, **(env or {})}, preexec_fn=_die_with_parent)
        done.text, done.error_text = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
        if expect is not None and done.returncode != expect:
            raise AssertionError(f"readback {' '.join(map(str, words))}: exit {done.returncode}, expected {expect}\n"
                                 f"{done.text}\n{done.error_text}\n{self.log()[-3000:]}")
        return done

    def json(self, *words, expect=0):
        return json.loads(self.client("--json", *words, expect=expect).text)


def fast_target(base_url, **more):
    """A target at test speed: a sweep every half second, bursts of 100 ms, and a budget that does not hold them up."""
    target = {"name": "fabric", "base_url": base_url, "interval": "500ms", "timeout": "2s", "jitter": "0%",
              "request_budget": "6000/min", "confirm": {"failures": 3, "spacing": "100ms", "recoveries": 3}}
    target.update(more)
    return target


def check_at(folder, **more):
    """The materialization check over a folder made by `materialized`."""
    return {"materialization": {"role": "materialization", "cwd": str(folder), "interval": "1s", "timeout": "5s",
                                "command": [PYTHON, "./scripts/verify_runtime_materialization.py", "--check"], **more}}


def materialized(folder):
    """A checkout whose repo truth and runtime truth agree; write below `runtime/` to make it drift."""
    folder = pathlib.Path(folder)
    for side in ("repo", "runtime"):
        for name, text in {"compose/docker-compose.v2.yml": "services:\n  jhf-fabric-api:\n    image: fabric:2026.11.3\n",
                           "env/fabric.env": "FABRIC_MODE=observe_only\n"}.items():
            path = folder / side / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    (folder / "scripts").mkdir(exist_ok=True)
    shutil.copy(VERIFIER, folder / "scripts" / VERIFIER.name)
    folder.chmod(0o755)
    return folder


class Clock:
    """The wall clock of a daemon, which the test may move while it runs (tests/support/wall_shift.cpp)."""

    def __init__(self, path, daemon):
        self.path, self.ahead = pathlib.Path(path), 0
        daemon.program, daemon.env = MORTAL, {**daemon.env, "READBACK_CLOCK": str(self.path)}
        self.move(0)

    def move(self, seconds):
        """To this far ahead of the host's clock; less than zero is behind."""
        self.ahead = seconds
        fresh = self.path.with_suffix(".new")
        fresh.write_text(f"{int(seconds * 1000)} ms\n")
        fresh.replace(self.path)


class World:
    pass


class Case(unittest.TestCase):
    """A test with a folder of its own and helpers that clean up after themselves."""

    maxDiff = None

    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="readback-e2e-"))
        self.directory.chmod(0o755)
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.daemons = []

    def sim(self, *options, name="sim"):
        sim = Sim(self.directory, *options, name=name)
        self.addCleanup(sim.stop)
        return sim

    def receiver(self, **options):
        receiver = Receiver(**options)
        self.addCleanup(receiver.close)
        return receiver

    def spawn(self, argv, name, **options):
        process = Process(argv, self.directory, name, **options)
        self.addCleanup(process.stop)
        return process

    def daemon(self, config, name="daemon", env=None):
        folder = self.directory / name
        folder.mkdir()
        daemon = Daemon(folder, config, env)
        self.daemons.append(daemon)
        self.addCleanup(daemon.stop)
        return daemon

    def seeing(self, binds):
        """What to start a program with, so that in a mount namespace of its own it sees these files or folders in place of
        those."""
        mounts = [f"mount --bind {shown} {place}" for place, shown in binds.items()]
        wrapper = ["unshare", "--mount", *(["--map-root-user"] if os.getuid() else []), "sh", "-c",
                   " && ".join(mounts) + ' && exec "$@"', "sh"]
        if subprocess.run([*wrapper, "true"], capture_output=True).returncode != 0:
            self.skipTest("this host lets nobody make a mount namespace")
        return wrapper

    def world(self, start=True, sim=None, sinks=None, target=None, **top):
        """Platform, receiver and daemon, wired to each other, the daemon started and green."""
        world = World()
        world.sim = sim or self.sim()
        world.secret = new_secret()
        world.hook = self.receiver(secret=world.secret)
        config = {"environment": "test", "targets": [fast_target(world.sim.url, **(target or {}))],
                  "alerts": {"sinks": sinks or [{"name": "hook", "type": "webhook", "url": world.hook.url + "/alerts",
                                                 "secret": world.secret}]},
                  "resolution": {"settle": "1s"}}
        config.update(top)
        world.config = config
        world.daemon = self.daemon(config)
        if start:
            world.daemon.start()
            self.wait_green(world.daemon)
        return world

    def wait_green(self, daemon, limit=None):
        wait_until(lambda: daemon.status()["exit"] == 0,
                   lambda: f"status is green\n{json.dumps(daemon.status(), indent=1)}\n{daemon.log()[-3000:]}", limit)

    def run(self, result=None):
        """A failing test shows the logs of its daemons: the folder is gone afterwards."""
        before = len(result.failures) + len(result.errors) if result is not None else 0
        self._logs = ""
        outcome = super().run(result)
        if result is not None and len(result.failures) + len(result.errors) > before and self._logs:
            print(f"--- {self.id()}\n{self._logs}", file=sys.stderr)
        return outcome

    def tearDown(self):
        logs = []
        for daemon in self.daemons:
            if daemon.process:
                with contextlib.suppress(OSError):
                    logs.append(f"[{daemon.directory.name}] " + daemon.log()[-6000:])
        self._logs = "\n".join(logs)
