// The promises of a fleet, held against what is true. Bounds are those of the protocol: how long a host may be unheard,
// how long votes are waited for, how long the word takes from host to host.
#include "tests/sim/fleet_witness.hpp"

#include <algorithm>
#include <tuple>

#include "core/fleet/agreement.hpp"
#include "tests/sim/platform.hpp"
#include "tests/sim/process.hpp"
#include "tests/sim/world.hpp"

namespace readback::sim {
namespace {

constexpr Subject voted_on[] = {Subject::outage, Subject::security, Subject::readiness, Subject::product};
constexpr Millis aftermath = Seconds(180);  ///< of a fault: a return, and the longest pauses at a receiver
constexpr Millis settled = Seconds(60);     ///< it has been well, or connected, for so long that all know

[[noreturn]] void broken(const char* rule, const std::string& detail) { throw Broken{rule, detail}; }

std::string name_of(const std::pair<std::string, Subject>& about) {
  return std::string(word_of(about.second)) + " of " + about.first;
}

/// By these letters nothing else can be meant.
bool shows(Subject subject, const std::string& letters, bool path) {
  const auto is_down = [&](std::size_t surface) { return is_one_of(letters[surface], "FWMKERO"); };
  const bool outage = is_down(0) || is_down(1);
  switch (subject) {
    case Subject::outage: return outage;
    case Subject::security: return letters[3] == 'F';  // of what cannot be reached it is not known
    case Subject::readiness: return !outage && is_one_of(letters[2], "FB");
    case Subject::product: return !outage && !path;
    case Subject::vantage:
    case Subject::missing: return false;
  }
  return false;
}

}  // namespace

std::optional<Subject> shared_subject(const AlertEvent& event) {
  if (const auto subject = voted(event.incident.boundary)) return subject;
  if (!event.fleet || event.fleet->row == 0) return std::nullopt;
  return event.incident.dedup_base.ends_with("/missing") || event.incident.target.starts_with("readback/")
             ? Subject::missing
             : Subject::vantage;
}

// ---- what is true

bool FleetWitness::is_up(const Host& host) const {
  return host.process && host.stands_until <= world_.time && !host.process->is_stopping();
}

bool FleetWitness::is_connected(const Host& host) const {
  return is_up(host) && world_.servers->reaches(host.name) && world_.servers->is_synced(host.name);
}

void FleetWitness::started(const Host& host) {
  auto& h = hosts_[&host];
  h.up_since = world_.time;
  h.connected_since = Millis(-1);
  h.apart_since = world_.time;
}

void FleetWitness::ends(const Host& host) {
  auto& h = hosts_[&host];
  h.up_since = h.connected_since = Millis(-1);
  for (auto& [target, sight] : h.sights) sight.since.fill(Millis(-1));
  std::erase_if(due_, [&](const auto& due) { return std::get<0>(due.first) == &host; });
  for (auto& [key, told] : told_)
    if (told.from_memory == &host && host.disk.mood != DiskMood::works) told.is_forgotten = true;
}

void FleetWitness::fault(Millis from, Millis until) {
  std::erase_if(faults_, [&](const auto& f) { return f.second < world_.time - std::chrono::hours(2); });
  faults_.emplace_back(from, until + aftermath);
  last_fault_ = std::max(last_fault_, until + aftermath);
}

bool FleetWitness::is_excused(Millis since) const {
  return std::any_of(faults_.begin(), faults_.end(),
                     [&](const auto& f) { return f.second >= since - settled && f.first <= world_.time; });
}

void FleetWitness::look() {
  for (auto& host : world_.hosts) {
    auto& h = hosts_[host.get()];
    if (!is_up(*host) && host->process) ends(*host), h.up_since = world_.time;  // it stands, or stops
    if (!is_connected(*host)) {
      if (h.connected_since >= Millis(0)) h.apart_since = world_.time;
      h.connected_since = Millis(-1);
    } else if (h.connected_since < Millis(0)) {
      h.connected_since = world_.time;
    }
    for (std::size_t i = 0; i < world_.targets.size(); ++i) look_at(*host, "t" + std::to_string(i), i);
  }
  for (std::size_t i = 0; i < world_.targets.size(); ++i) look_for_pages("t" + std::to_string(i));
}

void FleetWitness::look_at(Host& host, const std::string& target, std::size_t number) {
  auto& sight = hosts_[&host].sights[target];
  const auto& there = world_.targets[number];
  const auto& looks = host.way.empty() ? there.letters : host.way;
  if (looks != "PPPP" || !there.path) sight.last_bad = world_.time;
  for (std::size_t i = 0; i < subjects; ++i) {
    if (!is_up(host) || !shows(voted_on[i], looks, there.path))
      sight.since[i] = Millis(-1);
    else if (sight.since[i] < Millis(0))
      sight.since[i] = world_.time;
  }
}

/// As the members draw it.
std::vector<const Host*> FleetWitness::jury(const std::string& target, std::vector<const Host*> among) const {
  std::sort(among.begin(), among.end(),
            [&](const Host* a, const Host* b) { return rendezvous(target, a->name) < rendezvous(target, b->name); });
  const auto size = static_cast<std::size_t>(world_.schedule.setup.jury);
  if (among.size() > size) among.resize(size);
  return among;
}

bool FleetWitness::is_majority(const std::string& target, Subject subject, const std::vector<const Host*>& among,
                               Millis for_long) const {
  const auto who = jury(target, among);
  const auto yes = std::count_if(who.begin(), who.end(), [&](const Host* host) {
    const auto sight = of(*host).sights.find(target);
    if (sight == of(*host).sights.end()) return false;
    const auto since = sight->second.since[static_cast<std::size_t>(subject)];
    return since >= Millis(0) && world_.time - since >= for_long;
  });
  return static_cast<std::size_t>(yes) * 2 > who.size();
}

// ---- an outage is paged

void FleetWitness::look_for_pages(const std::string& target) {
  const bool is_seen = std::any_of(hosts_.begin(), hosts_.end(), [&](const auto& h) {
    const auto sight = h.second.sights.find(target);
    return sight != h.second.sights.end() && sight->second.since[0] >= Millis(0);
  });
  if (!is_seen) {
    std::erase_if(due_, [&](const auto& due) { return std::get<1>(due.first) == target; });
    return;
  }
  std::vector<const Host*> live, connected;
  for (const auto& host : world_.hosts) {
    if (is_up(*host) && host->process->watches(target)) live.push_back(host.get());
    if (!live.empty() && live.back() == host.get() && is_connected(*host)) connected.push_back(host.get());
  }
  const bool of_live = is_majority(target, Subject::outage, live, Millis(0));
  const bool of_connected = is_majority(target, Subject::outage, connected, Millis(0));
  for (auto& host : world_.hosts) look_for_page(*host, target, is_connected(*host) ? of_connected : of_live);
}

bool FleetWitness::can_tell(const Host& host, const std::string& sink) const {
  const auto* config = host.process->outbox().config(sink);
  return config && host.reaches_receivers &&
         std::all_of(config->urls.begin(), config->urls.end(), [&](const SecretRef& url) {
           const auto& receiver = world_.receivers[url.value];
           return (receiver.mood == Mood::takes || receiver.mood == Mood::slow) && world_.time >= receiver.holds_off;
         });
}

/// A sink that waits is called when another has been told for so long, and no operator has said that it is seen.
bool FleetWitness::is_call_due(const Host& host, const std::string& target) const {
  const auto& setup = world_.schedule.setup;
  const auto* open = host.process->engine().open_record(target, Boundary::outage);
  if (!open || open->acknowledged_at || open->state != IncidentState::firing) return false;
  for (int i = 0; i < setup.sinks; ++i) {
    const auto told = told_.find({"s" + std::to_string(i), {target, Subject::outage}});
    if (setup.waits(i) || told == told_.end() || !told->second.is_open) continue;
    if (world_.time - told->second.changed >= Seconds(setup.called_after_s)) return true;
  }
  return false;
}

void FleetWitness::look_for_page(Host& host, const std::string& target, bool is_majority) {
  const auto& setup = world_.schedule.setup;
  const auto sight = of(host).sights.find(target);
  const bool sees = is_up(host) && sight != of(host).sights.end() && sight->second.since[0] >= Millis(0) &&
                    host.process->watches(target) && !world_.is_silenced();
  for (int i = 0; i < setup.sinks; ++i) {
    const auto sink = "s" + std::to_string(i);
    const std::tuple key{static_cast<const Host*>(&host), target, sink};
    if (!sees || !is_majority || told_[{sink, {target, Subject::outage}}].is_open || !can_tell(host, sink) ||
        (setup.waits(i) && !is_call_due(host, target))) {
      due_.erase(key);
      continue;
    }
    auto& due = due_.try_emplace(key, Due{world_.time, false}).first->second;
    due.was_apart = due.was_apart || !is_connected(host);
    const bool is_calm = world_.time - last_fault_ > Millis(0) && last_fault_ < due.since;
    Millis bound = is_calm ? Seconds(setup.interval_s + 60) : Seconds(setup.interval_s * 3 + 140);
    if (setup.waits(i) && !is_calm) bound += Seconds(setup.called_after_s);  // who heard of it later counts from then
    if (world_.time - due.since > (due.was_apart ? bound * 3 : bound))
      broken("paged", host.name + " and most others have seen " + target + " down for " +
                          std::to_string((world_.time - due.since).count() / 1000) + " s, and " + sink +
                          ", which takes all, was not told");
  }
}

// ---- what arrives

void FleetWitness::notified(Host& host, Process& process, const AlertEvent& event) {
  const auto subject = shared_subject(event);
  if (!subject || event.kind == EventKind::test) return;
  Decided d{{event.incident.target, *subject}, event.fleet ? event.fleet->row : 0, false};
  // What was agreed when it began may be told late: to a sink that a reload has brought back.
  // Whoever waits is told of what another sink has been told, also while it is over in all but the count of green
  // sweeps.
  const bool is_call = event.fleet && call_of(process, event.fleet->sink) &&
                       std::any_of(told_.begin(), told_.end(), [&](const auto& each) {
                         return each.first.second == d.about && each.second.is_open;
                       });
  if (event.kind == EventKind::firing && !is_call && !agreed_.contains(event.incident.id)) {
    d.is_own_trouble = is_own_trouble(host, process, d.about, d.row);
    if (!d.is_own_trouble) agreed_.insert(event.incident.id);
  }
  if (event.kind == EventKind::firing && *subject == Subject::missing && is_connected(host))
    judge_missing(d.about.first);
  if (event.kind == EventKind::firing) {
    // Whoever waits counts from the decision, and it was sealed and written since. A clock may have been set meanwhile.
    const Millis ago = world_.now(host).wall - event.at;
    const bool is_told = ago >= Millis(0) && ago <= Seconds(60);
    first_page_.try_emplace(d.about, is_told ? world_.time - ago : world_.time);
  }
  decided_[event.id] = d;
}

/// Connected for so long that it has renewed itself many times.
void FleetWitness::judge_missing(const std::string& target) const {
  for (const auto& host : world_.hosts)
    if ("readback/" + host->name == target && is_connected(*host) &&
        of(*host).connected_since < world_.time - settled * 2 && !is_excused(world_.time - settled))
      broken("own trouble", host->name + " is told to be missing, and it is there");
}

/// This connected host alone has seen it, and two others have seen green for a while.
bool FleetWitness::is_own_trouble(const Host& host, Process& process, const About& about, std::uint64_t row) const {
  if (static_cast<std::size_t>(about.second) >= subjects || !is_connected(host)) return false;
  if (process.member().fleet()->is_away(world_.now(host).mono)) return false;
  for (const auto& each : process.member().fleet()->rows())
    if (each.id == row && (each.is_again || each.is_adopted)) return false;
  int green = 0;
  for (const auto& other : world_.hosts) {
    if (other.get() == &host) continue;
    const auto& o = of(*other);
    const auto sight = o.sights.find(about.first);
    if (sight != o.sights.end() && world_.time - sight->second.last_bad < settled) return false;
    const auto long_ago = world_.time - settled;
    if (!is_connected(*other) || o.connected_since >= long_ago || o.up_since >= long_ago - Seconds(30)) continue;
    // It has been well for long, but whoever has not looked since does not know.
    const auto votes =
        other->process->member().fleet()->votes(about.first, boundary_of(about.second), world_.now(*other).mono);
    green += std::find(votes.who.begin(), votes.who.end(), other->name) == votes.who.end();
  }
  return green >= 2;
}

void FleetWitness::arrived(Host& host, Process& process, const OutboxRow& row, const Reply& reply) {
  const auto known = decided_.find(row.event_id);
  if (known == decided_.end() || !reply.has_it) return;
  const auto& decided = known->second;
  auto& told = told_[{row.sink, decided.about}];
  if (row.kind == EventKind::firing) {
    judge_page(host, process, decided, told, row.event_id);
    judge_call(process, decided, row.sink);
    told.is_open = true;
    told.is_forgotten = false;
    told.from_memory = host.disk.mood != DiskMood::works && !is_connected(host) ? &host : nullptr;
  } else if (row.kind == EventKind::resolved) {
    judge_end(host, decided, told, row.event_id);
    told.is_open = false;
  } else {
    return;
  }
  if (told.events.insert(row.event_id).second) ++(row.kind == EventKind::firing ? told.pages : told.ends);
  told.changed = world_.time;
  ++world_.outcome.told;
}

void FleetWitness::judge_page(Host& host, Process& process, const Decided& decided, Told& told,
                              const std::string& event) {
  if (told.events.contains(event)) return;  // the same once more: its answer was lost
  if (told.is_open && !is_excused(told.changed))
    broken("once", name_of(decided.about) + " is paged a second time, by " + host.name);
  if (!decided.is_own_trouble) return;
  const auto rows = process.member().fleet()->rows();
  const bool is_alone = std::any_of(rows.begin(), rows.end(), [&](const FleetRow& each) {
    return each.id == decided.row && (each.is_alone || each.is_again);
  });
  if (!is_alone)
    broken("own trouble", name_of(decided.about) + " is paged by " + host.name + ", which alone has seen it");
}

/// Which this sink waits for on this host; null: for none.
const EscalationConfig* FleetWitness::call_of(const Process& process, const std::string& sink) {
  for (const auto& step : process.config().alerts.escalate)
    if (std::find(step.sinks.begin(), step.sinks.end(), sink) != step.sinks.end()) return &step;
  return nullptr;
}

/// Where every host waits all the time: one whose sinks a reload has changed may be left with this one alone.
void FleetWitness::judge_call(const Process& process, const Decided& decided, const std::string& sink) const {
  const auto& happenings = world_.schedule.happenings;
  if (std::any_of(happenings.begin(), happenings.end(),
                  [](const Happening& h) { return h.what == Happens::edit || h.what == Happens::reload; }))
    return;
  const auto* call = call_of(process, sink);
  if (call && world_.time - first_page_.at(decided.about) < call->after)
    broken("called",
           sink + " is told of " + name_of(decided.about) + ", and others have not had the time to acknowledge");
}

void FleetWitness::judge_end(const Host& host, const Decided& decided, const Told& told, const std::string& event) {
  if (told.events.contains(event)) return;
  if (!told.is_open && !is_excused(told.changed))
    broken("once", name_of(decided.about) + " is ended a second time, by " + host.name);
  if (!told.is_open || static_cast<std::size_t>(decided.about.second) >= subjects) return;
  const auto& setup = world_.schedule.setup;
  const bool is_here = is_connected(host);
  if (!is_here && world_.time - of(host).apart_since >= Seconds(setup.renotify_s)) return;  // alone in everything
  std::vector<const Host*> live, connected;
  for (const auto& each : world_.hosts) {
    const auto& e = of(*each);
    if (!is_up(*each) || !each->process->watches(decided.about.first)) continue;
    live.push_back(each.get());
    if (e.connected_since >= Millis(0) && (!is_here || world_.time - e.connected_since > Seconds(20)))
      connected.push_back(each.get());
  }
  const Millis seen = Seconds(setup.interval_s + 15);
  const auto& [target, subject] = decided.about;
  if (is_majority(target, subject, live, seen) && (!is_here || is_majority(target, subject, connected, seen)))
    broken("no early end", name_of(decided.about) + " is ended by " + host.name + ", and most hosts still see it");
}

// ---- the end

void FleetWitness::at_rest() const {
  for (const auto& [key, told] : told_)
    if (told.is_open && !told.is_forgotten)
      broken("ended", key.first + " was told of " + name_of(key.second) + ", and never of its end");
}

void FleetWitness::proof_begins() {
  is_proof_ = true;
  for (auto& [key, told] : told_) told.pages = told.ends = 0;
}

bool FleetWitness::is_outage_told() const {
  const auto& setup = world_.schedule.setup;
  for (int sink = 0; sink < setup.sinks; ++sink)
    for (int target = 0; target < setup.targets; ++target) {
      const auto told = told_.find({"s" + std::to_string(sink), {"t" + std::to_string(target), Subject::outage}});
      if (told == told_.end() || told->second.pages == 0) return false;
    }
  return true;
}

void FleetWitness::proof_ends() const {
  for (const auto& [key, told] : told_)
    if (told.pages > 1 || told.pages != told.ends)
      broken("once", name_of(key.second) + " was paged " + std::to_string(told.pages) + " times and ended " +
                         std::to_string(told.ends) + " times at " + key.first + ", where nothing else had failed");
}

}  // namespace readback::sim
