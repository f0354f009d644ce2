// When a beat is due is core/alert/dead_man.hpp; here it is sent, and what becomes of it is told.
#include "daemon/sinks/heartbeat.hpp"

#include "core/alert/dead_man.hpp"
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
  DeadMansSwitch dead_man(now().mono);
  while (!stopping_) {
    const auto at = now().mono;
    const auto until = dead_man.wait(setup_.config, setup_.healthy, at);
    if (!until) {
      co_await beat();
    } else if (*until == MonoTime::max()) {
      co_await wake_.wait();
    } else {
      const Millis left = *until - at;
      co_await wake_.wait_for(left);
    }
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
