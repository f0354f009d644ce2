#pragma once
// `readbackd --once`: one sweep with checks and paths, the verdict as JSON on stdout. No store, no socket, nobody
// paged.
#include <string>

#include "daemon/app/prepare.hpp"

namespace readback {

/// The exit status that monitoring plugins expect: 0 green, 1 warning, 2 critical or error, 3 unknown.
int run_once(const Prepared& prepared, const std::string& config_path);

}  // namespace readback
