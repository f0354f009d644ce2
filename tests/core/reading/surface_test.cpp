// Bodies as real platforms write them, and what each must be understood to say (design: diagnosis section 1). One row a
// case: the answer, the reading with its flags, and where it matters the whole reasons.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <random>

#include "core/reading/judge_sweep.hpp"
#include "core/reading/read.hpp"
#include "core/text/time.hpp"

namespace readback {
namespace {

RawRead answer(int status, std::string body, Headers headers = {}) {
  RawRead raw;
  raw.read = "obs";
  raw.at = *parse_rfc3339("2026-11-23T03:00:00Z");
  raw.answer = HttpAnswer{status, std::move(headers), std::move(body)};
  return raw;
}

SurfaceConfig plain_surface() {
  SurfaceConfig s;
  s.name = "obs";
  s.path = "/obs";
  return s;
}

SurfaceReading read(int status, std::string body, Headers headers = {}, SurfaceConfig surface = plain_surface()) {
  const auto raw = answer(status, std::move(body), std::move(headers));
  const auto explained = explain_surface({}, surface, raw);
  CHECK(explained.reading.reasons == read_surface({}, surface, raw).reasons);
  CHECK(!explained.steps.empty());
  return explained.reading;
}

/// "warn contradictory stale own accepted"
std::string summary(const SurfaceReading& r) {
  return std::string(to_string(r.reading)) + (r.contradictory ? " contradictory" : "") + (r.stale ? " stale" : "");
}

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const auto& t : texts) all += (all.empty() ? "" : " | ") + t;
  return all;
}

struct Case {
  const char* name;
  int status;
  const char* body;
  const char* expected;
};

const Case cases[] = {
    // HTTP class
    {"empty 200", 200, "", "unknown"},
    {"blank 200", 200, " \r\n\t", "unknown"},
    {"only a byte order mark", 200, "\xef\xbb\xbf", "unknown"},
    {"empty 204", 204, "", "pass"},
    {"204 that carries a verdict", 204, R"({"status":"down"})", "fail"},
    {"201 with a verdict", 201, R"({"status":"ok"})", "pass"},
    {"redirect", 302, R"({"status":"ok"})", "unknown"},
    {"not modified", 304, "", "unknown"},
    {"bad request", 400, "", "unknown"},
    {"bad request that says ok", 400, R"({"status":"ok"})", "unknown"},
    {"denied 401", 401, R"({"status":"ok"})", "denied"},
    {"denied 403", 403, "", "denied"},
    {"missing 404", 404, R"({"detail":"Not Found"})", "missing"},
    {"missing 405", 405, R"({"detail":"Method Not Allowed"})", "missing"},
    {"missing 410", 410, "", "missing"},
    {"throttled", 429, R"({"status":"fail"})", "throttled"},
    {"teapot", 418, "", "unknown"},
    {"blocked with 409", 409, R"({"status":"blocked","blockers":["a"]})", "unknown"},
    {"warning with 409 is not lifted", 409, R"({"status":"degraded"})", "unknown"},
    {"FastAPI 422", 422, R"({"detail":[{"loc":["query","x"],"msg":"field required"}]})", "unknown"},
    {"500 without a body", 500, "", "fail"},
    {"500 that says ok", 500, R"({"status":"ok"})", "fail"},
    {"503 JSON", 503, R"({"status":"degraded"})", "fail"},
    {"502 page", 502, "<html><body>Bad Gateway</body></html>", "fail"},
    {"503 FastAPI detail", 503, R"({"detail":"not ready"})", "fail"},
    {"504 text", 504, "upstream request timeout", "fail"},
    // FastAPI and the like
    {"status ok", 200, R"({"status":"ok"})", "pass"},
    {"status OK in capitals", 200, R"({"status":"OK"})", "pass"},
    {"status with blanks around", 200, R"({"status":" ok "})", "pass"},
    {"dobby", 200, R"({"status":"ok","service":"jhf-dobby"})", "pass"},
    {"ready true", 200, R"({"ready":true})", "pass"},
    {"ready false", 200, R"({"ready":false})", "fail"},
    {"ok true", 200, R"({"ok":true})", "pass"},
    {"healthy false", 200, R"({"healthy":false})", "fail"},
    {"is_ready", 200, R"({"is_ready":true})", "pass"},
    {"isHealthy", 200, R"({"isHealthy":false})", "fail"},
    {"alive", 200, R"({"alive":true})", "pass"},
    {"status degraded", 200, R"({"status":"degraded"})", "warn"},
    {"status not ready, hyphen", 200, R"({"status":"not-ready"})", "fail"},
    {"status not ready, blank", 200, R"({"status":"Not Ready"})", "fail"},
    {"out of service", 200, R"({"status":"OUT_OF_SERVICE"})", "fail"},
    {"warmup", 200, R"({"status":"warmup"})", "warn"},
    {"followthrough", 200, R"({"status":"followthrough-required"})", "warn"},
    {"review", 200, R"({"status":"review-required"})", "warn"},
    {"partial", 200, R"({"status":"partial"})", "warn"},
    {"tolerating", 200, R"({"status":"tolerating"})", "warn"},
    {"ready pre live alone", 200, R"({"status":"ready_pre_live"})", "unknown"},
    {"not applicable alone", 200, R"({"status":"not_applicable"})", "unknown"},
    {"unknown word", 200, R"({"status":"splendid"})", "unknown"},
    {"empty word", 200, R"({"status":""})", "unknown"},
    {"begins with error", 200, R"({"status":"error: no route to db"})", "fail"},
    {"status null", 200, R"({"status":null})", "unknown"},
    {"status 1", 200, R"({"status":1})", "pass"},
    {"status 0", 200, R"({"status":0})", "fail"},
    {"status 200 is the code in the body", 200, R"({"status":200})", "pass"},
    {"status beyond all numbers", 200, R"({"status":1e999})", "unknown"},
    {"status is a list", 200, R"({"status":["ok"]})", "unknown"},
    {"status is an object", 200, R"({"status":{"state":"up"}})", "pass"},
    {"status is an object of objects", 200, R"({"status":{"health":{"ok":false}}})", "fail"},
    {"status is an empty object", 200, R"({"status":{}})", "unknown"},
    {"no verdict at all", 200, R"({"service":"fabric"})", "unknown"},
    {"detail only", 200, R"({"detail":"fine"})", "unknown"},
    {"empty object", 200, "{}", "unknown"},
    {"empty list", 200, "[]", "unknown"},
    {"of two verdicts the worse", 200, R"({"state":"down","status":"ok"})", "fail contradictory"},
    {"a word and a flag", 200, R"({"ok":true,"status":"down"})", "fail contradictory"},
    {"overall_status", 200, R"({"overall_status":"GREEN"})", "pass"},
    {"overall_status red", 200, R"({"overall_status":"RED","checks":[]})", "fail"},
    {"verdict", 200, R"({"verdict":"in-sync"})", "pass"},
    {"readiness", 200, R"({"readiness":"ready"})", "pass"},
    {"readiness_status", 200, R"({"readiness_status":"blocked"})", "fail"},
    {"posture", 200, R"({"posture":"contradictory"})", "warn"},
    {"result", 200, R"({"result":"success"})", "pass"},
    {"health word", 200, R"({"health":"good"})", "pass"},
    {"inside data", 200, R"({"data":{"status":"ok"}})", "pass"},
    {"inside result", 200, R"({"result":{"status":"down"}})", "fail"},
    {"inside summary", 200, R"({"summary":{"state":"yellow"}})", "warn"},
    {"inside readiness", 200, R"({"readiness":{"ready":true}})", "pass"},
    {"inside health", 200, R"({"health":{"status":"sealed"}})", "fail"},
    {"inside another envelope", 200, R"({"payload":{"status":"ok"}})", "pass"},
    {"inside an envelope the inside counts", 200, R"({"status":"ok","data":{"status":"down"}})", "fail"},
    // blockers and warnings
    {"blockers list", 200, R"({"status":"ready","blockers":["otel exporter down"]})", "fail contradictory"},
    {"blockers empty list", 200, R"({"status":"ready","blockers":[]})", "pass"},
    {"blockers null", 200, R"({"status":"ready","blockers":null})", "pass"},
    {"blockers objects", 200, R"({"ready":true,"blockers":[{"code":"E1","subject":"nats"}]})", "fail contradictory"},
    {"blockers object", 200, R"({"ready":true,"blockers":{"nats":"down"}})", "fail contradictory"},
    {"blockers empty object", 200, R"({"ready":true,"blockers":{}})", "pass"},
    {"blockers count", 200, R"({"ready":true,"blockers":2})", "fail contradictory"},
    {"blockers count 0", 200, R"({"ready":true,"blockers":0})", "pass"},
    {"blocking_reasons", 200, R"({"status":"ok","blocking_reasons":[{"message":"no quorum"}]})", "fail contradictory"},
    {"blockers without a verdict", 200, R"({"blockers":["x"]})", "fail"},
    {"empty blockers are no verdict", 200, R"({"blockers":[]})", "unknown"},
    {"blockers inside data", 200, R"({"status":"ok","data":{"blockers":["x"]}})", "fail"},
    {"warnings", 200, R"({"status":"ready","warnings":["cert expires"]})", "warn contradictory"},
    {"warnings empty", 200, R"({"status":"ready","warnings":[]})", "pass"},
    {"warnings and blockers", 200, R"({"status":"ready","warnings":["w"],"blockers":["b"]})", "fail contradictory"},
    // items
    {"spring up", 200, R"({"status":"UP","components":{"db":{"status":"UP"},"disk":{"status":"UP"}}})", "pass"},
    {"spring down", 503, R"({"status":"DOWN","components":{"db":{"status":"DOWN"}}})", "fail"},
    {"spring unknown alone", 200, R"({"status":"UNKNOWN"})", "unknown"},
    {"spring unknown component", 200, R"({"status":"UP","components":{"db":{"status":"UNKNOWN"}}})", "pass"},
    {"neutral word, passing parts", 200, R"({"status":"UNKNOWN","components":{"db":{"status":"UP"}}})", "unknown"},
    {"neutral word, neutral parts", 200, R"({"status":"UNKNOWN","components":{"db":{"status":"UNKNOWN"}}})", "unknown"},
    {"neutral word, a failing part", 200, R"({"status":"pending","checks":{"a":"ok","b":"down"}})", "unknown"},
    {"spring nested", 200,
     R"({"status":"UP","components":{"db":{"status":"UP","components":{"primary":{"status":"DOWN"}}}}})",
     "warn contradictory"},
    {"spring details are data", 200,
     R"({"status":"UP","components":{"db":{"status":"UP","details":{"database":"H2","result":1}}}})", "pass"},
    {"spring 1 details are parts", 200, R"({"status":"UP","details":{"db":{"status":"DOWN"}}})", "warn contradictory"},
    {"aspnet healthy", 200, "Healthy", "pass"},
    {"aspnet degraded", 200, "Degraded", "warn"},
    {"aspnet unhealthy", 503, "Unhealthy", "fail"},
    {"aspnet json", 200,
     R"({"status":"Healthy","totalDuration":"00:00:00.01","entries":{"db":{"status":"Healthy","tags":[]}}})", "pass"},
    {"aspnet json degraded", 200, R"({"status":"Degraded","entries":{"db":{"status":"Degraded"}}})", "warn"},
    {"microprofile", 200, R"({"status":"UP","checks":[{"name":"db","status":"UP","data":{"x":"y"}}]})", "pass"},
    {"microprofile no checks", 200, R"({"status":"UP","checks":[]})", "pass"},
    {"microprofile down", 503, R"({"status":"DOWN","checks":[{"name":"db","status":"DOWN"}]})", "fail"},
    {"microprofile contradicts", 200, R"({"status":"UP","checks":[{"name":"db","status":"DOWN"}]})",
     "warn contradictory"},
    {"health+json pass", 200, R"({"status":"pass","checks":{"db:responseTime":[{"status":"pass","observedValue":3}]}})",
     "pass"},
    {"health+json worst of a list", 200, R"({"status":"pass","checks":{"cpu":[{"status":"pass"},{"status":"fail"}]}})",
     "warn contradictory"},
    {"health+json without its word", 200, R"({"checks":{"cpu":[{"status":"pass"}],"mem":[{"status":"warn"}]}})",
     "warn"},
    {"health+json observations only", 200, R"({"status":"pass","checks":{"cpu":[{"observedValue":1}]}})", "pass"},
    {"top-level list", 200, R"([{"name":"a","status":"up"},{"name":"b","status":"up"}])", "pass"},
    {"top-level list, one down", 200, R"([{"name":"a","status":"up"},{"name":"b","status":"down"}])", "warn"},
    {"top-level list, all down", 200, R"([{"name":"a","status":"down"},{"name":"b","status":"down"}])", "fail"},
    {"top-level list, a critical one down", 200,
     R"([{"name":"a","status":"up"},{"name":"b","status":"down","critical":true}])", "fail"},
    {"top-level list of words", 200, R"(["ok","ok"])", "unknown"},
    {"kubernetes verbose", 200, "[+]ping ok\n[+]etcd ok\nhealthz check passed\n", "pass"},
    {"kubernetes verbose failed", 500, "[+]ping ok\n[-]etcd failed: reason withheld\nhealthz check failed\n", "fail"},
    // field names with a capital
    {"Consul", 200,
     R"([{"Node":"a","CheckID":"serf","Name":"Serf Health Status","Status":"passing","Output":"alive"}])", "pass"},
    {"Consul critical", 200, R"([{"Name":"a","Status":"passing"},{"Name":"b","Status":"critical"}])", "warn"},
    {"Consul agent", 200, R"({"checks":{"service:a":{"Name":"a","Status":"critical"}}})", "fail"},
    {"plain .NET", 200, R"({"Status":"Healthy","Entries":{"db":{"Status":"Unhealthy"}}})", "warn contradictory"},
    {"with and without a capital", 200, R"({"Status":"ok","status":"down"})", "fail contradictory"},
    // critical in other ways than `true`
    {"critical 1 is no flag", 200,
     R"({"checks":[{"name":"a","status":"ok"},{"name":"b","status":"down","required":1}]})", "warn"},
    {"critical yes", 200, R"({"checks":[{"name":"a","ok":true},{"name":"b","status":"down","critical":"True"}]})",
     "fail"},
    {"critical no", 200, R"({"checks":[{"name":"a","ok":true},{"name":"b","status":"down","critical":"false"}]})",
     "warn"},
    {"critical 0", 200, R"({"checks":[{"name":"a","ok":true},{"name":"b","status":"down","critical":0}]})", "warn"},
    {"kubernetes verbose 200 with a failure", 200, "[+]ping ok\r\n[-]etcd failed\r\n", "fail"},
    {"kubernetes ok", 200, "ok", "pass"},
    {"terminus ok", 200, R"({"status":"ok","info":{"db":{"status":"up"}},"error":{},"details":{"db":{"status":"up"}}})",
     "pass"},
    {"terminus error", 503,
     R"({"status":"error","info":{},"error":{"db":{"status":"down","message":"x"}},"details":{"db":{"status":"down"}}})",
     "fail"},
    {"terminus at 200", 200, R"({"status":"error","error":{"db":{"status":"down"}}})", "fail"},
    {"nats ok", 200, R"({"status":"ok","status_code":200})", "pass"},
    {"nats unavailable", 503, R"({"status":"unavailable","status_code":503,"error":"JetStream not current"})", "fail"},
    {"dapr ok", 204, "", "pass"},
    {"dapr down", 500, "", "fail"},
    {"map of strings", 200, R"({"checks":{"db":"ok","redis":"connected"}})", "pass"},
    {"map of strings, one error", 200, R"({"checks":{"db":"ok","redis":"error: refused"}})", "warn"},
    {"map of booleans", 200, R"({"services":{"a":true,"b":true}})", "pass"},
    {"map of booleans, all false", 200, R"({"services":{"a":false,"b":false}})", "fail"},
    {"an unknown word of an item warns", 200, R"({"services":{"a":"ok","b":"wobbly"}})", "warn"},
    {"an unknown word under a verdict", 200, R"({"status":"ok","services":{"a":"wobbly"}})", "pass"},
    {"a neutral item is nothing", 200, R"({"services":{"a":"ok","b":"not_configured"}})", "pass"},
    {"only neutral items", 200, R"({"services":{"a":"disabled"}})", "unknown"},
    {"parts without a state", 200, R"({"services":[{"name":"a","port":1}]})", "unknown"},
    {"contradictory", 200, R"({"status":"ok","services":[{"name":"a","status":"down"}]})", "warn contradictory"},
    {"contradictory and critical", 200, R"({"status":"ok","services":[{"name":"a","status":"down","required":true}]})",
     "fail contradictory"},
    {"isCritical", 200, R"({"status":"ok","services":[{"name":"a","status":"down","isCritical":true}]})",
     "fail contradictory"},
    {"critical is a severity word, not a flag", 200,
     R"({"status":"ok","services":[{"name":"a","status":"up","critical":"no"}]})", "pass"},
    {"a critical item only warns", 200,
     R"({"status":"ok","services":[{"name":"a","status":"degraded","critical":true}]})", "warn contradictory"},
    {"degraded with a failing item", 200, R"({"status":"degraded","services":{"a":"down"}})", "warn"},
    {"unrecognised verdict, passing items", 200, R"({"status":"splendid","services":{"a":"ok"}})", "unknown"},
    {"unrecognised verdict, failing critical item", 200,
     R"({"status":"splendid","services":{"a":{"status":"down","critical":true}}})", "fail"},
    {"always 200", 200, R"({"status":"degraded","services":{"db":{"status":"up","latency_ms":2}}})", "warn"},
    {"overall with ids", 200,
     R"({"overall_status":"DEGRADED","checks":[{"id":"a","status":"fail","reason_code":"E7"}]})", "warn"},
    {"jive", 200,
     R"({"status":"ok","lastUpdate":"2026-11-23T02:59:00Z","messages":[],"resources":[{"name":"db","status":"fault"}]})",
     "warn contradictory"},
    {"jive intermittent", 200, R"({"status":"intermittent"})", "warn"},
    {"vro", 200, R"({"state":"OK","name":"vco","childs":[],"time":1795402800000})", "pass"},
    {"vro warn", 200, R"({"state":"WARN","time":1795402800000})", "warn"},
    {"cloudera", 200, R"({"healthSummary":"GOOD","health":"CONCERNING"})", "warn"},
    {"vault sealed", 503, R"({"initialized":true,"sealed":true})", "fail"},
    {"entries under data", 200, R"({"data":{"services":[{"name":"a","status":"down"}]}})", "fail"},
    {"error is a text", 200, R"({"status":"ok","error":""})", "pass"},
    {"details is a text", 200, R"({"status":"ok","details":"all fine"})", "pass"},
    {"platform services", 200,
     R"({"generated_at":"2026-11-23T02:59:30.123456+00:00","services":[{"name":"jhf-warp-api","status":"healthy","version":"1","port":18086}]})",
     "pass"},
    // bare JSON and text
    {"bare true", 200, "true", "pass"},
    {"bare false", 200, "false", "fail"},
    {"bare word", 200, R"("UP")", "pass"},
    {"bare unknown word", 200, R"("splendid")", "unknown"},
    {"bare null", 200, "null", "unknown"},
    {"bare number", 200, "42", "unknown"},
    {"text OK", 200, "OK\n", "pass"},
    {"text not ready", 200, "not ready", "fail"},
    {"a sentence that ends in a word", 200, "everything is ok", "pass"},
    {"text of a proxy", 200, "error code: 1020", "fail"},
    {"byte order mark", 200, "\xef\xbb\xbf{\"status\":\"ok\"}", "pass"},
    {"login page", 200, "<!DOCTYPE html><html><body>Log in</body></html>", "unknown"},
    {"html that says ok", 200, "<h1>ok</h1>", "unknown"},
    // hostile and broken
    {"cut off", 200, R"({"status":"ok","serv)", "unknown"},
    {"trailing text", 200, R"({"status":"ok"} and more)", "unknown"},
    {"NaN", 200, R"({"status":"ok","load":NaN})", "pass"},
    {"bad UTF-8", 200, "{\"status\":\"ok\",\"x\":\"\xff\"}", "pass"},
    {"single quotes", 200, "{'status': 'ok'}", "unknown"},
    {"of a name that stands twice the last counts", 200, R"({"status":"down","status":"ok"})", "pass"},
    {"named twice with capitals", 200, R"({"Status":"down","Status":"ok"})", "pass"},
    {"warnings named twice", 200, R"({"status":"ok","warnings":["w"],"warnings":[]})", "pass"},
    {"an item named twice", 200, R"({"services":{"a":"down","a":"ok"}})", "pass"},
    {"a count named twice is harmless", 200, R"({"status":"ok","n":1,"n":2})", "pass"},
    {"escaped name twice", 200, R"({"status":"down","st\u0061tus":"ok"})", "pass"},
};

}  // namespace

TEST_CASE("every known body is understood, and nothing is green by accident") {
  for (const auto& c : cases) {
    CAPTURE(c.name);
    CHECK(summary(read(c.status, c.body)) == c.expected);
  }
}

TEST_CASE("reasons name the field, the word and the item, the weightiest first") {
  const Case rows[] = {
      {"pass", 200, R"({"status":"ok"})", ""},
      {"blocker", 200, R"({"status":"ready","blockers":["otel exporter down"]})", "obs: otel exporter down"},
      {"blocker object", 200, R"({"status":"ready","blockers":[{"code":"E1","subject":"nats"}]})", "obs: E1, nats"},
      {"count", 200, R"({"ready":true,"blockers":3})", "obs: blockers 3"},
      {"warnings after blockers", 200, R"({"status":"ok","warnings":["w"],"blockers":["b"]})",
       "obs: b | obs: warnings: w"},
      {"contradiction", 200, R"({"status":"ok","services":[{"name":"db","status":"down","detail":"no route"}]})",
       "obs: db: no route"},
      {"critical", 200, R"({"status":"ok","services":[{"name":"db","status":"down","critical":true}]})",
       "obs: critical db: status down"},
      {"many", 200, R"({"services":{"a":"down","b":"down","c":"down","d":"ok"}})",
       "obs: 3 of 4 services fail: a, b … (down) | obs: a: down | obs: b: down | obs: c: down"},
      {"many, each its own", 200, R"({"checks":{"a":{"ok":false,"reason":"x"},"b":{"ok":false,"reason":"y"}}})",
       "obs: 2 of 2 checks fail: a (x), b (y) | obs: a: x | obs: b: y"},
      {"the part before the word", 200, R"({"status":"degraded","checks":{"db":{"status":"down","error":"no route"}}})",
       "obs: db: no route | obs: status degraded"},
      {"a key and a name", 200, R"({"checks":{"svc:7":{"Name":"till","Status":"critical","Output":"refused"}}})",
       "obs: svc:7 (till): refused"},
      {"word", 200, R"({"status":"degraded"})", "obs: status degraded"},
      {"inner field", 200, R"({"data":{"state":"down"}})", "obs: state down"},
      {"unrecognised", 200, R"({"status":"splendid"})", R"(obs: status "splendid" is a word that cannot be judged)"},
      {"neutral", 200, R"({"status":"pending"})", "obs: status pending gives no verdict"},
      {"neutral with items", 200, R"({"status":"pending","checks":{"a":"ok"}})",
       "obs: status pending gives no verdict"},
      {"nothing", 200, "{}", "obs: the body holds no verdict, no blocker and no part that could be judged"},
      {"text", 200, "hello", R"(obs: the text "hello" is none that could be judged)"},
      {"empty", 200, "", "obs: HTTP 200 with an empty body says nothing"},
      {"html", 200, "<html>", "obs: an HTML page"},
      {"html with a title", 200, "<!doctype html><title>Sign in</title>", R"(obs: an HTML page "Sign in")"},
      {"503 json", 503, R"({"status":"degraded"})", "obs: status degraded | obs: HTTP 503: answering, not ready"},
      {"503 word", 503, "Unhealthy", "obs: Unhealthy | obs: HTTP 503: answering, not ready"},
      {"503 blocker", 503, R"({"ready":false,"blockers":["postgres: pool exhausted"]})",
       "obs: postgres: pool exhausted | obs: ready false | obs: HTTP 503: answering, not ready"},
      {"503 in its own words", 503, R"({"detail":"pool exhausted"})",
       "obs: pool exhausted | obs: HTTP 503: answering, not ready"},
      {"503 with a code in words", 503, R"({"code":"VAULT_SEALED","detail":"vault is sealed"})",
       "obs: VAULT_SEALED, vault is sealed | obs: HTTP 503: answering, not ready"},
      {"500 with an error object", 500, R"({"error":{"code":"internal_error","message":"boom"}})",
       "obs: internal_error, boom | obs: HTTP 500: answering, not ready"},
      {"400 in its own words", 400, R"({"status":400,"error":"Bad Request"})",
       R"(obs: HTTP 400 is no answer that a surface gives: "Bad Request")"},
      {"502 page", 502, "<html>", "obs: HTTP 502: a gateway's answer, not the surface's own"},
      {"500", 500, "", "obs: HTTP 500"},
      {"401", 401, "", "obs: HTTP 401: our credentials are not accepted"},
      {"404", 404, "", "obs: HTTP 404: the surface is not there"},
      {"429", 429, "", "obs: HTTP 429: asked to slow down"},
      {"cut", 200, "{\"status\":", "obs: the body is not valid JSON: cut off"},
      {"one line", 200, "{\"status\":\"a\\nb\\u0007\"}", R"(obs: status "a b " is a word that cannot be judged)"},
  };
  for (const auto& c : rows) {
    CAPTURE(c.name);
    CHECK(joined(read(c.status, c.body).reasons) == c.expected);
  }
  CHECK(joined(read(302, "", {{"Location", "https://login/"}}).reasons) ==
        "obs: HTTP 302: redirected to https://login/, not followed");
  CHECK(joined(read(200, "\x1f\x8b\x08", {{"Content-Encoding", "gzip"}}).reasons) ==
        "obs: the body is compressed (gzip), and that cannot be unpacked");
  CHECK(joined(read(503, "\x1f\x8b\x08", {{"Content-Encoding", "br"}}).reasons) ==
        "obs: HTTP 503: a gateway's answer, not the surface's own");
  CHECK(joined(read(200, R"({"status":"ok"})", {{"Content-Encoding", "identity"}}).reasons) == "");
}

TEST_CASE("a body that says nothing where it is looked for is shown where it does") {
  const auto settings = [](const char* body, SurfaceConfig surface = plain_surface()) {
    return joined(explain_surface({}, surface, answer(200, body)).settings);
  };
  CHECK(settings(R"({"commit":"abc","database_kind":"ok"})") == R"(verdict: "/database_kind")");
  CHECK(settings(R"({"data":{"a/b~c":[{"level":"RED"}]}})") == R"(verdict: "/data/a~1b~0c/0/level")");
  CHECK(settings(R"({"status":"spl\"endid"})") == R"(words: {pass: ["spl\"endid"]})");
  CHECK(settings(R"({"status":"ok","x":"down"})") == "");
  CHECK(settings(R"({"checks":{"a":"disabled"},"x":"down"})") == "");
  CHECK(settings(R"({"uptime":7,"mode":"unknown"})") == "");
  auto s = plain_surface();
  s.verdict = "/posture";
  CHECK(settings(R"({"labels":{"posture":"ok"}})", s) == R"(verdict: "/labels/posture")");
}

TEST_CASE("a transport error is unreachable with its fault and its own words") {
  for (int i = 0; i < 10; ++i) {
    const auto fault = static_cast<TransportFault>(i);
    auto raw = answer(200, "");
    raw.answer = TransportError{fault, ""};
    const auto r = read_surface({}, plain_surface(), raw);
    CHECK(r.reading == Reading::unreachable);
    CHECK(r.fault == fault);
    CHECK(r.reasons.size() == 1);
    CHECK(!r.accepted);
    CHECK(!r.own_word);
  }
  auto raw = answer(200, "");
  raw.answer = TransportError{TransportFault::tls, "certificate expired on 2026-11-20"};
  CHECK(joined(read_surface({}, plain_surface(), raw).reasons) == "obs: certificate expired on 2026-11-20");
}

TEST_CASE("whose word it was, and whether the credentials were accepted") {
  struct Row {
    int status;
    const char* body;
    bool own, accepted;
  };
  const Row rows[] = {{200, R"({"status":"ok"})", true, true},
                      {200, "", false, true},
                      {204, "", true, true},
                      {503, R"({"status":"blocked"})", true, true},
                      {503, R"({"blockers":["x"]})", true, true},
                      {503, R"({"detail":"Service Unavailable"})", false, false},
                      {503, R"({"status":"Service Unavailable"})", false, false},
                      {503, R"({"status":"unknown"})", false, false},
                      {503, R"({"status":503,"error":"Service Unavailable","path":"/x"})", false, false},
                      {500, R"({"error":{"code":"internal_error","message":"boom"}})", false, false},
                      {503, R"({"error":{"message":"upstream connect error"}})", false, false},
                      {503, R"({"error":{"code":503,"message":"x","status":"UNAVAILABLE"}})", false, false},
                      {503, R"({"error":{"redis":{"status":"down","message":"refused"}}})", true, true},
                      {503, R"({"checks":{"db":"down"}})", true, true},
                      {503, R"({"checks":{"db":"disabled"}})", false, false},
                      {503, R"({"checks":{"db":"gone fishing"}})", true, true},
                      {503, R"({"blockers":[],"blocking_reasons":0})", false, false},
                      {503, R"({"status":"ok"})", true, true},
                      {502, "<html></html>", false, false},
                      {502, "error code: 502", false, false},
                      {503, "no healthy upstream", false, false},
                      {503, "Unhealthy", true, true},
                      {401, R"({"status":"ok"})", false, false},
                      {409, R"({"status":"blocked"})", false, false}};
  for (const auto& row : rows) {
    CAPTURE(row.status);
    CAPTURE(row.body);
    const auto r = read(row.status, row.body);
    CHECK(r.own_word == row.own);
    CHECK(r.accepted == row.accepted);
  }
}

TEST_CASE("an error status has a stamp too, and a page the age that its proxy gives it") {
  CHECK(read(503, R"({"status":"down","time":"2026-11-23T01:00:00Z"})").stale);
  CHECK(!read(503, R"({"status":"down","time":"2026-11-23T02:59:00Z"})").stale);
  CHECK(read(502, "<html></html>", {{"age", "7000"}}).stale);
}

TEST_CASE("staleness is measured by the answer's own clock") {
  struct Row {
    const char* name;
    const char* body;
    const char* date;
    const char* age;
    bool stale;
    const char* reasons;
  };
  const char* on_time = "Mon, 23 Nov 2026 03:00:00 GMT";
  const Row rows[] = {
      {"fresh", R"({"status":"ok","generated_at":"2026-11-23T02:59:00Z"})", on_time, "", false, ""},
      {"exactly the limit", R"({"status":"ok","generated_at":"2026-11-23T02:50:00Z"})", on_time, "", false, ""},
      {"old", R"({"status":"ok","generated_at":"2026-11-23T02:49:59Z"})", on_time, "", true,
       "obs: stale: generated_at is 10m 01s old, more than 10m 00s"},
      {"offset and microseconds", R"({"status":"ok","checked_at":"2026-11-23T03:59:00.123456+01:00"})", on_time, "",
       false, ""},
      {"no offset may be any zone", R"({"status":"ok","timestamp":"2026-11-23 02:00:00"})", on_time, "", false, ""},
      {"no offset, and older than any zone", R"({"status":"ok","timestamp":"2026-11-22 11:00:00"})", on_time, "", true,
       "obs: stale: timestamp is 16h 00m old, more than 10m 00s"},
      {"epoch seconds", R"({"status":"ok","time":1795402740})", on_time, "", false, ""},
      {"epoch milliseconds", R"({"status":"ok","time":1795399200000})", on_time, "", true,
       "obs: stale: time is 1h 00m old, more than 10m 00s"},
      {"a number as a text is no stamp", R"({"status":"ok","time":"1795399200"})", on_time, "", false, ""},
      {"the newest counts",
       R"({"status":"ok","updated_at":"2026-11-22T00:00:00Z","meta":{"as_of":"2026-11-23T02:59:59Z"}})", on_time, "",
       false, ""},
      {"two levels inside do not count", R"({"status":"ok","a":{"b":{"time":"2020-01-01T00:00:00Z"}}})", on_time, "",
       false, ""},
      {"a duration is no stamp", R"({"status":"ok","time":12.5})", on_time, "", false, ""},
      {"year 9999", R"({"status":"ok","as_of":"9999-12-31T23:59:59Z"})", on_time, "", false,
       "obs: clock skew: as_of lies 2912116d 20h ahead"},
      {"their clock is behind", R"({"status":"ok","as_of":"2026-11-23T01:59:50Z"})", "Mon, 23 Nov 2026 02:00:00 GMT",
       "", false, "obs: clock skew: its clock and ours are 1h 00m apart; freshness is measured by its own"},
      {"no Date, our clock", R"({"status":"ok","as_of":"2026-11-23T02:00:00Z"})", "", "", true,
       "obs: stale: as_of is 1h 00m old, more than 10m 00s"},
      {"Age", R"({"status":"ok"})", on_time, "601", true, "obs: stale: Age header is 10m 01s old, more than 10m 00s"},
      {"Age young", R"({"status":"ok"})", on_time, "30", false, ""},
      {"Age negative", R"({"status":"ok"})", on_time, "-5", false, ""},
      {"Age absurd", R"({"status":"ok"})", on_time, "99999999999999999999", true, nullptr},
      {"Age beside a stamp", R"({"status":"ok","time":"2026-11-23T02:59:00Z"})", on_time, "5000", false, ""},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    Headers headers;
    if (*row.date) headers.push_back({"Date", row.date});
    if (*row.age) headers.push_back({"age", row.age});
    const auto r = read(200, row.body, headers);
    CHECK(r.reading == Reading::pass);
    CHECK(r.stale == row.stale);
    if (row.reasons) CHECK(joined(r.reasons) == row.reasons);
  }
  auto off = plain_surface();
  off.stale_after = Millis(0);
  CHECK(!read(200, R"({"status":"ok","time":"2001-01-01T00:00:00Z"})", {}, off).stale);
}

TEST_CASE("Retry-After is a number or a date, and never negative") {
  struct Row {
    const char* text;
    std::optional<Millis> expected;
  };
  const Row rows[] = {{"30", Seconds(30)},
                      {"0", Millis(0)},
                      {"-5", std::nullopt},
                      {"99999999999999999999999", Seconds(1'000'000'000)},
                      {"Mon, 23 Nov 2026 03:02:00 GMT", std::chrono::minutes(2)},
                      {"Mon, 23 Nov 2020 03:02:00 GMT", Millis(0)},
                      {"soon", std::nullopt}};
  for (const auto& row : rows) {
    CAPTURE(row.text);
    const auto r = read(429, "", {{"retry-after", row.text}, {"date", "Mon, 23 Nov 2026 03:00:00 GMT"}});
    CHECK(r.retry_after.has_value() == row.expected.has_value());
    if (r.retry_after && row.expected)
      CHECK(std::min<Millis>(*r.retry_after, Seconds(1'000'000'000)) ==
            std::min<Millis>(*row.expected, *r.retry_after));
  }
}

TEST_CASE("the configuration points at the verdict, adds words and names critical items") {
  auto s = plain_surface();
  s.verdict = "/platform/posture";
  CHECK(read(200, R"({"status":"down","platform":{"posture":"ok"}})", {}, s).reading == Reading::pass);
  CHECK(read(200, R"({"status":"ok"})", {}, s).reading == Reading::unknown);
  CHECK(joined(read(200, R"({"status":"ok"})", {}, s).reasons) ==
        "obs: the configured verdict /platform/posture is not in the body");
  s = plain_surface();
  s.words.pass.insert("splendid");
  s.words.fail.insert("ok");
  CHECK(read(200, R"({"status":"Splendid"})", {}, s).reading == Reading::pass);
  CHECK(read(200, R"({"status":"ok"})", {}, s).reading == Reading::fail);
  s = plain_surface();
  s.critical_items = {"Nats"};
  CHECK(summary(read(200, R"({"status":"ok","services":{"nats":"down"}})", {}, s)) == "fail contradictory");
  CHECK(summary(read(200, "[+]ping ok\n[-]nats failed: reason withheld\n", {}, s)) == "fail");
  s = plain_surface();
  CHECK(read(200, R"({"status":"ok","version":"2.1"})").version == "2.1");
  CHECK(read(200, R"({"status":"ok"})", {{"X-Version", "7"}}).version == "");
  s.version_header = true;
  CHECK(read(200, R"({"status":"ok"})", {{"X-Version", "7"}}, s).version == "7");
  CHECK(read(200, R"({"status":"ok","releaseId":"3"})", {{"X-Version", "7"}}, s).version == "3");
}

TEST_CASE("a hundred thousand parts, and the one that fails is the last") {
  std::string body = R"({"services":[)";
  for (int i = 0; i < 100'000; ++i) body += R"({"ok":1},)";
  body += R"({"name":"db","status":"down","critical":true}]})";
  const auto r = read(200, body);
  CHECK(r.reading == Reading::fail);
  CHECK(r.items->size() == 256);
  CHECK(r.items->front().name == "db");
  CHECK(r.reasons.front() == "obs: critical db: status down");
}

TEST_CASE("depth is bounded") {
  for (int depth : {31, 400, 100'000}) {
    std::string body = R"({"status":"ok","x":)";
    for (int i = 1; i < depth; ++i) body += '[';
    for (int i = 1; i < depth; ++i) body += ']';
    body += '}';
    CHECK(read(200, body).reading == (depth < 500 ? Reading::pass : Reading::unknown));
  }
}

TEST_CASE("versions alternate by what the last ten answers named") {
  TargetConfig target;
  target.surfaces = {plain_surface()};
  ReadStates states;
  const auto alternates = [&](const std::string& version) {
    judge_reads(
        target, states,
        {answer(200, version.empty() ? R"({"status":"ok"})" : R"({"status":"ok","version":")" + version + "\"}")},
        MonoTime{});
    return alternation("obs", states["obs"]).has_value();
  };
  for (const char* version : {"", "1", "2", "", "1"}) CHECK(!alternates(version));
  CHECK(alternates("2"));
  for (int i = 0; i < 5; ++i) CHECK(alternates(""));
  for (int i = 0; i < 5; ++i) alternates("");
  CHECK(!alternates(""));
  CHECK(states["obs"].versions.empty());
}

TEST_CASE("the last versions are those of ten answers, whether they come by turns or in a row") {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    const auto turn = 1 + random() % 6;
    LastVersions last;
    std::vector<std::string> said;
    for (int i = 0; i < 40; ++i) {
      if (random() % turn == 0 || said.empty())
        said.emplace_back(std::array{"", "1", "2"}[random() % 3]);
      else
        said.push_back(said.back());
      last.note(said.back());
      std::vector<std::string> ten(said.end() - std::min<std::ptrdiff_t>(10, std::ssize(said)), said.end());
      ten.erase(ten.begin(), std::find_if(ten.begin(), ten.end(), [](const auto& v) { return !v.empty(); }));
      CHECK(last.each() == ten);
      CHECK(last.empty() == ten.empty());
      CHECK(LastVersions(ten).each() == ten);
    }
  }
}

}  // namespace readback
