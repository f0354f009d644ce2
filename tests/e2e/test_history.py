"""What somebody asks about yesterday: hours, days and months, incidents in a list, and which one is meant by a few letters."""
import time
import unittest
import xml.etree.ElementTree as ElementTree

import harness
from harness import free_port

ATOM = "{http://www.w3.org/2005/Atom}"


class History(harness.Case):
    def outage(self, world):
        world.sim.listener("refused")
        page = world.hook.wait("firing")
        world.sim.listener("open")
        world.hook.wait("resolved")
        return page["incident"]["id"]

    def total(self, daemon):
        return daemon.json("history", "--since", "1h")["targets"][0]["total"]

    def test_an_outage_counts_and_a_restart_or_a_kill_takes_none_of_it_away(self):
        world = self.world()
        self.outage(world)
        before = self.total(world.daemon)
        self.assertGreater(before["outage_s"], 0)
        self.assertLess(before["uptime"], 100)
        self.assertLess(before["known"], 100)  # of an hour seconds were watched
        self.assertEqual((before["outages"], before["incidents"]), (1, 1))
        self.assertGreater(before["mttr_s"], 0)
        self.assertGreater(before["reads"]["health"]["readings"]["unreachable"], 0)
        self.assertGreater(before["reads"]["health"]["p99_ms"], 0)
        for end in ("stop", "kill"):  # what was asked for is written
            getattr(world.daemon, end)()
            world.daemon.start()
            self.wait_green(world.daemon)
            after = self.total(world.daemon)
            self.assertGreater(after["sweeps"], before["sweeps"], end)
            self.assertGreaterEqual(after["outage_s"], before["outage_s"])
            self.assertLess(after["outage_s"], before["outage_s"] + 1)
            self.assertEqual(after["outages"], 1)
            before = after

    def test_it_is_shown_by_hour_by_day_and_by_month(self):
        world = self.world()
        self.outage(world)
        hours = world.daemon.client("history", "--since", "2h", expect=0).text
        self.assertRegex(hours, r"(?m)^HOUR \(UTC\) +UPTIME +DOWN +IMPAIRED +INCIDENTS +MEDIAN +P99 +KNOWN$")
        self.assertRegex(hours, r"(?m)^fabric: [0-9.]+ % up, down for .*; [0-9.]+ % of the time is known$")
        days = world.daemon.client("history", expect=0).text
        self.assertRegex(days, r"(?m)^" + time.strftime("%Y-%m-", time.gmtime()) + r"\d\d +[0-9.]+ % ")
        month = world.daemon.client("uptime", expect=0).text
        self.assertRegex(month, r"(?m)^fabric +\d+\.\d{3} % +\S+.* 1 +")
        self.assertIn("so far", month)
        told = world.daemon.json("uptime")
        self.assertEqual((told["schema"], told["targets"][0]["target"]), ("readback.uptime/v1", "fabric"))
        last = world.daemon.json("uptime", "--month", "2026-01")["targets"][0]
        self.assertEqual((last["uptime"], last["known"]), (None, 0), "nothing is claimed of what nobody has watched")
        self.assertEqual(world.daemon.client("history", "--target", "fabrik").returncode, 1)

    def test_a_list_of_incidents_is_a_row_a_thing_and_its_ids_can_be_typed(self):
        world = self.world()
        incident = self.outage(world)
        self.assertIn("no open incident", world.daemon.client("incidents", expect=0).text)
        lines = world.daemon.client("incidents", "--all", expect=0).text.splitlines()
        self.assertRegex(lines[0], r"^STATE +OPENED +FOR +BOUNDARY +TARGET +WHAT FAILED FIRST +ID$")
        self.assertRegex(lines[1], rf"^resolved +\S+Z +\S.* outage +fabric +health: .* {incident[-8:]}$")
        self.assertEqual(len(lines), 2)
        self.assertEqual(world.daemon.client("incidents", "--since", "5m", "--limit", "1", expect=0).text.splitlines()[1], lines[1])
        for words in (("incident",), ("report",)):
            self.assertIn(incident, world.daemon.client(*words, incident[-8:], expect=0).text)
        snapshot = world.daemon.json("snapshot", "list")["snapshots"][0]["id"]
        self.assertIn(snapshot, world.daemon.client("snapshot", "pull", snapshot[-8:], "-o", self.directory / "b", "--json", expect=0).text
                      + world.daemon.client("report", snapshot[-8:], expect=0).text)

    def test_what_is_acted_upon_is_the_only_open_one_or_named(self):
        sim = self.sim()
        second = harness.fast_target(sim.url, name="second")
        world = self.world(sim=sim, targets=[harness.fast_target(sim.url), second])
        self.assertIn("no incident is open", world.daemon.client("ack", expect=1).error_text)
        sim.listener("refused")
        world.hook.wait("firing", count=2)
        open_now = [i for i in world.daemon.json("incidents")["incidents"] if i["state"] == "firing"]
        for words in (("ack",), ("ack", "latest"), ("verify", "latest"), ("resolve", "--runbook", "r")):
            refused = world.daemon.client(*words, expect=1).error_text
            self.assertIn("2 incidents are open; name one of them:", refused)
            for each in open_now:
                self.assertIn(each["id"][-8:], refused)
        done = world.daemon.client("ack", open_now[0]["id"][-8:], expect=0).text
        self.assertIn(open_now[0]["summary"], done)
        sim.listener("open")
        done = world.daemon.client("verify", open_now[1]["id"][-8:], "--wait", "60s", expect=0)
        self.assertIn("Nothing is missing", done.text)

    def test_a_stranger_at_the_listener_finds_incidents_a_feed_and_a_badge(self):
        port = free_port()
        world = self.world(http={"listen": f"127.0.0.1:{port}"})
        incident = self.outage(world)

        def ask(path):
            return harness.ask(port, path)

        self.assertIn(f"/incidents/{incident}", ask("/incidents?q=refused&boundary=outage&since=1h")[1])
        self.assertNotIn(f"/incidents/{incident}", ask("/incidents?q=nothing-like-it")[1])
        status, page = ask(f"/incidents/{incident[-8:]}")
        self.assertEqual(status, 200)
        self.assertIn(f'href="/incidents/{incident}/report"', page)
        status, report = ask(f"/incidents/{incident}/report")
        self.assertEqual((status, "<html" in report), (200, True))
        self.assertNotIn(world.sim.url, report + page)
        feed = ElementTree.fromstring(ask("/feed.atom")[1])
        self.assertEqual([e.text for e in feed.findall(f"{ATOM}entry/{ATOM}id")], [f"urn:uuid:{incident}"])
        for needed in ("id", "title", "updated", "author"):
            self.assertIsNotNone(feed.find(ATOM + needed), needed)
        badge = ask("/badge.svg?target=fabric")[1]
        ElementTree.fromstring(badge)
        self.assertRegex(badge, r"fabric: green, \d+\.\d{3} % in 30 d")


if __name__ == "__main__":
    unittest.main()
