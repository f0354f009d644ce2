"""Every fault that the simulated platform knows, through the real daemon: what is read, what is blamed, what survives."""
import json
import os
import subprocess
import unittest

import harness
from harness import wait_until

OBSERVABILITY = "/api/v1/observability/readiness"

# fault of /health -> (word that its reading has in `readbackd --once`, boundary)
READINGS = {
    "reset": "unreachable", "close": "unreachable", "close_mid_head": "unreachable", "close_mid_body": "unreachable",
    "hang": "unreachable", "hang_mid_body": "unreachable", "drip": "unreachable", "banner": "unreachable",
    "bad_chunks": "unreachable", "oversize": "unreachable", "endless": "unreachable", "big_headers": "unreachable",
    "early_hints": "unreachable", "bad_gateway": "fail", "gateway_timeout": "fail", "not_ready": "fail",
    "server_error": "fail", "failed": "fail", "degraded": "warn", "warnings": "warn", "blockers": "fail",
    "no_verdict": "unknown", "empty": "unknown", "login_page": "unknown", "redirect": "unknown", "truncated": "unknown",
    "word": "unknown", "nan": "pass", "deep_json": "unknown", "bad_utf8": "pass", "missing": "missing",
    "gone": "missing", "no_content": "pass", "slow": "pass", "ok": "pass",
}
WORDS = {"unreachable": {"refused", "reset", "timeout", "dns", "tls", "protocol", "too_large"}}


class Faults(harness.Case):
    def once(self, url, **target):
        daemon = self.daemon({"targets": [harness.fast_target(url, timeout="1500ms", **target)]}, name=f"d{len(self.daemons)}")
        daemon.state.mkdir()
        done = subprocess.run([harness.DAEMON, "--config", daemon.config_path, "--once"], capture_output=True, text=True,
                              timeout=harness.LIMIT)
        self.assertIn(done.returncode, (0, 1, 2, 3), done.stderr)
        return done, json.loads(done.stdout)

    def reading(self, verdict, read="health"):
        return next(r["word"] for r in verdict["targets"][0]["reads"] if r["name"] == read)

    def test_each_fault_has_its_reading(self):
        sim = self.sim()
        for fault, want in READINGS.items():
            with self.subTest(fault):
                sim.fault("/health", fault)
                done, verdict = self.once(sim.url)
                self.assertIn(self.reading(verdict), {want} | WORDS.get(want, set()), done.stdout)
                self.assertEqual(done.returncode == 0, want == "pass", done.stdout)

    def test_a_throttled_surface_holds_and_slows_down(self):
        world = self.world()
        world.sim.fault("*", "throttled", retry_after="2")
        before = world.sim.reads("/health")
        wait_until(lambda: world.sim.reads("/health") >= before + 2, "reads go on, slower")
        self.assertEqual(world.hook.told(), [])
        world.sim.reset()
        self.wait_green(world.daemon)

    def test_a_listener_that_takes_nobody_new_is_an_outage(self):
        world = self.world(target={"timeout": "500ms"})
        world.sim.listener("full")
        page = world.hook.wait("firing")
        self.assertEqual((page["incident"]["boundary"], page["incident"]["extent"]), ("outage", "total"))
        self.assertIn("time", page["incident"]["first_failure"]["reason"])
        world.sim.listener("open")
        world.hook.wait("recovered")

    def test_a_stale_stamp_is_seen(self):
        world = self.world()
        world.sim.fault(OBSERVABILITY, "stale")
        page = world.hook.wait("firing")
        self.assertEqual((page["incident"]["boundary"], page["incident"]["extent"]), ("readiness", "stale"))

    def test_a_contradiction_runs_the_check_at_once(self):
        folder = harness.materialized(self.directory / "checkout")
        world = self.world(target={"checks": harness.check_at(folder)})
        world.sim.fault(OBSERVABILITY, "contradictory")
        page = world.hook.wait("firing")
        self.assertEqual(page["incident"]["boundary"], "readiness")

    def test_a_partial_rollout_shows_as_drift(self):
        world = self.world()
        world.sim.mood(other_version="2026.11.4")
        page = world.hook.wait("firing")
        self.assertEqual(page["incident"]["boundary"], "drift")

    def test_flapping_is_one_incident_called_intermittent(self):
        world = self.world(target={"interval": "250ms", "confirm": {"failures": 2, "spacing": "250ms", "recoveries": 2}})
        world.sim.fault("/health", "not_ready")
        world.hook.wait("firing")
        for turn in range(60):
            if world.hook.seen("intermittent"):
                break
            world.sim.fault("/health", "ok" if turn % 2 == 0 else "not_ready")
            before = world.sim.reads("/health")
            wait_until(lambda: world.sim.reads("/health") >= before + 1, "a sweep")
        world.hook.wait("intermittent")
        self.assertEqual(len(world.hook.seen("firing")), 1, world.hook.told())

    def test_https_and_unix_sockets(self):
        cert, key = self.directory / "cert.pem", self.directory / "key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days",
                        "30", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
                       check=True, capture_output=True)
        tls = self.sim("--cert", cert, "--key", key, name="tls")
        self.assertEqual(self.once(tls.url, tls={"ca_file": str(cert)})[0].returncode, 0)
        self.assertNotEqual(self.once(tls.url)[0].returncode, 0)  # nobody vouches for it
        for mode in ("tls_abort", "tls_hang", "plain"):
            tls.listener(mode)
            self.assertEqual(self.once(tls.url, tls={"ca_file": str(cert)})[0].returncode, 2, mode)
        unix = self.sim("--unix", self.directory / "platform.sock", name="unix")
        self.assertEqual(self.once(unix.url)[0].returncode, 0)

    def test_a_client_certificate_is_shown_where_it_is_asked_for(self):
        cert, key = self.directory / "cert.pem", self.directory / "key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days",
                        "30", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
                       check=True, capture_output=True)
        sim = self.sim("--cert", cert, "--key", key, "--client-ca", cert)
        self.assertEqual(self.once(sim.url, tls={"ca_file": str(cert)})[0].returncode, 2)
        mutual = {"ca_file": str(cert), "cert_file": str(cert), "key_file": str(key)}
        self.assertEqual(self.once(sim.url, tls=mutual)[0].returncode, 0)

    def test_a_storm_of_every_fault_leaves_memory_and_descriptors_flat(self):
        world = self.world(target={"interval": "200ms", "timeout": "300ms"})
        pid = world.daemon.process.pid

        def descriptors():
            return len(os.listdir(f"/proc/{pid}/fd"))

        def resident():
            with open(f"/proc/{pid}/statm") as statm:
                return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

        def storm():
            for fault in READINGS:
                world.sim.fault("*", fault)
                before = world.sim.reads("/health")
                wait_until(lambda: world.sim.reads("/health") >= before + 2, f"two sweeps under {fault}")
            world.sim.reset()
            self.wait_green(world.daemon)
        storm()
        warm_descriptors, warm = descriptors(), resident()
        storm()
        self.assertLessEqual(descriptors(), warm_descriptors + 8)
        self.assertLess(resident(), warm * 1.5 + (8 << 20))
        self.assertTrue(world.daemon.process.running())


if __name__ == "__main__":
    unittest.main()
