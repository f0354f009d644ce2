// UTF-8 from strangers: what is a character, what is cleaned how, and that a cut never makes what was valid invalid.
#include "core/text/utf8.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <iterator>
#include <random>
#include <string>

using namespace readback;

namespace {

/// The code point as RFC 3629 writes it, surrogates and all that is too large as well.
std::string encoded(std::uint32_t point) {
  const auto piece = [&](unsigned shift) { return static_cast<char>(0x80u | ((point >> shift) & 0x3fu)); };
  if (point < 0x80) return {static_cast<char>(point)};
  if (point < 0x800) return {static_cast<char>(0xc0u | point >> 6), piece(0)};
  if (point < 0x10000) return {static_cast<char>(0xe0u | point >> 12), piece(6), piece(0)};
  return {static_cast<char>(0xf0u | point >> 18), piece(12), piece(6), piece(0)};
}

/// Any bytes, with many of those that begin, continue or break a character.
std::string mixture(std::mt19937& random, std::size_t most) {
  constexpr std::uint32_t edges[] = {0x0,    0x41,   0x7f,   0x80,   0x9f,    0x7ff,   0x800,
                                     0x202e, 0xd7ff, 0xe000, 0xffff, 0x10000, 0x10ffff};
  std::string text;
  while (text.size() < most) {
    if (random() % 4 == 0)
      text += static_cast<char>(random() % 256);
    else
      text += encoded(edges[random() % std::size(edges)]);
  }
  text.resize(random() % (most + 1));
  return text;
}

}  // namespace

TEST_CASE("Every code point is one character, but for surrogates and what lies beyond the last") {
  std::size_t wrong = 0;
  for (std::uint32_t point = 0; point < 0x120000; ++point) {
    const auto text = encoded(point);
    const bool exists = point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
    wrong += is_utf8(text) != exists || character_length(text) != (exists ? text.size() : 0);
  }
  CHECK(wrong == 0);
}

TEST_CASE("What is not well formed is cleaned byte by byte, and what is stays") {
  struct Case {
    const char* name;
    std::string bytes, clean;
  };
  const Case cases[] = {
      {"nothing", "", ""},
      {"plain", "plain", "plain"},
      {"every length", "a\u00e9\u20ac\U0001f600", "a\u00e9\u20ac\U0001f600"},
      {"a zero byte", std::string("a\0b", 3), std::string("a\0b", 3)},
      {"overlong slash of two", "\xc0\xaf", "\ufffd\ufffd"},
      {"overlong of two, the largest", "\xc1\xbf", "\ufffd\ufffd"},
      {"overlong of three", "\xe0\x9f\xbf", "\ufffd\ufffd\ufffd"},
      {"overlong of four", "\xf0\x8f\xbf\xbf", "\ufffd\ufffd\ufffd\ufffd"},
      {"a surrogate", "\xed\xa0\x80", "\ufffd\ufffd\ufffd"},
      {"beyond U+10FFFF", "\xf4\x90\x80\x80", "\ufffd\ufffd\ufffd\ufffd"},
      {"five bytes", "\xf8\x88\x80\x80\x80", "\ufffd\ufffd\ufffd\ufffd\ufffd"},
      {"a continuation alone", "\x80x", "\ufffdx"},
      {"cut at the end", "ab\xe2\x82", "ab\ufffd\ufffd"},
      {"cut by a letter", "\xe2\x82q", "\ufffd\ufffdq"},
      {"never used bytes", "\xfe\xff", "\ufffd\ufffd"},
      {"wrong behind eight that are right", "12345678\xff", "12345678\ufffd"},
      {"wrong within eight",
       "1234\xff"
       "678",
       "1234\ufffd"
       "678"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.name);
    CHECK(clean_utf8(c.bytes) == c.clean);
    CHECK(is_utf8(c.bytes) == (c.bytes == c.clean));
  }
}

TEST_CASE("A cut stands between characters, and an ellipsis tells of it") {
  const std::string text = "a\u00e9\u20ac\U0001f600z";  // 1 + 2 + 3 + 4 + 1 bytes
  CHECK(characters(text) == 5);
  CHECK(cut_characters(text, 5) == text);
  CHECK(cut_characters(text, 4) == "a\u00e9\u20ac\u2026");
  CHECK(cut_characters(text, 1) == "\u2026");
  CHECK(cut_characters(text, 0).empty());
  CHECK(cut_characters("", 0).empty());
  CHECK(cut_bytes(text, 11) == text);
  CHECK(cut_bytes(text, 10) == "a\u00e9\u20ac\u2026");
  CHECK(cut_bytes(text, 8) == "a\u00e9\u2026");
  CHECK(cut_bytes(text, 3) == "\u2026");
  CHECK(cut_bytes(text, 2).empty());
  const std::string_view beginnings[] = {"", "a", "a", "a\u00e9", "a\u00e9", "a\u00e9", "a\u00e9\u20ac"};
  for (std::size_t most = 0; most < std::size(beginnings); ++most) {
    CAPTURE(most);
    CHECK(whole_characters(text, most) == beginnings[most]);
  }
}

TEST_CASE("Whatever the bytes are: cleaned is valid, cleaning twice changes nothing, and every cut keeps its limit") {
  std::mt19937 random(3629);
  std::size_t wrong = 0;
  for (int i = 0; i < 20'000; ++i) {
    const auto bytes = mixture(random, 40);
    const auto clean = clean_utf8(bytes);
    wrong += !is_utf8(clean) || clean_utf8(clean) != clean || (clean == bytes) != is_utf8(bytes);
    const std::size_t most = random() % 45;
    const auto short_one = cut_bytes(clean, most), shorter = cut_characters(clean, most);
    wrong += !is_utf8(short_one) || short_one.size() > most || (clean.size() <= most && short_one != clean);
    wrong += !is_utf8(shorter) || characters(shorter) > most || (characters(clean) <= most && shorter != clean);
    const auto beginning = whole_characters(clean, most);
    wrong += !is_utf8(beginning) || beginning.size() > most || !clean.starts_with(beginning);
    const auto shown = printable(bytes, most);
    wrong += !is_utf8(shown) || shown.size() > most + 3 || shown.find('\n') != std::string::npos;
  }
  CHECK(wrong == 0);
}

TEST_CASE("What is printed as a reason is one line that reads as it was written") {
  struct Case {
    std::string from, shown;
  };
  const Case cases[] = {
      {"plain", "plain"},
      {"two\nlines\tand\ra\x7f", "two lines and a "},
      {"\x1b[31mred", " [31mred"},
      {"C1 \u0085 and \u009b", "C1   and  "},
      {"no-break\u00a0space stays", "no-break\u00a0space stays"},
      {"turned \u202e"
       "txt.exe",
       "turned  txt.exe"},
      {"isolated \u2066x\u2069", "isolated  x "},
      {"a separator \u2028 and a mark \u200f", "a separator   and a mark  "},
      {"a joiner \u200d stays", "a joiner \u200d stays"},
      {"wrong \xff byte", "wrong ? byte"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.shown);
    CHECK(printable(c.from) == c.shown);
  }
  CHECK(printable(std::string(161, 'x')) == std::string(160, 'x') + "\u2026");
  CHECK(printable("ab\u20ac", 4) == "ab\u2026");
}

TEST_CASE("a text from outside is shown with all that would do something on a terminal written out") {
  CHECK(visible("plain, ünïcode 日本語, 👍") == "plain, ünïcode 日本語, 👍");
  CHECK(visible("\x1b]0;owned\x07") == "\\u001b]0;owned\\u0007");
  CHECK(visible("a\nb\tc\x7f") == "a\\u000ab\\u0009c\\u007f");
  CHECK(visible("a\nb\tc\x1b", "\n\t") == "a\nb\tc\\u001b");
  CHECK(visible("\u009b31m\u0085") == "\\u009b31m\\u0085");          // C1: CSI, NEL
  CHECK(visible("\u202egnp.exe\u202c") == "\\u202egnp.exe\\u202c");  // right to left, and back
  CHECK(visible("\u2066\u2069\u200e\u200f\u061c") == "\\u2066\\u2069\\u200e\\u200f\\u061c");
  CHECK(visible("\u2028\u2029") == "\\u2028\\u2029");
  CHECK(visible("a\x9b"
                "b\xff") == "a\ufffdb\ufffd");  // raw bytes of other encodings
  CHECK(visible(std::string_view("a\0b", 3)) == "a\\u0000b");
}
