"""When the disk fails: full, read-only, damaged, of a newer version. Sweeps and pages go on, the trouble is said loudly,
and nothing that was there is deleted. Needs root: each test mounts a small file system."""
import os
import sqlite3
import subprocess
import unittest

import harness
from harness import wait_until

LONG = True


def mounted(case, where, options="size=4m"):
    where.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options + ",mode=0700", "readback-test", where], capture_output=True)
    if done.returncode:
        raise unittest.SkipTest("mounting a small file system needs root")
    case.addCleanup(subprocess.run, ["umount", "-l", where], capture_output=True)


class StoreTrouble(harness.Case):
    def world_on_its_own_disk(self, **top):
        world = self.world(start=False, **top)
        mounted(self, world.daemon.state)
        world.daemon.start()
        self.wait_green(world.daemon)
        return world

    def fill(self, world):
        self.ballast = world.daemon.state / "ballast"
        with open(self.ballast, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"b" * 4096)
            except OSError:
                pass

    def remount(self, world, how):
        subprocess.run(["mount", "-o", f"remount,{how}", world.daemon.state], check=True, capture_output=True)

    def troubles(self, world):
        return "\n".join(world.daemon.status()["troubles"])

    def resolved(self, world, page):
        """The resolve arrives, once, with the key of the page."""
        resolved = world.hook.wait("resolved", boundary="outage")
        self.assertEqual(resolved["dedup_key"], page["dedup_key"])
        self.assertEqual(len({r.json["id"] for r in world.hook.seen("resolved")}), 1)
        return resolved

    def test_a_disk_that_fills_up_costs_no_page_and_silences_the_dead_mans_switch(self):
        switch = self.receiver()
        world = self.world_on_its_own_disk(heartbeat={"url": switch.url, "interval": "1s"})
        wait_until(lambda: switch.requests, "the dead man's switch hears of us")
        self.fill(world)
        world.sim.listener("refused")
        page = world.hook.wait("firing")
        self.assertIsNone(page["evidence"]["snapshot"])
        self.assertIn("no snapshot", page["evidence"]["note"])
        wait_until(lambda: "cannot be written" in self.troubles(world), lambda: f"the trouble is said: {self.troubles(world)}")
        status = world.daemon.client("status", expect=2).text
        self.assertIn("alerts go on from memory", status)
        self.assertIn("the store cannot be written, alerts go on from memory", world.daemon.log())
        beats = len(switch.requests)
        before = world.daemon.status()["daemon"]["sweeps_total"]
        wait_until(lambda: world.daemon.status()["daemon"]["sweeps_total"] >= before + 6, "sweeps go on")
        self.assertLessEqual(len(switch.requests), beats + 1)  # one may have been on its way
        world.sim.listener("open")
        world.hook.wait("recovered")
        # Nothing could be captured before the recovery, so it takes somebody's word to close it.
        world.daemon.client("resolve", page["incident"]["id"], "--runbook", "disk full", expect=0)
        self.resolved(world, page)
        self.ballast.unlink()
        wait_until(lambda: not self.troubles(world), lambda: f"it recovers by itself: {self.troubles(world)}")
        beats = len(switch.requests)
        wait_until(lambda: len(switch.requests) > beats, "the dead man's switch hears of us again")
        world.daemon.kill()
        world.daemon.start()
        self.wait_green(world.daemon)
        self.assertEqual(len({r.json["id"] for r in world.hook.seen("firing")}), 1)

    def test_a_watch_that_cannot_record_is_told_to_everybody_and_ends_no_process(self):
        port = harness.free_port()
        narrow = self.receiver()
        world = self.world(start=False, http={"listen": f"127.0.0.1:{port}"})
        world.config["alerts"]["sinks"].append({"name": "drift", "type": "webhook", "url": narrow.url, "boundaries": ["drift"]})
        world.daemon.configure(world.config)
        mounted(self, world.daemon.state)
        world.daemon.start()
        self.wait_green(world.daemon)
        self.assertEqual(harness.ask(port, "/readyz"), (200, "ready\n"))
        self.fill(world)
        wait_until(lambda: harness.ask(port, "/readyz")[0] == 503, "it is not ready")
        page = world.hook.wait("firing")
        self.assertEqual((page["incident"]["id"], page["incident"]["boundary"], page["target"]),
                         ("watch-impaired", "observer", "readback"))
        self.assertIn("the watch is impaired: the store cannot be written: ", page["summary"])
        self.assertEqual(narrow.wait("firing")["id"], page["id"])
        self.assertIn("readback_watching 0", harness.ask(port, "/metrics")[1])
        counted = world.daemon.status()["daemon"]["sweeps_counted"]
        wait_until(lambda: world.daemon.status()["daemon"]["sweeps_counted"] > counted + 3, "sweeps count")
        self.ballast.unlink()
        wait_until(lambda: harness.ask(port, "/readyz")[0] == 200, "it is ready again")
        world.hook.wait("resolved")
        narrow.wait("resolved")
        self.assertIn("readback_watching 1", harness.ask(port, "/metrics")[1])
        self.assertEqual(world.hook.told(), [("firing", "observer"), ("resolved", "observer")])

    def test_killed_on_a_full_disk_it_starts_again_and_knows_what_is_open(self):
        world = self.world_on_its_own_disk()
        world.sim.listener("refused")
        page = world.hook.wait("firing")
        wait_until(lambda: world.daemon.status()["sinks"][0]["depth"] == 0, "the page is done with")
        self.fill(world)
        world.daemon.kill()
        for left in world.daemon.state.glob("readback.db-shm"):
            left.unlink()  # as after a reboot of some file systems; there is no room to make it anew
        self.fill(world)
        world.daemon.start()
        wait_until(lambda: "alerts go on from memory" in self.troubles(world), lambda: self.troubles(world))
        before = world.daemon.status()["daemon"]["sweeps_total"]
        wait_until(lambda: world.daemon.status()["daemon"]["sweeps_total"] >= before + 6, "sweeps go on")
        self.assertEqual(len({r.json["id"] for r in world.hook.seen("firing")}), 1)
        self.ballast.unlink()
        wait_until(lambda: not self.troubles(world), lambda: f"it recovers by itself: {self.troubles(world)}")
        world.daemon.kill()
        world.sim.listener("open")
        world.daemon.start()
        self.resolved(world, page)

    def test_a_read_only_disk_at_the_start_is_no_end_of_the_watch(self):
        for how in ("stop", "kill"):
            with self.subTest(how=how):
                self.setUp()
                world = self.world_on_its_own_disk()
                world.sim.listener("refused")
                page = world.hook.wait("firing")
                wait_until(lambda: world.daemon.status()["sinks"][0]["depth"] == 0, "the page is done with")
                getattr(world.daemon, how)()
                self.remount(world, "ro")
                world.daemon.start()
                wait_until(lambda: "alerts go on from memory" in self.troubles(world), lambda: self.troubles(world))
                self.assertIn(page["incident"]["id"], [i["id"] for i in world.daemon.status()["incidents"]])
                world.sim.listener("open")
                self.resolved(world, page)
                self.assertEqual(len({r.json["id"] for r in world.hook.seen("firing")}), 1)
                self.remount(world, "rw")
                wait_until(lambda: not self.troubles(world), lambda: f"it recovers by itself: {self.troubles(world)}")
                world.daemon.stop()

    def test_a_damaged_or_newer_store_is_set_aside_and_said(self):
        def truncate(file):
            os.truncate(file, os.path.getsize(file) // 2 // 4096 * 4096)

        def junk(file):
            file.write_bytes(b"\xee" * os.path.getsize(file))

        def newer(file):
            with sqlite3.connect(file) as db:
                db.execute("PRAGMA user_version=99")
        for kind, spoil in (("damaged", truncate), ("damaged", junk), ("newer", newer)):
            with self.subTest(spoil=spoil.__name__):
                folder = self.directory / spoil.__name__
                folder.mkdir()
                world = harness.World()
                world.sim = harness.Sim(folder)
                self.addCleanup(world.sim.stop)
                world.hook = self.receiver()
                world.daemon = self.daemon({"targets": [harness.fast_target(world.sim.url)], "resolution": {"settle": "300ms"}, "alerts": {
                    "sinks": [{"name": "hook", "type": "webhook", "url": world.hook.url}]}}, name=f"{spoil.__name__}-daemon")
                world.daemon.start()
                self.wait_green(world.daemon)
                world.daemon.stop()
                spoil(world.daemon.state / "readback.db")
                world.daemon.start()
                self.wait_green(world.daemon)
                self.assertIn(f"set aside as readback.db.{kind}-", self.troubles(world))
                self.assertIn(f"set aside as readback.db.{kind}-", world.daemon.log())
                self.assertTrue([f for f in world.daemon.state.glob(f"readback.db.{kind}-*") if f.stat().st_size])
                world.sim.listener("refused")
                page = world.hook.wait("firing")
                world.sim.listener("open")
                self.resolved(world, page)
                world.daemon.stop()

    def test_damage_found_while_in_use_is_set_aside_and_no_page_is_lost(self):
        world = self.world()
        file = world.daemon.state / "readback.db"
        world.daemon.client("export", "--since", "1h", expect=0)
        with open(file, "r+b") as database:
            database.seek(0)
            database.write(b"\xee" * max(os.path.getsize(file), 65536))
        log = world.daemon.state / "readback.db-wal"
        with open(log, "r+b") as database:
            database.write(b"\xee" * os.path.getsize(log))
        world.sim.listener("refused")
        page = world.hook.wait("firing")
        world.sim.listener("open")
        self.resolved(world, page)
        self.assertTrue(world.daemon.process.running())


if __name__ == "__main__":
    unittest.main()
