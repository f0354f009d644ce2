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


def report(findings):
    for path, line, text in findings:
        print(f"{path}:{line}: {text}")
    print(f"{len(findings)} findings")
    return 1 if findings else 0
