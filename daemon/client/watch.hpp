#pragma once
// `readback watch`: what happens, as it happens.
#include "daemon/client/connection.hpp"

namespace readback {

int watch_command(const Connection& connection, bool as_json);

}  // namespace readback
