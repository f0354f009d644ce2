#include "daemon/platform/version.hpp"

namespace readback {

std::string_view version() { return READBACK_VERSION; }

}  // namespace readback
