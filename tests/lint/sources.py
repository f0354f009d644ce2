"""The sources that the lints look at, and their text without comments and literals."""
import pathlib
import re

FOLDERS = ("core", "config", "daemon", "tests")


def sources(root, folders=FOLDERS):
    for folder in folders:
        for path in sorted((pathlib.Path(root) / folder).rglob("*")):
            if path.suffix in (".cpp", ".hpp") and path.is_file():
                yield path


TOKENS = re.compile(
    r'R"(?P<tag>[^()\\\s]{0,16})\((?:.|\n)*?\)(?P=tag)"'  # raw string
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9A-Za-z_])'(?:\\.|[^'\\\n])*'"  # a character, not the mark in 1'000
    r"|//[^\n]*|/\*(?:.|\n)*?\*/"
)


def blank(text, keep_literals=False):
    """Comments (and literals) as blanks; lines stay where they are."""

    def blanked(match):
        token = match.group(0)
        if token.startswith(("//", "/*")):
            return re.sub(r"[^\n]", " ", token)
        if keep_literals:
            return token
        return '"' + re.sub(r"[^\n]", " ", token[1:-1]) + '"'

    return TOKENS.sub(blanked, text)


OURS = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.M)


def reach(root, path, known=None):
    """Every file of ours that a compiler of `path` reads, `path` included. Includes are written from the root."""
    seen, waiting = set(), [path]
    known = {} if known is None else known
    while waiting:
        file = waiting.pop()
        if file in seen:
            continue
        seen.add(file)
        if file not in known:
            names = OURS.findall(file.read_text(encoding="utf-8", errors="replace"))
            known[file] = [root / name for name in names if (root / name).is_file()]
        waiting += known[file]
    return seen


def report(findings):
    for path, line, text in findings:
        print(f"{path}:{line}: {text}")
    print(f"{len(findings)} findings")
    return 1 if findings else 0
