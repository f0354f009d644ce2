"""Shows that the simulated world can fail: each patch of tests/sim/mutations breaks one line of the product, and the
world must catch it.

  mutations.py ROOT --check            each patch still applies; nothing is built
  mutations.py ROOT [--schedules N] [--jobs N] [NAME...]
                                       builds readback-world with each of them, in a folder of its own, and tells how many
                                       schedules it took until a promise was broken, and which; what belongs to a
                                       fleet is tried on one of seven hosts

The second one compiles for some minutes, so it is not part of tests/run.sh; the first one is.
"""
import argparse
import filecmp
import pathlib
import re
import shutil
import subprocess
import sys

PATCHES = pathlib.Path("tests/sim/mutations")


def run(*words, cwd=None):
    return subprocess.run(words, cwd=cwd, capture_output=True, text=True)


def patch(tree, path, *more):
    return run("patch", "-p1", "--batch", "--forward", "--fuzz=0", *more, "-i", str(path), cwd=tree)


def check(root):
    failed = 0
    for path in sorted((root / PATCHES).glob("*.patch")):
        told = patch(root, path, "--dry-run")
        if told.returncode:
            failed += 1
            print(f"{PATCHES / path.name}: does not apply any more: write it anew\n{told.stdout}")
    print(f"{failed} findings")
    return failed


def make_tree(root, place):
    """A copy of what readback-world is built from, and a build folder that stays warm over the patches."""
    tree = place / "source"
    for path in subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=root, capture_output=True, text=True, check=True).stdout.splitlines():
        here, there = root / path, tree / path
        if here.is_file() and not (there.exists() and filecmp.cmp(here, there, shallow=False)):
            there.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(here, there)
    build = place / "build"
    if not (build / "build.ninja").exists():
        told = run("cmake", "-S", str(tree), "-B", str(build), "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_CXX_FLAGS_RELEASE=-O1 -g0")
        if told.returncode:
            sys.exit(told.stdout + told.stderr)
    return tree, build


def build_world(build, jobs):
    told = run("ninja", "-C", str(build), f"-j{jobs}", "readback-world")
    if told.returncode:
        sys.exit(told.stdout[-4000:])
    return build / "tests/sim/readback-world"


def caught(world, schedules, hosts):
    """(schedules until something broke, what) or None."""
    try:
        told = subprocess.run([str(world), "--schedules", str(schedules), "--hosts", str(hosts), "--stop"], capture_output=True, text=True, timeout=900)
    except subprocess.TimeoutExpired:
        return schedules, "it does not come to an end"
    if told.returncode == 0:
        return None
    found = re.search(r'seed (\d+) breaks "([^"]+)": (.*)', told.stdout)
    return (int(found[1]), f"{found[2]}: {found[3]}") if found else (0, f"it dies: {told.stderr[-200:]}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("root", type=pathlib.Path)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--schedules", type=int, default=5000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("names", nargs="*")
    options = parser.parse_intermixed_args()
    root = options.root.resolve()
    if options.check:
        return 1 if check(root) else 0
    place = root / ".build" / "mutations"
    (place / "source").mkdir(parents=True, exist_ok=True)
    tree, build = make_tree(root, place)
    missed = 0
    for path in sorted((root / PATCHES).glob("*.patch")):
        if options.names and not any(name in path.stem for name in options.names):
            continue
        touched = re.findall(r"^\+\+\+ b/(\S+)", path.read_text(), re.M)
        if patch(tree, path).returncode:
            print(f"{path.stem}: does not apply")
            missed += 1
            continue
        is_of_fleet = any(name.startswith(("core/fleet/", "core/member/")) for name in touched)
        found = caught(build_world(build, options.jobs), options.schedules, 7 if is_of_fleet else 1)
        for name in touched:
            shutil.copyfile(root / name, tree / name)  # a new time: ninja builds it anew
        missed += found is None
        print(f"{path.stem}: " + (f"caught by schedule {found[0]}, {found[1]}" if found else f"NOT CAUGHT in {options.schedules} schedules"), flush=True)
    print(f"{missed} not caught")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
