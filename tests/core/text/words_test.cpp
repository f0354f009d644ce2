// Words as people write them: lists, case, blanks, and the one that was probably meant.
#include "core/text/words.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

using namespace readback;

namespace {

std::string random_word(std::mt19937& random) {
  std::string word(random() % 9, ' ');
  for (auto& c : word) c = static_cast<char>('a' + random() % 3);
  return word;
}

}  // namespace

TEST_CASE("A list is joined, an empty one is nothing") {
  CHECK(joined(std::vector<std::string>{}).empty());
  CHECK(joined(std::vector<std::string>{"a"}) == "a");
  CHECK(joined(std::vector<std::string>{"a", "b", "c"}) == "a, b, c");
  CHECK(joined(std::vector<std::string_view>{"a", "b"}, " or ") == "a or b");
}

TEST_CASE("Of a long list the first are named, and the others counted") {
  const std::vector<std::string> list{"a", "b", "c"};
  CHECK(joined_at_most(3, list) == "a, b, c");
  CHECK(joined_at_most(2, list) == "a, b and 1 more");
  CHECK(joined_at_most(2, {}).empty());
}

TEST_CASE("Case is that of ASCII letters, and what is beyond stays as it is") {
  CHECK(lower_case("Retry-AFTER 1\u00c9") == "retry-after 1\u00c9");
  CHECK(upper_case("Retry-after 1\u00e9") == "RETRY-AFTER 1\u00e9");
  CHECK(same_without_case("Content-Type", "content-tYPE"));
  CHECK(!same_without_case("Content-Type", "Content-Typ"));
  CHECK(!same_without_case("[", "{"));  // 32 apart, as letters are
  CHECK(!same_without_case("\u00c9", "\u00e9"));
  CHECK(same_without_case("", ""));
}

TEST_CASE("Blanks around a word go, those within it stay") {
  CHECK(trimmed(" \t a b\r\n") == "a b");
  CHECK(trimmed("ab") == "ab");
  CHECK(trimmed(" \r\n\t").empty());
  CHECK(trimmed("").empty());
  CHECK(trimmed("\v") == "\v");
}

TEST_CASE("Edits are counted as Levenshtein did") {
  struct Case {
    const char *a, *b;
    std::size_t edits;
  };
  const Case cases[] = {{"", "", 0},
                        {"a", "", 1},
                        {"", "abc", 3},
                        {"target", "target", 0},
                        {"traget", "target", 2},
                        {"targets", "target", 1},
                        {"kitten", "sitting", 3},
                        {"flaw", "lawn", 2}};
  for (const auto& c : cases) {
    CAPTURE(c.a);
    CHECK(edits(c.a, c.b) == c.edits);
  }
  CHECK(edits(std::string(500, 'a'), std::string(500, 'b')) == 128);
  std::mt19937 random(1965);
  std::size_t wrong = 0;
  for (int i = 0; i < 5'000; ++i) {  // what makes it a distance
    const auto a = random_word(random), b = random_word(random), c = random_word(random);
    const auto ab = edits(a, b);
    wrong += (ab == 0) != (a == b) || ab != edits(b, a) || ab > edits(a, c) + edits(c, b);
    wrong += ab > std::max(a.size(), b.size());
  }
  CHECK(wrong == 0);
}

TEST_CASE("The word that was meant is found, and one that is too far is not suggested") {
  const std::vector<std::string> keys{"url", "name", "timeout", "interval", "blind_limit", "certificate"};
  struct Case {
    const char *written, *meant;
  };
  const Case cases[] = {{"nmae", "name"},
                        {"timout", "timeout"},
                        {"intervall", "interval"},
                        {"blind-limit", "blind_limit"},
                        {"certifciate", "certificate"},
                        {"cretifciate", ""},
                        {"uri", "url"},
                        {"x", ""},
                        {"", ""},
                        {"address", ""}};
  for (const auto& c : cases) {
    CAPTURE(c.written);
    CHECK(nearest(c.written, keys) == c.meant);
  }
  CHECK(nearest("ur", {"a"}).empty());  // not by writing a word anew
  CHECK(nearest("name", {}).empty());
  CHECK(closest("elsewhere", {"nowhere", "here"}) == "nowhere");
  CHECK(closest("x", {}).empty());
}
