"""`readback export` and `readback replay`: what the daemon has seen and said comes out of its recording again, and a file
that somebody else wrote is taken as it is."""
import json
import re
import signal
import subprocess
import sys
import time
import unittest

import harness
from harness import wait_until

sys.path.insert(0, str(harness.ROOT / "tests" / "fixtures"))
from make_stories import ALL_DOWN, PATH, Story, said, stamped  # noqa: E402

TOLD = ("event", "boundary", "extent", "severity", "first_failure", "also", "why", "summary")


def as_told(alert):
    """A live event (contract section 3) as a replay prints it."""
    return comparable({**alert["incident"], **alert})


def comparable(event):
    """What both tell. How long it took is counted to the end of a sweep in the one and to its beginning in the other."""
    told = {key: event[key] for key in TOLD}
    told["summary"] = re.sub(r" after [^:]+(?=: |$)", " after a while", told["summary"])
    return told


def by_incident(events):
    """The events of each boundary, in their order."""
    grouped = {}
    for event in events:
        grouped.setdefault(event["boundary"], []).append(event)
    return grouped


class Replay(harness.Case):
    def replay(self, *words, data=None, expect=0):
        done = subprocess.run([harness.CLIENT, "replay", *map(str, words)], input=data, capture_output=True,
                              timeout=harness.LIMIT * 4)
        self.assertEqual(done.returncode, expect, done.stderr.decode())
        done.lines = [json.loads(line) for line in done.stdout.splitlines()]
        done.error_text = done.stderr.decode()
        return done

    def keep(self, case, name="recorded.jsonl"):
        path = self.directory / name
        path.write_text("\n".join(case.lines) + "\n")
        return path


class Recorded(Replay):
    def test_a_replay_says_what_the_daemon_said(self):
        folder = harness.materialized(self.directory / "checkout")
        world = self.world(target={"checks": harness.check_at(folder), "paths": [
            {"name": "checkout", "kind": "user", "url": "/app/checkout"}]})
        daemon, hook = world.daemon, world.hook
        watched = self.spawn([harness.CLIENT, "--socket", daemon.socket, "--json", "watch"], "watch")
        wait_until(lambda: '"sweep"' in watched.stdout(), "sweeps are shown")
        world.sim.listener("refused")
        hook.wait("firing", "outage")
        world.sim.reset()
        hook.wait("resolved", "outage")
        runtime = folder / "runtime" / "env" / "fabric.env"
        good = runtime.read_text()
        runtime.write_text("FABRIC_MODE=edited\n")
        hook.wait("firing", "drift")
        runtime.write_text(good)
        hook.wait("resolved", "drift")
        world.sim.fault("/app/checkout", "server_error")
        hook.wait("firing", "product")
        world.sim.reset()
        hook.wait("resolved", "product")

        recorded = self.directory / "live.jsonl"
        told = [as_told(r.json) for r in hook.seen()]

        def replayed():
            recorded.write_text(daemon.client("export", "--since", "1h", expect=0).text)
            again = self.replay(recorded, "--config", daemon.config_path, "--verdicts")
            events = [comparable(e) for e in again.lines if "event" in e]
            return (again, events) if len(events) >= len(told) else None

        # What settles is counted from the beginning of a sweep in a replay: it may need one sweep more there, and come after
        # what another incident tells at the same time.
        again, events = wait_until(replayed, "the replay tells as many events", every=0.2)
        self.assertEqual(by_incident(events[:len(told)]), by_incident(told))
        verdicts = {v["sweep"]: v for v in again.lines if "event" not in v}
        live = [s for s in map(json.loads, watched.stdout().splitlines()) if "reads" in s and s["sweep"] in verdicts]
        self.assertGreater(len(live), 10)
        for sweep in live:
            verdict = verdicts[sweep["sweep"]]
            self.assertEqual([verdict[k] for k in ("at", "primary", "extent", "also")],
                             [sweep[k] for k in ("at", "primary", "extent", "also")])
            for read in sweep["reads"]:
                self.assertEqual(verdict["readings"][read["name"]], read["word"])

    def test_a_sweep_that_was_void_is_void_in_its_recording(self):
        world = self.world(target={"timeout": "300ms"})
        daemon = world.daemon
        world.sim.fault("*", "slow", ms=150)

        def lagged():
            daemon.process.process.send_signal(signal.SIGSTOP)
            time.sleep(0.8)  # longer than the timeout
            daemon.process.process.send_signal(signal.SIGCONT)
            time.sleep(0.3)
            return daemon.client("export", "--since", "1h", expect=0).text

        wait_until(lambda: '"void":' in lagged(), "a sweep is void", every=0.1)
        exported = daemon.client("export", "--since", "1h", expect=0).text
        marked = {json.loads(line)["sweep"] for line in exported.splitlines() if '"void":' in line}
        again = self.replay("-", "--verdicts", data=exported.encode())
        void = [v for v in again.lines if v.get("primary") == "void"]
        self.assertEqual({v["sweep"] for v in void}, marked)
        self.assertIn("lagged", void[0]["void_reason"])

    def test_the_same_file_gives_the_same_bytes(self):
        case = Story("same").sw(20).turns(60, ALL_DOWN, {}).sw(5, o="fail").down(6).sw(40)
        path = self.keep(case)
        first, second = self.replay(path, "--verdicts"), self.replay("-", "--verdicts", data=path.read_bytes())
        self.assertEqual(first.stdout, second.stdout)
        self.assertIn(b'"intermittent"', first.stdout)

    def test_line_ends_marks_and_blank_lines_change_nothing(self):
        plain = "\n".join(Story("plain").sw(5).down(4).sw(5).lines)
        want = self.replay("-", data=plain.encode()).stdout
        self.assertEqual(want.count(b"\n"), 2)
        for name, text in (("windows", plain.replace("\n", "\r\n") + "\r\n"), ("mark", "\ufeff" + plain),
                           ("blank", plain.replace("\n", "\n\n \n")), ("ended", plain + "\n")):
            with self.subTest(name):
                done = self.replay("-", data=text.encode(), expect=0)
                self.assertEqual((done.stdout, done.error_text), (want, ""))

    def test_bad_lines_are_told_by_number_and_left_out(self):
        lines = Story("plain").sw(5).down(4).sw(5).lines
        want = self.replay("-", data="\n".join(lines).encode()).stdout
        bad = lines[:5] + ["{bad", "[]", '{"at":"yesterday"}'] + lines[5:9] + ["\x00\xff"] + lines[9:]
        path = self.directory / "bad.jsonl"
        path.write_bytes("\n".join(bad).encode("latin-1"))
        done = self.replay(path)
        self.assertEqual(done.stdout, want)
        for number in (6, 7, 8, 13):
            self.assertIn(f"bad.jsonl:{number}: ", done.error_text)
        self.assertIn(f"4 of {len(bad)} lines", done.error_text)
        strict = self.replay(path, "--strict", expect=1)
        self.assertIn("bad.jsonl:6: ", strict.error_text)
        self.assertNotIn("bad.jsonl:7: ", strict.error_text)

    def test_what_cannot_be_read_or_written_is_said(self):
        path = self.keep(Story("plain").sw(5).down(4))
        for words, text in (((self.directory,), "is a folder"), ((self.directory / "none",), "No such file")):
            self.assertIn(text, self.replay(*words, expect=1).error_text)
        with open("/dev/full", "wb") as full:
            done = subprocess.run([harness.CLIENT, "replay", path], stdout=full, stderr=subprocess.PIPE, timeout=30)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"No space left", done.stderr)
        self.assertEqual(self.replay("-", data=b"").stdout, b"")

    def test_a_line_that_never_ends_is_no_read_and_takes_no_memory(self):
        plain = "\n".join(Story("plain").sw(5).down(4).lines)
        done, peak = self.measured(b"x" * 200_000_000 + b"\n" + plain.encode())
        self.assertEqual(done.stdout.count(b"firing"), 1)
        self.assertIn(b":1: longer than 64 MiB", done.stderr)
        self.assertLess(peak, 180_000, "KiB at the most")

    def test_a_reader_that_leaves_ends_it(self):
        path = self.keep(Story("long").turns(3000, {}, {"o": "fail"}))
        process = subprocess.Popen([harness.CLIENT, "replay", path, "--verdicts"], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        self.assertIn(b'"primary"', process.stdout.readline())
        process.stdout.close()
        self.assertIn(process.wait(harness.LIMIT), (1, -signal.SIGPIPE))
        process.stderr.close()

    def measured(self, data, *words):
        """The finished process and the most memory that it held, in KiB."""
        path = self.directory / "measured.jsonl"
        path.write_bytes(data)
        program = ("import resource, subprocess, sys\n"
                   "done = subprocess.run(sys.argv[1:])\n"
                   "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)\n"
                   "sys.exit(done.returncode)")
        done = subprocess.run([sys.executable, "-c", program, harness.CLIENT, "replay", path, *words],
                              capture_output=True, timeout=harness.LIMIT * 10)
        self.assertEqual(done.returncode, 0, done.stderr[-2000:])
        return done, int(done.stderr.split()[-1])

    def test_a_month_needs_no_more_memory_than_a_day(self):
        day = Story("day").turns(2800, *[{}] * 99, ALL_DOWN)
        _, small = self.measured("\n".join(day.lines).encode(), "--verdicts")
        month = Story("month").turns(80000, *[{}] * 99, ALL_DOWN)
        done, large = self.measured("\n".join(month.lines).encode(), "--verdicts")
        self.assertEqual(done.stdout.count(b"\n"), 80000)
        self.assertLess(large, small + 4096, "KiB")


class Configured(Replay):
    """What the configuration changes, over the same recording."""

    def check(self, story, target=None, **top):
        config = self.directory / f"{story.name}.yaml"
        config.write_text(json.dumps({"targets": [{"name": "fabric", "base_url": "http://127.0.0.1:1", **(target or {})}],
                                      **top}))
        printed = self.replay(self.keep(story), "--config", config).lines
        got = [(e["event"], e["boundary"], e["extent"], e["severity"], e["first_failure"]["read"]) for e in printed]
        self.assertEqual(len(got), len(story.events), got)
        for want, have in zip(story.events, got):
            self.assertTrue(all(w is None or w == h for w, h in zip(want, have)), (want, have))
        self.assertEqual(story.wrong_times(printed), [])

    def test_confirmation(self):
        self.check(Story("one").sw(5).down(1).sw(1).ex(6, "firing", "outage"), {"confirm": {"failures": 1}})
        self.check(Story("five").sw(5).down(4).sw(20).down(5).ex(34, "firing", "outage"), {"confirm": {"failures": 5}})
        self.check(Story("back").sw(5).down(3).sw(1).ex(8, "firing", "outage").ex(9, "recovered", "outage"),
                   {"confirm": {"recoveries": 1}})

    def test_resolution(self):
        ends = ((8, "firing", "outage"), (11, "recovered", "outage"))
        story = Story("soon").sw(5).down(3).sw(6)
        for each in (*ends, (12, "resolved", "outage")):
            story.ex(*each)
        self.check(story, resolution={"settle": "30s"})
        story = Story("unattested").sw(5).down(3).sw(60)
        for each in ends:
            story.ex(*each)
        self.check(story, resolution={"require_attestation": True})

    def test_reminders(self):
        self.check(Story("hourly").sw(5).down(124).ex(8, "firing", "outage").ex(128, "reminder", "outage"),
                   alerts={"renotify": "1h"})

    def test_staleness(self):
        self.check(Story("sooner").sw(3, o=stamped(90)).ex(3, "firing", "readiness", "stale"), {"stale_after": "1m"})
        self.check(Story("never").sw(5, o="stale"), {"stale_after": "0s"})

    def test_surfaces(self):
        self.check(Story("removed").sw(5).sw(5, c="fail"), {"surfaces": {"security": None}})
        more = {"surfaces": {"recovery": {"path": "/r", "role": "readiness"}}}
        story = Story("added").sw(5, recovery="ok")
        story.sw(4, recovery="no")
        self.check(story.ex(8, "firing", "readiness", "degraded", "error", "recovery"), more)

    def test_words(self):
        odd = said(200, {"status": "sehr gut"})
        self.check(Story("foreign").sw(5).sw(4, o=odd).ex(8, "firing", "readiness", "degraded", "warning"))
        self.check(Story("taught").sw(5).sw(4, o=odd), {"words": {"pass": ["sehr gut"]}})

    def test_paths(self):
        paths = {"paths": [{"name": "checkout", "kind": "user", "url": "/a", "expect": {"body_contains": "ready"}},
                           {"name": "login", "kind": "agent", "url": "/b", "expect": {"status": [401]}}]}
        self.check(Story("expected").sw(5, p=(200, "ready", {}), q=(401, "", {})).sw(
            3, p=(200, "not yet", {}), q=(401, "", {})).ex(8, "firing", "product", "degraded", "error", PATH), paths)

    def test_blindness(self):
        self.check(Story("two-minutes").sw(5).down(30, "no_route").ex(8, "firing", "observer", None, "warning").ex(
            (9, 11), "escalated", "observer", None, "critical"), {"blind_limit": "2m"})

    def test_maintenance(self):
        def window(days="mon", start="03:00", zone="UTC"):
            return {"maintenance": [{"days": [days], "from": start, "for": "1h", "timezone": zone}]}

        self.check(Story("muted").sw(5).down(3).sw(20), window())
        self.check(Story("elsewhere").sw(5).down(3).sw(20), window(start="04:00", zone="Europe/Berlin"))
        self.check(Story("another-day").sw(5).down(3).ex(8, "firing", "outage"), window("tue"))
        self.check(Story("still-bad").sw(100).down(30).ex(121, "firing", "outage"), window())
        self.check(Story("recovers-inside").sw(5).down(8).sw(10).ex(8, "firing", "outage").ex(
            16, "recovered", "outage").ex(20, "resolved", "outage"), window(start="03:05"))

    def test_a_target_that_is_not_configured_is_a_bad_line(self):
        config = self.directory / "other.yaml"
        config.write_text(json.dumps({"targets": [{"name": "canvas", "base_url": "http://127.0.0.1:1"}]}))
        done = self.replay(self.keep(Story("other").sw(3)), "--config", config)
        self.assertEqual(done.stdout, b"")
        self.assertEqual(done.error_text.count("no target fabric"), 1, "once, not once a line")
        self.assertIn("12 of 12 lines", done.error_text)
        self.replay(self.keep(Story("other").sw(1)), "--config", self.directory / "none.yaml", expect=78)


if __name__ == "__main__":
    unittest.main()
