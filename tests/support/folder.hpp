#pragma once
// A folder of a test's own below the system's folder for such things; it goes with the test, whatever became of it.
#include <filesystem>
#include <string>
#include <string_view>

namespace readback {

struct Folder {
  /// `name` tells in a listing whose it is; throws when the system has no place for it.
  explicit Folder(std::string_view name = "test");
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  /// Writes a file in it, with the folders above it, and says where it is.
  std::filesystem::path write(const std::filesystem::path& file, std::string_view contents) const;

  std::filesystem::path path;
};

/// All that a file holds; empty when it is not there.
std::string contents_of(const std::filesystem::path& file);

}  // namespace readback
