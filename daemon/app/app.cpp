// The daemon's parts are put together, started in their order, and stopped in the reverse of it.
#include "daemon/app/app.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <random>
#include <tuple>
#include <utility>

#include "core/text/time.hpp"
#include "daemon/app/options.hpp"
#include "daemon/check/run.hpp"
#include "daemon/check/sandbox.hpp"
#include "daemon/evidence/host_key.hpp"
#include "daemon/platform/forced_end.hpp"
#include "daemon/platform/log.hpp"
#include "daemon/platform/memory.hpp"
#include "daemon/platform/secrets.hpp"
#include "daemon/platform/service_manager.hpp"
#include "daemon/platform/version.hpp"
#include "daemon/runtime/clock.hpp"
#include "daemon/runtime/private_folder.hpp"

namespace readback {
namespace {

// Contract: a stop takes at most 5 s. Its steps may take this long, and whatever hangs is left behind at the last one.
constexpr Millis tasks_limit(3500), sessions_limit(250), stop_limit(4800);

std::uint64_t random_seed() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

/// Names this start of the host; "" when the kernel does not say it.
std::string boot_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id;
}

/// A third of the descriptors, which may become two. The listeners hold a third at most; what is left is for pages, the
/// store and the checks.
std::size_t reads_at_once() {
  constexpr std::size_t share = 3, fewest = 4;
  rlimit open{};
  if (::getrlimit(RLIMIT_NOFILE, &open) != 0) return fewest;
  return std::max<std::size_t>(open.rlim_cur / share, fewest);
}

/// Without one of these the daemon would go on as half of itself: it could look alive, and page nobody.
bool is_vital(const std::string& task) {
  for (const char* each : {"pipeline", "clock", "heartbeat", "delivery", "signals"})
    if (task == each) return true;
  return false;
}

/// The service manager starts it again. Nothing is lost: what was said is committed with each event, and what this
/// event would have said is found again by the next sweeps.
[[noreturn]] void end_by_a_bug() {
  close_log();
  ::_exit(exit_bug);
}

}  // namespace

App::App(net::io_context& io, std::string config_path, Prepared prepared)
    : io_(io),
      config_path_(std::move(config_path)),
      current_(std::move(prepared)),
      host_(host_name(current_.config)),
      known_secrets_(current_.secrets),
      resolver_(io.get_executor()),
      reading_(io.get_executor(), reads_at_once()),
      tasks_(io.get_executor(),
             [this](const std::string& task, std::exception_ptr failed) {
               say({Say::Level::error, "daemon.bug", "", "", "",
                    "the task " + task + " ended by an error: " + text_of(failed)});
               if (is_vital(task)) end_by_a_bug();
             }),
      ending_(io.get_executor(), [this](const std::string&, std::exception_ptr) { io_.stop(); }),
      files_(io.get_executor(), 8),
      aside_(io.get_executor(), 3),
      queue_wake_(io),
      due_(io),
      beat_(io),
      signal_set_(io, SIGTERM, SIGINT, SIGHUP),
      started_(now()) {
  // Now that the loop's own handlers are there: from here on a stop comes to its end whatever hangs.
  if (!force_end_after_stop(stop_limit, exit_forced))
    say({Say::Level::warning, "daemon.bug", "", "", "", "a stop has no limit: no timer can be made"});
}

App::~App() = default;

void App::say(Say line) { log(line); }

/// What the store had to set aside, also when that happened while it was in use.
void App::tell_store_notes() {
  const auto notes = store_->notes();
  for (; store_notes_told_ < notes.size(); ++store_notes_told_)
    say({Say::Level::error, "store.failed", "", "", "", notes[store_notes_told_]});
}

/// Whoever must believe this host's evidence later has to have the public half from before: each new one is told.
void App::take_evidence_key() {
  const std::string path = (store_->folder() / host_key_name).string();
  auto host = load_or_make_host_key(path);
  evidence_key_ = std::move(host.key);
  if (!host.trouble.empty()) say({Say::Level::error, "evidence.key", "", "", "", host.trouble});
  if (!evidence_key_)
    return say({Say::Level::error, "evidence.key", "", "", "", "snapshots are sealed without a signature"});
  known_secrets_.push_back(evidence_key_->secret_line());
  if (!host.made) return;
  const auto before = store_->snapshots().size();
  const std::string half = evidence_key_->public_half().text();
  if (before == 0)
    say({Say::Level::info, "evidence.key", "", "", "",
         "made the key that signs snapshots; its public half is " + half});
  else
    say({Say::Level::warning, "evidence.key", "", "", "",
         "made a new key that signs snapshots: there was none in " + path + "; its public half is " + half +
             ", and the " + std::to_string(before) + " snapshots from before are verified with the one from before"});
}

Result<void> App::start(const Result<void>& confined) {
  auto opened = Store::open(current_.config.store.path, retention());
  if (!opened) return opened.failure();
  store_ = *std::move(opened);
  take_evidence_key();
  sealer_ = std::make_unique<Sealer>(*store_, evidence_key_);
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
    course_.store_failed();
    say({Say::Level::error, "store.failed", "", "", "", store_->error()});
  }

  const auto support = sandbox_support();
  sandbox_text_ = support.text;
  sandbox_complete_ = support.complete() && confined.ok();
  if (!confined) {
    const std::string unconfined = "the daemon itself is not confined: " + confined.error();
    sandbox_text_ += "; " + unconfined;
    say({Say::Level::warning, "sandbox.incomplete", "", "", "", unconfined});
  }
  const bool has_checks = !current_.config.evidence.commands.empty() ||
                          std::any_of(current_.config.targets.begin(), current_.config.targets.end(),
                                      [](const TargetConfig& t) { return !t.checks.empty(); });
  if (has_checks)
    for (const auto& missing : support.missing) say({Say::Level::warning, "sandbox.incomplete", "", "", "", missing});

  ids_ = std::make_shared<IdSource>(random_seed());
  ids_->stay_behind(store_->newest_event());
  for (const auto& snapshot : store_->snapshots()) ids_->stay_behind(snapshot.id);
  make_member();
  make_link();
  delivery_ = std::make_unique<Delivery>(io_.get_executor(), *store_, delivery_setup());

  const auto ec = make_private_folder(store_->folder() / "scratch", for_us_only);
  if (ec && store_->ok())
    return Failure{"the scratch folder " + (store_->folder() / "scratch").string() +
                   " cannot be made: " + ec.message()};
  checks_ =
      std::make_unique<CheckRunner>(io_.get_executor(), (store_->folder() / "scratch").string(),
                                    [this](Unredacted<RawRead> read) { return redactor_->open(std::move(read)); });
  checks_->hide(own_paths(current_.config, config_path_));
  commands_ = std::make_unique<EvidenceCommands>(tasks_, *checks_, io_.get_executor());
  commands_->configure(current_.config.evidence.commands);
  prepare_seals();

  control_ = std::make_unique<ControlRoom>(io_.get_executor(), *this, ids_->next(now().wall));
  return control_->open(current_.config.control, current_.config.http);
}

void App::make_member() {
  auto fleet = fleet_setup();
  EngineOptions options;
  options.seed = random_seed();
  options.ids = ids_;
  options.boot = boot_id();
  options.host = host_;
  options.in_fleet = fleet.has_value();
  engine_ = std::make_unique<Engine>(current_.config, options, now());
  member_ = std::make_unique<Member>(*engine_, std::move(fleet), ids_, now());
  if (const auto state = store_->load_state(); !state.empty())
    for (const auto& refused : member_->restore(state, now()))
      say({Say::Level::error, "store.failed", "", "", "", refused + "; starting there with an empty record"});
}

std::string App::host_in_fleet() const {
  const auto& named = current_.config.fleet.host;
  return named.empty() ? host_ : named;
}

std::optional<FleetSetup> App::fleet_setup() const {
  const auto& fleet = current_.config.fleet;
  if (!fleet.is_on()) return std::nullopt;
  FleetSetup setup;
  setup.config = current_.config;
  setup.host = host_in_fleet();
  setup.version = version();
  setup.start = ids_->next(started_.wall);
  setup.started = started_.wall;
  setup.seed = random_seed();
  return setup;
}

void App::make_link() {
  const auto* fleet = member_->fleet();
  if (!fleet) return;
  FleetServersSetup setup{current_.config.fleet, host_in_fleet(), fleet->words_heard()};
  fleet_ = std::make_unique<FleetLink>(
      io_.get_executor(), std::move(setup), *store_, [this](FleetEvent event) { put(std::move(event)); },
      [this](const Say& line) { say(line); });
}

DeliverySetup App::delivery_setup() {
  DeliverySetup setup;
  setup.config = current_.config;
  setup.host = host_;
  setup.secrets = reveal;
  setup.revealed = current_.revealed;
  setup.say = [this](const Say& line) { say(line); };
  setup.healthy = [this] { return store_->ok() && unwatched().empty() && member_->own_ways().empty(); };
  setup.seed = random_seed();
  setup.ids = ids_;
  setup.in_fleet = member_->fleet() != nullptr;
  setup.held = member_->held();
  setup.speaks = [this](const std::string& incident, const std::string& sink) {
    return member_->speaks(incident, sink);
  };
  setup.tried = [this](const RowTried& row) {
    if (fleet_ && row.is_accepted) fleet_->accepted(row.row);
    put(FleetEvent(Attempted{row.row, row.is_accepted, row.was_written, row.not_before}));
  };
  setup.standing = [this](const std::string& incident) {
    Standing standing;
    standing.is_open = engine_->open_record(incident) != nullptr;
    standing.firing = engine_->firing(incident, now());
    return standing;
  };
  return setup;
}

void App::run() {
  tasks_.spawn("pipeline", pipeline());
  tasks_.spawn("clock", clock());
  tasks_.spawn("heartbeat", heartbeat());
  tasks_.spawn("delivery", deliver());
  tasks_.spawn("signals", signals());
  tasks_.spawn("settle", settle());
  say({Say::Level::info, "daemon.started", "", "", "",
       "readbackd " + std::string(version()) + " watches " + std::to_string(current_.config.targets.size()) +
           " target(s) from " + host_ + "; sandbox: " + sandbox_text_});
  headline_ = engine_->headline();
  notify_ready(headline_);
  if (fleet_) fleet_->start(tasks_);
  put(Tick{});
  io_.run();
  say({Say::Level::info, "daemon.stopped", "", "", "", "stopped"});
}

net::awaitable<void> App::deliver() {
  co_await net::this_coro::reset_cancellation_state(net::disable_cancellation());
  co_await delivery_->run();
  delivered_ = true;
  queue_wake_.cancel();
}

/// When the first sweeps are through, after a start and after a reload.
net::awaitable<void> App::settle() {
  constexpr Seconds settled(5);
  net::steady_timer timer(io_, settled);
  auto [ec] = co_await timer.async_wait(token);
  if (!ec) give_back_memory();
}

net::awaitable<void> App::signals() {
  while (!stopping_) {
    auto [ec, number] = co_await signal_set_.async_wait(token);
    if (ec) break;
    if (number == SIGHUP) {
      reload_again_ = true;
      if (!reloading_) tasks_.spawn("reload", reloads());
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
    ending_.spawn("stop", stop());
    break;
  }
}

/// Joins everything within its limits, and saves what is known last. The fleet was told goodbye by the pipeline.
net::awaitable<void> App::stop() {
  tasks_.cancel();
  co_await tasks_.join(tasks_limit);
  if (fleet_) co_await fleet_->stop();
  write_hours();
  Commit last;
  last.state = member_->save();
  const auto saved = co_await store_->commit(std::move(last));
  (void)saved;  // a disk that fails was told when it began to
  co_await control_->join(sessions_limit);
  io_.stop();
}

}  // namespace readback
