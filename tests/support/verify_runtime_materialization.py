#!/usr/bin/env python3
"""Compares the repository's truth with the runtime's truth, and changes neither.

Shaped like the platform's own verifier: `repo/` beside this script's folder is what the repository says, `runtime/` is
what runs. Every file below `repo/` must exist below `runtime/` with the same content, and nothing may be there besides.

Exit codes: 0 in sync, 1 drift, 2 wrong usage (argparse). A file `verifier-mode` beside `repo/`, or the variable
VERIFIER_MODE, makes it misbehave for the tests: traceback, hang, flood, killed, usage, exit N, quiet.
"""
import argparse
import hashlib
import json
import os
import pathlib
import signal
import sys
import time


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def truth(root):
    return {str(p.relative_to(root)): digest(p) for p in sorted(root.rglob("*")) if p.is_file()}


def misbehave(mode):
    word, _, rest = mode.partition(" ")
    if word == "traceback":
        raise RuntimeError("cannot read the compose labels: " + (rest or "no such container"))
    if word == "hang":
        time.sleep(3600)
    if word == "flood":
        block = "x" * 65536
        for _ in range(int(rest or "1024")):
            sys.stdout.write(block)
    if word == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if word == "usage":
        sys.exit(2)
    if word == "exit":
        sys.exit(int(rest))


def main():
    parser = argparse.ArgumentParser(description="compare repo truth with runtime truth")
    parser.add_argument("--check", action="store_true", required=True, help="verify only; the only mode there is")
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent)
    parser.add_argument("--output", choices=["text", "json"], default="json")
    options = parser.parse_args()

    mode_file = options.root / "verifier-mode"
    mode = os.environ.get("VERIFIER_MODE") or (mode_file.read_text().strip() if mode_file.exists() else "")
    if mode and mode != "quiet":
        misbehave(mode)

    repo, runtime = truth(options.root / "repo"), truth(options.root / "runtime")
    if not repo:
        print("canonical truth is missing: " + str(options.root / "repo"), file=sys.stderr)
        return 1
    checks = []
    for name in sorted(repo.keys() | runtime.keys()):
        want, have = repo.get(name), runtime.get(name)
        if want == have:
            checks.append({"name": name, "status": "in_sync"})
        elif have is None:
            checks.append({"name": name, "status": "failed", "detail": "in the repository, not materialized"})
        elif want is None:
            checks.append({"name": name, "status": "failed", "detail": "runs, and the repository does not know it"})
        else:
            checks.append({"name": name, "status": "drifted", "detail": f"repo {want}, runtime {have}"})
    wrong = [c for c in checks if c["status"] != "in_sync"]
    if mode == "quiet":
        return 1 if wrong else 0
    if options.output == "json":
        print(json.dumps({"status": "drift" if wrong else "in_sync", "checks": checks}, indent=1))
    else:
        for c in checks:
            print(f"{c['status']:8} {c['name']} {c.get('detail', '')}".rstrip())
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
