#pragma once
// What the shell tells the engine when it has sealed what was asked for.
#include "core/engine/engine.hpp"

namespace readback {

inline Sealed on_disk(const Seal& asked, std::string sha256 = "abc") {
  return {asked.order.target,
          asked.order.incident.id,
          {asked.order.snapshot_id, std::move(sha256)},
          "",
          asked.order.on_request,
          asked.then};
}

/// A disk that takes nothing.
inline Sealed not_on_disk(const Seal& asked, std::string why) {
  auto told = on_disk(asked, "");
  told.failure = std::move(why);
  return told;
}

}  // namespace readback
