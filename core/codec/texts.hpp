#pragma once
// Texts as JSON: valid UTF-8, whatever a surface sent. What is not becomes U+FFFD. And texts of JSON that was read.
#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace readback {

boost::json::string json_text(std::string_view text);
boost::json::array json_texts(const std::vector<std::string>& texts);

/// "" where there is none of this name, or another kind of value.
std::string text_in(const boost::json::object& object, std::string_view name);

/// Nothing in it must be escaped in JSON. Eight bytes at a time, the last ones with some that were looked at before.
inline bool is_plain_json(std::string_view text) {
  constexpr std::uint64_t ones = 0x0101010101010101, tops = ones * 0x80;
  constexpr std::size_t eight = sizeof ones;
  const auto is_plain = [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\'; };
  if (text.size() < eight) return std::all_of(text.begin(), text.end(), is_plain);
  for (std::size_t at = 0;; at = std::min(at + eight, text.size() - eight)) {
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, text.data() + at, eight);
    const auto below = [](std::uint64_t v, std::uint64_t limit) { return (v - ones * limit) & ~v & tops; };
    if (below(bytes, 0x20) | below(bytes ^ ones * '"', 1) | below(bytes ^ ones * '\\', 1)) return false;
    if (at + eight == text.size()) return true;
  }
}
/// As a string of JSON, the quotes included.
std::string quoted_json(std::string_view text);

}  // namespace readback
