// A new configuration is taken over whole or not at all; what cannot change while we run stays, and that is said.
#include <algorithm>
#include <tuple>
#include <utility>

#include "daemon/app/app.hpp"
#include "daemon/platform/log.hpp"
#include "daemon/platform/service_manager.hpp"
#include "daemon/runtime/clock.hpp"

namespace readback {

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
  store_->keep(retention());
  checks_->hide(own_paths(current_.config, config_path_));
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
