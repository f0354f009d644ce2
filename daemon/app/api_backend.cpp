// What the control socket asks of the daemon: the published view, an operator's word to the engine, and what the store
// and the evidence room keep.
#include <unistd.h>

#include <boost/asio/this_coro.hpp>

#include "core/codec/incident_json.hpp"
#include "core/codec/reads_json.hpp"
#include "core/text/encoding.hpp"
#include "daemon/app/app.hpp"
#include "daemon/evidence/archive.hpp"
#include "daemon/platform/log.hpp"
#include "daemon/platform/version.hpp"
#include "daemon/runtime/clock.hpp"
#include "daemon/runtime/wake.hpp"

namespace readback {
namespace {

constexpr Millis longest_gathering = Seconds(10);  // an operator waits for a capture
constexpr Millis longest_packing = Seconds(10);    // of a bundle in its public form
constexpr Millis longest_answer = Seconds(30);     // for the engine's answer: a slow disk, or a long queue before it

/// What people paste into a sentence is redacted like what a platform says. A runbook may be told by its address, and
/// that may hold a token: the status page, which asks nobody who they are, leaves queries out altogether.
struct Cleaned {
  Redactor& redactor;
  void operator()(SymptomSaid& e) const { e.text = redactor.text(e.text), e.exposed_by = redactor.text(e.exposed_by); }
  void operator()(ResolveAttested& e) const { e.runbook = redactor.text(e.runbook), e.note = redactor.text(e.note); }
  void operator()(SilenceAdded& e) const { e.silence.reason = redactor.text(e.silence.reason); }
  void operator()(CaptureAsked& e) const { e.reason = redactor.text(e.reason); }
  template <class Other>
  void operator()(Other&) const {}
};

}  // namespace

View App::view() {
  const LoopWatch::Step step(watch_, "the view for whoever asks");
  View v;
  const auto at = now();
  v.at = at.wall;
  v.engine = engine_->view(at);
  if (auto notices = member_->notices(); !notices.empty()) {
    std::move(notices.begin(), notices.end(), std::back_inserter(v.engine.incidents));
    std::stable_sort(v.engine.incidents.begin(), v.engine.incidents.end(), shown_before);
  }
  auto& d = v.daemon;
  d.version = version();
  d.host = host_;
  d.environment = current_.config.environment;
  d.config_path = config_path_;
  d.config_digest = current_.digest;
  d.pid = ::getpid();
  d.started_at = started_.wall;
  d.last_reload_at = reloaded_at_;
  d.reload_ok = reload_ok_;
  d.reload_error = reload_error_;
  d.store_ok = store_->ok();
  d.store_error = store_->error();
  d.store_notes = store_->notes();
  d.store_bytes = store_->bytes();
  d.snapshots = store_->snapshot_count();
  d.unwatched = unwatched();
  d.sweeps_counted = engine_->sweeps_counted();
  d.sweeps_total = sweeps_total_;
  d.log_overruns = log_overruns();
  d.sandbox = sandbox_text_;
  d.sandbox_complete = sandbox_complete_;
  d.heartbeat_at = delivery_->heartbeat_at();
  if (evidence_key_) d.evidence_key = evidence_key_->public_half().text();
  d.lag = last_lag_;
  d.sinks = delivery_->view();
  v.fleet = fleet();
  return v;
}

/// The engine knows the open incidents; what the store has kept of another comes with the question.
net::awaitable<void> App::bring_ended(Event& event) {
  std::string id;
  std::optional<IncidentRecord>* ended = nullptr;
  const auto about = [&](auto& said) { id = said.incident_id, ended = &said.ended; };
  if (auto* said = std::get_if<Acknowledged>(&event)) about(*said);
  if (auto* said = std::get_if<VerifyAsked>(&event)) about(*said);
  if (auto* said = std::get_if<ResolveAttested>(&event)) about(*said);
  if (!ended || engine_->open_record(id)) co_return;
  *ended = co_await incident(std::move(id));
}

net::awaitable<Answer> App::ask(Unredacted<Event> said) {
  const auto clean = [](Event& event, Redactor& redactor) { std::visit(Cleaned{redactor}, event); };
  Event event = redactor_->open(std::move(said), clean);
  co_await bring_ended(event);
  // Who asks for a snapshot waits for what the evidence commands say now, within bounds; the loop does not.
  if (std::holds_alternative<CaptureAsked>(event)) co_await commands_->gather(longest_gathering);
  auto executor = co_await net::this_coro::executor;
  struct Wait {
    explicit Wait(net::any_io_executor ex) : wake(std::move(ex)) {}
    Wake wake;
    std::optional<Answer> answer;
  };
  auto wait = std::make_shared<Wait>(executor);
  auto reply = [wait](const Answer& a) {
    wait->answer = a;
    wait->wake.notify();
  };
  std::function<void(const Answer&)> told = reply;
  put(std::move(event), std::move(told));
  if (!wait->answer) co_await wait->wake.wait_for(longest_answer);
  Answer late;
  late.ok = false;
  late.problem = 503;
  late.text = "the daemon is busy and has not answered within 30 s";
  co_return wait->answer ? *wait->answer : late;
}

net::awaitable<TestReport> App::test_alerts(std::string sink) {
  TestReport report;
  TestAlertAsked asked;
  asked.sink = sink;
  Unredacted<Event> said(Event{asked});
  auto answer = co_await ask(std::move(said));
  if (!answer.ok) {
    report.refused = answer;
    co_return report;
  }
  const auto before = now().mono;
  auto results = co_await delivery_->test_results(answer.id, Seconds(15));
  for (const auto& r : results) {
    TestDelivery d;
    d.sink = r.sink;
    d.type = r.type;
    d.ok = r.delivered;
    d.status = r.status;
    d.detail = r.text;
    d.took = now().mono - before;
    report.deliveries.push_back(std::move(d));
  }
  co_return report;
}

std::vector<std::string> App::targets() {
  std::vector<std::string> names;
  for (const TargetConfig& target : current_.config.targets) names.push_back(target.name);
  return names;
}

std::optional<TargetView> App::target(const std::string& name) { return engine_->target_view(name, now()); }

std::vector<SinkView> App::sinks() { return delivery_->view(); }

std::vector<Silence> App::silences() { return engine_->silences(now()); }

net::awaitable<std::optional<IncidentRecord>> App::incident(std::string id) {
  auto found = engine_->open_incident(id);
  for (const auto& notice : member_->notices())
    if (notice.id == id) found = notice;
  if (found) co_return found;
  const auto row = co_await store_->incident(std::move(id));
  if (!row) co_return found;
  auto read = read_incident(row->text);
  if (read) found = *std::move(read);
  co_return found;
}

net::awaitable<std::vector<IncidentRecord>> App::incidents(IncidentQuery query) {
  auto all = engine_->open_incidents();
  auto notices = member_->notices();
  std::move(notices.begin(), notices.end(), std::back_inserter(all));
  if (!query.open_only && query.state.value_or(IncidentState::resolved) == IncidentState::resolved) {
    IncidentSearch ended;
    ended.which = IncidentSearch::Which::resolved;
    ended.target = query.target;
    // What is looked for in the texts is looked for here, in as many as the store keeps.
    constexpr std::size_t all_kept = 10'000;
    const bool sifts = query.boundary || !query.text.empty() || query.since > WallTime{};
    ended.limit = sifts ? all_kept : query.most;
    const auto rows = co_await store_->incidents(std::move(ended));
    std::size_t taken = 0;
    for (const auto& row : rows) {
      if (taken == query.most) break;
      if (query.boundary && row.boundary != to_string(*query.boundary)) continue;
      if (row.resolved_at.value_or(WallTime::max()) < query.since) continue;
      auto read = read_incident(row.text);
      if (!read || !query.takes(*read)) continue;
      all.push_back(*std::move(read));
      ++taken;
    }
  }
  std::erase_if(all, [&](const IncidentRecord& i) { return !query.takes(i); });
  std::stable_sort(all.begin(), all.end(), shown_before);
  co_return all;
}

net::awaitable<std::vector<std::string>> App::incident_ids() {
  IncidentQuery every;
  const auto all = co_await incidents(std::move(every));
  std::vector<std::string> ids;
  for (const auto& each : all) ids.push_back(each.id);
  co_return ids;
}

std::vector<Spell> App::open_spells(const std::string& target) const {
  std::vector<Spell> open;
  for (const auto* incident : engine_->open_records())
    if (target.empty() || incident->target == target) open.push_back(spell_of(*incident));
  return open;
}

net::awaitable<HistoryKept> App::history(RollupQuery query) {
  write_hours();
  auto open = open_spells(query.target);
  std::erase_if(open, [&](const Spell& each) { return each.from >= query.span.to; });
  auto kept = co_await store_->history(std::move(query));
  std::move(open.begin(), open.end(), std::back_inserter(kept.spells));
  co_return kept;
}

net::awaitable<std::shared_ptr<const std::vector<TargetHistory>>> App::bars() {
  if (bars_.bars && now().mono < bars_.until) co_return bars_.bars;
  write_hours();
  const auto at = now();
  auto names = targets();
  auto open = open_spells("");
  auto made = co_await store_->bars(std::move(names), std::move(open), at.wall);
  bars_ = {std::make_shared<const std::vector<TargetHistory>>(std::move(made)), at.mono + std::chrono::minutes(1)};
  co_return bars_.bars;
}

net::awaitable<std::optional<SweepRecord>> App::stored_sweep(std::string target, std::uint64_t sweep) {
  std::vector<std::uint64_t> wanted{sweep};
  auto sweeps = co_await store_->sweep_reads(target, wanted);
  std::optional<SweepRecord> found;
  if (!sweeps.empty()) found = std::move(sweeps.front());
  co_return found;
}

net::awaitable<std::vector<DeliveryView>> App::deliveries(std::string incident_id) {
  constexpr std::size_t most = 200;
  auto rows = co_await store_->deliveries(std::move(incident_id), most);
  std::vector<DeliveryView> all;
  for (const auto& row : rows) {
    DeliveryView v;
    v.at = row.created;
    v.event = to_string(row.kind);
    v.sink = row.sink;
    v.state = to_string(row.state);
    v.answer = row.last_detail;
    v.attempts = row.attempts;
    v.done_at = row.done_at;
    all.push_back(std::move(v));
  }
  co_return all;
}

net::awaitable<std::vector<SnapshotView>> App::snapshots() {
  std::vector<SnapshotView> all;
  for (auto& row : store_->snapshots()) all.push_back(std::move(row));
  co_return all;
}

net::awaitable<std::optional<BundleFile>> App::bundle(std::string id, BundleForm form) {
  std::optional<BundleFile> out;
  const auto row = store_->find_snapshot(id);
  if (!row) co_return out;
  BundleFile file;
  file.snapshot = *row;
  const std::string path = path_of(*store_, *row);
  if (form == BundleForm::full) {
    file.path = path;
    file.sha256 = row->sha256;
    out = std::move(file);
    co_return out;
  }
  std::function<Result<std::string>()> work = [path, key = evidence_key_] {
    return public_safe_bundle(path, key.get());
  };
  auto packed = co_await aside_.within(longest_packing, "", std::move(work));
  if (!packed || !*packed) co_return out;
  file.bytes = *std::move(*packed);
  file.sha256 = sha256_hex(file.bytes);
  out = std::move(file);
  co_return out;
}

std::optional<FleetOverview> App::fleet() {
  std::optional<FleetOverview> overview;
  if (!fleet_) return overview;
  overview = member_->fleet()->overview(now().mono);
  fleet_->complete(*overview);
  return overview;
}

net::awaitable<Result<std::vector<SnapshotView>>> App::fleet_snapshots() {
  if (!fleet_) co_return Failure{"this host is in no fleet"};
  auto all = co_await fleet_->snapshots();
  co_return all;
}

net::awaitable<Result<BundleFile>> App::fleet_bundle(SnapshotView snapshot, BundleForm form) {
  if (!fleet_) co_return Failure{"this host is in no fleet"};
  auto bytes = co_await fleet_->bundle(snapshot);
  if (!bytes) co_return bytes.failure();
  BundleFile file;
  file.sha256 = snapshot.sha256;
  file.snapshot = std::move(snapshot);
  file.bytes = *std::move(bytes);
  if (form == BundleForm::full) co_return file;
  auto full = std::make_shared<const std::string>(std::move(file.bytes));
  std::function<Result<std::string>()> work = [full] { return public_safe_form(*full, nullptr); };
  auto packed = co_await aside_.within(longest_packing, "", std::move(work));
  if (!packed) co_return Failure{"making the public-safe form takes too long"};
  if (!*packed) co_return Failure{"there is no public-safe form of it: " + packed->error()};
  file.bytes = *std::move(*packed);
  file.sha256 = sha256_hex(file.bytes);
  co_return file;
}

EvidenceKey App::evidence_key() {
  EvidenceKey shown;
  shown.host = host_;
  if (!evidence_key_) return shown;
  shown.text = evidence_key_->public_half().text();
  shown.pem = evidence_key_->public_half().pem();
  return shown;
}

net::awaitable<Result<ReadsPage>> App::reads(ReadsQuery query) {
  ReadsPage out;
  ReadQuery ask;
  ask.target = query.target;
  ask.from = query.since;
  if (query.until) ask.to = *query.until - Millis(1);
  ask.after = query.cursor;
  ask.limit = std::max<std::size_t>(1, query.max_bytes / 4096);
  auto page = co_await store_->read_page(ask);
  for (const auto& sweep : page.sweeps)
    for (const auto& r : sweep.reads)
      out.lines += to_recorded_line({sweep.target, sweep.sweep, r.raw, sweep.void_reason}) + "\n";
  out.end = !page.next;
  out.next = page.next.value_or(0);
  co_return out;
}

}  // namespace readback
