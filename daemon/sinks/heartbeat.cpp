// Beats are due at absolute times, so lateness does not add up; a beat that is held back is looked at again every
// second, so that it comes soon after all is well again.
#include "daemon/sinks/heartbeat.hpp"

#include <algorithm>

#include "core/alert/retry.hpp"
#include "daemon/runtime/clock.hpp"

namespace readback {

void Heartbeat::stop() {
  stopping_ = true;
  wake_.notify();
}

void Heartbeat::reconfigure(HeartbeatConfig config) {
  setup_.config = std::move(config);
  wake_.notify();
}

net::awaitable<void> Heartbeat::run() {
  auto due = now().mono;
  while (!stopping_) {
    if (!setup_.config.url) {
      co_await wake_.wait();
      due = now().mono;
      continue;
    }
    const auto at = now().mono;
    if (at < due) {
      const Millis left = due - at;
      co_await wake_.wait_for(left);
      continue;
    }
    const Millis interval = setup_.config.interval;
    if (setup_.healthy && !setup_.healthy()) {
      due = at + std::min<Millis>(interval, Seconds(1));
      continue;
    }
    due += interval;
    if (due < at) due = at + interval;
    co_await beat();
  }
}

net::awaitable<void> Heartbeat::beat() {
  const SecretRef url = *setup_.config.url;
  std::vector<SecretRef> refs(1, url);
  const SecretSource secrets = co_await secrets_.look_up("the heartbeat", std::move(refs));
  const auto secret = secrets(url);
  if (!secret) {
    tell(secret.error());
    co_return;
  }
  auto parsed = parse_sink_url(*secret);
  if (!parsed) {
    tell(parsed.error());
    co_return;
  }
  Ping ping;
  ping.to = *std::move(parsed);
  const PostAnswer answer = co_await poster_.ping(std::move(ping));
  const bool taken = answer.status >= 200 && answer.status < 300;
  if (taken) last_ = now().wall;
  tell(taken ? "" : answer.status ? status_text(answer.status) : answer.detail);
}

/// A trouble is said when it changes, and how often it came when it ends.
void Heartbeat::tell(const std::string& problem) {
  Say line;
  if (!problem.empty() && problem != trouble_) {
    line.level = Say::Level::warning;
    line.kind = "heartbeat.fails";
    line.text = "heartbeat: " + problem;
  }
  if (problem.empty() && failures_ > 0) {
    line.kind = "heartbeat.works";
    line.text = "heartbeat: taken again after " + std::to_string(failures_) + " failures: " + trouble_;
  }
  failures_ = problem.empty() ? 0 : failures_ + 1;
  trouble_ = problem;
  if (!line.text.empty() && setup_.say) setup_.say(line);
}

}  // namespace readback
