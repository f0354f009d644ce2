"""The example of each kind of sink: readbackd takes it as it is shipped, and a test alert arrives in the form that its
receiver documents."""
import json
import os
import re
import subprocess

import unittest

import harness

EXAMPLES = harness.ROOT / "packaging" / "examples"
KINDS = {"webhook", "pagerduty", "alertmanager", "slack", "teams"}


class SinkExamples(harness.Case):
    def setUp(self):
        super().setUp()
        self.hook = self.receiver()
        self.secret = harness.new_secret()
        self.credentials = self.directory / "credentials"
        self.credentials.mkdir()
        for name, text in {"hook-secret": self.secret, "pagerduty": "0123456789abcdef0123456789abcdef",
                           "slack-url": self.hook.url + "/services/T0/B0/x",
                           "teams-url": self.hook.url + "/workflows/x?sig=y"}.items():
            (self.credentials / name).write_text(text + "\n")
        self.environment = {"CREDENTIALS_DIRECTORY": str(self.credentials)}

    def test_there_is_one_for_each_kind_and_it_is_taken(self):
        files = {kind: EXAMPLES / f"sink-{kind}.yaml" for kind in KINDS}
        self.assertEqual(sorted(EXAMPLES.glob("sink-*")), sorted(files.values()))
        header = (harness.ROOT / "core" / "config" / "alerts.hpp").read_text()
        self.assertEqual(set(re.search(r"enum class SinkType \{([^}]*)\}", header)[1].replace(" ", "").split(",")), KINDS)
        for kind, file in files.items():
            with self.subTest(kind):
                self.assertRegex(file.read_text(), rf"(?m)^ +type: {kind}$")
                done = subprocess.run([harness.DAEMON, "--config", file, "--check-config"], capture_output=True, text=True,
                                      env={**os.environ, **self.environment}, timeout=harness.LIMIT)
                self.assertEqual(done.returncode, 0, done.stderr)

    def told_by(self, kind):
        """What arrives when the command in the example is run against a receiver of ours."""
        text = (EXAMPLES / f"sink-{kind}.yaml").read_text()
        name, command = re.search(r"(?m)^ +- name: (\w+)$", text)[1], re.search(r"# Try it: readback (test-alert \w+)", text)[1]
        self.assertEqual(command, f"test-alert {name}")
        text = text.replace("https://pager.example/readback", self.hook.url + "/readback")
        text = re.sub(r"http://127\.0\.0\.1:909[35]", self.hook.url, text).replace("http://127.0.0.1:38080", self.sim(name=kind).url)
        if kind == "pagerduty":
            text += f"      url: {self.hook.url}/v2/enqueue\n"
        daemon = self.daemon({}, name=f"daemon-{kind}", env=self.environment)
        daemon.config_path.write_text(text + f"control: {{socket: {daemon.socket}}}\nstore: {{path: {daemon.state}}}\n")
        daemon.start()
        daemon.client(*command.split(), expect=0)
        daemon.stop()
        return list(self.hook.requests)

    def test_webhook(self):
        (request,) = self.told_by("webhook")
        self.assertEqual((request.path, request.json["schema"], request.json["event"]), ("/readback", "readback.alert/v1", "test"))
        self.assertTrue(harness.signature_holds(request, self.secret))

    def test_pagerduty(self):
        requests = self.told_by("pagerduty")
        self.assertTrue(requests)
        for request in requests:
            self.assertEqual((request.path, request.json["routing_key"]), ("/v2/enqueue", "0123456789abcdef0123456789abcdef"))
            self.assertIn(request.json["event_action"], ("trigger", "resolve"))
        self.assertIn("summary", requests[0].json["payload"])

    def test_alertmanager(self):
        requests = self.told_by("alertmanager")
        self.assertEqual([r.path for r in requests[:2]], ["/api/v2/alerts"] * 2, "both members are told")
        self.assertEqual(requests[0].json[0]["labels"]["alertname"], "ReadbackTest")

    def test_webhook_with_a_template(self):
        folder = self.directory / "own"
        folder.mkdir()
        (self.credentials / "receiver-key").write_text("GenieKey 1\n")
        (folder / "webhook-template.mustache").write_text((EXAMPLES / "webhook-template.mustache").read_text())
        text = (EXAMPLES / "webhook-template.yaml").read_text()
        text = text.replace("https://receiver.example", self.hook.url).replace("http://127.0.0.1:38080", self.sim(name="own-sim").url)
        daemon = self.daemon({}, name="daemon-own", env=self.environment)
        daemon.config_path = folder / "readback.yaml"
        daemon.config_path.write_text(text + f"control: {{socket: {daemon.socket}}}\nstore: {{path: {daemon.state}}}\n")
        daemon.start()
        daemon.client("test-alert", "own", expect=0)
        (request,) = self.hook.requests
        self.assertEqual((request.path, request.headers["Authorization"]), ("/v2/alerts", "GenieKey 1"))
        self.assertEqual((request.headers["Content-Type"], request.json["status"]), ("application/json", "test"))
        self.assertIn("nothing is wrong", request.json["message"])
        self.assertEqual(request.json["description"], "an operator asked for a test\n")
        # Another text counts from the reload on; one with a mistake does not, and is told with its place.
        template = folder / "webhook-template.mustache"
        template.write_text('{"said": "{{summary}}"}')
        daemon.reload()
        daemon.client("test-alert", "own", expect=0)
        self.assertEqual(list(self.hook.requests[-1].json), ["said"])
        template.write_text('{"said":\n "{{sumary}}"}')
        done = subprocess.run([harness.DAEMON, "--config", daemon.config_path, "--check-config"], capture_output=True, text=True,
                              env={**os.environ, **self.environment}, timeout=harness.LIMIT)
        self.assertEqual(done.returncode, 78)
        self.assertIn(f"{template}:2:3: no event has a `sumary`", done.stderr)

    def test_teams(self):
        self.hook.default = 202
        (request,) = self.told_by("teams")
        self.assertEqual(request.path, "/workflows/x?sig=y")
        (card,) = request.json["attachments"]
        self.assertEqual((request.json["type"], card["content"]["type"], card["content"]["version"]), ("message", "AdaptiveCard", "1.4"))

    def test_slack(self):
        (request,) = self.told_by("slack")
        self.assertEqual(request.path, "/services/T0/B0/x")
        self.assertTrue(request.json["blocks"])


if __name__ == "__main__":
    unittest.main()
