// Any tar, compressed as a bundle is, is refused with a reason or opened; what is opened packs and opens to the same
// files, and makes a report that runs nothing and a public form.
#include <zstd.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "core/evidence/report.hpp"
#include "daemon/evidence/archive.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace readback;
  std::string bytes(ZSTD_compressBound(size), '\0');
  bytes.resize(ZSTD_compress(bytes.data(), bytes.size(), data, size, 1));
  const auto opened = unpack(bytes);
  const auto* files = std::get_if<BundleFiles>(&opened);
  if (!files) {
    if (std::get<ArchiveError>(opened).text.empty()) std::abort();
    return 0;
  }
  const auto packed = pack(*files, WallTime{});
  if (const auto* whole = std::get_if<std::string>(&packed)) {
    const auto second = unpack(*whole);
    if (!std::holds_alternative<BundleFiles>(second) || std::get<BundleFiles>(second) != *files) std::abort();
  }
  check_bundle(bytes);
  const auto page = render_report(*files, "");
  if (page.find("<script") != std::string::npos || page.find("href=\"javascript:") != std::string::npos) std::abort();
  render_report(public_safe(*files), "");
  return 0;
}
