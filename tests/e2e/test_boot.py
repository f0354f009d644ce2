"""The package on a real system: Debian boots with systemd as its first process, the package is installed, and the service
lives through what a host does to it. One boot, one story; each test is a chapter and relies on those before it.

Where no systemd can be booted (not root, no mmdebstrap, no mirror, a kernel that refuses), everything is skipped and the
reason is printed."""
import json
import os
import re
import shutil
import signal
import socket
import tempfile
import time
import unittest
import urllib.request

import harness
import package
from harness import wait_until

ALONE = True  # a whole system boots, under limits of its own

MESSAGE_IDS = dict(re.findall(r'\{"([a-z.]+)", "([0-9a-f]{32})"\}', (harness.ROOT / "daemon/platform/log.cpp").read_text()))


class Boot(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.deb = package.build()
        cls.machine = package.Machine(cls.deb)  # may skip
        cls.enterClassContext(cls.machine)
        print(f"booted in {cls.machine.boot_seconds:.1f} s", flush=True)
        cls.folder = tempfile.mkdtemp(prefix="readback-boot-test-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.sim = harness.Sim(cls.folder)
        cls.addClassCleanup(cls.sim.stop)
        cls.hook = harness.Receiver(secret=harness.new_secret())
        cls.addClassCleanup(cls.hook.close)
        cls.page_port = harness.free_port()
        cls.broken = None

    def setUp(self):
        if type(self).broken:
            self.skipTest(f"{type(self).broken} failed")

    def run(self, result=None):
        before = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > before:
            type(self).broken = self._testMethodName
            print(self.machine.run("journalctl", "-u", "readbackd", "-n", "60", "--no-pager", check=False).stdout)

    # --- helpers --------------------------------------------------------------------------------------------------------
    def configure(self, environment="boot", checks=None, **more):
        # By a name: the lookup has to work without AF_NETLINK, which the unit refuses.
        url = self.sim.url.replace("127.0.0.1", "platform.test")
        target = harness.fast_target(url, headers={"X-API-Key": {"credential": "fabric-api-key"}})
        if checks:
            target["checks"] = checks
        config = {"environment": environment, "targets": [target], "resolution": {"settle": "1s"},
                  "alerts": {"sinks": [{"name": "hook", "type": "webhook", "url": self.hook.url + "/alerts",
                                        "secret": {"credential": "hook-secret"}}]},
                  "http": {"listen": f"127.0.0.1:{self.page_port}"}, **more}
        self.machine.path("/etc/readback/readback.yaml").write_text(json.dumps(config))

    def journal(self, **fields):
        words = [f"{k}={v}" for k, v in fields.items()]
        text = self.machine.run("journalctl", "-o", "json", "--no-pager", "_SYSTEMD_UNIT=readbackd.service", *words).stdout
        return [json.loads(line) for line in text.splitlines()]

    def readback(self, *words, user=None, expect=0):
        done = self.machine.run("readback", *words, user=user, check=False)
        if expect is not None:
            self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return done

    def status_is(self, code, limit=None):
        wait_until(lambda: self.machine.run("readback", "status", check=False).returncode == code,
                   lambda: self.machine.run("readback", "status", check=False).stdout, limit)

    def main_pid(self):
        return int(self.machine.unit("MainPID")["MainPID"])

    def signal_main(self, how):
        self.machine.run("kill", f"-{int(how)}", self.main_pid())

    def drop_in(self, name, text):
        folder = self.machine.path("/etc/systemd/system/readbackd.service.d")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
        self.machine.run("systemctl", "daemon-reload")

    def check_words(self):
        """What each check last said, by its name."""
        status = json.loads(self.readback("--json", "status", expect=None).stdout)
        return {r["name"].removeprefix("check:"): r["word"] for t in status["targets"] for r in t["reads"] if r["kind"] == "check"}

    # --- the story ------------------------------------------------------------------------------------------------------
    def test_01_it_installs_and_starts_and_tells_nobody(self):
        # As README says; what it needs is in the root already. What is only recommended cannot be fetched here.
        done = self.machine.run("apt", "install", "--yes", "--no-install-recommends", self.machine.put(self.deb), limit=120)
        told = (done.stdout + done.stderr).lower().replace("warning: apt does not have a stable cli interface", "")
        self.assertNotIn("warning", told)
        wait_until(lambda: self.machine.unit("ActiveState")["ActiveState"] == "active", "the service is active")
        shown = self.machine.unit("UnitFileState", "Type", "StatusText", "User", "Group", "NRestarts")
        self.assertEqual((shown["UnitFileState"], shown["Type"], shown["NRestarts"]), ("enabled", "notify", "0"))
        # READY came with the state of the one target of the installed configuration.
        self.assertIn("fabric", shown["StatusText"])
        self.assertEqual((shown["User"], shown["Group"]), ("readback", "readback"))
        self.assertTrue(self.journal(MESSAGE_ID=MESSAGE_IDS["daemon.started"]))
        modes = self.machine.run("stat", "-c", "%n %a %U:%G", "/etc/readback", "/etc/readback/readback.yaml",
                                 "/etc/readback/credentials", "/var/lib/readback", "/run/readback",
                                 "/run/readback/control.sock").stdout.splitlines()
        self.assertEqual(modes, ["/etc/readback 750 root:readback", "/etc/readback/readback.yaml 644 root:root",
                                 "/etc/readback/credentials 700 root:root", "/var/lib/readback 700 readback:readback",
                                 "/run/readback 750 readback:readback", "/run/readback/control.sock 660 readback:readback"])
        self.assertEqual(self.machine.run("readbackd", "--check-config").returncode, 0)

    def test_02_the_unit_is_fine_and_hardened_as_promised(self):
        done = self.machine.run("systemd-analyze", "verify", "/usr/lib/systemd/system/readbackd.service")
        self.assertEqual(done.stdout + done.stderr, "")
        self.machine.run("systemd-analyze", "security", "--no-pager", "--threshold=12", "readbackd.service")
        status = self.machine.run("cat", f"/proc/{self.main_pid()}/status").stdout
        self.assertRegex(status, r"(?m)^CapEff:\s+0{16}$")
        self.assertRegex(status, r"(?m)^CapBnd:\s+0{16}$")
        self.assertRegex(status, r"(?m)^NoNewPrivs:\s+1$")
        self.assertRegex(status, r"(?m)^Seccomp:\s+2$")
        resident = int(re.search(r"VmRSS:\s+(\d+) kB", status)[1])
        print(f"resident: {resident / 1024:.1f} MiB", flush=True)
        self.assertLess(resident, 60 * 1024)

    def test_03_configured_with_credentials_it_sees_a_green_platform(self):
        for name, text in (("fabric-api-key", "k-123456"), ("hook-secret", self.hook.secret), ("pagerduty", "r-123456")):
            file = self.machine.path(f"/etc/readback/credentials/{name}")
            file.write_text(text + "\n")
            file.chmod(0o600)
        with open(self.machine.path("/etc/hosts"), "a") as hosts:
            hosts.write("127.0.0.1 platform.test\n")
        self.configure()
        example = self.machine.path("/usr/share/doc/readback/examples/credentials.conf").read_text()
        self.drop_in("credentials.conf", example)
        self.machine.run("systemctl", "restart", "readbackd.service")
        self.status_is(0)
        self.readback("test-alert")
        self.assertIn("TEST", self.hook.wait("test")["summary"])
        self.assertLessEqual(set(self.sim.stats()["methods"]), {"GET", "HEAD"})
        with urllib.request.urlopen(f"http://127.0.0.1:{self.page_port}/readyz", timeout=harness.LIMIT) as answer:
            self.assertEqual(answer.status, 200)

    def test_04_an_outage_is_paged_signed_and_told_to_the_journal_with_its_fields(self):
        self.sim.listener("refused")
        page = self.hook.wait("firing")
        self.assertEqual((page["environment"], page["incident"]["boundary"], page["host"]), ("boot", "outage", "readback-test"))
        self.assertTrue(harness.signature_holds(self.hook.seen("firing")[0], self.hook.secret))
        wait_until(lambda: self.journal(MESSAGE_ID=MESSAGE_IDS["incident.firing"]), "the journal has it")
        (line,) = self.journal(MESSAGE_ID=MESSAGE_IDS["incident.firing"])
        self.assertEqual(
            {k: line.get(k) for k in ("READBACK_KIND", "READBACK_TARGET", "READBACK_BOUNDARY", "READBACK_INCIDENT",
                                      "SYSLOG_IDENTIFIER")},
            {"READBACK_KIND": "incident.firing", "READBACK_TARGET": "fabric", "READBACK_BOUNDARY": "outage",
             "READBACK_INCIDENT": page["incident"]["id"], "SYSLOG_IDENTIFIER": "readbackd"})
        self.assertIn("OUTAGE", line["MESSAGE"])
        self.readback("status", expect=2)
        type(self).page = page

    def test_05_members_of_the_group_may_ask_and_are_known_by_name_others_may_not(self):
        self.machine.run("useradd", "--groups", "readback", "alice")
        self.machine.run("useradd", "mallory")
        self.readback("incident", "latest", user="alice")
        self.readback("ack", self.page["incident"]["id"], user="alice")
        self.hook.wait("acknowledged")
        self.assertIn("alice", self.readback("--json", "incident", self.page["incident"]["id"]).stdout)
        refused = self.readback("status", user="mallory", expect=3)
        self.assertRegex(refused.stderr, r"(?i)permission|group")
        self.assertNotIn("terminate", refused.stderr)
        changes = wait_until(lambda: self.journal(MESSAGE_ID=MESSAGE_IDS["control.change"]), "the change is in the journal")
        self.assertTrue(any("alice" in line["MESSAGE"] for line in changes), changes)

    def test_06_the_evidence_of_a_confined_daemon_is_whole(self):
        self.readback("snapshot", "pull", self.page["evidence"]["snapshot"], "-o", "/root/bundle.tar.zst")
        self.readback("snapshot", "verify", "/root/bundle.tar.zst")
        shutil.copy(self.machine.path("/root/bundle.tar.zst"), self.folder)
        host = json.loads(package._quietly(["tar", "--zstd", "-xOf", f"{self.folder}/bundle.tar.zst", "host.json"]))
        for key in ("load", "memory", "disk", "uptime_s", "descriptors"):
            self.assertTrue(host[key], f"{key}: {host}")
        self.readback("report", "latest", "-o", "/root/report.html")
        self.assertIn("<html", self.machine.path("/root/report.html").read_text()[:400])

    def test_07_killed_it_comes_back_and_pages_nobody_again(self):
        before = self.main_pid()
        self.signal_main(signal.SIGKILL)
        wait_until(lambda: self.main_pid() not in (0, before), "another process")
        wait_until(lambda: self.machine.unit("ActiveState")["ActiveState"] == "active", "the service is active again")
        self.assertEqual(self.machine.unit("NRestarts")["NRestarts"], "1")
        self.status_is(2)
        self.assertEqual(len(self.hook.seen("firing")), 1)
        self.sim.listener("open")
        resolved = self.hook.wait("resolved")
        self.assertEqual((resolved["dedup_key"], resolved["incident"]["id"]),
                         (self.page["dedup_key"], self.page["incident"]["id"]))
        self.status_is(0)

    def test_08_a_reload_takes_a_good_file_and_refuses_a_bad_one_loudly(self):
        pid = self.main_pid()
        self.configure(environment="renamed")
        self.machine.run("systemctl", "reload", "readbackd.service")
        wait_until(lambda: self.journal(MESSAGE_ID=MESSAGE_IDS["config.reloaded"]), "the reload is told")
        self.machine.path("/etc/readback/readback.yaml").write_text("targets: []\nenviroment: typo\n")
        refused = self.machine.run("systemctl", "reload", "readbackd.service", check=False)
        self.assertNotEqual(refused.returncode, 0)
        wait_until(lambda: any("enviroment" in line["MESSAGE"] for line in self.journal(MESSAGE_ID=MESSAGE_IDS["config.refused"])),
                   "the refusal is told")
        self.assertEqual(self.main_pid(), pid)
        self.status_is(1)  # green, and yet not as it was asked to be
        self.assertIn("enviroment", self.readback("status", expect=1).stdout)
        self.configure(environment="renamed")
        self.machine.run("systemctl", "reload", "readbackd.service")
        self.status_is(0)

    def test_09_a_wrong_configuration_at_start_is_told_once_and_not_tried_again(self):
        self.machine.path("/etc/readback/readback.yaml").write_text("targets: []\nenviroment: typo\n")
        self.assertNotEqual(self.machine.run("systemctl", "restart", "readbackd.service", check=False).returncode, 0)
        shown = self.machine.unit("ActiveState", "ExecMainStatus", "NRestarts", "SubState")
        self.assertEqual((shown["ActiveState"], shown["ExecMainStatus"], shown["SubState"]), ("failed", "78", "failed"))
        self.assertIn("did you mean `environment`",
                      self.machine.run("journalctl", "-u", "readbackd", "-n", "20", "--no-pager").stdout)
        self.configure()
        self.machine.run("systemctl", "restart", "readbackd.service")
        self.status_is(0)

    def test_10_a_check_runs_confined_and_one_in_a_home_needs_the_drop_in(self):
        folder = harness.materialized(os.path.join(self.folder, "checkout"))
        for place in ("/srv/fabric", "/home/fabric"):
            self.machine.run("mkdir", "-p", place)
            shutil.copytree(folder, self.machine.path(place), dirs_exist_ok=True)

        def check(place):
            return {"materialization": {"command": ["python3", "./scripts/verify_runtime_materialization.py", "--check"],
                                        "cwd": place, "interval": "1s", "timeout": "10s", "sandbox": {"network": "none"}}}

        self.configure(checks=check("/srv/fabric"))
        self.machine.run("systemctl", "restart", "readbackd.service")
        wait_until(lambda: self.check_words() == {"materialization": "in_sync"}, lambda: f"the check passes: {self.check_words()}")
        self.machine.path("/srv/fabric/runtime/env/fabric.env").write_text("FABRIC_MODE=promotion_enabled\n")
        self.hook.wait("firing", "drift")
        self.configure(checks=check("/home/fabric"))
        self.assertNotEqual(self.machine.run("systemctl", "reload", "readbackd.service", check=False).returncode, 0)
        self.drop_in("check-in-home.conf",
                     self.machine.path("/usr/share/doc/readback/examples/check-in-home.conf").read_text())
        self.machine.run("systemctl", "restart", "readbackd.service")
        self.hook.wait("recovered", "drift")
        wait_until(lambda: self.check_words() == {"materialization": "in_sync"}, lambda: f"the check passes: {self.check_words()}")
        left = self.machine.run("find", "/var/lib/readback/scratch", "-mindepth", "1", "-mmin", "+1").stdout
        self.assertEqual(left, "")

    def test_10a_what_the_sandbox_refuses_is_named_under_the_unit_as_well(self):
        self.machine.path("/srv/fabric/quiet.py").write_text(
            "import os, socket, sys\nfor attempt in (lambda: open('/srv/fabric/state.json', 'w'), "
            "lambda: socket.socket(socket.AF_UNIX).connect('/run/systemd/private'), "
            "lambda: os.chmod('/var/lib/readback/readback.db', 0)):\n    try:\n        attempt()\n    except OSError:\n        pass\n"
            "sys.exit(1)\n")
        self.configure(checks={"quiet": {"command": ["python3", "quiet.py"], "cwd": "/srv/fabric", "interval": "1s",
                                         "sandbox": {"require": True}}})
        self.machine.run("systemctl", "restart", "readbackd.service")
        wait_until(lambda: self.check_words() == {"quiet": "broken"}, lambda: f"the check is refused: {self.check_words()}")
        status = json.loads(self.readback("--json", "status", expect=None).stdout)
        self.assertTrue(status["daemon"]["sandbox_complete"], status["daemon"]["sandbox"])
        (read,) = (r for t in status["targets"] for r in t["reads"] if r["kind"] == "check")
        for what in ("write /srv/fabric/state.json", "connect /run/systemd/private", "write /var/lib/readback/readback.db"):
            self.assertIn(f"check:quiet: sandbox denied: {what}", read["reasons"])
        self.assertEqual(self.machine.run("stat", "-c", "%a", "/var/lib/readback/readback.db").stdout.strip(), "600")

    def test_10b_every_drop_in_makes_possible_what_it_is_for_and_nothing_else_does(self):
        scripts = {"check-in-home.conf": "import os; os.listdir('/home/fabric/scripts')",
                   "check-with-jit.conf": "import mmap; mmap.mmap(-1, 4096, prot=7)",
                   "check-with-group.conf": "open('/srv/for-adm').read()",
                   "check-with-containers.conf": "import socket; socket.socket(socket.AF_UNIX).connect('/run/docker.sock')"}
        self.machine.path("/srv/for-adm").write_text("for members of adm")
        self.machine.run("chown", "root:adm", "/srv/for-adm")
        self.machine.run("chmod", "640", "/srv/for-adm")
        self.machine.run("groupadd", "--force", "docker")
        engine = socket.socket(socket.AF_UNIX)
        self.addCleanup(engine.close)
        engine.bind(str(self.machine.path("/run/docker.sock")))
        engine.listen()
        self.machine.run("chown", "root:docker", "/run/docker.sock")
        self.machine.run("chmod", "660", "/run/docker.sock")
        self.configure(checks={name: {"command": ["python3", "-c", script], "cwd": "/", "interval": "1s",
                                      "sandbox": {"unix_sockets": ["/run/docker.sock"]}} for name, script in scripts.items()})
        shutil.rmtree(self.machine.path("/etc/systemd/system/readbackd.service.d"))
        examples = self.machine.path("/usr/share/doc/readback/examples")
        self.drop_in("credentials.conf", (examples / "credentials.conf").read_text())
        self.machine.run("systemctl", "restart", "readbackd.service")
        wait_until(lambda: self.check_words() == dict.fromkeys(scripts, "broken"),
                   lambda: f"every check is refused: {self.check_words()}")
        for name in (*scripts, "addresses.conf"):
            self.drop_in(name, (examples / name).read_text())
        self.machine.run("systemctl", "restart", "readbackd.service")
        wait_until(lambda: self.check_words() == dict.fromkeys(scripts, "in_sync"),
                   lambda: f"every check passes: {self.check_words()}")
        self.status_is(0)  # which an allow list of addresses that forgets localhost would not let it be

    def test_11_an_upgrade_keeps_configuration_and_record(self):
        config = self.machine.path("/etc/readback/readback.yaml").read_text()
        incident = self.page["incident"]["id"]
        pid = self.main_pid()
        newer = self.machine.put(package.newer(self.deb, self.folder))
        self.machine.run("dpkg", "-i", newer, limit=120)
        self.assertIn("+upgrade", self.machine.run("dpkg-query", "-W", "readback").stdout)
        self.assertEqual(self.machine.path("/etc/readback/readback.yaml").read_text(), config)
        wait_until(lambda: self.main_pid() not in (0, pid), "the new daemon runs")
        wait_until(lambda: self.machine.run("readback", "incident", incident, check=False).returncode == 0,
                   "the old incident is known")
        self.assertEqual(len(self.hook.seen("firing", "outage")), 1)

    def test_12_stopped_by_a_signal_the_watchdog_brings_it_back(self):
        before, restarts = self.main_pid(), int(self.machine.unit("NRestarts")["NRestarts"])
        begin = time.monotonic()
        self.signal_main(signal.SIGSTOP)
        wait_until(lambda: self.main_pid() not in (0, before), "another process", 60)
        print(f"back {time.monotonic() - begin:.0f} s after SIGSTOP", flush=True)
        self.assertEqual(int(self.machine.unit("NRestarts")["NRestarts"]), restarts + 1)
        self.assertIn("watchdog", self.machine.run("journalctl", "-u", "readbackd", "--no-pager", "-n", "40").stdout.lower())
        wait_until(lambda: self.machine.run("readback", "status", check=False).returncode in (0, 1), "it answers again")

    def test_13_it_stops_in_time_and_leaves_no_process(self):
        begin = time.monotonic()
        self.machine.run("systemctl", "stop", "readbackd.service")
        self.assertLess(time.monotonic() - begin, 6)
        shown = self.machine.unit("ActiveState", "Result", "ExecMainStatus")
        self.assertEqual((shown["ActiveState"], shown["Result"], shown["ExecMainStatus"]), ("inactive", "success", "0"))
        self.assertEqual(self.machine.run("pgrep", "-u", "readback", check=False).stdout, "")
        self.assertFalse(self.machine.path("/run/readback").exists())
        self.readback("status", expect=3)
        self.readback("incidents", expect=69)

    def test_14_removed_it_keeps_the_record_and_purged_nothing_is_left(self):
        self.machine.run("systemctl", "start", "readbackd.service")
        self.machine.run("dpkg", "-r", "readback", limit=120)
        self.assertEqual(self.machine.run("systemctl", "is-active", "readbackd.service", check=False).stdout.strip(), "inactive")
        self.assertTrue(self.machine.path("/var/lib/readback/readback.db").exists())
        self.assertTrue(self.machine.path("/etc/readback/readback.yaml").exists())
        done = self.machine.run("dpkg", "-P", "readback", limit=120)
        self.assertNotIn("warning", (done.stdout + done.stderr).lower())
        shutil.rmtree(self.machine.path("/etc/systemd/system/readbackd.service.d"))  # what we put there by hand
        left = self.machine.run("find", "/etc", "/usr", "/var/lib", "/run", "-xdev", "-name", "*readback*").stdout.split()
        self.assertEqual([p for p in left if "/var/lib/dpkg/" not in p], [])
        self.assertEqual(self.machine.run("systemctl", "list-units", "--all", "--plain", "--no-legend", "readback*").stdout, "")


if __name__ == "__main__":
    unittest.main()
