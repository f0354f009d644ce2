#pragma once
// Numbers of variable length, seven bits a byte, the lowest first: small ones take one byte. Used by what packs sweeps
// and by what tells a text by its edits. Damaged bytes set `bad` and give zeros; nothing is read behind the end.
#include <cstdint>
#include <string>
#include <string_view>

namespace readback {

inline void put_number(std::string& out, std::uint64_t v) {
  while (v >= 0x80) {
    out += static_cast<char>(v | 0x80);
    v >>= 7;
  }
  out += static_cast<char>(v);
}
/// Small distances in both directions stay small (zigzag).
inline void put_distance(std::string& out, std::int64_t v) {
  put_number(out, (static_cast<std::uint64_t>(v) << 1) ^ static_cast<std::uint64_t>(v >> 63));
}

class NumberReader {
 public:
  explicit NumberReader(std::string_view bytes) : left_(bytes) {}

  std::uint64_t number() {
    std::uint64_t v = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (left_.empty()) break;
      const auto byte = static_cast<unsigned char>(left_.front());
      left_.remove_prefix(1);
      v |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return v;
    }
    bad = true;
    return 0;
  }
  std::int64_t distance() {
    const auto v = number();
    return static_cast<std::int64_t>(v >> 1) ^ -static_cast<std::int64_t>(v & 1);
  }
  /// The next so many bytes, which stay where they are.
  std::string_view bytes(std::uint64_t size) {
    if (size > left_.size()) {
      bad = true;
      return {};
    }
    const auto taken = left_.substr(0, size);
    left_.remove_prefix(size);
    return taken;
  }
  /// The last byte of all, which is taken away.
  unsigned char last() {
    if (left_.empty()) {
      bad = true;
      return 0;
    }
    const auto byte = static_cast<unsigned char>(left_.back());
    left_.remove_suffix(1);
    return byte;
  }
  std::size_t left() const { return left_.size(); }
  bool bad = false;

 private:
  std::string_view left_;
};

}  // namespace readback
