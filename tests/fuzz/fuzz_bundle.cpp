// Any tar, compressed as a bundle is, is refused with a reason or opened; what is opened packs and opens to the same
// files, and makes a report that runs nothing of them and a public form.
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
  if (!opened) {
    if (opened.error().empty()) std::abort();
    return 0;
  }
  const auto& files = *opened;
  if (const auto packed = pack(files, WallTime{})) {
    const auto second = unpack(*packed);
    if (!second || *second != files) std::abort();
  }
  check_bundle(bytes);
  const auto page = render_report(files, {});
  // Its own script is the last thing in it, and the only one that its policy lets run.
  const auto script = page.find("<script");
  if (script == std::string::npos || page.find("<script", script + 1) != std::string::npos ||
      script < page.find("</main>") || page.find("script-src 'sha256-") == std::string::npos)
    std::abort();
  if (page.find("href=\"javascript:") != std::string::npos) std::abort();
  render_report(public_safe(files), {});
  return 0;
}
