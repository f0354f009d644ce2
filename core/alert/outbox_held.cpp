// Rows of a fleet: they wait for its word, one attempt at a time, and are over when the receiver has taken them or when
// another host was first. What a receiver knows of the incident stands in the fleet's claim; the ledger here says what
// this host would repeat and close, and follows.
#include <algorithm>

#include "core/alert/outbox_sink.hpp"

namespace readback {
namespace {

/// Nothing of it can have reached the receiver.
bool is_unwritten(const SinkSent& sent) {
  if (!sent.problem.empty()) return true;
  return !sent.answers.empty() &&
         std::none_of(sent.answers.begin(), sent.answers.end(), [](const SinkAnswer& a) { return a.was_written; });
}

}  // namespace

Outbox::Held* Outbox::held(std::uint64_t row) {
  for (auto& [event, each] : held_)
    if (each.row == row) return &each;
  return nullptr;
}

OutboxStep Outbox::leave(std::uint64_t row, MonoTime now) {
  OutboxStep step;
  auto* each = held(row);
  auto* sink = each ? find(each->sink) : nullptr;
  if (!each || !sink || sink->off || each->seq == 0) {  // another host may have a way
    step.tried.push_back({row, false, false, Millis(0)});
    return step;
  }
  if (sink->paused_until > now) {  // it would leave when that is over, and who knows who speaks by then
    step.tried.push_back({row, false, false, sink->paused_until - now});
    return step;
  }
  each->is_let_go = true;
  const auto* entry = sink->queue.find(each->seq);
  if (entry)
    for (const auto before : sink->queue.before(*entry)) sink->queue.hasten(before);
  sink->queue.let_go(each->seq);
  return step;
}

void Outbox::forget(std::uint64_t row) {
  auto* each = held(row);
  auto* sink = each ? find(each->sink) : nullptr;
  if (!each) return;
  each->is_forgotten = true;
  if (sink && each->seq != 0) sink->queue.let_go(each->seq);
}

OutboxStep Outbox::over(const std::string& incident) {
  OutboxStep step;
  for (auto all = stories_.begin(); all != stories_.end();) {
    const auto& name = all->first;
    if (const auto s = all->second.find(incident); s != all->second.end() && !s->second.open.empty()) {
      step.forget.emplace_back(name, incident);
      s->second.open.clear();
      std::erase_if(s->second.opened, [](const OpenedKey& key) { return !key.closed_at; });
      s->second.heard = false;
      const auto& story = s->second;
      if (story.opened.empty() && !story.coming && !story.never_heard && !story.refused) all->second.erase(s);
    }
    all = all->second.empty() ? stories_.erase(all) : std::next(all);
  }
  return step;
}

/// Behind it in the line of its incident something waits that the fleet has let go.
bool Outbox::is_in_the_way(const Sink& sink, const OutboxHead& row) const {
  return std::any_of(held_.begin(), held_.end(), [&](const auto& entry) {
    const Held& each = entry.second;
    if (!each.is_let_go || each.sink != row.sink || each.seq <= row.seq) return false;
    const auto* behind = sink.queue.find(each.seq);
    return behind && behind->incident_id == row.incident_id;
  });
}

/// The receiver knows of it, from another host.
OutboxStep Outbox::drop_held(Sink& sink, OutboxRow row, Instant now) {
  OutboxStep step;
  held_.erase(row.event_id);
  if (row.mark == OutboxRow::Mark::open) stories_[row.sink][row.incident_id].heard = true;
  finish(sink, std::move(row), OutboxState::expired, false, now.wall, step);
  return step;
}

/// The receiver wants it: what was let go and has not left goes back to the fleet, since another host may speak by the
/// time that it is over.
void Outbox::pause(Sink& sink, const OutboxHead& sent, Millis wait, Instant now, OutboxStep& step) {
  sink.paused_until = now.mono + wait;
  for (auto& [event, each] : held_) {
    const bool is_waiting = each.is_let_go && !each.is_forgotten && each.seq != 0 && each.seq != sent.seq;
    if (!is_waiting || each.sink != sent.sink) continue;
    each.is_let_go = false;
    sink.queue.hold(each.seq);
    step.tried.push_back({each.row, false, false, wait});
  }
}

void Outbox::answered_held(Sink& sink, OutboxRow row, const SinkSent& sent, const Decision& decision, Instant now,
                           OutboxStep& step) {
  auto& each = held_.at(row.event_id);
  const bool is_accepted = decision.what == Decision::What::delivered;
  const bool asks_for_time =
      std::any_of(sent.answers.begin(), sent.answers.end(), [](const auto& a) { return !a.retry_after.empty(); });
  step.tried.push_back({each.row, is_accepted, !is_unwritten(sent), asks_for_time ? decision.wait : Millis(0)});
  if (is_accepted) {
    held_.erase(row.event_id);
    const bool is_end = row.kind == EventKind::resolved;
    const std::string name = row.sink, incident = row.incident_id;
    accepted(sink, std::move(row), decision.text, now.wall, step);
    if (!is_end) return;
    auto& s = stories_[name][incident];
    s.open.clear(), s.opened.clear();
    s.heard = false;
    step.forget.emplace_back(name, incident);
    return tidy(name, incident);
  }
  if (each.is_forgotten) {
    auto dropped = drop_held(sink, std::move(row), now);
    std::move(dropped.mark.begin(), dropped.mark.end(), std::back_inserter(step.mark));
    return;
  }
  if (!std::exchange(sink.failing, true) || sink.detail != decision.text)
    step.say.push_back({Say::Level::warning, "sink.retries", "", "", "",
                        "sink " + row.sink + ": " + decision.text + "; the alert is kept, another host may tell it"});
  sink.detail = decision.text;
  row.minimal = row.minimal || decision.what == Decision::What::again_minimal;
  if (decision.whole_sink) pause(sink, row, decision.wait, now, step);
  each.is_let_go = false;
  sink.queue.put_off(row, now.mono);
  sink.queue.hold(row.seq);
  if (decision.what == Decision::What::sink_off) sink.off = true;
  if (decision.what == Decision::What::sink_off || decision.what == Decision::What::dead)
    break_sink(sink, "sink broken: " + row.sink + " answered " + decision.text + " on this host", now.wall, step);
  step.mark.push_back({std::move(row), false});
}

}  // namespace readback
