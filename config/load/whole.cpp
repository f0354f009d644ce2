// What can be judged only when all of the file has been read: names that point to each other, and who is told of what.
#include <algorithm>

#include "config/load/loader.hpp"
#include "core/text/words.hpp"

namespace readback {

void Loader::whole() {
  if (config_.targets.empty() && !has_targets_)
    error(node_at(root_), "no target is configured",
          "targets: [{name: fabric, base_url: https://fabric.example:38080}]");
  command_names();
  whole_fleet();
  escalations();
  const auto& sinks = config_.alerts.sinks;
  for (const auto& s : sinks) reached_sink(s);
  file_ = main_;
  const Node nowhere;
  if (sinks.empty())
    return warn(nowhere, "no sink is configured: nobody will be paged",
                "alerts: {sinks: [{name: hook, type: webhook, url: https://…}]}");
  for (const Boundary b : all_boundaries) {
    const bool taken = std::any_of(sinks.begin(), sinks.end(), [&](const SinkConfig& s) {
      return s.boundaries.empty() || std::find(s.boundaries.begin(), s.boundaries.end(), b) != s.boundaries.end();
    });
    if (!taken)
      warn(nowhere, "no sink takes the boundary " + std::string(to_string(b)), "add it to the `boundaries` of a sink");
  }
}

/// In a snapshot checks and commands lie in one folder.
void Loader::command_names() {
  for (const auto& name : command_names_)
    for (const TargetConfig& t : config_.targets)
      if (std::any_of(t.checks.begin(), t.checks.end(), [&](const CheckConfig& c) { return c.name == name.text; }))
        error(name,
              "`" + name.text + "` is a check of the target " + t.name + " already: both would be checks/" + name.text +
                  " in a snapshot",
              "give the command a name of its own");
}

/// Whoever waits for an escalation is known, and does not wait alone.
void Loader::escalations() {
  auto& sinks = config_.alerts.sinks;
  Node at;
  for (const auto& e : config_.alerts.escalate) {
    at = node_at(e.at);
    for (const auto& name : e.sinks) {
      const auto found = std::find_if(sinks.begin(), sinks.end(), [&](const SinkConfig& s) { return s.name == name; });
      std::vector<std::string> names;
      for (const auto& s : sinks) names.push_back(s.name);
      if (found == sinks.end())
        error(at, "no sink is called `" + name + "`", meant_or(name, names, "name one of `sinks`"));
      else
        found->waits = true;
    }
  }
  if (!config_.alerts.escalate.empty() && !sinks.empty() &&
      std::all_of(sinks.begin(), sinks.end(), [](const SinkConfig& s) { return s.waits; }))
    error(at, "every sink waits for an escalation: nobody gets the page itself", "leave one out of `escalate`");
}

/// Whether anything ever reaches this sink.
void Loader::reached_sink(const SinkConfig& s) {
  const Node at = node_at(s.at);
  std::vector<std::string> names;
  for (const TargetConfig& t : config_.targets) names.push_back(t.name);
  for (const auto& name : s.targets)
    if (std::find(names.begin(), names.end(), name) == names.end())
      error(at, "the sink " + s.name + " waits for a target `" + name + "` that does not exist",
            meant_or(name, names, "name one of `targets`"));
  const bool only_quiet = !s.boundaries.empty() && s.min_severity == Severity::critical &&
                          std::all_of(s.boundaries.begin(), s.boundaries.end(), [](Boundary b) {
                            return b == Boundary::drift || b == Boundary::product || b == Boundary::readiness;
                          });
  if (only_quiet)
    warn(at, "nothing ever reaches the sink " + s.name + ": its boundaries are never critical", "lower min_severity");
}

}  // namespace readback
