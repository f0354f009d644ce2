// The page as it is read at night: the one line on a locked phone, what an escalation says became worse, good news that
// is short, one page for one cause, and whose trouble it is.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>

#include "core/engine/engine.hpp"

using namespace readback;

namespace {

using std::chrono::hours;
using std::chrono::minutes;

struct Said {
  int status = 200;  ///< 0: the connection is refused
  std::string body = R"({"status":"ok"})";
  Headers headers = {};
};

/// One target whose answers are set by the name of the read, and all that is told of it.
struct Desk {
  explicit Desk(TargetConfig target = default_target("fabric")) {
    config.targets = {std::move(target)};
    config.targets[0].edit().base_url = "https://fabric.example";
    EngineOptions options;
    options.recorded = true;
    engine = std::make_unique<Engine>(config, options, at);
  }
  RawRead read(const std::string& name) const {
    RawRead raw;
    raw.read = name;
    raw.at = at.wall;
    raw.address = "192.0.2.7:443";
    if (certificate) raw.tls_expires_at = *certificate;
    const auto found = answers.find(name);
    const Said said = found == answers.end() ? Said{} : found->second;
    if (name.starts_with("check:")) {
      CheckRun run;
      run.exit = said.status;
      run.out = said.body;
      run.err = said.headers.empty() ? "" : said.headers.front().value;
      raw.answer = run;
    } else if (said.status == 0) {
      raw.answer = TransportError{TransportFault::refused, "connection refused"};
    } else {
      raw.answer = HttpAnswer{said.status, said.headers, said.body};
    }
    return raw;
  }
  void sweep() {
    at.mono += Seconds(30), at.wall += Seconds(30);
    SweepDone done;
    done.target = "fabric";
    done.sweep = ++sweeps_;
    for (const SurfaceConfig& s : config.targets[0]->surfaces) done.reads.push_back(read(s.name));
    for (const auto& p : config.targets[0]->paths) done.reads.push_back(read("path:" + p.name));
    for (const auto& c : config.targets[0]->checks)
      hear(engine->handle(CheckDone{"fabric", read("check:" + c.name)}, at));
    hear(engine->handle(std::move(done), at));
  }
  void sweeps(int count) {
    while (count-- > 0) sweep();
  }
  void hear(const Actions& actions) {
    for (const auto& action : actions)
      if (const auto* notify = std::get_if<Notify>(&action)) told.push_back(notify->event);
  }
  void say(Event event) { hear(engine->handle(std::move(event), at)); }
  /// "firing: OUTAGE total fabric: …", without the clock and the counts behind it.
  std::string line(std::size_t n) const {
    if (n >= told.size()) return "nothing";
    const auto& summary = told[n].incident.summary;
    return std::string(to_string(told[n].kind)) + ": " + summary.substr(0, summary.find(" since "));
  }

  Config config;
  std::unique_ptr<Engine> engine;
  std::map<std::string, Said> answers;
  std::optional<WallTime> certificate;
  std::vector<AlertEvent> told;
  Instant at{MonoTime(hours(1)), WallTime(Millis(1'795'402'800'000))};  // 2026-11-23T03:00:00Z

 private:
  std::uint64_t sweeps_ = 0;
};

std::string forty_services() {
  std::string body = R"({"services":[)";
  for (int i = 0; i < 40; ++i)
    body += (i ? "," : "") + std::string(R"({"name":"svc-)") + (i < 10 ? "0" : "") + std::to_string(i) +
            R"(","status":"down","reason":"OOMKilled"})";
  return body + "]}";
}

TargetConfig with_a_path() {
  TargetConfig target = default_target("fabric");
  PathConfig path;
  path.name = "checkout";
  path.url = "/app/checkout";
  target.paths = {path};
  return target;
}

TargetConfig with_a_check() {
  TargetConfig target = default_target("fabric");
  CheckConfig check;
  check.name = "materialization";
  check.command = {"true"};
  target.checks = {check};
  return target;
}

void all_surfaces(Desk& desk, const Said& said) {
  for (const SurfaceConfig& s : desk.config.targets[0]->surfaces) desk.answers[s.name] = said;
}

}  // namespace

TEST_CASE("the line on a locked phone names the part and its own reason") {
  struct Row {
    const char* name;
    const char* read;
    Said said;
    const char* line;
  };
  const Row rows[] = {
      {"a blocker",
       "health",
       {503, R"({"status":"not_ready","blockers":["postgres: connection pool exhausted"]})"},
       "firing: OUTAGE degraded fabric: postgres: connection pool exhausted (health 503)"},
      {"a part",
       "services",
       {200,
        R"({"services":[{"name":"postgres","status":"down","reason":"pool exhausted"},{"name":"nats","status":"up"}]})"},
       "firing: OUTAGE degraded fabric: postgres: pool exhausted (services)"},
      {"forty parts",
       "services",
       {200, forty_services()},
       "firing: OUTAGE degraded fabric: 40 of 40 services fail: svc-00, svc-01 … (OOMKilled) (services)"},
      {"a code in words",
       "security",
       {503, R"({"code":"VAULT_SEALED","detail":"vault is sealed"})"},
       "firing: SECURITY fabric: VAULT_SEALED, vault is sealed"},
      {"readiness says whose it is",
       "observability",
       {200, R"({"status":"degraded","checks":{"otel":{"status":"down","error":"no exporter"}}})"},
       "firing: READINESS fabric: otel: no exporter (observability)"},
      {"a page",
       "health",
       {200, "<!doctype html><title>Sign in</title>"},
       "firing: OUTAGE degraded fabric: an HTML page \"Sign in\" (health)"},
      {"a gateway",
       "health",
       {502, "<html></html>"},
       "firing: OUTAGE degraded fabric: health: HTTP 502: a gateway's answer, not the surface's own"},
      {"refused", "health", {0, ""}, "firing: OUTAGE degraded fabric: /health refused"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    Desk desk;
    desk.sweeps(2);
    desk.answers[row.read] = row.said;
    desk.sweeps(3);
    REQUIRE(desk.told.size() == 1);
    CHECK(desk.line(0) == row.line);
  }
}

TEST_CASE("a path says what it got, a check what differs") {
  Desk shop(with_a_path());
  shop.sweeps(2);
  shop.answers["path:checkout"] = {500, R"({"error":"payment provider timeout","trace_id":"abc"})"};
  shop.sweeps(3);
  CHECK(shop.line(0) == "firing: PRODUCT total fabric: path:checkout: HTTP 500 \"payment provider timeout\"");

  Desk repo(with_a_check());
  repo.answers["check:materialization"] = {0, ""};
  repo.sweeps(2);
  repo.answers["check:materialization"] = {
      1, "MISMATCH compose.yml image: repo 11.3, runtime 11.2\nMISMATCH nginx.conf\n2 differences\n"};
  repo.sweeps(2);
  CHECK(repo.line(0) == "firing: DRIFT fabric: compose.yml image: repo 11.3, runtime 11.2; 1 more");
}

TEST_CASE("an escalation says first what became worse") {
  Desk desk;
  desk.sweeps(2);
  desk.answers["health"] = {0, ""};
  desk.sweeps(3);
  all_surfaces(desk, {0, ""});
  desk.sweeps(3);
  REQUIRE(desk.told.size() == 2);
  CHECK(desk.line(1) ==
        "escalated: OUTAGE total fabric: now total (was degraded), critical (was error): /health refused");
}

TEST_CASE("good news is short, and says nothing of what was bad in the present tense") {
  Desk desk;
  desk.sweeps(2);
  desk.answers["health"] = {0, ""};
  desk.sweeps(3);
  desk.say(Acknowledged{desk.told[0].incident.id, "ann"});
  desk.answers.clear();
  desk.sweeps(12);
  REQUIRE(desk.told.size() == 4);
  const auto& recovered = desk.told[2].incident;
  const auto& resolved = desk.told[3].incident;
  CHECK(recovered.summary == "RECOVERED outage fabric after 2m 30s: 3 of 3 sweeps pass; being verified");
  CHECK(resolved.summary.starts_with("RESOLVED outage fabric after "));
  CHECK(resolved.summary.find(':') == std::string::npos);
  REQUIRE(resolved.why.size() == 2);
  CHECK(resolved.why[0].starts_with("was: OUTAGE degraded fabric: /health refused since "));
  CHECK(resolved.why[1] == "acknowledged by ann");
  CHECK(resolved.next_safe_step == "If a runbook helped, say which: readback resolve " + resolved.id + " --runbook …");
}

TEST_CASE("one cause, one page: what is denied behind denied surfaces, a page on every route") {
  Desk denied(with_a_path());
  denied.sweeps(2);
  all_surfaces(denied, {401, R"({"detail":"key?"})"});
  denied.answers["path:checkout"] = {401, R"({"detail":"key?"})"};
  denied.sweeps(6);
  REQUIRE(denied.told.size() == 1);
  CHECK(denied.line(0) ==
        "firing: OBSERVER fabric: every guarded surface refuses our credentials: the watchdog's, not the stack's");
  CHECK(denied.told[0].incident.runbook.title == "Debug authentication issue");

  const Said page{403, "<!doctype html><title>Sign in</title>"};
  Desk same(with_a_path());
  same.sweeps(2);
  all_surfaces(same, page);
  same.answers["path:checkout"] = {200, page.body};
  same.config.targets[0].edit().paths[0].expect.body_contains = "ready";
  same.say(Reconfigured{same.config});
  same.sweeps(6);
  CHECK(same.told.size() == 1);

  Desk everywhere(with_a_path());
  everywhere.sweeps(2);
  all_surfaces(everywhere, {200, page.body});
  everywhere.answers["path:checkout"] = {302, "", {{"Location", "https://login.example/"}}};
  everywhere.sweeps(6);
  REQUIRE(everywhere.told.size() == 1);
  CHECK(everywhere.told[0].incident.boundary == Boundary::outage);
}

TEST_CASE("a surface that was never there is a question of the configuration, and one that has gone is not") {
  Desk never;
  never.answers["services"] = never.answers["security"] = {404, R"({"detail":"Not Found"})"};
  never.sweeps(6);
  REQUIRE(never.told.size() == 1);
  CHECK(never.told[0].incident.boundary == Boundary::observer);
  CHECK(never.told[0].incident.severity == Severity::warning);
  CHECK(never.line(0) ==
        "firing: OBSERVER fabric: services: /api/v1/platform/services has never been there (HTTP 404): is it part of "
        "this "
        "platform? If not: surfaces: {services: null}");
  never.answers.erase("services");
  never.answers["security"] = {200, R"({"status":"ok"})"};
  never.sweeps(3);
  CHECK(never.told.back().kind == EventKind::recovered);

  Desk gone;
  gone.sweeps(2);
  gone.answers["services"] = {404, R"({"detail":"Not Found"})"};
  gone.sweeps(3);
  CHECK(gone.line(0) == "firing: OUTAGE degraded fabric: services: HTTP 404: the surface is not there");
}

TEST_CASE("a target that never answered says so first, and is an outage all the same") {
  Desk desk;
  all_surfaces(desk, {0, ""});
  desk.sweeps(3);
  REQUIRE(desk.told.size() == 1);
  CHECK(desk.line(0) == "firing: OUTAGE total fabric: has never answered here: is base_url right? /health refused");
  CHECK(desk.told[0].incident.severity == Severity::critical);
}

TEST_CASE("what asks us to slow down for longer than the blind limit is not seen any more") {
  Desk one;
  one.sweeps(2);
  one.answers["observability"] = {429, R"({"detail":"slow down"})"};
  one.sweeps(19);
  CHECK(one.told.empty());
  one.sweeps(5);
  REQUIRE(one.told.size() == 1);
  CHECK(one.told[0].incident.boundary == Boundary::observer);
  CHECK(one.told[0].incident.severity == Severity::warning);
  one.answers.clear();
  one.sweeps(3);
  CHECK(one.told.back().kind == EventKind::recovered);

  Desk all;
  all.sweeps(2);
  all_surfaces(all, {429, ""});
  all.sweeps(24);
  REQUIRE(all.told.size() == 1);
  CHECK(
      all.line(0) ==
      "firing: OBSERVER fabric: every surface asks us to slow down (HTTP 429), and nothing else has been seen for too "
      "long: the state of the stack is unknown");
}

TEST_CASE("a certificate that ends soon is told once, and the renewal ends it") {
  Desk desk;
  desk.certificate = desk.at.wall + hours(24 * 10);
  desk.sweeps(3);
  REQUIRE(desk.told.size() == 1);
  CHECK(desk.line(0) == "firing: SECURITY fabric: the certificate of 192.0.2.7:443 ends in 9d 23h, on 2026-12-03");
  CHECK(desk.told[0].incident.severity == Severity::warning);
  desk.at.mono += hours(30), desk.at.wall += hours(30);
  desk.sweeps(3);
  CHECK(desk.told.size() == 1);
  desk.certificate = desk.at.wall + hours(24 * 90);
  desk.sweeps(3);
  REQUIRE(desk.told.size() == 2);
  CHECK(desk.told[1].kind == EventKind::recovered);
}

TEST_CASE("a check that is broken is our own trouble, with a step of its own") {
  Desk desk(with_a_check());
  desk.answers["check:materialization"] = {0, ""};
  desk.sweeps(2);
  desk.answers["check:materialization"] = {
      1, "", {{"err", "Traceback (most recent call last):\nModuleNotFoundError: No module named 'x'\n"}}};
  desk.sweeps(2);
  REQUIRE(desk.told.size() == 1);
  CHECK(desk.told[0].incident.boundary == Boundary::observer);
  CHECK(desk.told[0].incident.next_safe_step.starts_with("The stack is seen, and only the check is not"));
}

TEST_CASE("what an operator declared stays open until somebody ends it, or the path that it names failed and passes") {
  Desk desk(with_a_path());
  desk.sweeps(3);
  desk.say(SymptomSaid{"users cannot pay", "fabric", "ann", std::nullopt, "user:checkout"});
  REQUIRE(desk.told.size() == 1);
  CHECK(desk.line(0) == "firing: DECLARED fabric: users cannot pay");
  CHECK(desk.told[0].incident.severity == Severity::info);
  desk.sweeps(20);
  CHECK(desk.told.size() == 1);
  desk.answers["path:checkout"] = {500, ""};
  desk.sweeps(3);
  CHECK(desk.told.back().kind == EventKind::escalated);
  desk.answers.clear();
  desk.sweeps(3);
  CHECK(desk.told.back().kind == EventKind::recovered);

  Desk attested;
  attested.sweeps(3);
  attested.say(SymptomSaid{"users cannot pay", "fabric", "ann", std::nullopt, ""});
  attested.sweeps(20);
  CHECK(attested.told.size() == 1);
  attested.say(ResolveAttested{attested.told[0].incident.id, "Check stack health", "", "ann"});
  attested.sweeps(12);
  CHECK(attested.told.back().kind == EventKind::resolved);

  Desk unnamed;
  unnamed.sweeps(3);
  const auto refused = unnamed.engine->handle(SymptomSaid{"slow", "fabric", "ann", std::nullopt, "bob"}, unnamed.at);
  CHECK(unnamed.told.empty());
  CHECK(std::any_of(refused.begin(), refused.end(), [](const Action& a) {
    const auto* answer = std::get_if<Answer>(&a);
    return answer && !answer->ok && answer->text.starts_with("who exposed it?");
  }));
}

TEST_CASE("every alert leads to its incident where people are said to find it, from the reload on") {
  Desk desk;
  desk.answers["health"] = {0};
  desk.sweeps(3);
  REQUIRE(desk.told.size() == 1);
  CHECK(desk.told[0].url.empty());
  desk.config.http.public_url = "https://status.example/readback";
  desk.say(Reconfigured{desk.config});
  desk.answers.clear();
  desk.sweeps(3);
  REQUIRE(desk.told.size() == 2);
  CHECK(desk.told[1].url == "https://status.example/readback/incidents/" + desk.told[1].incident.id);
}

namespace {

SinkConfig sink_called(const char* name, bool waits = false) {
  SinkConfig sink;
  sink.name = name;
  sink.waits = waits;
  return sink;
}

/// A first sink, and two who wait: for five minutes, and for ten when it is an error.
Desk with_escalations() {
  Desk desk;
  desk.config.alerts.sinks = {sink_called("first"), sink_called("second", true), sink_called("third", true)};
  desk.config.alerts.escalate = {{minutes(5), {"second"}, Severity::info, {}},
                                 {minutes(10), {"third"}, Severity::error, {}}};
  desk.say(Reconfigured{desk.config});
  desk.answers["health"] = {0};
  desk.sweeps(3);
  return desk;
}

/// `firing to second: NOT ACKNOWLEDGED …`, of all that was told after the first page.
std::string calls(const Desk& desk) {
  std::string all;
  for (std::size_t n = 1; n < desk.told.size(); ++n) {
    if (is_of_silence(desk.told[n].kind)) continue;
    all += desk.line(n).substr(0, desk.line(n).find(':'));
    for (const auto& name : desk.told[n].only) all += " to " + name;
    all += "\n";
  }
  return all;
}

}  // namespace

TEST_CASE("whoever waits is called once when nobody has acknowledged in time, and hears what becomes of it") {
  auto desk = with_escalations();
  desk.sweeps(9);  // 4 m 30 s
  CHECK(calls(desk) == "");
  desk.sweeps(1);
  CHECK(calls(desk) == "firing to second\n");
  CHECK(desk.line(1) == "firing: NOT ACKNOWLEDGED for 5m 00s: OUTAGE degraded fabric: /health refused");
  CHECK(desk.told.back().incident.id == desk.told.front().incident.id);
  desk.sweeps(30);
  CHECK(calls(desk) == "firing to second\nfiring to third\n");
  desk.answers.clear();
  desk.sweeps(3);
  CHECK(calls(desk) == "firing to second\nfiring to third\nrecovered\n");
}

TEST_CASE("an acknowledgement, a recovery and a silence keep those who wait from being called") {
  auto acknowledged = with_escalations();
  acknowledged.say(Acknowledged{acknowledged.told[0].incident.id, "op"});
  acknowledged.sweeps(30);
  CHECK(calls(acknowledged) == "acknowledged\n");

  auto recovered = with_escalations();
  recovered.answers.clear();
  recovered.sweeps(3);
  recovered.at.mono += hours(1), recovered.at.wall += hours(1);
  recovered.answers["security"] = {200, R"({"status":"degraded"})"};  // not green, so it is not resolved
  recovered.sweep();
  CHECK(calls(recovered) == "recovered\n");

  auto silenced = with_escalations();
  Silence silence;
  silence.reason = "known";
  silence.expires_at = silenced.at.wall + minutes(20);
  silenced.say(SilenceAdded{silence});
  silenced.sweeps(30);
  CHECK(calls(silenced) == "");
  silenced.sweeps(15);
  CHECK(calls(silenced) == "firing to second to third\n");
}

TEST_CASE("who waits is called after a restart too, by what is left of the time, and not twice") {
  auto desk = with_escalations();
  desk.sweeps(6);  // 3 m
  const auto restarted = [&] {
    const auto saved = desk.engine->save();
    desk.at.mono -= minutes(2);  // the clock of a host that has booted
    EngineOptions options;
    options.recorded = true;
    desk.engine = std::make_unique<Engine>(desk.config, options, desk.at);
    CHECK(desk.engine->restore(saved, desk.at).empty());
    desk.say(Tick{});
  };
  restarted();
  desk.sweeps(3);
  CHECK(calls(desk) == "");
  desk.sweeps(1);
  CHECK(calls(desk) == "firing to second\n");
  restarted();
  desk.sweeps(5);
  CHECK(calls(desk) == "firing to second\n");
}

TEST_CASE("an incident is paged when somebody is told, and not before") {
  Desk desk;
  const auto paged = [&] { return desk.engine->view(desk.at).incidents.at(0).paged_at; };
  desk.answers["health"] = {0};
  desk.sweeps(3);
  CHECK_FALSE(paged());
  desk.answers.clear();
  auto told = with_escalations();
  CHECK(told.engine->view(told.at).incidents.at(0).paged_at == told.at.wall);
}
