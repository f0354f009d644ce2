// What the engine shows: a copy, in the words of the page.
#include <algorithm>

#include "core/engine/state.hpp"
#include "core/text/time.hpp"

namespace readback {
namespace {

/// Told beside a read that passes as well: the day is better known before it is an outage.
void announce_expiry(ReadView& v, const TargetConfig& config, WallTime now) {
  if (!v.tls_expires_at) return;
  const Millis left = *v.tls_expires_at - now;
  if (left > config.tls.expires_within || left <= Millis(0)) return;
  v.reasons.push_back(v.name + ": the certificate expires on " + to_rfc3339(*v.tls_expires_at).substr(0, 10) + ", in " +
                      humanize(left));
}

ReadView read_view(const TargetState& t, const std::string& name, const char* kind, std::string_view role,
                   WallTime now) {
  ReadView v;
  v.name = name;
  v.kind = kind;
  v.role = role;
  const auto known = t.reads.find(name);
  if (known == t.reads.end()) return v;
  const auto& s = known->second;
  v.word = s.seen ? s.word : "unknown";
  v.green = s.seen && s.green;
  v.at = s.at;
  v.since = s.since;
  v.took = s.took;
  v.phases = s.phases;
  v.address = s.address;
  v.tls_expires_at = s.tls_expires_at;
  switch (kind_of(name)) {
    case ReadKind::surface:
      v.stale = s.surface.stale;
      v.contradictory = s.surface.contradictory;
      v.version = s.surface.version;
      v.as_of = s.surface.as_of;
      v.reasons = s.surface.reasons;
      break;
    case ReadKind::check: v.reasons = s.check.reasons; break;
    case ReadKind::path: v.reasons = s.path.reasons; break;
    case ReadKind::reference:
    case ReadKind::votes: break;
  }
  announce_expiry(v, t.config, now);
  return v;
}

/// One sentence for whoever has two seconds.
std::string sentence(const TargetState& t) {
  if (!t.counted_once) return "no sweep has come back yet: nothing is known";
  if (t.verdict.green()) return "every surface, check and path passes";
  if (t.verdict.findings.empty()) return "nothing can be blamed, but not everything has been seen to pass";
  const auto& f = t.verdict.findings.front();
  std::string text = std::string(to_string(f.extent)) + " " + std::string(to_string(f.boundary));
  if (!f.headline.empty()) text += ": " + f.headline;
  const auto also = t.verdict.also(f.boundary);
  for (std::size_t i = 0; i < also.size(); ++i) text += (i ? ", " : "; also ") + std::string(to_string(also[i]));
  return text;
}

TargetView view_of(const TargetState& t, Instant now) {
  TargetView v;
  v.name = t.config->name;
  v.base_url = t.config->base_url;
  v.primary = t.counted_once ? t.verdict.primary() : "unknown";
  for (const auto& f : t.verdict.findings) {
    v.holding.push_back(f.boundary);
    v.severity = v.severity ? std::max(*v.severity, f.severity) : f.severity;
  }
  for (const auto* i : t.book.open_incidents()) {
    v.open_incidents.push_back(i->record.id);
    if (i->is_active() && v.severity && t.verdict.find(i->record.boundary))
      v.severity = std::max(*v.severity, i->record.severity);  // blindness that lasted is louder than one sweep of it
  }
  if (!t.verdict.findings.empty()) {
    const auto& first = t.verdict.findings.front();
    v.extent = to_string(first.extent);
    for (Boundary b : t.verdict.also(first.boundary)) v.also.emplace_back(to_string(b));
  }
  v.text = sentence(t);
  v.sweep = t.sweep;
  v.last_sweep_at = t.last_sweep_at;
  v.next_sweep_at = now.wall + std::max(Millis(0), t.timetable.next_sweep() - now.mono);
  v.blind_since = t.blind_since;
  v.green_since = t.green_since;
  v.void_reason = t.void_reason;
  v.suspected = t.was_suspect;
  v.in_maintenance = t.maintenance.is_open(t.config->maintenance, now);
  for (const SurfaceConfig& s : t.config->surfaces)
    v.reads.push_back(read_view(t, s.name, "surface", to_string(s.role), now.wall));
  for (const auto& c : t.config->checks)
    if (c.role == CheckRole::materialization)
      v.reads.push_back(read_view(t, "check:" + c.name, "check", "materialization", now.wall));
  for (const auto& p : t.config->paths)
    v.reads.push_back(read_view(t, "path:" + p.name, "path", to_string(p.kind), now.wall));
  v.sweeps_total = t.sweeps_total;
  v.sweeps_void = t.sweeps_void;
  v.checks_total = t.checks_total;
  return v;
}

}  // namespace

EngineView Engine::view(Instant now) const {
  EngineView all;
  for (const auto& [name, target] : state_->targets) all.targets.push_back(view_of(*target, now));
  all.incidents = open_incidents();
  std::stable_sort(all.incidents.begin(), all.incidents.end(), shown_before);
  all.silences = silences(now);
  return all;
}

std::optional<TargetView> Engine::target_view(const std::string& name, Instant now) const {
  const auto* target = state_->find_target(name);
  if (!target) return std::nullopt;
  return view_of(*target, now);
}

std::optional<IncidentRecord> Engine::open_incident(const std::string& id) const {
  if (const auto found = state_->find_incident(id); found.incident)
    return state_->shown(*found.target, *found.incident);
  return std::nullopt;
}

std::optional<AlertEvent> Engine::firing(const std::string& id, Instant now) {
  const auto found = state_->find_incident(id);
  if (!found.incident || !found.incident->paged || found.incident->record.state != IncidentState::firing)
    return std::nullopt;
  state_->now = now;
  auto event = state_->alert_of({EventKind::firing, state_->shown(*found.target, *found.incident)});
  event.at = event.incident.paged_at.value_or(now.wall);
  return event;
}

std::vector<IncidentRecord> Engine::open_incidents() const {
  std::vector<IncidentRecord> open;
  for (const auto& [name, t] : state_->targets) {
    const auto incidents = t->book.open_incidents();
    if (incidents.empty()) continue;
    const auto proof = proof_rules(t->config, state_->config.resolution);
    for (const auto* i : incidents) open.push_back(i->shown(proof));
  }
  return open;
}

std::vector<const IncidentRecord*> Engine::open_records() const {
  std::vector<const IncidentRecord*> open;
  for (const auto& [name, t] : state_->targets)
    for (const auto* i : t->book.open_incidents()) open.push_back(&i->record);
  return open;
}

std::vector<const IncidentRecord*> Engine::open_records(const std::string& target) const {
  std::vector<const IncidentRecord*> open;
  if (const auto* t = state_->find_target(target))
    for (const auto* i : t->book.open_incidents()) open.push_back(&i->record);
  return open;
}

const IncidentRecord* Engine::open_record(const std::string& id) const {
  const auto found = state_->find_incident(id);
  return found.incident ? &found.incident->record : nullptr;
}

const IncidentRecord* Engine::open_record(const std::string& target, Boundary boundary) const {
  const auto* t = state_->find_target(target);
  const auto* i = t ? t->book.open_of(boundary) : nullptr;
  return i ? &i->record : nullptr;
}

std::string Engine::headline() const {
  constexpr std::size_t named = 5;  // the service manager shows one line
  std::string text;
  std::size_t more = 0, shown = 0;
  const bool few = state_->targets.size() <= named;
  for (const auto& [name, t] : state_->targets) {
    const bool green = t->counted_once && t->verdict.green();
    if ((!few && green) || shown == named) {
      ++more;
      continue;
    }
    ++shown;
    text += (text.empty() ? "" : "; ") + name + ": ";
    if (t->counted_once && !t->verdict.findings.empty())
      text += std::string(to_string(t->verdict.findings.front().extent)) + " ";
    text += t->counted_once ? t->verdict.primary() : "unknown";
  }
  if (more > 0)
    text += (text.empty() ? "" : "; ") + std::to_string(more) + (shown == named ? " more targets" : " targets green");
  return text.empty() ? "no target" : text;
}

}  // namespace readback
