"""The status page as a browser shows it, with and without scripts, and the stream of events behind it."""
import http.client
import json
import re
import subprocess
import unittest

import browser
import harness
from harness import free_port, wait_until

CHROMIUM = browser.PROGRAM

# The contrast of every text with what lies behind it, by WCAG 2: what is below 4.5 comes back.
POOR_CONTRAST = """(() => {
  const rgb = c => (c.match(/[\\d.]+/g) || []).map(Number);
  const light = c => { const [r, g, b] = rgb(c).map(v => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
                       return .2126 * r + .7152 * g + .0722 * b; };
  const behind = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor, v = rgb(c);
                        if (v.length < 4 || v[3] > 0) return c; } return "rgb(255,255,255)"; };
  const poor = [];
  for (const e of document.querySelectorAll("body *")) {
    if (![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()) || /SCRIPT|STYLE|TITLE/i.test(e.tagName)) continue;
    const a = light(getComputedStyle(e).color), b = light(behind(e));
    const contrast = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (contrast < 4.5) poor.push(e.tagName + " " + e.className + " " + contrast.toFixed(2) + " " + e.textContent.slice(0, 40));
  }
  return poor; })()"""


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

    def opened(self, **look):
        chromium = browser.Browser()
        self.addCleanup(chromium.close)
        chromium.look(**look)
        chromium.go(f"http://127.0.0.1:{self.port}/")
        wait_until(lambda: chromium.run("document.readyState") == "complete" and chromium.run("!!document.getElementById('main')"),
                   "the page is there")
        return chromium

    @unittest.skipUnless(CHROMIUM, "chromium is not installed")
    def test_it_fits_every_width_and_can_be_read_in_light_and_dark(self):
        chromium = self.opened()
        for state in ("green", "outage"):
            if state == "outage":
                self.broken()
            for width in (320, 390, 768, 1200):
                for dark in (False, True):
                    with self.subTest(f"{state} {width} {'dark' if dark else 'light'}"):
                        chromium.look(width, dark=dark)
                        chromium.go(f"http://127.0.0.1:{self.port}/")
                        wait_until(lambda: chromium.run("document.readyState") == "complete", "the page is there")
                        self.assertLessEqual(chromium.run("document.documentElement.scrollWidth"), width)
                        self.assertEqual(chromium.run(POOR_CONTRAST), [])
                        self.assertEqual(chromium.run("matchMedia('(prefers-color-scheme: dark)').matches"), dark)
                        self.assertGreater(len(chromium.picture()), 5000)
        self.assertEqual(chromium.errors, [])

    @unittest.skipUnless(CHROMIUM, "chromium is not installed")
    def test_it_follows_what_happens_and_keeps_the_keyboard_s_place(self):
        chromium = self.opened()
        wait_until(lambda: "green" in chromium.run("document.title"), "green")
        loaded = chromium.run("window.once = Math.random()")
        self.broken()
        wait_until(lambda: "error" in chromium.run("document.title") and chromium.run("document.querySelectorAll('ol.six li').length") == 6,
                   "the outage is shown")
        chromium.run("document.querySelector('main a').focus()")
        link = chromium.run("document.activeElement.href")
        self.assertIn("check-stack-health", link)
        as_of = chromium.run("document.getElementById('as-of').textContent")
        wait_until(lambda: chromium.run("document.getElementById('as-of').textContent") != as_of, "a newer page")
        self.assertEqual(chromium.run("document.activeElement.href"), link)
        # What is spoken when it changes does not change with every sweep.
        self.assertNotIn("Z", chromium.run("document.querySelector('[role=status]').textContent"))
        self.lived.sim.ok("/health")
        self.lived.hook.wait("resolved")
        wait_until(lambda: "green" in chromium.run("document.title") and "RESOLVED" in chromium.run("document.body.textContent"),
                   "the end is shown")
        self.assertEqual(chromium.run("window.once"), loaded, "and it was never loaded anew")
        self.assertEqual(chromium.errors, [])

    @unittest.skipUnless(CHROMIUM, "chromium is not installed")
    def test_its_parts_can_be_found_without_seeing_them(self):
        self.broken()
        chromium = self.opened(scripts=False)
        levels = chromium.run("[...document.querySelectorAll('h1,h2,h3,h4')].map(h => +h.tagName[1])")
        self.assertEqual(levels[0], 1)
        self.assertEqual([b for a, b in zip(levels, levels[1:]) if b > a + 1], [], "no level of heading is left out")
        names = chromium.run("[...document.querySelectorAll('svg')].map(s => s.getAttribute('role') + ' ' + s.getAttribute('aria-label'))")
        self.assertTrue(names and all(re.match("img .+: .+", n) for n in names), names)
        for what in ("html[lang=en]", "header", "main", "footer", "a.skip[href='#main']", "th[scope=col]", "th[scope=row]"):
            self.assertTrue(chromium.run(f"!!document.querySelector(\"{what}\")"), what)
        headings = chromium.run("[...document.querySelectorAll('h2')].map(h => h.textContent)")
        self.assertLess(headings.index("Open incidents"), headings.index("Targets"), "what is to be done comes first")

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
