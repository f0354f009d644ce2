#pragma once
// Files that are whole on the disk or not there at all, whatever happens meanwhile.
#include <sys/types.h>

#include <string>
#include <vector>

#include "core/text/result.hpp"

namespace readback {

/// Written beside, synced, renamed, and the folder synced. A file that is there is replaced; its mode is `mode`. The
/// failure names the step, the path and the reason. Waits for the disk: not in the loop, but at a start.
Result<void> write_durably(const std::string& path, const std::string& bytes, mode_t mode);

/// The same for several files of one folder, of which each is worth nothing without those before it: the disk is waited
/// for once and not for one after the other.
class DurableFiles {
 public:
  DurableFiles() = default;
  DurableFiles(const DurableFiles&) = delete;
  DurableFiles& operator=(const DurableFiles&) = delete;
  ~DurableFiles();  ///< what is not at its place is removed

  /// Written beside. What fails is left out, and the others are not touched by it.
  Result<void> add(const std::string& path, const std::string& bytes, mode_t mode);
  /// How many of them are at their places, synced, from the first on; and why not all.
  struct Placed {
    std::size_t count = 0;
    Result<void> all;
  };
  Placed place();

 private:
  struct File {
    std::string path;
    int fd = -1;
  };
  std::vector<File> files_;
};

}  // namespace readback
