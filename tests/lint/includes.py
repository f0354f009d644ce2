"""Who may include whom.

core/README.md has the table of core's rooms in words; ALLOWED is the same table for this program, and a room that
neither knows is a finding. The daemon's rooms are read from the readback_room lines of CMakeLists.txt, so that a room
can include only what it is linked with.
"""
import pathlib
import re
import sys

from sources import blank, report, sources

# Each room of core may include these rooms besides its own.
ALLOWED = {
    "text": set(),
    "model": {"text"},
    "html": {"text", "model"},
    "codec": {"text", "model"},
    "history": {"text", "model"},
    "http": {"text", "model"},
    "config": {"text", "model"},
    "reading": {"text", "model", "config"},
    "diagnosis": {"text", "model", "config"},  # the structs' enumerations only: which role a surface has
    "schedule": {"text", "model", "config"},
    "alert": {"text", "model", "codec", "config"},
    "redaction": {"text", "model", "config"},
    "evidence": {"text", "model", "codec", "config", "html", "redaction"},
    "incident": {"text", "model", "codec", "config", "diagnosis", "alert", "schedule"},
    "fleet": {"text", "model", "codec", "config"},
    "engine": {"text", "model", "codec", "config", "reading", "diagnosis", "schedule", "alert", "evidence", "incident",
               "fleet"},
    "member": {"text", "model", "codec", "config", "alert", "incident", "fleet", "engine"},
    "replay": {"text", "model", "codec", "config", "engine"},
}

# What the loader (config/) may include of core: the structs that it fills, what they are made of, and who alone knows
# whether a pattern (redaction) or a template (alert) can be used.
CONFIG_MAY = {"text", "model", "config", "redaction", "alert"}

# What core must not know: the outside world, and time that passes by itself.
IMPURE = re.compile(
    r"^(boost/(asio|beast|process|filesystem)|spdlog/|yaml-cpp/|sqlite3|archive|zstd|systemd/|seccomp|openssl/ssl"
    r"|unistd\.h|fcntl\.h|poll\.h|signal\.h|netdb\.h|netinet/|arpa/|sys/|linux/"
    r"|thread$|mutex$|future$|coroutine$|fstream$|iostream$|filesystem$|ctime$|random$|atomic$"
    r"|condition_variable$|csignal$)"
)
IMPURE_CALLS = re.compile(r"\b(system_clock|steady_clock|high_resolution_clock)\s*::\s*now|\bco_(await|return|yield)\b|\bgetenv\b")
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.M)


def room_of(name):
    parts = name.split("/")
    return (parts[0], parts[1]) if len(parts) > 2 else (parts[0], "")


def daemon_rooms(cmake):
    """room -> every room it may use, through the rooms that it uses."""
    direct = {}
    for storey, room, rest in re.findall(r"readback_room\((\w+)\s+(\w+)([^)]*)\)", cmake):
        direct[f"{storey}_{room}"] = set(rest.split())
    direct["readback_config"] = {f"core_{room}" for room in CONFIG_MAY}

    def reach(room, seen):
        for other in direct.get(room, ()):
            if other not in seen:
                seen.add(other)
                reach(other, seen)
        return seen

    return {room: reach(room, {room}) for room in direct}


def includes_of(path):
    text = blank(path.read_text(encoding="utf-8"), keep_literals=True)
    for match in INCLUDE.finditer(text):
        yield text.count("\n", 0, match.start()) + 1, match.group(1)


def core_findings(root):
    for path in sources(root, ["core"]):
        _, room = room_of(str(path.relative_to(root)))
        if path.stem == "precompiled":
            continue  # it lists what all rooms of core read anyway, and no room
        if room not in ALLOWED:
            yield path, 1, f"core has no room `{room}` in tests/lint/includes.py"
            continue
        for line, name in includes_of(path):
            storey, other = room_of(name)
            if IMPURE.match(name):
                yield path, line, f"core is pure and includes no <{name}>"
            elif storey == "core" and other != room and other not in ALLOWED[room]:
                yield path, line, f"core/{room} may not include core/{other}"
            elif storey in ("config", "daemon"):
                yield path, line, f"core never includes {storey}/"
        code = blank(path.read_text(encoding="utf-8"))
        for match in IMPURE_CALLS.finditer(code):
            yield path, code.count("\n", 0, match.start()) + 1, f"core is told and does not ask: {match.group(0)}"


def other_findings(root):
    rooms = daemon_rooms((root / "CMakeLists.txt").read_text(encoding="utf-8"))
    for path in sources(root, ["config"]):
        for line, name in includes_of(path):
            storey, other = room_of(name)
            if storey == "daemon" or (storey == "core" and other not in CONFIG_MAY):
                yield path, line, f"config may not include {name}"
    for path in sources(root, ["daemon"]):
        _, room = room_of(str(path.relative_to(root)))
        if not room or path.name == "main.cpp":
            continue
        mine = rooms.get(f"daemon_{room}")
        if mine is None:
            yield path, 1, f"daemon/{room} has no readback_room line in CMakeLists.txt"
            continue
        for line, name in includes_of(path):
            storey, other = room_of(name)
            wanted = "readback_config" if storey == "config" else f"{storey}_{other}"
            if storey in ("core", "daemon", "config") and wanted not in mine:
                yield path, line, f"daemon/{room} is not linked with {wanted}, and may not include {name}"


def table_findings(root):
    """The words of core/README.md name the same rooms."""
    readme = root / "core" / "README.md"
    named = set(re.findall(r"^\| `(\w+)/` \|", readme.read_text(encoding="utf-8"), re.M))
    for room in sorted(named ^ set(ALLOWED)):
        yield readme, 1, f"the room `{room}` stands in only one of the two tables"


if __name__ == "__main__":
    here = pathlib.Path(sys.argv[1])
    sys.exit(report([*core_findings(here), *other_findings(here), *table_findings(here)]))
