"""The status page as a browser shows it, with and without scripts, and the stream of events behind it."""
import http.client
import json
import re
import shutil
import subprocess
import unittest

import harness
from harness import free_port, wait_until

CHROMIUM = shutil.which("chromium")


class StatusPage(harness.Case):
    def setUp(self):
        super().setUp()
        self.port = free_port()
        self.lived = self.world(http={"listen": f"127.0.0.1:{self.port}"},
                                target={"paths": [{"name": "checkout", "kind": "user", "url": "/app/checkout"}]})

    def ask(self, path="/", method="GET"):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read().decode()
        finally:
            connection.close()

    def browse(self, *options):
        done = subprocess.run([CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--timeout=4000",
                               f"--user-data-dir={self.directory}/chromium", *options, f"http://127.0.0.1:{self.port}/"],
                              capture_output=True, text=True, timeout=90)
        return done.stdout, done.stderr

    def broken(self):
        self.lived.sim.fault("/health", "not_ready", text='<script>document.title="owned"</script>')
        return self.lived.hook.wait("firing")

    def test_it_says_all_without_a_script(self):
        page = self.broken()
        status, headers, text = self.ask()
        self.assertEqual(status, 200)
        policy = {k.lower(): v for k, v in headers.items()}["content-security-policy"]
        self.assertIn("default-src 'none'", policy)
        self.assertNotIn("unsafe-inline", re.search(r"script-src[^;]*", policy + "; script-src").group())
        self.assertTrue(page["incident"]["id"] in text, "the incident")
        for what in ("<svg", "fabric", "Resolved when all six hold", "hook", '<html lang="en"', 'name="viewport"'):
            self.assertTrue(what.lower() in text.lower(), what)
        self.assertFalse("<script>document" in text)

    def test_it_only_answers_reads(self):
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            self.assertIn(self.ask("/", method)[0], (404, 405))
        self.assertEqual(self.ask("/healthz")[0], 200)
        self.assertEqual(self.ask("/readyz")[0], 200)
        self.assertEqual(self.ask("/v1/silences", "POST")[0] // 100, 4)

    @unittest.skipUnless(CHROMIUM, "chromium is not installed")
    def test_a_browser_shows_it_and_runs_nothing_of_a_body(self):
        self.broken()
        text, said = self.browse("--dump-dom")
        self.assertIn("fabric", text)
        self.assertIn("<svg", text)
        self.assertNotIn("<title>owned", text)
        self.assertNotRegex(said, "Content Security Policy|Uncaught")

    @unittest.skipUnless(CHROMIUM, "chromium is not installed")
    def test_it_is_as_wide_as_a_phone(self):
        self.broken()
        for name, options in {"phone": ["--window-size=500,900"], "dark": ["--force-dark-mode", "--window-size=1200,900"]}.items():
            picture = self.directory / f"{name}.png"
            self.browse(f"--screenshot={picture}", *options)
            self.assertGreater(picture.stat().st_size, 5000, name)

    def test_events_go_on_where_they_stopped(self):
        def read(last, count):
            connection = http.client.HTTPConnection("localhost", timeout=harness.LIMIT)
            import socket
            connection.sock = socket.socket(socket.AF_UNIX)
            connection.sock.settimeout(harness.LIMIT)
            connection.sock.connect(str(self.lived.daemon.socket))
            connection.request("GET", "/v1/events", headers={"Last-Event-ID": last} if last else {})
            answer = connection.getresponse()
            ids = []
            while len(ids) < count:
                line = answer.readline().decode()
                self.assertTrue(line, "the stream ended")
                if line.startswith("id:"):
                    ids.append(line[3:].strip())
            connection.close()
            return ids
        first = read(None, 2)
        again = read(first[0], 2)
        self.assertEqual(again[0], first[1], "nothing is missed and nothing comes twice")


if __name__ == "__main__":
    unittest.main()
