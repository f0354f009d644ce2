"""The Debian package without installing it: what is in it, what lintian, systemd and the linker say about it."""
import gzip
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import harness
import package

EXPOSURE = 1.2  # what the unit may have at most, of 10
LARGEST = 8 << 20  # bytes of the .deb

# What systemd counts against the unit, and what the unit's comment calls the reason by.
DEVIATIONS = {"PrivateNetwork": "PrivateNetwork", "RestrictAddressFamilies_AF_INET_INET6": "platform, pagers and",
              "RestrictAddressFamilies_AF_UNIX": "AF_UNIX is", "ProcSubset": "ProcSubset=pid", "PrivateUsers": "PrivateUsers=yes",
              "DeviceAllow": "char-rtc", "IPAddressDeny": "no IPAddressDeny", "RootDirectoryOrRootImage": "RootDirectory"}


def run(*argv, check=True, **options):
    done = subprocess.run([str(a) for a in argv], capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL, **options)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, argv))}: exit {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
    return done


class Package(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.deb = package.build()
        cls.tree = pathlib.Path(tempfile.mkdtemp(prefix="readback-deb-"))
        cls.addClassCleanup(shutil.rmtree, cls.tree, ignore_errors=True)
        run("dpkg-deb", "-R", cls.deb, cls.tree)
        cls.control = (cls.tree / "DEBIAN" / "control").read_text()
        cls.programs = [cls.tree / "usr/sbin/readbackd", cls.tree / "usr/bin/readback"]
        print(f"package: {cls.deb.stat().st_size / 1e6:.2f} MB", flush=True)

    def test_lintian_finds_no_error_and_no_warning(self):
        done = run("lintian", "--allow-root", "--fail-on", "error,warning", "--no-tag-display-limit", self.deb, check=False)
        self.assertEqual((done.returncode, done.stdout), (0, ""))

    def test_it_holds_what_a_user_looks_for(self):
        listed = {str(p.relative_to(self.tree)) for p in self.tree.rglob("*") if p.is_file()}
        for name in ("usr/sbin/readbackd", "usr/bin/readback", "etc/readback/readback.yaml", "usr/lib/systemd/system/readbackd.service",
                     "usr/lib/sysusers.d/readback.conf", "usr/lib/tmpfiles.d/readback.conf", "usr/share/man/man1/readback.1.gz",
                     "usr/share/man/man5/readback.yaml.5.gz", "usr/share/man/man8/readbackd.8.gz",
                     "usr/share/bash-completion/completions/readback", "usr/share/zsh/vendor-completions/_readback",
                     "usr/share/fish/vendor_completions.d/readback.fish", "usr/share/readback/readback.schema.json",
                     "usr/share/readback/openapi.json", "usr/share/doc/readback/copyright",
                     "usr/share/doc/readback/changelog.Debian.gz", "usr/share/doc/readback/examples/alertmanager.yml",
                     "usr/share/doc/readback/examples/rules.yml", "usr/share/doc/readback/examples/grafana.json"):
            self.assertIn(name, listed)
        self.assertEqual((self.tree / "DEBIAN/conffiles").read_text().split(), ["/etc/readback/readback.yaml"])
        # Nothing is anybody's to write but root's, and nothing runs with rights that its caller has not.
        for line in run("dpkg-deb", "-c", self.deb).stdout.splitlines():
            mode, owner = line.split()[:2]
            self.assertRegex(mode, r"^[-d]rw[-x]r-[-x]r-[-x]$", line)
            self.assertEqual(owner, "root/root")

    def test_every_file_that_the_man_pages_name_is_where_they_say(self):
        text = "".join(gzip.open(p, "rt").read() for p in self.tree.glob("usr/share/man/man*/*.gz"))
        named = set(re.findall(r"(/usr/share/[\w./-]+[\w/])", text))
        self.assertGreaterEqual(len(named), 4)
        for path in named:
            self.assertTrue((self.tree / path.lstrip("/")).exists(), path)

    def test_the_programs_are_stripped_hardened_and_have_no_place_for_tests(self):
        self.assertLess(self.deb.stat().st_size, LARGEST)
        for program in self.programs:
            with self.subTest(program.name):
                sections = run("readelf", "-SW", program).stdout
                self.assertNotIn(".debug_info", sections)
                self.assertNotIn(".symtab", sections)
                dynamic = run("readelf", "-dW", program).stdout
                self.assertIn("BIND_NOW", dynamic)
                self.assertIn("PIE", dynamic)
                self.assertNotIn("RPATH", dynamic)
                self.assertNotIn("RUNPATH", dynamic)
                headers = run("readelf", "-lW", program).stdout
                self.assertIn("GNU_RELRO", headers)
                self.assertRegex(headers, r"GNU_STACK .* RW ")
                self.assertRegex(run("readelf", "-W", "--dyn-syms", program).stdout, r"__stack_chk_fail")
                self.assertNotIn(b"READBACK_FAULT", program.read_bytes())
                self.assertNotIn(b"READBACK_CLOCK", program.read_bytes())
        # The search above would find it: the tests' own daemon has it, and only that one.
        self.assertIn(b"READBACK_FAULT", harness.MORTAL.read_bytes())
        self.assertIn(b"READBACK_CLOCK", harness.MORTAL.read_bytes())
        self.assertNotIn(b"READBACK_FAULT", harness.DAEMON.read_bytes())
        self.assertNotIn(b"READBACK_CLOCK", harness.DAEMON.read_bytes())

    def test_it_depends_on_every_library_that_it_loads(self):
        depends = re.search(r"^Depends: (.*)$", self.control, re.M)[1]
        names = {re.match(r"\s*([a-z0-9.+-]+)", part)[1] for part in re.split(r"[,|]", depends)}
        for program in self.programs:
            for library in re.findall(r"NEEDED.*\[(.*)\]", run("readelf", "-dW", program).stdout):
                found = run("dpkg", "-S", f"*/{library}", check=False).stdout
                owners = {line.split(":")[0] for line in found.splitlines()}
                for owner in list(owners):  # a library may be depended on by what it provides
                    owners |= set(re.findall(r"[a-z0-9.+-]+", run("dpkg-query", "-W", "-f=${Provides}", owner).stdout))
                self.assertTrue(owners & names, f"{library} of {owners}; Depends: {depends}")

    def test_version_in_every_place_is_one(self):
        version = re.search(r"^Version: (.*)$", self.control, re.M)[1]
        for program in self.programs:
            self.assertEqual(run(program, "--version").stdout.split()[1], version.partition("-")[0])
        changelog = gzip.open(self.tree / "usr/share/doc/readback/changelog.Debian.gz", "rt").readline()
        release, _, suite = version.partition("~")
        self.assertIn(f"({release})", changelog)
        self.assertRegex(suite, r"^deb\d+u1$")

    def test_its_scripts_are_plain_shell(self):
        for script in ("postinst", "prerm", "postrm"):
            run("sh", "-n", self.tree / "DEBIAN" / script)


class Unit(unittest.TestCase):
    """The unit as packaged, with its program named where it lies before it is installed."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="readback-unit-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.text = (harness.ROOT / "systemd/readbackd.service").read_text()
        self.unit = self.folder / "readbackd.service"
        self.unit.write_text(self.text.replace("/usr/sbin/readbackd", str(harness.DAEMON)))

    def verify(self):
        done = run("systemd-analyze", "verify", "--man=no", self.unit, check=False)
        # Only what it says about our unit: the host's own may be odd.
        return [line for line in (done.stdout + done.stderr).splitlines() if "readbackd" in line]

    def assess(self, *more):
        done = run("systemd-analyze", "security", "--offline=true", "--no-pager", *more, self.unit)
        return done.stdout

    def exposure(self):
        return float(re.search(r"exposure level for readbackd.service: ([0-9.]+)", self.assess())[1])

    def drop_in(self, name):
        folder = self.folder / "readbackd.service.d"
        folder.mkdir(exist_ok=True)
        shutil.copy(harness.ROOT / "packaging/examples" / name, folder)

    def test_systemd_has_nothing_to_say_about_it(self):
        self.assertEqual(self.verify(), [])

    def test_its_exposure_is_low_and_each_deviation_has_its_reason_in_a_comment(self):
        exposure = self.exposure()
        print(f"exposure: {exposure}", flush=True)
        self.assertLessEqual(exposure, EXPOSURE)
        assessed = json.loads(self.assess("--json=short"))
        open_ones = {item["json_field"] for item in assessed if item["set"] is False}
        self.assertEqual(open_ones, set(DEVIATIONS))
        comments = "\n".join(re.findall(r"^#.*$", self.text, re.M)).replace("\n# ", " ")
        for field, words in DEVIATIONS.items():
            self.assertIn(words, comments, field)

    def test_it_restarts_as_promised_and_confines_with_the_calls_that_the_sandbox_needs(self):
        for line in ("Type=notify", "Restart=always", "RestartPreventExitStatus=64 78", "WatchdogSec=30s", "OOMPolicy=continue",
                     "PrivateIPC=yes", "TasksMax=512",
                     "SystemCallFilter=landlock_create_ruleset landlock_add_rule landlock_restrict_self seccomp"):
            self.assertRegex(self.text, rf"(?m)^{re.escape(line)}$")

    def test_every_drop_in_fits_and_opens_no_more_than_it_says(self):
        worst = {"addresses.conf": EXPOSURE, "credentials.conf": EXPOSURE, "check-in-home.conf": 1.3, "check-with-group.conf": 1.3,
                 "check-with-jit.conf": 1.4, "check-with-containers.conf": 1.3}
        names = sorted(p.name for p in (harness.ROOT / "packaging/examples").glob("*.conf"))
        self.assertEqual(names, sorted(worst))
        for name in names:
            with self.subTest(name):
                shutil.rmtree(self.folder / "readbackd.service.d", ignore_errors=True)
                self.drop_in(name)
                self.assertEqual(self.verify(), [])
                settings = re.findall(r"^\w+=", (harness.ROOT / "packaging/examples" / name).read_text(), re.M)
                self.assertTrue(settings)
                self.unit.write_text(self.text.replace("/usr/sbin/readbackd", str(harness.DAEMON)))
                # Offline, security(1) reads the unit alone: the drop-in's lines go to the end of its section.
                extra = (harness.ROOT / "packaging/examples" / name).read_text().partition("[Service]\n")[2]
                self.unit.write_text(self.unit.read_text().replace("[Install]", extra + "\n[Install]"))
                self.assertLessEqual(self.exposure(), worst[name])

    def test_the_user_and_the_folders_can_be_made(self):
        root = self.folder / "root"
        (root / "etc").mkdir(parents=True)
        for name in ("passwd", "group"):
            (root / "etc" / name).write_text("root:x:0:0::/root:/bin/sh\n" if name == "passwd" else "root:x:0:\n")
        run("systemd-sysusers", f"--root={root}", harness.ROOT / "systemd/readback.sysusers")
        self.assertRegex((root / "etc/passwd").read_text(), r"(?m)^readback:x:\d+:\d+:Readback watchdog:/var/lib/readback:/usr/sbin/nologin$")
        self.assertRegex((root / "etc/group").read_text(), r"(?m)^readback:x:\d+:$")
        if os.geteuid() == 0:
            run("systemd-tmpfiles", "--create", f"--root={root}", harness.ROOT / "systemd/readback.tmpfiles")
            self.assertEqual((root / "etc/readback/credentials").stat().st_mode & 0o777, 0o700)
            self.assertEqual((root / "var/lib/readback").stat().st_mode & 0o777, 0o700)


if __name__ == "__main__":
    unittest.main()
