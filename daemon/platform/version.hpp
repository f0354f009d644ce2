#pragma once
// Which Readback this is.
#include <string_view>

namespace readback {

/// The version of this build: "0.1.0".
std::string_view version();

}  // namespace readback
