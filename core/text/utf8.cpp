// One decoder, and everything that is cut or cleaned goes through it.
#include "core/text/utf8.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace readback {
namespace {

constexpr std::string_view ellipsis = "\u2026";
constexpr std::string_view replacement = "\ufffd";

bool continues(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

/// Most of what is read is plain ASCII: eight bytes at a time.
bool eight_plain(std::string_view text, std::size_t at) {
  std::uint64_t eight = 0;
  if (at + sizeof eight > text.size()) return false;
  std::memcpy(&eight, text.data() + at, sizeof eight);
  return !(eight & 0x8080808080808080u);
}

/// Where the first byte stands that belongs to no character; text.size() when all do.
std::size_t first_wrong(std::string_view text, std::size_t at) {
  while (at < text.size()) {
    if (eight_plain(text, at)) {
      at += 8;
      continue;
    }
    const auto length = character_length(text, at);
    if (length == 0) return at;
    at += length;
  }
  return text.size();
}

}  // namespace

std::size_t character_length(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U; };
  const auto follows = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xbf) {
    return byte(i) >= low && byte(i) <= high;
  };
  if (at >= text.size()) return 0;
  const unsigned b = byte(0);
  if (b < 0x80) return 1;
  if (b >= 0xc2 && b <= 0xdf) return follows(1) ? 2 : 0;
  if (b >= 0xe0 && b <= 0xef) return follows(1, b == 0xe0 ? 0xa0 : 0x80, b == 0xed ? 0x9f : 0xbf) && follows(2) ? 3 : 0;
  if (b >= 0xf0 && b <= 0xf4)
    return follows(1, b == 0xf0 ? 0x90 : 0x80, b == 0xf4 ? 0x8f : 0xbf) && follows(2) && follows(3) ? 4 : 0;
  return 0;
}

bool is_utf8(std::string_view text) { return first_wrong(text, 0) == text.size(); }

std::string clean_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const auto wrong = first_wrong(text, at);
    out += text.substr(at, wrong - at);
    if (wrong < text.size()) out += replacement;
    at = wrong + 1;
  }
  return out;
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return !continues(c); }));
}

std::string cut_characters(std::string_view text, std::size_t most) {
  std::size_t seen = 0, before_last = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (continues(text[i])) continue;
    if (++seen == most) before_last = i;
    if (seen > most) return most ? std::string(text.substr(0, before_last)) + std::string(ellipsis) : std::string();
  }
  return std::string(text);
}

std::string_view whole_characters(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && continues(text[most])) --most;
  return text.substr(0, most);
}

std::string cut_bytes(std::string_view text, std::size_t most) {
  if (text.size() <= most) return std::string(text);
  if (most < ellipsis.size()) return {};
  return std::string(whole_characters(text, most - ellipsis.size())) + std::string(ellipsis);
}

bool disturbs(std::string_view character) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(character[i]); };
  if (character.size() == 1) return byte(0) < 0x20 || byte(0) == 0x7f;
  if (character.size() == 2)  // the C1 controls, and the Arabic letter mark, which turns as the bare marks do
    return (byte(0) == 0xc2 && byte(1) < 0xa0) || (byte(0) == 0xd8 && byte(1) == 0x9c);
  if (character.size() != 3 || byte(0) != 0xe2) return false;
  const unsigned low = (byte(1) & 0x3fu) << 6 | (byte(2) & 0x3fu);  // of U+2000
  // U+2028..202E: separators, embeddings and overrides; U+2066..2069: isolates; U+200E and 200F: the bare marks.
  return (low >= 0x28 && low <= 0x2e) || (low >= 0x66 && low <= 0x69) || low == 0x0e || low == 0x0f;
}

std::string visible(std::string_view text, std::string_view kept) {
  constexpr std::string_view hex = "0123456789abcdef";
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = character_length(text, at);
    const auto character = text.substr(at, std::max<std::size_t>(length, 1));
    at += character.size();
    if (length == 0) {
      out += replacement;
    } else if (!disturbs(character) || (length == 1 && kept.find(character) != kept.npos)) {
      out += character;
    } else {
      const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(character[i]); };
      const unsigned code = length == 1   ? byte(0)
                            : length == 2 ? (byte(0) & 0x1fu) << 6 | (byte(1) & 0x3fu)
                                          : (byte(0) & 0xfu) << 12 | (byte(1) & 0x3fu) << 6 | (byte(2) & 0x3fu);
      out += "\\u";
      for (const int shift : {12, 8, 4, 0}) out += hex[code >> shift & 15];
    }
  }
  return out;
}

std::string printable(std::string_view text, std::size_t most) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = character_length(text, at);
    if (out.size() + std::max<std::size_t>(length, 1) > most) return out + std::string(ellipsis);
    if (length == 0)
      out += '?';
    else if (disturbs(text.substr(at, length)))
      out += ' ';
    else
      out.append(text, at, length);
    at += std::max<std::size_t>(length, 1);
  }
  return out;
}

}  // namespace readback
