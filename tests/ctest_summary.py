#!/usr/bin/python3
"""Reads the log of `ctest -V` and counts what it ran: each case of a doctest program, each other test as one.

Prints a line per test, the output of those that failed, and `unit: N passed, N failed, N skipped`.
"""
import re
import sys

lines = open(sys.argv[1], errors="replace").read().splitlines()
output, results = {}, []
for line in lines:
    said = re.match(r"^(\d+): (.*)$", line)
    if said:
        output.setdefault(said[1], []).append(said[2])
        continue
    ended = re.match(r"^\s*\d+/\d+ Test\s+#(\d+): (\S+) \.*\s*(.*?)\s+([\d.]+) sec", line)
    if ended:
        results.append((ended[1], ended[2], ended[3].strip("* "), float(ended[4])))

passed = failed = skipped = 0
bad = []
for number, name, outcome, seconds in results:
    text = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(output.get(number, [])))
    cases = re.findall(r"\[doctest\] test cases:\s*(\d+)\s*\|\s*(\d+) passed\s*\|\s*(\d+) failed\s*\|\s*(\d+) skipped", text)
    if outcome == "Skipped":
        skipped += 1
        print(f"  skipped {name}: {text.strip().splitlines()[-1] if text.strip() else 'no reason given'}")
        continue
    good, wrong = (sum(int(c[1]) for c in cases), sum(int(c[2]) for c in cases)) if cases else (0, 0)
    if not cases:
        good, wrong = (1, 0) if outcome == "Passed" else (0, 1)
    if outcome != "Passed" and wrong == 0:
        wrong = 1  # every case held, and the program still failed: a leak, a sanitizer, a crash at the end
    passed, failed = passed + good, failed + wrong
    print(f"  {name:<28} {good:>4} passed {wrong:>3} failed  {seconds:6.1f} s")
    if wrong:
        bad.append((name, outcome, text))

for name, outcome, text in bad:
    print(f"\n==== {name}: {outcome} ====\n{text[-8000:]}")
if not results:
    print("\n".join(lines[-20:]))
    failed += 1
print(f"unit: {passed} passed, {failed} failed, {skipped} skipped")
sys.exit(1 if failed else 0)
