// What the shell does with sockets and a disk, done here in memory and at once, in the same order.
#include "tests/core/alert/outbox_world.hpp"

#include <algorithm>

namespace readback {

// ---- the store

void KeptRows::commit(std::vector<OutboxRow> rows) {
  for (auto& row : rows) {
    row.seq = ++last_seq;
    note_opened(opened, row);
    pending.emplace(row.seq, std::move(row));
  }
}

void KeptRows::mark(const OutboxStep::Mark& mark) {
  const auto& row = mark.row;
  if (row.state == OutboxState::pending) {
    pending.at(row.seq) = row;
    return;
  }
  pending.erase(row.seq);
  done.push_back(row);
  if (!mark.forget) return;
  forget(row.sink, row.incident_id);
  for (const auto& [seq, other] : pending)
    if (other.sink == row.sink && other.incident_id == row.incident_id) note_opened(opened, other);
}

void KeptRows::forget(const std::string& sink, const std::string& incident) {
  std::erase_if(opened, [&](const OpenedKey& k) { return k.sink == sink && k.incident_id == incident; });
}

std::vector<std::pair<std::string, std::string>> KeptRows::refused() const {
  std::vector<std::pair<std::string, std::string>> all;
  for (const auto& row : done)
    if (row.state == OutboxState::dead && row.mark == OutboxRow::Mark::open)
      all.emplace_back(row.sink, row.incident_id);
  return all;
}

void KeptRows::forget_closed(WallTime before) {
  std::erase_if(opened, [&](const OpenedKey& k) { return k.closed_at && *k.closed_at < before; });
}

// ---- receivers

Receiver::Receiver(World& world) : url_("http://receiver/" + std::to_string(world.receivers.size())) {
  world.receivers[url_] = this;
}

Reply Receiver::receive(Got one) {
  Reply reply = otherwise;
  if (judge)
    reply = judge(one);
  else if (!script.empty()) {
    reply = script.front();
    script.pop_front();
  }
  got.push_back(std::move(one));
  return reply;
}

std::vector<std::string> events_of(const Receiver& receiver) {
  std::vector<std::string> all;
  for (const auto& g : receiver.got) all.emplace_back(g.object().at("event").as_string());
  return all;
}

SinkConfig sink_of(std::string name, SinkType type, const std::vector<std::string>& urls) {
  SinkConfig sink;
  sink.name = std::move(name);
  sink.type = type;
  for (const auto& url : urls) sink.urls.push_back({SecretRef::From::plain, url});
  return sink;
}

// ---- the world

World::World() {
  config.environment = "prod";
  restart();
}

AlertEvent World::event(EventKind kind, const std::string& incident, Boundary boundary) {
  pass(Millis(1));  // no two events at the same moment
  AlertEvent e;
  e.at = now.wall;
  e.id = ids.next(e.at);
  e.kind = kind;
  e.environment = "prod";
  e.host = "host-7";
  e.incident.target = "fabric";
  e.incident.id = incident;
  e.incident.episode = "ep";
  e.incident.boundary = boundary;
  e.incident.severity = Severity::error;
  e.incident.opened_at = e.incident.confirmed_at = e.at;
  e.incident.summary = "OUTAGE total fabric: /health refused";
  e.incident.dedup_base = "prod/fabric/" + std::string(to_string(boundary));
  return e;
}

void World::count_write() {
  if (writes_left == 0) throw Crash{};
  if (writes_left > 0) --writes_left;
}

std::string World::tell(const AlertEvent& e, const std::string& only) {
  auto step = outbox->render(e, only);
  for (const auto& [sink, incident] : step.forget) {
    count_write();
    store.forget(sink, incident);
  }
  count_write();
  const auto first = store.last_seq;
  store.commit(std::move(step.commit));
  for (auto row = store.pending.upper_bound(first); row != store.pending.end(); ++row)
    outbox->committed(row->second, now);
  wakes.clear();
  return e.id;
}

void World::reload() {
  wakes.clear();
  perform(outbox->reconfigure({config.environment, "host-7"}, config.alerts.sinks, now));
}

void World::restart() {
  wakes.clear();
  outbox = std::make_unique<Outbox>(OutboxSetup{{config.environment, "host-7"}, config.alerts.sinks, seed_++});
  perform(outbox->restore(store.pending, store.opened, now, store.refused()));
}

void World::perform(OutboxStep step) {
  for (const auto& line : step.say) said.push_back(line.text);
  for (const auto& [sink, incident] : step.forget) {
    count_write();
    store.forget(sink, incident);
  }
  for (const auto& [sink, incident] : step.retell) {
    const auto found = standings.find(incident);
    auto more = outbox->tell_again(sink, incident, found == standings.end() ? Standing{} : found->second);
    for (auto& row : more.commit) step.commit.push_back(std::move(row));
  }
  if (!step.commit.empty()) {
    count_write();
    const auto first = store.last_seq;
    store.commit(std::move(step.commit));
    for (auto row = store.pending.upper_bound(first); row != store.pending.end(); ++row)
      outbox->committed(row->second, now);
    wakes.clear();
  }
  for (const auto& mark : step.mark) {
    count_write();
    store.mark(mark);
  }
  if (step.forget_closed) {
    count_write();
    store.forget_closed(*step.forget_closed);
  }
}

SinkSent World::send(const std::vector<std::string>& urls, const std::string& id, const std::string& body) {
  SinkSent sent;
  sent.body_size = body.size();
  for (const auto& url : urls) {
    auto reply = receivers.at(url)->receive({id, body, now.mono, {}});
    sent.answers.push_back({reply.status, reply.status ? "" : reply.detail, reply.retry_after});
  }
  return sent;
}

void World::attempt(OutboxRow row) {
  const bool minimal = row.minimal && !row.minimal_body.empty();
  auto body = finish_body(minimal ? row.minimal_body : row.body, row.created, now.wall, "key", outbox->age(row, now));
  if (outbox->config(row.sink)->type == SinkType::alertmanager) body = alertmanager_in_order(body, now.wall);
  std::vector<std::string> urls;
  for (const auto& url : outbox->config(row.sink)->urls) urls.push_back(url.value);
  const auto sent = send(urls, row.event_id, body);
  perform(outbox->answered(std::move(row), sent, now));
}

bool World::turn(const std::string& sink) {
  auto next = outbox->next(sink, now);
  if (const auto* send_it = std::get_if<Outbox::Send>(&next)) {
    attempt(store.pending.at(send_it->seq));
  } else if (const auto* drop = std::get_if<Outbox::Drop>(&next)) {
    perform(outbox->dropped(store.pending.at(drop->seq), now));
  } else if (const auto* repeat = std::get_if<Outbox::Repeat>(&next)) {
    std::vector<std::string> urls;
    for (const auto place : repeat->to) urls.push_back(outbox->config(sink)->urls.at(place).value);
    perform(outbox->repeated(sink, *repeat, send(urls, "", repeat->body), now));
  } else {
    const auto* wait = std::get_if<Outbox::Wait>(&next);
    wakes[sink] = wait ? wait->until : MonoTime::max();
    return false;
  }
  return true;
}

bool World::work() {
  bool any = false;
  for (const auto& sink : outbox->sinks()) {
    const auto wake = wakes.find(sink);
    if (wake != wakes.end() && wake->second > now.mono) continue;
    any = turn(sink) || any;
  }
  return any;
}

bool World::until(const std::function<bool()>& holds, Millis limit) {
  const auto deadline = now.mono + limit;
  for (;;) {
    if (holds()) return true;
    if (work()) continue;
    if (holds()) return true;
    MonoTime next = MonoTime::max();
    for (const auto& [sink, wake] : wakes) next = std::min(next, wake);
    if (next > deadline) {
      pass(deadline - now.mono);
      return holds();
    }
    pass(std::max(Millis(1), next - now.mono));
  }
}

SinkView World::sink(const std::string& name) const {
  for (auto& v : outbox->view())
    if (v.name == name) return v;
  return {};
}

std::vector<OutboxRow> World::deliveries(const std::string& incident) const {
  std::vector<OutboxRow> all;
  for (const auto& row : store.done)
    if (row.incident_id == incident) all.push_back(row);
  return all;
}

}  // namespace readback
