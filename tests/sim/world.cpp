// Time, what happens in it, and the end: when all is mended, everything must come to rest, and a new outage must be
// paged, told to be over, and be over.
#include "tests/sim/world.hpp"

#include <algorithm>
#include <utility>

#include "core/text/time.hpp"
#include "tests/sim/fleet_witness.hpp"
#include "tests/sim/process.hpp"

namespace readback::sim {
namespace {

constexpr Millis longest_rest = std::chrono::hours(3), longest_rest_of_fleet = std::chrono::hours(1);
constexpr Millis slowest_mood = Seconds(330);  // what a Retry-After may still hold up
constexpr Millis look_every = Seconds(5);      // at a fleet

std::string clock_of(Millis t) {
  const auto ms = t.count();
  const auto two = [](std::int64_t n) { return (n < 10 ? "0" : "") + std::to_string(n); };
  std::string rest = std::to_string(ms % 1000);
  rest.insert(0, 3 - rest.size(), '0');
  return two(ms / 3'600'000) + ":" + two(ms / 60'000 % 60) + ":" + two(ms / 1000 % 60) + "." + rest;
}

std::uint64_t mixed(std::uint64_t digest, std::uint64_t value) {
  digest ^= value + 0x9e3779b97f4a7c15ULL + (digest << 6) + (digest >> 2);
  return digest * 0x94d049bb133111ebULL;
}

}  // namespace

Host::Host(std::string its_name, bool power_cuts) : name(std::move(its_name)), disk(power_cuts) {}
Host::~Host() = default;

World::World(const Schedule& s, bool tell)
    : luck(s.seed * 2 + 1),
      schedule(s),
      targets(static_cast<std::size_t>(s.setup.targets)),
      witness(*this),
      tell_(tell) {
  const bool power_cuts = std::any_of(s.happenings.begin(), s.happenings.end(), [](const Happening& h) {
    return h.what == Happens::crash && h.b == static_cast<int>(End::power_cut);
  });
  for (int i = 0; i < s.setup.hosts; ++i)
    hosts.push_back(std::make_unique<Host>("host-" + std::to_string(i + 1), power_cuts));
  if (s.setup.is_fleet()) make_fleet();
}
World::~World() = default;

/// The servers between the hosts live on the world's own time.
void World::make_fleet() {
  fleet_witness = std::make_unique<FleetWitness>(*this);
  KvModel::World around;
  around.now = [this] { return MonoTime(time); };
  around.at = [this](Millis later, std::function<void()> what) {
    at(time + std::max(Millis(0), later), nullptr, std::move(what));
  };
  around.hear = [this](const std::string& name, const FleetEvent& event) {
    for (auto& host : hosts)
      if (host->name == name && host->process) host->process->put(event);
  };
  servers = std::make_unique<KvModel>(std::move(around), schedule.seed * 2 + 1);
}

void World::look_at_fleet() {
  fleet_witness->look();
  at(time + look_every, nullptr, [this] { look_at_fleet(); });
}

void World::tell(const std::string& who, const std::string& text) {
  story_ += clock_of(time) + "  " + (who.empty() ? "" : who + " ") + text + "\n";
}

// ---- time

Instant World::now(const Host& host) const {
  return {MonoTime(host.mono + std::max(Millis(0), time - host.mono_at)), true_wall() + host.wall_shift};
}

void World::at(Millis when, Host* host, std::function<void()> what) {
  planned_.push_back({when, ++orders_, host, host ? host->life : 0, std::move(what)});
  std::push_heap(planned_.begin(), planned_.end());
}

bool World::step(Millis until) {
  if (planned_.empty() || planned_.front().at > until) return false;
  std::pop_heap(planned_.begin(), planned_.end());
  auto next = std::move(planned_.back());
  planned_.pop_back();
  if (next.host && next.host->life != next.life) return true;
  if (next.host && next.host->stands_until > next.at) {  // nothing happens there until then
    next.at = next.host->stands_until;
    planned_.push_back(std::move(next));
    std::push_heap(planned_.begin(), planned_.end());
    return true;
  }
  time = std::max(time, next.at);
  if (next.host) {
    witness.steps(*next.host);
    guarded(*next.host, next.what);
  } else {
    next.what();
  }
  if (states && time - last_noted_ >= Seconds(20)) note_state();
  return true;
}

void World::run_until(Millis until) {
  while (step(until)) {
  }
  time = until;
}

bool World::run_until(const std::function<bool()>& holds, Millis until) {
  while (!holds())
    if (!step(until)) {
      time = until;
      return false;
    }
  return true;
}

// ---- the life of a host

void World::guarded(Host& host, const std::function<void()>& what) {
  try {
    what();
  } catch (const Crash&) {
    end(host, host.end, host.away);
  }
}

void World::action(Host& host, const char* what) {
  if (host.actions_left < 0) return;
  if (host.actions_left-- > 0) return;
  if (tell_) tell(host.name, std::string("ENDS ") + what + ": " + kinds_of_end[static_cast<int>(host.end)]);
  throw Crash{};
}

void World::start(Host& host) {
  if (host.disk.mood == DiskMood::hangs) return restart_soon(host, Seconds(1));  // it waits for the file
  ++host.life;
  ++outcome.starts;
  if (tell_) tell(host.name, "starts");
  if (fleet_witness) fleet_witness->started(host), fleet_witness->fault(time, time);
  guarded(host, [&] {
    host.process = std::make_unique<Process>(*this, host);
    host.process->start();
  });
}

void World::end(Host& host, End how, Millis away) {
  ++outcome.crashes;
  ++host.life;
  witness.ends(host, host.process && host.process->is_durable());
  host.process.reset();
  if (servers) {
    servers->stop(host.name);
    fleet_witness->ends(host);
    fleet_witness->fault(time, time + away);
  }
  host.actions_left = -1;
  host.end = End::kill;
  if (how == End::power_cut) {
    host.disk.lose(luck);
    ++host.boots;
    host.mono = Seconds(10);
    host.mono_at = time + away;
  }
  restart_soon(host, away);
}

void World::restart_soon(Host& host, Millis after) {
  at(time + after, nullptr, [this, h = &host, life = host.life] {
    if (h->life == life && !h->process) start(*h);
  });
}

void World::move(Host& host, Millis until, bool asleep) {
  host.stands_until = std::max(host.stands_until, until);
  if (!asleep) return;
  host.mono = Millis(now(host).mono.time_since_epoch());
  host.mono_at = until;
}

// ---- what happens

void World::happen(const Happening& h) {
  if (tell_) tell("", "* " + told(h) + (schedule.setup.is_fleet() ? " (host-" + std::to_string(h.host + 1) + ")" : ""));
  const auto target = static_cast<std::size_t>(h.a) % targets.size();
  Host& host = *hosts[static_cast<std::size_t>(h.host) % hosts.size()];
  switch (h.what) {
    case Happens::surfaces: targets[target].letters = h.text; return;
    case Happens::check:
      for (auto& t : targets) t.check = h.text;
      return;
    case Happens::path:
      for (auto& t : targets) t.path = h.a != 0;
      return;
    case Happens::references:
      for (auto& t : targets) t.references = h.a != 0;
      return;
    case Happens::receiver: happen_to_receiver(host, h); return;
    case Happens::way:
    case Happens::cut:
    case Happens::stall:
    case Happens::unanswered:
    case Happens::servers:
    case Happens::no_receivers: happen_to_fleet(host, h); return;
    case Happens::disk: set_disk(host, static_cast<DiskMood>(h.a), h.lasts); return;
    case Happens::crash:
      host.actions_left = h.a;
      host.end = static_cast<End>(h.b);
      host.away = h.lasts;
      if (host.end == End::stop && host.process) {
        host.actions_left = -1;
        once_awake(host, [&host] { host.process->stop(); });
      }
      return;
    case Happens::edit: turn(host.file, h.a, schedule.setup.sinks); return;
    case Happens::reload:
      turn(host.file, h.a, schedule.setup.sinks);
      once_awake(host, [&host] { host.process->reload(); });
      return;
    case Happens::step:
      host.wall_shift += h.lasts;
      host.clock_was_moved = true;
      return;
    case Happens::suspend:
      host.clock_was_moved = true;  // seen from its monotonic clock
      move(host, time + h.lasts, true);
      return;
    case Happens::lag:
      move(host, time + h.lasts, false);
      if (host.process) host.process->lagged(h.lasts);
      return;
    default: once_awake(host, [this, &host, h] { ask(host, h); }); return;
  }
}

void World::happen_to_receiver(const Host& host, const Happening& h) {
  const auto url = "http://receiver/" + (schedule.setup.is_fleet() ? "fleet" : host.name) + "/" + std::to_string(h.a);
  const auto set = [this, url](Mood mood) {
    receivers[url].mood = mood;
    receivers[url].changed = time;
  };
  set(static_cast<Mood>(h.b));
  at(time + h.lasts, nullptr, [set] { set(Mood::takes); });
}

void World::happen_to_fleet(Host& host, const Happening& h) {
  auto* at_host = &host;
  std::function<void(bool)> set;
  switch (h.what) {
    case Happens::way: set = [at_host, text = h.text](bool begins) { at_host->way = begins ? text : ""; }; break;
    case Happens::cut: set = [this, at_host](bool begins) { servers->cut(at_host->name, begins); }; break;
    case Happens::servers: set = [this](bool begins) { servers->down(begins); }; break;
    case Happens::no_receivers: set = [this, at_host](bool begins) { at_host->reach_receivers(!begins, time); }; break;
    case Happens::stall: return servers->stall(host.name, h.lasts);
    default: return servers->answer_nothing(host.name, h.lasts);
  }
  set(true);
  at(time + h.lasts, nullptr, [this, set] {
    set(false);
    fleet_witness->look();
  });
}

/// After these a page may arrive twice. A crash is noted when it comes.
void World::note_fault(const Host& host, const Happening& h) {
  const bool is_moody = h.what == Happens::receiver && static_cast<Mood>(h.b) == Mood::takes_and_dies;
  switch (h.what) {
    case Happens::cut:
    case Happens::unanswered:
    case Happens::servers:
    case Happens::suspend:
    case Happens::lag: break;
    default:
      if (!is_moody) return;
  }
  fleet_witness->fault(time, std::max(time, host.stands_until) + h.lasts);
}

bool World::is_silenced() const {
  return std::any_of(hosts.begin(), hosts.end(), [this](const auto& host) {
    return host->process && !host->process->engine().silences(now(*host)).empty();
  });
}

/// What is done to a process that may be standing; never, when there is none by then or another.
void World::once_awake(Host& host, std::function<void()> what) {
  at(std::max(time, host.stands_until), &host, [&host, what = std::move(what)] {
    if (host.process) what();
  });
}

void World::set_disk(Host& host, DiskMood mood, Millis lasts) {
  const auto set = [this, h = &host](DiskMood to) {
    if (h->disk.mood == DiskMood::works) h->bad_disk_since = Millis(now(*h).mono.time_since_epoch());
    h->disk.mood = to;
    if (h->process) guarded(*h, [&] { h->process->disk_changed(); });
  };
  set(mood);
  at(time + lasts, nullptr, [set] { set(DiskMood::works); });
}

/// What an operator says at the socket.
void World::ask(Host& host, const Happening& h) {
  auto& process = *host.process;
  const auto open = process.engine().open_records();
  const std::string id = open.empty() ? "none" : open[static_cast<std::size_t>(h.a) % open.size()]->id;
  switch (h.what) {
    case Happens::silence: {
      Silence s;
      if (h.a >= 0) s.target = "t" + std::to_string(h.a);
      if (h.b >= 0) s.boundary = static_cast<Boundary>(h.b);
      s.reason = "story";
      s.expires_at = now(host).wall + h.lasts;
      return process.put(SilenceAdded{s}, true);
    }
    case Happens::unsilence: {
      const auto silences = process.engine().silences(now(host));
      return process.put(SilenceExpired{silences.empty() ? "none" : silences.front().id}, true);
    }
    case Happens::ack: return process.put(Acknowledged{id, "story", {}}, true);
    case Happens::attest: return process.put(ResolveAttested{id, "the owner's runbook", "", "story", {}}, true);
    case Happens::verify: return process.put(VerifyAsked{id, {}}, true);
    case Happens::symptom:
      return process.put(SymptomSaid{"users cannot pay", "", "story", std::nullopt, h.b > 0 ? "user:checkout" : ""},
                         true);
    case Happens::sweep: return process.put(SweepAsked{""}, true);
    case Happens::capture: return process.put(CaptureAsked{"", "story", "story"}, true);
    default: return process.put(TestAlertAsked{""}, true);
  }
}

void World::note_state() {
  last_noted_ = time;
  std::uint64_t digest = 0;
  for (const auto& t : targets) digest = mixed(digest, std::hash<std::string>{}(t.letters + t.check) + t.path);
  for (const auto& host : hosts) {
    digest = mixed(digest, static_cast<std::uint64_t>(host->disk.mood) + (host->process ? 8 : 0));
    if (!host->process) continue;
    for (const auto* i : host->process->engine().open_records())
      digest = mixed(digest, static_cast<std::uint64_t>(i->boundary) * 64 + static_cast<std::uint64_t>(i->state) * 8 +
                                 static_cast<std::uint64_t>(i->severity) * 2 + i->acknowledged_at.has_value());
    for (const auto& [seq, row] : host->process->mirror().pending())
      digest = mixed(digest, static_cast<std::uint64_t>(row.kind) * 16 + std::min(row.attempts, 8) +
                                 std::hash<std::string>{}(row.sink));
    for (const auto& key : host->process->mirror().opened())
      digest = mixed(digest, std::hash<std::string>{}(key.sink) + key.closed_at.has_value());
  }
  states->push_back(digest);
}

// ---- the end

void World::mend_all() {
  if (tell_) tell("", "* all is mended");
  for (auto& t : targets) t = Target{};
  for (auto& [url, receiver] : receivers)
    if (std::exchange(receiver.mood, Mood::takes) != Mood::takes) receiver.changed = time;
  if (servers) servers->down(false);
  for (auto& host : hosts) {
    host->actions_left = -1;
    host->file = Variant{};
    host->way.clear();
    host->reach_receivers(true, time);
    if (servers) servers->cut(host->name, false);
    if (host->disk.mood != DiskMood::works) set_disk(*host, DiskMood::works, Millis(0));
    if (host->process && (host->loaded != host->file || !host->process->sinks_off().empty()))
      once_awake(*host, [h = host.get()] { h->process->reload(); });
    // What a receiver answered before may be on its way, and turn its sink off: whoever mends all reads that, and
    // reloads.
    at(time + Seconds(1), host.get(), [h = host.get()] {
      if (h->process && !h->process->sinks_off().empty()) h->process->reload();
    });
  }
}

bool World::is_at_rest() const {
  return std::all_of(hosts.begin(), hosts.end(),
                     [this](const auto& host) {
                       return host->process && host->stands_until < time && host->process->is_idle() &&
                              host->process->ok() && host->process->mirror().pending().empty() &&
                              host->process->engine().open_records().empty() &&
                              host->process->engine().silences(now(*host)).empty();
                     }) &&
         (!servers || fleet_is_at_rest());
}

bool World::fleet_is_at_rest() const {
  const bool hosts_rest = std::all_of(hosts.begin(), hosts.end(), [](const auto& host) {
    const auto& member = host->process->member();
    return member.notices().empty() && member.fleet()->rows().empty() && member.fleet()->has_all_written();
  });
  if (!hosts_rest || time < claims_looked_at_ + Seconds(1)) return false;
  claims_looked_at_ = time;
  const auto claims = servers->claims();
  return std::all_of(claims.begin(), claims.end(), [](const auto& claim) { return claim.second.closed; });
}

void World::come_to_rest(bool at_the_end) {
  const auto limit = time + (servers ? longest_rest_of_fleet : longest_rest);
  for (bool rests = false; !rests; rests = run_until([this] { return is_at_rest(); }, time + Seconds(120))) {
    if (time > limit) throw Broken{servers ? "at rest" : "no end", what_waits()};
    for (auto& host : hosts) {
      if (!host->process) continue;
      guarded(*host, [&] {
        for (const auto& s : host->process->engine().silences(now(*host)))
          host->process->put(SilenceExpired{s.id}, true);
        for (const auto* i : host->process->engine().open_records())
          if (!servers || !voted(i->boundary))  // the hosts of a fleet end that by themselves
            host->process->put(ResolveAttested{i->id, "the owner's runbook", "", "story", {}}, true);
      });
    }
  }
  for (auto& host : hosts) witness.at_rest(*host, *host->process, at_the_end);
  if (fleet_witness) fleet_witness->at_rest();
}

std::string World::what_waits() const {
  std::string text = servers ? "an hour after all was mended" : "three hours after all was mended";
  for (const auto& host : hosts) {
    if (!host->process) {
      text += ", " + host->name + " is not back";
      continue;
    }
    for (const auto* i : host->process->engine().open_records())
      text +=
          ", " + std::string(to_string(i->boundary)) + " of " + i->target + " is " + std::string(to_string(i->state));
    for (const auto& [seq, row] : host->process->mirror().pending())
      text += ", " + std::string(to_string(row.kind)) + " waits for " + row.sink;
    if (!host->process->ok()) text += ", the store is not well";
    if (!host->process->is_idle()) text += ", an event is not over";
    for (const auto& notice : host->process->member().notices()) text += ", " + host->name + " keeps " + notice.summary;
    if (const auto* fleet = host->process->member().fleet(); fleet && !fleet->rows().empty())
      text += ", a row of the fleet waits on " + host->name;
  }
  if (servers)
    for (const auto& [key, claim] : servers->claims())
      if (!claim.closed) text += ", the claim " + key + " stays open, held by " + claim.holder;
  return text;
}

/// Nothing has failed for so long that whatever happens twice now is one time too many. What the hosts saw just before
/// all was mended may be agreed on since, and has to end first.
void World::prove_fleet_still_works() {
  run_until(std::max(time, fleet_witness->last_fault()) + Seconds(30));
  if (!is_at_rest()) come_to_rest(false);
  if (tell_) tell("", "* an outage, at the end");
  fleet_witness->proof_begins();
  for (auto& t : targets) t.letters = "FFFF";
  fleet_witness->look();
  const auto limit = time + Seconds(schedule.setup.interval_s * 2 + 60 + schedule.setup.called_after_s);
  if (!run_until([this] { return fleet_witness->is_outage_told(); }, limit))
    throw Broken{"paged", "an outage at the end is not paged at every receiver"};
  run_until(time + Seconds(40));
  for (auto& t : targets) t.letters = "PPPP";
  fleet_witness->look();
  come_to_rest(true);
  fleet_witness->proof_ends();
}

/// Whatever has been: an outage that begins now is paged at every receiver that wants it, soon, and is told to be over.
void World::prove_it_still_works() {
  const auto began = time;
  if (tell_) tell("", "* an outage, at the end");
  for (auto& t : targets) t.letters = "FFFF";
  const auto& setup = schedule.setup;
  const auto limit = time + Seconds(setup.interval_s * 6 + 60) + maintenance_left() + slowest_mood;
  const auto all_told = [&] {
    return std::all_of(hosts.begin(), hosts.end(), [&](const auto& host) {
      const auto& sinks = host->process->config().alerts.sinks;
      return std::all_of(sinks.begin(), sinks.end(),
                         [&](const SinkConfig& sink) { return witness.has_heard(*host, sink, began); });
    });
  };
  if (!run_until(all_told, limit)) throw Broken{"arrives", "an outage at the end is not paged at every receiver"};
  if (setup.heartbeat && !run_until(
                             [&] {
                               return std::all_of(hosts.begin(), hosts.end(),
                                                  [&](const auto& host) { return witness.has_beaten(*host, began); });
                             },
                             time + Seconds(130)))
    throw Broken{"heartbeat", "all is well with the watch, and the heart does not beat"};
  for (auto& t : targets) t.letters = "PPPP";
  come_to_rest(true);
}

/// A maintenance window may still be open.
Millis World::maintenance_left() const {
  const auto& setup = schedule.setup;
  return setup.maintenance_from < 0 ? Millis(0) : std::chrono::hours(26);
}

Outcome World::run() {
  try {
    for (auto& host : hosts) start(*host);
    if (fleet_witness) look_at_fleet();
    for (const auto& h : schedule.happenings) {
      run_until(h.at);
      happen(h);
      if (!fleet_witness) continue;
      note_fault(*hosts[static_cast<std::size_t>(h.host) % hosts.size()], h);
      fleet_witness->look();
    }
    run_until(schedule.ends);
    mend_all();
    if (fleet_witness) fleet_witness->look();
    come_to_rest(false);
    if (schedule.setup.proof) servers ? prove_fleet_still_works() : prove_it_still_works();
  } catch (const Broken& broken) {
    outcome.broken = broken.rule;
    outcome.detail = broken.detail;
    if (tell_) {
      const auto* rule = find_rule(broken.rule);
      tell("", "! " + broken.rule + ": " + broken.detail);
      tell("", std::string("! which protects: ") + (rule ? rule->sentence : "?"));
    }
  }
  outcome.time = time;
  return outcome;
}

}  // namespace readback::sim
