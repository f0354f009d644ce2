"""Shapes of `co_await` that g++ 12.2 translates into a double free or a jump into nowhere.

Found by probes under ASan: aggregate temporaries, lambdas that capture by value, `?:` with temporaries and `switch`
heads in one expression with co_await; and default arguments of coroutines. A co_await expression holds names,
std::move(name), literals and plain calls; what is more is built in a named variable on the line above.
"""
import pathlib
import re
import sys

from sources import blank, report, sources

SWITCH = re.compile(r"\bswitch\s*\([^{;]*\bco_await\b")
CAPTURE = re.compile(r"\[\s*(?:=|(?:[A-Za-z_]\w*\s*(?:=[^=\]]*)?|this)\s*(?:,[^\]]*)?)\]\s*(?:\(|mutable|\{)")
# A brace behind a name, a comma, a bracket or the word itself is an initialiser, not a block.
BRACE = re.compile(r"(?:[\w>]|[(,=]|\bco_await\b)\s*\{[^{};]*\}")
AROUND = re.compile(r"(?:[\w>=]|\bco_return\b[^;{]*)\{[^;{}]*\bco_await\b[^;{}]*\}")
DEFAULTED = re.compile(r"\bawaitable\s*<[^;{}()]*>\s+[\w:]+\s*\(([^;{}]*)\)")
BLOCK_HEADS = re.compile(r"\b(if|for|while|else|do|try|catch)\b")


def statements(code):
    """(position, text) of each piece between `;`, which is as near to a statement as text gets."""
    at = 0
    for match in re.finditer(r";", code):
        yield at, code[at : match.start()]
        at = match.end()
    yield at, code[at:]


def expression_of(statement):
    """The line group from the last opened block on: `if (x) { y = co_await z` is judged as `y = co_await z`."""
    await_at = statement.find("co_await")
    start = 0
    for match in re.finditer(r"[{}]\s*\n", statement):
        if match.end() <= await_at:
            start = match.end()
    end = len(statement)
    opened = re.compile(r"\)\s*\{\s*\n|\belse\s*\{").search(statement, await_at)
    if opened:
        end = opened.start() + 1
    return start, statement[start:end]


def findings_in(path, text):
    code = blank(text)
    for at, statement in statements(code):
        if "co_await" not in statement:
            continue
        start, expression = expression_of(statement)
        line = code.count("\n", 0, at + start + max(0, expression.find("co_await"))) + 1
        if SWITCH.search(expression):
            yield path, line, "co_await in the head of a switch"
        if "?" in expression:
            yield path, line, "`?:` in one expression with co_await"
        if CAPTURE.search(expression):
            yield path, line, "a lambda that captures by value in one expression with co_await"
        if BRACE.search(expression) or AROUND.search(expression):
            yield path, line, "a brace initialiser in one expression with co_await"
    for match in DEFAULTED.finditer(code):
        if re.search(r"[^=!<>]=[^=]", match.group(1)):
            yield path, code.count("\n", 0, match.start()) + 1, "a coroutine with a default argument"


if __name__ == "__main__":
    here = pathlib.Path(sys.argv[1])
    sys.exit(report([f for p in sources(here) for f in findings_in(p, p.read_text(encoding="utf-8"))]))
