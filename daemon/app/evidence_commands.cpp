#include "daemon/app/evidence_commands.hpp"

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include "daemon/check/check.hpp"
#include "daemon/runtime/clock.hpp"

namespace readback {
namespace {

constexpr Millis look_again{50};
constexpr int most_at_once = 4;               // they must not load the host that is in trouble already
constexpr Millis fresh_enough = Seconds(10);  // a second suspicion right after the first runs nothing anew

}  // namespace

EvidenceCommands::EvidenceCommands(TaskGroup& tasks, std::string scratch_parent, std::function<void(RawRead&)> redact)
    : tasks_(tasks), scratch_parent_(std::move(scratch_parent)), redact_(std::move(redact)) {}

void EvidenceCommands::configure(std::vector<CheckConfig> commands) {
  commands_ = std::move(commands);
  std::map<std::string, State> kept;
  for (const auto& c : commands_)
    if (const auto known = states_.find(c.name); known != states_.end())
      kept[c.name] = std::move(known->second);
    else
      kept[c.name] = {};
  states_ = std::move(kept);
}

void EvidenceCommands::start() {
  const auto at = now().mono;
  for (auto& [name, s] : states_)
    s.waiting = s.waiting || (!s.running_since && !(s.ended && at - *s.ended < fresh_enough));
  start_waiting();
}

void EvidenceCommands::start_waiting() {
  for (const auto& c : commands_) {
    auto& s = states_[c.name];
    if (!s.waiting || running_ >= most_at_once) continue;
    s.waiting = false;
    s.running_since = now().wall;
    ++running_;
    tasks_.spawn("evidence command " + c.name, run(c));
  }
}

net::awaitable<void> EvidenceCommands::run(CheckConfig command) {
  CheckRequest request;
  const std::string name = command.name;
  request.read = "evidence:" + name;
  request.config = std::move(command);
  request.scratch_parent = scratch_parent_;
  auto read = co_await run_check(std::move(request));  // leaves early only at the end of the daemon
  redact_(read);
  if (const auto known = states_.find(name); known != states_.end()) {
    known->second.last = std::move(read);
    known->second.ended = now().mono;
    known->second.running_since.reset();
  }
  --running_;
  start_waiting();
}

bool EvidenceCommands::busy() const {
  return std::any_of(states_.begin(), states_.end(),
                     [](const auto& s) { return s.second.waiting || s.second.running_since; });
}

net::awaitable<void> EvidenceCommands::gather(Millis limit) {
  start();
  net::steady_timer timer(co_await net::this_coro::executor);
  const auto end = now().mono + limit;
  while (busy()) {
    const auto left = end - now().mono;
    if (left <= Millis(0)) break;
    timer.expires_after(std::min(left, look_again));
    auto [ec] = co_await timer.async_wait(token);
    (void)ec;
  }
}

std::vector<CommandOutput> EvidenceCommands::outputs() const {
  std::vector<CommandOutput> all;
  for (const auto& c : commands_) {
    const auto& s = states_.at(c.name);
    all.push_back({c.name, s.last, s.running_since});
  }
  return all;
}

}  // namespace readback
