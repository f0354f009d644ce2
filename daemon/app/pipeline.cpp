// The one way from an event to what follows from it. Whatever happens goes through one queue to the engine; the
// engine's actions are carried out in their order, and what must be on the disk together is gathered and committed
// once:
//
//   record -> seal on disk, and what waited for it -> state, alerts and ended incidents in one transaction -> deliver
#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <utility>

#include "core/codec/incident_json.hpp"
#include "core/text/time.hpp"
#include "daemon/app/app.hpp"
#include "daemon/platform/service_manager.hpp"
#include "daemon/platform/version.hpp"
#include "daemon/runtime/clock.hpp"

namespace readback {
namespace {

constexpr Millis save_within = Seconds(1);  // what nobody was told of; what follows an event at once
constexpr Millis seal_limit = Seconds(2);   // how long a page waits for its evidence
constexpr std::size_t most_seals = 16;      // under way, where the disk does not answer

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

void App::put(Event event, std::function<void(const Answer&)> reply) {
  queue_.push_back({std::move(event), std::move(reply)});
  queue_wake_.cancel();
}

net::awaitable<void> App::pipeline() {
  // What has begun with an event is brought to its end also at a stop: its page must not be lost between two steps.
  co_await net::this_coro::reset_cancellation_state(net::disable_cancellation());
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
}

void App::arm() {
  const auto wait = std::max(Millis(1), engine_->next_due() - now().mono);
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

void App::start_reads(const Actions& actions) {
  if (stopping_) return;  // they would have to be waited for
  for (const auto& action : actions) {
    if (const auto* start = std::get_if<StartSweep>(&action)) tasks_.spawn("sweep of " + start->target, sweep(*start));
    if (const auto* start = std::get_if<StartCheck>(&action)) tasks_.spawn("check " + start->check, check(*start));
    if (std::holds_alternative<StartEvidence>(action)) {
      commands_->start();
      sealer_->look_ahead();
    }
  }
}

/// What can be done at once, one overload an action. What needs the disk is gathered.
struct App::AtOnce {
  App& app;
  Gathered& gathered;

  void operator()(Record& record) const {
    ++app.sweeps_total_;
    app.control_->on_sweep(record.sweep);
    app.store_->record(std::move(record.sweep));
  }
  void operator()(Notify& notify) const {
    app.control_->on_alert(notify.event);
    auto rows = app.delivery_->render(notify.event, notify.only_sink);
    std::move(rows.begin(), rows.end(), std::back_inserter(gathered.commit.rows));
  }
  void operator()(SaveState& save) const {
    if (app.unsaved_.empty()) app.unsaved_since_ = now().mono;
    app.unsaved_.insert(save.part);
    gathered.urgent = gathered.urgent || save.urgent;
  }
  void operator()(Keep& keep) const { gathered.commit.incidents.push_back(row_of(keep.incident)); }
  void operator()(Say& line) const { app.say(line); }
  void operator()(Answer& answer) const { gathered.answer = std::move(answer); }
  // Started before anything else is done, and beside it.
  void operator()(StartSweep&) const {}
  void operator()(StartCheck&) const {}
  void operator()(StartEvidence&) const {}
  // Waited for by carry_out().
  void operator()(Seal&) const {}
};

Actions App::handle(Event event) {
  const LoopWatch::Step step(watch_, "the judgement of an event");
  return engine_->handle(std::move(event), now());
}

net::awaitable<void> App::carry_out(Actions actions, Gathered& gathered) {
  start_reads(actions);  // what is slow below must not delay the next reads
  for (auto& action : actions) {
    const AtOnce at_once{*this, gathered};
    {
      const LoopWatch::Step step(watch_, "what follows from an event");
      std::visit(at_once, action);
    }
    if (auto* asked = std::get_if<Seal>(&action)) {
      auto more = co_await sealed(std::move(*asked));
      co_await carry_out(std::move(more), gathered);
    }
  }
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
  co_return handle(std::move(told));
}

/// A page waits for its evidence, but not for a disk that does not answer: then it goes without, and says so. While one
/// seal is late nobody waits for the next either. What comes late is attached to its incident.
net::awaitable<Sealed> App::seal_in_time(SnapshotOrder order, Sealed told) {
  if (order.again && seals_late_ > 0) {
    told.failure = "the one before it is not sealed yet";
    co_return told;
  }
  if (seals_out_ >= most_seals) {
    told.failure = "the snapshots before it are not sealed yet: the disk under the store does not answer";
    co_return told;
  }
  const auto sealing = std::make_shared<Sealing>(io_.get_executor());
  auto context = seal_context();
  tasks_.spawn("seal", seal(std::move(order), std::move(context), told, sealing));
  const Millis limit = seals_late_ > 0 ? Millis(0) : seal_limit;
  if (!sealing->bundle) co_await sealing->wake.wait_for(limit);
  if (sealing->bundle) {
    take_in(*sealing->bundle, told);
  } else {
    sealing->late = true;
    ++seals_late_;
    told.failure = seals_late_ > 1 ? "the snapshots before it are not sealed yet; it is attached once it is"
                                   : "it was not sealed within " + humanize(seal_limit) + "; it is attached once it is";
  }
  co_return told;
}

/// One after the other, since each names the digest of the one before. What has begun is finished also at a stop.
net::awaitable<void> App::seal(SnapshotOrder order, SealContext context, Sealed told,
                               std::shared_ptr<Sealing> sealing) {
  co_await net::this_coro::reset_cancellation_state(net::disable_cancellation());
  ++seals_out_;
  while (sealing_) co_await seal_turn_.wait();
  sealing_ = true;
  try {
    sealing->bundle = co_await sealer_->seal(std::move(order), std::move(context));
  } catch (const std::exception& e) {  // no memory, perhaps: the next one must have its turn
    sealing->bundle = Failure{e.what()};
  }
  sealing_ = false;
  --seals_out_;
  sealing->wake.notify();
  seal_turn_.notify();
  if (!sealing->late) co_return;
  --seals_late_;
  take_in(*sealing->bundle, told);
  put(std::move(told));
}

net::awaitable<void> App::process(Incoming incoming) {
  Gathered gathered;
  auto actions = handle(std::move(incoming.event));
  co_await carry_out(std::move(actions), gathered);
  if (auto headline = engine_->headline(); headline != headline_) {
    headline_ = std::move(headline);
    notify_status(headline_);
  }
  co_await commit(gathered);
  if (incoming.reply) incoming.reply(gathered.answer.value_or(Answer{}));
}

/// State, alerts and ended incidents in one transaction, and then the alerts may leave.
net::awaitable<void> App::commit(Gathered& gathered) {
  const bool old = !unsaved_.empty() && now().mono - unsaved_since_ >= save_within;
  const bool any_rows = !gathered.commit.rows.empty(), any_ended = !gathered.commit.incidents.empty();
  if (!gathered.urgent && !old && !any_rows && !any_ended) co_return;
  if (store_->hangs() && !any_rows && !any_ended) co_return;  // saved once it answers, whatever else changes until then
  pin();
  {
    const LoopWatch::Step step(watch_, "the state to be saved");
    for (const auto& part : std::exchange(unsaved_, {})) gathered.commit.state[part] = engine_->save(part);
  }
  if (any_ended) control_->on_ended();  // whoever asks from here on is answered behind this commit
  auto result = co_await store_->commit(std::move(gathered.commit));
  if (!result && ++writes_failed_ == 1)
    say({Say::Level::error, "store.failed", "", "", "",
         "the store cannot be written, alerts go on from memory: " + result.error()});
  if (result && writes_failed_ > 0)
    say({Say::Level::info, "store.works", "", "", "",
         "the store can be written again; writes that failed: " + std::to_string(std::exchange(writes_failed_, 0))});
  tell_store_notes();
  if (any_rows) delivery_->wake();
}

/// What an open incident needs is not for retention to take.
void App::pin() {
  std::vector<SweepKey> sweeps;
  std::vector<std::string> incidents;
  for (const auto& i : engine_->open_incidents()) {
    incidents.push_back(i.id);
    for (const auto number : {i.sweeps.last_good, i.sweeps.first_bad, i.sweeps.at_page})
      if (number) sweeps.push_back({i.target, number});
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
