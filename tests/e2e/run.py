#!/usr/bin/python3
"""Runs the end-to-end tests (all of tests/e2e/test_*.py, or those named) with the programs in $READBACK_BUILD.

    tests/e2e/run.py [-j N] [-k PATTERN] [test_main_job …]

Each file runs in a process of its own, N at a time, those that say `LONG = True` near their top before the others; files
that say `ALONE = True` run by themselves, after all others. Prints a line per file, the output of those that failed, and `e2e: N passed, N failed, N skipped`.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
LIMIT = 900  # seconds a file may take
running = set()


def give_up(*_):
    """Told to end: so are the files that run."""
    for child in list(running):
        os.killpg(child.pid, signal.SIGKILL)
    os._exit(1)


class Result(unittest.TextTestResult):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.good = []

    def addSuccess(self, test):
        super().addSuccess(test)
        self.good.append(test.id())


def run_one(name, pattern):
    """In the child: one file, and its result as a JSON line at the end of stdout."""
    sys.path.insert(0, str(HERE))
    loader = unittest.TestLoader()
    if pattern:
        loader.testNamePatterns = [f"*{pattern}*"]
    suite = loader.loadTestsFromName(name)
    result = unittest.TextTestRunner(stream=sys.stderr, verbosity=2, resultclass=Result).run(suite)
    failed = [str(t) for t, _ in result.failures + result.errors] + [str(t) for t in result.unexpectedSuccesses]
    skipped = [[str(t), reason] for t, reason in result.skipped]
    print("\n@@" + json.dumps({"passed": len(result.good) + len(result.expectedFailures), "failed": failed,
                               "skipped": skipped}), flush=True)
    return 0


def spawn(name, pattern, log_folder):
    begin = time.monotonic()
    child = subprocess.Popen([sys.executable, "-B", __file__, "--one", name, *(["-k", pattern] if pattern else [])],
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
    running.add(child)
    try:
        output, _ = child.communicate(timeout=LIMIT)
        late = False
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        output, _ = child.communicate()
        late = True
    running.discard(child)
    text = output.decode(errors="replace")
    (log_folder / f"e2e.{name}.log").write_text(text)
    found = re.findall(r"^@@(\{.*\})$", text, re.M)
    if found:
        result = json.loads(found[-1])
    else:
        why = f"did not end within {LIMIT} s" if late else f"ended with {child.returncode} before its result"
        result = {"passed": text.count(" ... ok\n"), "failed": [f"{name}: {why}"], "skipped": []}
    result.update(name=name, seconds=time.monotonic() - begin, text=re.sub(r"^@@.*$", "", text, flags=re.M))
    return result


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*")
    parser.add_argument("-j", type=int, default=2)
    parser.add_argument("-k", default="")
    parser.add_argument("--one")
    options = parser.parse_args()
    if options.one:
        return run_one(options.one, options.k)
    signal.signal(signal.SIGTERM, give_up)
    names = [pathlib.Path(n).stem for n in options.names] or sorted(p.stem for p in HERE.glob("test_*.py"))
    root = HERE.parents[1]
    log_folder = root / ".build" / "test-logs"
    log_folder.mkdir(parents=True, exist_ok=True)
    says = lambda name, word: re.search(rf"^{word} = True", (HERE / f"{name}.py").read_text(), re.M)
    names.sort(key=lambda name: not says(name, "LONG"))
    alone = [n for n in names if says(n, "ALONE")]
    results = []

    def book(result):
        results.append(result)
        print(f"  {result['name']:<24} {result['passed']:>4} passed {len(result['failed']):>3} failed "
              f"{len(result['skipped']):>3} skipped  {result['seconds']:6.1f} s", flush=True)

    with concurrent.futures.ThreadPoolExecutor(options.j) as pool:
        for done in concurrent.futures.as_completed(
                [pool.submit(spawn, n, options.k, log_folder) for n in names if n not in alone]):
            book(done.result())
    for n in alone:
        book(spawn(n, options.k, log_folder))

    for r in results:
        for test, reason in r["skipped"]:
            print(f"  skipped {test}: {reason}")
    for r in results:
        if r["failed"]:
            print(f"\n==== {r['name']} ====\n{r['text'][-12000:]}")
            for test in r["failed"]:
                print(f"  FAILED {test}")
    passed, failed = sum(r["passed"] for r in results), sum(len(r["failed"]) for r in results)
    print(f"e2e: {passed} passed, {failed} failed, {sum(len(r['skipped']) for r in results)} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
