#!/usr/bin/python3
"""What a read costs in user space, counted in instructions by valgrind: the same whatever else the machine does, so that
a regression can be told from noise. `instructions.json` keeps what it was; tests/e2e/test_cost.py compares.

    tests/bench/instructions.py            prints what it costs now
    tests/bench/instructions.py --write    and keeps it
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[0] / "e2e"))
import harness  # noqa: E402

KEPT = HERE / "instructions.json"
TARGETS, SURFACES = 40, 4
READS = 960  # a count over so many differs by less than a hundredth from run to run


def measure(directory):
    """Instructions of all threads for a read that is judged, redacted and recorded: {"a read": …}."""
    sim = harness.Sim(directory, name="counted-sim")
    folder = pathlib.Path(directory) / "counted"
    folder.mkdir()
    targets = [{"name": f"t{i}", "base_url": sim.url, "interval": "5s", "jitter": "0%", "request_budget": "600/min"}
               for i in range(TARGETS)]
    daemon = harness.Daemon(folder, {"environment": "bench", "log": {"level": "warning", "format": "text"}, "targets": targets})
    try:
        daemon.start(wait=False, wrapper=["valgrind", "--tool=callgrind", "--separate-threads=yes",
                                          f"--callgrind-out-file={folder}/counts.%p"])
        harness.wait_until(daemon.answers, "it answers, twenty times as slow as without valgrind", limit=180)
        reads = lambda: sim.stats()["requests"]  # to ask the daemon would cost what is counted
        harness.wait_until(lambda: reads() >= 4 * TARGETS * SURFACES, "each target is known", limit=300, every=0.5)
        control(daemon, "--zero")
        before = reads()
        harness.wait_until(lambda: reads() >= before + READS, "so many reads", limit=300, every=0.5)
        made = reads() - before
        control(daemon, "--dump")
        counted = sum(total_of(file) for file in folder.glob(f"counts.{daemon.process.pid}.*"))
    finally:
        daemon.process.kill()
        daemon.stop()
        sim.stop()
    return {"a read": counted // made}


def control(daemon, what):
    done = subprocess.run(["callgrind_control", what, str(daemon.process.pid)], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"callgrind_control {what}: {done.stdout}{done.stderr}")


def total_of(file):
    found = re.search(r"^(?:summary|totals): (\d+)", file.read_text(), re.M)
    return int(found[1]) if found else 0


def kept():
    return json.loads(KEPT.read_text())


def main():
    if not shutil.which("valgrind"):
        sys.exit("instructions: valgrind is not installed")
    with tempfile.TemporaryDirectory(prefix="rb-") as directory:
        counted = measure(directory)
    for name, count in counted.items():
        print(f"{name:<20} {count:>12,} instructions")
    if "--write" in sys.argv:
        KEPT.write_text(json.dumps(counted, indent=1) + "\n")


if __name__ == "__main__":
    main()
