// What must hold for every body, not only for those that we thought of.
#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "core/reading/read.hpp"
#include "core/text/time.hpp"
#include "core/text/utf8.hpp"

namespace readback {
namespace {

class BodyMaker {
 public:
  explicit BodyMaker(unsigned seed) : random_(seed) {}
  unsigned below(unsigned n) { return static_cast<unsigned>(random_() % n); }
  std::string key() {
    static const char* const keys[] = {"status", "state",   "ready",     "checks",   "services", "data",
                                       "result", "health",  "blockers",  "warnings", "error",    "details",
                                       "time",   "version", "critical",  "name",     "x",        "components",
                                       "ok",     "verdict", "timestamp", "\\u0000",  "é"};
    return keys[below(std::size(keys))];
  }
  std::string value(int depth) {
    static const char* const words[] = {"\"ok\"", "\"down\"", "\"degraded\"", "\"zzz\"", "\"unknown\"",
                                        "true",   "false",    "null",         "0",       "1",
                                        "-1",     "1e999",    "\"\"",         "17e8"};
    const unsigned kind = depth > 5 ? 9 : below(10);
    if (kind < 3) return object(depth + 1);
    if (kind < 4) {
      std::string list = "[";
      for (unsigned i = below(4); i > 0; --i) list += value(depth + 1) + (i > 1 ? "," : "");
      return list + "]";
    }
    return words[below(std::size(words))];
  }
  std::string object(int depth) {
    std::string o = "{";
    for (unsigned i = below(5); i > 0; --i) o += "\"" + key() + "\":" + value(depth) + (i > 1 ? "," : "");
    return o + "}";
  }

 private:
  std::mt19937 random_;
};

SurfaceReading read(int status, const std::string& body) {
  SurfaceConfig surface;
  surface.name = "s";
  RawRead raw;
  raw.at = *parse_rfc3339("2026-11-23T03:00:00Z");
  raw.answer = HttpAnswer{status, {}, body};
  return read_surface({}, surface, raw);
}

bool single_line(const std::string& text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; });
}

/// Good to bad, as far as an order makes sense.
int badness(Reading r) { return r == Reading::pass ? 0 : r == Reading::warn ? 1 : r == Reading::unknown ? 2 : 3; }

}  // namespace

TEST_CASE("any JSON is read: what is not a plain pass has a reason, and a reason is one short line") {
  BodyMaker make(20261123);
  const int statuses[] = {200, 204, 302, 400, 401, 409, 429, 500, 503};
  for (int i = 0; i < 40'000; ++i) {
    const std::string body = make.value(0);
    CAPTURE(body);
    const int status = statuses[make.below(std::size(statuses))];
    const auto r = read(status, body);
    if (status >= 300) CHECK(r.reading != Reading::pass);
    if (status >= 500) CHECK(r.reading == Reading::fail);
    if (r.reading != Reading::pass || r.stale || r.contradictory) CHECK(!r.reasons.empty());
    if (r.reading == Reading::pass && status != 204) CHECK(r.own_word);
    for (const auto& reason : r.reasons) {
      CHECK(reason.starts_with("s: "));
      CHECK(reason.size() < 600);
      CHECK(single_line(reason));
    }
  }
}

TEST_CASE("any bytes are read, and what is cut off is never green") {
  BodyMaker make(7);
  for (int i = 0; i < 20'000; ++i) {
    std::string body = make.object(0);
    const std::size_t at = make.below(static_cast<unsigned>(body.size()));
    CAPTURE(body);
    CAPTURE(at);
    CHECK(read(200, body.substr(0, at)).reading != Reading::pass);
    body[at] = static_cast<char>(make.below(256));
    for (const auto& reason : read(200, body).reasons) CHECK(single_line(reason));
  }
}

TEST_CASE("one more failing part never makes a surface better") {
  BodyMaker make(99);
  for (int i = 0; i < 5'000; ++i) {
    const char* const words[] = {"ok", "down", "degraded", "zzz", "disabled"};
    const char* const verdicts[] = {"", R"("status":"ok",)", R"("status":"degraded",)", R"("status":"down",)"};
    std::string parts, head = std::string("{") + verdicts[make.below(4)] + "\"services\":{";
    for (unsigned k = 0, n = 1 + make.below(4); k < n; ++k)
      parts += "\"p" + std::to_string(k) + "\":\"" + words[make.below(5)] + "\",";
    const auto before = read(200, head + parts.substr(0, parts.size() - 1) + "}}");
    const auto after = read(200, head + parts + "\"extra\":\"down\"}}");
    CAPTURE(head);
    CAPTURE(parts);
    // A surface whose parts say nothing at all is unknown; a failing part is the first word it says.
    if (before.reading != Reading::unknown) CHECK(badness(after.reading) >= badness(before.reading));
    CHECK(after.reading != Reading::pass);
  }
}

TEST_CASE("text from outside is made fit for a line") {
  CHECK(printable("a\nb\tc\x7f") == "a b c ");
  CHECK(printable("caf\xc3\xa9", 4) == "caf…");
  CHECK(printable("caf\xc3\xa9", 5) == "café");
  CHECK(printable("\xff\xfe") == "??");
  CHECK(printable("x\xe2\x80\xaey\xc2\x85z") == "x y z");
  CHECK(printable("\xed\xa0\x80") == "???");
  CHECK(printable("") == "");
}

}  // namespace readback
