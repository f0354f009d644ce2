// Runs and their outputs, by name. A few at a time: what is not started yet waits until one of those ends.
#include "daemon/app/evidence_commands.hpp"

#include <algorithm>

#include "daemon/runtime/clock.hpp"

namespace readback {
namespace {

constexpr int most_at_once = 4;               // they must not load the host that is in trouble already
constexpr Millis fresh_enough = Seconds(10);  // a second suspicion right after the first runs nothing anew

}  // namespace

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
  const std::string name = command.name, read_name = "evidence:" + name;
  auto read = co_await runner_.run(read_name, std::move(command));  // leaves early only at the end of the daemon
  if (const auto known = states_.find(name); known != states_.end()) {
    known->second.last = std::move(read);
    known->second.ended = now().mono;
    known->second.running_since.reset();
  }
  --running_;
  start_waiting();
  one_ended_.notify();
}

bool EvidenceCommands::busy() const {
  return std::any_of(states_.begin(), states_.end(),
                     [](const auto& s) { return s.second.waiting || s.second.running_since; });
}

net::awaitable<void> EvidenceCommands::gather(Millis limit) {
  start();
  const auto end = now().mono + limit;
  while (busy()) {
    const auto left = end - now().mono;
    if (left <= Millis(0)) co_return;
    co_await one_ended_.wait_for(left);
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
