#pragma once
// The whole configuration as plain structs with their defaults (contract section 2). `config/load.hpp` fills them from
// YAML by the lists of config/keys.hpp; the rest of the program only ever sees these. Who needs a part includes the
// part.
#include <string>
#include <vector>

#include "core/config/alerts.hpp"
#include "core/config/daemon.hpp"
#include "core/config/evidence.hpp"
#include "core/config/fleet.hpp"
#include "core/config/target.hpp"
#include "core/text/shared.hpp"

namespace readback {

struct Config {
  std::string environment = "default";
  std::string host;                           ///< label on every alert; "" is the machine's host name
  std::vector<Shared<TargetConfig>> targets;  ///< the engine watches by the very ones that were loaded
  AlertsConfig alerts;
  HeartbeatConfig heartbeat;
  EvidenceConfig evidence;
  ResolutionConfig resolution;
  ControlConfig control;
  HttpConfig http;
  StoreConfig store;
  LogConfig log;
  FleetConfig fleet;
  std::vector<std::string> include;         ///< as it is written
  std::vector<std::string> included_files;  ///< what that was when it was read, in its order
};

}  // namespace readback
