#pragma once
// Folders whose files are nobody else's: whoever may write in a folder may replace what is in it, whatever the modes of
// the files say.
#include <sys/types.h>

#include <filesystem>
#include <system_error>

namespace readback {

inline constexpr mode_t for_us_only = 0700;
inline constexpr mode_t others_pass = 0711;  ///< to a socket in it, whose name they must know

/// Makes it, with what is missing above it, whatever mask we inherited. One that is there already and ours is given the
/// mode too; one of somebody else's is left as it is. The error: it is not there and cannot be made.
std::error_code make_private_folder(const std::filesystem::path& folder, mode_t mode);

}  // namespace readback
