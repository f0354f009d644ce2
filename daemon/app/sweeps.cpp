// What is read, and how our own loop was doing meanwhile: a sweep that we were too slow for says nothing about anybody
// else, and counts for nothing.
#include <algorithm>
#include <utility>

#include "core/model/loudness.hpp"
#include "core/text/time.hpp"
#include "daemon/app/app.hpp"
#include "daemon/check/run.hpp"
#include "daemon/platform/service_manager.hpp"
#include "daemon/runtime/clock.hpp"

namespace readback {
namespace {

constexpr auto beat = std::chrono::milliseconds(250);  // how often the loop looks at its own lag
constexpr Millis tolerable_step = Seconds(1);          // of the wall clock against the monotonic one, within a sweep
constexpr Millis stuck_after = Seconds(30);            // an event that is in work for so long hangs
constexpr std::size_t redacted_at_once = 64 * 1024;    // bytes of a sweep, a few milliseconds
constexpr Millis look_every = Seconds(1);              // at whether the watch is whole

/// A check that our own host gave no room to.
CheckRun not_run(const std::string& why) {
  CheckRun run;
  run.fault = CheckFault::spawn;
  run.detail = "this host could not run it: " + why;
  return run;
}

}  // namespace

/// Whatever becomes of it, the timetable hears that it has ended: what it does not hear of, it waits for.
net::awaitable<void> App::sweep(StartSweep what) {
  co_await look_at_files(what.target);
  const auto found = current_.targets.find(what.target);
  if (found == current_.targets.end()) co_return;
  auto reader = found->second.reader;
  const auto number = ++sweeps_started_;
  SweepDone done;
  done.target = what.target;
  done.sweep = what.sweep;
  try {
    Places::Seat seat(reading_, reader->size());
    co_await seat.taken();
    co_await read_into(done, std::move(reader), std::move(what), number);
  } catch (const boost::system::system_error& e) {
    if (e.code() == net::error::operation_aborted) throw;
    done.void_reason = "this host could not read: " + e.code().message();
  } catch (const std::exception& e) {
    done.void_reason = std::string("this host could not read: ") + e.what();
  }
  running_.erase(number);
  put(std::move(done));
}

net::awaitable<void> App::read_into(SweepDone& done, std::shared_ptr<const TargetReader> reader, StartSweep what,
                                    std::uint64_t number) {
  RunningSweep running;
  running.started = now();
  if (const auto* target = current_.config_of(what.target)) running.timeout = target->timeout;
  running_[number] = running;
  auto reads = co_await TargetReader::sweep(reader, resolver_, what.skip);
  note_lag();
  const auto ended = now();
  const auto watched = running_[number];
  const auto step = clock_step(watched.started, ended);
  if (watched.worst_lag > watched.timeout)
    done.void_reason = "our own loop lagged by " + humanize(watched.worst_lag) + ", more than the timeout";
  else if (step > tolerable_step || step < -tolerable_step)
    done.void_reason = "our wall clock was moved by " + humanize(step < Millis(0) ? -step : step) + " during the sweep";
  else if (const auto still = current_.targets.find(what.target);
           still == current_.targets.end() ||
           still->second.reader != reader)  // asked by the old rules, with the old keys
    done.void_reason = "the configuration was reloaded during the sweep";
  auto opened = co_await redacted(std::move(reads), done.target);
  done.reads = std::move(opened);
}

/// What is large, and may have been made to take its time, is looked through where nothing waits for it.
net::awaitable<std::vector<RawRead>> App::redacted(Unredacted<std::vector<RawRead>> reads, const std::string& target) {
  if (Redactor::size_of(reads) <= redacted_at_once) {
    const LoopWatch::Step step(watch_, "the redaction of a sweep");
    co_return redactor_->open(std::move(reads), target);
  }
  auto box = std::make_shared<Unredacted<std::vector<RawRead>>>(std::move(reads));
  std::function<std::vector<RawRead>()> work = [box, rules = current_.config.evidence.redact, key = placeholder_key_,
                                                known = known_secrets_] {
    return Redactor(rules, key, known).open(std::move(*box));
  };
  co_return co_await off_loop(redaction_, std::move(work));
}

const CheckConfig* App::find_check(const std::string& target, const std::string& check) const {
  if (const auto* config = current_.config_of(target))
    for (const auto& c : config->checks)
      if (c.name == check) return &c;
  return nullptr;
}

net::awaitable<void> App::check(StartCheck what) {
  const auto* asked = find_check(what.target, what.check);
  if (!asked) co_return;  // a reload has just removed it
  const CheckConfig config = *asked;
  const std::string name = "check:" + what.check;
  CheckDone done;
  done.target = what.target;
  done.read.read = name;
  done.read.at = now().wall;
  try {
    auto read = co_await checks_->run(name, config);
    done.read = std::move(read);
  } catch (const boost::system::system_error& e) {
    if (e.code() == net::error::operation_aborted) throw;
    done.read.answer = not_run(e.code().message());
  } catch (const std::exception& e) {
    done.read.answer = not_run(e.what());
  }
  const auto* wanted = find_check(what.target, what.check);
  done.outdated = !wanted || !is_same_question(*wanted, config);
  put(std::move(done));
}

void App::note_lag() {
  const auto late = now().mono - beat_expected_;
  if (beat_expected_ == MonoTime{} || late <= Millis(0)) return;
  for (auto& [number, running] : running_) running.worst_lag = std::max(running.worst_lag, late);
  last_lag_ = late;
}

/// Only a new start may help: then the service manager is not petted. Whatever else impairs the watch ends no process,
/// for that would lose what waits in memory.
bool App::is_stuck(MonoTime at) const {
  return (busy_since_ && at - *busy_since_ > stuck_after) || engine_->is_stuck();
}

std::vector<std::string> App::impaired_by() const {
  const auto at = now();
  auto all = member_->impairments(at);
  if (busy_since_ && at.mono - *busy_since_ > stuck_after)
    all.push_back("an event has been in work for " + humanize(at.mono - *busy_since_));
  return all;
}

std::vector<std::string> App::unwatched() const {
  auto all = impaired_by();
  auto first = engine_->yet_to_begin(now());
  std::move(first.begin(), first.end(), std::back_inserter(all));
  return all;
}

void App::watch_the_watch(MonoTime at) {
  DaemonView self;
  self.store_ok = store_->ok();
  self.store_error = store_->error();
  self.unwatched = impaired_by();
  if (const auto told = notice_.look(impairments(self), at)) delivery_->watch_is(*told);
}

/// The service manager shows the verdict of now. Looked at with each beat and not with each event: it walks through all
/// targets.
void App::tell_headline() {
  auto headline = engine_->headline();
  if (headline == headline_) return;
  headline_ = std::move(headline);
  notify_status(headline_);
}

net::awaitable<void> App::heartbeat() {
  const auto pet_every = watchdog_interval();
  MonoTime petted{}, looked{};
  notice_ = WatchNotice(now().mono);
  while (!stopping_) {
    beat_expected_ = now().mono + beat;
    beat_.expires_after(beat);
    auto [ec] = co_await beat_.async_wait(token);
    if (ec) break;
    last_lag_ = Millis(0);
    note_lag();
    tell_headline();
    const auto at = now().mono;
    if (const auto held = watch_.late(at - beat_expected_, at)) say(*held);
    if (at - looked >= look_every) {
      watch_the_watch(at);
      looked = at;
    }
    if (pet_every && !is_stuck(at) && at - petted >= *pet_every) {
      pet_watchdog();
      petted = at;
    }
  }
}

}  // namespace readback
