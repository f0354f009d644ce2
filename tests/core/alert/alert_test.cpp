// What is told to whom, in which words and which size, and what an answer means.
#include <doctest/doctest.h>

#include <boost/json.hpp>

#include "core/alert/render.hpp"
#include "core/alert/retry.hpp"
#include "core/alert/route.hpp"
#include "core/alert/runbooks.hpp"
#include "core/alert/signature.hpp"
#include "core/text/time.hpp"
#include "core/text/utf8.hpp"

using namespace readback;
namespace json = boost::json;

namespace {

const WallTime t0 = *parse_rfc3339("2026-11-23T03:12:00Z");

AlertEvent page() {
  AlertEvent e;
  e.id = "0192f0c1-0000-7000-8000-000000000001";
  e.kind = EventKind::firing;
  e.at = t0;
  e.environment = "prod";
  e.host = "host-7";
  e.incident.target = "fabric";
  e.incident.id = "inc-1";
  e.incident.episode = "ep-1";
  e.incident.boundary = Boundary::outage;
  e.incident.extent = Extent::total;
  e.incident.severity = Severity::critical;
  e.incident.opened_at = t0 - Seconds(10);
  e.incident.confirmed_at = t0;
  e.incident.first_failure = FirstFailure{"health", t0 - Seconds(2), "connection refused"};
  e.incident.symptom = "health: connection refused";
  e.incident.summary = "OUTAGE total fabric: /health refused since 03:11:58Z (3 of 3 sweeps)";
  e.incident.why = {"health: connection refused"};
  e.incident.also = {Boundary::security};
  e.incident.evidence.snapshot = "snap-1";
  e.incident.evidence.sha256 = "ab";
  e.incident.evidence.signature = std::string(88, 'S');
  e.incident.evidence.key = std::string(60, 'K');
  e.incident.runbook = {"Check stack health", "https://docs.example/check", "helpifyr-fabric"};
  e.incident.next_safe_step = "Compare.";
  e.incident.dedup_base = "prod/fabric/outage";
  return e;
}

SinkConfig sink_of(SinkType type) {
  SinkConfig s;
  s.name = "s";
  s.type = type;
  return s;
}

std::string repeated(std::string_view piece, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += piece;
  return all;
}

bool is_valid_utf8(const std::string& text) { return clean_utf8(text) == text; }

/// The limits that the receivers publish, checked on a finished body.
void check_limits(SinkType type, const std::string& body) {
  CHECK(body.size() <= 512 * 1024);
  CHECK(is_valid_utf8(body));
  boost::system::error_code ec;
  const auto parsed = json::parse(body, ec);
  REQUIRE(!ec);
  if (type == SinkType::pagerduty) {
    const auto& o = parsed.as_object();
    const auto& payload = o.at("payload").as_object();
    CHECK(characters(std::string(payload.at("summary").as_string())) <= 1024);
    CHECK(!payload.at("summary").as_string().empty());
    CHECK(!payload.at("source").as_string().empty());
    CHECK(o.at("dedup_key").as_string().size() <= 255);
    const std::string severity(payload.at("severity").as_string());
    CHECK((severity == "critical" || severity == "error" || severity == "warning" || severity == "info"));
    const std::string action(o.at("event_action").as_string());
    CHECK((action == "trigger" || action == "acknowledge" || action == "resolve"));
    CHECK(parse_rfc3339(std::string(payload.at("timestamp").as_string())).has_value());
    for (const auto& link : o.at("links").as_array()) CHECK(link.at("href").as_string().starts_with("http"));
  }
  if (type == SinkType::teams) {
    CHECK(body.size() <= 28 * 1024);
    CHECK(parsed.at("type") == "message");
    const auto& attachment = parsed.at("attachments").as_array().at(0);
    CHECK(attachment.at("contentType") == "application/vnd.microsoft.card.adaptive");
    CHECK(attachment.at("content").at("version") == "1.4");
    CHECK(attachment.at("content").at("body").as_array().size() <= 10);
  }
  if (type == SinkType::slack) {
    const auto& blocks = parsed.at("blocks").as_array();
    CHECK(blocks.size() <= 50);
    CHECK(characters(std::string(parsed.at("text").as_string())) <= 40000);
    for (const auto& block : blocks) {
      const std::string kind(block.at("type").as_string());
      if (kind == "header") CHECK(characters(std::string(block.at("text").at("text").as_string())) <= 150);
      if (kind == "section") {
        const auto n = characters(std::string(block.at("text").at("text").as_string()));
        CHECK(n <= 3000);
        CHECK(n >= 1);
      }
      if (kind == "context") CHECK(block.at("elements").as_array().size() <= 10);
    }
  }
}

}  // namespace

TEST_CASE("the event as the contract writes it, to the byte") {
  CHECK(
      event_json(page(), "prod/fabric/outage/host-7", t0) ==
      R"({"schema":"readback.alert/v1","id":"0192f0c1-0000-7000-8000-000000000001","event":"firing",)"
      R"("sent_at":"2026-11-23T03:12:00.000Z","dedup_key":"prod/fabric/outage/host-7","environment":"prod","host":"host-7",)"
      R"("target":"fabric","incident":{"id":"inc-1","episode":"ep-1","boundary":"outage","extent":"total","severity":"critical",)"
      R"("opened_at":"2026-11-23T03:11:50.000Z","confirmed_at":"2026-11-23T03:12:00.000Z",)"
      R"("first_failure":{"read":"health","at":"2026-11-23T03:11:58.000Z","reason":"connection refused"},)"
      R"("symptom":"health: connection refused"},)"
      "\"summary\":\"OUTAGE total fabric: /health refused since 03:11:58Z (3 of 3 sweeps)\","
      R"("why":["health: connection refused"],"also":["security"],)"
      R"("evidence":{"snapshot":"snap-1","sha256":"ab","pull":"readback snapshot pull snap-1","signature":")" +
          std::string(88, 'S') + R"(","key":")" + std::string(60, 'K') +
          R"("},)"
          R"("runbook":{"title":"Check stack health","url":"https://docs.example/check","owner":"helpifyr-fabric"},)"
          R"("next_safe_step":"Compare."})");
}

TEST_CASE("an alert of a fleet names the hosts on both sides, and says it in the line that a chat shows") {
  AlertEvent e = page();
  const auto alone = render(sink_of(SinkType::webhook), e, {}).body;
  CHECK(alone.find("\"fleet\"") == alone.npos);
  e.fleet = FleetSaid{{"host-1", "host-2"}, {"host-3"}, {"host-4"}, false, 7, "s", "once"};
  e.incident.summary = "OUTAGE total fabric: /health refused, seen from 2 of 4 hosts, not from host-3";
  const std::string said =
      R"("fleet":{"seen_from":["host-1","host-2"],"not_from":["host-3"],"silent":["host-4"],"alone":false})";
  CHECK(event_json(e, "key", t0).ends_with("," + said + "}"));
  CHECK(render(sink_of(SinkType::webhook), e, {}).minimal_body.find(said) != std::string::npos);
  const auto pager = render(sink_of(SinkType::pagerduty), e, {}).body;
  CHECK(pager.find(said + "}") != pager.npos);
  for (const auto type :
       {SinkType::pagerduty, SinkType::slack, SinkType::alertmanager, SinkType::webhook, SinkType::teams}) {
    CAPTURE(static_cast<int>(type));
    const auto body = render(sink_of(type), e, {}).body;
    CHECK(body.find("seen from 2 of 4 hosts, not from host-3") != body.npos);
  }
  e.fleet->is_alone = true;
  e.fleet->not_from = {"\"\xff"};
  const auto hostile = event_json(e, "key", t0);
  CHECK(is_valid_utf8(hostile));
  CHECK(json::parse(hostile).at("fleet").at("alone").as_bool());
}

TEST_CASE("with an address for people every receiver is given the way to the incident, and without one nothing") {
  struct Case {
    SinkType type;
    const char* link;
  };
  const Case cases[] = {
      {SinkType::webhook, R"(,"url":"https://status.example/incidents/inc-1")"},
      {SinkType::pagerduty, R"(,"client_url":"https://status.example/incidents/inc-1")"},
      {SinkType::alertmanager, R"(,"generatorURL":"https://status.example/incidents/inc-1")"},
      {SinkType::teams,
       R"({"type":"Action.OpenUrl","title":"Open in Readback","url":"https://status.example/incidents/inc-1"})"},
      {SinkType::slack,
       R"({"type":"actions","elements":[{"type":"button","text":{"type":"plain_text","text":"Open in Readback"},)"
       R"("url":"https://status.example/incidents/inc-1"}]})"},
  };
  const AlertEvent without = page();
  AlertEvent with = page();
  with.url = "https://status.example/incidents/inc-1";
  for (const auto& c : cases) {
    CAPTURE(to_string(c.type));
    const auto sink = sink_of(c.type);
    for (const auto& body : {render(sink, with, {}).body, render(sink, with, {}).minimal_body})
      CHECK(body.find(c.link) != body.npos);
    CHECK(render(sink, without, {}).body.find("status.example") == std::string::npos);
    check_limits(c.type, finish_body(render(sink, with, {}).body, t0, t0, "key"));
  }
  const auto links = json::parse(finish_body(render(sink_of(SinkType::pagerduty), with, {}).body, t0, t0, "key"));
  CHECK(json::serialize(links.at("links")) ==
        R"([{"href":"https://docs.example/check","text":"Check stack health"},)"
        R"({"href":"https://status.example/incidents/inc-1","text":"Open in Readback"}])");
  CHECK(render(sink_of(SinkType::pagerduty), without, {}).body.find("client_url") == std::string::npos);
}

TEST_CASE("a card of Teams, to the byte; what the platform says is never read as Markdown") {
  AlertEvent e = page();
  e.url = "https://status.example/incidents/inc-1";
  e.incident.why = {"health: [log in](https://evil.example)"};
  e.incident.runbook.title = "Check [stack] *health*";
  const auto card = [](const AlertEvent& event) {
    const auto whole = json::parse(finish_body(render(sink_of(SinkType::teams), event, {}).body, t0, t0, ""));
    return whole.at("attachments").at(0).at("content");
  };
  const auto run = [](const char* text, const char* look, const char* spacing = "Default") {
    return R"({"type":"RichTextBlock","spacing":")" + std::string(spacing) +
           R"(","inlines":[{"type":"TextRun","text":")" + text + "\"" + look + "}]}";
  };
  CHECK(json::serialize(card(e).at("body")) ==
        "[" +
            run("\U0001f534 firing: OUTAGE total, fabric (prod)",
                R"(,"size":"Medium","weight":"Bolder","color":"Attention")") +
            "," + run("OUTAGE total fabric: /health refused since 03:11:58Z (3 of 3 sweeps)", "") + "," +
            run("\u2022 health: [log in](https://evil.example)", "", "Small") +
            R"(,{"type":"FactSet","facts":[{"title":"Since","value":"2026-11-23T03:11:50.000Z"},)"
            R"j({"title":"Target","value":"fabric (prod)"},)j"
            R"({"title":"Runbook","value":"Check \\[stack\\] \\*health\\*"},)"
            R"({"title":"Owner","value":"helpifyr-fabric"},{"title":"Next safe step","value":"Compare."}]},)" +
            run("host host-7, incident inc-1, evidence: readback snapshot pull snap-1",
                R"(,"isSubtle":true,"size":"Small")") +
            "]");
  CHECK(json::serialize(card(e).at("actions")) ==
        R"([{"type":"Action.OpenUrl","title":"Open in Readback","url":"https://status.example/incidents/inc-1"},)"
        R"({"type":"Action.OpenUrl","title":"Runbook","url":"https://docs.example/check"}])");
  e.incident.why.assign(9, "down");
  const auto reasons = json::serialize(card(e).at("body"));
  CHECK(reasons.find("\u2026 and 4 more") != reasons.npos);
  e.kind = EventKind::resolved;
  e.incident.why = {"was: OUTAGE"};
  const auto over = json::serialize(card(e));
  CHECK(over.find("Next safe step") == over.npos);
  CHECK(over.find(R"("color":"Good")") != over.npos);
  e.url.clear();
  CHECK(!card(e).as_object().contains("actions"));
}

TEST_CASE("what is late says so, and only what is late") {
  const auto e = page();
  const auto late = json::parse(event_json(e, "k", t0 + Seconds(1230))).as_object();
  CHECK(late.at("delayed_s").as_int64() == 1230);
  CHECK(late.at("sent_at").as_string() == "2026-11-23T03:32:30.000Z");
  CHECK(!json::parse(event_json(e, "k", t0 + Millis(999))).as_object().contains("delayed_s"));
  const auto slack = render(sink_of(SinkType::slack), e, {});
  CHECK(
      finish_body(slack.body, e.at, t0 + Seconds(1230), "").find("happened at 03:12:00Z and delivered 20m 30s late") !=
      std::string::npos);
  CHECK(finish_body(slack.body, e.at, t0, "").find("late") == std::string::npos);
}

TEST_CASE("every body fits its receiver: multi-byte summaries, megabytes of details, bytes that are no text") {
  struct Case {
    const char* name;
    void (*make)(AlertEvent&);
  };
  const Case cases[] = {
      {"plain", [](AlertEvent&) {}},
      {"a summary of 5000 characters of 3 bytes", [](AlertEvent& e) { e.incident.summary = repeated("\u20ac", 5000); }},
      {"of 4 bytes", [](AlertEvent& e) { e.incident.summary = repeated("\U0001f534", 5000); }},
      {"2 MB of details", [](AlertEvent& e) { e.incident.why.assign(2000, repeated("\u00e4", 500)); }},
      {"one reason of 2 MB", [](AlertEvent& e) { e.incident.why = {repeated("x", 2 << 20)}; }},
      {"control characters",
       [](AlertEvent& e) {
         e.incident.summary = e.incident.symptom = repeated(std::string("\x01\x02\x03\x04\x00", 5), 20000),
         e.incident.why.assign(300, e.incident.summary);
       }},
      {"invalid UTF-8",
       [](AlertEvent& e) {
         e.incident.summary = "a\xff\xc0\xaf\xed\xa0\x80z\xf0\x9f", e.incident.why = {"\x80\x80"},
         e.incident.target = "\xfe";
       }},
      {"quotes and markup",
       [](AlertEvent& e) {
         e.incident.summary = repeated("<&>\"\\", 2000), e.incident.runbook.url = "https://x/|<a>\"",
         e.incident.runbook.title = "<!channel>";
       }},
      {"long names",
       [](AlertEvent& e) {
         e.incident.target = repeated("t", 9000), e.incident.dedup_base = "prod/" + e.incident.target + "/outage",
         e.host = repeated("\u20ac", 4000);
       }},
      {"nothing in it",
       [](AlertEvent& e) {
         e = AlertEvent{};
         e.incident.target = "t";
       }},
      {"runbook that is no address", [](AlertEvent& e) { e.incident.runbook.url = "javascript:alert(1)"; }},
  };
  for (const auto& c : cases)
    for (const auto type :
         {SinkType::webhook, SinkType::pagerduty, SinkType::slack, SinkType::alertmanager, SinkType::teams})
      for (const auto kind :
           {EventKind::firing, EventKind::escalated, EventKind::reminder, EventKind::acknowledged,
            EventKind::intermittent, EventKind::recovered, EventKind::relapsed, EventKind::resolved, EventKind::test}) {
        CAPTURE(c.name);
        CAPTURE(to_string(type));
        CAPTURE(to_string(kind));
        auto e = page();
        c.make(e);
        const auto opened = render(sink_of(type), e, {});
        e.kind = kind;
        const auto r = render(sink_of(type), e, {{opened.key, opened.opened_body}});
        CHECK(r.key.size() <= 255);
        CHECK(is_valid_utf8(r.key));
        for (const auto* body : {&r.body, &r.minimal_body})
          check_limits(type, finish_body(*body, e.at, t0 + std::chrono::hours(9), "key\"\\"));
        CHECK(r.minimal_body.size() <= r.body.size());
      }
}

TEST_CASE("a hostile text cannot write into what an attempt adds") {
  auto e = page();
  e.incident.summary = "\x01 \x02 \x03 \x04 \\u0003";
  const auto r = render(sink_of(SinkType::pagerduty), e, {});
  const auto body = json::parse(finish_body(r.body, e.at, t0, "SECRET"));
  CHECK(body.at("routing_key").as_string() == "SECRET");
  CHECK(body.at("payload").at("summary").as_string() == e.incident.summary);
}

TEST_CASE("pagerduty: which event is which action") {
  const std::pair<EventKind, const char*> cases[] = {
      {EventKind::firing, "trigger"},       {EventKind::escalated, "trigger"},        {EventKind::reminder, "trigger"},
      {EventKind::intermittent, "trigger"}, {EventKind::acknowledged, "acknowledge"}, {EventKind::resolved, "resolve"}};
  for (const auto& [kind, action] : cases) {
    auto e = page();
    e.kind = kind;
    const auto body = json::parse(finish_body(render(sink_of(SinkType::pagerduty), e, {}).body, e.at, t0, "k"));
    CHECK(body.at("event_action").as_string() == action);
    CHECK(body.at("dedup_key").as_string() == "prod/fabric/outage/host-7");
    CHECK(body.at("payload").at("class").as_string() == "outage");
  }
}

TEST_CASE("keys: by host or by platform, and different when they are long") {
  auto sink = sink_of(SinkType::pagerduty);
  auto e = page();
  CHECK(dedup_key(sink, e) == "prod/fabric/outage/host-7");
  sink.dedup_scope = DedupScope::platform;
  CHECK(dedup_key(sink, e) == "prod/fabric/outage");
  e.incident.dedup_base = repeated("\u20ac", 300);
  const auto long_key = dedup_key(sink, e);
  CHECK(long_key.size() <= 255);
  CHECK(is_valid_utf8(long_key));
  e.incident.dedup_base += "x";
  CHECK(dedup_key(sink, e) != long_key);
  const auto labels = [&](DedupScope scope) {
    auto am = sink_of(SinkType::alertmanager);
    am.dedup_scope = scope;
    return json::parse(render(am, page(), {}).body).at(0).at("labels").as_object().contains("host");
  };
  CHECK(labels(DedupScope::host));
  CHECK(!labels(DedupScope::platform));  // N hosts, one alert
}

TEST_CASE("a resolve has the key that the page had, whatever the configuration says now") {
  auto sink = sink_of(SinkType::webhook);
  auto e = page();
  e.kind = EventKind::resolved;
  CHECK(render(sink, e, {{"the/old/key", ""}}).key == "the/old/key");
}

TEST_CASE("which sink hears of which event") {
  struct Case {
    const char* name;
    SinkType type;
    EventKind kind;
    bool passes, open;
    bool send, opens, closes;
  };
  const Case cases[] = {
      {"a page", SinkType::webhook, EventKind::firing, true, false, true, true, false},
      {"a page that is filtered", SinkType::webhook, EventKind::firing, false, false, false, false, false},
      {"an escalation above the filter opens", SinkType::pagerduty, EventKind::escalated, true, false, true, true,
       false},
      {"a filtered update of what is open", SinkType::pagerduty, EventKind::escalated, false, true, true, true, false},
      {"a reminder to a new sink", SinkType::slack, EventKind::reminder, true, false, true, true, false},
      {"an intermittent incident is a page of its own", SinkType::webhook, EventKind::intermittent, true, false, true,
       true, false},
      {"an acknowledgement of what is not open", SinkType::webhook, EventKind::acknowledged, true, false, false, false,
       false},
      {"an acknowledgement", SinkType::pagerduty, EventKind::acknowledged, false, true, true, false, false},
      {"recovered, to a person", SinkType::slack, EventKind::recovered, false, true, true, false, false},
      {"recovered, to a pager: still open there", SinkType::pagerduty, EventKind::recovered, true, true, false, false,
       false},
      {"relapsed, to a pager: it never closed", SinkType::alertmanager, EventKind::relapsed, true, true, false, false,
       false},
      {"relapsed opens nothing", SinkType::webhook, EventKind::relapsed, true, false, false, false, false},
      {"a resolve despite the filter", SinkType::webhook, EventKind::resolved, false, true, true, false, true},
      {"a resolve of what is not open", SinkType::webhook, EventKind::resolved, true, false, false, false, false},
      {"a test goes everywhere", SinkType::webhook, EventKind::test, false, false, true, false, false},
      {"a chat hears of a silence", SinkType::slack, EventKind::silence_begins, true, false, true, false, false},
      {"and of its end", SinkType::teams, EventKind::silence_ends, false, true, true, false, false},
      {"a pager does not", SinkType::pagerduty, EventKind::silence_begins, true, false, false, false, false},
      {"nor does a program", SinkType::webhook, EventKind::silence_ends, true, true, false, false, false},
  };
  for (const auto& c : cases) {
    CAPTURE(c.name);
    auto sink = sink_of(c.type);
    if (!c.passes) sink.boundaries = {Boundary::product};
    auto e = page();
    e.kind = c.kind;
    const auto r = route(sink, e, c.open);
    CHECK(r.send == c.send);
    CHECK(r.opens == c.opens);
    CHECK(r.closes == c.closes);
  }
  auto sink = sink_of(SinkType::webhook);
  sink.min_severity = Severity::error;
  auto e = page();
  e.incident.severity = Severity::warning;
  CHECK(!takes(sink, e.incident));
  e.incident.severity = Severity::critical;
  CHECK(takes(sink, e.incident));
  sink.targets = {"other"};
  CHECK(!takes(sink, e.incident));
}

TEST_CASE("a sink that waits is opened by a call of its name alone, and then hears all") {
  auto waiting = sink_of(SinkType::webhook);
  waiting.waits = true;
  auto other = waiting;
  other.name = "other";
  auto e = page();
  for (const auto kind : {EventKind::firing, EventKind::escalated, EventKind::reminder, EventKind::intermittent}) {
    CAPTURE(to_string(kind));
    e.kind = kind;
    CHECK(!route(waiting, e, false).send);
    CHECK(route(waiting, e, true).send);
  }
  e.kind = EventKind::firing;
  e.only = {"s"};
  CHECK(route(waiting, e, false).opens);
  CHECK(!route(other, e, false).send);
  CHECK(!route(other, e, true).send);
  waiting.min_severity = Severity::critical;
  e.incident.severity = Severity::error;
  CHECK(!route(waiting, e, false).send);
  e.only.clear();
  e.kind = EventKind::resolved;
  CHECK(route(waiting, e, true).closes);
  e.kind = EventKind::test;
  CHECK(route(waiting, e, false).send);
  CHECK(!is_told({waiting}, page().incident));
  CHECK(is_told({waiting, sink_of(SinkType::slack)}, page().incident));
}

TEST_CASE("what an answer means") {
  using What = Decision::What;
  using namespace std::chrono_literals;
  struct Case {
    const char* name;
    int status;
    const char* retry_after;
    EventKind kind;
    Millis age;
    int number;
    bool was_minimal;
    std::size_t size, minimal;
    double random;
    What what;
    Millis wait;
    bool whole;
  };
  const auto firing = EventKind::firing;
  const Case cases[] = {
      {"200", 200, "", firing, 0s, 1, false, 900, 400, 0.5, What::delivered, 0s, false},
      {"202", 202, "", firing, 0s, 1, false, 900, 400, 0.5, What::delivered, 0s, false},
      {"299", 299, "", firing, 0s, 1, false, 900, 400, 0.5, What::delivered, 0s, false},
      {"no answer, 1st: up to 1 s", 0, "", firing, 0s, 1, false, 900, 400, 0.999, What::again, 999ms, false},
      {"2nd: up to 2 s", 0, "", firing, 0s, 2, false, 900, 400, 0.5, What::again, 1s, false},
      {"6th: up to 32 s", 500, "", firing, 0s, 6, false, 900, 400, 0.5, What::again, 16s, false},
      {"7th: up to 60 s", 500, "", firing, 0s, 7, false, 900, 400, 0.5, What::again, 30s, false},
      {"1000th: up to 60 s", 500, "", firing, 0s, 1000, false, 900, 400, 0.5, What::again, 30s, false},
      {"full jitter never spins", 503, "", firing, 0s, 9, false, 900, 400, 0.0, What::again, 100ms, false},
      {"408", 408, "", firing, 0s, 1, false, 900, 400, 0.5, What::again, 500ms, false},
      {"425", 425, "", firing, 0s, 1, false, 900, 400, 0.5, What::again, 500ms, false},
      {"429 in seconds", 429, "17", firing, 0s, 1, false, 900, 400, 0.5, What::again, 17s, true},
      {"503 in seconds", 503, " 17 ", firing, 0s, 1, false, 900, 400, 0.5, What::again, 17s, true},
      {"a date", 429, "Mon, 23 Nov 2026 03:12:40 GMT", firing, 0s, 1, false, 900, 400, 0.5, What::again, 40s, true},
      {"a date in the past", 429, "Mon, 23 Nov 2020 03:12:40 GMT", firing, 0s, 1, false, 900, 400, 0.5, What::again,
       500ms, false},
      {"absurd seconds", 429, "86400", firing, 0s, 1, false, 900, 400, 0.5, What::again, 300s, true},
      {"more digits than a number has", 429, "99999999999999999999999", firing, 0s, 1, false, 900, 400, 0.5,
       What::again, 300s, true},
      {"an absurd date", 429, "Fri, 31 Dec 9999 23:59:59 GMT", firing, 0s, 1, false, 900, 400, 0.5, What::again, 300s,
       true},
      {"negative", 429, "-5", firing, 0s, 1, false, 900, 400, 0.5, What::again, 500ms, false},
      {"zero is no pause", 429, "0", firing, 0s, 1, false, 900, 400, 0.5, What::again, 500ms, false},
      {"nonsense", 429, "tomorrow", firing, 0s, 1, false, 900, 400, 0.5, What::again, 500ms, false},
      {"413", 413, "", firing, 0s, 1, false, 900, 400, 0.5, What::again_minimal, 0s, false},
      {"413 on the minimal body", 413, "", firing, 0s, 2, true, 400, 400, 0.5, What::dead, 0s, false},
      {"400 on a large body", 400, "", firing, 0s, 1, false, 20000, 400, 0.5, What::again_minimal, 0s, false},
      {"400 on a small body", 400, "", firing, 0s, 1, false, 2000, 400, 0.5, What::dead, 0s, false},
      {"410", 410, "", firing, 0s, 1, false, 900, 400, 0.5, What::sink_off, 0s, false},
      {"301", 301, "", firing, 0s, 1, false, 900, 400, 0.5, What::dead, 0s, false},
      {"307", 307, "", firing, 0s, 1, false, 900, 400, 0.5, What::dead, 0s, false},
      {"401", 401, "", firing, 0s, 1, false, 900, 400, 0.5, What::dead, 0s, false},
      {"422", 422, "", firing, 0s, 1, false, 20000, 400, 0.5, What::dead, 0s, false},
      {"a page after a year", 500, "", firing, 8760h, 9, false, 900, 400, 0.5, What::again, 30s, false},
      {"a resolve after a year", 500, "", EventKind::resolved, 8760h, 9, false, 900, 400, 0.5, What::again, 30s, false},
      {"a reminder of 59 minutes", 500, "", EventKind::reminder, 59min, 9, false, 900, 400, 0.5, What::again, 30s,
       false},
      {"a reminder of an hour", 500, "", EventKind::reminder, 60min, 9, false, 900, 400, 0.5, What::expired, 0s, false},
      {"a reminder of an hour that arrives", 200, "", EventKind::reminder, 60min, 9, false, 900, 400, 0.5,
       What::delivered, 0s, false},
      {"a status that does not exist", 999, "", firing, 0s, 1, false, 900, 400, 0.5, What::again, 500ms, false},
      {"an interim answer", 103, "", firing, 0s, 1, false, 900, 400, 0.5, What::again, 500ms, false},
  };
  for (const auto& c : cases) {
    CAPTURE(c.name);
    Attempt a;
    a.kind = c.kind, a.age = c.age, a.number = c.number, a.status = c.status, a.retry_after = c.retry_after, a.now = t0;
    a.was_minimal = c.was_minimal, a.body_size = c.size, a.minimal_size = c.minimal, a.random = c.random;
    a.detail = "connection refused";
    const auto d = decide(a);
    CHECK(static_cast<int>(d.what) == static_cast<int>(c.what));
    CHECK(d.wait == c.wait);
    CHECK(d.whole_sink == c.whole);
    CHECK(!d.text.empty());
  }
}

TEST_CASE("signatures are those of Standard Webhooks 1.0") {
  // The example of the specification's reference libraries.
  const auto key = parse_webhook_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
  REQUIRE(key);
  CHECK(webhook_signature({*key}, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, R"({"test": 2432232314})") ==
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  CHECK(webhook_signature({*key, "old"}, "m", 1, "{}").find(" v1,") != std::string::npos);
  CHECK(parse_webhook_secret("whsec_b2xk\n") == "old");
  CHECK(parse_webhook_secret("b2w") == "ol");
  CHECK(!parse_webhook_secret("whsec_***"));
  CHECK(!parse_webhook_secret("whsec_"));
}

TEST_CASE("cutting never splits a character") {
  CHECK(cut_characters("abc", 3) == "abc");
  CHECK(cut_characters("abcd", 3) == "ab\u2026");
  CHECK(cut_characters("\u20ac\u20ac\u20ac\u20ac", 3) == "\u20ac\u20ac\u2026");
  CHECK(cut_characters("ab", 1) == "\u2026");
  CHECK(cut_characters("ab", 0) == "");
  for (std::size_t most = 0; most < 40; ++most) {
    CAPTURE(most);
    const auto cut = cut_bytes("a\u00e4\u20ac\U0001f534a\u00e4\u20ac\U0001f534a\u00e4\u20ac\U0001f534", most);
    CHECK(cut.size() <= most);
    CHECK(is_valid_utf8(cut));
  }
  CHECK(clean_utf8("a\xff"
                   "b\xe2\x82") ==
        "a\ufffd"
        "b\ufffd\ufffd");
  CHECK(clean_utf8("\u20ac") == "\u20ac");
}

TEST_CASE("no next safe step names a change before the guardrails and the owner") {
  for (const Boundary b : all_boundaries) {
    CAPTURE(to_string(b));
    const auto step = default_next_safe_step(b);
    CHECK(!step.empty());
    CHECK(!default_runbook(b).owner.empty());
    const bool has_page = b != Boundary::observer;  // nobody else has a page about our own host
    CHECK(default_runbook(b).url.starts_with("https://") == has_page);
    for (const char* mutating : {"redeploy", "docker", "systemctl", "kubectl", "--apply", "rollout restart"})
      CHECK(step.find(mutating) == std::string::npos);
    // Where a change is mentioned at all, the guardrail script and the owner's word come with it, in this order.
    const auto change = step.find("Before any");
    if (change != std::string::npos || step.find("before any") != std::string::npos) {
      const auto guard = step.find("bash ./scripts/verify-runtime-guardrails.sh");
      REQUIRE(guard != std::string::npos);
      CHECK(step.find("owner confirms", guard) != std::string::npos);
    }
  }
  TargetConfig target;
  target.runbooks[Boundary::outage] = {"Ours", "", "", ""};
  CHECK(resolve_runbook(target, Boundary::outage).title == "Ours");
  CHECK(resolve_runbook(target, Boundary::outage).url.empty());
  CHECK(resolve_runbook(target, Boundary::outage).owner == "helpifyr-fabric");
  CHECK(resolve_runbook(target, Boundary::drift) == default_runbook(Boundary::drift));
  target.runbooks[Boundary::drift] = {"", "https://ours.example/drift", "", "Call."};
  CHECK(resolve_runbook(target, Boundary::drift).title == default_runbook(Boundary::drift).title);
  CHECK(resolve_runbook(target, Boundary::drift).url == "https://ours.example/drift");
  CHECK(resolve_next_safe_step(target, Boundary::drift) == "Call.");
}
