"""What an auditor would grep for: processes are started in one room only, and who sends an HTTP request has a type that
can say only its own methods: the reader GET and HEAD, the poster POST, and GET for the sign of life; on its way through a
proxy it says CONNECT first."""
import pathlib
import re
import sys

from sources import blank, report, sources

STARTS = re.compile(r"(?:(?:::|\bstd::)(?=system\b)|(?<![\w.>])(?!system\b))(_Fork|v?fork|posix_spawnp?|popen|system|exec(?:l|le|lp|v|ve|vp|vpe|veat)|clone3?)\s*\(")
VERB = re.compile(r"\bverb::(\w+)")
METHODS = re.compile(r"\benum class Method\s*\{([^}]*)\}")
READER = "daemon/read/reader.hpp"
# file -> the methods that it may name. Nobody else includes the client.
SENDERS = {"daemon/read/reader.cpp": {"get", "head"}, "daemon/sinks/post.cpp": {"get", "post"},
           "daemon/sinks/proxy.cpp": {"connect"}}
CLIENT = re.compile(r'^\s*#\s*include\s*"daemon/net/http_client\.hpp"', re.M)


def findings(root):
    for path in sources(root, ["core", "config", "daemon"]):
        name = str(path.relative_to(root))
        code = blank(path.read_text(encoding="utf-8"))
        for match in STARTS.finditer(code):
            if not name.startswith("daemon/check/"):
                yield path, code.count("\n", 0, match.start()) + 1, f"only daemon/check starts a process: {match.group(1)}"
        for match in VERB.finditer(code) if name.startswith("daemon/") else ():
            if name in SENDERS and match.group(1) not in SENDERS[name]:
                yield path, code.count("\n", 0, match.start()) + 1, f"{name} may not send {match.group(1)}"
            if name not in SENDERS and name.startswith(("daemon/read/", "daemon/sinks/")):
                yield path, code.count("\n", 0, match.start()) + 1, f"requests are made elsewhere: {match.group(1)}"
        if name not in SENDERS and not name.startswith("daemon/net/"):
            for match in CLIENT.finditer(blank(path.read_text(encoding="utf-8"), keep_literals=True)):
                yield path, 1, "only the reader and the poster send requests"
        if name == READER:
            methods = [[word.strip() for word in found.split(",")] for found in METHODS.findall(code)]
            if methods != [["get", "head"]]:
                yield path, 1, f"the reader's methods are get and head, and no other: {methods}"


if __name__ == "__main__":
    sys.exit(report(list(findings(pathlib.Path(sys.argv[1])))))
