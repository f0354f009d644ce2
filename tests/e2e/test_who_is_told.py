"""Who hears of an incident: those who wait until nobody has acknowledged, nobody at all, and receivers that stand in files
of their own."""
import json
import os
import subprocess
import unittest

import harness
from harness import wait_until


class Escalation(harness.Case):
    def world_of_two(self, after):
        self.first, self.second = self.receiver(), self.receiver()
        sinks = [{"name": name, "type": "webhook", "url": hook.url} for name, hook in
                 (("first", self.first), ("second", self.second))]
        return self.world(alerts={"sinks": sinks, "escalate": [{"after": after, "sinks": ["second"]}]})

    def test_who_waits_is_called_after_a_restart_too_and_hears_the_end(self):
        world = self.world_of_two("4s")
        world.sim.fault("/health", "not_ready")
        page = self.first.wait("firing")
        world.daemon.kill()
        world.daemon.start()
        call = self.second.wait("firing")
        self.assertEqual(call["incident"]["id"], page["incident"]["id"])
        self.assertEqual(call["dedup_key"], page["dedup_key"])
        self.assertRegex(call["summary"], r"^NOT ACKNOWLEDGED for \d+s: OUTAGE ")
        self.assertEqual(call["evidence"], page["evidence"])
        world.daemon.client("ack", page["incident"]["id"], expect=0)
        world.sim.ok("/health")
        for hook in (self.first, self.second):
            hook.wait("resolved")
            told = list(dict.fromkeys(event for event, _ in hook.told()))  # a kill may have an event told twice
            self.assertEqual(told, ["firing", "acknowledged", "recovered", "resolved"])

    def test_an_acknowledgement_keeps_them_from_being_called(self):
        world = self.world_of_two("3s")
        world.sim.fault("/health", "not_ready")
        page = self.first.wait("firing")
        world.daemon.client("ack", page["incident"]["id"], expect=0)
        sweeps = world.daemon.status()["daemon"]["sweeps_total"]
        wait_until(lambda: world.daemon.status()["daemon"]["sweeps_total"] > sweeps + 10, "ten further sweeps, five seconds")
        self.assertEqual(self.second.told(), [])


class Silences(harness.Case):
    def setUp(self):
        super().setUp()
        self.chat = self.receiver()

    def chat_says(self):
        with self.chat.lock:
            said = [r.json for r in self.chat.requests]
        return [each["blocks"][0]["text"]["text"] + " / " + each["text"] for each in said]

    def test_one_until_it_is_resolved_ends_with_the_fault_and_a_chat_hears_of_both(self):
        program = self.receiver()
        world = self.world(sinks=[{"name": "program", "type": "webhook", "url": program.url + "/x"},
                                  {"name": "chat", "type": "slack", "url": self.chat.url + "/x"}])
        said = world.daemon.client("silence", "add", "--until-resolved", "--reason", "moving house", expect=0).text
        self.assertIn("nothing is open there now", said)
        world.sim.fault("/health", "not_ready")
        wait_until(lambda: world.daemon.json("incidents")["incidents"], "the incident is open, and held back")
        shown = world.daemon.client("silence", "list", expect=0).text
        self.assertIn("until resolved, at most", shown)
        world.sim.ok("/health")
        wait_until(lambda: not world.daemon.json("silence", "list")["silences"], "the silence ends with it")
        self.assertEqual(program.seen(), [])
        wait_until(lambda: len(self.chat_says()) == 2, lambda: f"a beginning and an end, not {self.chat_says()}")
        self.assertIn("silence begins: every target", self.chat_says()[0])
        self.assertIn("SILENCE ENDED every target, every boundary: what was open there is resolved", self.chat_says()[1])
        world.sim.fault("/health", "not_ready")
        program.wait("firing")

    def test_one_that_is_set_ahead_begins_then_and_the_page_after_it_says_so(self):
        world = self.world()
        world.daemon.client("silence", "add", "--from", "2s", "--for", "4s", "--reason", "moving house", expect=0)
        self.assertIn("from 20", world.daemon.client("silence", "list", expect=0).text)
        self.assertFalse(world.daemon.json("silence", "list")["silences"][0]["has_begun"])
        wait_until(lambda: world.daemon.json("silence", "list")["silences"][0]["has_begun"], "it has begun")
        world.sim.fault("/health", "not_ready")
        page = world.hook.wait("firing")
        self.assertIn(", held back for ", page["summary"])
        self.assertIn("a silence or a maintenance window held this page back", " ".join(page["why"]))

    def test_what_cannot_be_is_refused_with_its_reason(self):
        world = self.world()
        for words, why in ((["--reason", "r"], "every silence ends"),
                           (["--reason", "r", "--for", "1h", "--from", "yesterday"], "from is a time such as"),
                           (["--reason", "r", "--for", "1h", "--from", "2099-01-01T00:00:00Z"], "begins within 366 days")):
            with self.subTest(words):
                done = world.daemon.client("silence", "add", *words)
                self.assertNotEqual(done.returncode, 0)
                self.assertIn(why, done.text + done.error_text)


class OneCause(harness.Case):
    def test_what_befalls_many_targets_for_one_cause_is_one_page_and_one_end(self):
        one, each = self.receiver(), self.receiver()
        world = self.world(start=False, sinks=[{"name": "one", "type": "webhook", "url": one.url + "/x", "group": "cause"},
                                               {"name": "each", "type": "webhook", "url": each.url + "/x"}])
        fabric, = world.config["targets"]
        world.daemon.configure({**world.config, "targets": [{**fabric, "name": f"fabric-{n}"} for n in range(5)]})
        world.daemon.start()
        self.wait_green(world.daemon)
        world.sim.fault("/health", "not_ready")
        wait_until(lambda: len(each.seen("firing")) == 5, lambda: f"five pages, not {each.told()}")
        wait_until(lambda: one.seen("escalated"), lambda: f"how far it has spread, not {one.told()}")
        page, spread = one.wait("firing"), one.wait("escalated")
        self.assertIn("OUTAGE 5 targets: health: ", spread["summary"])
        self.assertEqual(spread["group"]["targets"], [f"fabric-{n}" for n in range(5)])
        world.daemon.kill()
        world.daemon.start()
        world.sim.ok("/health")
        wait_until(lambda: len(each.seen("resolved")) == 5, lambda: f"five ends, not {each.told()}", 60)
        end = one.wait("resolved")
        self.assertEqual({page["dedup_key"]}, {e["dedup_key"] for e in (spread, end)})
        self.assertEqual([event for event, _ in one.told()], ["firing", "escalated", "resolved"])


class Links(harness.Case):
    def test_an_event_leads_to_its_incident_where_people_are_said_to_find_it(self):
        world = self.world(http={"public_url": "https://status.example/readback/"})
        world.sim.fault("/health", "not_ready")
        page = world.hook.wait("firing")
        self.assertEqual(page["url"], f"https://status.example/readback/incidents/{page['incident']['id']}")


class Nobody(harness.Case):
    SENTENCE = "no sink is configured: nobody is paged (man 5 readback.yaml, alerts)"

    def test_nobody_is_told_and_that_is_said(self):
        world = self.world(alerts={"sinks": []})
        status = world.daemon.status()
        self.assertEqual((status["exit"], status["troubles"]), (0, [self.SENTENCE]))
        said = " ".join(world.daemon.client("status", expect=0).text.split())
        self.assertIn("! " + self.SENTENCE, said)
        world.sim.fault("/health", "not_ready")
        firing = wait_until(lambda: [i for i in world.daemon.status()["incidents"] if i["state"] == "firing"], "it fires")
        self.assertIsNone(firing[0]["paged_at"])

    def test_where_somebody_is_told_it_is_not_said(self):
        world = self.world()
        self.assertEqual(world.daemon.status()["troubles"], [])
        world.sim.fault("/health", "not_ready")
        world.hook.wait("firing")
        self.assertTrue(world.daemon.status()["incidents"][0]["paged_at"])


class Include(harness.Case):
    def setUp(self):
        super().setUp()
        self.parts = self.directory / "daemon" / "conf.d"

    def part(self, name, content, mode=0o644):
        self.parts.mkdir(parents=True, exist_ok=True)
        path = self.parts / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        path.chmod(mode)
        return path

    def check(self, daemon):
        return subprocess.run([harness.DAEMON, "--config", daemon.config_path, "--check-config"], capture_output=True, text=True,
                              env=dict(os.environ), timeout=harness.LIMIT)

    def test_targets_and_sinks_of_a_folder_are_taken_and_taken_anew(self):
        world = self.world(start=False, include=["conf.d/*.yaml", "none/*.yaml"])
        other, hook = self.sim(name="other"), self.receiver()
        first = self.part("10-target.yaml", {"targets": [harness.fast_target(other.url, name="other")]})
        self.part("20-sink.yaml", {"alerts": {"sinks": [{"name": "more", "type": "webhook", "url": hook.url}]}})
        self.part("README", "not read: [")
        done = self.check(world.daemon)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout.splitlines(), [f"{world.daemon.config_path}: fine, 2 target(s), 2 sink(s)",
                                                    f"  includes {first}", f"  includes {self.parts / '20-sink.yaml'}"])
        world.daemon.start()
        self.wait_green(world.daemon)
        digest = world.daemon.status()["daemon"]["config_digest"]
        other.fault("/health", "not_ready")
        for receiver in (world.hook, hook):
            self.assertEqual(receiver.wait("firing")["target"], "other")
        first.unlink()
        world.daemon.reload()
        wait_until(lambda: [t["name"] for t in world.daemon.status()["targets"]] == ["fabric"], "the target is gone")
        self.assertNotEqual(world.daemon.status()["daemon"]["config_digest"], digest)

    def test_mistakes_are_told_with_the_file_they_stand_in(self):
        world = self.world(start=False, include=["conf.d/*.yaml", "conf.d/named.yml"])
        self.part("a.yaml", "targets:\n  - name: fabric\n    base_url: http://127.0.0.1:1\n")
        self.part("b.yaml", "alerts:\n  renotify: 1h\n  sinks:\n    - {name: hook, type: webhook, url: \"http://127.0.0.1:1\"}\n"
                            "http: {listen: \"127.0.0.1:1\"}\n")
        self.part("c.yaml", "targets:\n  - {name: c, base_url: \"http://127.0.0.1:1\", intervall: 1s}\n", mode=0o666)
        done = self.check(world.daemon)
        self.assertEqual(done.returncode, 78)
        a, b, c = (self.parts / name for name in ("a.yaml", "b.yaml", "c.yaml"))
        for text in (f"{a}:2:11: targets: a target called `fabric` stands already in {world.daemon.config_path}:",
                     f"{b}:2:3: unknown key `renotify` in alerts",
                     f"{b}:4:7: a sink called `hook` stands already in {world.daemon.config_path}:",
                     f"{b}:5:1: unknown key `http` in an included file",
                     f"{c}:2:47: unknown key `intervall` in a target; did you mean `interval`?",
                     f"the configuration {c} can be changed by everybody on this host; chmod o-w {c}",
                     f"{self.parts / 'named.yml'} cannot be read: No such file or directory"):
            self.assertIn(text, done.stderr)


if __name__ == "__main__":
    unittest.main()
