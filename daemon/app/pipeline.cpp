// The one way from an event to what follows from it. Whatever happens goes through one queue to the engine, and what
// follows is done step by step, in the order that core/engine/course.hpp gives.
#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <set>
#include <utility>

#include "core/codec/incident_json.hpp"
#include "core/text/time.hpp"
#include "daemon/app/app.hpp"
#include "daemon/platform/version.hpp"
#include "daemon/runtime/clock.hpp"

namespace readback {
namespace {

IncidentRow row_of(const IncidentRecord& incident) {
  IncidentRow row;
  row.id = incident.id;
  row.target = incident.target;
  row.boundary = to_string(incident.boundary);
  row.opened_at = incident.opened_at;
  row.resolved_at = incident.resolved_at;
  row.spell = spell_of(incident);
  row.text = write_incident(incident);
  return row;
}

std::vector<std::string> volatile_fields_of(const Config& config) {
  std::set<std::string> all;
  for (const TargetConfig& t : config.targets)
    for (const SurfaceConfig& s : t.surfaces) all.insert(s.volatile_fields.begin(), s.volatile_fields.end());
  return {all.begin(), all.end()};
}

/// What became of a seal, as the engine is told it.
void take_in(const Result<SealedBundle>& bundle, Sealed& told) {
  if (bundle) {
    told.evidence.sha256 = bundle->sha256;
    told.evidence.signature = bundle->signature.signature;
    told.evidence.key = bundle->signature.key;
  } else {
    told.failure = bundle.error();
  }
}

/// Sweeps that have come back and wait for their judgement. More of them only take room, so none is begun until half of
/// these are judged: thousands of targets that fail at once are confirmed by many sweeps each.
constexpr std::size_t most_unjudged = 256;

bool is_sweep(const std::variant<Event, FleetEvent>& event) {
  const auto* own = std::get_if<Event>(&event);
  return own && std::holds_alternative<SweepDone>(*own);
}

}  // namespace

void App::put(Event event, std::function<void(const Answer&)> reply) { enqueue({std::move(event), std::move(reply)}); }

void App::put(FleetEvent event) { enqueue({std::move(event), {}}); }

void App::enqueue(Incoming incoming) {
  if (is_sweep(incoming.event) && ++unjudged_ == most_unjudged) reading_.close();
  queue_.push_back(std::move(incoming));
  queue_wake_.cancel();
}

App::Incoming App::take_next() {
  Incoming next = std::move(queue_.front());
  queue_.pop_front();
  if (is_sweep(next.event) && --unjudged_ == most_unjudged / 2) reading_.open();
  return next;
}

net::awaitable<void> App::pipeline() {
  // What has begun with an event is brought to its end also at a stop: its page must not be lost between two steps.
  co_await net::this_coro::reset_cancellation_state(net::disable_cancellation());
  if (fleet_) fleet_->go_on(member_->held_events(store_->pending(), now()));
  auto first = member_->begin(store_->pending(), now());
  co_await carry_out(std::move(first));
  while (!stopping_) {
    if (queue_.empty()) {
      busy_since_.reset();
      co_await queue_wake();
      continue;
    }
    busy_since_ = now().mono;
    Incoming next = take_next();
    co_await process(std::move(next));
    arm();
  }
  if (fleet_) co_await leave_fleet();
}

net::awaitable<void> App::queue_wake() {
  queue_wake_.expires_at(net::steady_timer::time_point::max());
  auto [ec] = co_await queue_wake_.async_wait(token);
  (void)ec;
}

/// What a receiver takes of what is still on its way is noted in its claim before the claim is given away: otherwise
/// whoever has it next would tell it again.
net::awaitable<void> App::leave_fleet() {
  while (!delivered_ || !queue_.empty()) {
    if (queue_.empty()) {
      co_await queue_wake();
      continue;
    }
    Incoming next = take_next();
    if (std::holds_alternative<FleetEvent>(next.event)) co_await process(std::move(next));
  }
  FleetEvent goodbye = FleetStopping{};
  auto last = handle(std::move(goodbye));
  co_await carry_out(std::move(last));
}

void App::arm() {
  const auto due = std::min(member_->next_due(), course_.save_due(now(), store_->hangs()));
  const auto wait = std::max(Millis(1), due - now().mono);
  due_.expires_after(wait);
}

/// Sends a Tick whenever something is due. The timer is set anew after every event, and then the wait ends early.
net::awaitable<void> App::clock() {
  arm();
  while (!stopping_) {
    auto [ec] = co_await due_.async_wait(token);
    if (!ec) {
      due_.expires_at(net::steady_timer::time_point::max());  // until the Tick has been handled
      put(Tick{});
    }
  }
}

/// What is done at once, one overload a step.
struct App::AtOnce {
  App& app;

  void operator()(Record& record) const {
    ++app.sweeps_total_;
    app.count(record);
    app.control_->on_sweep(record.sweep);
    app.sealer_->record(record.sweep);
    app.store_->record(std::move(record.sweep));
  }
  void operator()(Notify& notify) const {
    app.control_->on_alert(notify.event);
    if (app.fleet_) app.fleet_->leaves(notify.event);
    app.course_.notified(app.delivery_->render(notify.event, notify.only_sink));
  }
  void operator()(Say& line) const { app.say(line); }
  void operator()(StartSweep& start) const {
    if (app.stopping_) return;  // it would have to be waited for
    app.sealer_->expect(start.target);
    const std::string task = "sweep of " + start.target;
    app.tasks_.spawn(task, app.sweep(std::move(start)));
  }
  void operator()(StartCheck& start) const {
    if (app.stopping_) return;
    const std::string task = "check " + start.check;
    app.tasks_.spawn(task, app.check(std::move(start)));
  }
  void operator()(StartEvidence& start) const {
    if (app.stopping_) return;
    app.commands_->start();
    if (start.seals) return;
    const auto at = now().wall;
    app.tasks_.spawn("look ahead of a seal", app.sealer_->look_ahead(std::move(start.target), at));
  }
  void operator()(Course::Deliver&) const { app.delivery_->wake(); }
  void operator()(FleetDuty& duty) const {
    app.delivery_->carry_out(duty);
    if (app.fleet_) app.fleet_->carry_out(duty);
  }
  // Waited for by carry_out().
  void operator()(Seal&) const {}
  void operator()(Course::Await&) const {}
  void operator()(Course::Commit&) const {}
  void operator()(Course::Done&) const {}
};

Actions App::handle(std::variant<Event, FleetEvent> event) {
  const LoopWatch::Step step(watch_, "the judgement of an event");
  return std::visit([this](auto& each) { return member_->handle(std::move(each), now()); }, event);
}

/// A seal that is under way from here on, unless too many are.
std::shared_ptr<App::Sealing> App::begin_seal(Seal asked) {
  const auto sealing = std::make_shared<Sealing>(io_.get_executor());
  auto& told = sealing->told;
  told.target = asked.order.target;
  told.incident_id = asked.order.incident.id;
  told.on_request = asked.order.on_request;
  told.evidence.snapshot = asked.order.snapshot_id;
  sealing->then = std::move(asked.then);
  if (const auto begun = seals_.begin(asked.order.again); !begun)
    sealing->bundle = begun.failure();
  else
    tasks_.spawn("seal", seal(std::move(asked.order), sealing));
  return sealing;
}

/// Its end, and what the engine makes of it. A page waits for its evidence, but not for a disk that does not answer:
/// then it goes without, and says so. While one seal is late nobody waits for the next either. What comes late is
/// attached to its incident.
net::awaitable<Actions> App::sealed(std::shared_ptr<Sealing> sealing) {
  const Millis limit = seals_.patience();
  if (!sealing->bundle) co_await sealing->wake.wait_for(limit);
  Sealed told = sealing->told;
  if (sealing->bundle) {
    take_in(*sealing->bundle, told);
  } else {
    sealing->late = true;
    told.failure = seals_.give_up();
  }
  told.then = std::move(sealing->then);
  Event ended = std::move(told);
  co_return handle(std::move(ended));
}

/// What has begun is finished also at a stop.
net::awaitable<void> App::seal(SnapshotOrder order, std::shared_ptr<Sealing> sealing) {
  co_await net::this_coro::reset_cancellation_state(net::disable_cancellation());
  try {
    auto context = seal_context();
    auto input = co_await sealer_->gather(std::move(order), std::move(context));
    sealing->bundle = co_await sealer_->seal(std::move(input));
  } catch (const std::exception& e) {  // no memory, perhaps
    sealing->bundle = Failure{e.what()};
  }
  seals_.ended(sealing->late);
  if (fleet_ && *sealing->bundle) fleet_->ship(tasks_, sealing->told.evidence.snapshot);
  sealing->wake.notify();
  if (!sealing->late) co_return;
  Sealed told = sealing->told;
  take_in(*sealing->bundle, told);
  put(std::move(told));
}

/// What has come while seals are under way is carried out beside them, if it may be. False: nothing was. Not in a
/// fleet, where what is said to the others must be out before the next thing happens.
bool App::join() {
  if (fleet_ || stopping_ || queue_.empty() || !seals_.has_room() ||
      !companions_.takes(std::get_if<Event>(&queue_.front().event)))
    return false;
  Incoming next = take_next();
  course_.begin(handle(std::move(next.event)));
  return true;
}

net::awaitable<void> App::process(Incoming incoming) {
  companions_.begin(std::get_if<Event>(&incoming.event));
  auto actions = handle(std::move(incoming.event));
  const Answer answer = co_await carry_out(std::move(actions));
  if (incoming.reply) incoming.reply(answer);
}

net::awaitable<Answer> App::carry_out(Actions actions) {
  course_.begin(std::move(actions));
  std::deque<std::shared_ptr<Sealing>> sealings;  // of the events that were left
  bool may_join = true;
  for (;;) {
    auto step = course_.next(now(), store_->hangs());
    {
      const AtOnce at_once{*this};
      const LoopWatch::Step watched(watch_, "what follows from an event");
      std::visit(at_once, step);
    }
    if (auto* asked = std::get_if<Seal>(&step)) {
      auto sealing = begin_seal(std::move(*asked));
      if (may_join) {
        sealings.push_back(std::move(sealing));
        course_.leave();
      } else {
        auto more = co_await sealed(std::move(sealing));
        course_.sealed(std::move(more));
      }
    } else if (std::holds_alternative<Course::Await>(step)) {
      may_join = may_join && join();
      if (may_join) continue;
      auto sealing = std::move(sealings.front());
      sealings.pop_front();
      auto more = co_await sealed(std::move(sealing));
      course_.resume(std::move(more));
      busy_since_ = now().mono;
    } else if (auto* together = std::get_if<Course::Commit>(&step)) {
      co_await commit(std::move(*together));
    } else if (auto* done = std::get_if<Course::Done>(&step)) {
      co_return std::move(done->answer);
    }
  }
}

/// What a kill may take of the history: each hour is written so often.
void App::count(const Record& record) {
  constexpr Millis write_every = std::chrono::minutes(5);
  const auto at = now();
  tally_.add(record.sweep, record.availability, record.stands_for, at);
  if (hours_due_ == MonoTime{}) hours_due_ = at.mono + write_every;
  if (at.mono < hours_due_) return;
  write_hours();
  hours_due_ = at.mono + write_every;
}

void App::write_hours() { store_->count(tally_.take()); }

/// State, alerts and ended incidents in one transaction.
net::awaitable<void> App::commit(Course::Commit together) {
  pin(together.parts);
  Commit commit;
  commit.rows = std::move(together.rows);
  for (const auto& incident : together.ended) commit.incidents.push_back(row_of(incident));
  {
    const LoopWatch::Step step(watch_, "the state to be saved");
    for (const auto& part : together.parts) commit.state[part] = member_->save(part);
  }
  if (!commit.incidents.empty()) control_->on_ended();  // whoever asks from here on is answered behind this commit
  const auto result = co_await store_->commit(std::move(commit));
  for (const auto& line : course_.committed(result)) say(line);
  tell_store_notes();
}

/// What an open incident needs is not for retention to take: of those parts of the state that have changed, and before
/// the first time of all.
void App::pin(const std::set<std::string>& parts) {
  std::map<std::string, Pins> of_targets;
  const auto note = [&](const std::vector<const IncidentRecord*>& open) {
    for (const auto* i : open) {
      auto& pins = of_targets[i->target];
      pins.incidents.push_back(i->id);
      for (const auto number : {i->sweeps.last_good, i->sweeps.first_bad, i->sweeps.at_page})
        if (number) pins.sweeps.push_back(number);
    }
  };
  if (!std::exchange(all_pinned_, true)) {
    note(engine_->open_records());
  } else {
    for (const auto& part : parts) {
      of_targets[part];  // of what is closed nothing is needed any more
      note(engine_->open_records(part));
    }
  }
  store_->pin(std::move(of_targets));
}

/// Of the configuration that is in force from here on; not once a seal, which may be one of thousands.
void App::prepare_seals() { volatile_fields_ = volatile_fields_of(current_.config); }

SealContext App::seal_context() const {
  SealContext c;
  c.host = host_;
  c.environment = current_.config.environment;
  c.version = version();
  c.config_digest = current_.digest;
  c.sandbox = sandbox_text_;
  c.commands = commands_->outputs();
  c.volatile_fields = volatile_fields_;
  return c;
}

}  // namespace readback
