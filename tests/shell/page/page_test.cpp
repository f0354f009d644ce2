// What the read-only listener shows to whoever can reach it.
#include <doctest/doctest.h>

#include <memory>
#include <vector>

#include "tests/support/control/running.hpp"
#include "tests/support/run_coro.hpp"

namespace readback {

TEST_CASE("secrets in an address stay out of every answer") {
  Running r;
  for (const char* path : {"/v1/status", "/v1/targets/fabric"})
    CHECK(r.ask("GET", path).body.find("hunter2") == std::string::npos);
  CHECK(r.page("/").body.find("hunter2") == std::string::npos);
}

TEST_CASE("the read-only listener shows, and changes nothing") {
  Running r;
  CHECK(r.page("/healthz").body == "ok\n");
  CHECK(r.page("/readyz").status == 200);
  CHECK(r.page("/", "POST").status == 405);
  CHECK(r.page("/metrics", "DELETE").header("Allow") == "GET, HEAD");
  CHECK(r.page("/v1/status").status == 404);
  CHECK(r.page("/", "HEAD").status == 200);
  CHECK(r.page("/", "GET", "evil.example").status == 421);
  CHECK(r.page("/", "GET", "[::1].evil").status == 421);
  CHECK(r.page("/", "GET", "localhost\r\nHost: evil.example").status == 400);
  CHECK(r.page("/", "GET", "127.0.0.1:9464").status == 200);
  CHECK(r.page("/", "GET", "[::1]:9464").status == 200);
  r.on_loop([&] { r.backend.shown.daemon.unwatched = {"target second was not swept yet"}; });
  const Seen early = r.page("/readyz");
  CHECK(early.status == 503);
  CHECK(early.body == "target second was not swept yet\n");
}

TEST_CASE("a probe that names no host is answered") {
  Running r;
  for (const char* asked :
       {"GET /healthz HTTP/1.0\r\n\r\n", "HEAD /metrics HTTP/1.0\r\n\r\n", "GET /healthz HTTP/1.0\r\nHost:\r\n\r\n"}) {
    CAPTURE(asked);
    Wire probe(r.port);
    probe.send(asked);
    const Seen answer = probe.answer();
    CHECK(answer.status == 200);
    CHECK(answer.body.empty() == (asked[0] == 'H'));
  }
}

TEST_CASE("what has ended is asked for once, and again when another incident ends") {
  Running r;
  const auto resolved = [](const char* id) {
    IncidentRecord over;
    over.id = id;
    over.target = "fabric";
    over.summary = std::string("OUTAGE ") + id;
    over.state = IncidentState::resolved;
    over.paged_at = over.resolved_at = at_second(1);
    return over;
  };
  r.on_loop([&] { r.backend.stored = {resolved("first")}; });
  for (int i = 0; i < 3; ++i) CHECK(r.page("/").body.find("OUTAGE first") != std::string::npos);
  CHECK(r.backend.incident_lists == 1);
  r.on_loop([&] {
    r.backend.stored.push_back(resolved("second"));
    r.room->on_ended();
  });
  for (int i = 0; i < 3; ++i) CHECK(r.page("/").body.find("OUTAGE second") != std::string::npos);
  CHECK(r.backend.incident_lists == 2);
}

TEST_CASE("a hostile name stays text on the page and in the metrics") {
  const std::string evil = "<script>alert(1)</script>\"'&\n\xff";
  Running r(evil);
  SweepRecord sweep;
  sweep.target = evil;
  sweep.sweep = 1;
  sweep.at = at_second(1);
  sweep.primary = "outage";
  JudgedRead read;
  read.raw.read = "path:" + evil;
  read.raw.at = at_second(1);
  read.word = "fail";
  sweep.reads = {read};
  r.on_loop([&] { r.room->on_sweep(sweep); });
  const std::string page = r.page("/").body;
  CHECK(page.find("<script>alert") == std::string::npos);
  CHECK(page.find("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp; ") != std::string::npos);
  CHECK(page.find('\xff') == std::string::npos);
  const std::string metrics = r.page("/metrics").body;
  CHECK(metrics.find(R"(target="<script>alert(1)</script>\"'&\n)") != std::string::npos);
  CHECK(metrics.find('\xff') == std::string::npos);
}

namespace {

std::size_t count(const std::string& text, const std::string& what) {
  std::size_t n = 0;
  for (auto at = text.find(what); at != text.npos; at = text.find(what, at + 1)) ++n;
  return n;
}

/// As many targets as are asked for, the last ones in an outage for one reason, each with its incident.
View many_targets(std::size_t all, std::size_t bad) {
  const View example = example_view();
  View v = example;
  v.engine.targets.clear();
  v.engine.incidents.clear();
  for (std::size_t i = 0; i < all; ++i) {
    const bool is_bad = i >= all - bad;
    TargetView t = example.engine.targets[is_bad ? 0 : 1];
    t.name = "svc-" + std::to_string(i);
    ReadView read = t.reads[0];
    for (const char* more : {"services", "observability", "security", "path:checkout"}) {
      read.name = more;
      t.reads.push_back(read);
    }
    v.engine.targets.push_back(t);
    if (!is_bad) continue;
    IncidentRecord incident = example.engine.incidents[0];
    incident.id = "019abcde-0000-7000-8000-" + std::to_string(100000000000 + i);
    incident.target = t.name;
    incident.paged_at = incident.opened_at;
    incident.why = {"/health: connection refused"};
    v.engine.incidents.push_back(incident);
  }
  return v;
}

}  // namespace

TEST_CASE("the page begins with a count, and has a row a target with the worst first") {
  Running r;
  r.on_loop([&] { r.backend.shown = many_targets(10, 2); });
  const std::string page = r.page("/").body;
  CHECK(page.find("2 critical, 8 green; 2 open incidents") != page.npos);
  CHECK(page.find("<title>critical: 2 critical, 8 green") != page.npos);
  CHECK(count(page, "<details class=\"row ") == 10);
  CHECK(page.find("id=\"target-9\"") < page.find("id=\"target-0\""));
  CHECK(page.find("id=\"target-0\"") < page.find("id=\"target-1\""));
  CHECK(count(page, "<details class=\"row bad\" id=\"target-8\" open>") == 1);
  CHECK(count(page, "<details class=\"row good\" id=\"target-0\">") == 1);
}

TEST_CASE("one reason is one card, however many targets it befell") {
  Running r;
  r.on_loop([&] {
    r.backend.shown = many_targets(10, 3);
    auto& incidents = r.backend.shown.engine.incidents;
    incidents[2].acknowledged_at = at_second(520);
    incidents.push_back(incidents[0]);
    incidents.back().id = "other", incidents.back().target = "svc-1", incidents.back().summary = "another one";
    incidents.back().first_failure->reason = "no route to host";
    incidents.push_back(incidents[0]);
    incidents.back().id = "held", incidents.back().state = IncidentState::inhibited;
  });
  const std::string page = r.page("/").body;
  CHECK(count(page, "<section class=\"card ") == 2);
  CHECK(page.find(">OUTAGE, 3 targets: health: connection refused</h3>") != page.npos);
  CHECK(page.find("<strong>svc-7, svc-8, svc-9</strong>") != page.npos);
  CHECK(page.find("paged: 3 of 3, acknowledged: 1 of 3") != page.npos);
  CHECK(page.find("<h4>Why</h4><ul><li>/health: connection refused</li></ul>") != page.npos);
  CHECK(page.find("OUTAGE, 3 targets") < page.find(">another one</h3>"));
  CHECK(page.find("1 held back, and told to nobody") != page.npos);
  for (const char* id : {"100000000007", "100000000008", "100000000009"})
    CHECK(page.find(std::string("readback incident 019abcde-0000-7000-8000-") + id) != page.npos);
}

TEST_CASE("a filter takes the targets and incidents that have its words, and a target is asked for by its name") {
  Running r;
  r.on_loop([&] { r.backend.shown = many_targets(30, 3); });
  struct Case {
    const char* query;
    std::size_t rows;
    const char* says;
  };
  for (const Case& c : {Case{"/", 30, "role=\"status\"></p>"}, Case{"/?q=", 30, "role=\"status\"></p>"},
                        Case{"/?q=green", 27, "27 of 30 targets shown, <a href=\"/\">all</a>"},
                        Case{"/?q=OUTAGE+svc-29", 1, "1 of 30 targets shown"}, Case{"/?q=green%20outage", 0, "0 of 30"},
                        Case{"/?target=svc-2", 1, "1 of 30 targets shown: svc-2,"}, Case{"/?target=svc", 0, "0 of 30"},
                        Case{"/?q=%3Cb%3E%22", 0, "value=\"&lt;b&gt;&quot;\""}}) {
    CAPTURE(c.query);
    const std::string page = r.page(c.query).body;
    CHECK(count(page, "<details class=\"row ") == c.rows);
    CHECK(page.find(c.says) != page.npos);
    CHECK(page.find("3 critical, 27 green; 3 open incidents") != page.npos);
  }
  CHECK(r.page("/?q=green").body.find("Open incidents") == std::string::npos);
  CHECK(r.page("/?target=svc-28").body.find("Open incidents") != std::string::npos);
  CHECK(count(r.page("/?target=svc-2").body, "<th scope=\"row\">path:checkout</th>") == 1);
}

TEST_CASE("the page says first when nobody is told") {
  Running r;
  CHECK(r.page("/").body.find("<p>Alerts go to pager, hook; 1 silence holds pages back</p>") != std::string::npos);
  r.on_loop([&] { r.backend.shown.daemon.sinks[1].state = "broken"; });
  CHECK(r.page("/").body.find("Alerts go to pager;") != std::string::npos);
  r.on_loop([&] { r.backend.shown.daemon.sinks[0].state = "off"; });
  CHECK(r.page("/").body.find("nobody is told</span>: no sink takes anything") != std::string::npos);
  r.on_loop([&] { r.backend.shown.daemon.sinks.clear(); });
  CHECK(r.page("/").body.find("nobody is told</span>: no sink is configured") != std::string::npos);
}

TEST_CASE("a hundred targets are a page of 200 KB, and a thousand bad ones do not make it ten times the bytes each") {
  Running r;
  const auto bytes = [&](std::size_t all, std::size_t bad) {
    r.on_loop([&] {
      r.backend.shown = many_targets(all, bad);
      SweepRecord sweep;
      for (int second = 0; second < 300; ++second)
        for (const auto& t : r.backend.shown.engine.targets) {
          sweep.target = t.name;
          sweep.at = at_second(second * 30);
          sweep.primary = t.primary == "green" || second % 7 ? "green" : "outage";
          r.room->on_sweep(sweep);
        }
    });
    return r.page("/").body.size();
  };
  const std::size_t hundred = bytes(100, 25);
  CHECK(hundred <= 200'000);
  CHECK(bytes(1000, 250) <= 10 * hundred);
}

TEST_CASE("a lane shows a single bad sweep among hundreds, and a hole where none was") {
  Running r;
  r.on_loop([&] {
    SweepRecord sweep;
    sweep.target = "fabric";
    for (int i = 0; i < 600; ++i) {
      if (i > 300 && i < 400) continue;
      sweep.at = at_second(i * 30);
      sweep.primary = i == 150 ? "outage" : "green";
      r.room->on_sweep(sweep);
    }
  });
  const std::string page = r.page("/").body;
  const auto lane = page.find("aria-label=\"fabric: 501 sweeps since ");
  REQUIRE(lane != page.npos);
  const std::string shown = page.substr(lane, page.find("</svg>", lane) - lane);
  CHECK(shown.find(", 1 bad\"") != shown.npos);
  CHECK(shown.find("<path class=\"b\" d=\"M15 0h1v18h-1z\"/>") != shown.npos);
  CHECK(shown.find("<path class=\"g\" d=\"M0 8h15v10h-15zM16 8h") != shown.npos);
  CHECK(count(shown, "h-") == 4);
}

TEST_CASE("a target's last ninety days are bars with its uptime, and what was not watched is none") {
  Running r;
  const WallTime now = begin_of(Step::day, at_second(0)) + std::chrono::hours(12);
  std::vector<Rollup> hours, days;
  for (int i = 0; i < 10; ++i) {
    Rollup day;
    day.from = begin_of(Step::day, now) - std::chrono::hours(24) * i;
    day.times[Availability::up] = std::chrono::hours(i == 0 ? 12 : 24);
    if (i == 3) {
      day.times[Availability::outage] = std::chrono::minutes(30);
      day.times[Availability::up] -= std::chrono::minutes(30);
    }
    day.reads["health"].latency.add(12'000 + i * 1000);
    days.push_back(day);
  }
  CHECK(r.page("/").body.find("class=\"spans\"") == std::string::npos);
  r.on_loop([&] { r.backend.shown_bars = {bars_of("fabric", hours, days, {}, now)}; });
  const std::string page = r.page("/").body;
  const auto begin = page.find("<div class=\"spans\" role=\"group\" aria-label=\"History of fabric\">");
  REQUIRE(begin != page.npos);
  const std::string shown = page.substr(begin, page.find("</details>", begin) - begin);
  CHECK(shown.find("<strong>24h</strong> not seen") != shown.npos);
  CHECK(shown.find("<strong>30d</strong> 99.78 %") != shown.npos);
  // Of thirty bars one is bad, nine are good, and twenty are not there.
  const std::string month =
      shown.substr(shown.find("bars n30"), shown.find("</svg>", shown.find("bars n30")) - shown.find("bars n30"));
  CHECK(month.find("<path class=\"g\" d=\"M20 9h6v15h-6zM27 9h3v15h-3z\"/>") != month.npos);
  CHECK(month.find("<rect class=\"b\" x=\"26\" y=\"0\" width=\"1\" height=\"24\"><title>2026-11-") != month.npos);
  CHECK(month.find(": 97.91 %, outage 30m 00s</title>") != month.npos);
  CHECK(shown.find("median ") != shown.npos);
  CHECK(count(shown, "<svg class=\"curve\"") == 2);
  CHECK(page.find("<span class=\"unseen\">in 30 days </span>99.78 %</span>") != page.npos);
}

TEST_CASE("every metric of the contract is there, counters from the start") {
  Running r;
  SweepRecord sweep;
  sweep.target = "fabric";
  JudgedRead read;
  read.raw.read = "health";
  read.raw.phases.total_us = 3000;
  read.raw.phases.connect_us = 1000;
  sweep.reads = {read};
  r.on_loop([&] { r.room->on_sweep(sweep); });
  const std::string text = r.page("/metrics").body;
  for (const char* line :
       {"readback_read_success{target=\"fabric\",read=\"health\"} 0",
        "readback_boundary{target=\"fabric\",boundary=\"outage\"} 1",
        "readback_boundary{target=\"fabric\",boundary=\"drift\"} 0",
        "readback_incidents_open{target=\"fabric\",boundary=\"outage\"} 1", "readback_observer_healthy 1",
        "readback_config_last_reload_successful 1", "readback_sweeps_total 42", "readback_sweep_lag_seconds 0",
        "readback_alert_deliveries_total{sink=\"pager\",result=\"delivered\"} 3",
        "readback_alert_deliveries_total{sink=\"hook\",result=\"dead\"} 0", "readback_outbox_depth{sink=\"hook\"} 2",
        "readback_outbox_oldest_seconds 30", "readback_snapshots_total 1", "readback_store_bytes 123456",
        "readback_build_info{version=\"0.1.0\"} 1",
        "readback_read_duration_seconds_count{target=\"fabric\",read=\"health\",phase=\"connect\"} 1"}) {
    CAPTURE(line);
    CHECK(text.find(std::string("\n") + line) != std::string::npos);
  }
  for (const char* name :
       {"readback_config_hash ", "readback_last_sweep_timestamp_seconds ", "process_cpu_seconds_total ",
        "process_resident_memory_bytes ", "process_open_fds ", "process_start_time_seconds "}) {
    CAPTURE(name);
    CHECK(text.find(std::string("\n") + name) != std::string::npos);
  }
}

TEST_CASE("a fleet has a section and metrics of its own, and a host alone has neither") {
  Running r;
  CHECK(r.page("/").body.find("<h2>Fleet") == std::string::npos);
  CHECK(r.page("/metrics").body.find("readback_fleet") == std::string::npos);
  r.on_loop([&] {
    r.backend.shown.fleet = example_fleet();
    r.backend.shown.fleet->members[0].host = "<b>host-2";
    r.backend.shown.fleet->troubles = {"<i>trouble"};
  });
  const std::string text = r.page("/metrics").body;
  for (const char* line : {"readback_fleet_connected 1", "readback_fleet_members{state=\"alive\"} 2",
                           "readback_fleet_members{state=\"silent\"} 1", "readback_fleet_members{state=\"left\"} 1",
                           "readback_fleet_claims_held 1", "readback_fleet_evidence_unshipped 2",
                           "readback_fleet_disagreements_total 5"}) {
    CAPTURE(line);
    CHECK(text.find(std::string("\n") + line + "\n") != std::string::npos);
  }
  const std::string page = r.page("/").body;
  CHECK(page.find("<h2>Fleet prod</h2>") != std::string::npos);
  CHECK(page.find("2 of 3 hosts alive, connected to nats://10.0.0.1:4222") != std::string::npos);
  CHECK(page.find("<b>host-2") == std::string::npos);
  CHECK(page.find("<i>trouble") == std::string::npos);
  const auto silent = page.find("<th scope=\"row\">host-4</th>"), alive = page.find("<th scope=\"row\">host-7</th>");
  CHECK(silent < alive);
  CHECK(page.find("fabric outage to hook: ") < page.find("not told yet"));
  CHECK(page.find(", nobody speaks, attempts since the last answer: 4, passed on by host-2, host-7</li>") !=
        std::string::npos);
  r.on_loop([&] {
    r.backend.shown.fleet->is_connected = false;
    r.backend.shown.fleet->away_for = Seconds(134);
  });
  CHECK(r.page("/").body.find("has not answered for 2m 14s, this host decides alone") != std::string::npos);
  CHECK(r.page("/metrics").body.find("\nreadback_fleet_connected 0\n") != std::string::npos);
}

TEST_CASE("who follows the events does not take the places of the others") {
  Running r;
  const std::string follow = "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n";
  std::vector<std::unique_ptr<Wire>> readers;
  for (std::size_t i = 0; i < PublicPages::most_event_readers; ++i) {
    readers.push_back(std::make_unique<Wire>(r.port));
    readers.back()->send(follow);
    CHECK(readers.back()
              ->until([](const std::string& text) { return text.find("retry: ") != text.npos; })
              .find("retry: ") != std::string::npos);
  }
  for (int i = 0; i < 100; ++i) {  // none of them gets a place to keep
    Wire late(r.port);
    late.send(follow);
    const Seen refused = late.answer();
    CHECK(refused.status == 503);
    CHECK(refused.header("Retry-After") == "30");
    CHECK(refused.header("Content-Type") == "application/problem+json");
  }
  for (const char* path : {"/", "/metrics", "/healthz", "/readyz"}) CHECK(r.page(path).status == 200);
  // The socket has seats of its own.
  Wire local(r.socket());
  local.send("GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(local.until([](const std::string& text) { return text.find("retry: ") != text.npos; }).find("retry: ") !=
        std::string::npos);
  readers.pop_back();
  int status = 503;
  for (const auto limit = std::chrono::steady_clock::now() + Seconds(20);
       status == 503 && std::chrono::steady_clock::now() < limit;) {
    r.on_loop([&] { r.room->feed().publish("sweep", {}); });  // who has gone is noticed when something is said
    status = r.page("/events", "HEAD").status;
  }
  CHECK(status == 200);
}

TEST_CASE("a seat is free again when its stream has gone, and no stream is for ever where anybody may come") {
  net::io_context io;
  Feed feed(io.get_executor(), "boot");
  const FeedSeats seats{1, Millis(0)}, unlimited{1};
  Reply first = feed.follow(seats, "", false);
  REQUIRE(first.source);
  CHECK(run_coro(io, first.source->next()) == "");  // its time is over
  CHECK(feed.follow(seats, "", false).status == 503);
  first = Reply();
  CHECK(feed.follow(seats, "", false).status == 200);
  const Reply kept = feed.follow(unlimited, "", false);
  REQUIRE(kept.source);
  CHECK(run_coro(io, kept.source->next()).starts_with(": readback events"));
}

TEST_CASE("clients that say nothing, or never finish, do not keep the others out") {
  Running r;
  std::vector<std::unique_ptr<Wire>> silent;
  for (int i = 0; i < 200; ++i) {
    silent.push_back(std::make_unique<Wire>(r.port));
    if (i % 2) silent.back()->send("GET /metrics HTTP/1.1\r\nHos");
    if (i % 20 == 0) CHECK(r.page("/healthz").body == "ok\n");
  }
  for (const char* path : {"/", "/metrics", "/healthz", "/readyz"}) CHECK(r.page(path).status == 200);
  silent.front()->until([](const std::string&) { return false; });
  CHECK(silent.front()->closed());  // the oldest had to go first
}

TEST_CASE("the status page shows no address beyond its origin, and no query that a person has given") {
  Running r;
  r.on_loop([&] {
    r.backend.shown.engine.targets[0].base_url = "https://fabric.example:38080/t0ken/base";
    IncidentRecord open;
    open.id = "one";
    open.target = "fabric";
    open.summary = "OUTAGE fabric";
    open.symptom = "https://shop.example/pay?session=t0ken fails";
    open.conditions = {
        {4, ConditionState::State::met, "https://wiki.example/r7?token=t0ken, attested by ann", at_second(1)}};
    r.backend.shown.engine.incidents = {open};
  });
  const std::string page = r.page("/").body;
  CHECK(page.find("t0ken") == std::string::npos);
  CHECK(page.find("https://fabric.example:38080/…") != std::string::npos);
  CHECK(page.find("https://wiki.example/r7?… attested by ann") != std::string::npos);
  CHECK(r.ask("GET", "/v1/targets/fabric").parsed().at("base_url") == "https://fabric.example:38080/…");
}

}  // namespace readback
