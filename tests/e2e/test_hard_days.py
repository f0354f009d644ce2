"""Days on which the host itself is at fault, one class a kind. What hangs here is a library before libc
(tests/support/hanging_calls.cpp): calls on one folder wait until the test lets them go, as on a mount that is gone."""
import json
import os
import subprocess
import time
import unittest

import harness
from harness import wait_until

LONG = True

HANGS = harness.BUILD / "tests" / "support" / "libreadback-hangs.so"
INTO_PIPE = ("/bin/sh", "-c", 'pipe=$1; shift; exec "$@" 2>"$pipe"', "sh")  # the program's stderr is this pipe


class TheLoopWaitsForNobody(harness.Case):
    """Whatever of our own host does not answer: sweeps go on, the page leaves, the socket answers, a stop ends."""

    def hanging_world(self, folder=None, **config):
        """A daemon to which `world.hang()` makes calls on `folder` hang, and `world.let_go()` answers them again."""
        if not HANGS.exists():
            self.skipTest("built without the library of hanging calls (a sanitizer)")
        world = self.world(start=False, **config)
        daemon = world.daemon
        world.folder = folder(daemon) if folder else daemon.directory / "mount"
        if not folder:
            world.folder.mkdir()
        daemon.env = {"LD_PRELOAD": str(HANGS), "READBACK_HANGS": str(world.folder)}
        mark = lambda what: world.folder.with_name(world.folder.name + what)

        def hang(what=".hangs"):
            mark(".waiting").unlink(missing_ok=True)
            mark(what).touch()

        def let_go():
            for what in (".hangs", ".names"):
                mark(what).unlink(missing_ok=True)

        world.hang, world.let_go = hang, let_go
        world.wait_hanging = lambda: wait_until(mark(".waiting").exists, "something hangs")
        self.addCleanup(let_go)
        return world

    def configure(self, world, **more):
        world.config.update(more)
        world.daemon.configure(world.config)

    def start(self, world):
        world.daemon.start()
        self.wait_green(world.daemon)

    def sweeps_go_on(self, world):
        before = world.sim.reads("/health")
        wait_until(lambda: world.sim.reads("/health") >= before + 5, "the sweeps go on")
        world.daemon.status()

    def in_log(self, world, text):
        return wait_until(lambda: text in world.daemon.log(), f"the log says: {text}")

    def stops_in_time(self, daemon, expect):
        begun = time.monotonic()
        daemon.process.process.terminate()
        self.assertEqual(daemon.process.wait(), expect)
        self.assertLess(time.monotonic() - begun, 7, "5 s, and what a busy machine takes to tell")

    # ---- the log

    def stuck_log(self):
        """A daemon whose stderr is a full pipe, and the end to read it by."""
        world = self.world(start=False)
        path = self.directory / "log"
        os.mkfifo(path)
        pipe = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        self.addCleanup(os.close, pipe)
        try:
            while True:
                os.write(pipe, b"." * 4096)
        except BlockingIOError:
            pass
        world.daemon.start(wrapper=(*INTO_PIPE, path))
        self.wait_green(world.daemon)
        return world, pipe

    def test_reload_while_the_log_is_stuck(self):
        world, pipe = self.stuck_log()
        for environment in ("one", "two"):
            self.configure(world, environment=environment)
            world.daemon.reload()
            wait_until(lambda: world.daemon.status()["daemon"]["environment"] == environment, "the reload is done")
        self.sweeps_go_on(world)
        world.sim.listener("refused")
        world.hook.wait("firing")
        text = b""

        def told():
            nonlocal text
            try:
                text += os.read(pipe, 1 << 16)
            except BlockingIOError:
                pass
            return text.count(b"the configuration was read anew") == 2 and b"OUTAGE" in text
        wait_until(told, lambda: f"the log is whole once somebody reads: {text[-2000:]!r}")

    def test_stop_while_the_log_is_stuck(self):
        world, _ = self.stuck_log()
        self.stops_in_time(world.daemon, 0)

    # ---- a reload

    def refused_reload(self, world, what):
        """SIGHUP, and something it reads does not answer: refused by its name, and all goes on."""
        world.hang()
        world.daemon.reload()
        world.wait_hanging()
        self.sweeps_go_on(world)
        daemon = wait_until(lambda: (d := world.daemon.status()["daemon"])["reload_error"] and d, "the reload is refused")
        self.assertFalse(daemon["reload_ok"])
        self.assertEqual(daemon["reload_error"], f"{what} could not be read within 5s")
        for _ in range(3):
            world.daemon.reload()
        wait_until(lambda: "still waits" in world.daemon.status()["daemon"]["reload_error"], "the next is refused at once")
        world.sim.listener("refused")
        world.hook.wait("firing")
        world.let_go()

        def taken():
            world.daemon.reload()
            return world.daemon.status()["daemon"]["reload_ok"]
        wait_until(taken, "a reload is taken over again", every=0.2)
        world.sim.listener("open")
        world.hook.wait("resolved")

    def world_with_a_hanging_key(self):
        """One whose key of the platform lies where calls may hang."""
        world = self.hanging_world()
        (world.folder / "key").write_text("an-api-key\n")
        world.config["targets"][0]["headers"] = {"X-API-Key": {"file": str(world.folder / "key")}}
        self.configure(world)
        self.start(world)
        return world

    def test_reload_while_a_secret_hangs(self):
        world = self.world_with_a_hanging_key()
        self.refused_reload(world, "the files of the target fabric")

    def test_reload_while_an_authority_hangs(self):
        world = self.hanging_world()
        ca, key = world.folder / "ca.pem", world.folder / "key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", ca, "-days",
                        "2", "-subj", "/CN=localhost"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        world.config["targets"][0].update({"tls": {"ca_file": str(ca)},
                                           "references": [f"https://127.0.0.1:{harness.free_port()}/"]})
        self.configure(world)
        self.start(world)
        self.refused_reload(world, "the files of the target fabric")

    def test_stop_while_a_reload_hangs(self):
        world = self.world_with_a_hanging_key()
        world.hang()
        world.daemon.reload()
        world.wait_hanging()
        self.stops_in_time(world.daemon, 75)

    # ---- a page

    def test_secret_of_a_sink_hangs(self):
        world = self.hanging_world()
        (world.folder / "secret").write_text(world.secret + "\n")
        world.config["alerts"]["sinks"][0]["secret"] = {"file": str(world.folder / "secret")}
        self.configure(world)
        self.start(world)
        world.hang()
        world.sim.listener("refused")
        world.hook.wait("firing")
        self.assertTrue(harness.signature_holds(world.hook.seen("firing")[0], world.secret))
        self.in_log(world, "the sink hook: its secret does not come within 2 s; the one before is used")
        self.sweeps_go_on_refused(world)
        world.let_go()
        world.sim.listener("open")
        world.hook.wait("resolved")

    def sweeps_go_on_refused(self, world):
        before = world.daemon.status()["daemon"]["sweeps_total"]
        wait_until(lambda: world.daemon.status()["daemon"]["sweeps_total"] >= before + 5, "the sweeps go on")

    def test_folder_of_the_evidence_hangs(self):
        world = self.hanging_world(lambda daemon: daemon.state / "snapshots")
        self.start(world)
        world.hang()
        world.sim.listener("refused")
        page = world.hook.wait("firing")
        self.assertIsNone(page["evidence"].get("snapshot"))
        self.assertIn("not sealed within 2s", page["evidence"]["note"])
        self.sweeps_go_on_refused(world)
        number = page["incident"]["id"]
        show = lambda: json.loads(world.daemon.get(f"/v1/incidents/{number}")[1])
        self.assertFalse((show().get("evidence") or {}).get("snapshot"))
        world.let_go()
        evidence = wait_until(lambda: (show().get("evidence") or {}).get("snapshot") and show()["evidence"],
                              lambda: f"the evidence is attached when it comes: {show()}")
        listed = {s["id"]: s["sha256"] for s in json.loads(world.daemon.get("/v1/snapshots")[1])["snapshots"]}
        self.assertEqual(listed[evidence["snapshot"]], evidence["sha256"])
        world.sim.listener("open")
        world.hook.wait("resolved")
        self.assertEqual(len(world.hook.seen("firing")), 1, world.hook.told())

    def test_stop_while_the_folder_of_the_evidence_hangs(self):
        world = self.hanging_world(lambda daemon: daemon.state / "snapshots")
        self.start(world)
        world.hang()
        world.sim.listener("refused")
        page = world.hook.wait("firing")
        self.stops_in_time(world.daemon, 75)
        world.let_go()
        world.daemon.start()
        self.in_log(world, "sealed after its page had left")  # by the next start, while it still proves something
        world.sim.listener("open")
        self.assertEqual(world.hook.wait("resolved")["dedup_key"], page["dedup_key"])
        self.assertEqual(len(world.hook.seen("firing")), 1, world.hook.told())

    def test_disk_of_the_store_hangs(self):
        world = self.hanging_world(lambda daemon: daemon.state)
        self.start(world)
        world.hang()
        world.sim.listener("refused")
        page = world.hook.wait("firing")
        self.sweeps_go_on_refused(world)
        self.assertIn("does not answer", world.daemon.status()["daemon"]["store_error"])
        world.let_go()
        wait_until(lambda: world.daemon.status()["daemon"]["store_ok"], "the store works again")
        world.daemon.kill()
        world.daemon.start()
        world.sim.listener("open")  # the evidence may have been late for the kill
        self.assertEqual(world.hook.wait("recovered")["dedup_key"], page["dedup_key"])
        self.assertEqual(len(world.hook.seen("firing")), 1, world.hook.told())

    # ---- an answer

    def test_an_answer_that_takes_seconds_to_look_through_holds_nothing(self):
        made = {"status": 200, "headers": {"Content-Type": "application/json"},
                "body": json.dumps({"status": "ok", "log": "token: \"x " * 70000})}
        slow = self.receiver(default=made)
        world = self.world(start=False)
        self.configure(world, targets=[harness.fast_target(world.sim.url), harness.fast_target(slow.url, name="slow")])
        world.daemon.start()
        self.sweeps_go_on(world)
        counted = lambda: next(t for t in world.daemon.status()["targets"] if t["name"] == "slow")["sweeps_total"]
        wait_until(lambda: counted() >= 2, "the slow one is judged, too")
        self.assertNotIn("redaction of a sweep held the loop", world.daemon.log())

    # ---- a check

    def test_checkout_of_a_check_hangs(self):
        world = self.hanging_world()
        port = harness.free_port()
        hung = harness.materialized(world.folder / "checkout")
        sound = harness.materialized(self.directory / "checkout")
        runs_of = lambda name: next(t for t in world.daemon.status()["targets"] if t["name"] == name)["checks_total"]
        self.configure(world, http={"listen": f"127.0.0.1:{port}"}, targets=[
            harness.fast_target(world.sim.url, checks=harness.check_at(hung)),
            harness.fast_target(world.sim.url, name="other", checks=harness.check_at(sound))])
        self.start(world)
        world.hang()
        world.wait_hanging()
        before = runs_of("other")
        wait_until(lambda: runs_of("other") > before + 3, "the other check goes on")
        self.sweeps_go_on(world)
        page = world.hook.wait("firing")
        self.assertEqual((page["target"], page["incident"]["boundary"]), ("fabric", "observer"))
        self.assertIn("a file system that it needs does not answer", json.dumps(page))
        self.assertEqual(harness.ask(port, "/readyz")[0], 503)
        world.let_go()
        world.hook.wait("resolved")
        wait_until(lambda: harness.ask(port, "/readyz")[0] == 200, "the watch is whole again")

    # ---- whoever asks at the socket

    def test_name_service_hangs(self):
        world = self.hanging_world()
        self.start(world)
        world.hang(".names")
        for number in range(3):
            world.daemon.client("symptom", f"slow {number}", expect=0)
        world.wait_hanging()
        self.sweeps_go_on(world)
        self.in_log(world, f"uid {os.getuid()}")

    def test_pulls_of_evidence_hang(self):
        world = self.hanging_world(lambda daemon: daemon.state / "snapshots")
        self.start(world)
        world.daemon.client("snapshot", "capture", "--reason", "before", expect=0)
        world.hang()
        pulls = [self.spawn([harness.CLIENT, "--socket", world.daemon.socket, "snapshot", "pull", "-o", "-"], f"pull-{n}")
                 for n in range(6)]
        world.wait_hanging()
        self.sweeps_go_on(world)
        for pull in pulls:
            self.assertEqual(pull.wait(), 1)
            self.assertIn("does not answer", pull.stderr())
        world.let_go()
        wait_until(lambda: world.daemon.client("snapshot", "pull", "-o", "-").returncode == 0, "a pull works again")


if __name__ == "__main__":
    unittest.main()
