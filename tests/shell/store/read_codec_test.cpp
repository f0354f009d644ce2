// The packed sweep by itself, with its texts in a map: formats 1 and 2, and bytes that are damaged.
#include "daemon/store/read_codec.hpp"

#include <map>
#include <set>

#include "daemon/store/edits.hpp"
#include "daemon/store/numbers.hpp"
#include "store_support.hpp"

using namespace readback;

namespace {

/// Each place of a read keeps the first text that it sees, and edits of it from then on.
class MapOfTexts final : public TextKeeper, public TextShelf, public TextUser {
 public:
  void enter(std::string_view read) override { read_ = read; }
  KeptText keep(TextField field, std::string_view text, const Shared<std::string>&) override {
    const auto [at, fresh] = places_.try_emplace({read_, field}, static_cast<std::int64_t>(texts.size()) + 1);
    if (fresh) texts[at->second] = text;
    edits_ = texts[at->second] == text ? "" : edits_between(texts[at->second], text, text.size() * 3 + 99).value();
    return {at->second, edits_};
  }
  std::string_view text_of(std::int64_t number) override {
    const auto found = texts.find(number);
    return found == texts.end() ? std::string_view() : found->second;
  }
  void used(std::int64_t number) override { seen.insert(number); }
  std::map<std::int64_t, std::string> texts;
  std::set<std::int64_t> seen;

 private:
  std::map<std::pair<std::string, TextField>, std::int64_t> places_;
  std::string read_, edits_;
};

/// A sweep in which every kind of answer stands, and every text changes with `n`.
SweepRecord changing(std::uint64_t n) {
  auto sweep =
      sweep_of(n, t0 + Seconds(30) * static_cast<int>(n),
               "\"request_id\":\"req-" + std::to_string(100'000 + n) + "\",\"pad\":\"" + std::string(300, 'p') + "\"}");
  auto& http = std::get<HttpAnswer>(sweep.reads[0].raw.answer);
  http.headers.push_back({"X-Request-Id", "0193f2ab-77c1-4e1d-9c3f-" + std::to_string(200'000'000'000 + n * 7919)});
  http.headers.push_back({"X-Odd", "\x01"});  // as a date that was taken out is marked
  http.headers.push_back({"ETag", "\"" + std::to_string(n * n * n) + "\""});
  sweep.reads[0].reasons = {"a list right before the headers, of " + std::to_string(n)};
  sweep.reads[1].raw.answer = TransportError{TransportFault::tls, "certificate expired on day " + std::to_string(n)};
  sweep.reads[1].reasons = {"", "two\nlines in reason " + std::to_string(n), "12:3"};
  sweep.reads[1].raw.tls_expires_at = t0 - Seconds(86400);
  CheckRun run;
  run.exit = -3;
  run.out = std::string(500, 'o') + std::to_string(n);
  run.err = "what it said at last " + std::to_string(n);
  run.denials = {"write /srv/x/" + std::to_string(n), "connect /run/docker.sock"};
  sweep.reads[2].raw.answer = run;
  sweep.also = {"security", "drift", std::to_string(n)};
  sweep.void_reason = "our own loop lagged by " + std::to_string(n) + " s";
  return sweep;
}

SweepRecord without_reads(const SweepRecord& of) {
  SweepRecord sweep;
  sweep.target = of.target, sweep.sweep = of.sweep, sweep.at = of.at;
  return sweep;
}

void check_equal(const SweepRecord& a, const SweepRecord& b) {
  CHECK(a.also == b.also);
  CHECK(a.void_reason == b.void_reason);
  REQUIRE(a.reads.size() == b.reads.size());
  for (std::size_t i = 0; i < a.reads.size(); ++i) {
    CAPTURE(i);
    CHECK(a.reads[i].raw.read == b.reads[i].raw.read);
    CHECK(a.reads[i].reasons == b.reads[i].reasons);
    CHECK(a.reads[i].raw.at == b.reads[i].raw.at);
    CHECK(a.reads[i].raw.tls_expires_at == b.reads[i].raw.tls_expires_at);
    REQUIRE(a.reads[i].raw.answer.index() == b.reads[i].raw.answer.index());
  }
  CHECK(std::get<HttpAnswer>(a.reads[0].raw.answer).headers == std::get<HttpAnswer>(b.reads[0].raw.answer).headers);
  CHECK(std::get<HttpAnswer>(a.reads[0].raw.answer).body == std::get<HttpAnswer>(b.reads[0].raw.answer).body);
  CHECK(std::get<TransportError>(a.reads[1].raw.answer).detail ==
        std::get<TransportError>(b.reads[1].raw.answer).detail);
  CHECK(std::get<CheckRun>(a.reads[2].raw.answer).exit == std::get<CheckRun>(b.reads[2].raw.answer).exit);
  CHECK(std::get<CheckRun>(a.reads[2].raw.answer).out == std::get<CheckRun>(b.reads[2].raw.answer).out);
  CHECK(std::get<CheckRun>(a.reads[2].raw.answer).err == std::get<CheckRun>(b.reads[2].raw.answer).err);
  CHECK(std::get<CheckRun>(a.reads[2].raw.answer).denials == std::get<CheckRun>(b.reads[2].raw.answer).denials);
}

/// A sweep of one read as version 3 of the store has written it.
std::string in_format_1(std::int64_t body) {
  std::string bytes;
  const auto text = [&](std::string_view s) { put_number(bytes, s.size() << 1), bytes += s; };
  put_number(bytes, 1);
  for (const char* word : {"green", "", "", ""}) text(word);
  put_number(bytes, 1);
  text("health");
  for (const int number : {5, 12, -1, 210, -1, 9300, 11800}) put_distance(bytes, number);
  text("10.0.0.1:80");
  put_number(bytes, 4 | 1 << 4);
  for (const char* word : {"pass", ""}) text(word);
  put_number(bytes, 200);
  text("");
  text(std::string("4:date1:\x01"));
  put_number(bytes, 1);
  put_distance(bytes, 1);
  put_number(bytes, static_cast<std::uint64_t>(body) << 1 | 1);
  return bytes;
}

}  // namespace

TEST_CASE("sweeps of which every text changes come back, each from one base") {
  MapOfTexts texts;
  std::vector<std::string> packed;
  for (std::uint64_t n = 1; n <= 200; ++n) packed.push_back(pack_sweep(changing(n), texts));
  for (std::uint64_t n = 1; n <= 200; ++n) {
    CAPTURE(n);
    const auto sweep = changing(n);
    auto back = without_reads(sweep);
    REQUIRE(unpack_sweep(packed[n - 1], back, texts));
    check_equal(back, sweep);
    texts.seen.clear();
    visit_texts(packed[n - 1], texts);
    CHECK(texts.seen.size() == texts.texts.size());
  }
}

TEST_CASE("a text whose base is gone is empty, and the rest of the sweep is there") {
  MapOfTexts texts;
  pack_sweep(changing(1), texts);
  const auto sweep = changing(2);
  const auto packed = pack_sweep(sweep, texts);
  std::erase_if(texts.texts, [](const auto& entry) { return entry.second.starts_with("{\"surface\""); });
  auto back = without_reads(sweep);
  REQUIRE(unpack_sweep(packed, back, texts));
  REQUIRE(back.reads.size() == 4);
  CHECK(std::get<HttpAnswer>(back.reads[0].raw.answer).body.empty());
  CHECK(std::get<HttpAnswer>(back.reads[0].raw.answer).headers ==
        std::get<HttpAnswer>(sweep.reads[0].raw.answer).headers);
  CHECK(back.void_reason == sweep.void_reason);
}

TEST_CASE("a sweep of format 1 is read, and the texts that it uses are known") {
  MapOfTexts texts;
  texts.texts[77] = "{\"status\":\"ok\"}";
  const auto packed = in_format_1(77);
  SweepRecord back;
  back.at = t0;
  REQUIRE(unpack_sweep(packed, back, texts));
  REQUIRE(back.reads.size() == 1);
  CHECK(back.primary == "green");
  CHECK(back.reads[0].raw.address == "10.0.0.1:80");
  CHECK(back.reads[0].raw.phases.first_byte_us == 9300);
  const auto& http = std::get<HttpAnswer>(back.reads[0].raw.answer);
  CHECK(http.headers == Headers{{"date", "Mon, 23 Nov 2026 03:00:01 GMT"}});
  CHECK(http.body == "{\"status\":\"ok\"}");
  visit_texts(packed, texts);
  CHECK(texts.seen == std::set<std::int64_t>{77});
}

TEST_CASE("cut or flipped bytes are no sweep, or another one, and are never read behind their end") {
  MapOfTexts texts;
  pack_sweep(changing(1), texts);
  const auto sweep = changing(2);
  for (const auto& packed : {pack_sweep(sweep, texts), in_format_1(1)}) {
    for (std::size_t i = 0; i < packed.size(); ++i) {
      CAPTURE(i);
      const std::vector<char> exact(packed.begin(), packed.begin() + static_cast<std::ptrdiff_t>(i));  // for ASan
      auto cut = without_reads(sweep);
      CHECK_FALSE(unpack_sweep({exact.data(), exact.size()}, cut, texts));
      visit_texts({exact.data(), exact.size()}, texts);
      for (int bit = 0; bit < 8; ++bit) {
        auto flipped = packed;
        flipped[i] = static_cast<char>(flipped[i] ^ 1 << bit);
        auto other = without_reads(sweep);
        unpack_sweep(flipped, other, texts);
        visit_texts(flipped, texts);
        CHECK(other.reads.size() <= packed.size());
      }
    }
  }
  SweepRecord none;
  CHECK_FALSE(unpack_sweep("\x03", none, texts));  // a format of later
}
