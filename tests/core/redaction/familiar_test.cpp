// Whoever answers again is looked through only where the answer differs from the one before. What comes out is what a
// redactor makes of it that has never seen the other.
#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <fstream>
#include <set>
#include <string>

#include "core/redaction/redactor.hpp"
#include "tests/support/changed_json.hpp"

using namespace readback;
namespace json = boost::json;

namespace {

/// Bodies as surfaces have them, and the harmless lines that are JSON.
std::vector<std::string> bodies() {
  std::vector<std::string> all;
  const std::string folder = std::string(READBACK_SOURCE_DIR) + "/tests/fixtures/";
  std::ifstream cases(folder + "reading_cases.jsonl");
  for (std::string line; std::getline(cases, line);) {
    const auto parsed = json::parse(line).as_object();
    const auto* http = parsed.if_contains("http");
    const auto* body = http ? http->as_object().if_contains("body") : nullptr;
    if (body && body->is_string() && body->get_string().starts_with("{")) all.emplace_back(body->get_string());
  }
  std::ifstream harmless(folder + "redaction_harmless.jsonl");
  for (std::string line; std::getline(harmless, line);) {
    const auto parsed = json::parse(line).as_object();
    const auto* text = parsed.if_contains("text");
    if (text && text->get_string().starts_with("{")) all.emplace_back(text->get_string());
  }
  return all;
}

std::string opened(Redactor& redactor, std::string body, Headers& headers, std::string_view whose) {
  std::vector<RawRead> reads(1);
  reads[0].read = "health";
  reads[0].answer = HttpAnswer{200, headers, std::move(body)};
  reads = redactor.open(Unredacted(std::move(reads)), whose);
  auto& answer = std::get<HttpAnswer>(reads[0].answer);
  headers = answer.headers;
  static std::set<std::string> seen;  // what the redactor holds is what it has given out before
  seen.insert(answer.body);
  if (!answer.kept->empty()) CHECK(seen.contains(*answer.kept));
  return answer.body;
}

const std::vector<std::string> strings{"2026-11-23T03:11:07.123456Z",
                                       "req-100124",
                                       "8f14e45f-ceea-467f-a8f6-5b1c0d4e2a91",
                                       "ok",
                                       "",
                                       "12",
                                       "down",
                                       "ghp_0123456789abcdefghijABCDEFGHIJ012345",
                                       "hunter2hunter2",
                                       "password=hunter2hunter2",
                                       "kim@example.org",
                                       "Bearer 0123456789abcdefABCDEF",
                                       "postgres://app:tr0ub4dor@db/app",
                                       "Secret",
                                       "SecureString",
                                       "password",
                                       "8Jw!kQz2#vLm9xPt",
                                       "4111-1111-1111-1111",
                                       "correct-horse-battery",
                                       "{\\\"password\\\":\\\"hunter2\\\"}",
                                       "--token",
                                       "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
                                       "<redacted:token:3f2a91c4>"};
const std::vector<std::string> numbers{"0",    "1",        "42",     "-3",  "1795402800",
                                       "3.25", "99887766", "123456", "1e3", "4111111111111111"};

}  // namespace

TEST_CASE("An answer that comes again with other values is redacted as if it were the first") {
  RedactConfig own;
  own.patterns = {R"(\d{4}-\d{4}-\d{4}-\d{4})", R"("[a-z_]+": ?4111\d+)"};
  const std::vector<std::string> known{"99887766", "correct-horse-battery", R"(7766,"status":"ok")", R"(status":"down)",
                                       "0124\",\"x"};
  for (const auto& config : {RedactConfig{}, own}) {
    Redactor first(config, "key", known), again(config, "key", known);
    ChangedJson changed(20261127, strings, numbers);
    std::size_t redacted = 0, untouched = 0;
    for (const auto& body : bodies())
      for (int i = 0; i < 40; ++i) {
        Headers received{{"Content-Type", "application/json"}, {"X-Request-Id", changed.change(R"({"a":"b"})")}};
        if (changed.below(20) == 0) received.insert(received.begin(), {"Set-Cookie", "sid=hunter2hunter2"});
        auto headers = received, expected_headers = received;
        const auto text = i % 4 == 0 ? body : changed.change(body);
        const auto expected = opened(first, text, expected_headers, "");
        CAPTURE(text);
        REQUIRE(opened(again, text, headers, "fabric") == expected);
        REQUIRE(headers == expected_headers);
        ++(expected == text ? untouched : redacted);
      }
    CHECK(redacted > 2000);
    CHECK(untouched > 5000);
  }
}
