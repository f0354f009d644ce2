// Pages and what follows them, judged by what the platform truly was.
#include <algorithm>

#include "tests/sim/fleet_witness.hpp"
#include "tests/sim/process.hpp"
#include "tests/sim/truth.hpp"
#include "tests/sim/witness.hpp"
#include "tests/sim/world.hpp"

namespace readback::sim {
namespace {

constexpr Millis margin = Seconds(4);  // a page waits for its seal: what was decided was decided before

const TargetConfig* find_target(const Process& process, const std::string& name) {
  const auto& all = process.config().targets;
  const auto found = std::find_if(all.begin(), all.end(), [&](const TargetConfig& t) { return t.name == name; });
  return found == all.end() ? nullptr : &**found;
}

/// The last sweeps before and with this one, the newest first.
std::string last_seen(const Seen& seen) {
  std::string text;
  int n = 0;
  for (const auto* s = &seen; s && n < 5; s = s->before.get(), ++n)
    text += (text.empty() ? "" : ", ") + s->letters + (s->check.empty() ? "" : " " + s->check);
  return text;
}

std::string about(const AlertEvent& e) {
  return std::string(to_string(e.incident.boundary)) + " of " + e.incident.target;
}

}  // namespace

void Witness::named(Host& host, const std::string& id) { note_id(host, id); }

void Witness::note_id(Host& host, const std::string& id) {
  auto& h = of(host);
  h.newest_id = std::max(h.newest_id, id);
}

bool Witness::is_quiet(const Host& host, const std::string& target, Boundary b) const {
  const auto& setup = world_.schedule.setup;
  if (setup.maintenance_from >= 0 && !host.clock_was_moved) {  // a window is told by the wall clock
    const Millis opens = std::chrono::minutes(setup.maintenance_from);
    if (world_.time - margin >= opens && world_.time + margin < opens + std::chrono::minutes(setup.maintenance_for))
      return true;
  }
  const auto* h = of(host);
  const Millis mono(world_.now(host).mono.time_since_epoch());
  return std::any_of(h->quiet.begin(), h->quiet.end(), [&](const Quiet& q) {
    return (q.target.empty() || q.target == target) && (!q.boundary || *q.boundary == b) && q.boot == host.boots &&
           q.from <= mono - margin && mono + margin < q.until;
  });
}

void Witness::notified(Host& host, Process& process, const AlertEvent& event) {
  auto& h = of(host);
  const auto& i = event.incident;
  if (event.kind == EventKind::test || is_of_silence(event.kind)) return;
  if (world_.tells())
    world_.tell(host.name, "decides: " + std::string(to_string(event.kind)) + " " + about(event) + ", incident " +
                               i.id.substr(24));
  if (!i.evidence.empty() && !host.disk.bundles.contains(i.evidence.snapshot))
    broken("evidence", "the page names snapshot " + i.evidence.snapshot + ", which is not on the disk");
  const bool is_shared = world_.servers && shared_subject(event);
  const bool is_own_way = world_.servers && i.runbook.title == "readback fleet" && !is_shared;
  if (is_shared || is_own_way) {
    world_.outcome.pages += event.kind == EventKind::firing;
    (is_shared ? shared_ : own_ways_).insert(i.id);
    return;
  }
  switch (event.kind) {
    case EventKind::firing:
      if (!event.only.empty()) {
        judge_call(host, process, event);
        break;
      }
      ++world_.outcome.pages;
      judge_page(host, process, event);
      speak(host, event);
      break;
    case EventKind::escalated: speak(host, event); break;
    case EventKind::reminder: {
      const auto& known = h.lives[i.target].memory.open[i.id];
      const Millis mono(world_.now(host).mono.time_since_epoch());
      if (i.acknowledged_at) broken("reminder", "a reminder of an incident that is acknowledged: " + about(event));
      if (known.spoken >= Millis(0) && known.boot == host.boots &&
          mono - known.spoken < process.engine().config().alerts.renotify - margin)
        broken("reminder", "a reminder too soon: " + about(event));
      speak(host, event);
      break;
    }
    case EventKind::recovered:
    case EventKind::resolved: judge_end(host, process, event); break;
    case EventKind::acknowledged:
    case EventKind::intermittent:
    case EventKind::relapsed:
    case EventKind::test:
    case EventKind::silence_begins:
    case EventKind::silence_ends: break;
  }
}

void Witness::speak(Host& host, const AlertEvent& event) {
  auto& known = of(host).lives[event.incident.target].memory.open[event.incident.id];
  known.spoken = Millis(world_.now(host).mono.time_since_epoch());
  known.boot = host.boots;
}

void Witness::judge_page(Host& host, Process& process, const AlertEvent& event) {
  const auto& i = event.incident;
  auto& memory = of(host).lives[i.target].memory;
  for (const auto& [id, open] : memory.open)
    if (id != i.id && open.boundary == i.boundary && open.paged)
      broken("page once", about(event) + " is paged as incident " + i.id + ", and incident " + id + " is still open");
  auto& known = memory.open[i.id];
  if (known.paged) broken("page once", about(event) + " is paged twice as incident " + i.id);
  known.id = i.id;
  known.boundary = i.boundary;
  known.paged = true;
  if (is_quiet(host, i.target, i.boundary)) broken("quiet", about(event) + " is paged in a silence or a maintenance");
  const auto* target = find_target(process, i.target);
  if (i.declared || !target || !memory.seen) return;
  const Seen& seen = *memory.seen;
  const bool references = !target->references.empty();
  if (i.boundary != Boundary::observer && must_be_blind(seen, references))
    broken("blind", about(event) + " is paged by a sweep that saw nothing: " + seen.letters);
  if ((i.boundary == Boundary::readiness || i.boundary == Boundary::product) && must_be_outage(seen) &&
      !may_be_blind(seen, references))
    broken("explained", about(event) + " is paged in an outage: " + seen.letters);
  if (!may_hold(i.boundary, seen))
    broken("confirmed", about(event) + " is paged by a sweep that does not say so: " + seen.letters);
  const Seen* confirmed = memory.seen.get();
  while (confirmed && confirmed->wall != i.confirmed_at) confirmed = confirmed->before.get();
  if (confirmed && !may_be_confirmed(i.boundary, *confirmed, of(host).failures))
    broken("confirmed", about(event) + " is paged, and " + std::to_string(of(host).failures) +
                            " sweeps in a row never said so: " + last_seen(*confirmed));
}

/// Whoever waits is called of what was paged, is not acknowledged and stands for long enough.
void Witness::judge_call(Host& host, Process& process, const AlertEvent& event) {
  const auto& i = event.incident;
  const auto known = of(host).lives[i.target].memory.open.find(i.id);
  if (i.acknowledged_at) broken("called", "somebody is called, and it is acknowledged: " + about(event));
  if (is_quiet(host, i.target, i.boundary)) broken("quiet", "somebody is called of " + about(event) + " in a silence");
  if (known == of(host).lives[i.target].memory.open.end() || !known->second.paged || host.clock_was_moved) return;
  const auto after = process.engine().config().alerts.escalate.front().after;
  const bool is_first_told = i.paged_at == event.at;  // no other sink takes it
  if (i.paged_at && !is_first_told && event.at - *i.paged_at < after - margin)
    broken("called", "somebody is called too soon: " + about(event));
}

void Witness::judge_end(Host& host, Process& process, const AlertEvent& event) {
  const auto& i = event.incident;
  const auto life = of(host).lives.find(i.target);
  const auto* target = find_target(process, i.target);
  const bool closed_by_reload = !i.why.empty() && i.why.front().starts_with("no longer watched");
  if (life == of(host).lives.end() || !target || !life->second.memory.seen || closed_by_reload) return;
  const Seen& seen = *life->second.memory.seen;
  if (event.kind == EventKind::recovered) {
    if (!i.declared && !may_have_recovered(i.boundary, seen, target->confirm.recoveries))
      broken("recovered", about(event) + " is told to have recovered: " + seen.letters);
    return;
  }
  if (!may_be_green(seen)) broken("resolved", about(event) + " is told to be over: " + seen.letters);
  const auto settled = process.engine().config().resolution.settle;
  for (const auto* s = &seen; s && s->boot == seen.boot && seen.mono - s->mono < settled - margin; s = s->before.get())
    if (!may_be_green(*s))
      broken("resolved", about(event) + " is told to be over, and was not green for long enough: " + s->letters);
}

}  // namespace readback::sim
