"""The main job, end to end: the real daemon, a platform that breaks, one page, evidence, recovery, resolution."""
import hashlib
import json
import os
import re
import signal
import subprocess
import time
import unittest

import harness
from harness import wait_until

OBSERVABILITY = "/api/v1/observability/readiness"
SECURITY = "/api/v1/security/readiness"
SERVICES = "/api/v1/platform/services"


def incident(page):
    return page["incident"]["boundary"], page["incident"]["extent"], page["incident"]["severity"]


class MainJob(harness.Case):
    def quiet(self, world, sweeps=6):
        """Waits until the platform was read so often again; what was to be said is said by then."""
        before = world.sim.reads(SECURITY)
        wait_until(lambda: world.sim.reads(SECURITY) >= before + sweeps, "further sweeps")

    def test_an_outage_is_one_page_with_evidence_and_is_resolved_in_the_end(self):
        world = self.world()
        world.sim.listener("refused")
        page = world.hook.wait("firing")
        self.assertEqual(incident(page), ("outage", "total", "critical"))
        self.assertEqual(page["schema"], "readback.alert/v1")
        self.assertEqual((page["environment"], page["target"]), ("test", "fabric"))
        self.assertRegex(page["dedup_key"], r"^test/fabric/outage/.+")
        self.assertRegex(page["id"], r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
        self.assertEqual(page["incident"]["first_failure"]["read"], "health")
        self.assertIn("refused", page["summary"])
        self.assertTrue(page["why"])
        self.assertTrue(page["runbook"]["title"] and page["runbook"]["owner"])
        self.assertNotIn("redeploy-host-stack", page["next_safe_step"].partition("guardrails")[0])
        world.daemon.client("status", expect=2)

        # The bundle of the page is on disk already, and it is the one that the page means.
        bundle = self.directory / "bundle.tar.zst"
        world.daemon.client("snapshot", "pull", page["evidence"]["snapshot"], "-o", bundle, expect=0)
        self.assertEqual(hashlib.sha256(bundle.read_bytes()).hexdigest(), page["evidence"]["sha256"])
        self.assertIn(page["evidence"]["snapshot"], page["evidence"]["pull"])
        world.daemon.client("snapshot", "verify", bundle, expect=0)
        names = subprocess.run(["tar", "--zstd", "-tf", bundle], capture_output=True, text=True, check=True).stdout
        for name in ("manifest.json", "summary.md", "timeline.jsonl", "diff.json", "host.json", "reads/first-bad/health.json",
                     "reads/last-good/health.json"):
            self.assertIn(name, names)
        latest = self.directory / "latest.tar.zst"
        world.daemon.client("snapshot", "pull", "latest", "-o", latest, expect=0)
        self.assertEqual(latest.read_bytes(), bundle.read_bytes())
        self.assertIn(page["evidence"]["snapshot"][-8:], world.daemon.client("snapshot", "list", expect=0).text)

        self.assertIn(page["incident"]["id"], json.dumps(world.daemon.json("incidents")))
        told = world.daemon.client("incident", page["incident"]["id"], expect=0).text
        self.assertIn("outage", told.lower())

        world.sim.listener("open")
        recovered = world.hook.wait("recovered")
        resolved = world.hook.wait("resolved")
        for event in (recovered, resolved):
            self.assertEqual(event["dedup_key"], page["dedup_key"])
            self.assertEqual(event["incident"]["id"], page["incident"]["id"])
        self.assertEqual([e for e, _ in world.hook.told()], ["firing", "recovered", "resolved"])
        self.wait_green(world.daemon)

    def test_every_event_is_signed_and_has_an_id_of_its_own(self):
        world = self.world()
        world.sim.fault(OBSERVABILITY, "not_ready")
        world.hook.wait("firing")
        world.sim.ok(OBSERVABILITY)
        world.hook.wait("resolved")
        events = world.hook.seen()
        self.assertEqual(len({r.json["id"] for r in events}), len(events))
        for request in events:
            headers = {k.lower(): v for k, v in request.headers.items()}
            self.assertEqual(headers["webhook-id"], request.json["id"])
            self.assertLess(abs(int(headers["webhook-timestamp"]) - request.wall), 60)
            self.assertTrue(harness.signature_holds(request, world.secret))
            self.assertEqual(request.method, "POST")
            self.assertIn("application/json", headers["content-type"])

    def test_readiness_alone_is_no_outage(self):
        world = self.world()
        world.sim.fault(OBSERVABILITY, "blockers", text="otel exporter down")
        page = world.hook.wait("firing")
        self.assertEqual(incident(page)[0], "readiness")
        self.assertEqual(page["incident"]["severity"], "error")
        self.assertIn("otel exporter down", json.dumps(page["why"]))
        world.sim.ok(OBSERVABILITY)
        world.hook.wait("resolved")
        self.assertEqual({b for _, b in world.hook.told()}, {"readiness"})

    def test_security_pages_on_its_own_and_beside_an_outage(self):
        world = self.world()
        world.sim.fault(SECURITY, "failed", text="policy bundle unsigned")
        page = world.hook.wait("firing", "security")
        self.assertEqual(page["incident"]["severity"], "critical")
        world.sim.fault("/health", "not_ready")
        outage = world.hook.wait("firing", "outage")
        self.assertIn("security", outage["also"])
        self.quiet(world)
        self.assertEqual(sorted(b for e, b in world.hook.told() if e == "firing"), ["outage", "security"])

    def test_drift_is_found_by_the_check_and_ends_with_it(self):
        folder = harness.materialized(self.directory / "checkout")
        world = self.world(target={"checks": harness.check_at(folder)})
        (folder / "runtime/env/fabric.env").write_text("FABRIC_MODE=promotion_enabled\n")
        page = world.hook.wait("firing")
        self.assertEqual((page["incident"]["boundary"], page["incident"]["severity"]), ("drift", "warning"))
        world.daemon.client("status", expect=1)
        (folder / "runtime/env/fabric.env").write_text("FABRIC_MODE=observe_only\n")
        world.hook.wait("recovered", "drift")
        world.hook.wait("resolved", "drift")

    def test_a_crashed_check_is_our_trouble_and_never_drift(self):
        folder = harness.materialized(self.directory / "checkout")
        world = self.world(target={"checks": harness.check_at(folder)})
        (folder / "verifier-mode").write_text("traceback")
        page = world.hook.wait("firing")
        self.assertEqual((page["incident"]["boundary"], page["incident"]["severity"]), ("observer", "warning"))
        self.quiet(world)
        self.assertNotIn("drift", [b for _, b in world.hook.told()])

    def test_a_path_that_fails_under_a_green_stack_is_a_product_fault(self):
        world = self.world(target={"paths": [
            {"name": "checkout", "kind": "user", "url": "/app/checkout", "expect": {"status": [200], "body_contains": "ready"}},
            {"name": "tasks", "kind": "agent", "url": "/agent/tasks"}]})
        world.sim.fault("/app/checkout", "answer", body="<html>maintenance</html>")
        page = world.hook.wait("firing")
        self.assertEqual((page["incident"]["boundary"], page["incident"]["extent"]), ("product", "degraded"))
        self.assertIn("checkout", page["summary"] + json.dumps(page["why"]))
        world.sim.ok("/app/checkout")
        world.hook.wait("resolved", "product")

    def test_our_own_blindness_is_told_apart_from_their_outage(self):
        reference = self.sim(name="reference")
        world = self.world(target={"references": [reference.url + "/health"], "blind_limit": "30s"})
        reference.listener("refused")
        world.sim.listener("refused")
        page = world.hook.wait("firing")
        self.assertEqual((page["incident"]["boundary"], page["incident"]["severity"]), ("observer", "warning"))
        reference.listener("open")  # now we see that it is them
        world.hook.wait("firing", "outage")

    def test_a_blip_pages_nobody(self):
        world = self.world()
        world.sim.fault("/health", "reset", times=2)
        self.quiet(world, 8)
        self.assertEqual(world.hook.told(), [])
        world.daemon.client("status", expect=0)

    def test_a_restart_pages_nobody_again_and_keeps_the_key(self):
        world = self.world()
        world.sim.fault("/health", "not_ready")
        page = world.hook.wait("firing")
        self.assertEqual(world.daemon.stop(), 0)
        world.daemon.start()
        self.quiet(world)
        world.daemon.client("status", expect=2)
        self.assertEqual([e for e, _ in world.hook.told()], ["firing"])
        world.sim.ok("/health")
        resolved = world.hook.wait("resolved")
        self.assertEqual(resolved["dedup_key"], page["dedup_key"])
        self.assertEqual(resolved["incident"]["id"], page["incident"]["id"])

    def test_killed_while_the_receiver_is_down_the_page_still_arrives_once(self):
        world = self.world()
        world.hook.default = 503
        world.sim.fault("/health", "not_ready")
        first = world.hook.wait("firing")
        world.daemon.kill()
        world.hook.default = 204
        world.daemon.start()
        wait_until(lambda: world.hook.seen("firing", accepted=True), "the page is accepted")
        self.quiet(world)
        accepted = world.hook.seen("firing", accepted=True)
        self.assertEqual(len(accepted), 1)
        self.assertEqual(accepted[0].json["id"], first["id"])
        self.assertEqual(accepted[0].json["dedup_key"], first["dedup_key"])

    def test_recovered_while_the_daemon_was_away_is_resolved_with_the_original_key(self):
        world = self.world()
        world.sim.fault("/health", "not_ready")
        page = world.hook.wait("firing")
        world.daemon.kill()
        world.sim.ok("/health")
        world.daemon.start()
        resolved = world.hook.wait("resolved")
        self.assertEqual(resolved["dedup_key"], page["dedup_key"])
        # The kill may fall between the receiver's answer and its record: then the page goes again, under the same id.
        self.assertEqual({r.json["id"] for r in world.hook.seen("firing")}, {page["id"]})

    def test_only_reads_reach_the_platform(self):
        folder = harness.materialized(self.directory / "checkout")
        world = self.world(target={"checks": harness.check_at(folder),
                                   "paths": [{"name": "checkout", "kind": "user", "url": "/app/checkout"}]})
        world.sim.fault("/health", "not_ready")
        page = world.hook.wait("firing")
        world.daemon.client("symptom", "checkout hangs at the last step", expect=0)
        world.daemon.client("sweep", expect=0)
        world.daemon.client("ack", page["incident"]["id"], expect=0)
        world.sim.ok("/health")
        world.hook.wait("resolved")
        self.assertLessEqual(set(world.sim.stats()["methods"]), {"GET", "HEAD"})
        self.assertEqual({r["body_bytes"] for r in world.sim.log()}, {0})

    def test_sighup_takes_a_good_file_and_keeps_the_old_one_over_a_bad_one(self):
        world = self.world()
        config = dict(world.config)
        config["environment"] = "renamed"
        world.daemon.configure(config)
        world.daemon.reload()
        wait_until(lambda: b"renamed" in world.daemon.get("/v1/status")[1], "the new environment is in effect")
        world.daemon.configure({**config, "enviroment": "typo"})
        world.daemon.reload()
        wait_until(lambda: "enviroment" in world.daemon.log(), "the log says what is wrong with the file")
        world.sim.fault("/health", "not_ready")
        self.assertEqual(world.hook.wait("firing")["environment"], "renamed")

    def test_once_prints_the_verdict_and_exits_as_status_does(self):
        sim = self.sim()
        daemon = self.daemon({"targets": [harness.fast_target(sim.url)]})

        def once():
            return subprocess.run([harness.DAEMON, "--config", daemon.config_path, "--once"], capture_output=True, text=True,
                                  timeout=harness.LIMIT)
        daemon.state.mkdir()
        done = once()
        self.assertEqual(done.returncode, 0, done.stderr)
        json.loads(done.stdout)
        sim.fault("/health", "not_ready")
        done = once()
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("outage", done.stdout)
        sim.reset()
        sim.fault(OBSERVABILITY, "degraded")
        self.assertEqual(once().returncode, 1)

    def test_status_exit_codes(self):
        world = self.world()
        world.daemon.client("status", expect=0)
        world.sim.fault(OBSERVABILITY, "degraded")
        world.hook.wait("firing", "readiness")
        world.daemon.client("status", expect=1)
        world.sim.fault("/health", "not_ready")
        world.hook.wait("firing", "outage")
        world.daemon.client("status", expect=2)
        world.daemon.client("status", "--target", "fabric", expect=2)
        world.daemon.stop()
        world.daemon.client("status", expect=3)
        world.daemon.client("incidents", expect=69)
        world.daemon.client("no-such-command", expect=64)

    def test_an_unreachable_platform_at_start_is_a_finding(self):
        sim = self.sim()
        sim.listener("refused")
        world = self.world(start=False, sim=sim)
        world.daemon.start()
        self.assertEqual(world.hook.wait("firing")["incident"]["boundary"], "outage")

    def test_sigterm_ends_within_five_seconds_whatever_hangs(self):
        world = self.world(target={"timeout": "60s"})
        world.sim.fault("*", "hang")
        before = world.sim.reads("/health")
        wait_until(lambda: world.sim.reads("/health") > before, "a read that hangs")
        begin = time.monotonic()
        world.daemon.process.process.send_signal(signal.SIGTERM)
        self.assertEqual(world.daemon.process.wait(10), 0)
        self.assertLess(time.monotonic() - begin, 5)


class BadStart(harness.Case):
    """One clear line, an exit code, nothing half-started."""

    def attempt(self, config, text=None):
        daemon = self.daemon(config, name=f"bad-{len(self.daemons)}")
        if text is not None:
            daemon.config_path.write_text(text)
        daemon.state.mkdir(mode=0o700, exist_ok=True)
        done = subprocess.run([harness.DAEMON, "--config", daemon.config_path], capture_output=True, text=True,
                              timeout=harness.LIMIT)
        self.assertNotIn("terminate called", done.stderr)
        self.assertFalse(daemon.socket.exists(), "the socket was left behind")
        return done

    def good(self):
        return {"targets": [harness.fast_target("http://127.0.0.1:9")]}

    def test_every_mistake_in_the_configuration_at_once(self):
        done = self.attempt(self.good(), text="""targets:
  - name: fabric
    base_url: http://127.0.0.1:9
    intervall: 30s
    timeout: soon
  - name: fabric
    base_url: ftp://x
alerts: {renotify: -1h}
""")
        self.assertEqual(done.returncode, 78)
        for line, word in ((4, "intervall"), (5, "soon"), (6, "fabric"), (7, "ftp://x"), (8, "-1h")):
            self.assertRegex(done.stderr, rf"readback\.yaml:{line}:\d+: .*{word}")
        self.assertIn("interval", re.search(r":4:.*", done.stderr)[0].replace("intervall", ""))

    def test_a_missing_file(self):
        done = subprocess.run([harness.DAEMON, "--config", self.directory / "none.yaml"], capture_output=True, text=True,
                              timeout=harness.LIMIT)
        self.assertEqual(done.returncode, 78)
        self.assertIn("none.yaml", done.stderr)

    def test_an_unreadable_credential(self):
        config = self.good()
        config["targets"][0]["headers"] = {"X-API-Key": {"file": str(self.directory / "no-such-key")}}
        done = self.attempt(config)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("no-such-key", done.stderr)

    def test_a_busy_socket(self):
        sim = self.sim()
        first = self.daemon({"targets": [harness.fast_target(sim.url)]}, name="first").start()
        config = {**self.good(), "control": {"socket": str(first.socket)}}
        done = self.attempt(config)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(str(first.socket), done.stderr)
        self.assertTrue(first.answers())

    def test_a_state_folder_that_cannot_be_made(self):
        (self.directory / "a-file").write_text("in the way")
        done = self.attempt({**self.good(), "store": {"path": str(self.directory / "a-file" / "state")}})
        self.assertNotEqual(done.returncode, 0)
        self.assertRegex(done.stderr, r"a-file/state: Not a directory")

    def test_another_daemon_on_the_same_store(self):
        sim = self.sim()
        first = self.daemon({"targets": [harness.fast_target(sim.url)]}, name="first").start()
        done = self.attempt({**self.good(), "store": {"path": str(first.state)}})
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"{first.state} is used by another readbackd", done.stderr)
        self.assertTrue(first.answers())

    def test_a_secret_that_is_no_file_is_not_waited_for(self):
        pipe = self.directory / "pipe"
        os.mkfifo(pipe)
        config = self.good()
        config["targets"][0]["headers"] = {"X-API-Key": {"file": str(pipe)}}
        done = self.attempt(config)
        self.assertEqual(done.returncode, 78)
        self.assertRegex(done.stderr, rf"readback\.yaml:\d+:\d+: the header X-API-Key .*is no file: {pipe}")

    def test_a_stale_socket_is_taken_over(self):
        sim = self.sim()
        daemon = self.daemon({"targets": [harness.fast_target(sim.url)]}).start()
        daemon.kill()
        self.assertTrue(daemon.socket.exists())
        daemon.start()
        self.wait_green(daemon)


if __name__ == "__main__":
    unittest.main()
