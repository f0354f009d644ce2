"""packaging/quickstart.sh, as somebody runs it who sees Readback for the first time."""
import os
import pathlib
import re
import signal
import subprocess
import unittest

import harness

SCRIPT = harness.ROOT / "packaging" / "quickstart.sh"


def interruptible():
    """A test run in the background has SIGINT ignored, and bash cannot trap what was ignored when it started."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Quickstart(harness.Case):
    def start(self, *words):
        """In a process group of its own, as a terminal would start it; what it says goes to a file."""
        self.said = self.directory / "said"
        with self.said.open("wb") as out:
            process = subprocess.Popen([SCRIPT, *words], stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                                       start_new_session=True, preexec_fn=interruptible, env={**os.environ, "READBACK_BUILD": str(harness.BUILD)})
        self.addCleanup(self.end, process)
        return process

    def end(self, process):
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(harness.LIMIT)

    def text(self):
        return self.said.read_text()

    def wait_for(self, pattern, process):
        harness.wait_until(lambda: re.search(pattern, self.text()) or process.poll() is not None, self.text)
        self.assertRegex(self.text(), pattern)

    def assert_nothing_is_left(self, process):
        for cmdline in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = cmdline.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            self.assertFalse(int(fields[3]) == process.pid and fields[0] != "Z", f"{cmdline} is of the session still")

    def test_without_an_address_it_shows_a_page_a_bundle_and_a_report(self):
        process = self.start()
        self.assertEqual(process.wait(harness.LIMIT * 3), 0, self.text())
        text = self.text()
        for what in ("fabric: green", "[FIRING] OUTAGE total fabric:", "next safe step:", "bundle.tar.zst: proven,",
                     "[RECOVERED] ", "[RESOLVED] ", "Resolved means six conditions", "Kept for you in "):
            self.assertIn(what, text)
        kept = harness.ROOT / re.search(r"Kept for you in (\S+):", text)[1]
        self.assertIn("<html", (kept / "report.html").read_text())
        self.assertGreater((kept / "bundle.tar.zst").stat().st_size, 1000)
        self.assert_nothing_is_left(process)

    def test_with_an_address_it_watches_until_it_is_interrupted(self):
        sim = self.sim()
        process = self.start(sim.url)
        self.wait_for("fabric  sweep|Watching ", process)
        self.assertIn("Together: green", self.text())
        os.killpg(process.pid, signal.SIGINT)
        self.assertEqual(process.wait(harness.LIMIT), 130, self.text())
        self.assert_nothing_is_left(process)

    def test_with_an_address_that_refuses_it_pages(self):
        process = self.start("http://127.0.0.1:1")
        self.wait_for(r"\[FIRING\] OUTAGE total fabric: ", process)
        self.assertIn("Together: outage", self.text())
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(harness.LIMIT), 130, self.text())
        self.assert_nothing_is_left(process)

    def test_interrupted_in_the_middle_it_leaves_nothing(self):
        process = self.start()
        self.wait_for("fabric: green", process)
        os.killpg(process.pid, signal.SIGINT)
        self.assertEqual(process.wait(harness.LIMIT), 130, self.text())
        self.assert_nothing_is_left(process)

    def test_what_is_no_address_is_said_at_once(self):
        process = self.start("fabric.example:38080")
        self.assertEqual(process.wait(harness.LIMIT), 64)
        self.assertIn("http://", self.text())
        process = self.start("--help")
        self.assertEqual(process.wait(harness.LIMIT), 0)
        self.assertIn("packaging/quickstart.sh BASE_URL", self.text())


if __name__ == "__main__":
    unittest.main()
