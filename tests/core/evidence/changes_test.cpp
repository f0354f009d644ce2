// What changed is told by the names of what changed, whatever place it has in its list.
#include <doctest/doctest.h>

#include "core/evidence/changes.hpp"

using namespace readback;

namespace {

std::vector<std::string> told(std::string_view before, std::string_view after,
                              const std::vector<std::string>& leave_out = {}) {
  std::vector<std::string> out;
  for (const auto& change : joined_changes(changes_between(before, after, leave_out))) out.push_back(to_text(change));
  return out;
}

}  // namespace

TEST_CASE("Changes are told by names") {
  struct Case {
    const char* name;
    const char* before;
    const char* after;
    std::vector<std::string> told;
  };
  for (const Case& c : {
           Case{"the same", R"({"a":1})", R"({"a":1})", {}},
           Case{"in another order", R"([{"name":"a"},{"name":"b"}])", R"([{"name":"b"},{"name":"a"}])", {}},
           Case{"a service is down and three are gone",
                R"({"services":[{"name":"nats","state":"running"},{"name":"dobby","state":"running"},
                   {"name":"postgres","state":"running"},{"name":"gateway","state":"running"}]})",
                R"({"services":[{"name":"postgres","state":"down","detail":"pool exhausted"}]})",
                {"services: gone: nats, dobby", "services/postgres/state: running -> down",
                 "services/postgres/detail: nothing -> pool exhausted", "services: gone: gateway"}},
           Case{"a new one", R"([{"id":1,"x":1}])", R"([{"id":2,"x":1},{"id":1,"x":2}])", {"1/x: 1 -> 2", "new: 2"}},
           Case{"plain values are a set",
                R"({"blockers":["a","b"]})",
                R"({"blockers":["b","c","d"]})",
                {"blockers: gone: a", "blockers: new: c, d"}},
           Case{"two of one name are told by their places",
                R"([{"name":"a","x":1},{"name":"a","x":1}])",
                R"([{"name":"a","x":1},{"name":"a","x":2}])",
                {"1/x: 1 -> 2"}},
           Case{"another key names them where a name is missing",
                R"([{"component":"a","ok":true}])",
                R"([{"component":"a","ok":false}])",
                {"a/ok: true -> false"}},
           Case{"an object becomes a text", R"({"a":{"b":1}})", R"({"a":"gone"})", {R"(a: {"b":1} -> gone)"}},
           Case{"members that come and go",
                R"({"a":1,"b":2})",
                R"({"b":2,"c":[1]})",
                {"a: 1 -> nothing", "c: nothing -> [1]"}},
           Case{"stamps explain nothing",
                R"({"generated_at":"x","items":[{"name":"a","timestamp":1}]})",
                R"({"generated_at":"y","items":[{"name":"a","timestamp":2}]})",
                {}},
           Case{"lines of a text", "one\ntwo\n", "two\nthree\nfour\n", {"gone: one", "new: three", "new: four"}},
           Case{"a list of nothing", R"({"services":[{"name":"a"}]})", R"({"services":[]})", {"services: gone: a"}},
           Case{"an escape in a value stays on its line",
                R"({"a":"x"})",
                "{\"a\":\"y\\n\\u001b[31m\"}",
                {"a: x -> y  [31m"}},
       }) {
    CAPTURE(c.name);
    CHECK(told(c.before, c.after) == c.told);
  }
}

TEST_CASE("What a pointer names is left out") {
  CHECK(told(R"({"at":1,"http":{"headers":{"Date":"x"}}})", R"({"at":2,"http":{"headers":{"Date":"y"}}})",
             {"/at", "/http/headers/Date"}) == std::vector<std::string>{});
}

TEST_CASE("The body of a read is compared as what it is") {
  const auto read = [](const char* body) {
    return std::string(R"({"at":"x","http":{"status":200,"body":")") + body + "\"}}";
  };
  const auto found =
      changes_of_read(read(R"([{\"name\":\"a\",\"x\":1}])"), read(R"([{\"name\":\"a\",\"x\":2}])"), {"/at"});
  CHECK(found == std::vector<Change>{{Change::Kind::other, "http/body/a/x", "1", "2"}});
}

TEST_CASE("A list without end is cut") {
  std::string before = "[", after = "[";
  for (int i = 0; i < 5000; ++i) {
    before += (i ? "," : "") + std::string("{\"name\":") + std::to_string(i) + ",\"x\":1}";
    after += (i ? "," : "") + std::string("{\"name\":") + std::to_string(i) + ",\"x\":2}";
  }
  CHECK(changes_between(before + "]", after + "]").size() == 2000);
}
