"""Trouble of our own, which must not become the platform's: clocks that jump, a stopped process, a resolver that does
not answer, names of either family, a library that is gone, a reload in the middle of a sweep, and a service manager that
watches us."""
import json
import pathlib
import signal
import socket
import subprocess
import threading
import time
import unittest

import harness
from harness import wait_until


def sweeps(daemon):
    return daemon.status()["targets"][0]["sweeps_total"]


class Clock(harness.Case):
    def test_a_wall_clock_that_jumps_makes_no_storm_no_silence_and_nothing_stale(self):
        world = self.world(start=False)
        clock = harness.Clock(self.directory / "clock", world.daemon)
        world.daemon.start()
        self.wait_green(world.daemon)
        for jump in (-2 * 3600, 24 * 3600, 0):  # set back two hours, forward a day, and put right again
            before, seen = world.sim.reads("/health"), sweeps(world.daemon)
            clock.move(jump)
            begin = time.monotonic()
            wait_until(lambda: sweeps(world.daemon) >= seen + 6, f"six sweeps after the clock jumped to {jump} s")
            took = time.monotonic() - begin
            # An interval of 500 ms: what was missed or gained by the clock is neither caught up nor waited for.
            self.assertLessEqual(world.sim.reads("/health") - before, 4 + took / 0.5, jump)
            self.wait_green(world.daemon)
        self.assertEqual(world.hook.told(), [])
        world.sim.fault("/health", "not_ready")
        self.assertEqual(world.hook.wait("firing")["incident"]["boundary"], "outage")

    def test_a_stopped_process_blames_nobody(self):
        # Slow answers, so that a sweep is surely under way when the process is stopped.
        world = self.world(target={"timeout": "1s", "interval": "300ms"})
        world.sim.fault("*", "slow", delay_ms=250)
        voids = lambda: world.daemon.status()["targets"][0]["sweeps_void"]
        for _ in range(10):
            before = voids()
            asked = world.sim.reads("/health")
            wait_until(lambda: world.sim.reads("/health") > asked, "a sweep begins")
            world.daemon.process.kill(signal.SIGSTOP)
            time.sleep(2.5)  # longer than the timeout: whatever was read meanwhile came too late for us, not from them
            world.daemon.process.kill(signal.SIGCONT)
            seen = sweeps(world.daemon)
            wait_until(lambda: sweeps(world.daemon) >= seen + 2, "sweeps go on")
            if voids() > before:
                break
        else:
            self.fail("no sweep that was under way in a stopped process was void")
        self.wait_green(world.daemon)
        self.assertEqual(world.hook.told(), [])
        self.assertIn("our own loop lagged by", world.daemon.log())


class Libraries(harness.Case):
    def test_without_libarchive_a_check_warns_and_a_page_leaves_without_a_snapshot(self):
        found = subprocess.run(["ldconfig", "-p"], capture_output=True, text=True, check=True).stdout
        library = next(line.split("=>")[1].strip() for line in found.splitlines() if "libarchive.so.13" in line)
        empty = self.directory / "empty"
        empty.touch()
        wrapper = self.seeing({library: empty})
        world = self.world(start=False)
        checked = subprocess.run([*wrapper, harness.DAEMON, "--config", world.daemon.config_path, "--check-config"],
                                 capture_output=True, text=True, timeout=harness.LIMIT)
        self.assertEqual(checked.returncode, 0, checked.stderr)
        self.assertIn("warning: no snapshot can be sealed: bundles need libarchive", checked.stderr)
        world.daemon.start(wrapper=wrapper)
        self.wait_green(world.daemon)
        world.sim.fault("/health", "not_ready")
        page = world.hook.wait("firing")
        self.assertFalse(page["evidence"] and page["evidence"]["snapshot"])
        wait_until(lambda: "no snapshot could be sealed: bundles need libarchive" in world.daemon.log(), "the reason")


class Names(harness.Case):
    """In a mount namespace of its own the daemon sees the resolver and the names that the test gives it."""

    def view(self, resolv="nameserver 127.0.0.77\n", hosts="127.0.0.1 localhost\n"):
        binds = {}
        for name, text in (("resolv.conf", resolv), ("hosts", hosts)):
            file = self.directory / name
            file.write_text(text)
            binds[f"/etc/{name}"] = file
        return self.seeing(binds)

    def once(self, wrapper, *targets):
        daemon = self.daemon({"targets": list(targets)}, name=f"d{len(self.daemons)}")
        daemon.state.mkdir()
        done = subprocess.run([*wrapper, harness.DAEMON, "--config", daemon.config_path, "--once"], capture_output=True,
                              text=True, timeout=harness.LIMIT)
        self.assertIn(done.returncode, (0, 1, 2, 3), done.stderr)
        return {t["name"]: t for t in json.loads(done.stdout)["targets"]}

    def test_a_resolver_that_does_not_answer_is_our_blindness_and_delays_nobody_else(self):
        silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(silent.close)
        try:
            silent.bind(("127.53.0.1", 53))  # takes every question, answers none
        except PermissionError:
            self.skipTest("port 53 is for root")
        wrapper = self.view("nameserver 127.53.0.1\n")
        sim, hook = self.sim(), self.receiver()
        daemon = self.daemon({
            "environment": "test",
            "targets": [harness.fast_target(sim.url, name="here"),
                        harness.fast_target("http://platform.test:1", name="lost", timeout="1s")],
            "alerts": {"sinks": [{"name": "hook", "type": "webhook", "url": hook.url}]}}).start(wrapper=wrapper)
        target = lambda name: next(t for t in daemon.status()["targets"] if t["name"] == name)
        wait_until(lambda: target("lost")["primary"] == "observer", "the target whose name nobody tells is `observer`")
        self.assertIn("resolver", json.dumps(target("lost")["reads"]))
        # While those lookups hang (glibc gives up after ten seconds), the other target goes on at its own pace.
        seen, lost = target("here")["sweeps_total"], target("lost")["sweeps_total"]
        wait_until(lambda: target("here")["sweeps_total"] >= seen + 4, "the other target is swept")
        self.assertLess(target("lost")["sweeps_total"] - lost, 6)
        sim.listener("refused")
        page = hook.wait("firing", "outage")
        self.assertEqual(page["target"], "here")
        self.assertEqual(daemon.stop(), 0)

    def test_a_resolver_that_is_gone(self):
        found = self.once(self.view(), harness.fast_target("http://platform.test:1"))
        self.assertEqual(found["fabric"]["primary"], "observer")

    def test_a_name_that_does_not_exist_is_theirs(self):
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(server.close)
        try:
            server.bind(("127.53.0.2", 53))
        except PermissionError:
            self.skipTest("port 53 is for root")

        def no_such_name():
            while True:
                try:
                    question, peer = server.recvfrom(512)
                except OSError:
                    return
                server.sendto(question[:2] + b"\x81\x83" + question[4:6] + bytes(6) + question[12:], peer)
        threading.Thread(target=no_such_name, daemon=True).start()
        found = self.once(self.view("nameserver 127.53.0.2\n"), harness.fast_target("http://platform.test:1"))
        self.assertEqual(found["fabric"]["primary"], "outage")
        self.assertIn("the name platform.test does not exist", json.dumps(found["fabric"]["reads"]))

    def test_without_descriptors_no_name_is_blamed(self):
        limit = ["sh", "-c", 'ulimit -n 6 && exec "$@"', "sh"]  # the loop's own, and none for the hosts file
        found = self.once(limit, harness.fast_target("http://localhost:1"))
        self.assertEqual(found["fabric"]["primary"], "observer", json.dumps(found))
        self.assertIn("Too many open files", json.dumps(found["fabric"]["reads"]))

    def test_names_of_either_family_and_of_both(self):
        try:
            with socket.socket(socket.AF_INET6) as probe:
                probe.bind(("::1", 0))
        except OSError:
            self.skipTest("this host has no IPv6")
        four, six = self.sim(name="four"), self.sim("--host", "::1", name="six")
        port4, port6 = four.url.rsplit(":", 1)[1], six.url.rsplit(":", 1)[1]
        wrapper = self.view(hosts="127.0.0.1 localhost only4 both\n::1 only6 both\n")
        found = self.once(wrapper, *[harness.fast_target(f"http://{host}:{port}", name=name)
                                     for name, host, port in (("four", "only4", port4), ("six", "only6", port6),
                                                              ("both4", "both", port4), ("both6", "both", port6),
                                                              ("neither", "both", 1))])
        addresses = {name: {r["address"] for r in t["reads"]} for name, t in found.items()}
        self.assertEqual({n: t["primary"] for n, t in found.items()},
                         {"four": "green", "six": "green", "both4": "green", "both6": "green", "neither": "outage"})
        self.assertEqual(addresses["four"], {f"127.0.0.1:{port4}"})
        self.assertEqual(addresses["six"], {f"[::1]:{port6}"})
        self.assertEqual(addresses["both4"], {f"127.0.0.1:{port4}"})
        self.assertEqual(addresses["both6"], {f"[::1]:{port6}"})


class Reload(harness.Case):
    def test_a_sweep_of_the_old_configuration_is_no_finding_under_the_new_one(self):
        world = self.world(target={"timeout": "2s", "confirm": {"failures": 1, "spacing": "100ms", "recoveries": 1}})
        moved = self.sim(name="moved")
        asked = world.sim.reads("/health")
        world.sim.fault("*", "hang")
        wait_until(lambda: world.sim.reads("/health") > asked, "a sweep that hangs")
        config = json.loads(json.dumps(world.config))
        config["targets"][0]["base_url"] = moved.url
        world.daemon.configure(config)
        world.daemon.reload()
        wait_until(lambda: "the configuration was reloaded during the sweep" in world.daemon.log(),
                   "the sweep that was under way is void")
        wait_until(lambda: moved.reads("/health") >= 2, "the new address is read")
        self.wait_green(world.daemon)
        self.assertEqual(world.hook.told(), [])

    def test_a_rotated_secret_is_sent_and_the_old_one_stays_secret(self):
        key = self.directory / "key"
        key.write_text("old-fabric-key-4711\n")
        sim = self.sim("--api-key", "old-fabric-key-4711")
        world = self.world(sim=sim, target={"headers": {"X-API-Key": {"file": str(key)}}})
        key.write_text("new-fabric-key-4712\n")
        world.daemon.reload()
        wait_until(lambda: "the configuration was read anew" in world.daemon.log(), "the reload")
        sim.fault("/health", "answer", status=503,
                  body={"status": "down", "detail": "key old-fabric-key-4711 replaced by new-fabric-key-4712"})
        world.hook.wait("firing")
        known = [world.daemon.get("/v1/status")[1], world.daemon.get("/v1/reads?since=0")[1],
                 world.daemon.log().encode(), *[r.body for r in world.hook.requests]]
        for text in known:
            self.assertNotIn(b"fabric-key-471", text)
        self.assertIn("denied", json.dumps(world.daemon.status()["targets"][0]["reads"]))  # the new key was really sent

    def test_what_only_a_start_can_change_is_told(self):
        world = self.world()
        world.daemon.configure({**world.config, "http": {"listen": f"127.0.0.1:{harness.free_port()}"}})
        world.daemon.reload()
        wait_until(lambda: "http has changed too, and that takes a restart" in world.daemon.log(), "the log says what did not change")


class ServiceManager(harness.Case):
    def test_ready_status_watchdog_reload_and_stop_are_told(self):
        path = self.directory / "notify.sock"
        manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(manager.close)
        manager.bind(str(path))
        manager.settimeout(harness.LIMIT)
        told = []

        def until(word):
            while not any(word in t for t in told):
                told.append(manager.recv(4096).decode())
        world = self.world(start=False)
        world.daemon.env = {"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": "1000000"}
        world.daemon.start()
        until("READY=1")
        until("WATCHDOG=1")
        self.assertTrue(any("STATUS=fabric: " in t for t in told), told)
        until("STATUS=fabric: green")
        told.clear()
        world.daemon.reload()
        until("RELOADING=1")
        self.assertTrue(any("MONOTONIC_USEC=" in t for t in told), told)
        until("READY=1")
        told.clear()
        world.sim.fault("/health", "not_ready")
        until("STATUS=fabric: degraded outage")
        told.clear()
        world.sim.reset()
        until("STATUS=fabric: green")
        self.assertEqual(world.daemon.stop(), 0)
        until("STOPPING=1")


if __name__ == "__main__":
    unittest.main()
