"""`readback probe` as somebody meets it who has a platform that nobody documented: what it says, and that its configuration
is one to start from."""
import json
import re
import subprocess
import unittest

import harness

SURFACES = {"health": "/health", "services": "/api/v1/platform/services",
            "observability": "/api/v1/observability/readiness", "security": "/api/v1/security/readiness"}
JSON = {"Content-Type": "application/json"}


class Probe(harness.Case):
    def platform(self, **answers):
        """A platform whose surfaces answer as given, a text or (status, headers, body), and ok otherwise."""
        paths = {SURFACES[name]: answer for name, answer in answers.items()}

        def answer(request):
            given = paths.get(request.path, '{"status":"ok"}')
            status, headers, body = given if isinstance(given, tuple) else (200, JSON, given)
            return {"status": status, "headers": headers, "body": body}

        receiver = harness.Receiver(default=answer)
        self.addCleanup(receiver.close)
        return receiver

    def probe(self, url, *words):
        return subprocess.run([harness.CLIENT, "probe", url, *words], capture_output=True, text=True, timeout=harness.LIMIT)

    def part(self, text, surface):
        """The lines about one surface, each on one line."""
        found = text.partition(f"\n{surface}  {SURFACES[surface]}")[2].partition("\n\n")[0]
        return re.sub(r"\n    +", " ", found).splitlines()[1:]

    def checked(self, yaml):
        file = self.directory / "started.yaml"
        file.write_text(yaml, encoding="utf-8")
        return subprocess.run([harness.DAEMON, "--config", file, "--check-config"], capture_output=True, text=True,
                              timeout=harness.LIMIT)

    def test_a_platform_that_is_well(self):
        sim = self.sim()
        out = self.directory / "new.yaml"
        done = self.probe(sim.url, "--config-out", str(out))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for surface in SURFACES:
            self.assertIn("  reads as pass", self.part(done.stdout, surface))
        self.assertIn("Together: green", done.stdout)
        self.assertNotIn("A configuration to start from", done.stdout)
        self.assertNotIn("surfaces:", out.read_text())
        checked = self.checked(out.read_text())
        self.assertEqual(checked.returncode, 0, checked.stderr)
        for request in sim.log():
            self.assertEqual(request["method"], "GET")

    def test_each_odd_body_is_explained(self):
        platform = self.platform(
            health=(200, {"Content-Type": "text/html"}, "<!doctype html><title>Sign in</title>"),
            services='{"status":"splendid"}', observability='{"labels":{"a/b":{"level":"GREEN"}},"uptime":7}',
            security=(503, JSON, '{"detail":"vault is sealed off"}'))
        done = self.probe(platform.url)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn('  ! health: an HTML page "Sign in"', self.part(done.stdout, "health"))
        self.assertIn('  - `status`: "splendid" is not in the lists (add it under `words`)',
                      self.part(done.stdout, "services"))
        self.assertIn('  - the word "GREEN" stands at /labels/a~1b/level: `verdict: /labels/a~1b/level` would make it the '
                      'verdict', self.part(done.stdout, "observability"))
        self.assertEqual(self.part(done.stdout, "security")[-2:],
                         ["  ! security: vault is sealed off", "  ! security: HTTP 503: answering, not ready"])
        self.assertIn("Three such sweeps in a row would page somebody as: total outage.", done.stdout)

    def test_the_configuration_says_what_the_bodies_need(self):
        platform = self.platform(services='{"status":"splendid"}', observability='{"labels":{"a/b":{"level":"GREEN"}}}')
        done = self.probe(platform.url)
        yaml = done.stdout.partition("A configuration to start from\n")[2].partition("\nNext, with this saved as FILE")[0]
        self.assertEqual(self.checked(yaml).returncode, 0)
        taken = re.sub(r"^(    |      )# (surfaces:.*|services: .*|observability: .*)$", r"\1\2", yaml, flags=re.M)
        self.assertNotEqual(taken, yaml)
        checked = self.checked(taken)
        self.assertEqual(checked.returncode, 0, checked.stderr + taken)
        once = subprocess.run([harness.DAEMON, "--config", self.directory / "started.yaml", "--once"], capture_output=True,
                              text=True, timeout=harness.LIMIT)
        self.assertEqual(once.returncode, 0, once.stdout + once.stderr)

    def test_a_guarded_platform_is_given_its_key(self):
        sim = self.sim("--api-key", "k-4711")
        done = self.probe(sim.url)
        self.assertEqual(done.returncode, 1)
        self.assertIn("give them as --header @FILE", re.sub(r"\s+", " ", done.stdout))
        key = self.directory / "key"
        key.write_text("X-API-Key: k-4711\r\n\n", encoding="utf-8")
        for word in ("X-API-Key: k-4711", "X-API-Key:k-4711", f"@{key}"):
            done = self.probe(sim.url, "--header", word)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertNotIn("k-4711", done.stdout + done.stderr)
        done = self.probe(sim.url, "--header", "Accept: application/json", "--header", "X-API-Key: wrong")
        self.assertEqual(done.returncode, 1)
        self.assertIn("The credentials given are not accepted everywhere.", re.sub(r"\s+", " ", done.stdout))
        for wrong in ("X-API-Key", "X API: k-4711", ": k-4711", "X-API-Key:", f"@{key}.gone"):
            done = self.probe(sim.url, "--header", wrong)
            self.assertEqual(done.returncode, 64, wrong)
            self.assertNotIn("k-4711", done.stderr)

    def test_nobody_there_and_in_json(self):
        done = self.probe(f"http://127.0.0.1:{harness.free_port()}", "--json")
        self.assertEqual(done.returncode, 1, done.stderr)
        said = json.loads(done.stdout)
        self.assertEqual((said["verdict"], said["extent"]), ("outage", "total"))
        self.assertEqual([s["reading"] for s in said["surfaces"]], ["unreachable"] * 4)
        self.assertEqual(self.checked(said["config"]).returncode, 0)

    def test_what_is_not_there_is_null_with_the_reason_beside_it(self):
        gone = (404, JSON, '{"detail":"Not Found"}')
        platform = self.platform(services=gone, observability=(200, {"Content-Type": "text/html"}, "<!doctype html><title>App</title>"),
                                 security=(302, {"Location": "https://login.example/"}, ""))
        out = self.directory / "new.yaml"
        done = self.probe(platform.url, "--config-out", str(out))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        written = out.read_text()
        self.assertIn("      services: null   # /api/v1/platform/services: HTTP 404: the surface is not there\n", written)
        self.assertIn('      observability: null   # /api/v1/observability/readiness: an HTML page "App"\n', written)
        self.assertIn("      security: null   # /api/v1/security/readiness: HTTP 302: redirected to", written)
        self.assertIn("With the configuration below: green", done.stdout)
        self.assertTrue(done.stdout.rstrip().endswith(f"readbackd --config {out} --check-config\n  readbackd --config {out} "
                                                      "--once"), done.stdout)
        for words in (["--check-config"], ["--once"]):
            run = subprocess.run([harness.DAEMON, "--config", out, *words], capture_output=True, text=True,
                                 timeout=harness.LIMIT)
            self.assertEqual(run.returncode, 0, run.stdout + run.stderr)

    def test_usual_routes_take_the_place_of_what_is_not_there(self):
        answers = {"/-/healthy": "Prometheus Server is Healthy.\n", "/-/ready": "Prometheus Server is Ready.\n",
                   "/livez": "ok"}

        def answer(request):
            body = answers.get(request.path)
            return {"status": 200 if body else 404, "headers": {"Content-Type": "text/plain"}, "body": body or "404 page not found"}

        platform = harness.Receiver(default=answer)
        self.addCleanup(platform.close)
        plain = self.probe(platform.url)
        self.assertEqual(plain.returncode, 1)
        self.assertIn("`--discover` tries where health is usually found", re.sub(r"\s+", " ", plain.stdout))
        out = self.directory / "new.yaml"
        done = self.probe(platform.url, "--discover", "--config-out", str(out))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        written = out.read_text()
        self.assertIn("      health: {path: /livez}", written)
        self.assertIn("      observability: {path: /-/ready}", written)
        self.assertIn("      # also answers: /-/healthy\n", written)
        once = subprocess.run([harness.DAEMON, "--config", out, "--once"], capture_output=True, text=True,
                              timeout=harness.LIMIT)
        self.assertEqual(once.returncode, 0, once.stdout + once.stderr)

    def test_the_headers_that_were_used_stand_in_the_file_and_their_values_beside_it(self):
        sim = self.sim("--api-key", "k-4711")
        out = self.directory / "new.yaml"
        done = self.probe(sim.url, "--header", "X-API-Key: k-4711", "--config-out", str(out))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        value = self.directory / "new.yaml.x-api-key"
        self.assertIn(f"    headers: {{X-API-Key: {{file: {value}}}}}\n", out.read_text())
        self.assertNotIn("k-4711", out.read_text() + done.stdout + done.stderr)
        self.assertEqual((value.read_text(), value.stat().st_mode & 0o777), ("k-4711\n", 0o600))
        once = subprocess.run([harness.DAEMON, "--config", out, "--once"], capture_output=True, text=True,
                              timeout=harness.LIMIT)
        self.assertEqual(once.returncode, 0, once.stdout + once.stderr)
        again = self.probe(sim.url, "--config-out", str(out))
        self.assertEqual((again.returncode, again.stdout), (64, ""))
        self.assertIn("is there already: give --force to replace it", again.stderr)
        self.assertEqual(self.probe(sim.url, "--header", "X-API-Key: k-4711", "--config-out", str(out), "--force").returncode, 0)

    def test_an_address_that_ends_in_a_route_and_a_port_without_tls(self):
        sim = self.sim()
        done = self.probe(sim.url + "/health")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn(f"The address ended in /health, which is a surface's path and is added to it: read as {sim.url}.",
                      re.sub(r"\s+", " ", done.stdout))
        done = self.probe(sim.url.replace("http://", "https://"))
        self.assertEqual(done.returncode, 1)
        said = re.sub(r"\s+", " ", done.stdout)
        self.assertIn("This port speaks plain HTTP, not TLS: try " + sim.url, said)
        self.assertEqual(said.count("none of the four surfaces answers"), 1)


if __name__ == "__main__":
    unittest.main()
