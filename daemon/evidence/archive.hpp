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

/// Reads a file of at most 256 MiB.
std::variant<std::string, ArchiveError> read_bytes(const std::string& path);

}  // namespace readback
