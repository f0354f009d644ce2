// What operators ask of the engine around the end of an incident, and what it says of its own trouble.
#include <doctest/doctest.h>

#include "core/codec/view_json.hpp"
#include "core/engine/engine.hpp"

using namespace readback;

namespace {

class Shift {
 public:
  explicit Shift(bool require_attestation = false) {
    config_.environment = "prod";
    config_.targets = {default_target("fabric")};
    config_.resolution.require_attestation = require_attestation;
    EngineOptions options;
    options.recorded = true;
    options.host = "host-7";
    engine_ = std::make_unique<Engine>(config_, options, now_);
  }

  Answer ask(const Event& event) {
    Answer answer;
    for (const auto& action : engine_->handle(event, now_)) {
      keep(action);
      if (const auto* said = std::get_if<Answer>(&action)) answer = *said;
    }
    return answer;
  }
  /// What it logs of its own trouble in one sweep.
  std::string sweep(bool good, const std::string& void_reason = "") {
    SweepDone done;
    done.target = "fabric";
    done.sweep = ++number_;
    done.void_reason = void_reason;
    for (const SurfaceConfig& surface : config_.targets[0]->surfaces) {
      RawRead read;
      read.read = surface.name;
      read.at = now_.wall;
      const bool pass = good || surface.name != "health";  // one boundary, so one incident
      HttpAnswer http;
      http.status = pass ? 200 : 503;
      http.headers = {{"content-type", "application/json"}};
      http.body = pass ? R"({"status":"ok"})" : R"({"status":"down"})";
      read.answer = http;
      done.reads.push_back(read);
    }
    std::string said;
    for (const auto& action : engine_->handle(done, now_)) {
      keep(action);
      if (const auto* line = std::get_if<Say>(&action); line && line->kind.starts_with("sweep.")) said += line->text;
    }
    now_.wall += Seconds(30);
    now_.mono += Seconds(30);
    return said;
  }
  void sweeps(int count, bool good) {
    for (int i = 0; i < count; ++i) sweep(good);
  }
  /// The open one, else what the store has kept last.
  IncidentRecord incident() const {
    const auto open = engine_->open_incidents();
    return open.empty() ? kept_.value_or(IncidentRecord{}) : open.front();
  }
  /// As the store would know it.
  std::optional<IncidentRecord> ended(const std::string& id) const {
    return kept_ && kept_->id == id ? kept_ : std::nullopt;
  }
  void restart() {
    const auto state = engine_->save();
    EngineOptions options;
    options.recorded = true;
    engine_ = std::make_unique<Engine>(config_, options, now_);
    CHECK(engine_->restore(state, now_).empty());
  }
  /// A whole outage, over and resolved.
  std::string resolved() {
    sweeps(2, true);
    sweeps(3, false);
    sweeps(10, true);
    CHECK(incident().state == IncidentState::resolved);
    return incident().id;
  }

 private:
  void keep(const Action& action) {
    if (const auto* ended = std::get_if<Keep>(&action)) kept_ = ended->incident;
  }
  std::optional<IncidentRecord> kept_;
  Config config_;
  Instant now_{MonoTime(std::chrono::hours(1)), WallTime(Millis(1795402800000))};
  std::unique_ptr<Engine> engine_;
  std::uint64_t number_ = 0;
};

const ConditionState& runbook_of(const IncidentRecord& i) { return i.conditions.at(3); }

}  // namespace

TEST_CASE("a resolved incident can still be verified, and nothing is read for it") {
  Shift shift;
  const auto id = shift.resolved();
  const Answer answer = shift.ask(VerifyAsked{id, shift.ended(id)});
  CHECK(answer.ok);
  CHECK(answer.id == id);
  CHECK(answer.text == "resolved already: these are the conditions as it was closed");
  CHECK(conditions_hold(shift.incident().conditions));
  CHECK(shift.ask(VerifyAsked{"019abcde-0000-7000-8000-000000000000", std::nullopt}).problem == 404);
}

TEST_CASE("which runbook was used can be said the morning after, and is kept") {
  Shift shift;
  const auto id = shift.resolved();
  CHECK(runbook_of(shift.incident()).state == ConditionState::State::unattested);
  CHECK(runbook_of(shift.incident()).by == "nobody has said so: readback resolve " + id + " --runbook …");
  const Answer answer = shift.ask(ResolveAttested{id, "Check stack health", "pool was full", "ann", shift.ended(id)});
  CHECK(answer.ok);
  CHECK(answer.text == "recorded with the resolved incident");
  shift.restart();
  const auto i = shift.incident();
  CHECK(runbook_of(i).state == ConditionState::State::met);
  CHECK(runbook_of(i).by == "Check stack health, attested by ann");
  CHECK(i.timeline.back().text == "ann used Check stack health: pool was full");
  CHECK(i.summary.starts_with("RESOLVED outage fabric after "));
  CHECK(i.state == IncidentState::resolved);
}

TEST_CASE("a resolved incident cannot be acknowledged, and an unknown one is not found") {
  Shift shift;
  const auto id = shift.resolved();
  CHECK(shift.ask(Acknowledged{id, "ann", shift.ended(id)}).problem == 409);
  CHECK(shift.ask(Acknowledged{"x", "ann", std::nullopt}).problem == 404);
  CHECK(shift.ask(ResolveAttested{"x", "Check stack health", "", "ann", std::nullopt}).problem == 404);
  CHECK(shift.ask(ResolveAttested{id, "", "", "ann", shift.ended(id)}).problem == 422);
}

TEST_CASE("where an attestation is demanded, the conditions do not hold without it") {
  for (const bool demanded : {false, true}) {
    CAPTURE(demanded);
    Shift shift(demanded);
    shift.sweeps(2, true);
    shift.sweeps(3, false);
    shift.sweeps(4, true);
    CHECK(runbook_of(shift.incident()).state == ConditionState::State::unattested);
    CHECK(conditions_hold(shift.incident().conditions) == !demanded);
    shift.sweeps(10, true);
    CHECK((shift.incident().state == IncidentState::resolved) == !demanded);
    CHECK(shift
              .ask(ResolveAttested{shift.incident().id, "Check stack health", "", "ann",
                                   shift.ended(shift.incident().id)})
              .ok);
    CHECK(conditions_hold(shift.incident().conditions));
  }
}

TEST_CASE("sweeps that do not count are told once, and counted when they count again") {
  Shift shift;
  CHECK(shift.sweep(true) == "");
  CHECK(shift.sweep(true, "our own loop lagged by 9s") == "sweep 2 is void: our own loop lagged by 9s");
  CHECK(shift.sweep(true, "our own loop lagged by 8s") == "");
  CHECK(shift.sweep(true, "our own loop lagged by 7s") == "");
  CHECK(shift.sweep(true) == "sweep 5 counts again; void before it: 3");
  CHECK(shift.sweep(true) == "");
}
