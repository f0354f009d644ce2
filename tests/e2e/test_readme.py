"""What README.md and the guide say is true: their configurations load, their commands exist, the transcript is what happens
today.

    /usr/bin/python3 tests/e2e/test_readme.py --write     puts today's transcript into README.md
"""
import os
import re
import subprocess
import sys
import unittest

import harness

README = harness.ROOT / "README.md"
GUIDE = sorted((harness.ROOT / "packaging" / "guide").glob("*.md"))
BEGIN, END = "<!-- transcript: written by tests/e2e/test_readme.py -->", "<!-- end of transcript -->"


def blocks(language, file=README):
    return re.findall(rf"^```{language}\n(.*?)^```", file.read_text(), re.M | re.S)


def transcript(case):
    """A real incident, command by command, with times, ids, ports and digests made equal."""
    folder = harness.materialized(case.directory / "checkout")
    world = case.world(environment="prod", host="host-7", target={
        "checks": harness.check_at(folder),
        "paths": [{"name": "checkout", "kind": "user", "url": "/app/checkout",
                   "expect": {"status": [200], "body_contains": "ready"}}]})
    told = []

    def run(*words, shown=None):
        done = world.daemon.client(*words, env={"COLUMNS": "80"})
        told.append(f"$ readback {shown or ' '.join(map(str, words))}\n{(done.text + done.error_text).rstrip()}\n")

    harness.wait_until(lambda: world.daemon.status()["targets"][0]["checks_total"] > 0, "a first check")
    run("status")
    world.sim.fault("/health", "not_ready", text="postgres: connection pool exhausted")
    page = world.hook.wait("firing")
    told.append("(the page)\n" + "\n".join([page["summary"], *("  because: " + w for w in page["why"]),
                f"  runbook: {page['runbook']['title']} (owner: {page['runbook']['owner']})",
                f"  next safe step: {page['next_safe_step']}", f"  evidence: {page['evidence']['pull']}"]) + "\n")
    bundle = case.directory / "bundle.tar.zst"
    run("snapshot", "pull", "latest", "-o", bundle, shown="snapshot pull latest -o bundle.tar.zst")
    run("snapshot", "verify", bundle, shown="snapshot verify bundle.tar.zst")
    run("symptom", "checkout hangs at the last step", shown='symptom "checkout hangs at the last step"')
    world.sim.ok("/health")
    world.hook.wait("resolved")
    harness.wait_until(lambda: {a["state"] for a in world.daemon.json("incident", page["incident"]["id"])["alerts"]} ==
                       {"delivered"}, "every answer is recorded")
    run("incident", page["incident"]["id"], shown="incident " + page["incident"]["id"])
    return normalised("\n".join(told).replace(page["incident"]["id"][-8:], "fb184920"), case)


def normalised(text, case):
    text = text.replace(str(case.directory) + "/", "")
    text = re.sub(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "0193…", text)
    text = re.sub(r"\b[0-9a-f]{64}\b", "4f2c…", text)
    text = re.sub(r"\bMCowBQYDK2VwAyEA\S+", "MCow…", text)
    text = text.replace(str(case.directory), "…")
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:38080", text)
    text = re.sub(r"\d{4}-\d\d-\d\d([T ])\d\d:\d\d:\d\d(\.\d+)?Z?", r"2026-11-24\g<1>03:11:58Z", text)
    text = re.sub(r"\b\d\d:\d\d:\d\d(\.\d+)?Z?\b", "03:11:58Z", text)
    text = re.sub(r"\b\d+(\.\d+)? ?(ms|µs|KiB|MiB|B|bytes)\b", r"N \2", text)
    text = re.sub(r"\b\d+ (s|min|m|h|files)\b", r"N \1", text)
    text = re.sub(r"\bafter \d+(\.\d+)?s\b", "after Ns", text)
    text = re.sub(r"\((now|\d+[smhd] ago)\)", "(Ns ago)", text)
    text = re.sub(r"^  sweep \d+ at", "  sweep N at", text, flags=re.M)
    return text


class Readme(harness.Case):
    def test_every_configuration_is_accepted(self):
        examples = [block for file in (README, *GUIDE) for block in blocks("yaml", file)]
        self.assertGreaterEqual(len(examples), 6)
        folder = harness.materialized(self.directory / "helpifyr-fabric")
        credentials = self.directory / "credentials"
        credentials.mkdir()
        for name in ("fabric-api-key", "pagerduty", "hook-secret", "nats"):
            (credentials / name).write_text(harness.new_secret())
        (credentials / "slack-url").write_text("https://hooks.example/services/x")
        for text in examples:
            text = text.replace("/srv/helpifyr-fabric", str(folder)).replace("/etc/readback/", str(credentials) + "/")
            path = self.directory / "readback.yaml"
            path.write_text(text)
            done = subprocess.run([harness.DAEMON, "--config", path, "--check-config"], capture_output=True, text=True,
                                  env={**os.environ, "CREDENTIALS_DIRECTORY": str(credentials)})
            self.assertEqual(done.returncode, 0, done.stderr + text)

    def test_every_command_that_is_named_exists(self):
        named = {word for file in (README, *GUIDE) for word in re.findall(r"`readback ([a-z-]+)", file.read_text())}
        named |= {word for file in GUIDE for block in blocks("sh", file) for word in re.findall(r"^readback ([a-z-]+)", block, re.M)}
        self.assertTrue(named)
        for word in sorted(named):
            done = subprocess.run([harness.CLIENT, word, "--help"], capture_output=True, text=True, timeout=20)
            self.assertEqual(done.returncode, 0, f"readback {word} --help: {done.stderr}")

    def test_every_command_line_is_run_by_a_test(self):
        run_by = {  # what a reader types: the file and the words in it that show that it is run
            "packaging/quickstart.sh": ("e2e/test_quickstart.py", "self.start()"),
            "packaging/quickstart.sh http://…": ("e2e/test_quickstart.py", "self.start(sim.url)"),
            "tests/run.sh": ("../.ci/run", "tests/run.sh"),
            "cmake --preset release && ninja -C .build/release deb": ("e2e/package.py", '"ninja", "-C", FOLDER, "deb"'),
            "apt install ./.build/release/readback_*.deb": ("e2e/test_boot.py", '"apt", "install"'),
            "readbackd --check-config": ("e2e/test_boot.py", '"readbackd", "--check-config"'),
            "readback test-alert": ("e2e/test_boot.py", '"test-alert"'),
            "$EDITOR /etc/readback/readback.yaml": ("e2e/test_boot.py", "/etc/readback/readback.yaml"),
            "systemctl reload readbackd": ("e2e/test_boot.py", '"reload", "readbackd'),
            "adduser YOU readback": ("e2e/test_boot.py", "readback"),
            **{line.strip(): ("e2e/test_evidence.py", "self.readme_commands()") for block in blocks("sh")
               for line in block.splitlines() if "manifest" in line or "evidence" in line},
        }
        outside = README.read_text().replace(README.read_text().split(BEGIN)[1].split(END)[0], "")
        lines = re.findall(r"^\$ (.*)$", outside, re.M) + [l for block in blocks("sh") for l in block.splitlines()]
        self.assertEqual(sorted(re.sub(r" +#.*", "", line).strip() for line in lines), sorted(run_by))
        for line, (file, words) in run_by.items():
            self.assertIn(words, (harness.ROOT / "tests" / file).read_text(), line)

    def test_every_file_that_is_named_exists(self):
        for file in (README, *GUIDE):
            for name in re.findall(r"`((?:core|daemon|config|tests|packaging|systemd)/[\w./-]+)", file.read_text()):
                self.assertTrue((harness.ROOT / name).exists(), name)

    def test_the_readme_leads_to_each_page_of_the_guide(self):
        for page in GUIDE:
            self.assertIn(f"`packaging/guide/{page.name}`", README.read_text())

    @unittest.skipIf(BEGIN not in README.read_text(), "README.md has no transcript yet")
    def test_the_transcript_is_what_happens(self):
        kept = README.read_text().split(BEGIN)[1].split(END)[0]
        self.assertEqual(kept.replace("```text", "```").strip().strip("`").strip(), transcript(self).strip())


class Write(harness.Case):
    def runTest(self):
        text = README.read_text()
        new = f"{BEGIN}\n```text\n{transcript(self).strip()}\n```\n{END}"
        if BEGIN in text:
            text = text[:text.index(BEGIN)] + new + text[text.index(END) + len(END):]
        else:
            text = text.replace("## How the diagnosis works", "## An incident\n\n" + new + "\n\n## How the diagnosis works")
        README.write_text(text)


if __name__ == "__main__":
    if "--write" in sys.argv:
        sys.exit(0 if unittest.TextTestRunner().run(Write()).wasSuccessful() else 1)
    unittest.main()
