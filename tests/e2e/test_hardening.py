"""What the edges hold: who may write what decides, what is shown of an address, who gets in, and what a memory tells."""
import contextlib
import http.client
import json
import os
import pathlib
import re
import socket
import subprocess
import time
import unittest

import harness
from harness import PYTHON, wait_until

NOBODY = 65534


def check_config(path, *options):
    return subprocess.run([harness.DAEMON, "--config", path, "--check-config", *options], capture_output=True, text=True,
                          timeout=harness.LIMIT)


class Files(harness.Case):
    def test_what_everybody_may_write_is_refused_at_a_check_at_a_start_and_at_a_reload(self):
        world = self.world()
        path = world.daemon.config_path
        self.assertEqual(check_config(path).returncode, 0)
        path.chmod(0o666)
        done = check_config(path)
        self.assertEqual(done.returncode, 78)
        self.assertIn(f"{path} can be changed by everybody on this host; chmod o-w {path}", done.stderr)
        digest = world.daemon.status()["daemon"]["config_digest"]
        world.daemon.reload()
        wait_until(lambda: world.daemon.status()["daemon"]["reload_ok"] is False, "the reload is refused")
        self.assertIn("chmod o-w", world.daemon.status()["daemon"]["reload_error"])
        self.assertEqual(world.daemon.status()["daemon"]["config_digest"], digest)
        world.daemon.stop()
        done = subprocess.run([harness.DAEMON, "--config", path], capture_output=True, text=True, timeout=harness.LIMIT)
        self.assertEqual((done.returncode, "chmod o-w" in done.stderr), (78, True), done.stderr)
        path.chmod(0o640)
        path.parent.chmod(0o777)
        done = check_config(path)
        self.assertEqual(done.returncode, 78)
        self.assertIn(f"can be replaced by everybody on this host, who may write in {path.parent}; chmod o-w {path.parent}",
                      done.stderr)
        path.parent.chmod(0o1777)
        self.assertEqual(check_config(path).returncode, 0)

    def test_a_secret_that_others_may_read_is_told_and_one_that_they_may_write_is_refused(self):
        key = self.directory / "key"
        key.write_text("hunter2hunter2\n")
        key.chmod(0o644)
        path = self.directory / "readback.yaml"
        target = {**harness.fast_target("http://127.0.0.1:9"), "headers": {"X-API-Key": {"file": str(key)}}}
        path.write_text(json.dumps({"targets": [target]}))
        done = check_config(path)
        self.assertEqual(done.returncode, 0)
        self.assertIn(f"warning: the secret {key} can be read by everybody on this host; chmod o-r {key}", done.stderr)
        key.chmod(0o602)
        done = check_config(path)
        self.assertEqual(done.returncode, 78)
        self.assertIn(f"the secret {key} can be changed by everybody on this host; chmod o-w {key}", done.stderr)
        key.chmod(0o600)
        self.assertNotIn(str(key), check_config(path).stderr)
        # Written into the file itself it is as secret as the file.
        target["headers"] = {"X-API-Key": "hunter2hunter2"}
        path.write_text(json.dumps({"targets": [target]}))
        path.chmod(0o644)
        self.assertIn("secrets stand in it in plain text; chmod o-r", check_config(path).stderr)
        path.chmod(0o640)
        self.assertNotIn("chmod", check_config(path).stderr)


class Addresses(harness.Case):
    def test_a_token_in_the_base_address_is_shown_nowhere(self):
        sim = self.sim()
        token = "t0ken" + harness.new_secret()[-12:].replace("+", "x").replace("/", "x").replace("=", "x")
        port = harness.free_port()
        world = self.world(start=False, sim=sim, http={"listen": f"127.0.0.1:{port}"})
        world.config["targets"][0]["base_url"] = f"{sim.url}/{token}/fabric"
        world.daemon.configure(world.config)
        world.daemon.start()
        wait_until(lambda: world.daemon.status()["targets"][0]["sweep"], "a sweep")
        shown = world.daemon.status()["targets"][0]["base_url"]
        self.assertEqual(shown, sim.url + "/…")
        said = {"status": world.daemon.client("status").text, "json": world.daemon.client("--json", "status").text,
                "page": subprocess.run(["curl", "-sS", f"http://127.0.0.1:{port}/"], capture_output=True, text=True).stdout,
                "print": check_config(world.daemon.config_path, "--print").stdout, "log": world.daemon.log()}
        self.assertIn(sim.url + "/…", said["page"])
        self.assertIn(sim.url + "/…", said["print"])
        # A refused reload is told on the page as well: what is wrong with an address is told without the address.
        world.config["targets"][0]["base_url"] = f"{sim.url}/?token={token}"
        world.daemon.configure(world.config)
        world.daemon.reload()
        wait_until(lambda: world.daemon.status()["daemon"]["reload_ok"] is False, "the reload is refused")
        said["refused"] = json.dumps(world.daemon.status())
        said["log, then"] = world.daemon.log()
        self.assertIn("it ends in a query", said["refused"])
        self.assertEqual([where for where, text in said.items() if token in text], [])

    def test_the_query_of_a_runbook_that_was_named_stays_off_the_page(self):
        port = harness.free_port()
        world = self.world(http={"listen": f"127.0.0.1:{port}"}, resolution={"settle": "1h"})
        world.sim.fault("/health", "not_ready")
        page = world.hook.wait("firing")
        world.daemon.client("resolve", page["incident"]["id"], "--runbook", "https://wiki.example/r7?page=5&token=hunter2hunter2",
                            expect=0)
        shown = subprocess.run(["curl", "-sS", f"http://127.0.0.1:{port}/"], capture_output=True, text=True, check=True).stdout
        self.assertIn("https://wiki.example/r7?…", shown)
        self.assertNotIn("hunter2", shown)
        self.assertNotIn("page=5", shown)
        self.assertNotIn("hunter2hunter2", world.daemon.client("incident", page["incident"]["id"]).text)


class Places(harness.Case):
    def test_nobody_who_only_holds_on_keeps_the_page_and_the_metrics_from_others(self):
        port = harness.free_port()
        world = self.world(http={"listen": f"127.0.0.1:{port}"})
        held = []
        self.addCleanup(lambda: [each.close() for each in held])

        def hold(text):
            connection = socket.create_connection(("127.0.0.1", port), timeout=harness.LIMIT)
            held.append(connection)
            with contextlib.suppress(OSError):
                connection.sendall(text)
            return connection
        ask = b"GET %b HTTP/1.1\r\nHost: localhost\r\n\r\n"
        answers = [hold(ask % b"/events").recv(200)[:12] for _ in range(40)]  # and read no more
        self.assertEqual(answers.count(b"HTTP/1.1 200"), 16)
        self.assertEqual(answers.count(b"HTTP/1.1 503"), 24)
        for _ in range(80):
            hold(b"")
            hold(ask % b"/")  # whose answer nobody takes
        time.sleep(1.2)  # who takes nothing for a second has to go when another comes
        for path in ("/healthz", "/readyz", "/metrics", "/"):
            for _ in range(5):
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=harness.LIMIT)
                connection.request("GET", path)
                self.assertEqual(connection.getresponse().status, 200, path)
                connection.close()
        world.daemon.client("status", expect=0)


class Memory(harness.Case):
    def proc(self, world, name):
        return pathlib.Path(f"/proc/{world.daemon.process.process.pid}/{name}")

    @unittest.skipUnless(os.geteuid() == 0, "to become another user takes root")
    def test_as_a_user_of_its_own_it_tells_nothing_and_its_checks_are_judged_as_ever(self):
        folder = harness.materialized(self.directory / "checkout")
        (folder / "out.py").write_text("import pathlib, socket\n"
                                       "for step in (lambda: pathlib.Path('/tmp/readback-check-was-here').write_text('x'),\n"
                                       "             lambda: socket.create_connection(('192.0.2.1', 80), 1)):\n"
                                       "    try:\n        step()\n    except OSError as e:\n        print(e)\n"
                                       "print('core', __import__('resource').getrlimit(4))\n")
        world = self.world(start=False, target={"checks": {
            **harness.check_at(folder),
            "out": {"command": [PYTHON, str(folder / "out.py")], "interval": "1s", "sandbox": {"network": "loopback"}}}})
        world.daemon.state.mkdir(mode=0o700)
        for path in (world.daemon.directory, world.daemon.state):
            os.chown(path, NOBODY, NOBODY)
        world.daemon.start(wrapper=["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--"])
        wait_until(lambda: world.daemon.status()["targets"][0]["checks_total"] >= 4, "both checks have run")
        status = world.daemon.status()
        reads = {r["name"]: r for r in status["targets"][0]["reads"]}
        self.assertEqual(reads["check:materialization"]["word"], "in_sync")
        self.assertTrue(status["daemon"]["sandbox_complete"], status["daemon"]["sandbox"])
        denied = " ".join(reads["check:out"]["reasons"])
        self.assertIn("sandbox denied: write /tmp/readback-check-was-here", denied)
        self.assertIn("connect 192.0.2.1", denied)
        # A memory that is not to be dumped belongs to root in /proc, and no process of the same user may look into it.
        self.assertEqual(self.proc(world, "environ").stat().st_uid, 0)
        done = subprocess.run(["cat", self.proc(world, "environ")], user=NOBODY, group=NOBODY, extra_groups=[], capture_output=True)
        self.assertNotEqual(done.returncode, 0)
        limit = re.search(r"Max core file size +(\S+) +(\S+)", self.proc(world, "limits").read_text())
        self.assertEqual(limit.groups(), ("0", "0"))
        # What it reads of itself goes on being there.
        snapshot = world.daemon.json("snapshot", "capture")
        self.assertTrue(snapshot["id"])
        self.assertEqual((world.daemon.state / "evidence.key").stat().st_uid, NOBODY)

    def test_a_placeholder_of_once_cannot_be_guessed_from_the_hosts_name(self):
        world = self.world(start=False)
        world.sim.fault("/health", "not_ready", text="login with password=hunter2 refused")

        def placeholder():
            done = subprocess.run([harness.DAEMON, "--config", world.daemon.config_path, "--once"], capture_output=True, text=True,
                                  timeout=harness.LIMIT)
            self.assertNotIn("hunter2", done.stdout)
            return re.search(r"<redacted:\w+:([0-9a-f]+)>", done.stdout)[1]
        self.assertNotEqual(placeholder(), placeholder())


if __name__ == "__main__":
    unittest.main()
