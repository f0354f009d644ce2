"""Every source is as clang-format leaves it (.clang-format in the root), that of Debian 12: each version has its own mind.
`format.py ROOT --fix` makes it so."""
import concurrent.futures
import os
import shutil
import subprocess
import sys

from sources import sources

BATCH = 16  # files a process
VERSION = " 14."


def main():
    if not shutil.which("clang-format"):
        print("clang-format is not installed")
        return 77
    version = subprocess.run(["clang-format", "--version"], capture_output=True, text=True).stdout.strip()
    if VERSION not in version:
        print(f"only clang-format{VERSION}x says how the sources look, and this is: {version}")
        return 77
    fix = "--fix" in sys.argv[2:]
    paths = [str(p) for p in sources(sys.argv[1])]
    mode = ["-i"] if fix else ["--dry-run", "--Werror"]

    def run(batch):
        return subprocess.run(["clang-format", *mode, *batch], capture_output=True, text=True)

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        done = list(pool.map(run, [paths[i:i + BATCH] for i in range(0, len(paths), BATCH)]))
    said = "".join(d.stderr for d in done)
    print(said + f"{len(paths)} files")
    return 1 if any(d.returncode for d in done) else 0


if __name__ == "__main__":
    sys.exit(main())
