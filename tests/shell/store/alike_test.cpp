// What AlikeTexts packs comes back, takes little room, and goes on doing so when the texts come to look different.
#include "daemon/store/alike.hpp"

#include <doctest/doctest.h>

#include <map>

#include "core/text/encoding.hpp"

namespace readback {
namespace {

/// What all of one form have in common is nothing that could be packed in any of them alone; one number is its own.
std::string state(int number, const std::string& form) {
  std::string text = "{\"at\":" + std::to_string(number * 7919);
  for (int i = 0; i < 40; ++i) text += ",\"" + sha256_hex(form + std::to_string(i)) + "\":" + std::to_string(i);
  return text + "}";
}

struct Shelf {
  AlikeTexts texts;
  std::map<std::string, AlikeTexts::Packed> packed;  ///< by what it was made of
  std::size_t put(int from, int to, const std::string& form) {
    std::size_t bytes = 0;
    for (int i = from; i < to; ++i) {
      const auto text = state(i, form);
      bytes += (packed[text] = texts.pack(text)).bytes.size();
    }
    return bytes;
  }
  void all_come_back() const {
    for (const auto& [text, each] : packed) CHECK(AlikeTexts::expand(each) == text);
  }
};

}  // namespace

TEST_CASE("what many texts have in common is kept once") {
  Shelf shelf;
  const auto bytes = shelf.put(0, 1000, "well");
  CHECK(bytes < 1000 * state(0, "well").size() / 20);
  shelf.all_come_back();
}

TEST_CASE("texts that have come to look different are packed as well, and the earlier ones still come back") {
  Shelf shelf;
  const auto well = shelf.put(0, 500, "well");
  shelf.put(500, 550, "failing");  // by these it is found out
  CHECK(shelf.put(550, 1050, "failing") < well * 2);
  CHECK(shelf.packed.at(state(0, "well")).model != shelf.packed.at(state(1000, "failing")).model);
  shelf.all_come_back();
}

TEST_CASE("a text that nothing can be gained of is kept as it is") {
  Shelf shelf;
  for (const char* text : {"", "x", "\x01\x02"}) CHECK(AlikeTexts::expand(shelf.texts.pack(text)) == text);
}

TEST_CASE("what was packed outlives what packed it") {
  AlikeTexts::Packed packed;
  {
    AlikeTexts texts;
    texts.pack(state(1, "well"));
    packed = texts.pack(state(2, "well"));
  }
  CHECK(AlikeTexts::expand(packed) == state(2, "well"));
}

}  // namespace readback
