// When evidence is gathered and sealed, and which: through the engine, in simulated time.
#include <doctest/doctest.h>

#include "core/engine/engine.hpp"
#include "tests/core/engine/on_disk.hpp"

using namespace readback;

namespace {

class Watch {
 public:
  explicit Watch(Config config = {}, bool recorded = false) {
    if (config.targets.empty()) config.targets = {default_target("fabric")};
    EngineOptions options;
    options.recorded = recorded;
    engine_ = std::make_unique<Engine>(config, options, now_);
  }
  Actions tell(Event e) { return engine_->handle(std::move(e), now_); }
  /// The next sweep, in which /health answers so.
  Actions sweep(int status) {
    tell(Tick{});
    SweepDone done;
    done.target = "fabric";
    done.sweep = ++number_;
    for (const SurfaceConfig& s : default_surfaces()) {
      RawRead r;
      r.read = s.name;
      r.at = now_.wall;
      if (certificate_) r.address = "127.0.0.1:443", r.tls_expires_at = now_.wall + *certificate_;
      HttpAnswer a;
      a.status = s.name == "health" ? status : 200;
      a.body = a.status == 200 ? R"({"status":"ok"})" : R"({"status":"down"})";
      r.answer = a;
      done.reads.push_back(std::move(r));
    }
    auto actions = tell(done);
    later(Seconds(2));
    return actions;
  }
  void later(Millis by) { now_.wall += by, now_.mono += by; }
  void expires_in(Millis left) { certificate_ = left; }
  IncidentRecord incident() const { return engine_->view(now_).incidents.at(0); }
  std::uint64_t started() const { return engine_->view(now_).targets.at(0).sweep; }
  std::vector<std::string> impairments() const { return engine_->impairments(now_); }
  Engine& engine() { return *engine_; }

 private:
  std::unique_ptr<Engine> engine_;
  Instant now_{MonoTime(Seconds(1000)), WallTime(Seconds(1'764'000'000))};
  std::uint64_t number_ = 0;
  std::optional<Millis> certificate_;
};

template <class A>
std::vector<A> of(const Actions& actions) {
  std::vector<A> found;
  for (const auto& a : actions)
    if (const auto* one = std::get_if<A>(&a)) found.push_back(*one);
  return found;
}

}  // namespace

TEST_CASE("Evidence commands start with the first suspicion, well before the page, and once for it") {
  Watch w;
  w.sweep(200);
  CHECK(of<StartEvidence>(w.sweep(200)).empty());
  const auto first = w.sweep(503);
  REQUIRE(of<StartEvidence>(first).size() == 1);
  CHECK(of<StartEvidence>(first)[0].target == "fabric");
  CHECK(of<Seal>(first).empty());
  CHECK(of<StartEvidence>(w.sweep(503)).empty());
  const auto page = w.sweep(503);
  CHECK(of<Seal>(page).size() == 1);
  CHECK(of<StartEvidence>(page).size() == 1);  // the shell knows that they have just run
}

TEST_CASE("A page that nothing announced starts them as well; a replay starts nothing") {
  Config config;
  config.targets = {default_target("fabric")};
  config.targets[0].edit().confirm.failures = 1;
  Watch w(config);
  w.sweep(200);
  CHECK(of<StartEvidence>(w.sweep(503)).size() == 1);
  Watch recorded(config, true);
  recorded.sweep(200);
  CHECK(of<StartEvidence>(recorded.sweep(503)).empty());
}

TEST_CASE("A snapshot proves in itself that it was sealed in time") {
  Watch w;
  for (int status : {200, 503, 503}) w.sweep(status);
  const auto order = of<Seal>(w.sweep(503)).at(0).order;
  CHECK(order.latest == 4);
  CHECK(order.incident.sweeps.at_page == 4);
  CHECK(order.incident.sweeps.first_bad == 2);
  CHECK(order.incident.sweeps.last_good == 1);
  CHECK(order.incident.conditions.at(1).state == ConditionState::State::met);
  CHECK(order.incident.conditions.at(1).by == "this snapshot");
}

TEST_CASE("A page leaves with the digest of its snapshot, and not before it is sealed") {
  Watch w;
  for (int status : {200, 503, 503}) w.sweep(status);
  const auto bad = w.sweep(503);
  CHECK(of<Notify>(bad).empty());
  const auto asked = of<Seal>(bad).at(0);
  const auto told = w.tell(on_disk(asked, "0a1b"));
  REQUIRE(of<Notify>(told).size() == 1);
  const auto page = of<Notify>(told)[0].event;
  CHECK(page.kind == EventKind::firing);
  CHECK(page.incident.evidence.snapshot == asked.order.snapshot_id);
  CHECK(page.incident.evidence.sha256 == "0a1b");
  CHECK(page.evidence_note.empty());
  REQUIRE(of<SaveState>(told).size() == 1);  // the state that names the snapshot is in the page's own transaction
  CHECK(of<SaveState>(told)[0].urgent);
}

TEST_CASE("A disk that takes no snapshot holds back no page: it says that it has no evidence, and why") {
  Watch w;
  for (int status : {200, 503, 503}) w.sweep(status);
  const auto asked = of<Seal>(w.sweep(503)).at(0);
  const auto told = w.tell(not_on_disk(asked, "no space left"));
  REQUIRE(of<Notify>(told).size() == 1);
  CHECK(of<Notify>(told)[0].event.incident.evidence.empty());
  CHECK(of<Notify>(told)[0].event.evidence_note == "no snapshot: no space left");
  CHECK(w.incident().evidence.empty());
  CHECK(w.incident().timeline.back().kind == "snapshot failed");
}

TEST_CASE(
    "What could not be sealed for a page is sealed as soon as the disk takes it, and impairs the watch until then") {
  Watch w;
  for (int status : {200, 503, 503}) w.sweep(status);
  const auto asked = of<Seal>(w.sweep(503)).at(0);
  CHECK(w.impairments().empty());
  w.tell(not_on_disk(asked, "no space left"));
  const std::string missing = "no evidence of incident " + w.incident().id + " can be sealed: ";
  CHECK(w.impairments() == std::vector<std::string>{missing + "no space left"});

  CHECK(of<Seal>(w.sweep(503)).empty());  // not at every sweep
  w.later(Seconds(30));
  const auto again = of<Seal>(w.sweep(503));
  REQUIRE(again.size() == 1);
  CHECK(again[0].order.again);
  CHECK(again[0].order.reason == "page");
  CHECK(of<Say>(w.tell(not_on_disk(again[0], "too many open files"))).empty());  // told once
  CHECK(w.impairments() == std::vector<std::string>{missing + "too many open files"});
  w.later(Seconds(30));
  const auto at_last = of<Seal>(w.sweep(503));
  REQUIRE(at_last.size() == 1);
  const auto told = w.tell(on_disk(at_last[0]));
  CHECK(of<Notify>(told).empty());
  REQUIRE(of<Say>(told).size() == 1);
  CHECK(of<Say>(told)[0].kind == "snapshot.late");
  CHECK(w.impairments().empty());
  CHECK(w.incident().evidence.snapshot == at_last[0].order.snapshot_id);
  CHECK(w.incident().conditions.at(1).state == ConditionState::State::met);
  w.later(Seconds(60));
  CHECK(of<Seal>(w.sweep(503)).empty());
}

TEST_CASE("Once all is green there is nothing left to prove: no evidence is asked for") {
  Watch w;
  for (int status : {200, 503, 503}) w.sweep(status);
  w.tell(not_on_disk(of<Seal>(w.sweep(503)).at(0), "no space left"));
  w.later(Seconds(30));
  CHECK(of<Seal>(w.sweep(200)).empty());
  CHECK(w.impairments().empty());
}

TEST_CASE("Evidence that a kill has taken is sealed by the next start, while it still proves something") {
  Watch w;
  for (int status : {200, 503, 503}) w.sweep(status);
  w.tell(not_on_disk(of<Seal>(w.sweep(503)).at(0), "it was not sealed within 2 s"));
  Watch next;
  REQUIRE(
      next.engine().restore(w.engine().save(), {MonoTime(Seconds(1000)), WallTime(Seconds(1'764'000'000))}).empty());
  const auto again = of<Seal>(next.sweep(503));
  REQUIRE(again.size() == 1);
  next.tell(on_disk(again[0]));
  CHECK(next.incident().conditions.at(1).state == ConditionState::State::met);
}

TEST_CASE("Captured is said of what is on the disk") {
  Watch w;
  w.sweep(200);
  auto asked = w.tell(CaptureAsked{"", "look", "root"});
  CHECK(of<Answer>(asked).empty());
  auto answer = of<Answer>(w.tell(on_disk(of<Seal>(asked).at(0))));
  REQUIRE(answer.size() == 1);
  CHECK(answer[0].ok);
  CHECK(answer[0].id == of<Seal>(asked).at(0).order.snapshot_id);
  asked = w.tell(CaptureAsked{"", "again", "root"});
  answer = of<Answer>(w.tell(not_on_disk(of<Seal>(asked).at(0), "read-only file system")));
  REQUIRE(answer.size() == 1);
  CHECK(answer[0].problem == 503);
  CHECK(answer[0].text == "no snapshot could be sealed: read-only file system");
}

TEST_CASE("A certificate that ends soon is told once a day and address, also of a sweep that does not count") {
  Watch w;
  const auto told = [&](const Actions& actions) {
    std::string text;
    for (const auto& line : of<Say>(actions))
      if (line.kind == "tls.expires") text += line.text;
    return text;
  };
  w.expires_in(std::chrono::hours(24 * 3));
  CHECK(told(w.sweep(200)).starts_with("the certificate of 127.0.0.1:443 expires on 2025-11-2"));
  CHECK(told(w.sweep(200)) == "");
  w.later(std::chrono::hours(24));
  CHECK_FALSE(told(w.sweep(200)).empty());
  w.expires_in(std::chrono::hours(24 * 30));  // renewed
  w.later(std::chrono::hours(24));
  CHECK(told(w.sweep(200)) == "");
}

TEST_CASE(
    "A capture takes the last sweep that came back, not the one under way, and names no other evidence for the page") {
  Watch w;
  for (int status : {200, 503, 503}) w.sweep(status);
  const auto asked = of<Seal>(w.sweep(503)).at(0);
  const auto& page = asked.order;
  w.tell(on_disk(asked));
  w.later(Seconds(40));
  w.tell(Tick{});
  CHECK(w.started() > 4);  // the next one is under way
  const auto by_hand = of<Seal>(w.tell(CaptureAsked{"", "look", "root"})).at(0);
  const auto& capture = by_hand.order;
  CHECK(capture.on_request);
  CHECK(capture.latest == 4);
  CHECK(capture.incident.id == page.incident.id);
  w.tell(on_disk(by_hand, "def"));
  CHECK(w.incident().evidence.snapshot == page.snapshot_id);
  CHECK(w.incident().conditions.at(1).by == "snapshot " + page.snapshot_id);
}

TEST_CASE("A burst does not put off the regular sweeps: the page is not the last that is read for minutes") {
  Config config;
  config.targets = {default_target("fabric")};
  config.targets[0].edit().confirm.failures = 10;
  Watch w(config);
  w.sweep(200);
  for (int i = 0; i < 10; ++i) w.sweep(503);
  CHECK(w.incident().state == IncidentState::firing);
  const auto before = w.started();
  // A sweep of a burst takes the place of a regular one that is nearer than half an interval, and of no other.
  w.later(config.targets[0]->interval * 3 / 2 + config.targets[0]->interval / 10);
  w.tell(Tick{});
  CHECK(w.started() == before + 1);
}

TEST_CASE("The check that the suspicion asked for counts for the ledger of the page") {
  Config config;
  config.targets = {default_target("fabric")};
  config.targets[0].edit().checks.emplace_back().name = "materialization";
  Watch w(config);
  w.sweep(200);
  w.sweep(503);
  RawRead read;
  read.read = "check:materialization";
  read.at = WallTime(Seconds(1'764'000'003));
  CheckRun run;
  run.exit = 0;
  read.answer = run;
  w.tell(CheckDone{"fabric", read});
  w.sweep(503);  // its result belongs to this sweep, and the page comes with the next
  const auto seals = of<Seal>(w.sweep(503));
  REQUIRE(seals.size() == 1);
  CHECK(seals[0].order.incident.conditions.at(2).state == ConditionState::State::met);
  CHECK(seals[0].order.incident.conditions.at(2).by == "check:materialization said in_sync");
  CHECK(seals[0].order.incident.conditions.at(2).at == read.at);
}

TEST_CASE("Without an incident a capture holds the last sweep") {
  Watch w;
  w.sweep(200);
  w.sweep(200);
  w.tell(Tick{});
  const auto order = of<Seal>(w.tell(CaptureAsked{"", "", "root"})).at(0).order;
  CHECK(order.latest == 2);
  CHECK(order.incident.sweeps.at_page == 2);
  CHECK_FALSE(order.has_incident());
}

TEST_CASE("What an operator declares has its owner, its next step and its ledger in the snapshot") {
  Watch w;
  w.sweep(200);
  const auto actions = w.tell(SymptomSaid{"users cannot pay", "", "root", std::nullopt, "user:checkout"});
  const auto order = of<Seal>(actions).at(0).order;
  CHECK(order.incident.runbook.title == "Debug failed agent task");
  CHECK_FALSE(order.incident.next_safe_step.empty());
  CHECK(order.incident.exposed_by == "user:checkout");
  REQUIRE(order.incident.conditions.size() == 6);
  CHECK(order.incident.conditions[0].by == "users cannot pay, said by root");
  CHECK(of<StartEvidence>(actions).size() == 1);
}

TEST_CASE("A symptom that comes after the recovery belongs to the incident that is not resolved yet") {
  Watch w;
  for (int status : {200, 503, 503, 503, 200, 200, 200}) w.sweep(status);
  CHECK(w.incident().state == IncidentState::recovered);
  w.tell(SymptomSaid{"checkout was slow for ten minutes", "", "ada", Extent::degraded, ""});
  CHECK(w.engine().view(Instant{}).incidents.size() == 1);
  const auto first = w.incident().conditions.at(0);
  CHECK(first.by == "checkout was slow for ten minutes, said by ada");
  CHECK(first.at > w.incident().opened_at);
  CHECK(w.incident().timeline.back().text == "ada: checkout was slow for ten minutes (seen as degraded)");
}
