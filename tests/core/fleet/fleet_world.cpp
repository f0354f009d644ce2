// The hosts of the world, and what befalls them.
#include "tests/core/fleet/fleet_world.hpp"

#include <algorithm>
#include <cstdio>

#include "tests/core/fleet/fleet_world_host.hpp"

namespace readback {
namespace {

constexpr double interval = 30, spacing = 2;
const char* const target = "fabric";

}  // namespace

FleetWorld::FleetWorld(FleetScene scene) : scene_(std::move(scene)), random_(scene_.seed * 2 + scene_.is_calm) {
  kv_ = std::make_unique<KvModel>(
      KvModel::World{[this] { return now_; }, [this](Millis later, std::function<void()> what) { at(later, what); },
                     [this](const std::string& to, const FleetEvent& e) {
                       Host& h = host(to);
                       if (h.is_up) tell(h, e);
                     }},
      scene_.seed + 1);
  const bool is_drawn = scene_.hosts == 0;
  if (is_drawn) {
    scene_.hosts = static_cast<int>(draw({3, 3, 4, 5, 5, 6, 7, 7, 9, 12, 20}));
    scene_.jury = static_cast<int>(draw({3, 5, 7, 7}));
    scene_.sinks = {"a"};
    if (draw({1, 1, 2}) > 1) scene_.sinks.emplace_back("b");
    scene_.blips = draw({0, 0, .01, .03});
    slow_ = draw({0, 0, 2.5});
  }
  if (scene_.sinks.empty()) scene_.sinks = {"a"};
  for (const char* sink : {"a", "b", "c"}) receivers_[sink] = "ok", open_[sink] = 0;
  const bool only_some = is_drawn && !scene_.is_calm && random_.unit() < .3;
  for (int i = 0; i < scene_.hosts; ++i) {
    auto h = std::make_unique<Host>();
    h->number = i, h->name = name(i);
    for (const auto& sink : scene_.sinks)
      if (!only_some || random_.unit() < .6) h->sinks.push_back(sink);
    if (h->sinks.empty()) h->sinks.push_back(scene_.sinks.front());
    hosts_.push_back(std::move(h));
  }
  if (scene_.plan.empty()) draw_plan();
}
FleetWorld::~FleetWorld() = default;

FleetWorld::Host& FleetWorld::host(const std::string& name) {
  for (auto& h : hosts_)
    if (h->name == name) return *h;
  throw std::out_of_range(name);
}

const Fleet* FleetWorld::fleet(int host) const { return hosts_.at(static_cast<std::size_t>(host))->fleet.get(); }

int FleetWorld::pages(const std::string& subject, const std::string& kind) const {
  return static_cast<int>(std::count_if(received_.begin(), received_.end(),
                                        [&](const Received& r) { return r.subject == subject && r.kind == kind; }));
}

void FleetWorld::at(Millis later, std::function<void()> what) {
  queue_.push({now_ + std::max(Millis(0), later), ++order_, std::move(what)});
}

void FleetWorld::say(const std::string& text) {
  char time[32];
  std::snprintf(time, sizeof time, "%8.2f  ", seconds());
  log_ += time + text + "\n";
}

std::string FleetWorld::run() {
  for (const auto& i : scene_.plan) at(Millis(static_cast<std::int64_t>(i.at * 1000)), [this, i] { happen(i); });
  if (scene_.lasts > 700) at(between(scene_.lasts - 560, scene_.lasts - 560), [this] { heal(); });
  for (auto& h : hosts_) at(between(0, 5), [this, &h = *h] { boot(h); });
  at(Seconds(1), [this] { watch(); });
  const MonoTime end = MonoTime(between(scene_.lasts, scene_.lasts));
  try {
    while (!queue_.empty() && queue_.top().at <= end) {
      auto next = std::move(const_cast<Later&>(queue_.top()));  // its time and number, by which it stands, stay
      queue_.pop();
      now_ = next.at;
      next.what();
      if (look) look(*this, seconds());
    }
    finally();
  } catch (const Broken& b) {
    say("BROKEN " + b.text);
    return b.text;
  }
  return "";
}

// --- what befalls them -----------------------------------------------------------------------------------------------
void FleetWorld::plan(double when, const std::string& what, int host, double value, const std::string& text) {
  scene_.plan.push_back({when, what, host, value, text});
}

void FleetWorld::draw_outages() {
  constexpr double whole = 900;
  const int outages = static_cast<int>(draw({1, 1, 2, 3}));
  for (int n = 0; n < outages; ++n) {
    const double t = 60 + random_.unit() * (whole - 160), lasts = draw({3, 20, 60, 150, 300, 420});
    const double end = std::min(t + lasts, whole);
    if (random_.unit() < .6) {
      plan(t, "platform", -1, draw({1, 1, 2}));
      plan(end, "platform", -1, 0);
    } else {
      const double spread = draw({0, 15}), part = random_.unit();
      for (int h = 0; h < scene_.hosts; ++h)
        if (random_.unit() < part) plan(t + random_.unit() * spread, "uplink", h, 0), plan(end, "uplink", h, 1);
    }
    if (random_.unit() < .3) plan(t + lasts / 2, "worse");
  }
  if (random_.unit() < .5)
    plan(100 + random_.unit() * 800, "acknowledge", static_cast<int>(random_.random() % scene_.hosts));
}

void FleetWorld::draw_fault(double base) {
  constexpr double whole = 900;
  const int h = static_cast<int>(random_.random() % scene_.hosts);
  const double lasts = draw({2, 8, 20, 40, 90, 200});
  const double offset = random_.unit() < .8
                            ? draw({-10 + random_.unit() * 40, random_.unit() * 12, -60 + random_.unit() * 260})
                            : random_.unit() * whole - base;
  const double t = std::clamp(base + offset, 5.0, whole), end = std::min(t + lasts, whole + 20);
  const auto& sink = scene_.sinks[random_.random() % scene_.sinks.size()];
  switch (random_.random() % 18) {
    case 0:
    case 1: plan(t, "crash", h), plan(end, "start", h); break;
    case 2: plan(t, "stop", h), plan(end, "start", h); break;
    case 3: plan(t, "lose", h), plan(end, "start", h); break;
    case 4:
    case 5: plan(t, "engine", h, 0), plan(end, "engine", h, 1); break;
    case 6:
      for (const char* way : {"uplink", "engine", "receivers"})
        plan(t, way, h, 0), plan(end + random_.unit(), way, h, 1);
      break;
    case 7: plan(t, "servers", -1, 0), plan(end, "servers", -1, 1); break;
    case 8:
      for (int g = 0; g < scene_.hosts; ++g)
        if (random_.unit() < .5) plan(t, "engine", g, 0), plan(end, "engine", g, 1);
      break;
    case 9:
    case 10:
      plan(t, "receiver", -1, 0, sink + "=" + std::vector<std::string>{"500", "hang", "swallow"}[random_.random() % 3]);
      plan(end, "receiver", -1, 0, sink + "=ok");
      break;
    case 11: plan(t, "receivers", h, 0), plan(end, "receivers", h, 1); break;
    case 12: plan(t, "stall", h, lasts); break;
    case 13:
      for (int g = 0; g < scene_.hosts; ++g) plan(t + g * 12, "stop", g), plan(t + g * 12 + 6, "start", g);
      break;
    case 14:
      for (int g = 0; g < scene_.hosts; ++g)
        plan(t + random_.unit(), "crash", g), plan(t + 1 + random_.unit() * lasts, "start", g);
      break;
    case 15: plan(t, "reload", h, 0, std::vector<std::string>{"a", "b", "a,c", "c"}[random_.random() % 4]); break;
    case 16:
      if (scene_.hosts > 3) plan(t, "crash", h);
      break;
    default: plan(t, "uplink", h, 0), plan(end, "uplink", h, 1); break;
  }
}

void FleetWorld::draw_plan() {
  draw_outages();
  if (scene_.is_calm) return;
  std::vector<double> bases;
  for (const auto& i : scene_.plan) bases.push_back(i.at);
  if (bases.empty()) bases.push_back(100);
  const int faults = 1 + static_cast<int>(random_.random() % 6);
  for (int n = 0; n < faults; ++n) draw_fault(bases[random_.random() % bases.size()]);
}

void FleetWorld::happen(const Incidence& i) {
  say(i.what + (i.host < 0 ? "" : " " + name(i.host)) + " " + std::to_string(static_cast<int>(i.value)) + " " + i.text);
  if (i.what == "platform") {
    if (!platform_) platform_since_ = seconds();
    platform_ = static_cast<int>(i.value);
    return;
  }
  if (i.what == "worse") {
    if (platform_ == 1) platform_ = 2;
    return;
  }
  if (i.what == "uplink") {
    hosts_.at(static_cast<std::size_t>(i.host))->has_uplink = i.value > 0;
    return;
  }
  if (i.what != "acknowledge") ++faults_, last_fault_ = seconds();
  if (i.what == "servers") {
    last_engine_ = seconds();
    kv_->down(i.value == 0);
  } else if (i.what == "receiver") {
    receivers_[i.text.substr(0, 1)] = i.text.substr(2);
  } else if (i.what == "write") {
    const auto colon = i.text.find(' ');
    kv_->write(static_cast<Bucket>(static_cast<int>(i.value)), i.text.substr(0, colon), i.text.substr(colon + 1));
  } else if (i.what == "lose servers") {
    last_engine_ = seconds();
    kv_->lose_everything();
  } else {
    happen_to(*hosts_.at(static_cast<std::size_t>(i.host)), i);
  }
}

void FleetWorld::happen_to(Host& h, const Incidence& i) {
  if (i.what == "engine") {
    last_engine_ = seconds();
    kv_->cut(h.name, i.value == 0);
  } else if (i.what == "receivers") {
    h.reaches_receivers = i.value > 0;
  } else if (i.what == "stall") {
    kv_->stall(h.name, between(i.value, i.value));
  } else if (i.what == "crash") {
    if (random_.unit() < .5)
      die(h);
    else
      h.dies_after = 1 + static_cast<int>(random_.random() % 6);
  } else if (i.what == "lose") {
    die(h);
    h.saved.clear(), h.rows.clear(), h.is_lost = true;
  } else if (i.what == "stop" && h.is_up) {
    tell(h, FleetStopping{});
    at(Seconds(1), [this, &h, life = h.life] {
      if (h.life == life) die(h);
    });
  } else if (i.what == "start" && !h.is_up) {
    boot(h);
  } else if (i.what == "start") {
    h.dies_after = 0;
  } else if (i.what == "reload") {
    h.sinks.clear();
    for (const char c : i.text)
      if (c != ',') h.sinks.emplace_back(1, c);
    if (h.is_up) tell(h, FleetReconfigured{config_of(h)});
  } else if (i.what == "acknowledge" && h.is_up) {
    acknowledged_ = seconds();
    FleetWord w;
    w.kind = WordKind::acknowledge, w.target = target, w.boundary = Boundary::outage;
    tell(h, WordSaid{w});
  }
}

void FleetWorld::heal() {
  say("all is well from here");
  last_fault_ = seconds();
  platform_ = 0;
  kv_->down(false);
  for (auto& [sink, mode] : receivers_) mode = "ok";
  int up = 0;
  for (auto& h : hosts_) {
    h->has_uplink = h->reaches_receivers = true;
    h->dies_after = 0;
    kv_->cut(h->name, false);
    up += h->is_up;
  }
  if (scene_.hosts - up > 1)
    for (auto& h : hosts_)
      if (h->number > 0 && !h->is_up) boot(*h);
}

// --- a host ----------------------------------------------------------------------------------------------------------
Config FleetWorld::config_of(const Host& h) const {
  Config c;
  c.environment = "prod";
  c.targets.push_back(default_target(target));
  c.targets.back().edit().interval = Seconds(30);
  for (const auto& sink : h.sinks) c.alerts.sinks.emplace_back().name = sink;
  c.resolution.settle = Seconds(60);
  c.fleet.name = "prod";
  c.fleet.jury = scene_.jury;
  return c;
}

void FleetWorld::boot(Host& h) {
  if (h.is_up) return;
  h.is_up = true, ++h.life, h.born = seconds();
  h.dies_after = 0;
  h.engine = {};
  h.attempts.clear();
  FleetSetup setup{config_of(h), h.name, "1", std::to_string(h.life), WallTime{}, random_.random()};
  h.fleet = std::make_unique<Fleet>(std::move(setup), now_);
  if (!h.saved.empty())
    if (const auto why = h.fleet->restore(h.saved); !why.empty()) throw Broken{why};
  std::set<std::uint64_t> known;
  for (const auto& r : h.fleet->rows()) known.insert(r.id);
  std::erase_if(h.rows, [&](const auto& r) { return !known.contains(r.first); });
  for (const auto& r : h.fleet->rows())
    if (!h.rows.contains(r.id)) throw Broken{"a row of " + h.name + " is in the state and not in the outbox"};
  kv_->start(h.name);
  at(between(0, 3), [this, &h, life = h.life] {
    if (h.life == life) sweep(h, true);
  });
  h.tick_at = now_ + Millis(300);
  at(Millis(300), [this, &h, life = h.life] {
    if (h.life == life) tick(h);
  });
}

void FleetWorld::die(Host& h) {
  if (!h.is_up) return;
  say(h.name + " is gone");
  h.is_up = false, ++h.life;
  kv_->stop(h.name);
  h.fleet.reset();
}

void FleetWorld::tell(Host& h, const FleetEvent& e) {
  const auto life = h.life;
  const auto actions = h.fleet->handle(e, now_);
  for (const auto& a : actions) {
    perform(h, a);
    if (h.dies_after > 0 && --h.dies_after == 0) die(h);
    if (h.life != life) return;
  }
  plan_tick(h);
}

void FleetWorld::perform(Host& h, const FleetAction& a) {
  if (const auto* t = std::get_if<Tell>(&a)) {
    h.rows[t->row.id] = {t->row, seconds()};
  } else if (const auto* f = std::get_if<Forget>(&a)) {
    h.rows.erase(f->row);
  } else if (std::holds_alternative<SaveFleet>(a)) {
    h.saved = h.fleet->save();
  } else if (const auto* l = std::get_if<Leave>(&a)) {
    leave(h, l->row);
  } else if (std::holds_alternative<AskSweep>(a)) {
    sweep(h, false);
  } else if (std::holds_alternative<CountAnew>(a)) {
    h.engine.bad = 0, h.engine.state = SmallEngine::suspected;
    at(between(spacing, spacing), [this, &h, life = h.life] {
      if (h.life == life) sweep(h, false);
    });
  } else if (const auto* turned = std::get_if<Turned>(&a)) {
    say(h.name + ": " + std::string(word_of(turned->subject)) + " " + std::string(to_string(turned->kind)) + " " +
        seen_from(turned->votes));
  } else if (const auto* way = std::get_if<OwnWay>(&a)) {
    say(h.name + (way->is_blamed ? ": its own way" : ": its own way is clear"));
    if (way->is_blamed) ++own_ways_, blamed(h);
  } else if (const auto* say_it = std::get_if<Say>(&a)) {
    say(h.name + ": " + say_it->text);
  } else {
    kv_->request(h.name, a);
  }
}

void FleetWorld::tick(Host& h) {
  h.tick_at = MonoTime::max();
  tell(h, FleetTick{});
}

/// When the member wants it, and no later than it last wished.
void FleetWorld::plan_tick(Host& h) {
  const auto due = h.fleet->next_due();
  if (due >= h.tick_at) return;
  h.tick_at = due;
  at(due - now_, [this, &h, due, life = h.life] {
    if (h.life == life && h.tick_at == due) tick(h);
  });
}

void FleetWorld::sweep(Host& h, bool is_regular) {
  if (is_regular)
    at(between(interval * .9, interval * 1.1), [this, &h, life = h.life] {
      if (h.life == life) sweep(h, true);
    });
  const auto life = h.life;
  const std::uint64_t number = ++h.engine.sweeps;
  tell(h, SweepBegan{target, number});
  if (h.life != life) return;
  const double late = sees(h) ? slow_ : 0;
  at(between(.05 + late, .6 + late), [this, &h, life, number] {
    if (h.life == life) swept(h, number);
  });
}

/// Three bad sweeps confirm, three good ones clear; a burst of them is 2 s apart.
void FleetWorld::swept(Host& h, std::uint64_t number) {
  int bad = sees(h);
  if (!bad && random_.unit() < scene_.blips) bad = 1;
  auto& e = h.engine;
  bool is_burst = false;
  if (bad) {
    e.good = 0, ++e.bad, e.extent = bad;
    if (e.state == SmallEngine::green) e.state = SmallEngine::suspected;
    if (e.bad >= 3) e.state = SmallEngine::confirmed;
    is_burst = e.state == SmallEngine::suspected;
  } else {
    e.bad = 0, ++e.good;
    if (e.state == SmallEngine::suspected || e.good >= 3) e.state = SmallEngine::green;
    is_burst = e.state == SmallEngine::confirmed;
  }
  if (is_burst)
    at(between(spacing, spacing), [this, &h, life = h.life] {
      if (h.life == life) sweep(h, false);
    });
  SweepSeen seen{target, number, true, {}};
  if (e.state != SmallEngine::green)
    seen.findings.push_back({Boundary::outage,
                             e.state == SmallEngine::confirmed,
                             e.extent == 2 ? Severity::critical : Severity::error,
                             e.extent == 2,
                             {"no answer"}});
  tell(h, seen);
}

void FleetWorld::leave(Host& h, std::uint64_t id) {
  if (!h.rows.contains(id)) throw Broken{h.name + " lets a row go that it does not have"};
  if (!h.attempts.insert(id).second) throw Broken{h.name + " lets a row go twice at once"};
  const auto row = h.rows.at(id).row;
  at(between(0, .3), [this, &h, row, life = h.life] {
    if (h.life != life) return;
    arrive(h, row, h.reaches_receivers ? receivers_.at(row.key.sink) : "cut");
  });
}

void FleetWorld::arrive(Host& h, const FleetRow& row, const std::string& mode) {
  FleetRow now = row;
  for (const auto& r : h.fleet->rows())
    if (r.id == row.id) now = r;
  const bool is_heard = mode == "ok" || mode == "swallow";
  if (is_heard && now.is_alone) sent_alone_.emplace(row.key.sink, h.name);
  const auto life = h.life;
  if (is_heard) received(h, now, is_connected(h) && !h.fleet->is_away(now_) && !now.is_alone);
  if (mode != "cut") h.tried.insert(row.id);
  const double takes = mode == "ok" ? .1 + random_.unit() * .5 : mode == "500" || mode == "cut" ? 1 : 10;
  at(between(takes, takes), [this, &h, id = row.id, mode, life] {
    if (h.life != life) return;
    h.attempts.erase(id);
    if (mode == "ok") h.rows.erase(id);
    tell(h, Attempted{id, mode == "ok", mode != "cut", Millis(0)});
  });
}

}  // namespace readback
