#pragma once
// Bundles as bytes: tar inside zstd, the same bytes for the same files. Reading one is reading what a stranger may have
// made: links, other folders, huge or countless entries are refused with a reason.
#include <string>
#include <variant>

#include "core/evidence/bundle.hpp"

namespace readback {

struct ArchiveError {
  std::string text;
};

/// `modified` is the time of every entry: the evidence's own, so that packing again gives the same bytes.
std::variant<std::string, ArchiveError> pack(const BundleFiles& files, WallTime modified);
std::variant<BundleFiles, ArchiveError> unpack(const std::string& bytes);
/// What decides the bytes beside the files, the libraries with their versions: goes into the manifest.
std::string packer();

/// All that can be found without the page: a bundle that is damaged, has other files than its manifest says, or (where
/// it was packed with the libraries at hand) has any byte that packing it again does not give. Operator language.
struct BundleCheck {
  std::vector<std::string> troubles;
  std::size_t files = 0;
};
BundleCheck check_bundle(const std::string& bytes);

/// Reads a file of at most 256 MiB.
std::variant<std::string, ArchiveError> read_bytes(const std::string& path);

}  // namespace readback
