#pragma once
// Files that are whole on the disk or not there at all, whatever happens meanwhile.
#include <sys/types.h>

#include <string>

#include "core/text/result.hpp"

namespace readback {

/// Written beside, synced, renamed, and the folder synced. A file that is there is replaced; its mode is `mode`. The
/// failure names the step, the path and the reason. Waits for the disk: not in the loop, but at a start.
Result<void> write_durably(const std::string& path, const std::string& bytes, mode_t mode);

}  // namespace readback
