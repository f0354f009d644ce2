// A text told by its edits: it comes back to the byte whatever the two texts are, and damage is never more than damage.
#include "daemon/store/edits.hpp"

#include <doctest/doctest.h>

#include <random>
#include <vector>

using namespace readback;

namespace {

constexpr std::size_t any_size = std::size_t{1} << 30;

/// As an answer is made: keys, numbers, stamps, ids, and now and then any byte.
std::string some_text(std::mt19937& random, std::size_t size) {
  static const std::string pieces[] = {"\"status\":\"ok\",",
                                       "2026-11-23T03:11:58.123456+00:00",
                                       "0193f2ab-77c1-4e1d-9c3f-2b8ad07e5f10",
                                       "{\"name\":\"",
                                       "12.25",
                                       "req-100017",
                                       "},"};
  std::string text;
  while (text.size() < size) {
    const auto kind = random() % 12;
    if (kind < std::size(pieces))
      text += pieces[kind];
    else if (kind < 11)
      text += std::to_string(random() % 100'000);
    else
      text += static_cast<char>(random());
  }
  text.resize(size);
  return text;
}

/// Numbers grow and shrink, digits change, and pieces come, go and move.
void change(std::mt19937& random, std::string& text) {
  const auto at = random() % (text.size() + 1);
  const auto length = random() % 40;
  switch (random() % 6) {
    case 0: text.insert(at, std::to_string(random())); break;
    case 1: text.erase(at, length); break;
    case 2:
      for (auto i = at; i < std::min(text.size(), at + length); ++i)
        if (text[i] >= '0' && text[i] <= '9') text[i] = static_cast<char>('0' + random() % 10);
      break;
    case 3:
      for (auto i = at; i < std::min(text.size(), at + length); ++i) text[i] = "0123456789abcdef"[random() % 16];
      break;
    case 4:
      if (at < text.size()) text[at] = static_cast<char>(random());
      break;
    case 5: {
      const auto piece = text.substr(at, length);
      text.erase(at, piece.size());
      text.insert(random() % (text.size() + 1), piece);
      break;
    }
  }
}

std::string edits_of(std::string_view base, std::string_view text) {
  const auto edits = edits_between(base, text, any_size);
  REQUIRE(edits.has_value());
  return *edits;
}

}  // namespace

TEST_CASE("any text comes back from its edits of any other") {
  std::mt19937 random(11);
  for (int round = 0; round < 4000; ++round) {
    CAPTURE(round);
    const auto base = some_text(random, random() % 700);
    auto text = random() % 8 == 0 ? some_text(random, random() % 700) : base;
    for (auto left = random() % 9; left > 0; --left) change(random, text);
    const auto back = apply_edits(base, edits_of(base, text));
    REQUIRE(back.has_value());
    REQUIRE(*back == text);
  }
}

TEST_CASE("empty, binary and a mebibyte") {
  std::mt19937 random(12);
  std::string binary;
  for (int i = 0; i < 5000; ++i) binary += static_cast<char>(random());
  auto large = some_text(random, 1 << 20), larger = large;
  for (int i = 0; i < 2000; ++i) change(random, larger);
  const auto letters = std::string(1 << 20, 'a');
  auto other_letters = letters;
  for (std::size_t i = 0; i < letters.size(); i += 300) other_letters[i] = 'b';
  const std::vector<std::string> all{"", "x", binary, binary.substr(1), large, larger, letters, other_letters};
  for (const auto& base : all)
    for (const auto& text : all)
      if (const auto edits = edits_between(base, text, text.size() / 2)) CHECK(apply_edits(base, *edits) == text);
  CHECK(edits_of(large, larger).size() < large.size() / 10);
}

TEST_CASE("what changes in an answer takes few bytes") {
  struct Case {
    const char* name;
    std::string base, text;
    std::size_t most;
  };
  const std::string rest = R"(,"detail":"accepting connections","owner":"fabric"})";
  const Case cases[] = {
      {"nothing", rest, rest, 2},
      {"a time", R"({"at":"2026-11-23T03:11:58.123456+00:00")" + rest,
       R"({"at":"2026-11-23T04:09:31.907112+00:00")" + rest, 10},
      {"an id", R"({"id":"0193f2ab-77c1-4e1d-9c3f-2b8ad07e5f10")" + rest,
       R"({"id":"7c61e0d4-15a0-4b9f-8e02-c45be9130aa7")" + rest, 21},
      {"a number that grows", R"({"n":999)" + rest, R"({"n":1000)" + rest, 8},
      {"a float", R"({"ms":9.61803398875)" + rest, R"({"ms":12.4142135623)" + rest, 14},
      {"a part that is new", R"([{"name":"a"},{"name":"c"})" + rest,
       R"([{"name":"a"},{"name":"b"},{"name":"c"})" + rest, 16},
  };
  for (const auto& c : cases) {
    CAPTURE(c.name);
    const auto edits = edits_of(c.base, c.text);
    CHECK(edits.size() <= c.most);
    CHECK(apply_edits(c.base, edits) == c.text);
  }
}

TEST_CASE("edits that would take too much are none") {
  std::mt19937 random(13);
  const auto base = some_text(random, 2000), text = some_text(random, 2000);
  CHECK(!edits_between(base, text, 100));
  CHECK(!edits_between("", text, text.size() / 2));
  CHECK(edits_between(text, text, 10).has_value());
}

TEST_CASE("damaged edits, and those of another base, give some text or none") {
  std::mt19937 random(14);
  for (int round = 0; round < 60; ++round) {
    const auto base = some_text(random, 300);
    auto text = base;
    for (int i = 0; i < 6; ++i) change(random, text);
    const auto edits = edits_of(base, text);
    const auto longest = base.size() + (std::size_t{64} << 20);
    for (std::size_t i = 0; i < edits.size(); ++i) {
      for (const auto& at :
           {std::string_view(base), std::string_view(text), std::string_view("x"), std::string_view()}) {
        const auto cut = apply_edits(at, std::string_view(edits).substr(0, i));
        CHECK((!cut || cut->size() <= longest));
        for (int bit = 0; bit < 8; ++bit) {
          auto flipped = edits;
          flipped[i] = static_cast<char>(flipped[i] ^ 1 << bit);
          const auto made = apply_edits(at, flipped);
          CHECK((!made || made->size() <= longest));
        }
      }
    }
    CHECK(apply_edits(base + "?", edits) != text);
  }
  CHECK(!apply_edits("base", std::string("\x00\x01", 2)));                          // an edit that is not there
  CHECK(!apply_edits("base", std::string("\xff\xff\xff\xff\xff\xff\xff\x7f", 8)));  // as long as a disk
}
