#pragma once
// `readback watch`: what happens, as it happens, until interrupted. A daemon that goes away is waited for.
#include <optional>

#include "daemon/client/connection.hpp"

namespace readback {

/// What was answered instead of events, when there was no daemon to begin with or it refused.
std::optional<std::variant<Reply, NoDaemon>> watch_command(const Connection& connection, bool as_json);

}  // namespace readback
