#pragma once
// `readback watch`: what happens, as it happens, until interrupted. A daemon that goes away is waited for.
#include <cstdio>
#include <optional>

#include "daemon/client/connection.hpp"

namespace readback {

/// Until `out` takes no more lines; a screen is drawn when it is a terminal's stdout. What was answered instead of
/// events, when there was no daemon to begin with or it refused.
std::optional<Result<Response>> watch(const Connection& connection, bool as_json, std::FILE* out = stdout);

}  // namespace readback
