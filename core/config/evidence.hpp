#pragma once
// What is kept, for how long, and what is taken out of it before anything is written.
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "core/config/check.hpp"
#include "core/config/common.hpp"
#include "core/text/instant.hpp"

namespace readback {

struct RedactConfig {
  std::vector<std::string> keys, patterns;
};

struct EvidenceConfig {
  Millis keep_time = std::chrono::hours(24 * 30);
  std::uint64_t keep_bytes = std::uint64_t{1} << 30;
  RedactConfig redact;
  std::vector<CheckConfig> commands;  ///< read-only extras, run in the check's sandbox when a snapshot is sealed
};

}  // namespace readback
