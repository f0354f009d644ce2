#pragma once
// A daemon of the tests: a view that the test fills, and an engine that writes down what it was asked.
#include <deque>

#include "core/redaction/redactor.hpp"
#include "daemon/api/backend.hpp"
#include "daemon/runtime/clock.hpp"
#include "tests/support/control/example_fleet.hpp"

namespace readback {

struct FakeBackend : ControlBackend {
  View shown;
  std::vector<Event> asked;
  std::vector<Say> said;
  Answer next_answer;
  std::vector<SnapshotView> kept, with_fleet;
  std::vector<IncidentRecord> stored;  ///< over, and no longer in the view
  std::vector<DeliveryView> sent;
  HistoryKept history_kept;
  std::vector<RollupQuery> history_asked;
  std::vector<TargetHistory> shown_bars;
  std::string bundle_bytes;  ///< of what is kept here; "": its file is gone
  std::string fleet_away;    ///< why the fleet's servers do not answer; "": they do
  Redactor redactor{{}, "a key of the test"};
  std::size_t read_pages = 0, pages_asked = 0, whole_views = 0, incident_lists = 0, fleet_bundles = 0;

  View view() override {
    ++whole_views;
    return shown;
  }
  net::awaitable<Answer> ask(Unredacted<Event> said) override {
    const auto as_it_is = [](Event&, Redactor&) {};
    asked.push_back(redactor.open(std::move(said), as_it_is));
    co_return next_answer;
  }
  net::awaitable<TestReport> test_alerts(std::string sink) override {
    TestReport report;
    for (const auto& s : shown.daemon.sinks) {
      if (!sink.empty() && s.name != sink) continue;
      TestDelivery d;
      d.sink = s.name;
      d.type = s.type;
      d.ok = s.state != "broken";
      d.status = d.ok ? 202 : 404;
      d.detail = d.ok ? "202 Accepted" : "404 Not Found";
      report.deliveries.push_back(d);
    }
    co_return report;
  }
  std::vector<std::string> targets() override {
    std::vector<std::string> names;
    for (const auto& t : shown.engine.targets) names.push_back(t.name);
    return names;
  }
  std::optional<TargetView> target(const std::string& name) override {
    for (const auto& t : shown.engine.targets)
      if (t.name == name) return t;
    return std::nullopt;
  }
  std::vector<SinkView> sinks() override { return shown.daemon.sinks; }
  std::vector<Silence> silences() override { return shown.engine.silences; }
  net::awaitable<std::optional<IncidentRecord>> incident(std::string id) override {
    std::optional<IncidentRecord> found;
    for (const auto* list : {&shown.engine.incidents, &stored})
      for (const auto& i : *list)
        if (i.id == id && !found) found = i;
    co_return found;
  }
  net::awaitable<std::vector<IncidentRecord>> incidents(IncidentQuery query) override {
    ++incident_lists;
    std::vector<IncidentRecord> found;
    for (const auto* list : {&shown.engine.incidents, &stored})
      for (const auto& i : *list)
        if (query.takes(i)) found.push_back(i);
    co_return found;
  }
  net::awaitable<std::vector<std::string>> incident_ids() override {
    std::vector<std::string> ids;
    for (const auto* list : {&shown.engine.incidents, &stored})
      for (const auto& i : *list) ids.push_back(i.id);
    co_return ids;
  }
  net::awaitable<HistoryKept> history(RollupQuery query) override {
    history_asked.push_back(query);
    co_return history_kept;
  }
  net::awaitable<std::shared_ptr<const std::vector<TargetHistory>>> bars() override {
    auto all = std::make_shared<const std::vector<TargetHistory>>(shown_bars);
    co_return all;
  }
  net::awaitable<std::optional<SweepRecord>> stored_sweep(std::string target, std::uint64_t number) override {
    SweepRecord sweep;
    sweep.target = target;
    sweep.sweep = number;
    sweep.primary = "outage";
    sweep.at = WallTime(Millis(1'700'000'000'000));
    co_return sweep;
  }
  net::awaitable<std::vector<DeliveryView>> deliveries(std::string) override { co_return sent; }
  net::awaitable<std::vector<SnapshotView>> snapshots() override { co_return kept; }
  net::awaitable<std::optional<BundleFile>> bundle(std::string id, BundleForm) override {
    if (bundle_bytes.empty()) co_return std::nullopt;
    BundleFile file;
    file.snapshot.id = id;
    file.bytes = bundle_bytes;
    file.sha256 = std::string(64, 'a');
    co_return file;
  }
  std::optional<FleetOverview> fleet() override { return shown.fleet; }
  net::awaitable<Result<std::vector<SnapshotView>>> fleet_snapshots() override {
    if (!shown.fleet) co_return Failure{"this host is in no fleet"};
    if (!fleet_away.empty()) co_return Failure{fleet_away};
    co_return with_fleet;
  }
  net::awaitable<Result<BundleFile>> fleet_bundle(SnapshotView snapshot, BundleForm form) override {
    ++fleet_bundles;
    if (!fleet_away.empty()) co_return Failure{fleet_away};
    BundleFile file;
    file.sha256 = snapshot.sha256;
    file.bytes = (form == BundleForm::full ? "whole" : "public") + (" of " + snapshot.host);
    file.snapshot = std::move(snapshot);
    co_return file;
  }
  EvidenceKey evidence_key() override { return {"host-7", shown.daemon.evidence_key, "PEM of it\n"}; }
  net::awaitable<Result<ReadsPage>> reads(ReadsQuery query) override {
    ++pages_asked;
    ReadsPage page;
    page.next = query.cursor + 1;
    page.end = static_cast<std::size_t>(page.next) >= read_pages;
    page.lines = "{\"page\":" + std::to_string(query.cursor) + ",\"pad\":\"" + std::string(100'000, 'x') + "\"}\n";
    co_return page;
  }
  void say(Say line) override { said.push_back(std::move(line)); }
};

inline WallTime at_second(int s) { return WallTime(Millis(1'795'500'000'000 + s * 1000LL)); }

/// One target in an outage, one that is well, an incident, two sinks, a silence; names as hostile as they come.
inline View example_view(const std::string& target = "fabric") {
  View v;
  v.at = at_second(600);
  v.daemon.version = "0.1.0";
  v.daemon.host = "host-7";
  v.daemon.environment = "prod";
  v.daemon.config_digest = "sha256:0123456789abcdef0123456789abcdef";
  v.daemon.started_at = at_second(0);
  v.daemon.sweeps_total = 42;
  v.daemon.snapshots = 1;
  v.daemon.store_bytes = 123456;
  v.daemon.sandbox = "landlock ABI 7, seccomp";
  SinkView pager;
  pager.name = "pager";
  pager.type = "pagerduty";
  pager.state = "delivered";
  pager.delivered = 3;
  SinkView hook;
  hook.name = "hook";
  hook.type = "webhook";
  hook.state = "retrying";
  hook.detail = "503 Service Unavailable, 4th attempt, next in 8 s";
  hook.depth = 2;
  hook.oldest_at = at_second(570);
  v.daemon.sinks = {pager, hook};
  TargetView t;
  t.name = target;
  t.base_url = "https://user:hunter2@fabric.example:38080/?key=hunter2";
  t.primary = "outage";
  t.extent = "total";
  t.severity = Severity::critical;
  t.holding = {Boundary::outage};
  t.text = "OUTAGE total: /health refused since 03:11:58Z";
  t.sweep = 20;
  t.last_sweep_at = at_second(590);
  ReadView r;
  r.name = "health";
  r.kind = "surface";
  r.role = "health";
  r.word = "unreachable";
  r.at = at_second(590);
  r.since = at_second(500);
  r.took = Millis(3);
  r.reasons = {"connection refused"};
  t.reads = {r};
  TargetView good;
  good.name = "second";
  good.base_url = "http://127.0.0.1:1";
  good.primary = "green";
  good.text = "green: every surface passes";
  good.sweep = 20;
  good.last_sweep_at = at_second(590);
  good.green_since = at_second(10);
  r.name = "services";
  r.word = "pass";
  r.green = true;
  r.reasons.clear();
  good.reads = {r};
  v.engine.targets = {t, good};
  IncidentRecord i;
  i.id = "019abcde-0000-7000-8000-000000000001";
  i.target = target;
  i.summary = "OUTAGE total " + target + ": /health refused since 03:11:58Z (3 of 3 sweeps)";
  i.severity = Severity::critical;
  i.extent = Extent::total;
  i.opened_at = at_second(500);
  i.confirmed_at = at_second(506);
  i.first_failure = FirstFailure{"health", at_second(500), "connection refused"};
  i.runbook = {"Restore service", "https://runbooks.example/outage", "platform"};
  i.evidence.snapshot = "019abcde-0000-7000-8000-00000000000a";
  i.sweeps.last_good = 16;
  i.sweeps.at_page = 19;
  for (int n = 0; n < 6; ++n) {
    ConditionState c;
    c.number = n + 1;
    c.state = n < 2 ? ConditionState::State::met : ConditionState::State::unmet;
    i.conditions.push_back(c);
  }
  i.timeline = {{at_second(500), "opened", "first failure"}, {at_second(506), "firing", "paged"}};
  v.engine.incidents = {i};
  Silence s;
  s.id = "019abcde-0000-7000-8000-0000000000ff";
  s.reason = "deploy";
  s.by = "root";
  s.created_at = at_second(0);
  s.expires_at = at_second(7200);
  s.has_begun = true;
  v.engine.silences = {s};
  return v;
}

}  // namespace readback
