// What the hosts of a fleet write to each other, read as what a stranger has sent.
#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <string>

#include "core/fleet/json.hpp"
#include "core/text/utf8.hpp"

using namespace readback;

namespace {

FleetView a_view() {
  FleetView v;
  v.fleet = "prod", v.host = "host-7", v.target = "fabric.eu", v.sweep = 41, v.seen = 7, v.interval = Seconds(30);
  v.boundaries = {{Boundary::outage, SeenAs::holding, Severity::critical, true, true, 99, {"/health refused"}}};
  return v;
}

FleetMember a_member() {
  FleetMember m;
  m.fleet = "prod", m.host = "host-7", m.environment = "eu", m.version = "1", m.start = "a";
  m.targets = {{"fabric", Seconds(30)}}, m.sinks = {"pager"};
  return m;
}

/// A view's text with one part of it changed.
std::string changed(const std::string& part, const std::string& into) {
  std::string text = write(a_view());
  const auto at = text.find(part);
  REQUIRE(at != text.npos);
  return text.replace(at, part.size(), into);
}

const std::string at = "fabric=2Eeu.host-7";

}  // namespace

TEST_CASE("keys part at dots only, and every name comes back from them as it was") {
  CHECK(view_key("fabric.eu", "host-7") == at);
  CHECK(claim_key("prod eu", {"a_b", Subject::security, "p.1"}) == "prod=20eu.a_b.security.p=2E1");
  for (const std::string odd : {"a", "a.b", "=", "*>", "\xff\n", "/", "ü", "=2E"}) {
    CAPTURE(odd);
    const auto parts = parts_of_key(view_key(odd, "x" + odd));
    REQUIRE(parts.has_value());
    CHECK(*parts == std::vector<std::string>{odd, "x" + odd});
    const ClaimKey key{odd, Subject::vantage, odd};
    CHECK(read_claim_key(claim_key(odd, key), odd) == key);
  }
  for (const char* strange : {"", ".", "a..b", "a.", "a=2e", "a=41", "a=", "a b", "a=2", "a>"}) {
    CAPTURE(std::string(strange));
    CHECK_FALSE(parts_of_key(strange).has_value());
  }
  CHECK_FALSE(parts_of_key(std::string(513, 'a')).has_value());
  CHECK_FALSE(read_claim_key("eu.fabric.outage.pager", "prod").has_value());
  CHECK_FALSE(read_claim_key("prod.fabric.drift.pager", "prod").has_value());
}

TEST_CASE("what is written is read again") {
  const auto view = read_view(at, write(a_view()), "prod", 8);
  REQUIRE(view.ok());
  CHECK(write(*view) == write(a_view()));
  const auto member = read_member("host-7", write(a_member()), "prod");
  REQUIRE(member.ok());
  CHECK(write(*member) == write(a_member()));
  FleetWord word;
  word.fleet = "prod", word.host = "host-7", word.id = "w1", word.target = "fabric", word.boundary = Boundary::outage;
  word.epochs = {{"pager", 3}}, word.text = "on it", word.by = "ada";
  const auto heard = read_word(write(word), "prod");
  REQUIRE(heard.ok());
  CHECK(write(*heard) == write(word));
}

TEST_CASE("what a stranger writes under a host's key is named, and is that host's silence") {
  struct Case {
    const char* name;
    std::string text, complaint;
  };
  const Case cases[] = {
      {"junk", "\x01\xff", "it is no JSON: syntax error"},
      {"a list", "[]", "it is no JSON object"},
      {"1 MiB", std::string(1 << 20, ' '), "it has 1048576 bytes, and 2048 are the most"},
      {"a deep one", changed("\"total\":true", "\"total\":[[[[[[[[[[1]]]]]]]]]]"), "it is no JSON: too deep"},
      {"no schema", "{}", "it names no schema"},
      {"a schema of tomorrow", changed("\"schema\":1", "\"schema\":2"), "it has schema 2, this program knows 1"},
      {"a schema that is a text", changed("\"schema\":1", "\"schema\":\"1\""), "it names no schema"},
      {"another fleet's", changed("prod", "test"), "it is of the fleet test"},
      {"another host's", changed("host-7", "host-8"), "it is signed by host-8 about fabric.eu"},
      {"about another target", changed("fabric.eu", "ledger"), "it is signed by host-7 about ledger"},
      {"an answer to what was not asked yet", changed("\"seen\":7", "\"seen\":8"), "it knows what was not written yet"},
      {"a boundary twice",
       changed("\"boundaries\":[", "\"boundaries\":[{\"boundary\":\"outage\",\"state\":\"holding\"},"),
       "a boundary stands in it twice"},
      {"a boundary from nowhere", changed("\"outage\"", "\"flood\""), "\"flood\" is no word that is known here"},
      {"no interval", changed("\"interval_ms\":30000", "\"interval_ms\":0"), "interval_ms is out of range"},
      {"an interval that makes it last for ever", changed("\"interval_ms\":30000", "\"interval_ms\":86400001"),
       "interval_ms is out of range"},
      {"a long reason", changed("/health refused", std::string(300, 'x')), "a reason is too long"},
      {"four reasons", changed("\"/health refused\"", "\"a\",\"b\",\"c\",\"d\""), "there are too many reasons"},
      {"a number that is none", changed("\"sweep\":41", "\"sweep\":-1"), ""},
  };
  for (const auto& c : cases) {
    CAPTURE(std::string(c.name));
    const auto read = read_view(at, c.text, "prod", 8);
    CHECK_FALSE(read.ok());
    if (!read.ok()) CHECK(read.error().find("the view at " + at + " cannot be used: " + c.complaint) == 0);
  }
}

TEST_CASE("a member is who its key says, of this fleet, and small") {
  CHECK_FALSE(read_member("host-8", write(a_member()), "prod").ok());
  CHECK_FALSE(read_member("host-7", write(a_member()), "test").ok());
  CHECK_FALSE(read_member("host-7", "{\"schema\":1,\"fleet\":\"prod\",\"host\":\"\"}", "prod").ok());
  auto crowded = a_member();
  for (int i = 0; i < 5000; ++i) crowded.targets["a-target-with-a-long-name-" + std::to_string(i)] = Seconds(1);
  crowded.troubles = {std::string(1 << 16, '\xff')};
  const auto text = write(crowded);
  CHECK(text.size() <= largest_member);
  CHECK(is_utf8(text));
  CHECK(read_member("host-7", text, "prod").ok());
}

TEST_CASE("a view is never larger than 2 KiB, whatever its reasons are") {
  FleetView v = a_view();
  v.boundaries.clear();
  for (const Boundary b : all_boundaries)
    v.boundaries.push_back({b, SeenAs::firing, Severity::critical, true, false, std::uint64_t{1} << 52,
                            std::vector<std::string>(9, std::string(5000, '"') + "\xff\x01")});
  const auto text = write(v);
  CHECK(text.size() <= largest_view);
  const auto read = read_view(at, text, "prod", 8);
  REQUIRE(read.ok());
  CHECK(read->boundaries.size() == std::size(all_boundaries));
}

TEST_CASE("members of a claim that a newer version wrote are kept when this one changes it") {
  const std::string text =
      R"({"schema":1,"epoch":3,"holder":"host-2","told":5,"ended":false,"closed":false,"passed":[],"tries":0,"escort":{"a":[1]}})";
  auto read = read_claim("prod.fabric.outage.pager", text);
  REQUIRE(read.claim.ok());
  read.claim->holder = "host-3";
  const auto again = read_claim("prod.fabric.outage.pager", write(*read.claim));
  REQUIRE(again.claim.ok());
  CHECK(again.claim->holder == "host-3");
  CHECK(boost::json::serialize(again.claim->rest) == R"({"escort":{"a":[1]}})");
}

TEST_CASE("a claim of a newer schema is told apart from what is no claim") {
  const auto newer = read_claim("k", R"({"schema":2,"epoch":"three"})");
  CHECK(newer.newer);
  CHECK_FALSE(newer.claim.ok());
  for (const char* text : {"", "{}", R"({"schema":1,"epoch":0})", R"({"schema":1,"told":9})",
                           R"({"schema":1,"ended":true,"closed":false})", R"({"schema":1,"passed":"host"})"}) {
    CAPTURE(std::string(text));
    const auto junk = read_claim("k", text);
    CHECK_FALSE(junk.newer);
    CHECK_FALSE(junk.claim.ok());
  }
}

TEST_CASE("how bad is one number that keeps the severity") {
  for (const Severity s : {Severity::info, Severity::warning, Severity::error, Severity::critical})
    for (const bool total : {false, true}) CHECK(severity_of(level_of(s, total)) == s);
  CHECK(level_of(Severity::critical, false) > level_of(Severity::error, true));
  CHECK(severity_of(0) == Severity::info);
  CHECK(severity_of(99) == Severity::critical);
}
