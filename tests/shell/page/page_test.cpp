// What the read-only listener shows to whoever can reach it.
#include <doctest/doctest.h>

#include "tests/support/control/running.hpp"

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
  CHECK(r.page("/", "GET", "127.0.0.1:9464").status == 200);
  CHECK(r.page("/", "GET", "[::1]:9464").status == 200);
  r.on_loop([&] { r.backend.shown.engine.targets[1].sweep = 0; });
  const Seen early = r.page("/readyz");
  CHECK(early.status == 503);
  CHECK(early.body == "target second was not swept yet\n");
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

}  // namespace readback
