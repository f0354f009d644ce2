#!/usr/bin/python3
"""What Readback costs, measured on this machine beside a bare libcurl client in the same run.

    tests/bench/bench.py                    all of it, some eight minutes
    tests/bench/bench.py cpu page start …   only these: cpu, instructions, monit, fleet, page, storm, start, store,
                                            churn, client

Prints one line a figure. Nothing here passes or fails: a figure that depends on the machine is no test.
"""
import contextlib
import datetime
import http.server
import json
import pathlib
import random
import shutil
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import harness  # noqa: E402
import instructions  # noqa: E402

RECEIVER = harness.BUILD / "tests" / "bench" / "bench_receiver"
CURL = harness.BUILD / "tests" / "bench" / "bench_curl"
ROUTES = ["/health", "/api/v1/platform/services", "/api/v1/observability/readiness", "/api/v1/security/readiness"]


def told(figure, value, note=""):
    print(f"{figure:<58} {value:>14}  {note}", flush=True)


def spread(values, unit="ms"):
    values = sorted(values)
    at = lambda q: values[min(len(values) - 1, int(q * len(values)))]
    return f"median {statistics.median(values):.2f}, p99 {at(0.99):.2f}, most {values[-1]:.2f} {unit}, {len(values)} runs"


def cpu_seconds(pid):
    """Of all its threads, as the scheduler has counted them to the nanosecond: the ticks of /proc/PID/stat are samples, and
    miss who runs for a moment and sleeps again."""
    return sum(int((task / "schedstat").read_text().split()[0]) for task in pathlib.Path(f"/proc/{pid}/task").iterdir()) / 1e9


def memory(pid):
    words = pathlib.Path(f"/proc/{pid}/status").read_text()
    at = lambda key: int(words.split(key + ":")[1].split()[0]) / 1024
    return at("VmRSS"), at("RssAnon")


class Bench:
    def __init__(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="rb-"))
        self.running, self.count = [], 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for each in reversed(self.running):
            each.stop() if hasattr(each, "stop") else each.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    def sim(self):
        made = harness.Sim(self.directory, name=f"sim{len(self.running)}")
        self.running.append(made)
        return made

    def daemon(self, start=True, **config):
        self.count += 1
        folder = self.directory / f"d{self.count}"
        folder.mkdir()
        config.setdefault("log", {"level": "warning", "format": "text"})
        made = harness.Daemon(folder, {"environment": "bench", **config})
        if start:
            made.start()
            self.running.append(made)
        return made


def bench_cpu(b):
    """CPU time of a read: fresh connection, answer judged, recorded on disk; beside libcurl throwing it away."""
    sim = b.sim()
    targets = [{"name": f"t{i}", "base_url": sim.url, "interval": "2s", "request_budget": "200/min"} for i in range(100)]
    daemon = b.daemon(targets=targets)
    seconds = 20
    pid = daemon.process.pid
    sweeps = lambda: swept_by(daemon)
    harness.wait_until(lambda: sweeps() > 200, "the start is over")
    before, swept, begin = cpu_seconds(pid), sweeps(), time.monotonic()
    while time.monotonic() < begin + seconds:
        time.sleep(0.5)
    reads = (sweeps() - swept) * len(ROUTES)
    per_thousand = (cpu_seconds(pid) - before) / reads * 1e6
    wall = time.monotonic() - begin
    curl = [float(subprocess.run([CURL, str(reads // 3), *(sim.url + r for r in ROUTES)], capture_output=True,
                                 text=True).stdout.split()[0]) for _ in range(3)]
    told("CPU, 1,000 reads of Readback", f"{per_thousand:.0f} ms", f"{reads} reads in {wall:.0f} s, judged and recorded")
    told("CPU, 1,000 reads of bare libcurl", f"{statistics.median(curl):.0f} ms", "fresh connections, thrown away")
    told("ratio", f"{per_thousand / statistics.median(curl):.2f}")
    rss, anon = memory(pid)
    told("resident memory, 100 targets", f"{rss:.1f} MiB", f"of it anonymous {anon:.1f}")


def bench_instructions(b):
    """What a read costs in user space, counted by valgrind: the same on every machine, whatever else it does."""
    if not shutil.which("valgrind"):
        return told("instructions", "", "valgrind is not installed")
    for name, count in instructions.measure(b.directory).items():
        told(f"instructions, {name}", f"{count:,}", "40 targets, simulated platform")


MONIT = """set daemon 5
set pidfile {folder}/monit.pid
set statefile {folder}/monit.state
set idfile {folder}/monit.id
set logfile {folder}/monit.log
{checks}
"""


def bench_monit(b):
    """1,000 endpoints every 5 s: Readback judges and records each answer, Monit looks at its status."""
    monit = shutil.which("monit")
    if not monit:
        return told("Monit", "", "is not installed; Gatus is none of Debian's packages")
    sim, other_sim, seconds = b.sim(), b.sim(), 40
    targets = [{"name": f"t{i}", "base_url": sim.url, "interval": "5s", "request_budget": "200/min"} for i in range(250)]
    daemon = b.daemon(targets=targets)
    folder = b.directory / "monit"
    folder.mkdir()
    port = other_sim.url.rsplit(":", 1)[1]
    checks = "\n".join(
        f"check host h{i}-{n} with address 127.0.0.1\n"
        f'  if failed port {port} protocol http request "{route}" status = 200 then alert'
        for i in range(250) for n, route in enumerate(ROUTES))
    config = folder / "monitrc"
    config.write_text(MONIT.format(folder=folder, checks=checks))
    config.chmod(0o600)
    other = subprocess.Popen([monit, "-I", "-c", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time.sleep(15)  # both are past their start
        pids = {"Readback": (daemon.process.pid, sim), "Monit": (other.pid, other_sim)}
        now = lambda: {name: (cpu_seconds(pid), asked.stats()["requests"]) for name, (pid, asked) in pids.items()}
        before = now()
        time.sleep(seconds)
        after, per_thousand = now(), {}
        for name in pids:
            used, reads = (after[name][i] - before[name][i] for i in range(2))
            per_thousand[name] = used / reads * 1e6
            told(f"CPU, 1,000 reads of {name}", f"{per_thousand[name]:.0f} ms",
                 f"{reads} reads in {seconds} s; resident {memory(pids[name][0])[0]:.0f} MiB")
        told("ratio", f"{per_thousand['Readback'] / per_thousand['Monit']:.2f}")
    finally:
        other.terminate()
        other.wait()


def many_targets(b, sim, count, sweeps=1, **config):
    """A daemon that has swept each of them so often."""
    daemon = b.daemon(start=False, targets=[{"name": f"t{i}", "base_url": sim.url} for i in range(count)], **config)
    text = json.loads(daemon.config_path.read_text())
    daemon.config_path.write_text(json.dumps(text, separators=(",", ":")).replace('":', '": '))  # YAML wants the blank
    daemon.start()
    b.running.append(daemon)
    harness.wait_until(lambda: swept_by(daemon) >= count * sweeps, "each was swept", limit=240, every=5)
    return daemon


def swept_by(daemon):
    return sum(t["sweeps_total"] for t in daemon.status()["targets"])


def loop_lag(daemon):
    """Milliseconds of a request that the loop answers without any work: how long it was busy."""
    asked = time.monotonic()
    daemon.request("GET", "/v1/nothing")
    return (time.monotonic() - asked) * 1000


def bench_fleet(b):
    """5,000 targets every 30 s, 667 reads a second: how much of one core, how late the loop; and when all fail at once."""
    sim = b.sim()
    daemon = many_targets(b, sim, 5000)
    pid = daemon.process.pid
    swept = lambda: swept_by(daemon)

    def load(what, seconds=60):
        first, before, begin, lags = swept(), cpu_seconds(pid), time.monotonic(), []
        while time.monotonic() < begin + seconds:
            lags.append(loop_lag(daemon))
            time.sleep(0.1)
        wall, used = time.monotonic() - begin, cpu_seconds(pid) - before
        told(f"5,000 targets, {what}: of one core", f"{used / wall * 100:.0f} %", f"{(swept() - first) * 4 / wall:.0f} reads/s")
        told(f"5,000 targets, {what}: lag of the loop", "", spread(lags))

    load("all well")
    for route in ROUTES:
        sim.fault(route, "not_ready")
    time.sleep(35)
    load("all failing")
    told("5,000 targets: resident memory", f"{memory(pid)[0]:.0f} MiB")


class Pager:
    """Takes the time of the first byte of each request, answers 204 and hangs up."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.got, self.changed = [], threading.Condition()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            data, at = peer.recv(1 << 20), time.time()
            while b"\r\n\r\n" not in data:
                data += peer.recv(1 << 20)
            head, body = data.split(b"\r\n\r\n", 1)
            length = next(int(l.split(b":")[1]) for l in head.split(b"\r\n") if l.lower().startswith(b"content-length"))
            while len(body) < length:
                body += peer.recv(1 << 20)
            peer.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
            peer.close()
            with self.changed:
                self.got.append((at, json.loads(body)))
                self.changed.notify_all()

    def close(self):
        self.listener.close()

    def nth(self, event, n):
        def found():
            all_ = [g for g in self.got if g[1]["event"] == event]
            return all_[n] if len(all_) > n else None
        return harness.wait_until(found, f"{event} {n}", every=0.005)


def bench_page(b, rounds=20):
    """From the last request of the confirming sweep, as the platform saw it, to the first byte of the page, the snapshot
    sealed between. Our own records have milliseconds only, twice rounded down: one more than there is."""
    sim, pager = b.sim(), Pager()
    b.running.append(pager)
    daemon = b.daemon(
        targets=[{"name": "fabric", "base_url": sim.url, "interval": "1s", "jitter": "0%", "request_budget": "6000/min",
                  "confirm": {"failures": 2, "spacing": "100ms", "recoveries": 2}}],
        resolution={"settle": "100ms"}, alerts={"sinks": [{"name": "hook", "type": "webhook", "url": pager.url + "/"}]})
    took = []
    for n in range(rounds):
        sim.fault("/health", "bad_gateway")
        at, page = pager.nth("firing", n)
        asked = [datetime.datetime.fromisoformat(r["at"]).timestamp() for r in sim.log()]
        took.append((at - max(a for a in asked if a <= at)) * 1000)
        assert page["incident"]["confirmed_at"]
        sim.ok("/health")
        pager.nth("resolved", n)
    told("last request of the confirming sweep -> page", f"{statistics.median(took):.1f} ms", spread(took))


class Receiver:
    """bench_receiver on a port of its own: takes whatever comes, and counts it. Away until start()."""

    def __init__(self):
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.url, self.process = f"http://127.0.0.1:{self.port}/", None

    def start(self):
        self.process = subprocess.Popen([RECEIVER, str(self.port)], stdout=subprocess.PIPE)
        self.process.stdout.readline()
        return self

    def counted(self):
        with urllib.request.urlopen(self.url) as answer:
            return json.load(answer)

    def close(self):
        if self.process:
            self.process.kill()
            self.process.communicate()


def bench_storm(b, count=5000, rows=10000):
    """Thousands of targets of 30 s, watched for a while, fail at once, by an outage, then in two boundaries each: until
    the last page. And a sink that comes back to a backlog."""
    storm(b, count, "bad_gateway", 1)
    storm(b, count, "not_ready", 2)
    drain(b, b.sim(), rows)


def storm(b, count, fault, pages):
    sim, pager = b.sim(), Receiver().start()
    b.running.append(pager)
    daemon = many_targets(b, sim, count, 4, alerts={"sinks": [{"name": "hook", "type": "webhook", "url": pager.url}]})
    pid = daemon.process.pid
    used, begin, lags, most = cpu_seconds(pid), time.monotonic(), [], 0
    for route in ROUTES:
        sim.fault(route, fault)
    while time.monotonic() < begin + 240 and (len(lags) % 10 or pager.counted()["posts"] < count * pages):
        lags.append(loop_lag(daemon))
        most = max(most, memory(pid)[0])
        time.sleep(0.1)
    seen, wall = pager.counted(), time.monotonic() - begin
    what = f"{count} targets fail at once, {pages} page{'s' * (pages > 1)} each"
    sealed = len(list((daemon.state / "snapshots").glob("*.tar.zst")))
    told(f"{what}: until the last page", f"{seen['last'] - begin:.1f} s",
         f"{seen['posts']} pages, {sealed} snapshots, {seen['connections']} connections")
    told(f"{what}: of one core", f"{(cpu_seconds(pid) - used) / wall * 100:.0f} %")
    told(f"{what}: lag of the loop", "", spread(lags))
    told(f"{what}: resident memory", f"{most:.0f} MiB", "the most until then")
    daemon.stop()
    sim.stop()


def drain(b, sim, rows):
    """Pages and their resolves of half an hour: one that was not delivered, copied into a store that lies still."""
    pager = Receiver()
    b.running.append(pager)
    daemon = b.daemon(targets=[{"name": "fabric", "base_url": sim.url, "interval": "5s", "confirm": {"failures": 1}}],
                      alerts={"sinks": [{"name": "hook", "type": "webhook", "url": pager.url}]})
    for route in ROUTES:
        sim.fault(route, "not_ready")
    harness.wait_until(lambda: daemon.status()["sinks"][0]["depth"], "a page that waits")
    daemon.stop()
    first, step = int((time.time() - 1800) * 1000), 1500_000 // rows
    number, created = "((i+1)/2)", f"{first}+i*{step}"
    same = "minimal_body,content_type,opened_body,state,attempts,minimal,last_status,last_detail,done_at,done_by"
    count = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<{rows}) "
    with contextlib.closing(sqlite3.connect(f"{daemon.state}/readback.db")) as db:
        db.execute(f"{count} INSERT INTO outbox(event_id,incident,key,sink,target,body,kind,mark,created,next_attempt,{same}) "
                   f"SELECT event_id||i,incident||{number},key||{number},sink,target,body,iif(i%2,kind,'resolved'),"
                   f"2-i%2,{created},{created},{same} FROM outbox, n WHERE state=0 ORDER BY i")
        db.execute(f"{count} INSERT INTO opened SELECT sink,incident||{number},key||{number},target,body,{created},"
                   f"{created}+{step} FROM opened, n WHERE i%2")
        db.commit()
    pager.start()
    daemon.start()
    b.running.append(daemon)
    used, pid = cpu_seconds(daemon.process.pid), daemon.process.pid
    lags = []
    while pager.counted()["posts"] < rows and len(lags) < 3000:
        lags.append(loop_lag(daemon))
        time.sleep(0.05)
    seen = pager.counted()
    rate = (seen["posts"] - 1) / (seen["last"] - seen["first"])
    told(f"a backlog of {rows} rows leaves", f"{rate:.0f} rows/s", f"{seen['connections']} connections, "
         f"{(cpu_seconds(pid) - used) / seen['posts'] * 1e3:.2f} ms of CPU a row")
    told(f"a backlog of {rows} rows: lag of the loop", "", spread(lags))


def bench_start(b):
    """From the start of the process to the first request that reaches the platform."""
    took = []
    for _ in range(10):
        listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        daemon = b.daemon(start=False, targets=[
            {"name": "fabric", "base_url": f"http://127.0.0.1:{listener.getsockname()[1]}"}])
        begin = time.monotonic()
        daemon.start(wait=False)
        listener.accept()[0].close()
        took.append((time.monotonic() - begin) * 1000)
        daemon.stop()
        listener.close()
    told("start -> first connection to the platform", f"{statistics.median(took):.0f} ms", spread(took))


class BusyPlatform(http.server.BaseHTTPRequestHandler):
    """Answers of 2 KB in which stamps, ids, counters and measurements are new each time, as are their headers."""
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # headers and body leave together
    SERVICES = ["postgres", "gateway", "scheduler", "identity", "billing", "search"]
    counts = {name: random.randrange(10**6) for name in SERVICES}

    def service(self, name):
        self.counts[name] += random.randrange(500)
        return {"name": name, "status": "up", "owner_repo": f"helpifyr/{name}",
                "runbook": f"https://docs.helpifyr.com/operations/{name}", "checked_at": self.stamp(),
                "latency_ms": round(random.uniform(1, 90), 6), "requests_total": self.counts[name],
                "detail": "accepting connections, replication is in order, no failover in progress"}

    @staticmethod
    def stamp():
        return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="microseconds")

    def do_GET(self):
        body = {"status": "ok", "generated_at": self.stamp(), "request_id": str(uuid.uuid4()),
                "trace": f"req-{random.randrange(10**7)}", "version": "1.14.2",
                "services": [self.service(name) for name in self.SERVICES], "blockers": [], "warnings": []}
        text = json.dumps(body).encode()
        self.send_response(200)
        for name, value in {"Content-Type": "application/json", "Content-Length": len(text),
                            "X-Request-Id": str(uuid.uuid4()), "ETag": f'"{random.getrandbits(64):016x}"'}.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def busy_platform():
    class Server(http.server.ThreadingHTTPServer):
        daemon_threads, request_queue_size = True, 128
        def handle_error(self, *_):
            pass  # the daemon was stopped
    server = Server(("127.0.0.1", 0), BusyPlatform)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()


def twenty_targets(b, url):
    return b.daemon(targets=[{"name": f"t{i}", "base_url": url, "interval": "1s", "jitter": "0%",
                              "request_budget": "6000/min"} for i in range(20)])


def database_size(daemon):
    with contextlib.closing(sqlite3.connect(f"file:{daemon.state}/readback.db?mode=ro", uri=True)) as db:
        return db.execute("pragma page_count").fetchone()[0] * db.execute("pragma page_size").fetchone()[0]


def read_costs(daemons, sweeps=600):
    """Of each: reads, bytes on disk and CPU seconds from the tenth round of sweeps to `sweeps` later, all at one time."""
    def now(daemon):
        return swept_by(daemon), database_size(daemon), cpu_seconds(daemon.process.pid)
    for daemon in daemons:
        harness.wait_until(lambda d=daemon: swept_by(d) > 200, "a first filling")
    before = [now(daemon) for daemon in daemons]
    for daemon, (first, *_) in zip(daemons, before):
        harness.wait_until(lambda d=daemon, f=first: swept_by(d) > f + sweeps, "thirty seconds of sweeps", limit=120)
    after = [now(daemon) for daemon in daemons]
    for daemon in daemons:
        daemon.stop()
    return [((t[0] - f[0]) * len(ROUTES), t[1] - f[1], t[2] - f[2]) for f, t in zip(before, after)]


def bench_store(b):
    """Bytes on disk for a read of the simulated platform, where some bodies carry a stamp that is new in each sweep."""
    (reads, size, _), = read_costs([twenty_targets(b, b.sim().url)])
    told("store, each read, some bodies with a new stamp", f"{size / reads:.0f} bytes", f"{reads} reads")


def bench_churn(b):
    """Bodies of 2 KB in which all is new that may be, beside those of the simulated platform: disk and CPU of a read."""
    with busy_platform() as url:
        costs = read_costs([twenty_targets(b, b.sim().url), twenty_targets(b, url)])
    (reads, size, used), (busy_reads, busy_size, busy_used) = costs
    told("store, each read, 2 KB with much that is new", f"{busy_size / busy_reads:.0f} bytes",
         f"{busy_reads} reads; {busy_size / busy_reads / (size / reads):.1f} times one of the simulated platform")
    told("CPU, each read, 2 KB with much that is new", f"{busy_used / busy_reads * 1e6:.0f} us",
         f"{busy_used / busy_reads / (used / reads):.1f} times one of the simulated platform")


def bench_client(b):
    """What the operator waits for."""
    sim = b.sim()
    daemon = b.daemon(targets=[{"name": "fabric", "base_url": sim.url}])
    def timed(run, rounds=20):
        took = []
        for _ in range(rounds):
            begin = time.monotonic()
            run()
            took.append((time.monotonic() - begin) * 1000)
        return took
    told("readback --version", "", spread(timed(lambda: subprocess.run([harness.CLIENT, "--version"], capture_output=True))))
    told("readback status", "", spread(timed(lambda: daemon.client("status"))))
    told("GET /v1/status on the socket", "", spread(timed(lambda: daemon.get("/v1/status"), 200)))


def main():
    known = {name.removeprefix("bench_"): run for name, run in globals().items() if name.startswith("bench_")}
    for name in sys.argv[1:] or known:
        if name not in known:
            sys.exit(f"bench: no such figure: {name}; there are {', '.join(known)}")
        with Bench() as b:
            known[name](b)


if __name__ == "__main__":
    main()
