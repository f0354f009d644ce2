"""A fleet: fifty daemons, two clustered Alertmanagers with the shipped configuration, one of them killed in each half of
the incident. One notification per boundary lists all hosts, one resolve ends it, and none is lost or doubled."""
import http.client
import json
import os
import time
import unittest

import harness
from harness import program, wait_until

ALONE = True  # fifty daemons on two cores

HOSTS = int(os.environ.get("READBACK_TEST_HOSTS", "50"))
SECURITY = "/api/v1/security/readiness"


class Alertmanager:
    """One member of the cluster; may be killed and started again over its own storage."""

    def __init__(self, case, number, config):
        self.case, self.number, self.config = case, number, config
        self.port, self.cluster_port = harness.free_port(), harness.free_port()
        self.url, self.peers, self.starts, self.process = f"http://127.0.0.1:{self.port}", [], 0, None
        self.storage = case.directory / f"alertmanager-{number}"

    def start(self):
        self.starts += 1
        argv = [program("prometheus-alertmanager"), f"--config.file={self.config}", f"--storage.path={self.storage}",
                f"--web.listen-address=127.0.0.1:{self.port}", f"--cluster.listen-address=127.0.0.1:{self.cluster_port}",
                f"--cluster.advertise-address=127.0.0.1:{self.cluster_port}", "--cluster.reconnect-interval=1s"]
        argv += [f"--cluster.peer=127.0.0.1:{p.cluster_port}" for p in self.peers]
        self.process = self.case.spawn(argv, f"alertmanager-{self.number}-{self.starts}")
        wait_until(lambda: self.get("/-/ready") is not None or not self.process.running(), "Alertmanager answers")
        assert self.process.running(), self.process.stderr()[-2000:]

    def get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read()
            return body if answer.status == 200 else None
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def alerts(self, name):
        """How many different hosts of this alert it holds as firing."""
        body = self.get(f"/api/v2/alerts?active=true&filter=alertname%3D{name}")
        return len({a["labels"]["host"] for a in json.loads(body)}) if body else 0

    def members(self):
        body = self.get("/api/v2/status")
        return len(json.loads(body)["cluster"]["peers"]) if body else 0


class Fleet(harness.Case):
    def notifications(self, name=None, status=None):
        """What the people on call were sent, oldest first."""
        with self.on_call.lock:
            got = [r.json for r in self.on_call.requests if r.path == "/on-call"]
        return [n for n in got if name in (None, n["commonLabels"].get("alertname")) and status in (None, n["status"])]

    def told(self):
        return [(n["groupLabels"].get("alertname"), n["status"], len(n["alerts"])) for n in self.notifications()]

    def test_one_notification_per_boundary_and_one_resolve_though_alertmanagers_die(self):
        begin = time.monotonic()
        self.on_call = self.receiver(default=200)
        shipped = (harness.ROOT / "packaging/alertmanager/alertmanager.yml").read_text()
        config = self.directory / "alertmanager.yml"
        config.write_text(shipped.replace("http://127.0.0.1:9099", self.on_call.url))
        self.assertNotEqual(config.read_text(), shipped)
        first, second = (Alertmanager(self, n, config) for n in (1, 2))
        first.peers, second.peers = [second], [first]
        first.start()
        second.start()
        wait_until(lambda: first.members() == 2 and second.members() == 2, "the two have found each other")

        sim = self.sim()
        daemons = []
        for n in range(HOSTS):
            daemons.append(self.daemon({
                "environment": "prod", "host": f"host-{n:02}",
                "targets": [harness.fast_target(sim.url, interval="4s", jitter="20%",
                                                confirm={"failures": 3, "spacing": "500ms", "recoveries": 3})],
                "alerts": {"sinks": [{"name": "am", "type": "alertmanager", "urls": [first.url, second.url]}]},
                "resolution": {"settle": "1s"}}, name=f"host-{n:02}"))
            daemons[-1].start(wait=False)
        for daemon in daemons:
            wait_until(lambda d=daemon: d.answers() and d.status()["exit"] == 0,
                       lambda d=daemon: f"{d.directory.name} is green\n{d.log()[-2000:]}", 60)
        self.assertEqual(self.notifications(), [])
        print(f"{HOSTS} daemons green after {time.monotonic() - begin:.1f} s", flush=True)

        # The first half: the Alertmanager whose turn it is dies while it waits for the group to fill.
        broken = time.monotonic()
        sim.fault("/health", "not_ready")
        sim.fault(SECURITY, "failed", text="policy bundle unsigned")
        names = ("ReadbackOutage", "ReadbackSecurity")
        for name in names:
            for member in (first, second):
                wait_until(lambda n=name, m=member: m.alerts(n) == HOSTS,
                           lambda n=name, m=member: f"all {HOSTS} hosts with {n}; it holds {m.alerts(n)}", 60, every=0.2)
        print(f"every host's alerts in both after {time.monotonic() - broken:.1f} s", flush=True)
        self.assertEqual(self.notifications(), [])
        first.process.kill()
        first.process.wait()
        for name in names:
            wait_until(lambda n=name: self.notifications(n, "firing"), lambda: f"{name} is told: {self.told()}", 90)
            page = self.notifications(name, "firing")[0]
            self.assertEqual({a["labels"]["host"] for a in page["alerts"]}, {f"host-{n:02}" for n in range(HOSTS)})
            self.assertEqual({(a["labels"]["environment"], a["labels"]["target"]) for a in page["alerts"]}, {("prod", "fabric")})
            for annotation in ("summary", "description", "runbook_url"):
                self.assertTrue(page["alerts"][0]["annotations"].get(annotation), annotation)
        print(f"told after {time.monotonic() - broken:.1f} s", flush=True)

        # The second half: the one that told it dies, the other comes back and ends what it never began.
        first.start()
        wait_until(lambda: first.members() == 2, "the restarted one has joined", 60)
        for name in names:
            wait_until(lambda n=name: first.alerts(n) == HOSTS,
                       lambda n=name: f"{n} is repeated to the restarted one, which holds {first.alerts(n)}", 120, every=0.2)
        second.process.kill()
        second.process.wait()
        sim.reset()
        mended = time.monotonic()
        for name in names:
            wait_until(lambda n=name: self.notifications(n, "resolved"), lambda: f"{name} is resolved: {self.told()}", 150)
        print(f"resolved after {time.monotonic() - mended:.1f} s", flush=True)
        for daemon in daemons:
            wait_until(lambda d=daemon: d.status()["exit"] == 0, lambda d=daemon: f"{d.directory.name} is green again", 60)

        # Whoever was away hears the ends repeated for minutes; longer than group_wait and nothing more is told.
        second.start()
        wait_until(lambda: second.members() == 2, "the second is back", 60)
        silent_since = time.monotonic()
        wait_until(lambda: time.monotonic() - silent_since > 25, "25 s of silence", 60)
        for name in names:
            self.assertEqual([len(self.notifications(name, s)) for s in ("firing", "resolved")], [1, 1], self.told())
            hosts = {a["labels"]["host"] for a in self.notifications(name, "resolved")[0]["alerts"]}
            self.assertEqual(len(hosts), HOSTS)
        self.assertEqual(len(self.told()), 2 * len(names), self.told())
        for daemon in daemons:
            self.assertEqual(daemon.stop(), 0)
        print(f"fleet of {HOSTS}: {time.monotonic() - begin:.0f} s, told {self.told()}", flush=True)


if __name__ == "__main__":
    unittest.main()
