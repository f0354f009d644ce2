// The pipeline of the daemon, its start and its stop: what daemon/app does, on simulated time.
#include "tests/sim/process.hpp"

#include <algorithm>
#include <utility>

#include "core/text/time.hpp"
#include "tests/sim/fleet_witness.hpp"

namespace readback::sim {
namespace {

constexpr Millis forced_end(4800);  // after a stop, whatever hangs
constexpr Millis farewell(3000);    // of a stop to what is on its way
constexpr Millis goodbye_limit(500);
constexpr Millis half_a_minute = Seconds(30);

}  // namespace

/// A seal that is under way.
struct Process::Sealing {
  Sealed told;     ///< as it ended, once it is over
  AfterSeal then;  ///< what waits for it
  bool begun = false, late = false, over = false;
  std::function<void(Sealing&)> done;  ///< while somebody waits for it
};

Process::Process(World& world, Host& host)
    : world_(world),
      host_(host),
      config_(config_of(world.schedule.setup, host.file, host.name)),
      dead_man_(world.now(host).mono),
      notice_(world.now(host).mono) {
  host.loaded = host.file;
}

void Process::start() {
  const auto& kept = host_.disk.now();
  Mirror::Kept loaded;
  loaded.state = kept.state;
  for (const auto& [seq, row] : kept.rows)
    if (row.state == OutboxState::pending) loaded.pending.emplace(seq, row);
  loaded.opened = kept.opened;
  loaded.last_seq = kept.rows.empty() ? 0 : kept.rows.rbegin()->first;
  loaded.refused = kept.refused();
  loaded.newest_event = kept.newest_event();
  mirror_.load(std::move(loaded));
  kept_memories_ = kept.memories;
  if (host_.disk.mood != DiskMood::works) {  // what it shows is read, and all goes on from memory
    failing_ = true;
    course_.store_failed();
    retry_later();
  }
  ids_ = std::make_shared<IdSource>(world_.luck.random());
  ids_->stay_behind(mirror_.newest_event());
  for (const auto& bundle : host_.disk.bundles) ids_->stay_behind(bundle);
  EngineOptions options;
  options.ids = ids_;
  options.boot = "boot-" + std::to_string(host_.boots);
  options.host = host_.name;
  options.in_fleet = config_.fleet.is_on();
  engine_ = std::make_unique<Engine>(config_, options, now());
  std::optional<FleetSetup> fleet;
  if (config_.fleet.is_on())
    fleet = FleetSetup{config_, host_.name, "1", ids_->next(now().wall), now().wall, world_.luck.random()};
  member_ = std::make_unique<Member>(*engine_, std::move(fleet), ids_, now());
  std::vector<std::string> refused;
  if (!mirror_.state().empty()) refused = member_->restore(mirror_.state(), now());
  make_outbox();
  auto step = outbox_->restore(mirror_.pending(), mirror_.opened(), now(), mirror_.refused());
  world_.witness.started(host_, *this, refused);
  if (member_->fleet()) begin_in_fleet();
  put(Event(Tick{}));
  perform(std::move(step), [this] {
    delivers_ = true;
    wake();
  });
  beat();
  look_at_itself();
}

void Process::make_outbox() {
  OutboxSetup setup;
  setup.origin = {config_.environment, host_.name};
  setup.sinks = config_.alerts.sinks;
  setup.ids = ids_;
  setup.in_fleet = member_->fleet() != nullptr;
  setup.held = member_->held();
  setup.speaks = [this](const std::string& incident, const std::string& sink) {
    return member_->speaks(incident, sink);
  };
  outbox_ = std::make_unique<Outbox>(std::move(setup));
}

/// What the fleet must know of its rows comes before anything that happens.
void Process::begin_in_fleet() {
  busy_ = true;
  later(Millis(0), [this] {
    auto actions = member_->begin(mirror_.pending(), now());
    world_.witness.decided(host_, *this, actions);
    course_.begin(std::move(actions));
    go_on();
  });
  world_.servers->start(host_.name);
}

bool Process::watches(const std::string& target) const {
  return std::any_of(config_.targets.begin(), config_.targets.end(),
                     [&](const TargetConfig& t) { return t.name == target; });
}

void Process::later(Millis after, std::function<void()> what) {
  world_.at(world_.time + after, &host_, std::move(what));
}

void Process::say(const Say& line) {
  if (world_.tells()) world_.tell(host_.name, "says: " + line.text);
}

// ---- the pipeline

void Process::put(std::variant<Event, FleetEvent> event, bool of_operator) {
  queue_.push_back({std::move(event), of_operator});
  if (!busy_) later(Millis(0), [this] { pump(); });
}

void Process::pump() {
  if (stopping_) return stop();
  if (!busy_ && !queue_.empty()) begin_next();
}

void Process::begin_next() {
  busy_ = true;
  auto next = std::move(queue_.front());
  queue_.pop_front();
  of_operator_ = next.of_operator;
  silence_.reset();
  companions_.begin(std::get_if<Event>(&next.event));
  may_join_ = true;
  if (const auto* event = std::get_if<Event>(&next.event)) note(*event);
  course_.begin(handle(std::move(next.event)));
  go_on();
}

/// What has come while seals are under way is carried out beside them, if it may be. False: nothing was.
bool Process::join() {
  if (member_->fleet() || stopping_ || queue_.empty() || !seals_.has_room()) return false;
  const auto* event = std::get_if<Event>(&queue_.front().event);
  if (!companions_.takes(event)) return false;
  auto next = std::move(queue_.front());
  queue_.pop_front();
  note(std::get<Event>(next.event));
  course_.begin(handle(std::move(next.event)));
  return true;
}

/// What the witness must know before it is handled.
void Process::note(const Event& event) {
  if (const auto* added = std::get_if<SilenceAdded>(&event)) {
    silence_ = added->silence;
    silence_for_ = silence_->expires_at - now().wall;
  }
  if (std::holds_alternative<SilenceExpired>(event)) world_.witness.unsilenced(host_);
  if (const auto* done = std::get_if<SweepDone>(&event))
    if (done->void_reason.empty()) world_.witness.counted(host_, done->target, done->sweep);
  if (const auto* done = std::get_if<CheckDone>(&event)) {
    if (const auto& word = checks_coming_.front(); !word.empty()) world_.witness.checked(host_, done->target, word);
    checks_coming_.pop_front();
  }
}

Actions Process::handle(std::variant<Event, FleetEvent> event) {
  ++world_.outcome.actions;
  auto actions = std::visit([this](auto& each) { return member_->handle(std::move(each), now()); }, event);
  world_.witness.decided(host_, *this, actions);
  return actions;
}

void Process::go_on() {
  for (;;) {
    auto step = course_.next(now(), hangs());
    if (!take(step)) return;
  }
}

/// False when it must be waited for, or the event is over.
bool Process::take(Course::Step& step) {
  if (auto* sweep = std::get_if<StartSweep>(&step)) {
    start_sweep(*sweep);
  } else if (auto* check = std::get_if<StartCheck>(&step)) {
    start_check(*check);
  } else if (std::holds_alternative<Record>(step)) {
    if (failing_ || host_.disk.mood != DiskMood::works) record_later();
  } else if (auto* notify = std::get_if<Notify>(&step)) {
    world_.witness.notified(host_, *this, notify->event);
    if (world_.fleet_witness) world_.fleet_witness->notified(host_, *this, notify->event);
    course_.notified(render(*notify));
  } else if (auto* line = std::get_if<Say>(&step)) {
    say(*line);
  } else if (auto* asked = std::get_if<Seal>(&step)) {
    const auto sealing = seal(std::move(*asked));
    if (!may_join_) {
      wait_for(sealing, [this](Actions more) { course_.sealed(std::move(more)); });
      return false;
    }
    left_.push_back(sealing);
    course_.leave();
  } else if (std::holds_alternative<Course::Await>(step)) {
    may_join_ = may_join_ && join();
    if (may_join_) return true;
    const auto first = left_.front();
    left_.pop_front();
    wait_for(first, [this](Actions more) { course_.resume(std::move(more)); });
    return false;
  } else if (auto* together = std::get_if<Course::Commit>(&step)) {
    commit(std::move(*together));
    return false;
  } else if (std::holds_alternative<Course::Deliver>(step)) {
    action("before the alerts leave");
    take_in();
  } else if (const auto* duty = std::get_if<FleetDuty>(&step)) {
    carry_out(*duty);
  } else if (auto* done = std::get_if<Course::Done>(&step)) {
    if (of_operator_) world_.witness.answered(host_, done->answer);
    owes_ = owes_ || (of_operator_ && !ok());
    if (silence_ && done->answer.ok) world_.witness.silenced(host_, *silence_, silence_for_);
    busy_ = false;
    arm();
    if (stopping_)
      stop();
    else if (!queue_.empty())
      pump();
    return false;
  }
  return true;
}

void Process::carry_out(const FleetDuty& duty) {
  action("before the fleet is asked");
  auto step = do_at_outbox(duty, *outbox_, now().mono);
  if (!step.forget.empty() || !step.tried.empty()) perform(std::move(step), [] {});
  wake();
  for (const auto& request : duty.requests) {
    std::visit([this](const auto& each) { world_.servers->request(host_.name, each); }, request);
    action("between two requests to the fleet");
  }
}

MonoTime Process::due() const { return std::min(member_->next_due(), course_.save_due(now(), hangs())); }

/// A Tick when something is due.
void Process::arm() {
  const auto due = this->due();
  if (member_->fleet() && due == armed_for_) return;  // most of what a member hears changes nothing
  armed_for_ = due;
  const auto wait = std::max(Millis(1), due - now().mono);
  const auto mine = ++armed_;
  later(wait, [this, mine] {
    if (mine != armed_ || stopping_) return;
    armed_for_.reset();
    if (this->due() > now().mono) return arm();  // the host slept meanwhile
    put(Event(Tick{}));
  });
}

void Process::commit(Course::Commit together) {
  SavedState state;
  std::map<std::string, Memory> memories;
  for (const auto& part : together.parts) {
    state[part] = member_->save(part);
    memories[part] = world_.witness.memory_of(host_, *this, part);
  }
  world_.witness.ended(host_, together.ended);
  Batch batch{std::move(state), std::move(together.rows), {}, std::move(memories)};
  for (const auto& i : together.ended) batch.ended.push_back(i.id);
  store_commit(std::move(batch), [this](const Result<void>& written, const std::vector<OutboxRow>& rows) {
    if (!rows.empty()) judge_later(rows);
    for (const auto& line : course_.committed(written)) say(line);
    if (written) owes_ = false;
    go_on();
  });
}

/// Whether these have left within half a minute in which the host was awake.
void Process::judge_later(const std::vector<OutboxRow>& rows) {
  later(half_a_minute, [this, rows] {
    if (world_.time < host_.stands_until + half_a_minute) return judge_later(rows);
    world_.witness.should_have_left(host_, *this, rows);
  });
}

std::shared_ptr<Process::Sealing> Process::seal(Seal asked) {
  const auto sealing = std::make_shared<Sealing>();
  auto& told = sealing->told;
  told.target = asked.order.target;
  told.incident_id = asked.order.incident.id;
  told.on_request = asked.order.on_request;
  told.evidence.snapshot = asked.order.snapshot_id;
  world_.witness.named(host_, asked.order.snapshot_id);
  sealing->then = std::move(asked.then);
  if (const auto begun = seals_.begin(asked.order.again); begun) {
    to_seal_.push_back(sealing);
    seal_next();
  } else {
    told.failure = begun.error();
    sealing->over = true;
  }
  return sealing;
}

/// `go` gets what the engine makes of its end, be that its success or that it is late.
void Process::wait_for(std::shared_ptr<Sealing> sealing, std::function<void(Actions)> go) {
  const auto end = [this, go = std::move(go)](Sealing& waited, Sealed ended) {
    waited.done = nullptr;
    ended.then = std::move(waited.then);
    go(handle(Event(std::move(ended))));
    go_on();
  };
  if (sealing->over) return later(Millis(0), [sealing, end] { end(*sealing, sealing->told); });
  sealing->done = [end](Sealing& over) { end(over, over.told); };
  later(seals_.patience(), [this, sealing, end] {
    if (sealing->over) return;
    sealing->late = true;
    auto told = sealing->told;
    told.failure = seals_.give_up();
    end(*sealing, std::move(told));
  });
}

/// One after the other; a disk that does not answer is waited for.
void Process::seal_next() {
  if (to_seal_.empty() || host_.disk.mood == DiskMood::hangs) return;
  const auto sealing = to_seal_.front();
  if (std::exchange(sealing->begun, true)) return;
  action("before a seal");
  later(Millis(world_.luck.between(1, 40)), [this, sealing] {
    if (host_.disk.mood == DiskMood::hangs) {
      sealing->begun = false;
      return;
    }
    to_seal_.pop_front();
    sealing->over = true;
    auto& told = sealing->told;
    if (host_.disk.mood == DiskMood::works) {
      host_.disk.bundles.insert(told.evidence.snapshot);
      told.evidence.sha256 = "digest of " + told.evidence.snapshot;
    } else {
      told.failure = "no space left on device";
    }
    if (world_.tells()) world_.tell(host_.name, told.failure.empty() ? "seals a snapshot" : "cannot seal a snapshot");
    action("after a seal");
    seals_.ended(sealing->late);
    seal_next();
    if (sealing->late)
      put(Event(told));
    else if (const auto done = sealing->done)
      done(*sealing);
  });
}

// ---- reads

void Process::start_sweep(const StartSweep& what) {
  if (stopping_) return;
  const auto found = std::find_if(config_.targets.begin(), config_.targets.end(),
                                  [&](const TargetConfig& t) { return t.name == what.target; });
  if (found == config_.targets.end()) return;
  const TargetConfig& target = *found;
  ++world_.outcome.sweeps;
  const auto reading = std::make_shared<Reading>();
  reading->target = what.target;
  reading->sweep = what.sweep;
  reading->started = now();
  reading->timeout = target.timeout;
  reading->reloads = reloads_;
  const auto& there = world_.targets[static_cast<std::size_t>(what.target[1] - '0')];
  const auto& looks = host_.way.empty() ? there.letters : host_.way;
  const auto seen = std::make_shared<Seen>();
  Millis takes(world_.luck.between(1, 30));
  for (std::size_t i = 0; i < target.surfaces.size(); ++i) {
    const auto& name = target.surfaces[i]->name;
    const bool skipped = std::find(what.skip.begin(), what.skip.end(), name) != what.skip.end();
    const char letter = skipped ? 'T' : looks[i];
    seen->letters += letter;
    if (skipped) continue;
    takes = std::max(takes, patience_of(letter));
    reading->reads.push_back(
        answer_of(letter, name, reading->started.wall + Millis(static_cast<int>(i)), world_.true_wall()));
  }
  seen->path = there.path || target.paths.empty();
  for (std::size_t i = 0; i < target.paths.size(); ++i)
    reading->reads.push_back(path_answer(there.path, reading->started.wall + Millis(9)));
  seen->references = there.references;
  const bool reached = seen->letters.find_first_not_of("ROLV") != std::string::npos;
  if (!reached)
    for (std::size_t i = 0; i < target.references.size(); ++i)
      reading->reads.push_back(reference_answer(there.references, reading->started.wall));
  reading->seen = seen;
  reading_.push_back(reading);
  later(takes, [this, reading] { sweep_ended(reading); });
}

void Process::sweep_ended(const std::shared_ptr<Reading>& reading) {
  std::erase(reading_, reading);
  const auto ended = now();
  SweepDone done;
  done.target = reading->target;
  done.sweep = reading->sweep;
  const auto step = (ended.wall - reading->started.wall) - (ended.mono - reading->started.mono);
  if (reading->worst_lag > reading->timeout)
    done.void_reason = "our own loop lagged by " + humanize(reading->worst_lag) + ", more than the timeout";
  else if (step > Seconds(1) || step < -Seconds(1))
    done.void_reason = "our wall clock was moved by " + humanize(step < Millis(0) ? -step : step) + " during the sweep";
  else if (reading->reloads != reloads_)
    done.void_reason = "the configuration was reloaded during the sweep";
  done.reads = std::move(reading->reads);
  if (world_.tells())
    world_.tell(host_.name, "has read " + done.target + ": " + reading->seen->letters +
                                (done.void_reason.empty() ? "" : ", void: " + done.void_reason));
  world_.witness.read(host_, done.target, done.sweep, reading->seen);
  put(Event(std::move(done)));
}

void Process::start_check(const StartCheck& what) {
  if (stopping_) return;
  const auto& there = world_.targets[static_cast<std::size_t>(what.target[1] - '0')];
  const bool hangs = there.check == "hangs";
  const auto began = now().wall;
  const auto find = [this, what]() -> const CheckConfig* {
    for (const TargetConfig& t : config_.targets)
      for (const auto& each : t.checks)
        if (t.name == what.target && each.name == what.check) return &each;
    return nullptr;
  };
  const auto* known = find();
  const auto asked = known ? std::optional(*known) : std::nullopt;
  later(hangs ? Millis(Seconds(60)) : Millis(world_.luck.between(100, 1500)), [this, what, began, hangs, asked, find] {
    const auto& then = world_.targets[static_cast<std::size_t>(what.target[1] - '0')];
    CheckDone done;
    done.target = what.target;
    const std::string word = hangs ? "hangs" : then.check == "hangs" ? "broken" : then.check;
    done.read = check_answer(word, began);
    const auto* wanted = find();
    done.outdated = !wanted || !asked || !is_same_question(*wanted, *asked);
    if (world_.tells())
      world_.tell(host_.name,
                  "has run the check of " + what.target + ": " + word + (done.outdated ? ", outdated" : ""));
    checks_coming_.push_back(done.outdated ? "" : word);
    put(Event(std::move(done)));
  });
}

void Process::lagged(Millis by) {
  for (auto& reading : reading_) reading->worst_lag = std::max(reading->worst_lag, by);
}

// ---- what is done to it

void Process::reload() {
  ++reloads_;
  host_.loaded = host_.file;
  config_ = config_of(world_.schedule.setup, host_.file, host_.name);
  world_.witness.reconfigured(host_, config_);
  auto step = outbox_->reconfigure({config_.environment, host_.name}, config_.alerts.sinks, now());
  perform(std::move(step), [] {});
  wake();
  beat();
  put(Event(Reconfigured{config_}));
}

/// What has begun with an event is brought to its end, and what is on its way to a receiver, a little; the fleet hears
/// of that, and then goodbye. Then all is saved.
void Process::stop() {
  if (!std::exchange(stopping_, true)) {
    later(forced_end, [] { throw Crash{}; });
    later(farewell, [this] {
      gives_up_sending_ = true;
      stop();
    });
  }
  if (busy_ || is_saving_) return;
  if (member_->fleet() && !says_goodbye_) {
    std::erase_if(queue_, [](const Incoming& each) { return !std::holds_alternative<FleetEvent>(each.event); });
    if (!queue_.empty()) return begin_next();
  }
  if (!working_.empty() && !gives_up_sending_) return;
  if (member_->fleet() && !std::exchange(says_goodbye_, true)) return say_goodbye();
  if (member_->fleet() && !goodbye_is_said_) return;
  is_saving_ = true;
  SavedState all = member_->save();
  std::map<std::string, Memory> memories;
  for (const auto& [part, text] : all) memories[part] = world_.witness.memory_of(host_, *this, part);
  store_commit({std::move(all), {}, {}, std::move(memories)}, [](const Result<void>&, const auto&) { throw Crash{}; });
}

/// What it asks of the servers is waited for, a little.
void Process::say_goodbye() {
  busy_ = true;
  of_operator_ = false;
  silence_.reset();
  course_.begin(handle(FleetEvent(FleetStopping{})));
  later(goodbye_limit, [this] {
    goodbye_is_said_ = true;
    if (!busy_) stop();
  });
  go_on();
}

}  // namespace readback::sim
