#pragma once
// The ledger of an incident: the six conditions that hold before it may be called resolved.
#include <string>
#include <vector>

#include "core/model/incident.hpp"
#include "core/text/instant.hpp"

namespace readback {

struct Incident;

/// What the configuration says about proving a resolution.
struct ProofRules {
  std::vector<std::string> surfaces, checks, paths;  ///< read names that must be read again ("check:…", "path:…")
  bool require_attestation = false;

  /// A configured read has this name.
  bool knows(const std::string& read) const;
};

/// The ledger, always six entries in order.
std::vector<ConditionState> six_conditions(const Incident& incident, const ProofRules& rules);

/// It is met by what was done at that time, and demanded of nobody any more.
void meet(ConditionState& condition, std::string by, WallTime at);

}  // namespace readback
