#pragma once
// The extra read-only commands of `evidence.commands`: run in the check's sandbox when something is suspected, so that
// what they say is at hand when a snapshot is sealed. Sealing never waits for them: what has not ended by then is said
// to be running, and a later snapshot has it.
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/config/check.hpp"
#include "core/evidence/bundle.hpp"
#include "daemon/check/run.hpp"
#include "daemon/runtime/net.hpp"
#include "daemon/runtime/task_group.hpp"
#include "daemon/runtime/wake.hpp"

namespace readback {

class EvidenceCommands {
 public:
  /// `tasks` and `runner` outlive this.
  EvidenceCommands(TaskGroup& tasks, CheckRunner& runner, net::any_io_executor loop)
      : tasks_(tasks), runner_(runner), one_ended_(std::move(loop)) {}

  /// At the start and after a reload. What is running goes on; what is no longer configured is forgotten.
  void configure(std::vector<CheckConfig> commands);
  /// Starts each that is not running and has not ended within the last seconds, a few at a time.
  void start();
  /// Starts them and waits until none is running or waiting, at most `limit`.
  net::awaitable<void> gather(Millis limit);
  /// What each has said, in the order of the configuration.
  std::vector<CommandOutput> outputs() const;

 private:
  struct State {
    std::optional<RawRead> last;
    std::optional<MonoTime> ended;
    std::optional<WallTime> running_since;
    bool waiting = false;
  };
  void start_waiting();
  net::awaitable<void> run(CheckConfig command);
  bool busy() const;

  TaskGroup& tasks_;
  CheckRunner& runner_;
  Wake one_ended_;
  std::vector<CheckConfig> commands_;
  std::map<std::string, State> states_;  ///< by name
  int running_ = 0;
};

}  // namespace readback
