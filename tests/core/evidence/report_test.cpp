// The page of a snapshot: whatever stands in the evidence is shown as text, and what an incident needs is on it.
#include <doctest/doctest.h>

#include <boost/json.hpp>

#include "core/evidence/report.hpp"
#include "core/text/encoding.hpp"
#include "core/text/instant.hpp"
#include "core/text/time.hpp"

using namespace readback;

namespace {

const std::string evil = "</pre><script>alert(1)</script><img src=x onerror=alert(1)>\"'&\xe2\x80\xae\x07\xff";

BundleFiles hostile_bundle() {
  BundleInput in;
  auto& o = in.order;
  o.snapshot_id = "01a20d8a-fff5-7003-88c5-c0e815bbf176";
  o.incident.id = "01a20d8a-fff5-7003-88c5-c0e815bbf175";
  o.target = "fabric";
  o.reason = "capture: " + evil;
  o.at = *parse_rfc3339("2026-11-24T03:11:58.250Z");
  o.incident.boundary = Boundary::outage;
  o.incident.extent = Extent::degraded;
  o.incident.severity = Severity::error;
  o.incident.summary = "OUTAGE " + evil;
  o.incident.why = {evil};
  o.incident.symptom = o.incident.exposed_by = evil;
  o.incident.first_failure = FirstFailure{"health", o.at, evil};
  o.incident.runbook = {"Check " + evil, "javascript:alert(1)", evil};
  o.incident.next_safe_step = evil;
  o.incident.conditions = {{1, ConditionState::State::met, evil, o.at}, {2, ConditionState::State::unmet, "", {}}};
  in.context.host = in.context.environment = evil;
  in.host_json = R"({"load":["</dd><script>"],"failed_units":["</dd><script>"]})";
  SweepRecord good, bad;
  good.target = bad.target = "fabric";
  good.sweep = 1;
  bad.sweep = 2;
  for (auto* sweep : {&good, &bad})
    for (const char* read : {"health", "path:</text><script>"}) {
      JudgedRead r;
      r.raw.read = read;
      r.raw.at = sweep->at = o.at - Seconds(sweep == &good ? 30 : 0);
      r.raw.phases = {-1, 140, -1, 2200, 3000};
      HttpAnswer a;
      a.status = sweep == &good ? 200 : 503;
      a.body = sweep == &good ? R"({"status":"ok"})" : R"({"status":"down","x":"</pre><script>"})";
      r.raw.answer = a;
      r.word = sweep == &good ? "pass" : "fail";
      r.green = sweep == &good;
      r.reasons = {evil};
      sweep->reads.push_back(std::move(r));
    }
  in.phases = {{"last-good", good}, {"first-bad", bad}, {"at-page", bad}, {"latest", bad}};
  in.timeline = {good, bad};
  CommandOutput c;
  c.name = "disks";
  RawRead raw;
  CheckRun run;
  run.exit = 0;
  run.out = run.err = evil;
  raw.answer = run;
  c.last = raw;
  in.context.commands = {c};
  return bundle_files(in);
}

std::size_t count(const std::string& text, const std::string& what) {
  std::size_t n = 0;
  for (auto at = text.find(what); at != text.npos; at = text.find(what, at + 1)) ++n;
  return n;
}

/// In HTML, and in the Markdown within it.
std::size_t shown_as_text(const std::string& html) {
  return count(html, "onerror=alert(1)&gt;") + count(html, "onerror=alert(1)\\&gt;");
}

const std::string incident =
    R"({"id":"01a2","state":"firing","paged_at":"2026-11-24T03:11:59.750Z","symptom":"</dd><script>","timeline":[
  {"at":"2026-11-24T03:11:58.250Z","kind":"firing","text":"</td><script>"}],
  "alerts":[{"at":"2026-11-24T03:11:58.300Z","event":"firing","sink":"hook","state":"delivered","answer":"204 No Content","attempts":3}],
  "conditions":[{"number":1,"title":"the original symptom was recorded","state":"met","by":"</li><script>","at":"2026-11-24T03:12:08.000Z"},
                {"number":4,"title":"the narrowest owner runbook was used","state":"unattested","by":null,"at":null}]})";

}  // namespace

TEST_CASE("Nothing of what was read becomes a part of the page") {
  for (const std::string& now : {std::string(), incident}) {
    const auto html = render_report(hostile_bundle(), {now, "", {}});
    // One script, and it is ours: the policy names it, and lets nothing else run.
    const auto begin = html.find("<script>") + 8;
    const auto ours = html.substr(begin, html.find("</script>", begin) - begin);
    CHECK(count(html, "<script") == 1);
    CHECK(html.find("script-src '" + sha256_source(ours) + "'; base-uri 'none'") != html.npos);
    CHECK(count(html, "<img") == 0);
    CHECK(shown_as_text(html) == count(html, "onerror="));
    CHECK(count(html, "href=\"javascript") == 0);
    CHECK(count(html, "\xe2\x80\xae") == 0);
    CHECK(html.find('\x07') == html.npos);
    CHECK(html.find('\xff') == html.npos);
    CHECK(count(html, "<style>") == 1);
    CHECK(count(html, "http-equiv=\"Content-Security-Policy\"") == 1);
    CHECK(html.find("default-src 'none'; style-src 'sha256-") != html.npos);
    CHECK(html.find("unsafe") == html.npos);
    for (const char* loads : {"url(", "@import", "<link", "<iframe", " style=\""})
      CHECK_MESSAGE(html.find(loads) == html.npos, loads);
  }
}

TEST_CASE("The page has what somebody who was woken needs") {
  const auto html = render_report(hostile_bundle(), {incident, "", {}});
  for (const char* part : {"failed first",
                           "Next safe step",
                           "Runbook",
                           "Why",
                           "Timeline",
                           "<svg",
                           "What changed since",
                           "Checks",
                           "Alerts",
                           "delivered</span>: 204 No Content, attempt 3",
                           "Text to copy (Markdown)",
                           "<strong>1s</strong>",
                           "after the first failure",
                           "What happened",
                           "Resolved means six conditions",
                           "As they stand now.",
                           "unattested",
                           "The host that watched",
                           "<th scope=\"row\">status</th>",
                           "&quot;ok&quot;",
                           "&quot;down&quot;",
                           "(200 → 503)",
                           "first byte 2.2 ms"})
    CHECK_MESSAGE(html.find(part) != html.npos, std::string(part));
  // Four reads of the timeline, by their readings: two that pass, two that fail.
  CHECK(count(html, "<rect class=\"g\"") == 2);
  CHECK(count(html, "<rect class=\"b\"") == 2);
  CHECK(count(html, "class=\"mark\"") == 2);
}

TEST_CASE("Without the daemon, and of a form that leaves almost everything out, there still is a page") {
  const auto html = render_report(hostile_bundle(), {});
  CHECK(html.find("As they stood when this was sealed.") != html.npos);
  CHECK(html.find("how it was answered is known to the daemon") != html.npos);
  const auto shown = render_report(public_safe(hostile_bundle()), {});
  CHECK(shown.find("Snapshot of fabric") != shown.npos);
  CHECK(count(shown, "<script") == 1);
  CHECK(render_report({}, {}).find("</html>") != std::string::npos);
  CHECK(render_report({{"manifest.json", "[1,2]"}, {"diff.json", "{\"health\":7}"}, {"timeline.jsonl", "x\n\n{}"}},
                      {"no", "", {}})
            .find("</html>") != std::string::npos);
}

TEST_CASE("Each host of a fleet has a card with what it saw and when, and one whose bundle is missing says why") {
  BundleFiles theirs = hostile_bundle();
  ReportContext context{incident, "host-7", {{"host-2", "01a2-two", theirs, ""}, {evil, evil, {}, evil}}};
  const auto html = render_report(hostile_bundle(), context);
  CHECK(count(html, "<section class=\"vantage\">") == 3);
  const auto time = [](const char* day, const char* clock, const char* rest) {
    return std::string("<time datetime=\"") + day + "T" + clock + rest + "Z\">" + day + " " + clock + "Z</time>";
  };
  const auto good = time("2026-11-24", "03:11:28", ".250"), bad = time("2026-11-24", "03:11:58", ".250");
  CHECK(html.find("<h3>host-7</h3><dl class=\"list\"><div><dt>well until</dt><dd>" + good +
                  "</dd></div><div><dt>first bad</dt><dd>" + bad + ", health</dd></div><div><dt>confirmed</dt><dd>" +
                  bad + "</dd></div><div><dt>verdict</dt><dd>outage, degraded</dd></div>") != html.npos);
  CHECK(
      html.find(
          "<li>health: <span class=\"word good\"><span aria-hidden=\"true\">✓</span> pass</span> → <span class=\"word "
          "bad\"><span aria-hidden=\"true\">✕</span> fail</span>") != html.npos);
  CHECK(html.find("<code>readback snapshot pull 01a2-two</code>") != html.npos);
  CHECK(count(html, "<script") == 1);
  CHECK(shown_as_text(html) == count(html, "onerror="));
  CHECK(render_report(hostile_bundle(), {incident, "host-7", {}}).find("From where it was seen") == html.npos);
}

TEST_CASE("How long it took counts from what each step waits for, and what was not yet says so") {
  const std::string over = R"({"state":"resolved","paged_at":"2026-11-24T03:12:08.250Z",
    "acknowledged_at":"2026-11-24T03:14:08.250Z","recovered_at":"2026-11-24T03:21:58.250Z"})";
  const auto html = render_report(hostile_bundle(), {over, "", {}});
  for (const char* tile :
       {"<span class=\"dim\">detected</span><strong>10s</strong><span class=\"dim\">after the first failure",
        "<span class=\"dim\">acknowledged</span><strong>2m 00s</strong><span class=\"dim\">after the page",
        "<span class=\"dim\">recovered</span><strong>10m 00s</strong><span class=\"dim\">after the first",
        "<span class=\"dim\">resolved</span><strong>not yet</strong>"})
    CHECK_MESSAGE(html.find(tile) != html.npos, std::string(tile));
  const auto text = html.substr(html.find("<pre class=\"copy\""));
  for (const char* line : {"# OUTAGE ", "- detected: 2026-11-24 03:12:08Z (10s after the first failure)\n",
                           "- acknowledged: 2026-11-24 03:14:08Z (2m 00s after the page)\n", "- resolved: not yet\n",
                           "- health: pass → fail\n  - status: ok -\\&gt; down\n"})
    CHECK_MESSAGE(text.find(line) != text.npos, std::string(line));
}
