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


def opened(case, port, path="/", **look):
    chromium = browser.Browser()
    case.addCleanup(chromium.close)
    chromium.look(**look)
    chromium.go(f"http://127.0.0.1:{port}{path}")
    wait_until(lambda: chromium.run("document.readyState") == "complete" and chromium.run("!!document.getElementById('main')"),
               "the page is there")
    return chromium


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
        return opened(self, self.port, **look)

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
                        self.assertEqual(chromium.run(browser.POOR_CONTRAST), [])
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


@unittest.skipUnless(CHROMIUM, "chromium is not installed")
class ManyTargets(harness.Case):
    """Twenty-four targets on two platforms, of which one fails."""

    def setUp(self):
        super().setUp()
        self.port = free_port()
        good, self.sim = self.sim(name="good"), self.sim(name="bad")
        targets = [harness.fast_target((self.sim if i in (3, 11, 19) else good).url, name=f"svc-{i:02}") for i in range(24)]
        self.hook = self.receiver()
        self.world = self.daemon({"environment": "test", "targets": targets, "http": {"listen": f"127.0.0.1:{self.port}"},
                                  "alerts": {"sinks": [{"name": "hook", "type": "webhook", "url": self.hook.url}]}})
        self.world.start()
        self.wait_green(self.world)
        self.sim.fault("/health", "answer", status=503, body='{"status":"down","blockers":["postgres: pool exhausted"]}')
        self.hook.wait("firing", count=3)

    def rows(self, chromium):
        return chromium.run("[...document.querySelectorAll('.row h3')].map(h => h.textContent)")

    def test_bad_ones_come_first_and_one_reason_is_one_card(self):
        chromium = opened(self, self.port)
        rows = self.rows(chromium)
        self.assertEqual(rows[:3], ["svc-03", "svc-11", "svc-19"])
        self.assertEqual(sorted(rows), [f"svc-{i:02}" for i in range(24)])
        self.assertTrue(chromium.run("document.querySelector('#verdict .count').textContent").endswith("3 error, 21 green; 3 open incidents"))
        cards = chromium.run("[...document.querySelectorAll('section.card')].map(c => c.textContent)")
        self.assertEqual(len(cards), 1)
        for what in ("OUTAGE, 3 targets", "svc-03", "svc-11", "svc-19", "Why", "postgres: pool exhausted", "paged: 3 of 3"):
            self.assertIn(what, cards[0])
        for width in (320, 390, 768, 1280):
            for dark in (False, True):
                chromium.look(width, dark=dark)
                self.assertLessEqual(chromium.run("document.documentElement.scrollWidth"), width)
                self.assertEqual(chromium.run(browser.POOR_CONTRAST), [])
        self.assertEqual(chromium.errors, [])

    def test_it_is_filtered_as_one_types_and_without_a_script(self):
        chromium = opened(self, self.port)
        chromium.run("const q = document.getElementById('q'); q.focus(); q.value = 'svc-1'; q.dispatchEvent(new Event('input', {bubbles: true}))")
        wait_until(lambda: self.rows(chromium) == ["svc-11", "svc-19"] + [f"svc-{i}" for i in range(10, 19) if i != 11], "the filter")
        self.assertEqual(chromium.run("location.search"), "?q=svc-1")
        self.assertEqual(chromium.run("document.activeElement.id"), "q")
        plain = opened(self, self.port, "/?q=svc-1", scripts=False)
        self.assertEqual(self.rows(plain), self.rows(chromium))
        self.assertEqual(plain.run("document.getElementById('q').value"), "svc-1")
        self.assertEqual(self.rows(opened(self, self.port, "/?target=svc-07", scripts=False)), ["svc-07"])

    def test_what_was_opened_marked_and_reached_stays_while_the_page_lives(self):
        chromium = opened(self, self.port, height=500)
        wait_until(lambda: chromium.run("document.getElementById('live').textContent") == "Live.", "the page is live")
        chromium.run("document.querySelector('#target-23 summary').click()")  # a green one, which the page has folded
        chromium.run("document.querySelector('#target-3 summary').click()")  # a bad one, which it has opened
        chromium.run("getSelection().selectAllChildren(document.querySelector('#target-23 h3'))")
        chromium.run("document.getElementById('target-23').scrollIntoView()")
        chromium.run("document.querySelector('#target-23 summary').focus({preventScroll: true})")
        chromium.run("document.getElementById('target-23').mine = 'kept'")
        place, as_of = chromium.run("scrollY"), chromium.run("document.querySelector('#as-of time').dateTime")
        self.assertGreater(place, 0)
        for _ in range(2):
            wait_until(lambda: chromium.run("document.querySelector('#as-of time').dateTime") != as_of, "a newer page")
            as_of = chromium.run("document.querySelector('#as-of time').dateTime")
        self.assertEqual(chromium.run("document.getElementById('target-23').open"), True)
        self.assertEqual(chromium.run("document.getElementById('target-3').open"), False)
        self.assertEqual(chromium.run("getSelection().toString()"), "svc-23")
        self.assertEqual(chromium.run("document.activeElement.parentNode.id"), "target-23")
        self.assertEqual(chromium.run("document.getElementById('target-23').mine"), "kept")
        self.assertEqual(chromium.run("scrollY"), place)
        self.assertEqual(chromium.errors, [])


if __name__ == "__main__":
    unittest.main()
