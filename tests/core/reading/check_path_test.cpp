// Checks and paths (design: diagnosis section 2): what an exit means, and what a path must show.
#include <doctest/doctest.h>

#include "core/reading/read.hpp"

namespace readback {
namespace {

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const auto& t : texts) all += (all.empty() ? "" : " | ") + t;
  return all;
}

RawRead ran(int exit, std::string out = "", std::string err = "") {
  RawRead raw;
  raw.read = "check:materialization";
  CheckRun run;
  run.exit = exit;
  run.out = std::move(out);
  run.err = std::move(err);
  raw.answer = std::move(run);
  return raw;
}

RawRead got(int status, std::string body, Millis took = Millis(40)) {
  RawRead raw;
  raw.read = "path:checkout";
  raw.took = took;
  raw.answer = HttpAnswer{status, {}, std::move(body)};
  return raw;
}

constexpr const char* traceback = "Traceback (most recent call last):\n  File \"v.py\", line 1\nKeyError: 'x'\n";

}  // namespace

TEST_CASE("an exit is in sync, drift, or broken") {
  struct Row {
    const char* name;
    int exit;
    const char *out, *err;
    CheckResult result;
    const char* reasons;
  };
  const Row rows[] = {
      {"in sync", 0, "all aligned\n", "", CheckResult::in_sync, ""},
      {"in sync in spite of a traceback", 0, "", traceback, CheckResult::in_sync, ""},
      {"drift with a line", 1, "checking\nwarp: image differs\n", "", CheckResult::drift,
       "check:materialization: warp: image differs | check:materialization: exit 1: repo truth and runtime truth "
       "differ"},
      {"the first lines that differ, then how many", 1,
       "MISMATCH compose.yml image: repo 11.3, runtime 11.2\nok: env\nMISMATCH nginx.conf\n2 differences\n", "",
       CheckResult::drift,
       "check:materialization: compose.yml image: repo 11.3, runtime 11.2; 1 more | check:materialization: exit 1: "
       "repo "
       "truth and runtime truth differ | check:materialization: nginx.conf"},
      {"drift with items", 1, R"({"status":"drift","checks":[{"name":"warp","status":"drift","detail":"image"}]})", "",
       CheckResult::drift,
       "check:materialization: warp: image | check:materialization: exit 1: repo truth and runtime truth differ"},
      {"drift without a reason", 3, "", "", CheckResult::drift,
       "check:materialization: exit 3: repo truth and runtime truth differ | check:materialization: it gives no "
       "reason: a "
       "weaker finding than drift that names what differs"},
      {"usage", 2, "", "usage: v.py [-h]\nv.py: error: no such option\n", CheckResult::broken,
       "check:materialization: exit 2: it could not do its work: v.py: error: no such option"},
      {"not executable", 126, "", "", CheckResult::broken, "check:materialization: exit 126: it could not do its work"},
      {"not found", 127, "", "", CheckResult::broken, "check:materialization: exit 127: it could not do its work"},
      {"crashed", 1, "", traceback, CheckResult::broken, "check:materialization: exit 1: it crashed: KeyError: 'x'"},
      {"does not parse", 1, "", "  File \"v.py\", line 3\n    f(\n     ^\nSyntaxError: '(' was never closed\n",
       CheckResult::broken, "check:materialization: exit 1: it crashed: SyntaxError: '(' was never closed"},
      {"no such module", 1, "", "/usr/bin/python3: No module named verify\n", CheckResult::broken,
       "check:materialization: exit 1: it crashed: /usr/bin/python3: No module named verify"},
      {"a traceback that was handled", 3, "drift", traceback, CheckResult::drift,
       "check:materialization: drift | check:materialization: exit 3: repo truth and runtime truth differ"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    const auto r = read_check({}, ran(row.exit, row.out, row.err));
    CHECK(r.result == row.result);
    CHECK(joined(r.reasons) == row.reasons);
  }
}

TEST_CASE("a check that could not say anything is broken, never drift") {
  for (auto fault : {CheckFault::timeout, CheckFault::signal, CheckFault::spawn}) {
    RawRead raw = ran(0);
    CheckRun run;
    run.fault = fault;
    raw.answer = run;
    CheckConfig config;
    config.drift_exits = {0, 1, 2, -1};
    CHECK(read_check(config, raw).result == CheckResult::broken);
    CHECK(read_check(config, raw).reasons.size() == 1);
  }
  RawRead denied = ran(1, "cannot write");
  std::get<CheckRun>(denied.answer).denials = {"write /srv/x"};
  CheckConfig config;
  config.drift_exits = {1};
  const auto r = read_check(config, denied);
  CHECK(r.result == CheckResult::broken);
  CHECK(r.reasons.front() == "check:materialization: sandbox denied: write /srv/x");
  std::get<CheckRun>(denied.answer).exit = 0;
  const auto fine = read_check(config, denied);
  CHECK(fine.result == CheckResult::in_sync);
  CHECK(fine.reasons == std::vector<std::string>{"check:materialization: sandbox denied: write /srv/x"});
}

TEST_CASE("configured exits win over the built-in table") {
  CheckConfig config;
  config.in_sync_exits = {0, 4};
  config.drift_exits = {2};
  config.broken_exits = {1};
  CHECK(read_check(config, ran(4)).result == CheckResult::in_sync);
  CHECK(read_check(config, ran(2)).result == CheckResult::drift);
  CHECK(read_check(config, ran(1)).result == CheckResult::broken);
  CHECK(read_check(config, ran(5)).result == CheckResult::drift);
}

TEST_CASE("a path passes only when all that is expected is there") {
  PathConfig path;
  CHECK(read_path(path, got(200, "")).pass);
  CHECK(read_path(path, got(204, "")).pass);
  CHECK(joined(read_path(path, got(302, "")).reasons) == "path:checkout: HTTP 302, expected success");
  CHECK(joined(read_path(path, got(500, "")).reasons) == "path:checkout: HTTP 500, expected success");
  CHECK(joined(read_path(path, got(500, R"({"error":"payment provider timeout","trace_id":"abc"})")).reasons) ==
        "path:checkout: HTTP 500 \"payment provider timeout\"");
  CHECK(joined(read_path(path, got(302, "<html><title>Sign in</title>")).reasons) ==
        "path:checkout: HTTP 302 an HTML page \"Sign in\"");
  path.expect.status = {200, 302};
  CHECK(read_path(path, got(302, "")).pass);
  CHECK(!read_path(path, got(201, "")).pass);
  path.expect.body_contains = "ready";
  CHECK(read_path(path, got(200, "all ready")).pass);
  CHECK(joined(read_path(path, got(200, "Ready")).reasons) == "path:checkout: the body does not contain \"ready\"");
  path.expect = {};
  path.expect.max_latency = Millis(100);
  CHECK(read_path(path, got(200, "", Millis(100))).pass);
  CHECK(joined(read_path(path, got(200, "", Millis(101))).reasons) == "path:checkout: took 101ms, longer than 100ms");

  path.expect = {};
  path.expect.json = {{"/a/b", "1"}};
  CHECK(read_path(path, got(200, R"({"a":{"b":1}})")).pass);
  CHECK(read_path(path, got(200, R"({"a":{"b":1.0}})")).pass);
  CHECK(read_path(path, got(200, R"({"a":{"b":"1"}})")).pass);
  CHECK(joined(read_path(path, got(200, R"({"a":{"b":2}})")).reasons) == "path:checkout: /a/b is 2, expected 1");
  CHECK(joined(read_path(path, got(200, R"({"a":{}})")).reasons) ==
        "path:checkout: /a/b is not in the body, expected 1");
  CHECK(!read_path(path, got(200, "not json")).pass);
  path.expect.json = {{"/ok", "true"}};
  CHECK(read_path(path, got(200, R"({"ok":true})")).pass);
  CHECK(!read_path(path, got(200, R"({"ok":false})")).pass);
}

TEST_CASE("a throttled path proves nothing, an unreachable one fails with its fault") {
  const auto throttled = read_path({}, got(429, ""));
  CHECK(throttled.throttled);
  CHECK(!throttled.pass);
  RawRead raw = got(200, "");
  raw.answer = TransportError{TransportFault::refused, "connection refused"};
  const auto r = read_path({}, raw);
  CHECK(!r.pass);
  CHECK(r.fault == TransportFault::refused);
  CHECK(joined(r.reasons) == "path:checkout: connection refused");
}

}  // namespace readback
