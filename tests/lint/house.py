"""Rules of the house that a program can hold (CONTRIBUTING in README.md has them in words).

A file opens with a sentence that says its idea. Tasks are started in daemon/runtime only, where they are counted and
joined. A ruler is one line. A function of the programs has at most LONGEST lines, counted by universal-ctags; the few
that are longer, each of them one list, stand in LISTS.
"""
import pathlib
import re
import shutil
import subprocess
import sys

from sources import blank, report, sources

LONGEST = 60
# "file function": why it is better in one piece.
LISTS = {
    "config/mutation.cpp judge": "the tools and shells by name, in the order in which they are asked",
    "daemon/check/warden.cpp Warden::relabel": "where each system call has its arguments, one case a call",
}

OPENING = re.compile(r"(?:#pragma once\s*\n)?\s*((?://[^\n]*\n)+)")
STARTS = re.compile(r"\bco_spawn\s*\(|\bnet::detached\b")
BROKEN_RULER = re.compile(r"^// --- [^\n]*[^-\n]\n// -{8,}$", re.M)


def opening_of(text):
    """The comment that the file begins with, as one line; empty when it begins with something else."""
    found = OPENING.match(text)
    return " ".join(line.lstrip("/ ") for line in found[1].splitlines()) if found else ""


def findings_in(name, text):
    opening = opening_of(text)
    if len(opening.split()) < 4 or not re.search(r"[.:](?:\s|$)", opening):
        yield 1, "the file does not open with a sentence that says its idea"
    for match in BROKEN_RULER.finditer(text):
        yield text.count("\n", 0, match.start()) + 1, "a ruler broken in two lines"
    if name.startswith(("core/", "config/", "daemon/")) and not name.startswith("daemon/runtime/"):
        code = blank(text)
        for match in STARTS.finditer(code):
            yield code.count("\n", 0, match.start()) + 1, "tasks are started by TaskGroup and all_of (daemon/runtime) only"


def long_functions(root, paths):
    """(path, line, function, lines) of each that is longer than LONGEST."""
    listed = subprocess.run(["ctags", "-f", "-", "--languages=C++", "--kinds-C++=f", "--fields=+neS", "--excmd=number", "-L", "-"],
                            input="\n".join(map(str, paths)), capture_output=True, text=True, check=True, cwd=root).stdout
    for row in listed.splitlines():
        name, path, *_ = row.split("\t")
        first, last = (re.search(rf"\t{key}:(\d+)", row) for key in ("line", "end"))
        if first and last and int(last[1]) - int(first[1]) + 1 > LONGEST:
            scope = re.search(r"\t(?:class|struct):(\S+)", row)
            scope = re.sub(r"__anon\w+::|readback::", "", scope[1]) + "::" if scope else ""
            yield pathlib.Path(path), int(first[1]), scope + name, int(last[1]) - int(first[1]) + 1


def findings(root):
    for path in sources(root):
        for line, text in findings_in(str(path.relative_to(root)), path.read_text(encoding="utf-8")):
            yield path, line, text
    if not shutil.which("ctags"):
        return
    unused = set(LISTS)
    for path, line, name, lines in long_functions(root, list(sources(root, ["core", "config", "daemon"]))):
        key = f"{path.relative_to(root)} {name}"
        if key in LISTS:
            unused.discard(key)
        else:
            yield path, line, f"{name} has {lines} lines, {LONGEST} are enough"
    for key in sorted(unused):
        print(f"not long any more, and need not stand in LISTS: {key}")


if __name__ == "__main__":
    sys.exit(report(list(findings(pathlib.Path(sys.argv[1]).resolve()))))
