// Two corpora hold the redactor, written from the vendors' documents, the published rules of secret scanners, and what
// platforms and logs really contain: tests/fixtures/redaction_secrets.jsonl, of which no secret may survive, and
// redaction_harmless.jsonl, which must come through byte for byte. A line with `open` says why it is not reached yet.
#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <fstream>
#include <map>

#include "core/redaction/redactor.hpp"

using namespace readback;
namespace json = boost::json;

namespace {

struct Line {
  std::string group, text;
  Headers headers;
  std::vector<std::string> secrets, keep;
  bool open = false;

  std::string received() const {
    std::string all = text;
    for (const auto& h : headers) all += h.name + ": " + h.value + "\n";
    return all;
  }
  std::string redacted(Redactor& r) const {
    Line out = *this;
    out.text = r.text(text);
    r.headers(out.headers);
    return out.received();
  }
};

std::vector<std::string> texts(const json::object& o, const char* key) {
  std::vector<std::string> all;
  if (const auto* found = o.if_contains(key))
    for (const auto& each : found->as_array()) all.emplace_back(each.as_string());
  return all;
}

std::vector<Line> corpus(const std::string& name) {
  std::ifstream in(std::string(READBACK_SOURCE_DIR) + "/tests/fixtures/" + name);
  std::vector<Line> lines;
  for (std::string text; std::getline(in, text);) {
    const auto o = json::parse(text).as_object();
    Line line;
    line.group = o.at("group").as_string();
    if (const auto* said = o.if_contains("text")) line.text = said->as_string();
    if (const auto* headers = o.if_contains("headers"))
      for (const auto& h : headers->as_array())
        line.headers.push_back({std::string(h.as_array()[0].as_string()), std::string(h.as_array()[1].as_string())});
    line.secrets = texts(o, "secrets");
    line.keep = texts(o, "keep");
    line.open = o.contains("open");
    lines.push_back(std::move(line));
  }
  return lines;
}

/// A secret survives when it stands there as it is, or eight of its characters in a row do that stood nowhere else.
bool survives(const std::string& secret, const std::string& received, const std::string& redacted) {
  if (redacted.find(secret) != redacted.npos) return true;
  constexpr std::size_t piece = 8;
  std::string elsewhere = received;
  for (auto at = elsewhere.find(secret); at != elsewhere.npos; at = elsewhere.find(secret))
    elsewhere.erase(at, secret.size());
  for (std::size_t i = 0; secret.size() > 12 && i + piece <= secret.size(); ++i) {
    const auto part = secret.substr(i, piece);
    if (redacted.find(part) != redacted.npos && elsewhere.find(part) == elsewhere.npos) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("No secret of the corpus survives") {
  Redactor r({}, "test key");
  const auto lines = corpus("redaction_secrets.jsonl");
  CHECK(lines.size() >= 1600);
  std::size_t open = 0;
  for (const auto& line : lines) {
    const auto received = line.received(), redacted = line.redacted(r);
    bool leaked = false;
    for (const auto& secret : line.secrets) leaked = leaked || survives(secret, received, redacted);
    open += line.open;
    CHECK_MESSAGE(leaked == line.open, (line.group + ": " + received + "\n  -> " + redacted));
    CHECK_MESSAGE(line.redacted(r) == redacted, ("not the same twice: " + received));
  }
  CHECK(open * 33 <= lines.size());  // three of a hundred
}

TEST_CASE("What is told beside a secret stays") {
  Redactor r({}, "test key");
  std::size_t kept = 0, all = 0;
  for (const auto& line : corpus("redaction_secrets.jsonl")) {
    const auto redacted = line.redacted(r);
    for (const auto& fact : line.keep) {
      ++all;
      kept += redacted.find(fact) != redacted.npos;
    }
  }
  MESSAGE(kept << " of " << all);
  CHECK(kept * 100 >= all * 95);
}

TEST_CASE("What holds no secret comes through byte for byte") {
  Redactor r({}, "test key");
  const auto lines = corpus("redaction_harmless.jsonl");
  CHECK(lines.size() >= 750);
  std::size_t open = 0;
  for (const auto& line : lines) {
    const bool same = line.redacted(r) == line.received();
    open += line.open;
    CHECK_MESSAGE(same == !line.open, (line.group + ": " + line.received() + "\n  -> " + line.redacted(r)));
  }
  CHECK(open * 50 <= lines.size());  // two of a hundred
}

TEST_CASE("What was redacted once is not redacted again") {
  Redactor r({}, "test key");
  for (const auto& line : corpus("redaction_secrets.jsonl")) {
    if (!line.headers.empty()) continue;
    const auto once = r.text(line.text);
    CHECK_MESSAGE(r.text(once) == once, (once + "\n  -> " + r.text(once)));
  }
}

TEST_CASE("A text may be cut anywhere and be any bytes") {
  Redactor r({}, "test key", {"the-daemons-own-secret"});
  for (const auto& line : corpus("redaction_secrets.jsonl"))
    for (std::size_t length = 0; length < std::min<std::size_t>(line.text.size(), 96); length += 3)
      CHECK(r.text(line.text.substr(length)).size() < 64 * 1024);
}
