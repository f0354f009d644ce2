#!/usr/bin/python3
"""How many units are compiled again when a header is touched: what a change costs who waits for it.

    touch.py             the headers that cost most, and those that once did
    touch.py FILE…       these

Counted from the includes of the sources, so that nothing has to be built.
"""
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lint"))
from sources import reach, sources  # noqa: E402

# Of 133 units these cost 81 (config), 109 (time), 59 (record), 100 (verdict) and 37 (net) before core/text was there.
NAMED = ["core/config/config.hpp", "core/text/time.hpp", "core/text/instant.hpp", "core/model/record.hpp", "core/model/verdict.hpp",
         "daemon/runtime/net.hpp"]
MOST = 12


def main():
    everything = list(sources(ROOT))
    units = [p for p in everything if p.suffix == ".cpp"]
    known, readers = {}, {}
    for unit in units:
        for file in reach(ROOT, unit, known):
            readers.setdefault(str(file.relative_to(ROOT)), []).append(unit)
    headers = sorted((str(p.relative_to(ROOT)) for p in everything if p.suffix == ".hpp"),
                     key=lambda name: -len(readers.get(name, [])))
    print(f"{len(units)} units, tests included")
    for name in sys.argv[1:] or [*headers[:MOST], *(n for n in NAMED if n not in headers[:MOST] and (ROOT / n).exists())]:
        print(f"  {len(readers.get(name, [])):>4}  {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
