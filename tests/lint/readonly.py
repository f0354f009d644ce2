"""What an auditor would grep for: processes are started in one room only, and the reader has two HTTP methods."""
import pathlib
import re
import sys

from sources import blank, report, sources

STARTS = re.compile(r"(?:(?:::|\bstd::)(?=system\b)|(?<![\w.>])(?!system\b))(_Fork|v?fork|posix_spawnp?|popen|system|exec(?:l|le|lp|v|ve|vp|vpe|veat)|clone3?)\s*\(")
VERB = re.compile(r"\bverb::(\w+)")
METHODS = re.compile(r"\benum class Method\s*\{([^}]*)\}")
READER = "daemon/read/reader.hpp"


def findings(root):
    for path in sources(root, ["core", "config", "daemon"]):
        name = str(path.relative_to(root))
        code = blank(path.read_text(encoding="utf-8"))
        for match in STARTS.finditer(code):
            if not name.startswith("daemon/check/"):
                yield path, code.count("\n", 0, match.start()) + 1, f"only daemon/check starts a process: {match.group(1)}"
        for match in VERB.finditer(code):
            if name.startswith("daemon/read/") and match.group(1) not in ("get", "head"):
                yield path, code.count("\n", 0, match.start()) + 1, f"the reader sends GET and HEAD only: {match.group(1)}"
        if name == READER:
            methods = [[word.strip() for word in found.split(",")] for found in METHODS.findall(code)]
            if methods != [["get", "head"]]:
                yield path, 1, f"the reader's methods are get and head, and no other: {methods}"


if __name__ == "__main__":
    sys.exit(report(list(findings(pathlib.Path(sys.argv[1])))))
