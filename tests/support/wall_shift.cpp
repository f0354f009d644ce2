// The wall clock that a test can move while the daemon runs: the file that READBACK_CLOCK names holds how many
// milliseconds it stands ahead of the host's (less than zero: behind). It is read each time, and one that is missing or
// half written leaves the shift as it was.
#include "daemon/runtime/wall_shift.hpp"

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <fstream>

namespace readback {

Millis wall_shift() {
  static const char* const path = std::getenv("READBACK_CLOCK");
  if (!path) return Millis(0);
  static std::atomic<std::int64_t> known{0};
  std::ifstream file(path);
  std::int64_t ms = 0;
  std::string end;
  if (file >> ms >> end && end == "ms") known = ms;
  return Millis(known.load());
}

}  // namespace readback
