#pragma once
// The one folder that a check may write to: how much of it a check may have, and how it goes away, whatever the check
// has made of it: folders that nobody may read, thousands of them in each other, names of any kind.
//
// System calls only, and no memory of its own: the supervisor looks at it while the check runs, and removes it itself
// when the daemon has gone.
#include <cstdint>
#include <string_view>

#include "daemon/check/family.hpp"

namespace readback {

/// Room for an unpacked archive, a report, a database that is built to be compared. It lies on the file system of the
/// store, which must not be filled by what is thrown away a minute later. Files without a name count, as long as
/// somebody has them open or mapped, and so does memory that is used as a file.
inline constexpr std::uint64_t most_scratch_bytes = 256ULL << 20;
/// As many are removed within a fraction of a second.
inline constexpr std::uint64_t most_scratch_files = 20'000;
/// Folders in folders. No tool makes more, and a path of more than 4096 bytes can only be reached step by step.
inline constexpr int most_scratch_depth = 64;

enum class ScratchFault : int { none, bytes, files, depth };

/// What of the three is more than it may be, in a folder that somebody may be changing just now.
ScratchFault judge_scratch(const char* path, const Relatives& family);

/// Removes a folder with all that is in it; links are removed, never followed. True when it is gone. It takes two
/// descriptors, whatever the depth. Nobody may be changing it any more.
bool remove_tree(const char* path);

}  // namespace readback
