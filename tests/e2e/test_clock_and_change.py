"""The wall clock is moved, the configuration changes and a receiver is mended, while something is open: what lasts goes
on as if nobody had touched the clock, what is sent stays in order, and nobody waits for what is gone."""
import datetime
import json
import subprocess
import time
import unittest

import harness
from harness import wait_until

LONG = True

HOUR = 3600


def times(alert):
    return [datetime.datetime.fromisoformat(alert[name].replace("Z", "+00:00")) for name in ("startsAt", "endsAt")]


def ids_of(hook):
    return [r.json["id"] for r in hook.seen()]


class Story(harness.Case):
    def clocked(self, **options):
        world = self.world(start=False, **options)
        self.clock = harness.Clock(self.directory / "clock", world.daemon)
        world.daemon.start()
        self.wait_green(world.daemon)
        return world

    def outage(self, world):
        world.sim.fault("/health", "not_ready")

    def reload(self, world):
        digest = world.daemon.status()["daemon"]["last_reload_at"]
        world.daemon.reload()
        wait_until(lambda: world.daemon.status()["daemon"]["last_reload_at"] != digest, "the reload")


class Clocks(Story):
    def every_end(self, step):
        am = self.receiver(default=200)
        world = self.clocked(sinks=[{"name": "am", "type": "alertmanager", "urls": [am.url]}])
        self.outage(world)
        posts = lambda: [(r, a) for r in list(am.requests) for a in (r.json or [])]
        wait_until(posts, "the alert begins")
        self.clock.move(step)
        world.sim.ok("/health")
        wait_until(lambda: [a for _, a in posts() if "endsAt" in a], "the alert ends")
        for request, alert in posts():
            if "endsAt" in alert:
                begin, end = times(alert)
                self.assertLess(begin, end)
                self.assertLessEqual(end.timestamp(), request.wall + step + 1)

    def test_alertmanager_takes_every_end(self):
        self.every_end(-2 * HOUR)

    def test_alertmanager_takes_every_end_of_a_clock_that_went_ahead(self):
        self.every_end(24 * HOUR)

    def test_ids_stay_in_order_over_a_restart_with_the_clock_set_back(self):
        world = self.clocked()
        self.outage(world)
        world.hook.wait("firing")
        world.daemon.stop()
        self.clock.move(-2 * HOUR)
        world.daemon.start()
        world.sim.ok("/health")
        world.hook.wait("resolved")
        self.assertEqual(ids_of(world.hook), sorted(ids_of(world.hook)))
        self.assertEqual(len(set(ids_of(world.hook))), 3)

    def test_ids_stay_in_order_after_the_daemon_was_killed(self):
        world = self.clocked()
        self.outage(world)
        world.hook.wait("firing")
        world.daemon.kill()
        self.clock.move(-24 * HOUR)
        world.daemon.start()
        world.daemon.client("test-alert", expect=0)  # in no incident's record
        world.daemon.kill()
        self.clock.move(-48 * HOUR)
        world.daemon.start()
        world.sim.ok("/health")
        world.hook.wait("resolved")
        told = list(dict.fromkeys(ids_of(world.hook)))  # one that was killed on its way may come twice
        self.assertEqual(told, sorted(told))

    def silenced(self, step):
        world = self.clocked()
        begun = time.monotonic()
        world.daemon.client("silence", "add", "--for", "10s", "--reason", "moving house", expect=0)
        self.outage(world)
        wait_until(lambda: world.daemon.json("incidents")["incidents"], "the incident is open, and held back")
        self.clock.move(step)
        world.hook.wait("firing")
        self.assertGreaterEqual(time.monotonic() - begun, 10)  # no earlier; and not two hours later
        self.assertEqual(json.loads(world.daemon.get("/v1/silences")[1])["silences"], [])

    def test_clock_ahead_then_right_while_silenced(self):
        self.silenced(-2 * HOUR)

    def test_clock_right_then_ahead_while_silenced(self):
        self.silenced(24 * HOUR)

    def test_a_silence_keeps_what_is_left_of_it_over_a_restart(self):
        world = self.clocked()
        world.daemon.client("silence", "add", "--for", "1h", "--reason", "moving house", expect=0)
        begun = time.monotonic()
        world.daemon.stop()
        self.clock.move(24 * HOUR)
        world.daemon.start()
        silence, = json.loads(world.daemon.get("/v1/silences")[1])["silences"]
        ends = datetime.datetime.fromisoformat(silence["expires_at"].replace("Z", "+00:00")).timestamp()
        left = ends - (time.time() + 24 * HOUR)
        self.assertAlmostEqual(left, HOUR - (time.monotonic() - begun), delta=5)
        self.outage(world)
        wait_until(lambda: world.daemon.json("incidents")["incidents"], "the incident is open")
        self.assertEqual(world.daemon.json("incidents")["incidents"][0]["state"], "muted")
        self.assertEqual(world.hook.told(), [])

    def test_what_is_delivered_late_says_how_late_by_no_wall_clock(self):
        world = self.clocked()
        world.hook.default = 503
        self.outage(world)
        world.hook.wait("firing")
        self.clock.move(24 * HOUR)
        world.hook.default = 204
        wait_until(lambda: world.hook.seen("firing", accepted=True), "the page is taken")
        page = world.hook.seen("firing", accepted=True)[0].json
        self.assertLess(page.get("delayed_s", 0), HOUR)

    def test_an_evidence_folder_is_not_emptied_by_a_clock_that_is_ahead(self):
        world = self.clocked(evidence={"keep": {"days": 1}})
        self.outage(world)
        world.hook.wait("firing")
        world.sim.ok("/health")
        world.hook.wait("resolved")  # what is open is kept anyway
        self.clock.move(365 * 24 * HOUR)
        self.reload(world)  # retention looks again at once
        seen = world.daemon.status()["targets"][0]["sweeps_total"]
        wait_until(lambda: world.daemon.status()["targets"][0]["sweeps_total"] >= seen + 6, "six sweeps")
        self.assertEqual(len(world.daemon.json("snapshot", "list")["snapshots"]), 1)


class Changes(Story):
    PATHS = [{"name": "checkout", "kind": "user", "url": "/app/checkout", "expect": {"status": [200]}},
             {"name": "login", "kind": "user", "url": "/app/login", "expect": {"status": [200]}}]

    def changed(self, world, **target):
        config = json.loads(json.dumps(world.config))
        config["targets"][0].update(target)
        world.daemon.configure(config)
        self.reload(world)

    def test_path_removed_while_its_incident_is_open(self):
        world = self.world(target={"paths": self.PATHS}, start=False)
        world.sim.fault("/app/login", "answer", status=200, body={"status": "ok"})
        world.sim.fault("/app/checkout", "answer", status=200, body={"status": "ok"})
        world.daemon.start()
        self.wait_green(world.daemon)
        world.sim.fault("/app/checkout", "answer", status=500, body={"status": "down"})
        page = world.hook.wait("firing", "product")
        self.changed(world, paths=self.PATHS[1:])
        world.hook.wait("recovered", "product")
        world.hook.wait("resolved", "product")
        told = world.daemon.json("incident", page["incident"]["id"])
        self.assertIn("no longer configured", json.dumps(told["timeline"]))
        self.assertIn("path:checkout is no longer configured", json.dumps(told["conditions"]))

    def test_surface_removed_while_its_incident_is_open(self):
        world = self.world(target={"surfaces": {"docs": {"path": "/api/v1/docs/readiness", "role": "readiness"}}})
        world.sim.fault("/api/v1/docs/readiness", "not_ready")
        page = world.hook.wait("firing", "readiness")
        self.changed(world, surfaces={})
        world.hook.wait("resolved", "readiness")
        told = world.daemon.json("incident", page["incident"]["id"])
        self.assertIn("docs: nothing waits for it any more", json.dumps(told["timeline"]))

    def test_check_removed_while_its_incident_is_open(self):
        repo = harness.materialized(self.directory / "repo")
        world = self.world(target={"checks": harness.check_at(repo)})
        (repo / "runtime" / "env" / "fabric.env").write_text("FABRIC_MODE=act\n")
        page = world.hook.wait("firing", "drift")
        self.changed(world, checks={})
        world.hook.wait("resolved", "drift")
        told = world.daemon.json("incident", page["incident"]["id"])
        self.assertIn("check:materialization: nothing waits for it any more", json.dumps(told["timeline"]))

    def test_target_removed_while_its_incident_is_open(self):
        world = self.world()
        world.sim.fault("/health", "not_ready")
        world.hook.wait("firing", "outage")
        self.changed(world, name="another", base_url=self.sim(name="another").url)
        self.assertIn("removed from the configuration", world.hook.wait("resolved", "outage")["summary"])


class Receivers(Story):
    def sinks(self, path):
        return [{"name": "hook", "type": "webhook", "url": self.hook.url + path},
                {"name": "other", "type": "webhook", "url": self.other.url + "/alerts"}]

    def broken(self):
        """A sink that refuses its page, the incident open."""
        self.hook, self.other = self.receiver(), self.receiver()
        self.hook.default = lambda request: 204 if request.path == "/right" else 404
        world = self.world(sinks=self.sinks("/wrong"))
        self.outage(world)
        wait_until(lambda: self.hook.seen("firing"), "the page is refused")
        sinks = lambda: json.loads(world.daemon.get("/v1/sinks")[1])["sinks"]
        wait_until(lambda: any(s["name"] == "hook" and s["dead"] for s in sinks()), "it is parked")
        return world

    def mend(self, world):
        world.daemon.configure({**world.config, "alerts": {"sinks": self.sinks("/right")}})

    def heard(self):
        return [r for r in self.hook.seen(boundary="outage") if r.path == "/right"]

    def test_receiver_repaired_while_the_incident_is_open(self):
        world = self.broken()
        time.sleep(1.2)  # to be late
        self.mend(world)
        world.daemon.reload()
        wait_until(self.heard, "it hears of the incident")
        page = self.heard()[0].json
        self.assertEqual(page["event"], "firing")
        self.assertGreaterEqual(page["delayed_s"], 1)
        world.daemon.reload()
        world.sim.ok("/health")
        wait_until(lambda: [r for r in self.heard() if r.json["event"] == "resolved"], "and of its end")
        self.other.wait("resolved", "outage")  # each sink is told in a time of its own
        self.assertEqual([r.json["event"] for r in self.heard()], ["firing", "recovered", "resolved"])
        self.assertEqual([r.json["event"] for r in self.other.seen(boundary="outage")],
                         ["firing", "recovered", "resolved"])

    def test_receiver_repaired_by_a_restart(self):
        world = self.broken()
        world.daemon.stop()
        self.mend(world)
        world.daemon.start()
        wait_until(self.heard, "it hears of the incident")
        world.sim.ok("/health")
        wait_until(lambda: [r for r in self.heard() if r.json["event"] == "resolved"], "and of its end")
        self.assertEqual([r.json["event"] for r in self.heard()], ["firing", "recovered", "resolved"])

    def test_receiver_repaired_when_it_is_over(self):
        world = self.broken()
        world.sim.ok("/health")
        self.other.wait("resolved", "outage")
        self.mend(world)
        self.reload(world)
        world.daemon.client("test-alert", "hook", expect=0)
        self.assertEqual(self.heard(), [])

    def test_receiver_that_accepts_again_by_itself(self):
        world = self.broken()
        self.hook.default = 204
        world.daemon.client("test-alert", "hook", expect=0)
        wait_until(lambda: self.hook.seen("firing", "outage", accepted=True), "it hears of the incident")


class Surroundings(harness.Case):
    def check(self, zone, wrapper=()):
        config = {"targets": [harness.fast_target("http://127.0.0.1:1", maintenance=[
            {"days": ["sun"], "from": "02:00", "for": "1h", "timezone": zone}])]}
        daemon = self.daemon(config, name=zone.replace("/", "-") or "none")
        return subprocess.run([*wrapper, harness.DAEMON, "--config", daemon.config_path, "--check-config"],
                              capture_output=True, text=True, timeout=harness.LIMIT)

    def test_time_zones_are_not_installed(self):
        empty = self.directory / "no-zones"
        empty.mkdir()
        wrapper = self.seeing({"/usr/share/zoneinfo": empty})
        for zone in ("UTC", "Etc/UTC", "GMT", "Z"):
            done = self.check(zone, wrapper)
            self.assertEqual(done.returncode, 0, f"{zone}: {done.stderr}")
        done = self.check("Europe/Berlin", wrapper)
        self.assertEqual(done.returncode, 78)
        self.assertRegex(done.stderr, r":\d+:\d+: .*Europe/Berlin")


if __name__ == "__main__":
    unittest.main()
