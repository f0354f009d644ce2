#pragma once
// One line of the log, as core asks for it: which file or journal it goes to is the shell's business.
#include <string>

namespace readback {

/// Say this in the log. `kind` is a fixed word for filters ("incident.firing", "sweep.void", "check.broken").
struct Say {
  enum class Level { debug, info, warning, error } level = Level::info;
  std::string kind, target, incident_id, boundary, text;
};

}  // namespace readback
