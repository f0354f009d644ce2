"""Who hears of an incident: those who wait until nobody has acknowledged; and nobody at all."""
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
        self.assertEqual([event for event, _ in self.second.told()], ["firing", "acknowledged", "recovered", "resolved"])
        self.assertEqual([event for event, _ in self.first.told()], ["firing", "acknowledged", "recovered", "resolved"])

    def test_an_acknowledgement_keeps_them_from_being_called(self):
        world = self.world_of_two("3s")
        world.sim.fault("/health", "not_ready")
        page = self.first.wait("firing")
        world.daemon.client("ack", page["incident"]["id"], expect=0)
        sweeps = world.daemon.status()["daemon"]["sweeps_total"]
        wait_until(lambda: world.daemon.status()["daemon"]["sweeps_total"] > sweeps + 10, "ten further sweeps, five seconds")
        self.assertEqual(self.second.told(), [])


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


if __name__ == "__main__":
    unittest.main()
