"""The simulated platform does what the names of its faults say; the other tests stand on that."""
import http.client
import json
import socket
import subprocess
import time
import unittest

import harness


def read(sim, path, method="GET", timeout=3):
    host = sim.url.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=timeout)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


class Platform(harness.Case):
    def setUp(self):
        super().setUp()
        self.platform = self.sim()

    def test_healthy_routes_answer_and_the_services_list_is_the_documented_one(self):
        status, headers, body = read(self.platform, "/api/v1/platform/services")
        self.assertEqual(status, 200)
        self.assertEqual(headers["Content-Type"], "application/json")
        services = json.loads(body)["services"]
        self.assertEqual(len(services), 14)
        self.assertIn("jhf-fabric-api", [s["name"] for s in services])
        self.assertEqual({s["status"] for s in services}, {"up"})
        for route in ("/health", "/api/v1/observability/readiness", "/api/v1/security/readiness",
                      "/api/v1/recovery/readiness", "/app/checkout", "/agent/tasks", "/automation/lane"):
            self.assertEqual(read(self.platform, route)[0], 200, route)
        self.assertEqual(read(self.platform, "/nothing")[0], 404)

    def test_status_faults(self):
        for fault, status in {"bad_gateway": 502, "not_ready": 503, "gateway_timeout": 504, "server_error": 500,
                              "degraded": 200, "unauthorized": 401, "forbidden": 403, "missing": 404, "gone": 410,
                              "throttled": 429, "redirect": 302, "no_content": 204, "login_page": 200}.items():
            with self.subTest(fault):
                self.platform.fault("/health", fault)
                self.assertEqual(read(self.platform, "/health")[0], status)
        self.platform.fault("/health", "throttled", retry_after="7")
        self.assertEqual(read(self.platform, "/health")[1]["Retry-After"], "7")
        self.platform.ok("/health")
        self.assertEqual(read(self.platform, "/health")[0], 200)

    def test_body_faults(self):
        route = "/api/v1/observability/readiness"
        self.platform.fault(route, "blockers", text="otel exporter down")
        body = json.loads(read(self.platform, route)[2])
        self.assertEqual((body["status"], body["blockers"]), ("ready", ["otel exporter down"]))
        self.platform.fault(route, "contradictory")
        body = json.loads(read(self.platform, route)[2])
        self.assertEqual((body["status"], body["checks"][0]["status"]), ("pass", "failed"))
        self.platform.fault(route, "truncated")
        with self.assertRaises(ValueError):
            json.loads(read(self.platform, route)[2])
        self.platform.fault(route, "stale")
        stamp = json.loads(read(self.platform, route)[2])["generated_at"]
        self.assertLess(stamp, time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() - 3000)))
        self.platform.fault(route, "oversize", bytes=2000000)
        self.assertGreater(len(read(self.platform, route)[2]), 2000000)

    def test_connection_faults(self):
        self.platform.fault("/health", "reset")
        with self.assertRaises(ConnectionResetError):
            read(self.platform, "/health")
        self.platform.fault("/health", "close")
        with self.assertRaises(http.client.RemoteDisconnected):
            read(self.platform, "/health")
        self.platform.fault("/health", "close_mid_body")
        with self.assertRaises(http.client.IncompleteRead):
            read(self.platform, "/health")
        self.platform.fault("/health", "hang")
        with self.assertRaises(TimeoutError):
            read(self.platform, "/health", timeout=0.5)
        self.platform.fault("/health", "drip")
        with self.assertRaises(TimeoutError):
            begin = time.monotonic()
            host, port = self.platform.url.removeprefix("http://").split(":")
            with socket.create_connection((host, int(port)), 1) as s:
                s.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
                got = b""
                while b"\r\n\r\n" not in got:
                    got += s.recv(1)
                    if time.monotonic() - begin > 1:
                        self.assertLess(len(got), 30)
                        raise TimeoutError
        self.platform.fault("/health", "banner")
        with self.assertRaises(http.client.BadStatusLine):
            read(self.platform, "/health")

    def test_a_closed_listener_refuses_and_comes_back_on_the_same_port(self):
        self.platform.listener("refused")
        with self.assertRaises(ConnectionRefusedError):
            read(self.platform, "/health")
        self.platform.listener("open")
        self.assertEqual(read(self.platform, "/health")[0], 200)

    def test_a_full_listener_takes_no_new_connection_while_an_old_one_lives(self):
        host = self.platform.url.removeprefix("http://")
        old = http.client.HTTPConnection(host, timeout=3)
        self.addCleanup(old.close)
        old.request("GET", "/health")
        old.getresponse().read()
        self.platform.listener("full")
        new = socket.socket()
        self.addCleanup(new.close)
        new.settimeout(0.7)
        with self.assertRaises(TimeoutError):
            new.connect((host.split(":")[0], int(host.split(":")[1])))
        old.request("GET", "/health")
        self.assertEqual(old.getresponse().status, 200)
        self.platform.listener("open")
        self.assertEqual(read(self.platform, "/health")[0], 200)

    def test_requests_are_logged_and_only_reads_are_answered(self):
        read(self.platform, "/health")
        read(self.platform, "/health", method="HEAD")
        self.assertEqual(read(self.platform, "/health", method="DELETE")[0], 405)
        self.assertEqual([r["method"] for r in self.platform.log()], ["GET", "HEAD", "DELETE"])

    def test_a_fault_can_be_for_some_answers_only(self):
        self.platform.fault("/health", "not_ready", times=2)
        self.assertEqual([read(self.platform, "/health")[0] for _ in range(3)], [503, 503, 200])

    def test_every_fault_can_be_commanded_and_an_unknown_one_is_refused(self):
        for name in self.platform.ask("/faults"):
            self.platform.fault("/health", name)
        with self.assertRaises(AssertionError):
            self.platform.fault("/health", "nonsense")


class Verifier(harness.Case):
    def run_in(self, folder, *words, env=None):
        return subprocess.run([harness.PYTHON, "scripts/verify_runtime_materialization.py", *words], cwd=folder,
                              capture_output=True, text=True, timeout=20, env=env)

    def test_exit_codes(self):
        folder = harness.materialized(self.directory / "checkout")
        self.assertEqual(self.run_in(folder, "--check").returncode, 0)
        self.assertEqual(self.run_in(folder).returncode, 2)
        (folder / "runtime/env/fabric.env").write_text("FABRIC_MODE=promotion_enabled\n")
        drift = self.run_in(folder, "--check")
        self.assertEqual(drift.returncode, 1)
        self.assertEqual(json.loads(drift.stdout)["status"], "drift")
        self.assertEqual(drift.stderr, "")
        (folder / "verifier-mode").write_text("traceback")
        broken = self.run_in(folder, "--check")
        self.assertEqual(broken.returncode, 1)
        self.assertIn("Traceback (most recent call last)", broken.stderr)


if __name__ == "__main__":
    unittest.main()
