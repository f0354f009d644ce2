#pragma once
// How far two texts are the same, eight bytes at a time.
#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace readback {

/// The length of the beginning that both have.
inline std::size_t equal_bytes(std::string_view a, std::string_view b) {
  const auto most = std::min(a.size(), b.size());
  std::size_t n = 0;
  for (; n + sizeof(std::uint64_t) <= most; n += sizeof(std::uint64_t)) {
    std::uint64_t left = 0, right = 0;
    std::memcpy(&left, a.data() + n, sizeof left);
    std::memcpy(&right, b.data() + n, sizeof right);
    if (left == right) continue;
    if constexpr (std::endian::native == std::endian::little)
      return n + static_cast<std::size_t>(std::countr_zero(left ^ right)) / 8;
    break;
  }
  while (n < most && a[n] == b[n]) ++n;
  return n;
}

}  // namespace readback
