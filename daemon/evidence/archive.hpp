#pragma once
// Bundles as bytes: tar inside zstd, the same bytes for the same files. Reading one is reading what a stranger may have
// made: links, other folders, huge or countless entries are refused with a reason.
#include <string>
#include <vector>

#include "core/evidence/bundle.hpp"
#include "core/evidence/signature.hpp"
#include "core/text/result.hpp"

namespace readback {

/// `modified` is the time of every entry: the evidence's own, so that packing again gives the same bytes.
Result<std::string> pack(const BundleFiles& files, WallTime modified);
Result<BundleFiles> unpack(const std::string& bytes);
/// What decides the bytes beside the files, the libraries with their versions: goes into the manifest.
std::string packer();

/// All that can be found without the page: a bundle that is damaged, has other files than its manifest says, or (where
/// it was packed with the libraries at hand) has any byte that packing it again does not give. Operator language.
struct BundleCheck {
  std::vector<std::string> troubles;
  std::size_t files = 0;
};
BundleCheck check_bundle(const std::string& bytes);

/// The form of this bundle that may be shown to others, packed, and signed anew when there is a key: it has a manifest
/// of its own, which names the digest of the full one's. Takes long: not in the loop.
Result<std::string> public_safe_form(const std::string& bundle, const SigningKey* key);
/// The same of one that lies in a file.
Result<std::string> public_safe_bundle(const std::string& path, const SigningKey* key);

/// Reads a file of at most 256 MiB.
Result<std::string> read_bytes(const std::string& path);

}  // namespace readback
