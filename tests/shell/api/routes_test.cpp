// The routes of the control socket, over a real socket, with a daemon of the tests behind them.
#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>

#include "tests/shell/api/schemas.hpp"
#include "tests/support/control/running.hpp"

namespace readback {

TEST_CASE("every route answers as the OpenAPI file says") {
  Running r;
  REQUIRE(r.wrong == "");
  SnapshotView snap;
  snap.id = "019abcde-0000-7000-8000-00000000000a";
  snap.reason = "page";
  snap.sha256 = std::string(64, 'a');
  r.backend.kept = {snap};
  r.backend.shown.daemon.evidence_key = "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
  DeliveryView alert;
  alert.event = "firing";
  alert.sink = "hook";
  alert.state = "delivered";
  alert.answer = "204 No Content";
  alert.attempts = 2;
  r.backend.sent = {alert};
  TargetRollup hour;
  hour.target = "fabric";
  hour.rollup.times[Availability::up] = std::chrono::hours(1);
  hour.rollup.reads["health"].words["pass"] = 3;
  hour.rollup.reads["health"].latency.add(12'000);
  r.backend.history_kept.rollups = {hour};
  const Schemas schemas;
  struct Case {
    const char *method, *path, *shape, *body;
    int status;
  };
  const Case cases[] = {
      {"GET", "/v1/status", "/v1/status", "", 200},
      {"GET", "/v1/targets/fabric", "/v1/targets/{target}", "", 200},
      {"GET", "/v1/targets/fabric?history=10", "/v1/targets/{target}", "", 200},
      {"GET", "/v1/targets/fabrik", "/v1/targets/{target}", "", 404},
      {"GET", "/v1/incidents", "/v1/incidents", "", 200},
      {"GET", "/v1/incidents?state=open", "/v1/incidents", "", 200},
      {"GET", "/v1/incidents?state=sleeping", "/v1/incidents", "", 422},
      {"GET", "/v1/incidents/latest", "/v1/incidents/{id}", "", 200},
      {"GET", "/v1/incidents/019abcde", "/v1/incidents/{id}", "", 200},
      {"GET", "/v1/incidents/019abcd", "/v1/incidents/{id}", "", 404},
      {"GET", "/v1/snapshots", "/v1/snapshots", "", 200},
      {"GET", "/v1/snapshots/key", "/v1/snapshots/key", "", 200},
      {"GET", "/v1/silences", "/v1/silences", "", 200},
      {"GET", "/v1/sinks", "/v1/sinks", "", 200},
      {"GET", "/v1/reads?since=yesterday", "/v1/reads", "", 422},
      {"GET", "/v1/history", "/v1/history", "", 200},
      {"GET", "/v1/history?step=hour&since=2d&until=1h&target=fabric", "/v1/history", "", 200},
      {"GET", "/v1/history?step=week", "/v1/history", "", 422},
      {"GET", "/v1/history?since=yesterday", "/v1/history", "", 422},
      {"GET", "/v1/history?until=500d", "/v1/history", "", 422},
      {"GET", "/v1/history?target=fabrik", "/v1/history", "", 404},
      {"POST", "/v1/sweeps", "/v1/sweeps", "", 202},
      {"POST", "/v1/sweeps", "/v1/sweeps", R"({"target":"second"})", 202},
      {"POST", "/v1/sweeps", "/v1/sweeps", R"({"target":"third"})", 404},
      {"POST", "/v1/sweeps", "/v1/sweeps", R"({"target":)", 400},
      {"POST", "/v1/sweeps", "/v1/sweeps", R"({"targets":"second"})", 422},
      {"POST", "/v1/snapshots", "/v1/snapshots", R"({"reason":"before the deploy"})", 201},
      {"POST", "/v1/symptoms", "/v1/symptoms", R"({"text":"checkout hangs","extent":"degraded"})", 201},
      {"POST", "/v1/symptoms", "/v1/symptoms", R"({"text":"checkout hangs","extent":"huge"})", 422},
      {"POST", "/v1/symptoms", "/v1/symptoms", R"({"text":7})", 422},
      {"POST", "/v1/symptoms", "/v1/symptoms", "", 422},
      {"POST", "/v1/incidents/latest/ack", "/v1/incidents/{id}/ack", "", 200},
      {"POST", "/v1/incidents/latest/verify", "/v1/incidents/{id}/verify", "{}", 200},
      {"POST", "/v1/incidents/latest/resolve", "/v1/incidents/{id}/resolve", R"({"runbook":"Restore service"})", 200},
      {"POST", "/v1/incidents/latest/resolve", "/v1/incidents/{id}/resolve", R"({"note":"x"})", 422},
      {"POST", "/v1/silences", "/v1/silences", R"({"for":"2h","reason":"deploy","boundary":"drift"})", 201},
      {"POST", "/v1/silences", "/v1/silences", R"({"for":"-2h","reason":"deploy"})", 422},
      {"POST", "/v1/silences", "/v1/silences", R"({"reason":"deploy"})", 422},
      {"POST", "/v1/test-alerts", "/v1/test-alerts", "", 200},
      {"POST", "/v1/test-alerts", "/v1/test-alerts", R"({"sink":"hok"})", 404},
      {"DELETE", "/v1/silences/019abcde", "/v1/silences/{id}", "", 200},
      {"DELETE", "/v1/silences/none", "/v1/silences/{id}", "", 404},
  };
  for (const Case& c : cases) {
    CAPTURE(c.method);
    CAPTURE(c.path);
    CAPTURE(c.body);
    const Seen seen = r.ask(c.method, c.path, c.body);
    CHECK(seen.status == c.status);
    std::string method = c.method;
    for (char& ch : method) ch = static_cast<char>(std::tolower(ch));
    CHECK(schemas.check(c.shape, method, seen) == "");
  }
  CHECK(r.ask("GET", "/v1/incidents/019abcde-0000-7000-8000-000000000009").parsed().at("nearest") ==
        incident_id.c_str());
  CHECK(r.ask("POST", "/v1/symptoms", R"({"text":7})").parsed().at("field") == "text");
}

TEST_CASE("a change carries the peer's user, is logged, and what the engine refuses is a problem") {
  Running r;
  r.ask("POST", "/v1/incidents/latest/ack");
  REQUIRE(r.backend.asked.size() == 1);
  const auto* ack = std::get_if<Acknowledged>(&r.backend.asked[0]);
  REQUIRE(ack);
  CHECK(ack->incident_id == incident_id);
  CHECK(ack->by == (::getuid() == 0 ? "root" : ack->by));
  REQUIRE(r.backend.said.size() == 1);
  CHECK(r.backend.said[0].kind == "control.change");
  CHECK(r.backend.said[0].text ==
        ack->by + " (uid " + std::to_string(::getuid()) + ", pid " + std::to_string(::getpid()) + "): ack: done");
  r.backend.next_answer.ok = false;
  r.backend.next_answer.problem = 409;
  r.backend.next_answer.text = "already resolved";
  const Seen seen = r.ask("POST", "/v1/incidents/latest/ack");
  CHECK(seen.status == 409);
  CHECK(seen.parsed().at("detail") == "already resolved");
  CHECK(r.backend.said[1].kind == "control.refused");
}

TEST_CASE("an incident that the view has forgotten is answered as the store keeps it, and can be listed and named") {
  Running r;
  IncidentRecord old = r.backend.shown.engine.incidents.front();
  old.id = "018aaaaa-0000-7000-8000-000000000002";
  old.state = IncidentState::resolved;
  old.summary = "long over";
  r.backend.stored = {old};
  const Seen seen = r.ask("GET", "/v1/incidents/018aaaaa");
  REQUIRE(seen.status == 200);
  CHECK(seen.parsed().at("summary") == "long over");
  CHECK(seen.parsed().at("timeline").as_array().size() == 2);
  const auto count = [&](const char* query) {
    return r.ask("GET", std::string("/v1/incidents") + query).parsed().at("incidents").as_array().size();
  };
  CHECK(count("") == 2);
  CHECK(count("?state=open") == 1);
  CHECK(count("?state=resolved&target=fabric") == 1);
  CHECK(count("?state=resolved&target=second") == 0);
  CHECK(r.ask("POST", "/v1/incidents/018aaaaa/resolve", R"({"runbook":"Restore service"})").status == 200);
  CHECK(std::get<ResolveAttested>(r.backend.asked.back()).incident_id == old.id);
}

TEST_CASE("who asks for one incident, one target or the sinks does not have the whole view built") {
  Running r;
  for (const char* path : {"/v1/incidents/latest", "/v1/incidents", "/v1/targets/fabric", "/v1/sinks", "/v1/silences"})
    CHECK(r.ask("GET", path).status == 200);
  CHECK(r.ask("POST", "/v1/incidents/latest/ack").status == 200);
  CHECK(r.ask("POST", "/v1/sweeps", R"({"target":"fabric"})").status == 202);
  CHECK(r.ask("POST", "/v1/test-alerts").status == 200);
  CHECK(r.backend.whole_views == 0);
  CHECK(r.ask("GET", "/v1/status").status == 200);
  CHECK(r.backend.whole_views == 1);
}

TEST_CASE("a bundle comes whole with its digest, and not again when it is already there") {
  Running r;
  SnapshotView snap;
  snap.id = "019abcde-0000-7000-8000-00000000000a";
  r.backend.kept = {snap};
  r.backend.bundle_bytes = std::string(300'000, 'q') + "end";
  const Seen seen = r.ask("GET", "/v1/snapshots/latest");
  CHECK(seen.status == 200);
  CHECK(seen.header("Content-Type") == "application/zstd");
  CHECK(seen.body == r.backend.bundle_bytes);
  CHECK(seen.header("Repr-Digest").starts_with("sha-256=:qqqq"));
  CHECK(r.ask("GET", "/v1/snapshots/latest", "", "If-None-Match: " + seen.header("ETag") + "\r\n").status == 304);
  CHECK(r.ask("GET", "/v1/snapshots/latest?form=secret").status == 422);
}

TEST_CASE("recorded reads are streamed page by page, at the reader's pace") {
  Running r;
  r.backend.read_pages = 5;
  const Seen seen = r.ask("GET", "/v1/reads?since=24h");
  CHECK(seen.header("Content-Type") == "application/jsonl");
  CHECK(std::count(seen.body.begin(), seen.body.end(), '\n') == 5);
  r.backend.read_pages = 100'000;
  r.backend.pages_asked = 0;
  Wire slow(r.socket());
  slow.send("GET /v1/reads HTTP/1.1\r\nHost: x\r\n\r\n");
  slow.until([](const std::string& t) { return t.size() > 100'000; });
  CHECK(r.ask("GET", "/v1/sinks").status == 200);
  std::size_t asked = 0;
  r.on_loop([&] { asked = r.backend.pages_asked; });
  CHECK(asked < 50);  // 10 GB are waiting; what the kernel buffers is all we made
}

TEST_CASE("events are live, resume behind the last one seen, and say when that is gone") {
  Running r;
  SweepRecord sweep;
  sweep.target = "fabric";
  sweep.at = at_second(1);
  sweep.primary = "green";
  const auto publish = [&](std::uint64_t number) {
    sweep.sweep = number;
    r.on_loop([&] { r.room->on_sweep(sweep); });
  };
  const auto has = [](std::string what) {
    return [what](const std::string& t) { return t.find(what) != std::string::npos; };
  };
  Wire live(r.socket());
  live.send("GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(has("retry: 2000")(live.until(has("retry: 2000"))));
  publish(1);
  publish(2);
  CHECK(has("id: boot-2")(live.until(has("id: boot-2"))));
  const auto resume = [&](const std::string& id, const std::string& wanted) {
    Wire wire(r.socket());
    wire.send("GET /v1/events HTTP/1.1\r\nHost: x\r\nLast-Event-ID: " + id + "\r\n\r\n");
    return wire.until(has(wanted));
  };
  const std::string second = resume("boot-1", "id: boot-2");
  CHECK(has("id: boot-2")(second));
  CHECK_FALSE(has("id: boot-1")(second));
  CHECK(has("event: reset")(resume("other-1", "event: reset")));
  CHECK(has("event: reset")(resume("boot-99", "event: reset")));
  for (std::uint64_t n = 3; n < 2200; ++n) publish(n);
  CHECK(has("event: reset")(resume("boot-1", "event: reset")));

  r.ask("POST", "/v1/sweeps");  // an operator's doing: on the socket, and not on the open page
  CHECK(has("event: change")(resume("boot-2199", "event: change")));
  Wire open_page(r.port);
  open_page.send("GET /events HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: boot-2199\r\n\r\n");
  publish(2200);
  const std::string seen = open_page.until(has("id: boot-2201"));
  CHECK(has("id: boot-2201")(seen));
  CHECK_FALSE(has("event: change")(seen));
}

}  // namespace readback
