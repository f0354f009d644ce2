// A text that comes again with other contents of its gaps, held against what it looked like.
#include "core/text/mold.hpp"

#include <doctest/doctest.h>

using namespace readback;

namespace {

/// Gaps are written in the text: `<number>` and, within quotes, `[string]`.
Mold mold(std::string_view written) {
  std::string text;
  std::vector<Mold::Gap> gaps;
  std::size_t begin = 0;
  for (const char c : written) {
    if (c == '<' || c == '[') {
      begin = text.size();
    } else if (c == '>' || c == ']') {
      gaps.push_back({{begin, text.size()}, c == '>'});
    } else {
      text += c;
    }
  }
  return Mold(text, gaps);
}

/// What differs, "0=13 1=b", or "no".
std::string held(const Mold& m, std::string_view text) {
  std::vector<Mold::Filling> fillings;
  if (!m.fits(text, fillings)) return "no";
  std::string all;
  for (const auto& f : fillings) all += (all.empty() ? "" : " ") + std::to_string(f.gap) + "=" + std::string(f.text);
  return all;
}

}  // namespace

TEST_CASE("What differs in gaps only fits, and what stands there is told") {
  const auto m = mold(R"({"at":"[03:11]","n":<12>,"id":"[a]","ok":true,"last":<7>})");
  CHECK(held(m, R"({"at":"03:11","n":12,"id":"a","ok":true,"last":7})") == "");
  CHECK(held(m, R"({"at":"03:12","n":12,"id":"a","ok":true,"last":7})") == "0=03:12");
  CHECK(held(m, R"({"at":"","n":-0.5e+3,"id":"much longer","ok":true,"last":70})") ==
        "0= 1=-0.5e+3 2=much longer 3=70");
  CHECK(held(m, R"({"at":"03:11","n":123,"id":"ab","ok":true,"last":7})") == "1=123 2=ab");
  CHECK(held(m, R"({"at":"03:11","n":1,"id":"","ok":true,"last":7})") == "1=1 2=");
}

TEST_CASE("What differs elsewhere, in its kind or in its length does not fit") {
  const auto m = mold(R"({"at":"[03:11]","n":<12>,"ok":true})");
  for (const char* other :
       {R"({"at":"03:11","n":12,"ok":false})", R"({"at":"03:11","n":12,"ok":true,)",
        R"({"at":"03:11","n":12,"ok":true)", R"({"at":"03:11","n":12,"ok":true} )", R"({"at":3,"n":12,"ok":true})",
        R"({"at":"03:11","n":"12","ok":true})", R"({"at":"03:11","m":12,"ok":true})",
        R"({"at":"03:1\u0031","n":12,"ok":true})", "{\"at\":\"03:1\n\",\"n\":12,\"ok\":true}",
        R"({"at":"03:11","n":12,12,"ok":true})", R"({"at":"a","b","n":12,"ok":true})", "", "{"})
    CHECK_MESSAGE(held(m, other) == "no", other);
}

TEST_CASE("A number is one of JSON") {
  const auto list = Mold(std::string("{\"a\":1}"), {{{5, 6}, true}});
  for (const char* number : {"0", "-0", "12", "0.5", "1e3", "1E-3", "-1.25e+10"})
    CHECK_MESSAGE(held(list, std::string("{\"a\":") + number + "}") == std::string("0=") + number, number);
  for (const char* other : {"", "-", "01", "+1", "1.", ".5", "1e", "1e+", "NaN", "true", "0x1", "1 2"})
    CHECK_MESSAGE(held(list, std::string("{\"a\":") + other + "}") == "no", other);
  CHECK(held(list, "{\"a\":1}") == "");
}
