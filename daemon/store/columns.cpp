// Long texts as zstd frames: bodies and incidents shrink to a fifth and less, and each can be read by itself.
#include "daemon/store/columns.hpp"

#include <zstd.h>

namespace readback {
namespace {

constexpr std::size_t pack_from = 64;  // zstd gains nothing below
constexpr int level = 3;

std::string as_it_is(std::string_view text) { return 'r' + std::string(text); }

}  // namespace

std::string compress(std::string_view text) {
  if (text.size() >= pack_from) {
    std::string packed(ZSTD_compressBound(text.size()) + 1, '\0');
    const auto size = ZSTD_compress(packed.data() + 1, packed.size() - 1, text.data(), text.size(), level);
    if (!ZSTD_isError(size) && size < text.size()) {
      packed.resize(size + 1);
      packed[0] = 'z';
      return packed;
    }
  }
  return as_it_is(text);
}

std::string expand(std::string_view packed) {
  if (packed.empty()) return {};
  if (packed[0] == 'r') return std::string(packed.substr(1));
  packed.remove_prefix(1);
  const auto size = ZSTD_getFrameContentSize(packed.data(), packed.size());
  if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN || size > (std::uint64_t{64} << 20)) return {};
  std::string text(size, '\0');
  const auto done = ZSTD_decompress(text.data(), text.size(), packed.data(), packed.size());
  return ZSTD_isError(done) ? std::string() : text;
}

}  // namespace readback
