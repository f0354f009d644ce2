"""clang-tidy (.clang-tidy in the root) over the sources that have changed.

    tidy.py ROOT            what differs from $READBACK_TIDY_SINCE (the commit before, unless told), at most MOST files
    tidy.py ROOT --all      the whole tree: about a quarter of an hour on two cores
    tidy.py ROOT FILE…      these

A file that was found good stays so until it, a header of ours that it includes, or .clang-tidy changes; what is known is
kept in .build/tidy. The whole tree in each test run would cost more than all that it finds.
"""
import concurrent.futures
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

from sources import reach, sources

MOST = 16  # files that an unasked run looks at: two minutes on two cores


def changed(root):
    """The .cpp files that differ from the commit before, or that are new; none where git knows nothing."""
    since = os.environ.get("READBACK_TIDY_SINCE", "HEAD~1")
    names = set()
    for command in (["diff", "--name-only", "--diff-filter=d", since], ["ls-files", "--others", "--exclude-standard"]):
        done = subprocess.run(["git", "-C", str(root), *command], capture_output=True, text=True)
        names |= set(done.stdout.splitlines()) if done.returncode == 0 else set()
    return sorted(p for p in sources(root, ["core", "config", "daemon"]) if p.suffix == ".cpp" and str(p.relative_to(root)) in names)


def key_of(root, path):
    """A digest of all that the verdict depends on and that is ours."""
    digest = hashlib.sha256()
    for file in [root / ".clang-tidy", *sorted(reach(root, path))]:
        text = file.read_bytes()
        digest.update(f"{file.relative_to(root)}\0{len(text)}\0".encode() + text)
    return digest.hexdigest()


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    if not shutil.which("clang-tidy"):
        print("clang-tidy is not installed")
        return 77
    asked = sys.argv[2:]
    if asked == ["--all"]:
        paths = [p for p in sources(root, ["core", "config", "daemon"]) if p.suffix == ".cpp"]
    else:
        paths = [root / name for name in asked] or changed(root)
    tree = root / ".build" / "tidy"
    # Without the precompiled headers, which are g++'s.
    configured = subprocess.run(["cmake", "-S", root, "-B", tree, "-G", "Ninja", "-DREADBACK_PCH=OFF", "-DREADBACK_STRICT=OFF",
                                 "-DCMAKE_BUILD_TYPE=Debug", "-DCMAKE_CXX_COMPILER_LAUNCHER="], capture_output=True, text=True)
    if configured.returncode != 0:
        print(configured.stdout[-2000:] + configured.stderr[-2000:])
        return 1
    # Files that are made of others while it is built, by the names that ninja has for them.
    listed = subprocess.run(["ninja", "-C", tree, "-t", "targets", "all"], capture_output=True, text=True).stdout
    made = [line.split(":")[0] for line in listed.splitlines() if line.startswith("generated/")]
    if made:
        subprocess.run(["ninja", "-C", tree, *made], capture_output=True)
    good = tree / "good"
    good.mkdir(exist_ok=True)
    keys = {path: key_of(root, path) for path in paths}
    paths = [path for path in paths if not (good / keys[path]).exists()]
    left_out = [] if asked else paths[MOST:]
    paths = [path for path in paths if path not in left_out]

    def run(path):
        done = subprocess.run(["clang-tidy", "-p", str(tree), "--quiet", str(path)], capture_output=True, text=True, cwd=root)
        if done.returncode == 0:
            (good / keys[path]).touch()
        return path, done

    wrong = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, done in pool.map(run, paths):
            if done.returncode != 0:
                wrong += 1
                print(done.stdout.strip() or f"{path}: {done.stderr.strip()}")
    for path in left_out:
        print(f"not looked at: {path.relative_to(root)} (tests/lint/tidy.py ROOT --all)")
    print(f"{len(paths)} files looked at, {len(keys) - len(paths) - len(left_out)} known to be good, {wrong} with findings")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
