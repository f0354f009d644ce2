// The one way from an event to what follows from it. Whatever happens goes through one queue to the engine, and what
// follows is done step by step, in the order that core/engine/course.hpp gives.
#include <algorithm>
#include <boost/asio/this_coro.hpp>
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
  row.text = write_incident(incident);
  return row;
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

}  // namespace

void App::put(Event event, std::function<void(const Answer&)> reply) { enqueue({std::move(event), std::move(reply)}); }

void App::put(FleetEvent event) { enqueue({std::move(event), {}}); }

void App::enqueue(Incoming incoming) {
  queue_.push_back(std::move(incoming));
  queue_wake_.cancel();
}

net::awaitable<void> App::pipeline() {
  // What has begun with an event is brought to its end also at a stop: its page must not be lost between two steps.
  co_await net::this_coro::reset_cancellation_state(net::disable_cancellation());
  auto first = member_->begin(store_->pending(), now());
  co_await carry_out(std::move(first));
  while (!stopping_) {
    if (queue_.empty()) {
      busy_since_.reset();
      queue_wake_.expires_at(net::steady_timer::time_point::max());
      auto [ec] = co_await queue_wake_.async_wait(token);
      (void)ec;
      continue;
    }
    busy_since_ = now().mono;
    Incoming next = std::move(queue_.front());
    queue_.pop_front();
    co_await process(std::move(next));
    arm();
  }
  if (!fleet_) co_return;
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
    app.control_->on_sweep(record.sweep);
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
    const std::string task = "sweep of " + start.target;
    app.tasks_.spawn(task, app.sweep(std::move(start)));
  }
  void operator()(StartCheck& start) const {
    if (app.stopping_) return;
    const std::string task = "check " + start.check;
    app.tasks_.spawn(task, app.check(std::move(start)));
  }
  void operator()(StartEvidence&) const {
    if (app.stopping_) return;
    app.commands_->start();
    app.sealer_->look_ahead();
  }
  void operator()(Course::Deliver&) const { app.delivery_->wake(); }
  void operator()(FleetDuty& duty) const {
    app.delivery_->carry_out(duty);
    if (app.fleet_) app.fleet_->carry_out(duty);
  }
  // Waited for by process().
  void operator()(Seal&) const {}
  void operator()(Course::Commit&) const {}
  void operator()(Course::Done&) const {}
};

Actions App::handle(std::variant<Event, FleetEvent> event) {
  const LoopWatch::Step step(watch_, "the judgement of an event");
  return std::visit([this](auto& each) { return member_->handle(std::move(each), now()); }, event);
}

/// Seals, and asks the engine what follows from that.
net::awaitable<Actions> App::sealed(Seal asked) {
  Sealed told;
  told.target = asked.order.target;
  told.incident_id = asked.order.incident.id;
  told.on_request = asked.order.on_request;
  told.evidence.snapshot = asked.order.snapshot_id;
  told = co_await seal_in_time(std::move(asked.order), std::move(told));
  told.then = std::move(asked.then);
  Event ended = std::move(told);
  co_return handle(std::move(ended));
}

/// A page waits for its evidence, but not for a disk that does not answer: then it goes without, and says so. While one
/// seal is late nobody waits for the next either. What comes late is attached to its incident.
net::awaitable<Sealed> App::seal_in_time(SnapshotOrder order, Sealed told) {
  const auto patience = seals_.begin(order.again);
  if (!patience) {
    told.failure = patience.error();
    co_return told;
  }
  const auto sealing = std::make_shared<Sealing>(io_.get_executor());
  auto context = seal_context();
  tasks_.spawn("seal", seal(std::move(order), std::move(context), told, sealing));
  const Millis limit = *patience;
  if (!sealing->bundle) co_await sealing->wake.wait_for(limit);
  if (sealing->bundle) {
    take_in(*sealing->bundle, told);
  } else {
    sealing->late = true;
    told.failure = seals_.give_up();
  }
  co_return told;
}

/// One after the other, since each names the digest of the one before. What has begun is finished also at a stop.
net::awaitable<void> App::seal(SnapshotOrder order, SealContext context, Sealed told,
                               std::shared_ptr<Sealing> sealing) {
  co_await net::this_coro::reset_cancellation_state(net::disable_cancellation());
  while (sealing_) co_await seal_turn_.wait();
  sealing_ = true;
  try {
    sealing->bundle = co_await sealer_->seal(std::move(order), std::move(context));
  } catch (const std::exception& e) {  // no memory, perhaps: the next one must have its turn
    sealing->bundle = Failure{e.what()};
  }
  sealing_ = false;
  seals_.ended(sealing->late);
  if (fleet_ && *sealing->bundle) fleet_->ship(tasks_, told.evidence.snapshot);
  sealing->wake.notify();
  seal_turn_.notify();
  if (!sealing->late) co_return;
  take_in(*sealing->bundle, told);
  put(std::move(told));
}

net::awaitable<void> App::process(Incoming incoming) {
  auto actions = handle(std::move(incoming.event));
  const Answer answer = co_await carry_out(std::move(actions));
  if (incoming.reply) incoming.reply(answer);
}

net::awaitable<Answer> App::carry_out(Actions actions) {
  course_.begin(std::move(actions));
  for (;;) {
    auto step = course_.next(now(), store_->hangs());
    {
      const AtOnce at_once{*this};
      const LoopWatch::Step watched(watch_, "what follows from an event");
      std::visit(at_once, step);
    }
    if (auto* seal = std::get_if<Seal>(&step)) {
      auto more = co_await sealed(std::move(*seal));
      course_.sealed(std::move(more));
    } else if (auto* together = std::get_if<Course::Commit>(&step)) {
      co_await commit(std::move(*together));
    } else if (auto* done = std::get_if<Course::Done>(&step)) {
      co_return std::move(done->answer);
    }
  }
}

/// State, alerts and ended incidents in one transaction.
net::awaitable<void> App::commit(Course::Commit together) {
  pin();
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

/// What an open incident needs is not for retention to take.
void App::pin() {
  std::vector<SweepKey> sweeps;
  std::vector<std::string> incidents;
  for (const auto* i : engine_->open_records()) {
    incidents.push_back(i->id);
    for (const auto number : {i->sweeps.last_good, i->sweeps.first_bad, i->sweeps.at_page})
      if (number) sweeps.push_back({i->target, number});
  }
  store_->pin(std::move(sweeps), std::move(incidents));
}

SealContext App::seal_context() const {
  SealContext c;
  c.host = host_;
  c.environment = current_.config.environment;
  c.version = version();
  c.config_digest = current_.digest;
  c.sandbox = sandbox_text_;
  c.commands = commands_->outputs();
  for (const auto& t : current_.config.targets)
    for (const auto& s : t.surfaces)
      c.volatile_fields.insert(c.volatile_fields.end(), s.volatile_fields.begin(), s.volatile_fields.end());
  return c;
}

}  // namespace readback
