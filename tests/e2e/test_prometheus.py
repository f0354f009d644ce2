"""Metrics, rules and dashboard, against a real Prometheus that scrapes a real daemon."""
import json
import re
import subprocess
import unittest
import urllib.error
import urllib.parse
import urllib.request

import harness
from harness import program, wait_until

NAMES = """readback_read_success readback_read_duration_seconds_bucket readback_read_duration_seconds_count readback_boundary
readback_incidents_open readback_observer_healthy readback_config_last_reload_successful readback_config_hash readback_sweeps_total
readback_sweeps_counted_total readback_watching readback_sweep_lag_seconds readback_last_sweep_timestamp_seconds readback_alert_deliveries_total readback_outbox_depth
readback_outbox_oldest_seconds readback_snapshots_total readback_store_bytes readback_build_info process_cpu_seconds_total
process_resident_memory_bytes process_open_fds process_start_time_seconds""".split()
PACKAGING = harness.ROOT / "packaging"
RULES = PACKAGING / "prometheus" / "rules.yml"


def expressions(node):
    """Every PromQL text of a dashboard, wherever it stands."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "expr" and isinstance(value, str):
                yield value
            elif key in ("query", "definition") and isinstance(value, str) and value.startswith("label_values("):
                metric = value.removeprefix("label_values(").rsplit(")", 1)[0].rsplit(",", 1)[0]
                yield metric.strip()
            else:
                yield from expressions(value)
    elif isinstance(node, list):
        for each in node:
            yield from expressions(each)


def without_variables(expr):
    for name, value in (("__rate_interval", "1m"), ("__interval", "15s"), ("__range", "5m")):
        expr = re.sub(rf"\$\{{?{name}\}}?", value, expr)
    return re.sub(r"\$\{?\w+(?::\w+)?\}?", ".*", expr)


class Prometheus(harness.Case):
    def setUp(self):
        super().setUp()
        self.prometheus, self.promtool = program("prometheus"), program("promtool")
        self.listen = f"127.0.0.1:{harness.free_port()}"

    def ask(self, path, **query):
        url = f"{self.url}{path}?{urllib.parse.urlencode(query)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            text = error.read()
            # While it starts it answers 503 in plain words; an expression it refuses is answered in JSON.
            return json.loads(text) if error.headers.get_content_type() == "application/json" else {}
        except OSError:
            return {}

    def value(self, expr):
        result = self.ask("/api/v1/query", query=expr).get("data", {}).get("result", [])
        return float(result[0]["value"][1]) if result else None

    def scraped(self):
        """A world with a platform, a daemon with /metrics, and a Prometheus that scrapes it and has the shipped rules."""
        folder = harness.materialized(self.directory / "checkout")
        world = self.world(http={"listen": self.listen}, target={"checks": harness.check_at(folder)})
        port = harness.free_port()
        self.url = f"http://127.0.0.1:{port}"
        config = self.directory / "prometheus.yml"
        config.write_text(json.dumps({
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"}, "rule_files": [str(RULES)],
            "scrape_configs": [{"job_name": "readback", "static_configs": [{"targets": [self.listen]}]}]}))
        process = self.spawn([self.prometheus, f"--config.file={config}", f"--storage.tsdb.path={self.directory}/tsdb",
                    f"--web.listen-address=127.0.0.1:{port}"], "prometheus")
        wait_until(lambda: self.value('up{job="readback"}') == 1, lambda: f"Prometheus scrapes the daemon\n{process.stderr()[-3000:]}\n{self.ask('/api/v1/targets')}", 60)
        return world

    def metrics(self):
        with urllib.request.urlopen(f"http://{self.listen}/metrics", timeout=10) as answer:
            self.assertIn("text/plain", answer.headers["Content-Type"])
            return answer.read()

    def lint(self):
        done = subprocess.run([self.promtool, "check", "metrics"], input=self.metrics(), capture_output=True, timeout=60)
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, b""))

    def test_a_real_prometheus_sees_an_incident_and_the_dashboard_asks_only_what_there_is(self):
        world = self.scraped()
        self.lint()
        wait_until(lambda: self.value('readback_boundary{boundary="outage"}') == 0, "the boundary is seen as well")
        world.sim.fault("/health", "not_ready")
        world.hook.wait("firing")
        wait_until(lambda: self.value('readback_incidents_open{boundary="outage",target="fabric"}') == 1, "the open incident")
        wait_until(lambda: self.value('readback_read_success{read="health"}') == 0, "the read that fails")
        wait_until(lambda: self.value('readback_alert_deliveries_total{sink="hook",result="delivered"}') == 1, "the delivery")
        self.lint()

        names = set(self.ask("/api/v1/label/__name__/values")["data"])
        self.assertEqual([n for n in NAMES if n not in names], [])
        self.assertEqual({r["metric"]["phase"] for r in self.ask(
            "/api/v1/query", query="readback_read_duration_seconds_count")["data"]["result"]} - {"tls", "dns"},
            {"connect", "first_byte", "total"})

        groups = self.ask("/api/v1/rules")["data"]["groups"]
        loaded = {r["name"]: r["health"] for g in groups for r in g["rules"]}
        shipped = re.findall(r"^ +- alert: (\w+)", RULES.read_text(), re.M)
        self.assertEqual(sorted(loaded), sorted(shipped))
        wait_until(lambda: {r["health"] for g in self.ask("/api/v1/rules")["data"]["groups"] for r in g["rules"]} == {"ok"},
                   "every rule is evaluated without an error")
        wait_until(lambda: self.value('ALERTS{alertname="ReadbackBoundaryFiring",boundary="outage"}') == 1,
                   "the open outage makes its rule pending")

        # Those of a fleet are none of a host alone; the manual page names them.
        manual = (PACKAGING / "man" / "readbackd.8").read_text()
        names |= set(re.findall(r"^\.It (readback_fleet_\w+)", manual, re.M))
        asked = sorted(set(expressions(json.loads((PACKAGING / "grafana" / "readback.json").read_text()))))
        self.assertGreater(len(asked), 5)
        for expr in asked:
            with self.subTest(expr):
                answer = self.ask("/api/v1/query", query=without_variables(expr))
                self.assertEqual(answer.get("status"), "success", answer)
                for name in re.findall(r"\b(?:readback|process)_\w+", expr):
                    self.assertIn(name, names)
        for name in re.findall(r"\breadback_\w+", " ".join(re.findall(r"expr: (.*)", RULES.read_text()))):
            self.assertIn(name, names)

        # The daemon is gone: the rule that must see it does.
        world.daemon.kill()
        wait_until(lambda: self.value('ALERTS{alertname="ReadbackAbsent"}') == 1, "ReadbackAbsent is pending or fires",
                   30 + harness.LIMIT)

    def test_the_rules_hold_by_their_own_stories(self):
        for words in (["check", "rules", str(RULES)], ["test", "rules", str(PACKAGING / "prometheus" / "rules_test.yml")]):
            done = subprocess.run([self.promtool, *words], capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_the_alertmanager_configuration_is_taken(self):
        done = subprocess.run([program("amtool"), "check-config", str(PACKAGING / "alertmanager" / "alertmanager.yml")],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        for labels, receiver in (({"alertname": "ReadbackOutage", "severity": "critical"}, "on-call"),
                                 ({"alertname": "ReadbackDrift", "severity": "warning"}, "chat"),
                                 ({"alertname": "ReadbackTest", "severity": "info"}, "chat")):
            done = subprocess.run([program("amtool"), "config", "routes", "test", "--config.file",
                                   str(PACKAGING / "alertmanager" / "alertmanager.yml"),
                                   *[f"{k}={v}" for k, v in labels.items()]], capture_output=True, text=True, timeout=60)
            self.assertEqual(done.stdout.strip(), receiver, done.stderr)


if __name__ == "__main__":
    unittest.main()
