// Delivery: a worker a sink asks the outbox what is next, does it, and writes what came of it. What daemon/sinks does
// with sockets.
#include <algorithm>
#include <utility>

#include "core/alert/render.hpp"
#include "core/model/loudness.hpp"
#include "tests/sim/fleet_witness.hpp"
#include "tests/sim/process.hpp"

namespace readback::sim {
namespace {

constexpr Millis look_every = Seconds(20);      // at ourselves
constexpr Millis longest_pause = Seconds(330);  // that a receiver may have asked for

}  // namespace

std::vector<OutboxRow> Process::render(const Notify& notify) {
  auto step = outbox_->render(notify.event, notify.only_sink);
  for (const auto& [sink, incident] : step.forget) {
    replace_opened({mirror_.forget_opened(sink, incident)});
  }
  world_.witness.rendered(host_, *this, notify, step.commit);
  return std::move(step.commit);
}

/// What was committed since the last look may leave.
void Process::take_in() {
  for (const auto& row : mirror_.take_fresh()) outbox_->committed(row, now());
  wake();
}

void Process::wake() {
  if (stopping_ || !delivers_) return;
  for (const auto& sink : outbox_->sinks()) work(sink);
}

void Process::work(const std::string& sink) {
  if (stopping_ || working_.contains(sink)) return;
  auto next = outbox_->next(sink, now());
  if (const auto* send = std::get_if<Outbox::Send>(&next)) {
    working_.insert(sink);
    attempt(sink, mirror_.pending().at(send->seq));
  } else if (const auto* drop = std::get_if<Outbox::Drop>(&next)) {
    working_.insert(sink);
    perform(outbox_->dropped(mirror_.pending().at(drop->seq), now()), [this, sink] { rested(sink); });
  } else if (auto* again = std::get_if<Outbox::Repeat>(&next)) {
    working_.insert(sink);
    repeat(sink, std::move(*again));
  } else if (const auto* wait = std::get_if<Outbox::Wait>(&next)) {
    const auto mine = ++resting_[sink];
    if (wait->until == MonoTime::max()) return;
    later(std::max(Millis(1), wait->until - now().mono), [this, sink, mine] {
      if (resting_[sink] == mine) work(sink);
    });
  }
}

/// It has done what it was at.
void Process::rested(const std::string& sink) {
  working_.erase(sink);
  if (stopping_) return stop();
  work(sink);
}

/// Every address is asked at once, and the answers come back together.
Process::Asked Process::ask_all(const std::string& sink, const std::vector<std::size_t>& places,
                                const std::function<void(std::size_t place, const Reply&)>& got) {
  Asked all;
  const auto* config = outbox_->config(sink);
  for (const auto place : places) {
    ++world_.outcome.sends;
    auto& receiver = world_.receivers[config->urls.at(place).value];
    auto reply = receiver.ask(Millis(world_.luck.between(1, 30)));
    if (!host_.reaches_receivers) reply = nobody("no route to host", Millis(20));
    if (!reply.answer.retry_after.empty()) receiver.holds_off = world_.time + longest_pause;
    got(place, reply);
    all.sent.answers.push_back(reply.answer);
    all.after = std::max(all.after, reply.after);
  }
  return all;
}

void Process::attempt(const std::string& sink, OutboxRow row) {
  action("before an alert is sent");
  const auto& config = *outbox_->config(sink);
  const bool minimal = row.minimal && !row.minimal_body.empty();
  auto body =
      finish_body(minimal ? row.minimal_body : row.body, row.created, now().wall, "key", outbox_->age(row, now()));
  if (config.type == SinkType::alertmanager) body = alertmanager_in_order(body, now().wall);
  std::vector<std::size_t> places(config.urls.size());
  for (std::size_t i = 0; i < places.size(); ++i) places[i] = i;
  auto asked = ask_all(sink, places, [&](std::size_t place, const Reply& reply) {
    world_.witness.arrived(host_, *this, row, config, place, reply, body);
    if (world_.fleet_witness) world_.fleet_witness->arrived(host_, *this, row, reply);
  });
  asked.sent.body_size = body.size();
  action("after an alert was sent");
  later(asked.after, [this, sink, row = std::move(row), sent = std::move(asked.sent)] {
    if (gives_up_sending_) return;
    perform(outbox_->answered(row, sent, now()), [this, sink] { rested(sink); });
  });
}

void Process::repeat(const std::string& sink, Outbox::Repeat what) {
  const auto& config = *outbox_->config(sink);
  auto asked = ask_all(sink, what.to, [&](std::size_t place, const Reply& reply) {
    world_.witness.repeated(host_, config, place, reply, what.body);
  });
  later(asked.after, [this, sink, what = std::move(what), sent = std::move(asked.sent)] {
    if (gives_up_sending_) return;
    perform(outbox_->repeated(sink, what, sent, now()), [this, sink] { rested(sink); });
  });
}

Standing Process::standing(const std::string& incident) {
  Standing s;
  s.is_open = engine_->open_record(incident) != nullptr;
  s.firing = engine_->firing(incident, now());
  return s;
}

void Process::perform(OutboxStep step, std::function<void()> done) {
  auto writes = in_order(std::move(step), *outbox_, [this](const std::string& i) { return standing(i); });
  write_on(std::make_shared<std::deque<OutboxWrite>>(std::make_move_iterator(writes.begin()),
                                                     std::make_move_iterator(writes.end())),
           std::move(done));
}

void Process::write_on(std::shared_ptr<std::deque<OutboxWrite>> writes, std::function<void()> done) {
  while (!writes->empty()) {
    auto next = std::move(writes->front());
    writes->pop_front();
    if (const auto* line = std::get_if<Say>(&next)) {
      say(*line);
    } else if (const auto* opened = std::get_if<ForgetOpened>(&next)) {
      replace_opened({mirror_.forget_opened(opened->sink, opened->incident)});
    } else if (auto* fresh = std::get_if<CommitRows>(&next)) {
      world_.witness.own_rows(host_, fresh->rows);
      return store_commit({{}, std::move(fresh->rows), {}, {}}, [this, writes, done](const Result<void>&, const auto&) {
        take_in();
        write_on(writes, done);
      });
    } else if (const auto* mark = std::get_if<OutboxStep::Mark>(&next)) {
      action("before a mark");
      world_.witness.marked(host_, mark->row);
      return store_mark(*mark, [this, writes, done] {
        action("after a mark");
        write_on(writes, done);
      });
    } else if (const auto* tried = std::get_if<RowTried>(&next)) {
      put(FleetEvent(Attempted{tried->row, tried->is_accepted, tried->was_written, tried->not_before}));
    } else if (const auto* closed = std::get_if<ForgetClosed>(&next)) {
      if (auto changed = mirror_.forget_closed(closed->before); !changed.empty()) replace_opened(std::move(changed));
    }
  }
  done();
}

std::set<std::string> Process::sinks_off() const {
  std::set<std::string> off;
  for (const auto& sink : outbox_->view())
    if (sink.state == "off") off.insert(sink.name);
  return off;
}

/// What ails the watch itself is told as an alarm. The daemon looks each second; here it is enough that it looks.
void Process::look_at_itself() {
  DaemonView self;
  self.store_ok = ok();
  self.store_error = "it cannot be written";
  self.unwatched = member_->impairments(now());
  const auto ailing = impairments(self);
  if (const auto told = notice_.look(ailing, now().mono)) {
    perform(outbox_->watch_is(*told, now()), [] {});
    world_.witness.looked_at_itself(host_, *this, *told);
  }
  later(look_every, [this] {
    if (!stopping_) look_at_itself();
  });
}

/// The dead man's switch, and when it is to be looked at again.
void Process::beat() {
  const auto mine = ++beats_planned_;
  const auto healthy = [this] {
    return ok() && member_->impairments(now()).empty() && engine_->yet_to_begin(now()).empty() &&
           member_->own_ways().empty();
  };
  for (;;) {
    const auto until = dead_man_.wait(config_.heartbeat, healthy, now().mono);
    if (!until) {
      world_.witness.beats(host_, *this);
      continue;
    }
    if (*until == MonoTime::max()) return;
    return later(std::max(Millis(1), *until - now().mono), [this, mine] {
      if (mine == beats_planned_ && !stopping_) beat();
    });
  }
}

}  // namespace readback::sim
