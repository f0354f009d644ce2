"""The lints are themselves tried: each bad shape is found, each good one is left alone."""
import pathlib
import sys
import tempfile

import co_await
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
