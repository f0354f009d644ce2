// The pages of incidents, the feed and the badge, over a real socket: what is found, what is shown, and what never is.
#include <doctest/doctest.h>

#include "daemon/evidence/archive.hpp"
#include "daemon/page/incident_html.hpp"
#include "tests/support/control/running.hpp"

namespace readback {
namespace {

IncidentRecord ended(int number, const std::string& target, Boundary boundary) {
  IncidentRecord i;
  i.id = "019abcde-0000-7000-8000-0000000000" + std::to_string(number);
  i.target = target;
  i.boundary = boundary;
  i.state = IncidentState::resolved;
  i.summary = "RESOLVED " + std::string(to_string(boundary)) + " " + target;
  i.opened_at = at_second(number);
  i.confirmed_at = at_second(number + 6);
  i.paged_at = i.confirmed_at;
  i.acknowledged_at = at_second(number + 66);
  i.acknowledged_by = "annabel";
  i.recovered_at = at_second(number + 126);
  i.resolved_at = at_second(number + 246);
  i.first_failure = FirstFailure{"health", at_second(number), "refused by <b>proxy</b> at http://x/?key=hunter2"};
  i.why = {"health: 503 \"pool & more\""};
  i.timeline = {{i.opened_at, "opened", "first failure"}, {*i.acknowledged_at, "ack", "acknowledged by annabel"}};
  return i;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (auto at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++n;
  return n;
}

}  // namespace

TEST_CASE("incidents are listed and found by text, target, boundary, state and time, a page at a time") {
  Running r;
  REQUIRE(r.wrong == "");
  r.backend.stored = {ended(20, "second", Boundary::drift), ended(30, "fabric", Boundary::product)};
  const auto rows = [&](const std::string& query) {
    return count(r.page("/incidents" + query).body, "<td data-l=\"State\">");
  };
  CHECK(rows("") == 3);
  CHECK(rows("?q=&target=&boundary=&state=&since=") == 3);
  CHECK(rows("?q=PROXY") == 2);
  CHECK(rows("?target=second") == 1);
  CHECK(rows("?boundary=product") == 1);
  CHECK(rows("?state=open") == 1);
  CHECK(rows("?target=nowhere") == 0);
  CHECK(r.page("/incidents?boundary=weather").status == 422);
  CHECK(has(r.page("/incidents?q=%22%3E%3Cscript%3E").body, "value=\"&quot;&gt;&lt;script&gt;\""));
  r.on_loop([&] {
    r.backend.stored.clear();
    for (int i = 0; i < 60; ++i) r.backend.stored.push_back(ended(10 + i, "second", Boundary::drift));
  });
  const auto first = r.page("/incidents?target=second").body;
  CHECK(count(first, "<td data-l=\"State\">") == 50);
  CHECK(has(first, "href=\"/incidents?page=2&amp;target=second\">Older</a>"));
  const auto second = r.page("/incidents?target=second&page=2").body;
  CHECK(count(second, "<td data-l=\"State\">") == 10);
  CHECK(has(second, ">Newer</a>"));
  CHECK_FALSE(has(second, ">Older</a>"));
}

TEST_CASE("an incident has a page: its times, its reasons, and nobody's name or secret") {
  Running r;
  r.backend.stored = {ended(20, "second", Boundary::drift)};
  const auto seen = r.page("/incidents/00000020");
  CHECK(seen.status == 200);
  CHECK(seen.header("Content-Type") == "text/html; charset=utf-8");
  CHECK(has(seen.header("Content-Security-Policy"), "default-src 'none'; style-src 'sha256-"));
  for (const char* part : {"RESOLVED drift second", "<dt>To detect</dt><dd>6s", "<dt>To acknowledge</dt><dd>1m 00s",
                           "<dt>To recover</dt><dd>2m 06s", "health: 503 &quot;pool &amp; more&quot;",
                           "refused by &lt;b&gt;proxy&lt;/b&gt;"}) {
    CAPTURE(part);
    CHECK(has(seen.body, part));
  }
  for (const char* never : {"annabel", "hunter2", "<b>"}) {
    CAPTURE(never);
    CHECK_FALSE(has(seen.body, never));
  }
  CHECK_FALSE(has(seen.body, "/report"));  // nothing was sealed
  CHECK(r.page("/incidents/019abcde-0000-7000-8000-000000000020").body == seen.body);
  CHECK(r.page("/incidents/ffffffff").status == 404);
  CHECK(r.page("/incidents/00000020/report").status == 404);
  CHECK(r.page("/incidents/00000020/other").status == 404);
  CHECK(r.page("/incidents/00000020", "POST").status == 405);
}

TEST_CASE("the report on the listener is that of the bundle that may be shown") {
  Running r;
  const auto packed = pack({{"manifest.json", R"({"schema":"readback.snapshot/v1","id":"s1"})"}}, at_second(1));
  REQUIRE(packed);
  r.backend.bundle_bytes = *packed;
  const auto seen = r.page("/incidents/00000001/report");
  CHECK(seen.status == 200);
  CHECK(has(seen.body, "<!DOCTYPE html>"));
  CHECK(has(r.page("/incidents/00000001").body, "/report\">"));
  r.on_loop([&] { r.backend.bundle_bytes = "no archive"; });
  CHECK(r.page("/incidents/00000001/report").status == 404);
}

TEST_CASE("the feed: each incident once, by an id that stays, and nothing that follows from another") {
  Running r;
  auto follows = ended(40, "fabric", Boundary::readiness);
  follows.paged_at.reset();
  follows.timeline.push_back({follows.opened_at, "inhibited", "held back"});
  r.backend.stored = {ended(20, "second", Boundary::drift), follows};
  const auto seen = r.page("/feed.atom");
  CHECK(seen.header("Content-Type") == "application/atom+xml; charset=utf-8");
  CHECK(seen.body.starts_with(
      "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\">"));
  CHECK(count(seen.body, "<entry>") == 2);
  CHECK(has(seen.body, "<id>tag:host-7,2026:readback/prod</id>"));
  CHECK(has(seen.body, "<id>urn:uuid:019abcde-0000-7000-8000-000000000020</id><title>RESOLVED drift second</title>"));
  CHECK(has(seen.body, "pool &amp; more"));
  CHECK_FALSE(has(seen.body, "hunter2"));
  CHECK(seen.body.find("000000000001</id>") < seen.body.find("000000000020</id>"));  // the newest first
  CHECK(r.page("/feed.atom").body == seen.body);
}

TEST_CASE("a badge says the verdict, and of a target the uptime of 30 days") {
  Running r;
  TargetHistory history;
  history.target = "second";
  history.spans.resize(1);
  history.spans[0].name = "30d";
  history.spans[0].whole.uptime = 99.95;
  r.backend.shown_bars = {history};
  const auto seen = r.page("/badge.svg?target=second");
  CHECK(seen.header("Content-Type") == "image/svg+xml");
  CHECK(has(seen.body, "aria-label=\"second: green, 99.950 % in 30 d\""));
  CHECK(has(r.page("/badge.svg?target=fabric").body, "aria-label=\"fabric: critical\""));
  CHECK(has(r.page("/badge.svg").body, "aria-label=\"prod: critical\""));
  CHECK(r.page("/badge.svg?target=third").status == 404);
  CHECK(has(badge_svg("a<b", "green", {}), ">a&lt;b</text>"));
}

}  // namespace readback
