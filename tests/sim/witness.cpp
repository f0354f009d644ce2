// What the witness is told, and the rules that need no more than that. Pages and their ends are judged in
// witness_pages.cpp.
#include "tests/sim/witness.hpp"

#include <algorithm>
#include <utility>

#include "core/alert/own_alarm.hpp"
#include "tests/sim/process.hpp"
#include "tests/sim/world.hpp"

namespace readback::sim {
namespace {

constexpr Rule rules[] = {
    {"together", "contract 3: written to the durable outbox in the same transaction as the state change"},
    {"one id", "contract 3: `id` is stable over retries, unique per event, and time-ordered"},
    {"page once", "product, never: page twice for one incident; diagnosis 4: a firing incident is not paged again"},
    {"one key", "reliability 1: the page arrives, one dedup key; contract 3: with the key it was opened with"},
    {"order", "contract 3: in order per sink and incident"},
    {"only what was opened", "contract 3: a resolve goes only to what this host opened"},
    {"told what it is", "contract 3, the table of answers: delivered, parked as dead, expired"},
    {"its end", "reliability 2 and 3: trigger and resolve both arrive, whatever was restarted between"},
    {"confirmed", "diagnosis 4: confirm.failures consecutive sweeps in which that boundary holds make it firing"},
    {"blind", "diagnosis 3: blindness inhibits everything, the stack's state is unknown, not down"},
    {"explained", "diagnosis 3: an outage inhibits readiness and product"},
    {"quiet", "contract 3: a silence or maintenance window holds back new pages"},
    {"recovered", "diagnosis 4: confirm.recoveries sweeps in which the boundary's own reads were made and pass"},
    {"resolved", "product 7: it does not stop at a green endpoint; diagnosis 4: green for resolution.settle"},
    {"reminder", "diagnosis 4: still firing after renotify: reminder; contract 1: ack, reminders stop"},
    {"evidence", "product 5: the id and digest of an evidence snapshot that is already on disk"},
    {"heartbeat", "contract 2: dead-man's switch, sent only while sweeps really happen"},
    {"whole", "own_alarm.hpp: something on this host keeps us from seeing, proving or recording; every sink is told"},
    {"restart", "diagnosis 4: a restart of the daemon changes nothing, state is reloaded"},
    {"answer", "engine.hpp: an operator's event has exactly one Answer"},
    {"no end", "outbox.hpp: nothing waits for ever"},
    {"arrives", "product, never: lose an alert to a restart, a crash, a full disk or a pager that is down"},
    {"paged",
     "fleet: an outage that a majority sees is paged within its bound, whatever dies, as long as one member that "
     "sees it lives and some receiver answers"},
    {"once", "fleet: without disconnection or a crash exactly one page per incident and sink"},
    {"own trouble", "fleet: one connected host's own trouble never pages as an outage while two others see green"},
    {"ended", "fleet: every page is followed by its end or still true"},
    {"no early end", "fleet: no end while a majority sees it"},
    {"called", "contract 8: alerts.escalate: another receiver when nobody acknowledged in time"},
    {"at rest", "fleet: no claim stays open; outbox.hpp: nothing waits for ever"},
    {"bounded", "reliability 24: flat memory; product, never: load the thing that it watches"},
};

const std::string on_the_disk = "on the disk";  // an event of which only the disk tells

std::string short_id(const std::string& id) { return id.size() > 24 ? id.substr(24) : id; }
std::string bare_id(const std::string& id) { return id.substr(0, id.find('/')); }

}  // namespace

const Rule* find_rule(const std::string& name) {
  for (const auto& rule : rules)
    if (rule.name == name) return &rule;
  return nullptr;
}

void Witness::broken(const char* rule, const std::string& detail) const { throw Broken{rule, detail}; }

const Witness::OfHost* Witness::of(const Host& host) const {
  const auto found = hosts_.find(&host);
  return found == hosts_.end() ? nullptr : &found->second;
}

// ---- the life of a process

void Witness::started(Host& host, Process& process, const std::vector<std::string>& refused) {
  auto& h = of(host);
  const auto& disk = host.disk.now();
  if (!refused.empty()) broken("restart", refused.front());
  h.lives.clear();
  h.counted.clear();
  h.ailing_since = Millis(-1);
  h.started = world_.time;
  std::map<std::string, Boundary> known, has;
  for (const auto& [part, memory] : disk.memories) {
    h.lives[part].memory = memory;
    for (const auto& [id, open] : memory.open) {
      known[id] = open.boundary;
      for (const auto& [event, sink] : open.rows)
        if (!disk.known.contains({event, sink}))
          broken("together",
                 "the state says that incident " + id + " was paged, and its row for " + sink + " is not on the disk");
    }
  }
  for (const auto& [seq, row] : disk.rows)
    if (row.kind == EventKind::firing && !is_own_alarm(row.incident_id) && !known.contains(row.incident_id) &&
        !disk.ended.contains(row.incident_id) && !shared_.contains(row.incident_id) &&
        !own_ways_.contains(row.incident_id))
      broken("together",
             "the page of incident " + row.incident_id + " is on the disk, and the state knows nothing of it");
  for (const auto& [seq, row] : disk.rows) {
    const auto is_about = [&sink = row.sink](const auto& each) {
      return sink_of_own_alarm(each.second.incident_id) == sink;
    };
    if (row.state == OutboxState::dead && h.parked.contains({row.event_id, row.sink}) &&
        std::none_of(disk.rows.begin(), disk.rows.end(), is_about))
      broken("together", "an alert for " + row.sink + " is parked on the disk, and no alarm about that is");
  }
  for (const auto* i : process.engine().open_records()) has[i->id] = i->boundary;
  if (has != known)
    broken("restart", std::to_string(known.size()) + " incidents were open on the disk, and " +
                          std::to_string(has.size()) + " are after the restart");
  reconfigured(host, process.config());
  h.newest_id = disk.newest_event();
  for (const auto& bundle : host.disk.bundles) h.newest_id = std::max(h.newest_id, bundle);
  const auto last_seq = disk.rows.empty() ? 0 : disk.rows.rbegin()->first;
  for (auto& [address, incidents] : h.told)
    for (auto& [incident, told] : incidents) told.newest_seq = std::min(told.newest_seq, last_seq);
  for (const auto& key : disk.opened)  // its end may have left from memory, and the memory is gone
    if (!key.closed_at && key.incident_id == watch_incident)
      h.lines[key.sink][key.incident_id].firing.emplace(on_the_disk, "taken");
  for (auto& [sink, lines] : h.lines)
    for (auto& [incident, line] : lines) {
      if (!h.sinks.contains(sink)) line.excused = true;  // its address is no longer known
      for (const auto& event : line.opening)
        if (!disk.known.contains({event, sink})) line.excused = true;  // it left from memory, and the memory is gone
      for (auto i = line.firing.begin(); i != line.firing.end();) {
        const auto here = i++;
        if (here->first == on_the_disk || disk.known.contains({here->first, sink})) continue;
        line.firing.erase(here);
      }
    }
}

void Witness::reconfigured(Host& host, const Config& config) {
  auto& h = of(host);
  h.reconfigured = world_.time;
  h.sinks.clear();
  for (const auto& sink : config.alerts.sinks) h.sinks.insert(sink.name);
  for (auto& [sink, lines] : h.lines)
    for (auto& [incident, line] : lines) line.uncertain = line.uncertain || !h.sinks.contains(sink);
  for (const TargetConfig& target : config.targets) h.failures = std::min(h.failures, target.confirm.failures);
}

void Witness::ends(Host& host, bool durable) {
  if (!durable) of(host).quiet.clear();
}

// ---- reads

void Witness::read(Host& host, const std::string& target, std::uint64_t sweep, std::shared_ptr<Seen> seen) {
  of(host).lives[target].read[sweep] = std::move(seen);
}

void Witness::checked(Host& host, const std::string& target, const std::string& word) {
  of(host).lives[target].checks.push_back(word);
}

void Witness::counted(Host& host, const std::string& target, std::uint64_t sweep) {
  auto& h = of(host);
  auto& life = h.lives[target];
  const auto newest = life.read.find(sweep);
  if (newest == life.read.end()) return;
  auto seen = std::move(newest->second);
  life.read.erase(newest);
  for (const auto& word : life.checks) seen->check += (seen->check.empty() ? "" : " ") + word;
  life.checks.clear();
  seen->mono = Millis(world_.now(host).mono.time_since_epoch());
  seen->boot = host.boots;
  seen->wall = world_.now(host).wall;
  seen->before = std::move(life.memory.seen);
  life.memory.seen = std::move(seen);
  h.counted[target] = Millis(world_.now(host).mono.time_since_epoch());
}

void Witness::decided(Host& host, Process& process, const Actions& actions) {
  auto& h = of(host);
  const auto before = h.newest_id;
  const auto note = [&](const std::string& id) {
    if (id <= before) broken("one id", "id " + id + " comes after " + before + ", and is not ordered behind it");
    h.newest_id = std::max(h.newest_id, id);
  };
  for (const auto& action : actions) {
    if (const auto* notify = std::get_if<Notify>(&action)) {
      if (!h.sealed_alerts.contains(notify->event.id)) note(notify->event.id);
    } else if (const auto* seal = std::get_if<Seal>(&action)) {
      note(seal->order.snapshot_id);
      for (const auto& alert : seal->then.alerts) {
        note(alert.id);
        h.sealed_alerts.insert(alert.id);
      }
    }
  }
  if (actions.size() > 100) broken("bounded", "one event brought " + std::to_string(actions.size()) + " actions");
  const auto& targets = process.config().targets;
  if (h.lives.size() > targets.size())
    std::erase_if(h.lives, [&](const auto& life) {
      return !life.first.empty() &&
             std::none_of(targets.begin(), targets.end(), [&](const TargetConfig& t) { return t.name == life.first; });
    });
}

void Witness::answered(Host&, const Answer& answer) {
  if (answer.text.empty()) broken("answer", "an operator was told nothing");
}

Memory Witness::memory_of(Host& host, Process& process, const std::string& part) {
  auto& h = of(host);
  const auto open_here = process.engine().open_records();
  // A host may hear of an incident from its fleet before its own first sweep.
  const bool has_some =
      std::any_of(open_here.begin(), open_here.end(), [&](const auto* i) { return i->target == part; });
  if (!has_some && !h.lives.contains(part)) return {};
  auto& memory = h.lives[part].memory;
  std::map<std::string, Known> open;
  for (const auto* i : open_here) {
    if (i->target != part) continue;
    auto& known = open[i->id];
    if (const auto before = memory.open.find(i->id); before != memory.open.end()) known = std::move(before->second);
    known.id = i->id;
    known.boundary = i->boundary;
    known.acknowledged = i->acknowledged_at.has_value();
  }
  memory.open = std::move(open);
  return memory;
}

void Witness::ended(Host& host, const std::vector<IncidentRecord>& ended) {
  for (const auto& i : ended)
    if (const auto life = of(host).lives.find(i.target); life != of(host).lives.end())
      life->second.memory.open.erase(i.id);
}

// ---- rows

void Witness::rendered(Host& host, Process&, const Notify& notify, const std::vector<OutboxRow>& rows) {
  auto& h = of(host);
  const auto& event = notify.event;
  for (const auto& row : rows) {
    auto& line = h.lines[row.sink][row.incident_id];
    if (event.kind == EventKind::resolved) line.firing.clear();
    if (event.kind == EventKind::firing) {
      if (!line.firing.empty() && !shared_.contains(row.incident_id))
        broken("one id", "incident " + row.incident_id + " fires anew for sink " + row.sink + ", as event " +
                             row.event_id + " after " + line.firing.begin()->first);
      line.firing[row.event_id];
      if (const auto life = h.lives.find(event.incident.target); life != h.lives.end())
        life->second.memory.open[row.incident_id].rows.emplace(row.event_id, row.sink);
    }
  }
}

void Witness::own_rows(Host& host, const std::vector<OutboxRow>& rows) {
  auto& h = of(host);
  const auto before = h.newest_id;
  for (const auto& row : rows) {
    const auto id = bare_id(row.event_id);
    if (id <= before) broken("one id", "id " + id + " of our own alarm is not behind " + before);
    h.newest_id = std::max(h.newest_id, id);
    auto& line = h.lines[row.sink][row.incident_id];
    if (row.mark == OutboxRow::Mark::close) line.firing.clear();
    if (row.kind != EventKind::firing) continue;
    for (const auto& [event, how] : line.firing)
      if (how != "refused" && how != "dropped" && !line.uncertain && !h.refused.contains(event + " " + row.sink))
        broken("page once", "sink " + row.sink + " is told anew of incident " + row.incident_id + ", and event " +
                                event + " was not refused");
    line.firing[row.event_id];
  }
}

void Witness::marked(Host& host, const OutboxRow& row) {
  auto& h = of(host);
  const auto what = row.event_id + " " + row.sink;
  auto& line = h.lines[row.sink][row.incident_id];
  const auto how = [&](const char* word) {
    if (const auto i = line.firing.find(row.event_id); i != line.firing.end()) i->second = word;
  };
  const std::string about = std::string(to_string(row.kind)) + " of " + row.incident_id + " for " + row.sink;
  switch (row.state) {
    case OutboxState::pending: return;
    case OutboxState::delivered:
      how("taken");
      if (!h.taken.contains(what)) broken("told what it is", about + " is called delivered, and nobody has taken it");
      return;
    case OutboxState::dead:
      how("refused");
      line.firing.erase(on_the_disk);
      line.excused = true;
      if (h.sinks.size() > 1 && h.sinks.contains(row.sink) && !is_own_alarm(row.incident_id))
        h.parked.insert({row.event_id, row.sink});
      if (!h.refused.contains(what)) broken("told what it is", about + " is parked, and nobody has refused it");
      return;
    case OutboxState::expired: {
      line.excused = line.excused || row.mark != OutboxRow::Mark::none;
      how("dropped");
      const bool may = row.kind == EventKind::reminder || row.kind == EventKind::test || is_of_silence(row.kind) ||
                       !h.sinks.contains(row.sink) || row.last_detail == "its page never arrived" ||
                       shared_.contains(row.incident_id);
      if (!may) broken("told what it is", about + " is called expired: " + row.last_detail);
      return;
    }
  }
}

void Witness::should_have_left(Host& host, Process& process, const std::vector<OutboxRow>& rows) {
  auto& h = of(host);
  constexpr Millis pause = Seconds(400);  // the longest that a receiver may have asked for, and what waited for that
  const auto off = process.sinks_off();
  if (world_.time - h.reconfigured < Seconds(120))
    return;  // what had piled up for a sink that was off goes in its turn
  for (const auto& row : rows) {
    const auto* sink = process.outbox().config(row.sink);
    if (off.contains(row.sink) || shared_.contains(row.incident_id)) continue;
    if (!process.mirror().pending().contains(row.seq) || !sink) continue;
    const bool excused = std::any_of(sink->urls.begin(), sink->urls.end(), [&](const SecretRef& url) {
      const auto& receiver = world_.receivers[url.value];
      return receiver.mood != Mood::takes ||
             world_.time - std::max({receiver.changed, host.stands_until, host.way_changed}) < pause ||
             h.told[url.value][row.incident_id].ids.contains(row.event_id);
    });
    if (!excused)
      broken("arrives", std::string(to_string(row.kind)) + " of " + row.incident_id + " was not sent to " + row.sink +
                            ", which takes all, within half a minute");
  }
}

void Witness::arrived(Host& host, Process&, const OutboxRow& row, const SinkConfig& sink, std::size_t place,
                      const Reply& reply, const std::string& body) {
  auto& h = of(host);
  if (world_.tells())
    world_.tell(host.name, "tells " + sink.name + " (" + std::string(to_string(sink.type)) +
                               "): " + std::string(to_string(row.kind)) + " " + row.target + " " +
                               short_id(row.incident_id) + " -> " +
                               (reply.answer.status ? std::to_string(reply.answer.status) : reply.answer.detail) +
                               (reply.has_it && !reply.answer.status ? ", but it has it" : ""));
  const auto what = row.event_id + " " + row.sink;
  if (reply.refuses) h.refused.insert(what);
  if (body.size() > body_limit) broken("bounded", "a body of " + std::to_string(body.size()) + " bytes");
  if (shared_.contains(row.incident_id)) {
    if (reply.has_it) h.taken.insert(what);
    return;
  }
  auto& told = h.told[sink.urls.at(place).value][row.incident_id];
  const bool first = told.ids.insert(row.event_id).second;
  if (row.seq < told.newest_seq && (first || told.newest_life == host.life))
    broken("order", "row " + std::to_string(row.seq) + " (" + std::string(to_string(row.kind)) +
                        ") arrives after row " + std::to_string(told.newest_seq) + " of the same incident at " +
                        sink.name);
  if (row.seq > told.newest_seq) told.newest_seq = row.seq, told.newest_life = host.life;
  const bool pager_of_keys = sink.type == SinkType::alertmanager;
  if (row.kind == EventKind::test || is_of_silence(row.kind)) return void(reply.has_it && h.taken.insert(what).second);
  if (!pager_of_keys && !told.key.empty() && told.key != row.key)
    broken("one key", "incident " + row.incident_id + " was " + told.key + " for " + sink.name + ", and is " + row.key);
  if (row.mark != OutboxRow::Mark::open) {
    bool opened = false;
    for (const auto& url : sink.urls) opened = opened || h.told[url.value][row.incident_id].ever_open;
    if (!opened)
      broken("only what was opened", sink.name + " hears " + std::string(to_string(row.kind)) + " of incident " +
                                         row.incident_id + ", of which it has never heard");
  }
  if (row.mark == OutboxRow::Mark::open) h.lines[row.sink][row.incident_id].opening.insert(row.event_id);
  if (!reply.has_it) return;
  if (h.taken.insert(what).second && sink.name == "s0" && !is_own_alarm(row.incident_id) &&
      &host == world_.hosts.front().get() && world_.time <= world_.schedule.ends)
    world_.outcome.pages_told.push_back(row.incident_id + " " + row.target + " " + row.key + " " +
                                        std::string(to_string(row.kind)));
  told.key = row.key;
  told.last = world_.time;
  if (row.mark == OutboxRow::Mark::open) {
    told.open = told.ever_open = true;
    if (!is_own_alarm(row.incident_id)) h.heard_open[sink.name] = world_.time;
  }
  if (row.mark == OutboxRow::Mark::close) told.open = false;
}

void Witness::repeated(Host& host, const SinkConfig& sink, std::size_t place, const Reply& reply, const std::string&) {
  if (world_.tells())
    world_.tell(host.name, "repeats to " + sink.name + ", address " + std::to_string(place + 1) + " -> " +
                               (reply.answer.status ? std::to_string(reply.answer.status) : reply.answer.detail));
  of(host).last_repeat = world_.time;
}

// ---- the heart, and the end

void Witness::beats(Host& host, Process& process) {
  auto& h = of(host);
  h.last_beat = world_.time;
  if (world_.tells()) world_.tell(host.name, "beats");
  const Millis mono(world_.now(host).mono.time_since_epoch());
  for (const TargetConfig& target : process.config().targets) {
    const auto counted = h.counted.find(target.name);
    if (counted == h.counted.end()) broken("heartbeat", "the heart beats, and " + target.name + " was never read");
    if (mono - counted->second > target.interval * 10 + Seconds(90))
      broken("heartbeat", "the heart beats, and no sweep of " + target.name + " has counted for long");
  }
  const Millis slowest = Seconds(world_.schedule.setup.interval_s * 7 + 30);  // something is written with each sweep
  if (host.disk.mood != DiskMood::works && mono - host.bad_disk_since > slowest && !host.clock_was_moved)
    broken("heartbeat", "the heart beats, and the disk has not taken anything for long");
}

void Witness::looked_at_itself(Host& host, Process& process, const std::string& ailing) {
  auto& h = of(host);
  if (ailing.empty()) {
    h.ailing_since = Millis(-1);
    for (auto& [sink, lines] : h.lines)
      if (auto& line = lines[std::string(watch_incident)]; std::exchange(line.uncertain, false)) line.firing.clear();
    return;
  }
  if (h.ailing_since < Millis(0)) h.ailing_since = world_.time;
  const Millis from = std::max({h.ailing_since, h.started, h.reconfigured, host.stands_until});
  if (world_.time - from < Seconds(60)) return;
  for (const auto& sink : process.config().alerts.sinks)
    if (const auto& line = h.lines[sink.name][std::string(watch_incident)]; line.firing.empty() && !line.uncertain)
      broken("whole", sink.name + " was not told within a minute: " + ailing);
}

void Witness::silenced(Host& host, const Silence& silence, Millis lasts) {
  const Millis mono(world_.now(host).mono.time_since_epoch());
  of(host).quiet.push_back({silence.target, silence.boundary, mono, mono + lasts, host.boots});
}

void Witness::unsilenced(Host& host) { of(host).quiet.clear(); }

void Witness::steps(Host& host) {
  auto& h = of(host);
  if (world_.time - h.steps_since > Seconds(60)) h.steps_since = world_.time, h.steps = 0;
  if (++h.steps > 4000) broken("bounded", "more than 4000 steps within a minute");
}

void Witness::at_rest(Host& host, Process& process, bool at_the_end) {
  auto& h = of(host);
  for (const auto& sink : process.config().alerts.sinks)
    for (const auto& [incident, line] : h.lines[sink.name]) {
      if (line.excused || shared_.contains(incident)) continue;
      if (!at_the_end && is_own_alarm(incident))
        continue;  // still true for a moment, or until that sink takes something
      const bool all_open = std::all_of(sink.urls.begin(), sink.urls.end(), [&, &i = incident](const SecretRef& url) {
        const auto& told = h.told[url.value];
        const auto found = told.find(i);
        return found != told.end() && found->second.open;
      });
      if (all_open)
        broken("its end",
               "all is well and nothing waits, and " + sink.name + " has never heard the end of incident " + incident);
    }
  for (const auto& part : process.engine().save())
    if (part.second.size() > 300'000)
      broken("bounded", "the state of " + part.first + " has " + std::to_string(part.second.size()) + " bytes");
}

bool Witness::has_heard(const Host& host, const SinkConfig& sink, Millis since) const {
  const auto* h = of(host);
  const auto heard = h ? h->heard_open.find(sink.name) : decltype(h->heard_open.end()){};
  return h && heard != h->heard_open.end() && heard->second >= since;
}

bool Witness::has_beaten(const Host& host, Millis since) const {
  const auto* h = of(host);
  return h && h->last_beat >= since;
}

}  // namespace readback::sim
