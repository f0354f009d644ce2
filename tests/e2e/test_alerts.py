"""Pages that arrive: the real daemon is killed, restarted and reloaded, its receiver is down, and no page is lost."""
import json
import os
import random
import signal
import threading
import time
import unittest

import harness
from harness import wait_until

ALONE = True  # hundreds of kills: the timing of other tests would suffer

KILLS = int(os.environ.get("READBACK_TEST_KILLS", "100"))
STEPS = ["before_commit", "in_commit", "after_commit", "before_send", "after_send", "before_mark", "after_mark"]


class Alerts(harness.Case):
    def heard(self, world):
        """incident id -> its events, in the order in which they were accepted."""
        incidents = {}
        for request in world.hook.seen(accepted=True):
            incidents.setdefault(request.json["incident"]["id"], []).append(request.json)
        return incidents

    def sinks(self, world):
        answer = json.loads(world.daemon.get("/v1/sinks")[1])
        return answer["sinks"] if isinstance(answer, dict) else answer

    def pages(self, world):
        """The different pages: after a kill the same one may be sent again, with the same id."""
        return {r.json["id"] for r in world.hook.seen("firing")}

    def check_heard(self, world):
        """One key an incident, one id an event, a resolve behind every page and nothing behind the resolve."""
        for incident, events in self.heard(world).items():
            self.assertEqual(len({e["dedup_key"] for e in events}), 1, incident)
            told = [e["event"] for e in events]
            self.assertEqual(told[0], "firing", told)
            self.assertEqual(told[-1], "resolved", told)
            for kind in ("firing", "resolved"):
                self.assertEqual(len({e["id"] for e in events if e["event"] == kind}), 1, told)

    def settle(self, world):
        world.sim.listener("open")
        self.wait_green(world.daemon)
        wait_until(lambda: all(any(e["event"] == "resolved" for e in events) for events in self.heard(world).values())
                   and sum(s["depth"] for s in self.sinks(world)) == 0,
                   lambda: f"every page has its resolve; heard: {world.hook.told()}")

    def test_a_kill_at_every_step_of_the_outbox_loses_no_page(self):
        for step in STEPS:
            for nth in (1, 2, 3):
                with self.subTest(step=step, nth=nth):
                    self.kill_at(step, nth)

    def kill_at(self, step, nth):
        world = self.world_in(f"{step}-{nth}")
        world.daemon.program, world.daemon.env = harness.MORTAL, {"READBACK_FAULT": f"{step}:{nth}"}
        world.daemon.start(wait=False)
        world.sim.listener("refused")
        process = world.daemon.process
        wait_until(lambda: world.hook.seen("firing") or not process.running(), "a page, or the end before it")
        if nth > 1:
            world.sim.listener("open")  # so that there is a second and a third event to die at
        self.assertEqual(process.wait(), 137, world.daemon.log()[-2000:])
        world.daemon.program, world.daemon.env = harness.DAEMON, {}
        world.sim.listener("refused")
        world.daemon.start()
        world.hook.wait("firing")
        self.settle(world)
        self.check_heard(world)
        world.daemon.stop()
        world.sim.stop()

    def world_in(self, name):
        world = harness.World()
        folder = self.directory / name
        folder.mkdir()
        world.sim = harness.Sim(folder)
        self.addCleanup(world.sim.stop)
        world.hook = self.receiver()
        world.daemon = self.daemon({
            "environment": "test", "targets": [harness.fast_target(world.sim.url)], "resolution": {"settle": "300ms"},
            "alerts": {"sinks": [{"name": "hook", "type": "webhook", "url": world.hook.url + "/alerts"}]}}, name=f"{name}-daemon")
        return world

    def test_a_random_loop_of_kills_loses_no_page(self):
        world = self.world(resolution={"settle": "200ms"})
        chance = random.Random(4)
        kills = 0
        while kills < KILLS:
            world.sim.listener("refused" if (kills // 4) % 2 == 0 else "open")
            # Most lives are too short for anything to end in them; every fourth is long enough to page or to resolve.
            time.sleep(chance.uniform(1.5, 4) if kills % 4 == 3 else chance.uniform(0.0, 0.9))
            world.daemon.kill()
            kills += 1
            world.daemon.start()
        self.settle(world)
        self.check_heard(world)
        incidents = self.heard(world)
        self.assertGreaterEqual(len(incidents), KILLS // 40)
        # The daemon's own record knows whom it has called for: each of them was heard.
        paged = {i["id"] for i in world.daemon.json("incidents", "--all")["incidents"] if i["paged_at"]}
        self.assertTrue(paged)
        self.assertEqual(paged - set(incidents), set())
        doubled = sum(len(events) - len({e["id"] for e in events}) for events in incidents.values())
        print(f"kills {kills}, incidents {len(incidents)}, events sent twice {doubled}")

    def test_a_receiver_that_is_down_hears_page_and_resolve_in_order_marked_late(self):
        world = self.world()
        world.hook.default = 503
        world.sim.listener("refused")
        page = world.hook.wait("firing", count=2)
        time.sleep(1)
        world.sim.listener("open")
        self.wait_green(world.daemon)
        self.assertEqual(world.hook.seen("resolved"), [])  # it waits for its page
        world.hook.default = 204
        world.hook.wait("resolved", limit=90)
        accepted = [r.json for r in world.hook.seen(accepted=True)]
        self.assertEqual([e["event"] for e in accepted if e["event"] in ("firing", "resolved")], ["firing", "resolved"])
        self.assertEqual({e["dedup_key"] for e in accepted}, {page["dedup_key"]})
        self.assertGreaterEqual(accepted[0]["delayed_s"], 1)

    def test_a_restart_while_open_and_recovered_meanwhile_resolves_with_the_original_key(self):
        world = self.world()
        world.sim.listener("refused")
        page = world.hook.wait("firing")
        world.daemon.kill()
        world.sim.listener("open")
        world.daemon.start()
        resolved = world.hook.wait("resolved")
        self.assertEqual(resolved["dedup_key"], page["dedup_key"])
        self.assertEqual(resolved["incident"]["id"], page["incident"]["id"])
        self.assertEqual(len(self.pages(world)), 1)

    def test_a_stop_waits_for_a_receiver_that_is_about_to_answer(self):
        world = self.world()
        arrived, stopping = threading.Event(), threading.Event()

        def late(_request):
            arrived.set()
            stopping.wait(30)
            time.sleep(1)
            return 204

        world.hook.program = [late]
        world.sim.listener("refused")
        self.assertTrue(arrived.wait(60), "a page is on its way")
        world.daemon.process.kill(signal.SIGTERM)
        stopping.set()
        self.assertEqual(world.daemon.stop(), 0)
        world.daemon.start()
        before = world.daemon.status()["daemon"]["sweeps_total"]
        wait_until(lambda: world.daemon.status()["daemon"]["sweeps_total"] >= before + 4, "further sweeps")
        self.assertEqual([e for e, _ in world.hook.told()], ["firing"])

    def test_a_restart_while_still_bad_is_no_second_page(self):
        world = self.world()
        world.sim.listener("refused")
        world.hook.wait("firing")
        world.daemon.kill()
        world.daemon.start()
        before = world.daemon.status()["daemon"]["sweeps_total"]
        wait_until(lambda: world.daemon.status()["daemon"]["sweeps_total"] >= before + 8, "further sweeps")
        self.assertEqual(len(self.pages(world)), 1)

    def test_a_reload_with_an_open_incident_keeps_incident_and_key(self):
        world = self.world()
        world.sim.listener("refused")
        page = world.hook.wait("firing")
        changed = dict(world.config, environment="renamed")
        world.daemon.configure(changed)
        world.daemon.reload()
        wait_until(lambda: world.daemon.status()["daemon"]["environment"] == "renamed", "the reload")
        world.daemon.config_path.write_text("targets: [{name: fabric, nonsense: 1}]\n")
        world.daemon.reload()
        wait_until(lambda: not world.daemon.status()["daemon"]["reload_ok"], "the refused reload is said")
        world.sim.listener("open")
        resolved = world.hook.wait("resolved")
        self.assertEqual(resolved["dedup_key"], page["dedup_key"])
        self.assertEqual(resolved["incident"]["id"], page["incident"]["id"])
        self.assertEqual(len(self.pages(world)), 1)

    def test_a_sink_that_refuses_is_told_through_the_others(self):
        broken = self.receiver(default=404)
        hook = self.receiver()
        sinks = [{"name": "bad", "type": "webhook", "url": broken.url}, {"name": "good", "type": "webhook", "url": hook.url}]
        world = self.world(sinks=sinks)
        world.sim.listener("refused")
        alarm = wait_until(lambda: [r.json for r in hook.seen() if r.json["target"] == "readback"], "the alarm about the sink")[0]
        self.assertIn("sink broken", alarm["summary"])
        self.assertEqual(hook.wait("firing", boundary="outage")["target"], "fabric")
        states = {s["name"]: s["state"] for s in self.sinks(world)}
        self.assertEqual(states["bad"], "broken")


if __name__ == "__main__":
    unittest.main()
