"""The lints are themselves tried: each bad shape is found, each good one is left alone."""
import pathlib
import shutil
import sys
import tempfile

import co_await
import house
import includes
import readonly

BAD = [
    "auto r = co_await f([v = std::move(v)] { return v; });",
    "auto r = co_await f([v](int) { return v; });",
    "co_await f(Obs{1, 2});",
    "co_await f({.a = 1});",
    "Obs o{co_await g(), 1};",
    "co_return Obs{co_await g()};",
    "co_await f(b ? s : t);",
    "auto x = b ? co_await f() : 0;",
    "switch (co_await f(x)) { case 1: break; }",
    "co_await Svc{}.run();",
    "co_await f({a, b});",
    "awaitable<int> g(int a, Obs o = Obs());",
]
GOOD = [
    "auto [ec, n] = co_await op(a, token);",
    "if (auto x = co_await f(y)) {\n  use(x);\n}",
    "for (;;) {\n  co_await f(std::move(a));\n}",
    "co_await f([&] { return 1; });",
    'co_await f("what? {a}", \'?\');',
    "const Obs o{1, 2};\nco_await f(o);",
    "auto x = a + (co_await b);",
    "// co_await f(Obs{1})\nint x = 1;",
    "awaitable<int> g(int a, Obs o);",
    "while (co_await f()) {\n  x = b ? 1 : 2;\n}",
]

HOUSE = {  # name and text of a file: the lines with findings
    ("core/a.cpp", '#include "x.hpp"\n'): [1],
    ("core/a.cpp", "// Words.\n"): [1],
    ("core/a.cpp", "// Without an end to what it says\n"): [1],
    ("core/a.cpp", "// One idea, which is told here.\n"): [],
    ("core/a.hpp", "#pragma once\n// One idea, which is told\n// in two lines.\n"): [],
    ("core/a.hpp", "#pragma once\n#include <x>\n// Too late to tell the idea.\n"): [1],
    ("tests/a.cpp", "// One idea, which is told.\nco_spawn(io, f(), done);\n"): [],
    ("daemon/read/a.cpp", "// One idea, which is told.\nnet::co_spawn(io, f(), done);\n"): [2],
    ("daemon/read/a.cpp", "// One idea, and no co_spawn().\nf(net::detached);\n"): [2],
    ("daemon/runtime/a.cpp", "// One idea, which is told.\nnet::co_spawn(io, f(), done);\n"): [],
    ("core/a.cpp", "// One idea, which is told.\n\n// --- reads\n// ----------------\n"): [3],
    ("core/a.cpp", "// One idea, which is told.\n\n// --- reads ---\n\n// --- checks ---\n"): [],
}


def try_lengths():
    """Of two functions the one that is too long is found, with its class."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "a.cpp"
        body = "  x();\n"
        path.write_text("namespace readback {\nint A::long_one() {\n" + body * house.LONGEST + "}\nvoid fits() {\n" +
                        body * (house.LONGEST - 2) + "}\n}\n", encoding="utf-8")
        found = [(line, name) for _, line, name, _ in house.long_functions(pathlib.Path(folder), [path])]
    if found != [(2, "A::long_one")]:
        print("house: long functions found", found)
        return 1
    return 0


def main():
    wrong = 0
    for code in BAD:
        if not list(co_await.findings_in("x", code)):
            print("not found:", code)
            wrong += 1
    for code in GOOD:
        for finding in co_await.findings_in("x", code):
            print("found in good code:", code, finding)
            wrong += 1
    for (name, text), expected in HOUSE.items():
        found = [line for line, _ in house.findings_in(name, text)]
        if found != expected:
            print("house:", repr(text), "found", found, "expected", expected)
            wrong += 1
    if shutil.which("ctags"):
        wrong += try_lengths()
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        tree = {
            "CMakeLists.txt": "readback_room(core model)\nreadback_room(daemon runtime core_model)\n"
            "readback_room(daemon net daemon_runtime)\nreadback_room(daemon read daemon_net)\n"
            "readback_room(daemon sinks daemon_net)\nreadback_room(daemon store core_model)\n"
            "readback_room(daemon check daemon_net)\n",
            "core/model/a.hpp": "#include <fstream>\n",
            "core/reading/b.cpp": '#include "core/engine/x.hpp"\n#include "core/model/a.hpp"\n',
            "core/diagnosis/c.cpp": "auto t = std::chrono::system_clock::now();\n",
            "daemon/read/d.cpp": '#include "daemon/store/s.hpp"\n#include "core/model/a.hpp"\n',
            "daemon/read/reader.hpp": "enum class Method { get, head, post };\n",
            "daemon/read/e.cpp": "// fork()\nauto a = http::verb::get;\n",
            "daemon/read/reader.cpp": '#include "daemon/net/http_client.hpp"\nauto a = verb::get, b = verb::head;\nauto c = verb::put;\n',
            "daemon/sinks/post.cpp": "auto a = verb::get, b = verb::post;\nauto c = verb::delete_;\n",
            "daemon/check/h.cpp": '#include "daemon/net/http_client.hpp"\n',
            "daemon/store/f.cpp": "std::ifstream system(name);\nx.fork();\nint r = ::system(line);\n::execve(a, b, c);\n_Fork();\n",
            "daemon/check/g.cpp": "::_Fork();\n::execve(a, b, c);\n",
        }
        for name, text in tree.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        found = sorted(f"{p.relative_to(root)}:{line}" for p, line, _ in
                       [*includes.core_findings(root), *includes.other_findings(root)])
        expected = ["core/diagnosis/c.cpp:1", "core/model/a.hpp:1", "core/reading/b.cpp:1", "daemon/read/d.cpp:1"]
        if found != expected:
            print("includes: found", found, "expected", expected)
            wrong += 1
        found = sorted(f"{p.relative_to(root)}:{line}" for p, line, _ in readonly.findings(root))
        expected = ["daemon/check/h.cpp:1", "daemon/read/e.cpp:2", "daemon/read/reader.cpp:3", "daemon/read/reader.hpp:1",
                    "daemon/sinks/post.cpp:2", *(f"daemon/store/f.cpp:{n}" for n in (3, 4, 5))]
        if found != expected:
            print("readonly: found", found, "expected", expected)
            wrong += 1
    print(f"{len(BAD)} bad and {len(GOOD)} good shapes, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
