#pragma once
// Rows under each other, as wide as they are: what is read by grep as well, or has nothing that could be wrapped.
#include <string>
#include <vector>

namespace readback {

using Rows = std::vector<std::vector<std::string>>;  ///< all of the same length

/// How many columns the widest row takes.
std::size_t width_of(const Rows& rows);
/// Cells as wide as the widest of their column; nothing is wrapped or cut.
std::vector<std::string> aligned(const Rows& rows);
/// The same as one text.
std::string lines_of(const Rows& rows);

}  // namespace readback
