"""No thread, no process, no descriptor, no memory to be had: the watch goes on with what it has, says so, and is whole again
by itself."""
import contextlib
import os
import pathlib
import resource
import socket
import unittest

import harness
from harness import wait_until


class ControlGroup:
    """One for one process, with this controller; gone after the case."""

    def __init__(self, case, pid, controller, file):
        self.folder = self._make(case, controller, file)
        if not self.folder:
            case.skipTest(f"no control group with {file} can be made here")
        (self.folder / "cgroup.procs").write_text(str(pid))
        case.addCleanup(self.remove)

    @staticmethod
    def _make(case, controller, file):
        for parent in (pathlib.Path("/sys/fs/cgroup") / controller, pathlib.Path("/sys/fs/cgroup")):
            folder = parent / f"readback-test-{os.getpid()}-{id(case)}"
            with contextlib.suppress(OSError):
                if (parent / "cgroup.subtree_control").exists():
                    (parent / "cgroup.subtree_control").write_text("+" + controller)
                folder.mkdir()
                if (folder / file).exists():
                    return folder
                folder.rmdir()
        return None

    def open(self):
        """Takes away whatever would keep the process from ending."""

    def remove(self):
        def gone():
            with contextlib.suppress(OSError):
                if self.folder.exists():
                    self.folder.rmdir()
            return not self.folder.exists()

        self.open()
        for pid in (self.folder / "cgroup.procs").read_text().split():
            with contextlib.suppress(OSError):
                (self.folder.parent / "cgroup.procs").write_text(pid)
        wait_until(gone, "the control group is removed")


class TaskLimit(ControlGroup):
    """No further task may begin while it is closed."""

    def __init__(self, case, pid):
        super().__init__(case, pid, "pids", "pids.max")

    def close(self):
        (self.folder / "pids.max").write_text((self.folder / "pids.current").read_text().strip())

    def open(self):
        (self.folder / "pids.max").write_text("max")


class NoFurtherTask(harness.Case):
    def test_what_is_confirmed_is_paged_and_ended(self):
        sim = self.sim()
        sim.url = sim.url.replace("127.0.0.1", "localhost")
        hook = self.receiver()
        world = self.world(sim=sim, sinks=[{"name": "hook", "type": "webhook",
                                            "url": hook.url.replace("127.0.0.1", "localhost")}])
        limit = TaskLimit(self, world.daemon.process.pid)
        limit.close()
        before = sim.reads("/health")
        wait_until(lambda: sim.reads("/health") > before + 3, "sweeps go on, names and all")
        sim.fault("/health", "server_error")
        hook.wait("firing")
        sim.reset()
        hook.wait("resolved")
        self.assertNotIn("daemon.bug", world.daemon.log())
        self.assertEqual(world.daemon.status()["exit"], 0)
        limit.open()
        world.daemon.client("sweep", expect=0)

    def test_a_check_that_cannot_be_started_is_our_trouble(self):
        folder = harness.materialized(self.directory / "checkout")
        port = harness.free_port()
        world = self.world(target={"checks": harness.check_at(folder)}, http={"listen": f"127.0.0.1:{port}"})
        limit = TaskLimit(self, world.daemon.process.pid)
        limit.close()
        page = world.hook.wait("firing")
        self.assertEqual(page["incident"]["boundary"], "observer")
        before = world.sim.reads("/health")
        wait_until(lambda: world.sim.reads("/health") > before + 3, "sweeps go on")
        status, text = harness.ask(port, "/readyz")
        self.assertEqual(status, 503)
        self.assertRegex(text, "^the check:.* of target fabric cannot be run by this host: ")
        limit.open()
        world.hook.wait("resolved", "observer")
        wait_until(lambda: harness.ask(port, "/readyz") == (200, "ready\n"), "the watch is whole again")
        self.assertEqual({r.json["incident"]["boundary"] for r in world.hook.seen()}, {"observer"})


class NoFurtherDescriptor(harness.Case):
    def test_who_fills_the_listener_takes_nothing_from_the_sweeps(self):
        port = harness.free_port()
        world = self.world(start=False, http={"listen": f"127.0.0.1:{port}"})
        world.daemon.start(wrapper=["prlimit", "--nofile=128:128"])
        self.wait_green(world.daemon)
        idle = []
        self.addCleanup(lambda: [each.close() for each in idle])
        for _ in range(200):
            each = socket.socket()
            each.settimeout(harness.LIMIT)
            with contextlib.suppress(OSError):
                each.connect(("127.0.0.1", port))
            idle.append(each)
        before = world.sim.reads("/health")
        wait_until(lambda: world.sim.reads("/health") > before + 10, "sweeps go on")
        self.assertEqual(world.daemon.status()["exit"], 0)
        self.assertEqual(world.hook.seen(), [])
        for each in idle:
            each.close()
        with socket.create_connection(("127.0.0.1", port), timeout=harness.LIMIT) as scraper:
            scraper.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
            self.assertTrue(scraper.recv(64).startswith(b"HTTP/1.0 200"))


    def test_a_platform_that_keeps_every_connection_takes_none_from_ourselves(self):
        sim, hook = self.sim(), self.receiver()
        names = {f"t{number}" for number in range(40)}  # 160 reads at once, if they could
        daemon = self.daemon({"environment": "test", "targets": [harness.fast_target(sim.url, name=name, timeout="1s")
                                                                 for name in sorted(names)],
                              "alerts": {"sinks": [{"name": "hook", "type": "webhook", "url": hook.url}]}})
        daemon.start(wrapper=["prlimit", "--nofile=128:128"])
        self.wait_green(daemon)
        sim.listener("deaf")
        paged = lambda: {r.json["target"] for r in hook.seen("firing") if r.json["incident"]["boundary"] == "outage"}
        wait_until(lambda: paged() == names, lambda: f"each is paged: {len(paged())} of {len(names)}", limit=2 * harness.LIMIT)
        self.assertEqual({r.json["incident"]["boundary"] for r in hook.seen() if r.json["target"] in names}, {"outage"})
        self.assertNotIn("Too many open files", daemon.log())


class NoFurtherMemory(harness.Case):
    def test_the_page_comes_at_the_latest_after_a_restart(self):
        world = self.world()
        pid = world.daemon.process.pid
        used = int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[0]) * resource.getpagesize()
        resource.prlimit(pid, resource.RLIMIT_AS, (used, used))
        world.sim.listener("refused")
        wait_until(lambda: world.hook.seen("firing") or not world.daemon.process.running(), "it pages, or it ends")
        if not world.daemon.process.running():
            self.assertEqual(world.daemon.process.process.returncode, 70, world.daemon.log()[-3000:])
            world.daemon.start()
        world.hook.wait("firing", "outage")
        self.assertEqual(len({r.json["incident"]["id"] for r in world.hook.seen("firing")}), 1)

    def test_killed_by_the_kernel_for_its_memory_it_pages_after_the_next_start(self):
        world = self.world()
        for file in ("memory.limit_in_bytes", "memory.max"):
            with contextlib.suppress(unittest.SkipTest):
                group = ControlGroup(self, world.daemon.process.pid, "memory", file)
                break
        else:
            self.skipTest("no control group with a limit of memory can be made here")
        with contextlib.suppress(OSError):
            (group.folder / "memory.swap.max").write_text("0")
        (group.folder / file).write_text(str(1 << 20))  # what it touches from here on
        world.sim.listener("refused")
        wait_until(lambda: world.hook.seen("firing") or not world.daemon.process.running(), "it pages, or it ends")
        if not world.daemon.process.running():
            self.assertEqual(world.daemon.process.process.returncode, -9, world.daemon.log()[-3000:])
            world.daemon.start()
        world.hook.wait("firing", "outage")
        self.assertEqual(len({r.json["incident"]["id"] for r in world.hook.seen("firing")}), 1)


if __name__ == "__main__":
    unittest.main()
