// The mask is not touched, because it is the whole process's: what is made is made, and then given its mode. In between
// there is nothing in it.
#include "daemon/runtime/private_folder.hpp"

#include <sys/stat.h>
#include <unistd.h>

namespace readback {

std::error_code make_private_folder(const std::filesystem::path& folder, mode_t mode) {
  std::error_code failed, ignored;
  std::filesystem::create_directories(folder, failed);
  if (!std::filesystem::is_directory(folder, ignored))
    return failed ? failed : std::make_error_code(std::errc::not_a_directory);
  struct stat seen {};
  if (::stat(folder.c_str(), &seen) == 0 && seen.st_uid == ::geteuid() && (seen.st_mode & 07777) != mode)
    (void)::chmod(folder.c_str(), mode);
  return {};
}

}  // namespace readback
