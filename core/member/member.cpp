// The round of one event. The engine's sweeps go to the fleet, the fleet's word goes to the engine, and what is to be
// told is written by the engine and held for the fleet.
#include "core/member/member.hpp"

#include <algorithm>
#include <iterator>
#include <type_traits>

#include "core/member/state.hpp"
#include "core/text/words.hpp"

namespace readback {
namespace {

constexpr std::size_t most_gone = 512;

bool is_total(int level) { return level > 0 && level % 2 == 0; }

/// A shared incident's event goes to whom this host speaks, and a row of the fleet to its own sink.
bool is_to_be_split(const Notify& n) {
  return n.event.kind != EventKind::test && !n.event.is_of_host && !(n.event.fleet && n.event.fleet->row > 0);
}

}  // namespace

Member::Member(Engine& engine, std::optional<FleetSetup> fleet, std::shared_ptr<IdSource> ids, Instant start)
    : state_(std::make_unique<State>(engine, std::move(ids))) {
  if (!fleet) return;
  state_->now = start;
  state_->host = fleet->host;
  state_->entered = fleet->config.fleet;
  state_->fleet = std::make_unique<Fleet>(std::move(*fleet), start.mono);
}
Member::~Member() = default;
Member::Member(Member&&) noexcept = default;
Member& Member::operator=(Member&&) noexcept = default;

Actions Member::handle(Event event, Instant now) {
  auto& s = *state_;
  if (!s.fleet) return s.engine.handle(std::move(event), now);
  s.move_to(now);
  if (auto* e = std::get_if<Reconfigured>(&event)) s.reconfigure(*e);
  std::string swept;
  std::uint64_t number = 0;
  if (const auto* e = std::get_if<SweepDone>(&event)) swept = e->target, number = e->sweep;
  const bool is_tick = std::holds_alternative<Tick>(event);
  const auto word = s.word_of_event(event);
  s.ask_engine(std::move(event));
  if (!swept.empty()) {
    s.record_votes(true);
    const auto seen = s.engine.seen(swept);
    SweepSeen e{swept, number, seen.sees, {}};
    for (const auto& b : seen.boundaries)
      e.findings.push_back({b.boundary, b.is_confirmed, b.severity, b.total, b.reasons, b.holds_now});
    s.to_fleet.push_front(std::move(e));
  }
  const bool is_done = std::any_of(s.out.begin(), s.out.end(), [](const Action& a) {
    const auto* answer = std::get_if<Answer>(&a);
    return answer && answer->ok;
  });
  if (word && is_done) s.to_fleet.push_back(WordSaid{*word});
  if (is_tick) {
    if (auto troubles = s.engine.impairments(now); troubles != s.troubles) {
      s.troubles = std::move(troubles);
      s.to_fleet.push_back(OurTroubles{s.troubles});
    }
    s.to_fleet.push_back(FleetTick{});
  }
  return s.round();
}

Actions Member::handle(FleetEvent event, Instant now) {
  auto& s = *state_;
  if (!s.fleet) return {};
  s.move_to(now);
  s.to_fleet.push_back(std::move(event));
  return s.round();
}

/// A Tick is due every second. Only the wall clock goes on while a machine sleeps; one that was set forward looks the
/// same, and costs no more than a look at the fleet anew.
void Member::State::move_to(Instant to) {
  const auto passed = to.mono - now.mono;
  has_stood_still = passed > no_renewal || to.wall - now.wall > passed + no_renewal;
  now = to;
}

/// Until nobody has anything to say any more; then what is told, saved and done outside.
Actions Member::State::round() {
  if (std::exchange(has_stood_still, false)) to_fleet.push_front(StoodStill{});
  while (!to_fleet.empty()) {
    auto next = std::move(to_fleet.front());
    to_fleet.pop_front();
    take(fleet->handle(std::move(next), now.mono));
  }
  for (const auto& row : std::exchange(tells, {}))
    if (!forgotten.contains(row.id)) tell(row);
  forgotten.clear();
  record_votes(false);
  if (std::exchange(must_save, false)) out.push_back(SaveState{std::string(fleet_part)});
  if (!duty.requests.empty() || !duty.over.empty()) out.push_back(std::exchange(duty, {}));
  return std::exchange(out, {});
}

void Member::State::ask_engine(Event event) { pass_on(engine.handle(std::move(event), now)); }

void Member::State::pass_on(Actions actions) {
  for (auto& action : actions) {
    if (const auto* sweep = std::get_if<StartSweep>(&action))
      to_fleet.push_back(SweepBegan{sweep->target, sweep->sweep});
    if (const auto* notify = std::get_if<Notify>(&action); notify && is_to_be_split(*notify))
      split(notify->event);
    else
      out.push_back(std::move(action));
  }
}

/// Recovered, relapsed, acknowledged, reminders: by whoever speaks to the sink. Those who are called have a page of
/// their own, which is told as one is.
void Member::State::split(const AlertEvent& event) {
  const auto subject = voted(event.incident.boundary);
  if (!subject) return out.push_back(Notify{event, ""});
  if (!event.only.empty()) return to_fleet.push_back(OthersCalled{event.incident.target, *subject, event.only});
  for (const auto& sink : engine.config().alerts.sinks) {
    if (!fleet->holds({event.incident.target, *subject, sink.name})) continue;
    Notify notify{event, sink.name};
    notify.event.only = {sink.name};
    out.push_back(std::move(notify));
  }
}

void Member::State::take(FleetActions actions) {
  for (auto& a : actions) {
    if (const auto* t = std::get_if<Turned>(&a)) {
      turned(*t);
    } else if (const auto* anew = std::get_if<CountAnew>(&a)) {
      ask_engine(CountedAnew{anew->target, anew->boundary});
    } else if (const auto* asked = std::get_if<AskSweep>(&a)) {
      ask_engine(SweepWished{asked->target});
    } else if (const auto* way = std::get_if<OwnWay>(&a)) {
      own_way(*way);
    } else if (const auto* word = std::get_if<WordTrue>(&a)) {
      word_true(word->word);
    } else if (auto* line = std::get_if<Say>(&a)) {
      out.push_back(std::move(*line));
    } else if (std::holds_alternative<SaveFleet>(a)) {
      must_save = true;
    } else if (auto* row = std::get_if<Tell>(&a)) {
      tells.push_back(std::move(row->row));
    } else {
      if (const auto* gone = std::get_if<Forget>(&a)) {
        forgotten.insert(gone->row);
        if (const auto event = kept.events.extract(std::to_string(gone->row))) kept.gone.push_back(event.mapped());
        if (kept.gone.size() > most_gone) kept.gone.erase(kept.gone.begin());
      }
      std::visit([this](auto& each) { request(std::move(each)); }, a);
    }
  }
}

/// All else is asked outside.
template <class A>
void Member::State::request(A action) {
  if constexpr (std::is_constructible_v<FleetRequest, A>) duty.requests.push_back(std::move(action));
}

Agreement Member::State::agreement(const Turned& t) const {
  Agreement a;
  a.kind = t.kind;
  a.severity = severity_of(t.level);
  a.total = is_total(t.level);
  a.was_vantage = t.was_vantage;
  a.green_on = joined(t.votes.who_not);
  if (fleet->is_away(now.mono))
    a.votes = nobody_asked;
  else if (t.votes.yes > 0)
    a.votes = seen_from(t.votes);
  return a;
}

void Member::State::turned(const Turned& t) {
  must_save = true;
  const auto b = voted(boundary_of(t.subject));
  if (!b) return turned_notice(t);
  const Boundary boundary = boundary_of(t.subject);
  const auto* before = engine.open_record(t.target, boundary);
  if (t.kind == EventKind::resolved && before) duty.over.push_back(before->id);
  const auto agreed = agreement(t);
  decided.push_back({t, agreed, now.wall});
  ask_engine(FleetAgreed{t.target, boundary, agreed});
  if (t.kind != EventKind::firing) return;
  const auto& sinks = engine.config().alerts.sinks;
  const bool is_acknowledged = std::any_of(sinks.begin(), sinks.end(), [&](const SinkConfig& sink) {
    return fleet->is_acknowledged({t.target, t.subject, sink.name});
  });
  if (const auto* open = engine.open_record(t.target, boundary); open && is_acknowledged)
    quietly(Acknowledged{open->id, "an operator of another host", std::nullopt});
}

/// The event of a row: of the incident as it stands now, as bad as the fleet tells it to this sink.
AlertEvent Member::State::event_of(const FleetRow& row) {
  const Boundary boundary = boundary_of(row.key.subject);
  const bool is_end = row.kind == EventKind::resolved;
  const auto votes = voted(boundary) ? fleet->votes(row.key.target, boundary, now.mono) : Tally{};
  const int level = is_end ? fleet->told(row.key) : row.level;
  std::optional<AlertEvent> event;
  if (!voted(boundary)) {
    const auto notice = kept.notices.find(notice_name(kind_of_notice(row.key.subject), row.key.target));
    if (notice != kept.notices.end()) event = event_of_notice(notice->second, row.kind);
  } else {
    Agreement a;
    a.kind = row.kind;
    a.green_on = joined(votes.who_not);
    event = engine.shared_event(row.key.target, boundary, a, now, waits(row.key.sink));
  }
  if (!event) event = without_incident(row);
  event->is_of_host = false;
  event->incident.severity = severity_of(std::max(1, level));
  if (is_total(level)) event->incident.extent = Extent::total;
  event->fleet = FleetSaid{votes.who, votes.who_not, votes.who_else, row.is_alone, row.id, row.key.sink, once(row)};
  return *std::move(event);
}

bool Member::State::waits(const std::string& sink) const {
  const auto& sinks = engine.config().alerts.sinks;
  return std::any_of(sinks.begin(), sinks.end(), [&](const SinkConfig& s) { return s.waits && s.name == sink; });
}

/// Consumers of the fleet's events hear it once, though each sink has a row, and hosts may tell it one after the other.
std::string Member::State::once(const FleetRow& row) const {
  auto name = engine.config().environment + "/" + row.key.target + "/" + std::string(word_of(row.key.subject)) + "/" +
              std::to_string(row.epoch) + "/" + std::string(to_string(row.kind));
  if (row.kind == EventKind::escalated) name += "/" + std::to_string(row.level);
  if (row.kind == EventKind::firing && waits(row.key.sink)) name += "/called";
  return name;
}

/// Nothing is known here of what it tells but that it is told: its incident was paged alone, or is over already.
AlertEvent Member::State::without_incident(const FleetRow& row) {
  AlertEvent e;
  e.id = ids->next(now.wall);
  e.kind = row.kind;
  e.at = now.wall;
  e.environment = engine.config().environment;
  e.host = host;
  e.url = engine.config().http.page_of("");
  auto& record = e.incident;
  record.id = ids->next(now.wall);
  record.episode = record.id;
  record.target = row.key.target;
  record.boundary = boundary_of(row.key.subject);
  record.opened_at = record.confirmed_at = now.wall;
  const bool is_end = row.kind == EventKind::resolved;
  record.summary = (is_end ? "RESOLVED " : "") +
                   (is_end ? std::string(to_string(record.boundary)) : upper(record.boundary)) + " " + record.target +
                   ": " + row.text;
  record.symptom = row.text;
  const bool is_of_book = voted(record.boundary).has_value();
  const std::string last(is_of_book ? to_string(record.boundary) : word_of(row.key.subject));
  record.dedup_base = e.environment + "/" + record.target + "/" + last;
  return e;
}

/// It waits for the snapshot of its incident, where one is being sealed in this round.
void Member::State::tell(const FleetRow& row) {
  auto event = event_of(row);
  kept.events[std::to_string(row.id)] = event.id;
  must_save = true;
  for (auto& action : out) {
    auto* seal = std::get_if<Seal>(&action);
    if (!seal || !seal->then.is_of_fleet || seal->order.incident.id != event.incident.id) continue;
    seal->then.alerts.push_back(std::move(event));
    return;
  }
  out.push_back(Notify{std::move(event), row.key.sink});
}

/// A reload changes all but who this host is in which fleet: that needs a start.
void Member::State::reconfigure(Reconfigured& e) {
  const auto& fresh = e.config.fleet;
  if (fresh.name != entered.name || fresh.host != entered.host) {
    out.push_back(Say{Say::Level::warning, "fleet.restart", "", "", "",
                      "the fleet's name, or this host's in it, was changed: it counts from the next start on"});
    e.config.fleet = entered;
  }
  to_fleet.push_back(FleetReconfigured{e.config});
}

MonoTime Member::next_due() const {
  const auto due = state_->engine.next_due();
  return state_->fleet ? std::min(due, state_->fleet->next_due()) : due;
}

bool Member::speaks(const std::string& incident, const std::string& sink) const {
  const auto& s = *state_;
  if (!s.fleet || s.fleet->is_away(s.now.mono)) return true;
  if (const auto* open = s.engine.open_record(incident)) {
    const auto subject = voted(open->boundary);
    return !subject || !s.fleet->is_open(open->target, *subject) || s.fleet->holds({open->target, *subject, sink});
  }
  for (const auto& [name, record] : s.kept.notices)
    for (const Subject subject : {Subject::vantage, Subject::missing})
      if (record.id == incident && name.starts_with(kind_of_notice(subject)))
        return s.fleet->holds({record.target, subject, sink});
  return true;
}

std::vector<std::string> Member::impairments(Instant now) const {
  auto all = state_->engine.impairments(now);
  if (!state_->fleet) return all;
  auto ours = state_->fleet->troubles(now.mono);
  std::move(ours.begin(), ours.end(), std::back_inserter(all));
  return all;
}

const Fleet* Member::fleet() const { return state_->fleet.get(); }

OutboxStep do_at_outbox(const FleetDuty& duty, Outbox& outbox, MonoTime now) {
  OutboxStep all;
  for (const auto& a : duty.requests) {
    if (const auto* gone = std::get_if<Forget>(&a)) outbox.forget(gone->row);
    if (const auto* left = std::get_if<Leave>(&a)) {
      auto step = outbox.leave(left->row, now);
      std::move(step.tried.begin(), step.tried.end(), std::back_inserter(all.tried));
    }
  }
  for (const auto& incident : duty.over) {
    auto step = outbox.over(incident);
    std::move(step.forget.begin(), step.forget.end(), std::back_inserter(all.forget));
  }
  return all;
}

}  // namespace readback
