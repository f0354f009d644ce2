// A new configuration is read aside, because a secret or a certificate may lie on something that hangs, and is taken
// over whole or not at all; what cannot change while we run stays, and that is said.
#include <algorithm>
#include <tuple>
#include <utility>

#include "core/text/time.hpp"
#include "core/text/words.hpp"
#include "daemon/app/app.hpp"
#include "daemon/platform/log.hpp"
#include "daemon/platform/service_manager.hpp"
#include "daemon/runtime/clock.hpp"

namespace readback {

namespace {

constexpr Millis reload_limit = Seconds(5);
constexpr Millis look_limit(500);  // at the files of one target; then it is read with what it was made ready with

/// All of a fleet that is made at a start; what the votes go by is taken over with a reload.
std::string made_at_a_start(const FleetConfig& fleet) {
  Config only;
  only.fleet = fleet;
  const FleetConfig usual;
  only.fleet.jury = usual.jury;
  only.fleet.agree_within = usual.agree_within;
  only.fleet.silent_after = usual.silent_after;
  return print_config(only);
}

std::string take_a_start(const Config& now, const Config& fresh) {
  std::vector<std::string> parts;
  if (now.store.path != fresh.store.path) parts.emplace_back("store");
  if (std::tie(now.control.socket, now.control.group) != std::tie(fresh.control.socket, fresh.control.group))
    parts.emplace_back("control");
  if (now.http.listen != fresh.http.listen) parts.emplace_back("http");
  if (made_at_a_start(now.fleet) != made_at_a_start(fresh.fleet)) parts.emplace_back("fleet");
  if (parts.empty()) return "";
  return "; " + joined(parts) +
         (parts.size() == 1 ? " has changed too, and that takes" : " have changed too, and these take") + " a restart";
}

}  // namespace

/// One after the other; what is asked for while one is under way is one more, however often it was.
net::awaitable<void> App::reloads() {
  reloading_ = true;
  try {
    while (std::exchange(reload_again_, false) && !stopping_) co_await reload();
  } catch (...) {
    reloading_ = false;
    throw;
  }
  reloading_ = false;
}

net::awaitable<void> App::reload() {
  notify_reloading();
  const auto doing = std::make_shared<Doing>();
  std::function<Prepared()> work = [path = config_path_, doing] { return prepare(path, *doing); };
  auto fresh = co_await aside_.within(reload_limit, "reload", std::move(work));
  reloaded_at_ = now().wall;
  reload_ok_ = fresh && fresh->ok();
  if (reload_ok_) {
    take_over(std::move(*fresh));
  } else if (fresh) {
    refuse(fresh->troubles);
  } else {
    // Of a reload that is not even begun, because the one before still hangs, nobody knows what it would have read.
    const auto what = doing->what();
    const std::string trouble = what.empty() ? "a reload before this one still waits for what it reads"
                                             : what + " could not be read within " + humanize(reload_limit);
    refuse({trouble});
  }
  notify_ready(engine_->headline());
}

void App::refuse(const std::vector<std::string>& troubles) {
  reload_error_ = troubles.front();
  if (troubles.size() > 1) reload_error_ += " (and " + std::to_string(troubles.size() - 1) + " more)";
  for (const auto& trouble : troubles) say({Say::Level::error, "config.refused", "", "", "", trouble});
  say({Say::Level::error, "config.refused", "", "", "",
       "the configuration is not taken over: the one before stays in force"});
}

void App::take_over(Prepared fresh) {
  const LoopWatch::Step step(watch_, "a reload");
  reload_error_.clear();
  for (const auto& warning : fresh.warnings) say({Say::Level::warning, "config.reloaded", "", "", "", warning});
  const auto later = take_a_start(current_.config, fresh.config);
  fresh.config.store = current_.config.store;  // where the record lies, and where we listen, change with a restart only
  fresh.config.control = current_.config.control;
  fresh.config.http = current_.config.http;
  current_ = std::move(fresh);
  set_up_log(current_.config.log);
  learn(current_.secrets);
  prepare_seals();
  store_->keep(retention());
  checks_->hide(own_paths(current_.config, config_path_));
  delivery_->reconfigure(current_.config, current_.revealed);
  commands_->configure(current_.config.evidence.commands);
  std::vector<std::string> watched;
  for (const TargetConfig& t : current_.config.targets) watched.push_back(t.name);
  control_->keep_only(watched);
  tally_.keep_only(watched);
  put(Reconfigured{current_.config});
  tasks_.spawn("settle", settle());
  say({Say::Level::info, "config.reloaded", "", "", "",
       "the configuration was read anew, digest " + current_.digest.substr(0, 12) + later});
}

void App::learn(const std::vector<std::string>& secrets) {
  for (const auto& secret : secrets)
    if (std::find(known_secrets_.begin(), known_secrets_.end(), secret) == known_secrets_.end())
      known_secrets_.push_back(secret);
  redactor_ = std::make_unique<Redactor>(current_.config.evidence.redact, placeholder_key_, known_secrets_);
}

/// Whoever renews certificates and tokens replaces the files and calls nobody. What is wrong with them is told once for
/// each state of theirs, and the target is read as before.
net::awaitable<void> App::look_at_files(std::string target) {
  const auto known = current_.targets.find(target);
  if (known == current_.targets.end() || known->second.files.empty()) co_return;
  const auto* config = current_.config_of(target);
  std::function<std::optional<RenewedTarget>()> work = [c = *config, k = known->second] { return renew(c, k); };
  const auto before = known->second.reader;
  auto renewed = co_await files_.within(look_limit, target, std::move(work));
  const auto still = current_.targets.find(target);
  if (!renewed || !*renewed || still == current_.targets.end() || still->second.reader != before) co_return;
  auto& fresh = **renewed;
  still->second.stamp = fresh.target.stamp;
  if (!fresh.trouble.empty()) {
    say({Say::Level::warning, "config.refused", target, "", "",
         "what this target names was replaced on the disk and cannot be used, the one before stays: " + fresh.trouble});
    co_return;
  }
  learn(fresh.secrets);
  still->second.reader = std::move(fresh.target.reader);
  say({Say::Level::info, "config.reloaded", target, "", "",
       "certificates, keys or secrets of this target were replaced on the disk and read anew"});
}

}  // namespace readback
