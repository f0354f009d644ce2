"""Evidence from before the failure: what is in a bundle, what never gets into one, and what can be done with it."""
import contextlib
import datetime
import hashlib
import io
import json
import os
import pathlib
import re
import shutil
import subprocess
import tarfile
import unittest

import browser
import harness
from harness import PYTHON, wait_until
from test_cli import on_terminal

CHROMIUM = browser.PROGRAM
OBSERVABILITY = "/api/v1/observability/readiness"


def unpacked(data):
    """The files of a bundle, by name."""
    raw = subprocess.run(["zstd", "-dc"], input=data, stdout=subprocess.PIPE, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(raw)) as tar:
        return {m.name: tar.extractfile(m).read().decode(errors="surrogateescape") for m in tar.getmembers()}


def packed(entries):
    """A bundle as a stranger may make it: TarInfo objects with their contents."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        for info, data in entries:
            info.size = len(data) if info.isreg() else 0
            tar.addfile(info, io.BytesIO(data))
    return subprocess.run(["zstd", "-c"], input=raw.getvalue(), stdout=subprocess.PIPE, check=True).stdout


def pull(world, what="latest", *options):
    path = world.daemon.directory / "pulled.tar.zst"
    world.daemon.client("snapshot", "pull", what, "-o", path, *options, expect=0)
    return path.read_bytes()


class Bundle(harness.Case):
    def test_file_by_file(self):
        folder = harness.materialized(self.directory / "checkout")
        world = self.world(environment="prod", target={
            "checks": harness.check_at(folder),
            "paths": [{"name": "checkout", "kind": "user", "url": "/app/checkout"}]})
        wait_until(lambda: world.daemon.status()["targets"][0]["checks_total"] > 0, "a first check")
        world.sim.fault("/health", "not_ready", text="postgres: pool exhausted")
        page = world.hook.wait("firing")
        data = pull(world, page["evidence"]["snapshot"])
        self.assertEqual(hashlib.sha256(data).hexdigest(), page["evidence"]["sha256"])
        files = unpacked(data)
        m = json.loads(files["manifest.json"])
        self.assertEqual((m["schema"], m["id"], m["incident"]),
                         ("readback.snapshot/v1", page["evidence"]["snapshot"], page["incident"]["id"]))
        self.assertEqual((m["boundary"], m["extent"], m["host"]), ("outage", "degraded", page["host"]))
        self.assertEqual(m["config_digest"], world.daemon.status()["daemon"]["config_digest"])
        self.assertEqual(set(m["files"]), set(files) - {"manifest.json", "manifest.sig"})
        for name, entry in m["files"].items():
            contents = files[name].encode(errors="surrogateescape")
            self.assertEqual((entry["sha256"], entry["size"]), (hashlib.sha256(contents).hexdigest(), len(contents)), name)
            self.assertIn("redacted", entry)
        for phase, status in (("last-good", 200), ("first-bad", 503), ("at-page", 503), ("latest", 503)):
            read = json.loads(files[f"reads/{phase}/health.json"])
            self.assertEqual(read["http"]["status"], status)
            self.assertEqual(read["reading"], "pass" if status == 200 else "fail")
            self.assertIn("total", read["phases_us"])
            self.assertTrue(status == 200 or read["reasons"])
            self.assertIn(f"reads/{phase}/path:checkout.json", files)
        diff = json.loads(files["diff.json"])
        self.assertIn({"op": "replace", "path": "/status", "value": "not_ready"}, diff["health"]["patch"])
        self.assertNotIn("security", diff)
        self.assertEqual(json.loads(files["checks/materialization/result.json"])["exit"], 0)
        self.assertIn("checks/materialization/stdout", files)
        host = json.loads(files["host.json"])
        self.assertEqual(set(host), {"load", "memory", "pressure", "disk", "uptime_s", "clock", "descriptors", "failed_units"})
        self.assertEqual(files["summary.md"].splitlines()[0], "# " + page["summary"])
        for number in range(1, 7):
            self.assertIn(f"\n{number}. ", files["summary.md"])
        self.assertIn("(this snapshot)", files["summary.md"])

        # The timeline is a recording: replayed, it pages for the same thing.
        timeline = self.directory / "timeline.jsonl"
        timeline.write_text(files["timeline.jsonl"])
        told = [json.loads(line) for line in world.daemon.client("replay", timeline, expect=0).text.splitlines()]
        self.assertEqual([(e["event"], e["boundary"]) for e in told], [("firing", "outage")])
        self.assertEqual(told[0]["first_failure"]["read"], "health")

        # Each continues the chain.
        world.daemon.client("snapshot", "capture", "--reason", "before anybody acts", expect=0)
        second = json.loads(unpacked(pull(world))["manifest.json"])
        self.assertEqual(second["previous_sha256"], page["evidence"]["sha256"])
        self.assertEqual(second["reason"], "capture: before anybody acts")
        # The incident still names the evidence of its page.
        told = world.daemon.json("incident", page["incident"]["id"])
        self.assertEqual(told["evidence"]["sha256"], page["evidence"]["sha256"])
        self.assertEqual([a["event"] for a in told["alerts"]], ["firing"])
        wait_until(lambda: world.daemon.json("incident", page["incident"]["id"])["alerts"][0]["state"] == "delivered",
                   "the answer to the page")

    def test_a_capture_while_all_is_well_and_the_difference_of_two(self):
        world = self.world()
        before = world.daemon.json("snapshot", "capture", "--reason", "before the upgrade")
        files = unpacked(pull(world, before["id"]))
        self.assertIn("reads/latest/health.json", files)
        self.assertIn("reads/last-good/health.json", files)
        world.sim.fault(OBSERVABILITY, "blockers", text="otel exporter down")
        world.hook.wait("firing")
        after = world.daemon.json("snapshot", "capture", "--reason", "after")
        told = world.daemon.json("snapshot", "diff", before["id"], after["id"])
        self.assertIn("otel exporter down", json.dumps(told["reads/latest/observability.json"]))
        self.assertNotIn("reads/latest/security.json", told)
        a, b = self.directory / "a.tar.zst", self.directory / "b.tar.zst"
        a.write_bytes(pull(world, before["id"]))
        b.write_bytes(pull(world, after["id"]))
        world.daemon.stop()  # files need no daemon
        self.assertEqual(world.daemon.json("snapshot", "diff", a, b), told)
        lines = world.daemon.client("snapshot", "diff", a, b, expect=0).text.splitlines()
        self.assertIn("  blockers: new: otel exporter down", lines)
        self.assertEqual([line for line in lines if '"op"' in line or "Content-Length" in line], [])
        world.daemon.client("snapshot", "verify", a, expect=0)

    def test_any_changed_byte_of_a_real_bundle_is_found(self):
        world = self.world()
        world.daemon.client("snapshot", "capture", expect=0)
        data = bytearray(pull(world))
        path = self.directory / "changed.tar.zst"
        for at in range(0, len(data), max(1, len(data) // 60)):
            data[at] ^= 0x10
            path.write_bytes(data)
            self.assertEqual(world.daemon.client("snapshot", "verify", path).returncode, 1, at)
            data[at] ^= 0x10

    def test_evidence_commands_have_run_by_the_time_of_the_page_and_hold_nothing_up(self):
        gate = self.directory / "gate"
        slow = self.directory / "slow.py"
        slow.write_text(f"import os, time\nwhile not os.path.exists({str(gate)!r}):\n    time.sleep(.05)\nprint('the slow answer')\n")
        world = self.world(evidence={"commands": {
            "disks": {"command": [PYTHON, "-c", "import sys; print('root 93%'); print('password=hunter2hunter2', file=sys.stderr)"]},
            "slow": {"command": [PYTHON, str(slow)], "timeout": "60s"},
            "flood": {"command": [PYTHON, "-c", "print('x' * 10_000_000)"]},
            "writes": {"command": [PYTHON, "-c", f"open({str(self.directory / 'made')!r}, 'w')"]},
            "hangs": {"command": [PYTHON, "-c", "import time; time.sleep(60)"], "timeout": "300ms"}}},
            target={"confirm": {"failures": 12, "spacing": "250ms", "recoveries": 3}})
        world.sim.fault("/health", "not_ready")
        page = world.hook.wait("firing")
        files = unpacked(pull(world, page["evidence"]["snapshot"]))

        def result(files, name):
            return json.loads(files[f"checks/{name}/result.json"])
        self.assertEqual((result(files, "disks")["reading"], result(files, "disks")["exit"]), ("collected", 0))
        self.assertEqual(files["checks/disks/stdout"], "root 93%\n")
        self.assertNotIn("hunter2", files["checks/disks/stderr"])
        self.assertIn("<redacted:", files["checks/disks/stderr"])
        self.assertEqual(result(files, "slow")["reading"], "running")
        self.assertIn("had not ended", json.dumps(result(files, "slow")["reasons"]))
        self.assertTrue(result(files, "flood")["cut"])
        self.assertLessEqual(len(files["checks/flood/stdout"]), 256 * 1024)
        self.assertFalse((self.directory / "made").exists())
        self.assertIn("sandbox denied", json.dumps(result(files, "writes")["reasons"]))
        self.assertEqual((result(files, "hangs")["reading"], result(files, "hangs")["error"]), ("broken", "timeout"))
        manifest = json.loads(files["manifest.json"])
        self.assertEqual(manifest["files"]["checks/disks/stderr"]["redacted"], 1)
        # It ends in its own time, and then a capture has it.
        gate.write_text("")
        later = world.daemon.json("snapshot", "capture")
        files = unpacked(pull(world, later["id"]))
        self.assertEqual((result(files, "slow")["reading"], files["checks/slow/stdout"]), ("collected", "the slow answer\n"))

    def test_a_kill_in_the_middle_leaves_no_half_bundle_and_loses_none(self):
        world = self.world()
        known = world.daemon.json("snapshot", "capture")["id"]
        world.daemon.stop()
        kept = world.daemon.state / "snapshots"
        (kept / "0193.tar.zst.part").write_bytes(b"half")
        for name in os.listdir(world.daemon.state):
            if name.startswith("readback.db"):
                (world.daemon.state / name).unlink()  # a store that was set aside
        world.daemon.start()
        self.assertEqual([s["id"] for s in world.daemon.json("snapshot", "list")["snapshots"]], [known])
        self.assertFalse((kept / "0193.tar.zst.part").exists())
        self.assertIn("listed again", world.daemon.log())

    @unittest.skipUnless(os.geteuid() == 0, "mounting a small tmpfs needs root")
    def test_a_full_disk_drops_evidence_says_so_and_keeps_paging(self):
        world = self.world(start=False)
        world.daemon.state.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "none", world.daemon.state], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", world.daemon.state], check=False)
        world.daemon.start()
        self.wait_green(world.daemon)
        ballast = world.daemon.state / "ballast"
        with open(ballast, "wb", buffering=0) as f, contextlib.suppress(OSError):
            while f.write(b"x" * 4096):
                pass
        world.sim.fault("/health", "not_ready")
        page = world.hook.wait("firing")
        self.assertIsNone(page["evidence"]["snapshot"])
        self.assertIn("no snapshot", page["evidence"]["note"])
        done = world.daemon.client("snapshot", "capture")
        self.assertEqual(done.returncode, 1)
        self.assertIn("no snapshot could be sealed", done.error_text)
        wait_until(lambda: world.daemon.status()["daemon"]["store_ok"] is False, "the status says that the store fails")
        self.assertIn("full", json.dumps(world.daemon.status()["troubles"]) + world.daemon.status()["daemon"]["store_error"])
        ballast.unlink()
        world.sim.ok("/health")
        world.hook.wait("recovered")
        wait_until(lambda: world.daemon.status()["daemon"]["store_ok"], "the store is written again")
        world.daemon.client("snapshot", "capture", expect=0)


class Strangers(harness.Case):
    """Bundles from elsewhere, given to what reads bundles."""

    def test_hostile_and_damaged_bundles_are_refused_with_a_reason(self):
        world = self.world()
        world.daemon.client("snapshot", "capture", expect=0)
        good = pull(world)
        world.daemon.stop()

        def entry(name, **fields):
            info = tarfile.TarInfo(name)
            for key, value in fields.items():
                setattr(info, key, value)
            return info
        manifest = (entry("manifest.json"), b"{}")
        bombs = subprocess.run(["zstd", "-c"], input=b"\0" * (300 << 20), stdout=subprocess.PIPE, check=True).stdout
        cases = {
            "cut": good[:len(good) // 2], "empty": b"", "text": b"hello", "bomb": bombs,
            "large": packed([manifest, (entry("big"), b"\0" * (65 << 20))]),
            "climbs": packed([manifest, (entry("../../etc/cron.d/x"), b"x")]),
            "absolute": packed([manifest, (entry("/etc/cron.d/x"), b"x")]),
            "symlink": packed([manifest, (entry("a", type=tarfile.SYMTYPE, linkname="/etc/shadow"), b"")]),
            "hardlink": packed([manifest, (entry("a", type=tarfile.LNKTYPE, linkname="/etc/shadow"), b"")]),
            "device": packed([manifest, (entry("a", type=tarfile.CHRTYPE), b"")]),
            "twice": packed([manifest, manifest]),
            "no-manifest": packed([(entry("summary.md"), b"x")]),
            "other-manifest": packed([(entry("manifest.json"), b'{"schema":"readback.snapshot/v1","files":{}}'),
                                      (entry("summary.md"), b"x")]),
        }
        whole = self.directory / "good.tar.zst"
        whole.write_bytes(good)
        for name, data in cases.items():
            path = self.directory / f"{name}.tar.zst"
            path.write_bytes(data)
            page = self.directory / f"{name}.html"
            for words in (("snapshot", "verify", path), ("snapshot", "diff", whole, path), ("snapshot", "diff", path, whole),
                          ("report", path, "-o", page)):
                done = world.daemon.client(*words)
                self.assertEqual(done.returncode, 1, (name, words, done.text))
                self.assertGreater(len(done.error_text), 20, (name, words))
                self.assertNotIn("\x1b", done.error_text)
            self.assertFalse(page.exists())
        self.assertEqual(world.daemon.client("report", self.directory / "none.tar.zst").returncode, 1)


def text_of_manifest(m):
    """As Readback writes one: what a forger does, too."""
    lines = ",\n".join(f"  {json.dumps(key)}: {json.dumps(value, separators=(',', ':'), ensure_ascii=False)}"
                       for key, value in m.items())
    return "{\n" + lines + "\n}\n"


def made_anew(data, **changes):
    """The bundle with another story, every digest right again, packed by other means: what no digest inside can find."""
    files = unpacked(data)
    m = json.loads(files["manifest.json"])
    assert text_of_manifest(m) == files["manifest.json"]
    files.pop("manifest.sig", None)
    read = json.loads(files["reads/at-page/health.json"])
    read["http"]["body"] = '{"status":"ok"}'
    files["reads/at-page/health.json"] = json.dumps(read, indent=1) + "\n"
    files["summary.md"] = "# All was well\n"
    for name, entry in m["files"].items():
        contents = files[name].encode(errors="surrogateescape")
        entry.update(sha256=hashlib.sha256(contents).hexdigest(), size=len(contents))
    m.update(packed_with="another program", summary="all was well", **changes)
    m["manifest_sha256"] = ""
    m["manifest_sha256"] = hashlib.sha256(text_of_manifest(m).encode()).hexdigest()
    files["manifest.json"] = text_of_manifest(m)
    return packed([(tarfile.TarInfo(name), contents.encode(errors="surrogateescape")) for name, contents in files.items()])


class Proof(harness.Case):
    """What a bundle proves, against whom, and for how long."""

    def setUp(self):
        super().setUp()
        self.lived = self.world(host="host-7")

    def paged(self):
        self.lived.sim.fault("/health", "not_ready", text="postgres: pool exhausted")
        return self.lived.hook.wait("firing")

    def kept(self, name, data):
        path = self.directory / name
        path.write_bytes(data)
        return path

    def verify(self, *words):
        done = self.lived.daemon.client("snapshot", "verify", *words)
        return done.returncode, done.text + done.error_text

    def readme_commands(self):
        """How README.md says that a bundle is checked without Readback."""
        text = (harness.ROOT / "README.md").read_text().partition("## What a bundle proves")[2].partition("\n## ")[0]
        return re.search(r"^```sh\n(.*?)^```", text, re.M | re.S)[1]

    def test_a_bundle_that_was_made_anew_is_found(self):
        page = self.paged()
        data = pull(self.lived, page["evidence"]["snapshot"])
        real, anew = self.kept("real.tar.zst", data), self.kept("anew.tar.zst", made_anew(data))
        key = self.kept("host-7.pub", self.lived.daemon.client("snapshot", "key", expect=0).stdout)
        digest = page["evidence"]["sha256"]
        status, told = self.verify(real)
        self.assertEqual((status, "proven" in told, str(self.lived.daemon.socket) in told), (0, True, True), told)
        status, told = self.verify(anew)
        self.assertEqual(status, 1)
        self.assertIn("another digest, " + digest, told)
        self.lived.daemon.stop()
        # Nobody to ask: then it is undamaged, and that is said to be no proof.
        for path in (real, anew):
            status, told = self.verify(path)
            self.assertEqual((status, "undamaged" in told, "proven" in told), (0, True, False), told)
            self.assertIn("does not say who made it", " ".join(told.split()))
        for words in (("--sha256", digest), ("--sha256", digest.upper()), ("--key", key), ("--key", key.read_text().strip()),
                      ("--key", page["evidence"]["key"]), ("--sha256", digest, "--key", key)):
            with self.subTest(words):
                status, told = self.verify(real, *words)
                self.assertEqual((status, "proven" in told), (0, True), told)
                status, told = self.verify(anew, *words)
                self.assertEqual((status, "proven" in told, "undamaged" in told), (1, False, False), told)
        # Neither a changed manifest below the signature, nor a signature by somebody else.
        files = unpacked(data)
        kept_signature = files["manifest.sig"]
        forged = unpacked(made_anew(data))
        forged["manifest.sig"] = kept_signature
        mixed = self.kept("mixed.tar.zst", packed([(tarfile.TarInfo(n), c.encode(errors="surrogateescape"))
                                                   for n, c in forged.items()]))
        status, told = self.verify(mixed)
        self.assertEqual(status, 1)
        self.assertIn("does not fit manifest.json", told)
        told = json.loads(self.lived.daemon.client("--json", "snapshot", "verify", real, "--key", key, expect=0).text)
        self.assertEqual((told["ok"], told["word"], told["sha256"], told["host"]), (True, "proven", digest, "host-7"))
        self.assertEqual(told["signature"]["key"], page["evidence"]["key"])
        self.assertEqual(told["signature"]["signature"], page["evidence"]["signature"])
        for words in (("--sha256", "4f2c"), ("--key", "MCowBQYDK2VwAyEA"), ("--key", real)):
            self.assertEqual(self.verify(real, *words)[0], 64, words)

    def test_the_key_is_in_every_place_where_somebody_looks(self):
        page = self.paged()
        key = self.lived.daemon.client("snapshot", "key", expect=0).text.strip()
        self.assertRegex(key, r"^MCowBQYDK2VwAyEA[A-Za-z0-9+/]{43}=$")
        told = self.lived.daemon.json("snapshot", "key")
        self.assertEqual((told["algorithm"], told["host"], told["key"]), ("ed25519", "host-7", key))
        self.assertEqual(told["pem"], f"-----BEGIN PUBLIC KEY-----\n{key}\n-----END PUBLIC KEY-----\n")
        self.assertEqual(self.lived.daemon.client("snapshot", "key", "--pem", expect=0).text, told["pem"])
        self.assertEqual(page["evidence"]["key"], key)
        self.assertEqual(self.lived.daemon.status()["daemon"]["evidence_key"], key)
        self.assertIn(key, self.lived.daemon.client("status").text)
        self.assertIn(key, self.lived.daemon.log())
        incident = self.lived.daemon.json("incident", page["incident"]["id"])
        self.assertEqual(incident["evidence"]["signature"], page["evidence"]["signature"])
        kept = self.lived.daemon.state / "evidence.key"
        self.assertEqual(kept.stat().st_mode & 0o7777, 0o600)
        private = kept.read_text().splitlines()[1]
        self.lived.daemon.stop()
        for path in self.lived.daemon.state.rglob("*"):
            if path.is_file() and path != kept:
                self.assertNotIn(private.encode(), path.read_bytes(), path)
        self.assertNotIn(private, self.lived.daemon.log())

    def test_it_can_be_checked_years_later_with_openssl_alone(self):
        page = self.paged()
        self.kept("bundle.tar.zst", pull(self.lived, page["evidence"]["snapshot"]))
        self.kept("host-7.pem", self.lived.daemon.client("snapshot", "key", "--pem", expect=0).stdout)
        self.lived.daemon.stop()

        def check():
            shutil.rmtree(self.directory / "evidence", ignore_errors=True)
            return subprocess.run(["bash", "-ec", self.readme_commands()], cwd=self.directory, capture_output=True, text=True,
                                  timeout=harness.LIMIT)
        done = check()
        self.assertEqual((done.returncode, done.stdout.strip(), done.stderr), (0, "Signature Verified Successfully", ""))
        real = (self.directory / "bundle.tar.zst").read_bytes()
        self.kept("bundle.tar.zst", made_anew(real))
        self.assertNotEqual(check().returncode, 0)
        # A body that was changed and nothing else: the digests find it.
        files = unpacked(real)
        files["summary.md"] += "!"
        self.kept("bundle.tar.zst", packed([(tarfile.TarInfo(n), c.encode(errors="surrogateescape")) for n, c in files.items()]))
        done = check()
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("summary.md: FAILED", done.stdout)

    def test_a_chain_has_no_hole_and_its_newest_proves_all(self):
        ids = [self.lived.daemon.json("snapshot", "capture", "--reason", str(n))["id"] for n in range(3)]
        a, b, c = (self.kept(f"{n}.tar.zst", pull(self.lived, i)) for n, i in enumerate(ids))
        newest = hashlib.sha256(c.read_bytes()).hexdigest()
        self.lived.daemon.stop()
        for order in ((a, b, c), (c, a, b)):
            status, told = self.verify(*order)
            self.assertEqual((status, "chain: 3 bundles" in told), (0, True), told)
            self.assertNotIn("proven", told)
        told = json.loads(self.lived.daemon.client("--json", "snapshot", "verify", c, b, a, "--sha256", newest, expect=0).text)
        self.assertEqual(([each["word"] for each in told["bundles"]], told["chain"]["order"]), (["proven"] * 3, [str(a), str(b), str(c)]))
        status, told = self.verify(a, c)
        self.assertEqual(status, 1)
        self.assertIn("one is missing, or was changed", told)
        other = self.kept("other.tar.zst", made_anew(b.read_bytes()) if "reads/at-page/health.json" in unpacked(b.read_bytes())
                          else b.read_bytes() + b"\0")
        self.assertEqual(self.verify(a, other, c)[0], 1)
        self.assertEqual(self.verify(a, a)[0], 1)

    def test_a_lost_key_is_made_anew_and_told_and_the_old_evidence_keeps_its_own(self):
        old_key = self.lived.daemon.client("snapshot", "key", expect=0).text.strip()
        first = self.kept("first.tar.zst", pull(self.lived, self.lived.daemon.json("snapshot", "capture")["id"]))
        self.lived.daemon.stop()
        (self.lived.daemon.state / "evidence.key").unlink()
        self.lived.daemon.start()
        self.wait_green(self.lived.daemon)
        new_key = self.lived.daemon.client("snapshot", "key", expect=0).text.strip()
        self.assertNotEqual(new_key, old_key)
        self.assertIn("made a new key that signs snapshots", self.lived.daemon.log())
        self.assertIn(new_key, self.lived.daemon.log())
        second = self.kept("second.tar.zst", pull(self.lived, self.lived.daemon.json("snapshot", "capture")["id"]))
        for path, key, status in ((first, old_key, 0), (first, new_key, 1), (second, new_key, 0), (second, old_key, 1)):
            self.assertEqual(self.verify(path, "--key", key)[0], status)
        status, told = self.verify(second, first, "--key", old_key, "--key", new_key)
        self.assertEqual((status, "chain: 2 bundles" in told), (0, True), told)
        # The same key over an ordinary restart.
        self.lived.daemon.stop()
        self.lived.daemon.start()
        self.assertEqual(self.lived.daemon.client("snapshot", "key", expect=0).text.strip(), new_key)

    def test_the_public_safe_form_is_signed_for_itself(self):
        page = self.paged()
        key = page["evidence"]["key"]
        shared = self.kept("shared.tar.zst", pull(self.lived, page["evidence"]["snapshot"], "--public-safe"))
        status, told = self.verify(shared)  # the index has the full bundle's digest, the key is the daemon's own
        self.assertEqual((status, "proven" in told), (0, True), told)
        full = unpacked(pull(self.lived, page["evidence"]["snapshot"]))
        self.lived.daemon.stop()
        status, told = self.verify(shared, "--key", key)
        self.assertEqual((status, "proven" in told), (0, True), told)
        self.assertEqual(self.verify(shared, "--sha256", page["evidence"]["sha256"])[0], 1)
        m = json.loads(unpacked(shared.read_bytes())["manifest.json"])
        self.assertEqual(m["of_full_manifest_sha256"], hashlib.sha256(full["manifest.json"].encode()).hexdigest())
        self.assertEqual(self.verify(shared, self.kept("again.tar.zst", shared.read_bytes() + b""))[0], 1)

    def test_nothing_that_a_bundle_is_called_does_anything_on_a_terminal(self):
        good = pull(self.lived, self.lived.daemon.json("snapshot", "capture")["id"])
        whole = self.kept("good.tar.zst", good)
        names = ("\x1b]0;owned\x07", "\x1b[2Jgone", "a\nreadback: proven", "\u009b31mred", "\u0085next", "\u202egnp.exe",
                 "\u2066x\u2069", "\u061cx", "\x7f")
        harmful = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
        for number, name in enumerate(names):
            files = unpacked(good)
            m = json.loads(files["manifest.json"])
            listed = text_of_manifest({**m, "files": {**m["files"], name: {"sha256": "0" * 64, "size": 0}}})
            told = text_of_manifest({**m, "id": name, "host": name, "form": name, "reason": name})
            for kind, entries in {
                    "named": [*files.items(), (name, "x")],
                    "listed": [(n, listed if n == "manifest.json" else c) for n, c in files.items()],
                    "told": [(n, told if n == "manifest.json" else c) for n, c in files.items()],
                    "climbs": [("../" + name, "x")]}.items():
                path = self.kept(f"hostile-{number}-{kind}.tar.zst", packed(
                    [(tarfile.TarInfo(n), c.encode(errors="surrogateescape")) for n, c in entries]))
                for words in (("snapshot", "verify", path), ("--json", "snapshot", "verify", path), ("snapshot", "diff", whole, path),
                              ("report", path, "-o", self.directory / "report.html"), ("snapshot", "verify", whole, path)):
                    with self.subTest((name, kind, words)):
                        done = self.lived.daemon.client(*words)
                        self.assertEqual(done.returncode, 1, done.text)
                        said = done.stdout.decode() + done.stderr.decode()
                        self.assertIsNone(harmful.search(said), ascii(said))
                        self.assertNotIn("\nreadback: proven", said)
        # What the file itself is called is somebody's word as well.
        odd = self.kept("\x1b]0;owned\x07.tar.zst", b"x")
        done = self.lived.daemon.client("snapshot", "verify", odd)
        self.assertEqual((done.returncode, harmful.search(done.error_text)), (1, None))
        self.assertIn("\\u001b]0;owned\\u0007.tar.zst", done.error_text)
        # With colours there are our own, and no others.
        painted = self.kept("\x1b[8m\x1b[2J.tar.zst", good)
        status, shown = on_terminal([str(harness.CLIENT), "--socket", "/nowhere", "snapshot", "verify", str(painted)])
        self.assertEqual(status, 0)
        self.assertIn("\x1b[1mundamaged\x1b[0m", shown)
        self.assertEqual(set(re.findall("\x1b.?.?.?", shown)) - {"\x1b[1m", "\x1b[0m"}, set())


def form(name, value):
    """The secret in the many clothes in which platforms wear it."""
    return {
        "json": json.dumps({"status": "not_ready", "password": value, "blockers": [f"cannot log in with api_key={value}"],
                            "nested": {"tokens": [value], "inner": json.dumps({"secret": value})}}),
        "url": json.dumps({"status": "not_ready", "blockers": [f"postgres://app:{value}@db/x refused",
                                                               f"GET https://h.example/cb?code={value} failed"]}),
        "python": "Traceback (most recent call last):\n  Settings(api_key='" + value + "', token=b'" + value + "')\n",
        "shell": f"export DB_PASSWORD='{value}'\ncurl -u admin:{value} https://h.example/ --token {value}\n",
        "twice": f'{{"status":"not_ready","token":"{value}","token":"valid"}}',
        "spaces": json.dumps({"status": "not_ready", "client_secret": f"{value} with \"quotes\" and\nlines"}),
        "part": json.dumps({"status": "not_ready", "blockers": [f"postgres: DB_PASS={value} refused", f"mail: smtpPass: {value}"],
                            "env": [{"Key": "REDIS_PW", "Value": value}], "argv": ["--requirepass", value]}),
        "coloured": f"\x1b[31mERROR\x1b[0m login failed \x1b[36mpassword\x1b[0m={value} \x1b[36mhost\x1b[0m=db\n",
        "block": f"status: not_ready\nkennwort: >-\n  {value}\nhost: db\n",
        "cut": f'{{"status":"not_ready","blockers":["db"],"password":"{value}',
        "nested": json.dumps({"status": "not_ready", "log": json.dumps({"line": json.dumps({"db_password": value})})}),
    }[name]


class Secrets(harness.Case):
    """Planted in the platform, in the configuration and in commands; looked for in everything that leaves the daemon."""

    def test_no_planted_secret_is_anywhere(self):
        self.planted = {}

        def secret(where):
            value = f"zQ7-{where}-s3cr3t-{len(self.planted)}"
            self.planted[where] = value
            return value
        key_file = self.directory / "key"
        key_file.write_text(secret("header-file"))
        folder = harness.materialized(self.directory / "checkout")
        chunks = secret("check-chunks")
        script = folder / "scripts" / "leaky.py"
        script.write_text("import os,sys,time\n"
                          f"for part in ('password=', {chunks[:9]!r}, {chunks[9:]!r}, '\\n'):\n"
                          "    os.write(1, part.encode()); time.sleep(.02)\n"
                          f"print('Authorization: Bearer {secret('check-stderr')}', file=sys.stderr)\n"
                          "print('token in env: ' + os.environ['SERVICE_TOKEN'])\nsys.exit(1)\n")
        port = harness.free_port()
        sim = self.sim()
        world = self.world(
            start=False, sim=sim, http={"listen": f"127.0.0.1:{port}"}, heartbeat={"url": "http://127.0.0.1:9/beat", "interval": "1s"},
            target={"headers": {"X-API-Key": {"file": str(key_file)}, "Authorization": f"Bearer {secret('header-plain')}",
                                "X-Probe": {"env": "PLANTED"}},
                    "checks": {"leaky": {"command": [PYTHON, str(script), "--password", secret("argv")], "interval": "1s",
                                         "env": {"SERVICE_TOKEN": secret("check-env")}}},
                    "paths": [{"name": "pay", "kind": "user", "url": f"/app/checkout?access_token={secret('path-url')}",
                               "expect": {"status": [201]}}],
                    "references": [f"http://127.0.0.1:9/ref?key={secret('reference-url')}"]},
            evidence={"commands": {"env": {"command": [PYTHON, "-c", f"print({{'api_key': '{secret('evidence')}'}})"]},
                                   "gone": {"command": [f"/nowhere/--password={secret('no-such-program')}"]}}})
        world.daemon.env = {"PLANTED": secret("header-env")}
        world.daemon.start()
        live = subprocess.Popen([str(harness.CLIENT), "--socket", str(world.daemon.socket), "--json", "watch"],
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.addCleanup(live.wait)
        self.addCleanup(live.kill)
        # The platform says them in every form, one after the other, and returns what it was sent.
        for name in ("json", "url", "python", "shell", "twice", "spaces", "part", "coloured", "block", "cut", "nested"):
            headers = {"Set-Cookie": f"sid={secret('cookie-' + name)}; Path=/", "X-Debug": f"Bearer {secret('debug-' + name)}",
                       "Location": f"https://u:{secret('location-' + name)}@h.example/x"}
            body = form(name, secret("body-" + name))
            if name == "json":
                body = body[:-1] + ', "echo": "you sent ' + self.planted["header-plain"] + " and " + \
                    self.planted["header-file"] + " and " + self.planted["header-env"] + '"}'
            sim.fault("*", "answer", status=503, body=body, headers=headers)
            before = sim.reads("/health")
            wait_until(lambda: sim.reads("/health") >= before + 3, "some sweeps of this form")
        page = world.hook.wait("firing", "outage")
        world.daemon.client("symptom", f"login with DB_PASS={secret('symptom')} fails", "--exposed-by", "user:pay", expect=0)
        world.daemon.client("ack", page["incident"]["id"], expect=0)
        world.daemon.client("resolve", page["incident"]["id"], "--runbook",
                            f"https://wiki.example/r7?token={secret('runbook')}", "--note", f"used token={secret('note')}", expect=0)
        world.daemon.client("silence", "add", "--for", "1h", "--boundary", "drift", "--reason", f"api_key={secret('silence')}",
                            expect=0)
        world.daemon.client("snapshot", "capture", "--reason", f"password: {secret('capture')}", expect=0)
        sim.listener("refused")
        wait_until(lambda: world.daemon.status()["targets"][0]["extent"] == "total", "no answer at all")
        sim.reset()
        wait_until(lambda: json.dumps(world.daemon.status()["targets"][0]["reads"]).count('"pass"') >= 4, "they pass again")

        said = {}
        for route in ("/v1/status", "/v1/targets/fabric?history=100", "/v1/incidents?state=all",
                      f"/v1/incidents/{page['incident']['id']}", "/v1/snapshots", "/v1/reads?since=2020-01-01T00:00:00Z",
                      "/v1/silences", "/v1/sinks"):
            status, data = world.daemon.get(route)
            self.assertEqual(status, 200, route)
            said["socket " + route] = data
        for route in ("/", "/metrics", "/healthz", "/readyz"):
            said["http " + route] = subprocess.run(["curl", "-sS", f"http://127.0.0.1:{port}{route}"], capture_output=True,
                                                   check=False).stdout
        for s in world.daemon.json("snapshot", "list")["snapshots"]:
            for form_option in ((), ("--public-safe",)):
                for name, contents in unpacked(pull(world, s["id"], *form_option)).items():
                    said[f"bundle {s['id']} {form_option} {name}"] = name.encode() + contents.encode(errors="surrogateescape")
            report = self.directory / "report.html"
            world.daemon.client("report", s["id"], "-o", report, expect=0)
            said["report " + s["id"]] = report.read_bytes()
        said["print"] = subprocess.run([harness.DAEMON, "--config", world.daemon.config_path, "--check-config", "--print"],
                                       capture_output=True, env={**os.environ, **world.daemon.env}, check=False).stdout
        said["pages"] = b"\n".join(r.body for r in world.hook.requests)
        said["log"] = world.daemon.log().encode()
        live.kill()
        said["live view"] = live.stdout.read()
        world.daemon.stop()
        said["log at the end"] = world.daemon.log().encode()
        for path in pathlib.Path(world.daemon.state).rglob("*"):
            if path.is_file():
                said[f"file {path.name}"] = path.read_bytes()
        # Texts in the database are packed: what they hold was asked for through /v1/reads, and what is not packed is here.
        self.assertGreater(len(said["socket /v1/reads?since=2020-01-01T00:00:00Z"]), 5000)
        found = [(where, name) for where, data in said.items() for name, value in self.planted.items()
                 if value.encode() in data and not (where == "print" and name in ("argv", "no-such-program", "evidence", "check-env"))]
        self.assertEqual(found, [])
        self.assertGreaterEqual(len(self.planted), 35)
        self.assertIn(b"<redacted:", said["socket /v1/reads?since=2020-01-01T00:00:00Z"])

    def test_the_same_value_keeps_its_placeholder_over_a_restart(self):
        world = self.world()
        world.sim.fault("/health", "answer", status=200, body='{"status":"ok","token":"hunter2hunter2"}')

        def placeholder():
            data = world.daemon.json("snapshot", "capture")
            body = json.loads(unpacked(pull(world, data["id"]))["reads/latest/health.json"])["http"]["body"]
            return json.loads(body).get("token")
        first = wait_until(placeholder, "the token was read")
        self.assertTrue(first.startswith("<redacted:"))
        world.daemon.stop()
        world.daemon.start()
        self.wait_green(world.daemon)
        self.assertEqual(placeholder(), first)


@unittest.skipUnless(CHROMIUM, "chromium is not installed")
class Report(harness.Case):
    def setUp(self):
        super().setUp()
        folder = harness.materialized(self.directory / "checkout")
        self.lived = self.world(environment="prod", host="host-7", target={
            "checks": harness.check_at(folder), "paths": [{"name": "checkout", "kind": "user", "url": "/app/checkout"}]},
            evidence={"commands": {"disks": {"command": [PYTHON, "-c", "print('</pre><script>document.title=\"owned\"</script>')"]}}})
        wait_until(lambda: self.lived.daemon.status()["targets"][0]["checks_total"] > 0, "a first check")
        self.lived.sim.fault("/health", "not_ready", text='</pre><script>document.title="owned"</script><img src=//x.example/p>')
        self.page = self.lived.hook.wait("firing")
        self.path = self.directory / "report.html"

    def report(self, what="latest"):
        self.lived.daemon.client("report", what, "-o", self.path, expect=0)
        return self.path.read_text()

    def browse(self, *options):
        done = subprocess.run([CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--timeout=5000",
                               f"--user-data-dir={self.directory}/chromium", *options, self.path.as_uri()],
                              capture_output=True, text=True, timeout=120)
        return done.stdout, done.stderr

    def test_it_shows_all_and_runs_nothing(self):
        wait_until(lambda: self.lived.daemon.json("incident", self.page["incident"]["id"])["alerts"][0]["state"] == "delivered",
                   "the answer to the page")
        text = self.report(self.page["incident"]["id"])
        self.assertEqual(text.count("<script"), 1, "ours, which the policy names")
        shown, said = self.browse("--dump-dom", "--enable-logging=stderr", "--v=0")
        self.assertNotIn("<title>owned", shown)
        self.assertNotIn("Refused to", said)  # neither a style nor anything else runs into our own policy
        for part in ("failed first", "Next safe step", "Runbook", "Timeline", "What changed since the last good sweep",
                     "Checks", "disks", "Alerts", "delivered", "What happened", "detected", "Text to copy", "six conditions", "The host that watched"):
            self.assertIn(part, shown)
        self.assertIn(self.page["runbook"]["url"], shown)

    def test_it_fits_a_phone_and_tells_the_reader_s_time(self):
        self.lived.daemon.client("ack", self.page["incident"]["id"], expect=0)
        self.report(self.page["incident"]["id"])
        chromium = browser.Browser()
        self.addCleanup(chromium.close)
        chromium.live_in("Asia/Kolkata")
        for width in (320, 390, 768, 1200):
            for dark in (False, True):
                with self.subTest(f"{width} {'dark' if dark else 'light'}"):
                    chromium.look(width, dark=dark)
                    chromium.go(self.path.as_uri())
                    wait_until(lambda: chromium.run("document.readyState") == "complete" and chromium.run("!!document.querySelector('main')"),
                               "the report is there")
                    self.assertLessEqual(chromium.run("document.documentElement.scrollWidth"), width)
                    self.assertEqual(chromium.run(browser.POOR_CONTRAST), [])
        utc, title, shown = chromium.run("(t => [t.dateTime, t.title, t.textContent])(document.querySelector('.tiles time'))")
        there = datetime.datetime.fromisoformat(utc.replace("Z", "+00:00")) + datetime.timedelta(hours=5, minutes=30)
        self.assertTrue(shown.startswith(there.strftime("%Y-%m-%d %H:%M:%S (")), shown)
        self.assertEqual(title, utc[:19].replace("T", " ") + "Z")
        self.assertIn("Asia/", chromium.run("document.querySelector('.zone').textContent"))
        tiles = chromium.run("[...document.querySelectorAll('.tiles>div')].map(t => t.firstChild.textContent + ': ' + t.children[1].textContent)")
        self.assertEqual([t.split(":")[0] for t in tiles], ["detected", "acknowledged", "recovered", "resolved"])
        self.assertEqual(tiles[2:], ["recovered: not yet", "resolved: not yet"])
        self.assertEqual(chromium.errors, [])


if __name__ == "__main__":
    unittest.main()
