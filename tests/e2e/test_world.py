"""The simulated world held against the real thing: a schedule of readback-world is played on the real daemon, with the
simulated platform, a real receiver, kill -9 and a small disk that fills up, and every receiver hears the same of every
incident.

A few seeds belong to the ordinary run. READBACK_WORLD_SEEDS=200 plays so many (from READBACK_WORLD_FROM),
READBACK_WORLD_JOBS of them at once.
"""
import concurrent.futures
import contextlib
import json
import os
import subprocess
import time

import harness

LONG = True

WORLD = harness.BUILD / "tests" / "sim" / "readback-world"
ROUTES = ["/health", "/api/v1/platform/services", "/api/v1/observability/readiness", "/api/v1/security/readiness"]
ANSWERS = {"P": {"status": 200, "body": {"status": "ok"}}, "F": {"status": 503, "body": {"status": "down"}}}
SWEEP = 20  # seconds of the world that are one sweep here
ENOUGH = 16  # sweeps: all that a kind of weather brings about has come, and flapping is far
STEPS = [None, "before_commit", "after_send", "before_mark"]  # where the daemon that comes after a kill ends by itself


def told(lines):
    """{(boundary, how many of it before): [event, …]} of (incident, boundary, event), each event once."""
    order, of = [], {}
    for incident, boundary, event in lines:
        if incident not in of:
            order.append((incident, boundary))
        of.setdefault(incident, []).append(event)
    result = {}
    for incident, boundary in order:
        number = sum(1 for key in result if key[0] == boundary)
        result[(boundary, number)] = of[incident]
    return result


class Played:
    """One schedule on the real daemon."""

    def __init__(self, case, seed):
        output = subprocess.run([str(WORLD), "--plain", "--seed", str(seed), "--json", "--pages"], capture_output=True, text=True, check=True).stdout
        text, _, pages = output.partition("]}")
        self.schedule = json.loads(text + "]}")
        self.expected = told((i, key.split("/")[2], event) for i, _, key, event in (line.split() for line in pages.split("\n") if line.strip()))
        self.case, self.seed, self.sweeps, self.last, self.shown = case, seed, 0, 0, ""
        self.sim, self.hook = case.sim(name=f"sim-{seed}"), case.receiver()
        target = harness.fast_target(self.sim.url, interval="100ms", confirm={"failures": self.schedule["failures"], "spacing": "50ms", "recoveries": self.schedule["recoveries"]})
        config = {"environment": "test", "targets": [target], "resolution": {"settle": "100ms"},
                  "alerts": {"sinks": [{"name": "s0", "type": "webhook", "url": self.hook.url + "/alerts"}]}}
        self.daemon = case.daemon(config, name=f"daemon-{seed}")
        self.daemon.program = harness.MORTAL
        if any(h["what"] == "disk" for h in self.schedule["happenings"]) and os.geteuid() == 0:
            self.daemon.state.mkdir()
            subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "none", self.daemon.state], check=True)
            case.addCleanup(subprocess.run, ["umount", "-l", self.daemon.state], check=False)

    def fill_the_disk(self, sweeps):
        """For so many sweeps; without root there is no disk of its own to fill, and what is told must be the same."""
        if os.geteuid() != 0:
            return self.wait_sweeps(sweeps)
        if self.daemon.env:  # a step at which it still would end: what only memory has would be lost with it
            self.daemon.kill()
            self.start()
        ballast = self.daemon.state / "ballast"
        with open(ballast, "wb", buffering=0) as f, contextlib.suppress(OSError):
            while f.write(b"x" * 4096):
                pass
        self.wait_sweeps(sweeps)
        ballast.unlink()
        # Evidence that had no room is sealed within half a minute, which in the world is well before the weather changes.
        harness.wait_until(lambda: not self.daemon.status()["troubles"], lambda: f"seed {self.seed}: the watch is whole again", limit=90)

    def start(self, step=None):
        self.daemon.env = {"READBACK_FAULT": step} if step else {}
        self.daemon.start(wait=False)
        self.last = None

    def look(self):
        """Sweeps that have counted, also over restarts; a daemon that has ended at its step is started again."""
        if not self.daemon.process.running():
            self.start()
        try:
            now = json.loads(self.daemon.get("/v1/targets/fabric")[1])["sweeps_total"]
        except (OSError, KeyError, TypeError, ValueError):
            return self.sweeps
        if self.last is not None and now > self.last:
            self.sweeps += now - self.last
        self.last = now
        return self.sweeps

    def wait_sweeps(self, more):
        wanted = self.look() + more
        harness.wait_until(lambda: self.look() >= wanted, lambda: f"seed {self.seed}: {more} more sweeps\n{self.daemon.log()[-2000:]}", every=0.05)

    def weather(self, letters):
        self.sim.listener("refused" if letters == "RRRR" else "open")
        for route, letter in zip(ROUTES, letters):
            if letter in ANSWERS:
                self.sim.fault(route, "answer", **ANSWERS[letter])

    def heard(self):
        seen, lines = set(), []
        for request in self.hook.seen():
            body = request.json
            if body["id"] not in seen and body["target"] != "readback":
                seen.add(body["id"])
                lines.append((body["incident"]["id"], body["incident"]["boundary"], body["event"]))
        return told(lines)

    def run(self):
        self.weather("PPPP")
        self.start()
        self.wait_sweeps(4)
        began = 0
        for h in self.schedule["happenings"]:
            if h["what"] == "surfaces":
                self.wait_sweeps(max(0, ENOUGH - began))
                self.weather(h["text"])
                at, began = h["at_ms"], 0
            else:
                sweeps = max(0, (h["at_ms"] - at) // 1000 // SWEEP - began)
                self.wait_sweeps(sweeps)
                began += sweeps
                if h["what"] == "disk":
                    lasts = h["lasts_ms"] // 1000 // SWEEP
                    self.fill_the_disk(lasts)
                    began += lasts
                else:
                    self.daemon.kill()
                    self.start(STEPS[h["a"]])
        self.wait_sweeps(ENOUGH)
        end = time.monotonic() + harness.LIMIT
        while self.heard() != self.expected and time.monotonic() < end:
            self.look()
            time.sleep(0.05)
        heard = self.heard()
        if heard != self.expected:
            self.shown = self.daemon.client("incidents").text + self.daemon.client("status").text + self.daemon.log()[-3000:]
        self.daemon.kill()
        self.sim.stop()
        return heard


class World(harness.Case):
    def test_the_real_daemon_pages_what_the_world_says(self):
        first = int(os.environ.get("READBACK_WORLD_FROM", "1"))
        seeds = range(first, first + int(os.environ.get("READBACK_WORLD_SEEDS", "6")))
        jobs = int(os.environ.get("READBACK_WORLD_JOBS", "2"))

        def one(seed):
            try:
                played = Played(self, seed)
                heard = played.run()
                return "" if heard == played.expected else f"seed {seed}: the world says {played.expected}, the daemon {heard}\n{played.shown}"
            except (AssertionError, OSError, subprocess.SubprocessError) as failed:
                return f"seed {seed}: {failed}"

        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            wrong = [text for text in pool.map(one, seeds) if text]
        self.assertFalse(wrong, "\n".join(wrong))
