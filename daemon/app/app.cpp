#include "daemon/app/app.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <random>
#include <tuple>
#include <utility>

#include "core/text/time.hpp"
#include "daemon/check/check.hpp"
#include "daemon/check/sandbox.hpp"
#include "daemon/platform/log.hpp"
#include "daemon/platform/secrets.hpp"
#include "daemon/platform/service_manager.hpp"
#include "daemon/platform/version.hpp"
#include "daemon/runtime/clock.hpp"

namespace readback {
namespace {

constexpr auto beat = std::chrono::milliseconds(250);  // how often the loop looks at its own lag
constexpr Millis tolerable_step = Seconds(1);          // of the wall clock against the monotonic one, within a sweep
constexpr Millis stuck_after = Seconds(30);            // the watchdog is not petted for a pipeline that hangs
constexpr Millis save_within = Seconds(1);             // what nobody was told of; what follows an event at once
constexpr auto stop_limit = std::chrono::milliseconds(4000);  // contract: a stop takes at most 5 s

std::uint64_t random_seed() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

std::variant<std::string, SecretProblem> secret_for_sink(const SecretRef& ref) {
  auto found = reveal(ref);
  if (auto* trouble = std::get_if<SecretTrouble>(&found)) return SecretProblem{trouble->text};
  return std::get<std::string>(found);
}

Retention retention_of(const Config& config) { return {config.evidence.keep_time, config.evidence.keep_bytes}; }

std::string text_of(const std::exception_ptr& failed) {
  try {
    std::rethrow_exception(failed);
  } catch (const std::exception& e) {
    return e.what();
  } catch (...) {
    return "an unknown exception";
  }
}

}  // namespace

App::App(net::io_context& io, std::string config_path, Prepared prepared)
    : io_(io),
      config_path_(std::move(config_path)),
      current_(std::move(prepared)),
      host_(host_name(current_.config)),
      known_secrets_(current_.secrets),
      resolver_(io.get_executor()),
      tasks_(io.get_executor(),
             [this](const std::string& task, std::exception_ptr failed) {
               say({Say::Level::error, "daemon.bug", "", "", "",
                    "the task " + task + " ended by an error: " + text_of(failed)});
             }),
      queue_wake_(io),
      due_(io),
      beat_(io),
      signal_set_(io, SIGTERM, SIGINT, SIGHUP),
      started_(now()) {}

App::~App() = default;

void App::say(Say line) { log(line); }

/// What the store had to set aside, also when that happened while it was in use.
void App::tell_store_notes() {
  const auto notes = store_->notes();
  for (; store_notes_told_ < notes.size(); ++store_notes_told_)
    say({Say::Level::error, "store.failed", "", "", "", notes[store_notes_told_]});
}

std::string App::start(const std::string& unconfined) {
  auto opened = Store::open(io_.get_executor(), current_.config.store.path, retention_of(current_.config));
  if (auto* error = std::get_if<StoreError>(&opened)) return error->text;
  store_ = std::move(std::get<std::unique_ptr<Store>>(opened));
  auto strays = stray_bundles(*store_);
  if (!strays.empty())
    say({Say::Level::warning, "store.adopted", "", "", "",
         std::to_string(strays.size()) +
             " sealed snapshots were on the disk and not in the index; they are listed again"});
  store_->adopt(std::move(strays));
  // The same value keeps its placeholder over reloads and restarts: what did not change must not look changed.
  placeholder_key_ = lasting_key((store_->folder() / "placeholder.key").string());
  redactor_ = std::make_unique<Redactor>(current_.config.evidence.redact, placeholder_key_, known_secrets_);
  tell_store_notes();
  if (!store_->ok()) {
    ++writes_failed_;
    say({Say::Level::error, "store.failed", "", "", "", store_->error()});
  }

  const auto support = sandbox_support();
  sandbox_text_ = support.text;
  sandbox_complete_ = support.complete() && unconfined.empty();
  if (!unconfined.empty()) {
    sandbox_text_ += "; the daemon itself is not confined: " + unconfined;
    say({Say::Level::warning, "sandbox.incomplete", "", "", "", "the daemon itself is not confined: " + unconfined});
  }
  const bool has_checks = !current_.config.evidence.commands.empty() ||
                          std::any_of(current_.config.targets.begin(), current_.config.targets.end(),
                                      [](const TargetConfig& t) { return !t.checks.empty(); });
  if (has_checks)
    for (const auto& missing : support.missing) say({Say::Level::warning, "sandbox.incomplete", "", "", "", missing});

  EngineOptions options;
  options.seed = random_seed();
  options.host = host_;
  engine_ = std::make_unique<Engine>(current_.config, options, now());
  if (const auto state = store_->load_state(); !state.empty())
    for (const auto& refused : engine_->restore(state, now()))
      say({Say::Level::error, "store.failed", "", "", "", refused + "; starting there with an empty record"});

  DeliverySetup setup;
  setup.config = current_.config;
  setup.host = host_;
  setup.secrets = secret_for_sink;
  setup.say = [this](const Say& line) { say(line); };
  setup.healthy = [this] { return store_->ok() && engine_->is_watching(now()); };  // alive is who sweeps and can write
  setup.seed = random_seed();
  delivery_ = std::make_unique<Delivery>(io_.get_executor(), *store_, std::move(setup));

  std::error_code ec;
  std::filesystem::create_directories(store_->folder() / "scratch", ec);
  if (ec && store_->ok())
    return "the scratch folder " + (store_->folder() / "scratch").string() + " cannot be made: " + ec.message();
  commands_ = std::make_unique<EvidenceCommands>(tasks_, (store_->folder() / "scratch").string(),
                                                 [this](RawRead& read) { redactor_->read(read); });
  commands_->configure(current_.config.evidence.commands);

  IdSource boot(random_seed());
  control_ = std::make_unique<ControlRoom>(io_.get_executor(), *this, boot.next(started_.wall));
  return control_->open(current_.config.control, current_.config.http);
}

void App::run() {
  tasks_.spawn("pipeline", pipeline());
  tasks_.spawn("clock", clock());
  tasks_.spawn("heartbeat", heartbeat());
  tasks_.spawn("delivery", delivery_->run());
  tasks_.spawn("signals", signals());
  say({Say::Level::info, "daemon.started", "", "", "",
       "readbackd " + std::string(version()) + " watches " + std::to_string(current_.config.targets.size()) +
           " target(s) from " + host_ + "; sandbox: " + sandbox_text_});
  notify_ready(engine_->headline());
  put(Tick{});
  io_.run();
  say({Say::Level::info, "daemon.stopped", "", "", "", "stopped"});
}

// --- the queue
// ----------------------------------------------------------------------------------------------------------

void App::put(Event event, std::function<void(const Answer&)> reply) {
  queue_.push_back({std::move(event), std::move(reply)});
  queue_wake_.cancel();
}

net::awaitable<void> App::pipeline() {
  while (!stopping_) {
    if (queue_.empty()) {
      busy_since_.reset();
      queue_wake_.expires_at(net::steady_timer::time_point::max());
      auto [ec] = co_await queue_wake_.async_wait(token);
      (void)ec;
      continue;
    }
    busy_since_ = now().mono;
    Incoming next = std::move(queue_.front());
    queue_.pop_front();
    co_await process(std::move(next));
    arm();
  }
}

void App::arm() {
  const auto wait = std::max(Millis(1), engine_->next_due() - now().mono);
  due_.expires_after(wait);
}

/// Sends a Tick whenever something is due. The timer is set anew after every event, and then the wait ends early.
net::awaitable<void> App::clock() {
  arm();
  while (!stopping_) {
    auto [ec] = co_await due_.async_wait(token);
    if (!ec) {
      due_.expires_at(net::steady_timer::time_point::max());  // until the Tick has been handled
      put(Tick{});
    }
  }
}

void App::start_reads(const Actions& actions) {
  for (const auto& action : actions) {
    if (const auto* start = std::get_if<StartSweep>(&action)) tasks_.spawn("sweep of " + start->target, sweep(*start));
    if (const auto* start = std::get_if<StartCheck>(&action)) tasks_.spawn("check " + start->check, check(*start));
    if (std::holds_alternative<StartEvidence>(action)) {
      commands_->start();
      look_ahead();
    }
  }
}

net::awaitable<void> App::process(Incoming incoming) {
  const bool from_operator = static_cast<bool>(incoming.reply);
  Actions actions = engine_->handle(incoming.event, now());
  start_reads(actions);  // what is slow below must not delay the next reads

  std::optional<Answer> answer;
  std::map<std::string, SealResult> sealed;       // by incident
  std::map<std::string, std::string> not_sealed;  // snapshot -> why
  bool urgent = false;
  std::vector<OutboxRow> rows;
  for (std::size_t i = 0; i < actions.size(); ++i) {
    if (auto* record = std::get_if<Record>(&actions[i])) {
      ++sweeps_total_;
      tell_expiries(record->sweep);
      control_->on_sweep(record->sweep);
      store_->record(record->sweep);
    } else if (auto* order = std::get_if<Seal>(&actions[i])) {
      auto context = seal_context();
      const std::string incident = order->order.incident_id;
      const bool on_request = order->order.on_request;
      auto result = co_await seal(*store_, order->order, std::move(context));
      if (result.sha256.empty()) not_sealed[result.snapshot_id] = result.note;
      Sealed told{incident, result.snapshot_id, result.sha256, result.note, on_request};
      Event sealed_event = told;
      auto more = engine_->handle(sealed_event, now());
      for (auto& action : more) actions.push_back(std::move(action));
      sealed[incident] = std::move(result);
    } else if (auto* notify = std::get_if<Notify>(&actions[i])) {
      if (const auto found = sealed.find(notify->event.incident.id); found != sealed.end()) {
        notify->event.incident.evidence.snapshot = found->second.sha256.empty() ? "" : found->second.snapshot_id;
        notify->event.incident.evidence.sha256 = found->second.sha256;
        notify->event.evidence_note = found->second.sha256.empty() ? "no snapshot: " + found->second.note : "";
      }
      control_->on_alert(notify->event);
      auto rendered = delivery_->render(notify->event, notify->only_sink);
      for (auto& row : rendered) rows.push_back(std::move(row));
      notify_status(engine_->headline());
    } else if (auto* save = std::get_if<SaveState>(&actions[i])) {
      if (unsaved_.empty()) unsaved_since_ = now().mono;
      unsaved_.insert(save->part);
      urgent = urgent || save->urgent;
    } else if (auto* line = std::get_if<Say>(&actions[i])) {
      say(*line);
    } else if (auto* said = std::get_if<Answer>(&actions[i])) {
      answer = *said;
    }
  }
  const bool old = !unsaved_.empty() && now().mono - unsaved_since_ >= save_within;
  if (urgent || old || !rows.empty()) {
    pin();
    Commit commit;
    for (const auto& part : std::exchange(unsaved_, {})) commit.state[part] = engine_->save(part);
    const bool any_rows = !rows.empty();
    commit.rows = std::move(rows);
    auto result = co_await store_->commit(std::move(commit));
    if (!result.durable && ++writes_failed_ == 1)
      say({Say::Level::error, "store.failed", "", "", "",
           "the store cannot be written, alerts go on from memory: " + result.error});
    if (result.durable && writes_failed_ > 0)
      say({Say::Level::info, "store.works", "", "", "",
           "the store can be written again; writes that failed: " + std::to_string(std::exchange(writes_failed_, 0))});
    tell_store_notes();
    if (any_rows) delivery_->wake();
  }
  if (!from_operator) co_return;
  Answer reply = answer.value_or(Answer{});
  if (const auto why = not_sealed.find(reply.id); reply.ok && why != not_sealed.end())
    reply = {false, 503, "no snapshot could be sealed: " + why->second, ""};
  incoming.reply(reply);
}

/// What an open incident needs is not for retention to take.
void App::pin() {
  std::vector<SweepKey> sweeps;
  std::vector<std::string> incidents;
  for (const auto& i : engine_->open_incidents()) {
    incidents.push_back(i.id);
    for (const auto number : {i.last_good, i.first_bad, i.at_page})
      if (number) sweeps.push_back({i.target, number});
  }
  store_->pin(std::move(sweeps), std::move(incidents));
}

SealContext App::seal_context() const {
  SealContext c;
  c.host = host_;
  c.environment = current_.config.environment;
  c.version = version();
  c.config_digest = current_.digest;
  c.sandbox = sandbox_text_;
  c.commands = commands_->outputs();
  for (const auto& t : current_.config.targets)
    for (const auto& s : t.surfaces)
      c.volatile_fields.insert(c.volatile_fields.end(), s.volatile_fields.begin(), s.volatile_fields.end());
  return c;
}

/// A certificate that ends soon is told once a day: renewals are retried daily for weeks before anybody must act.
void App::tell_expiries(const SweepRecord& sweep) {
  for (const auto& c : current_.config.targets) {
    if (c.name != sweep.target) continue;
    for (const auto& r : sweep.reads) {
      if (!r.raw.tls_expires_at || *r.raw.tls_expires_at - r.raw.at > c.tls.expires_within) continue;
      auto& told = expiry_told_[sweep.target + " " + r.raw.address];
      if (told != WallTime{} && r.raw.at - told < std::chrono::hours(24)) continue;
      told = r.raw.at;
      const bool over = *r.raw.tls_expires_at <= r.raw.at;
      say({Say::Level::warning, "tls.expires", sweep.target, "", "",
           "the certificate of " + r.raw.address + (over ? " has expired on " : " expires on ") +
               to_rfc3339(*r.raw.tls_expires_at) + (over ? "" : ", in " + humanize(*r.raw.tls_expires_at - r.raw.at))});
    }
  }
}

// --- reads and checks
// -----------------------------------------------------------------------------------------------------

net::awaitable<void> App::sweep(StartSweep what) {
  const auto found = current_.readers.find(what.target);
  if (found == current_.readers.end()) co_return;
  auto reader = found->second;
  RunningSweep running;
  running.started = now();
  for (const auto& t : current_.config.targets)
    if (t.name == what.target) running.timeout = t.timeout;
  const auto number = ++sweeps_started_;
  running_[number] = running;
  auto reads = co_await TargetReader::sweep(reader, resolver_, what.skip);
  note_lag();
  const auto ended = now();
  const auto watched = running_[number];
  running_.erase(number);
  SweepDone done;
  done.target = what.target;
  done.sweep = what.sweep;
  const auto step = clock_step(watched.started, ended);
  if (watched.worst_lag > watched.timeout)
    done.void_reason = "our own loop lagged by " + humanize(watched.worst_lag) + ", more than the timeout";
  else if (step > tolerable_step || step < -tolerable_step)
    done.void_reason = "our wall clock was moved by " + humanize(step < Millis(0) ? -step : step) + " during the sweep";
  else if (const auto still = current_.readers.find(what.target);
           still == current_.readers.end() || still->second != reader)  // asked by the old rules, with the old keys
    done.void_reason = "the configuration was reloaded during the sweep";
  for (auto& read : reads) redactor_->read(read);
  done.reads = std::move(reads);
  put(std::move(done));
}

const CheckConfig* App::find_check(const std::string& target, const std::string& check) const {
  for (const auto& t : current_.config.targets)
    for (const auto& c : t.checks)
      if (t.name == target && c.name == check) return &c;
  return nullptr;
}

net::awaitable<void> App::check(StartCheck what) {
  const auto* asked = find_check(what.target, what.check);
  if (!asked) co_return;  // a reload has just removed it
  const CheckConfig config = *asked;
  CheckRequest request;
  request.config = config;
  request.read = "check:" + what.check;
  request.scratch_parent = (store_->folder() / "scratch").string();
  auto read = co_await run_check(std::move(request));
  redactor_->read(read);
  CheckDone done;
  done.target = what.target;
  done.read = std::move(read);
  const auto* wanted = find_check(what.target, what.check);
  done.outdated = !wanted || !is_same_question(*wanted, config);
  put(std::move(done));
}

// --- our own health
// ---------------------------------------------------------------------------------------------------------

void App::note_lag() {
  const auto late = now().mono - beat_expected_;
  if (beat_expected_ == MonoTime{} || late <= Millis(0)) return;
  for (auto& [number, running] : running_) running.worst_lag = std::max(running.worst_lag, late);
  last_lag_ = late;
}

net::awaitable<void> App::heartbeat() {
  const auto pet_every = watchdog_interval();
  MonoTime petted{};
  while (!stopping_) {
    beat_expected_ = now().mono + beat;
    beat_.expires_after(beat);
    auto [ec] = co_await beat_.async_wait(token);
    if (ec) break;
    last_lag_ = Millis(0);
    note_lag();
    const auto at = now().mono;
    const bool stuck = busy_since_ && at - *busy_since_ > stuck_after;
    if (pet_every && !stuck && at - petted >= *pet_every) {
      pet_watchdog();
      petted = at;
    }
  }
}

net::awaitable<void> App::signals() {
  while (!stopping_) {
    auto [ec, number] = co_await signal_set_.async_wait(token);
    if (ec) break;
    if (number == SIGHUP) {
      co_await reload();
      continue;
    }
    stopping_ = true;
    notify_stopping();
    delivery_->stop();
    control_->close();
    beat_.cancel();
    due_.cancel();
    queue_wake_.cancel();
    // Reads and checks are told to end; a check's family is killed and reaped before its task ends. This task ends too.
    net::co_spawn(io_, stop(), [this](std::exception_ptr) { io_.stop(); });
    break;
  }
}

/// Joins everything within the limit, and saves what is known last.
net::awaitable<void> App::stop() {
  tasks_.cancel();
  co_await tasks_.join(stop_limit);
  co_await control_->join(Millis(500));
  Commit last;
  last.state = engine_->save();
  co_await store_->commit(std::move(last));
}

net::awaitable<void> App::reload() {
  notify_reloading();
  auto fresh = prepare(config_path_);
  reloaded_at_ = now().wall;
  reload_ok_ = fresh.ok();
  if (!fresh.ok()) {
    reload_error_ = fresh.troubles.front() +
                    (fresh.troubles.size() > 1 ? " (and " + std::to_string(fresh.troubles.size() - 1) + " more)" : "");
    for (const auto& trouble : fresh.troubles) say({Say::Level::error, "config.refused", "", "", "", trouble});
    say({Say::Level::error, "config.refused", "", "", "",
         "the configuration is not taken over: the one before stays in force"});
    notify_ready(engine_->headline());
    co_return;
  }
  reload_error_.clear();
  for (const auto& warning : fresh.warnings) say({Say::Level::warning, "config.reloaded", "", "", "", warning});
  const auto fixed = [](const Config& c) {
    return std::tie(c.store.path, c.control.socket, c.control.group, c.http.listen);
  };
  const bool needs_restart = fixed(fresh.config) != fixed(current_.config);
  fresh.config.store = current_.config.store;  // where the record lies, and where we listen, change with a restart only
  fresh.config.control = current_.config.control;
  fresh.config.http = current_.config.http;
  current_ = std::move(fresh);
  set_up_log(current_.config.log);
  for (const auto& secret : current_.secrets)
    if (std::find(known_secrets_.begin(), known_secrets_.end(), secret) == known_secrets_.end())
      known_secrets_.push_back(secret);
  redactor_ = std::make_unique<Redactor>(current_.config.evidence.redact, placeholder_key_, known_secrets_);
  store_->keep(retention_of(current_.config));
  delivery_->reconfigure(current_.config);
  commands_->configure(current_.config.evidence.commands);
  std::vector<std::string> watched;
  for (const auto& t : current_.config.targets) watched.push_back(t.name);
  control_->keep_only(watched);
  put(Reconfigured{current_.config});
  say({Say::Level::info, "config.reloaded", "", "", "",
       "the configuration was read anew, digest " + current_.digest.substr(0, 12) +
           (needs_restart ? "; store, control and http have changed too, and these take a restart" : "")});
  notify_ready(engine_->headline());
}

}  // namespace readback
