"""No note of unfinished work in the tree, and no test that cannot fail."""
import pathlib
import re
import sys

from sources import blank, report, sources

UNFINISHED = re.compile("|".join(rf"\b{a}{b}\b" for a, b in (("TO", "DO"), ("FIX", "ME"), ("X", "XX"), ("HA", "CK"))))
EMPTY_TEST = re.compile(r"\b(?:CHECK|REQUIRE)\s*\(\s*(?:true|!false|1)\s*\)")

if __name__ == "__main__":
    here = pathlib.Path(sys.argv[1])
    found = []
    for path in sources(here):
        text = path.read_text(encoding="utf-8")
        for match in UNFINISHED.finditer(text):
            found.append((path, text.count("\n", 0, match.start()) + 1, f"unfinished: {match.group(0)}"))
        code = blank(text)
        for match in EMPTY_TEST.finditer(code):
            found.append((path, code.count("\n", 0, match.start()) + 1, "a test that cannot fail"))
    sys.exit(report(found))
