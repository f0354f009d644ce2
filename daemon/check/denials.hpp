#pragma once
// What a sandbox refused, found in the words of the command that met it.
#include <cstddef>
#include <string>
#include <vector>

namespace readback {

inline constexpr std::size_t most_denials = 10;  ///< named of one run

/// What the sandbox refused, as far as the command's own words tell it: "write /srv/x". For kernels that do not ask.
/// Only our own rules are named; a file that this user may not read anyway is not.
std::vector<std::string> denials_in(const std::string& output);

}  // namespace readback
