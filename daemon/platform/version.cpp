// The one file that is compiled with the version, so that a new one compiles one file.
#include "daemon/platform/version.hpp"

namespace readback {

std::string_view version() { return READBACK_VERSION; }

}  // namespace readback
