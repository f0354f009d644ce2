// What daemon/app, daemon/sinks and daemon/store do between sockets and a disk, in its plainest form: a commit is on
// the disk at once, and a crash leaves what was committed.
#include "tests/core/member/member_world.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>
#include <set>

#include "core/alert/render.hpp"
#include "core/alert/writing.hpp"
#include "core/codec/reads_json.hpp"

namespace readback {
namespace json = boost::json;
namespace {

const char* const target = "fabric";

RawRead read_of(const std::string& surface, WallTime at, int how_bad) {
  RawRead r;
  r.read = surface;
  r.at = at;
  if (how_bad == 2) {
    r.answer = TransportError{TransportFault::refused, "connection refused"};
    return r;
  }
  HttpAnswer a;
  const bool is_bad = how_bad == 1 && surface == "health";
  a.status = is_bad ? 503 : 200;
  a.headers = {{"content-type", "application/json"}};
  a.body = is_bad ? R"({"status":"down"})" : R"({"status":"ok"})";
  r.answer = a;
  return r;
}

std::string text_in(const json::object& o, std::string_view name) {
  const auto* found = o.if_contains(name);
  return found && found->is_string() ? std::string(found->get_string()) : "";
}

}  // namespace

struct MemberWorld::Disk {
  SavedState state;
  std::map<std::int64_t, OutboxRow> rows;  ///< that wait
  std::vector<OpenedKey> opened;
  std::vector<IncidentRecord> ended;
  std::vector<std::string> tape;
  std::int64_t last_seq = 0;
};

struct MemberWorld::Host {
  std::string name;
  bool is_up = false, has_uplink = true;
  std::uint64_t life = 0, armed = 0;
  Disk disk;
  std::shared_ptr<IdSource> ids;
  std::unique_ptr<Engine> engine;
  std::unique_ptr<Member> member;
  std::unique_ptr<Outbox> outbox;
  Course course;
  bool is_busy = false;
  std::deque<std::variant<Event, FleetEvent>> waiting;
  std::set<std::string> working;
  std::map<std::string, std::uint64_t> resting;
};

MemberWorld::MemberWorld(MemberScene scene) : scene_(std::move(scene)), random_(scene_.seed) {
  kv_ = std::make_unique<KvModel>(
      KvModel::World{[this] { return now_; }, [this](Millis after, std::function<void()> what) { at(after, what); },
                     [this](const std::string& to, const FleetEvent& e) {
                       if (auto& h = *by_name_.at(to); h.is_up) put(h, e);
                     }},
      scene_.seed + 1);
  for (int i = 0; i < scene_.hosts; ++i) {
    hosts_.push_back(std::make_unique<Host>());
    hosts_.back()->name = "host-" + std::to_string(i);
    by_name_[hosts_.back()->name] = hosts_.back().get();
  }
}
MemberWorld::~MemberWorld() = default;

const Engine& MemberWorld::engine(int host) const { return *hosts_.at(static_cast<std::size_t>(host))->engine; }
const Member& MemberWorld::member(int host) const { return *hosts_.at(static_cast<std::size_t>(host))->member; }
const std::vector<IncidentRecord>& MemberWorld::ended(int host) const {
  return hosts_.at(static_cast<std::size_t>(host))->disk.ended;
}
const std::vector<std::string>& MemberWorld::tape(int host) const {
  return hosts_.at(static_cast<std::size_t>(host))->disk.tape;
}
bool MemberWorld::is_up(int host) const { return hosts_.at(static_cast<std::size_t>(host))->is_up; }
std::size_t MemberWorld::rows_waiting(int host) const {
  return hosts_.at(static_cast<std::size_t>(host))->disk.rows.size();
}

int MemberWorld::count(const std::string& event, const std::string& boundary, double from, double to) const {
  return static_cast<int>(std::count_if(received_.begin(), received_.end(), [&](const Received& r) {
    return r.event == event && r.boundary == boundary && r.at >= from && r.at <= to;
  }));
}

void MemberWorld::at(Millis later, std::function<void()> what) {
  queue_.push({now_ + std::max(Millis(0), later), ++order_, std::move(what)});
}

/// If it lives then as it does now.
void MemberWorld::later(Host& h, Millis after, std::function<void()> what) {
  at(after, [&h, life = h.life, what = std::move(what)] {
    if (h.is_up && h.life == life) what();
  });
}

void MemberWorld::run() { run_until(scene_.lasts); }

void MemberWorld::begin() {
  for (const auto& i : scene_.plan) at(Millis(static_cast<std::int64_t>(i.at * 1000)), [this, i] { happen(i); });
  for (auto& h : hosts_) at(between(0, 5000), [this, &h = *h] { start(h); });
}

void MemberWorld::run_until(double second) {
  if (!std::exchange(has_begun_, true)) begin();
  const MonoTime end{Millis(static_cast<std::int64_t>(second * 1000))};
  while (!queue_.empty() && queue_.top().at <= end) {
    auto next = std::move(const_cast<Later&>(queue_.top()));  // its time and number, by which it stands, stay
    queue_.pop();
    now_ = next.at;
    next.what();
  }
}

void MemberWorld::happen(const Incidence& i) {
  if (i.what == "platform") {
    platform_ = static_cast<int>(i.value);
  } else if (i.what == "servers") {
    kv_->down(i.value == 0);
  } else if (i.what == "receiver") {
    receiver_ = i.text;
  } else {
    for (auto& h : hosts_)
      if (i.host < 0 || h->name == "host-" + std::to_string(i.host)) happen_to(*h, i);
  }
}

void MemberWorld::happen_to(Host& h, const Incidence& i) {
  if (i.what == "uplink") h.has_uplink = i.value > 0;
  if (i.what == "engine") kv_->cut(h.name, i.value == 0);
  if (i.what == "crash") die(h);
  if (i.what == "start") start(h);
  if (!h.is_up) return;
  if (i.what == "stop") {
    put(h, FleetEvent(FleetStopping{}));
    later(h, Seconds(1), [this, &h] {
      h.disk.state = h.member->save();
      die(h);
    });
  }
  if (i.what == "stall") kv_->stall(h.name, Millis(static_cast<std::int64_t>(i.value * 1000)));
  if (i.what == "freeze") {
    h.is_busy = true;
    later(h, Millis(static_cast<std::int64_t>(i.value * 1000)), [this, &h] {
      h.is_busy = false;
      take_up(h);
    });
  }
  if (i.what == "acknowledge")
    for (const auto& open : h.engine->open_incidents()) put(h, Event(Acknowledged{open.id, "anna", std::nullopt}));
  if (i.what == "silence") {
    Silence s;
    s.target = target, s.reason = "we work on it", s.by = "anna";
    s.expires_at = now().wall + Seconds(static_cast<int>(i.value));
    put(h, Event(SilenceAdded{s}));
  }
}

Config MemberWorld::config() const {
  Config c;
  c.environment = "prod";
  c.targets.push_back(default_target(target));
  c.targets.back().edit().interval = Seconds(30);
  for (const auto& name : scene_.sinks) {
    auto& sink = c.alerts.sinks.emplace_back();
    sink.name = name;
    sink.dedup_scope = DedupScope::platform;
    sink.urls.push_back({SecretRef::From::plain, "http://" + name + "/", {}});
  }
  if (scene_.called_after > Millis(0)) {
    auto& last = c.alerts.sinks.back();
    last.waits = true;
    c.alerts.escalate.push_back({scene_.called_after, {last.name}, Severity::info, {}});
  }
  c.resolution.settle = Seconds(60);
  c.fleet.name = "prod";
  return c;
}

void MemberWorld::start(Host& h) {
  if (h.is_up) return;
  h.is_up = true, ++h.life;
  h.is_busy = false;
  h.waiting.clear(), h.working.clear();
  h.course = {};
  h.ids = std::make_shared<IdSource>(random_.random());
  EngineOptions options;
  options.ids = h.ids;
  options.boot = h.name;
  options.host = h.name;
  options.in_fleet = true;
  h.engine = std::make_unique<Engine>(config(), options, now());
  FleetSetup fleet{config(), h.name, "1", h.name + "-" + std::to_string(h.life), now().wall, random_.random()};
  h.member = std::make_unique<Member>(*h.engine, std::move(fleet), h.ids, now());
  for (const auto& why : h.member->restore(h.disk.state, now())) throw std::runtime_error(why);
  OutboxSetup setup;
  setup.origin = {"prod", h.name};
  setup.sinks = config().alerts.sinks;
  setup.ids = h.ids;
  setup.held = h.member->held();
  setup.in_fleet = true;
  setup.speaks = [&h](const std::string& incident, const std::string& sink) {
    return h.member->speaks(incident, sink);
  };
  h.outbox = std::make_unique<Outbox>(std::move(setup));
  const auto pending = h.disk.rows;
  perform(h, h.outbox->restore(pending, h.disk.opened, now()));
  run(h, h.member->begin(pending, now()));
  kv_->start(h.name);
  put(h, Event(Tick{}));
}

void MemberWorld::die(Host& h) {
  if (!h.is_up) return;
  h.is_up = false;
  kv_->stop(h.name);
}

template <class E>
void MemberWorld::put(Host& h, E event) {
  h.waiting.emplace_back(std::move(event));
  if (!h.is_busy) take_up(h);
}

void MemberWorld::take_up(Host& h) {
  while (!h.waiting.empty()) {
    const auto next = std::move(h.waiting.front());
    h.waiting.pop_front();
    const auto began = is_measured_ ? std::chrono::steady_clock::now() : std::chrono::steady_clock::time_point();
    auto actions = std::visit([&](const auto& e) { return h.member->handle(e, now()); }, next);
    if (is_measured_)
      busy_ms_ += std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began).count();
    run(h, std::move(actions));
  }
}

void MemberWorld::run(Host& h, Actions actions) {
  h.is_busy = true;
  h.course.begin(std::move(actions));
  for (;;) {
    auto next = h.course.next(now(), false);
    if (std::holds_alternative<Course::Done>(next)) break;
    step(h, next);
  }
  h.is_busy = false;
  for (const auto& sink : h.outbox->sinks()) work(h, sink);
  arm(h);
}

void MemberWorld::step(Host& h, Course::Step& step) {
  if (const auto* begun = std::get_if<StartSweep>(&step)) {
    sweep(h, *begun);
  } else if (const auto* record = std::get_if<Record>(&step)) {
    const auto& swept = record->sweep;
    for (const auto& read : swept.reads)
      h.disk.tape.push_back(to_recorded_line({swept.target, swept.sweep, read.raw, swept.void_reason}));
  } else if (const auto* notify = std::get_if<Notify>(&step)) {
    auto rendered = h.outbox->render(notify->event, notify->only_sink);
    for (const auto& [sink, incident] : rendered.forget) {
      const auto& gone_sink = sink;
      const auto& gone = incident;
      std::erase_if(h.disk.opened, [&](const OpenedKey& k) { return k.sink == gone_sink && k.incident_id == gone; });
    }
    h.course.notified(std::move(rendered.commit));
  } else if (auto* seal = std::get_if<Seal>(&step)) {
    Sealed told{seal->order.target,     seal->order.incident.id, {seal->order.snapshot_id, "digest"}, "",
                seal->order.on_request, std::move(seal->then)};
    h.course.sealed(h.member->handle(Event(std::move(told)), now()));
  } else if (auto* together = std::get_if<Course::Commit>(&step)) {
    for (const auto& part : together->parts) h.disk.state[part] = h.member->save(part);
    h.disk.ended.insert(h.disk.ended.end(), together->ended.begin(), together->ended.end());
    commit(h, std::move(together->rows));
    h.course.committed({});
  } else if (const auto* duty = std::get_if<FleetDuty>(&step)) {
    perform(h, do_at_outbox(*duty, *h.outbox, now().mono));
    for (const auto& request : duty->requests)
      std::visit([&](const auto& each) { kv_->request(h.name, each); }, request);
  }
}

void MemberWorld::commit(Host& h, std::vector<OutboxRow> rows) {
  for (auto& row : rows) {
    row.seq = ++h.disk.last_seq;
    note_opened(h.disk.opened, row);
    h.disk.rows[row.seq] = row;
    h.outbox->committed(row, now());
  }
}

void MemberWorld::arm(Host& h) {
  const auto mine = ++h.armed;
  later(h, std::max(Millis(1), h.member->next_due() - now_), [this, &h, mine] {
    if (mine == h.armed) put(h, Event(Tick{}));
  });
}

void MemberWorld::sweep(Host& h, const StartSweep& start) {
  SweepDone done;
  done.target = start.target;
  done.sweep = start.sweep;
  const int how_bad = std::max(platform_, h.has_uplink ? 0 : 2);
  for (const SurfaceConfig& s : default_target(target).surfaces)
    done.reads.push_back(read_of(s.name, now().wall, how_bad));
  later(h, between(50, 600), [this, &h, done] { put(h, Event(done)); });
}

// ---- delivery

void MemberWorld::perform(Host& h, OutboxStep step) {
  for (auto& write : in_order(std::move(step), *h.outbox, {})) {
    if (const auto* forget = std::get_if<ForgetOpened>(&write)) {
      std::erase_if(h.disk.opened,
                    [&](const OpenedKey& k) { return k.sink == forget->sink && k.incident_id == forget->incident; });
    } else if (auto* fresh = std::get_if<CommitRows>(&write)) {
      commit(h, std::move(fresh->rows));
    } else if (const auto* mark = std::get_if<OutboxStep::Mark>(&write)) {
      if (mark->row.state == OutboxState::pending)
        h.disk.rows[mark->row.seq] = mark->row;
      else
        h.disk.rows.erase(mark->row.seq);
    } else if (const auto* tried = std::get_if<RowTried>(&write)) {
      const FleetEvent e = Attempted{tried->row, tried->is_accepted, tried->was_written, tried->not_before};
      later(h, Millis(0), [this, &h, e] { put(h, e); });
    }
  }
}

void MemberWorld::work(Host& h, const std::string& sink) {
  while (!h.working.contains(sink)) {
    const auto next = h.outbox->next(sink, now());
    if (const auto* send = std::get_if<Outbox::Send>(&next)) {
      h.working.insert(sink);
      attempt(h, sink, h.disk.rows.at(send->seq));
    } else if (const auto* drop = std::get_if<Outbox::Drop>(&next)) {
      perform(h, h.outbox->dropped(h.disk.rows.at(drop->seq), now()));
    } else if (const auto* wait = std::get_if<Outbox::Wait>(&next); wait && wait->until != MonoTime::max()) {
      const auto mine = ++h.resting[sink];
      later(h, std::max(Millis(1), wait->until - now_), [this, &h, sink, mine] {
        if (mine == h.resting[sink]) work(h, sink);
      });
      return;
    } else {
      return;
    }
  }
}

void MemberWorld::attempt(Host& h, const std::string& sink, const OutboxRow& row) {
  later(h, between(5, 300), [this, &h, sink, row] {
    const std::string mode = receiver_;
    if (mode == "ok" || mode == "hang") arrived(h, row);
    SinkAnswer answer;
    if (mode == "ok") answer.status = 200;
    if (mode == "500") answer.status = 500;
    if (mode == "hang") answer.detail = "no answer within 10s";
    if (mode == "cut") answer.detail = "connection refused", answer.was_written = false;
    later(h, mode == "hang" ? Millis(Seconds(10)) : between(5, 300), [this, &h, sink, row, answer] {
      h.working.erase(sink);
      perform(h, h.outbox->answered(row, {{answer}, "", row.body.size()}, now()));
      work(h, sink);
    });
  });
}

void MemberWorld::arrived(Host& h, const OutboxRow& row) {
  const auto body = json::parse(finish_body(row.body, row.created, now().wall, ""));
  const auto& o = body.as_object();
  const auto& incident = o.at("incident").as_object();
  received_.push_back({seconds(), row.sink, h.name, text_in(o, "event"), text_in(incident, "boundary"),
                       text_in(incident, "severity"), text_in(o, "dedup_key"), text_in(o, "target"),
                       text_in(o, "summary"), json::serialize(o)});
  char time[32];
  std::snprintf(time, sizeof time, "%8.2f  ", seconds());
  const auto& r = received_.back();
  story_ += time + r.sink + " <- " + r.host + ": " + r.event + " " + r.key + ": " + r.summary + "\n";
}

}  // namespace readback
