#pragma once
// An hour or a day of one target as a blob: some 60 bytes a read. 400 days of a target with six reads take 0.6 MB.
#include <string>
#include <string_view>

#include "core/history/rollup.hpp"

namespace readback {

std::string pack_rollup(const Rollup& rollup);
/// Damaged bytes, and those of a later form, give what could be read of them.
Rollup unpack_rollup(std::string_view packed, WallTime from);

}  // namespace readback
