// Recorded reads: the contract's own lines, everything that comes back as it was, and lines that are refused with a
// reason.
#include <doctest/doctest.h>

#include <random>

#include "core/codec/reads_json.hpp"

namespace readback {
namespace {

RecordedRead parsed(const std::string& line) {
  auto result = parse_recorded_read(line);
  const auto* error = std::get_if<LineError>(&result);
  CAPTURE(line);
  REQUIRE_MESSAGE(!error, (error ? error->text : ""));
  return std::get<RecordedRead>(std::move(result));
}

std::string refused(const std::string& line) {
  const auto result = parse_recorded_read(line);
  const auto* error = std::get_if<LineError>(&result);
  return error ? error->text : "accepted";
}

}  // namespace

TEST_CASE("the contract's lines are read") {
  const auto http = parsed(
      R"({"at":"2026-11-23T03:00:00.000Z","target":"fabric","sweep":17,"read":"health","ms":12,"http":{"status":200,"headers":{"content-type":"application/json"},"body":"{\"status\":\"ok\"}"}})");
  CHECK(http.target == "fabric");
  CHECK(http.sweep == 17);
  CHECK(http.raw.took == Millis(12));
  const auto& answer = std::get<HttpAnswer>(http.raw.answer);
  CHECK(answer.status == 200);
  CHECK(answer.body == R"({"status":"ok"})");
  CHECK(answer.headers == Headers{{"content-type", "application/json"}});

  const auto refused_read =
      parsed(R"({"at":"2026-11-23T03:00:00Z","target":"fabric","sweep":18,"read":"health","ms":3,"error":"refused"})");
  CHECK(std::get<TransportError>(refused_read.raw.answer).fault == TransportFault::refused);

  const auto check = parsed(
      R"({"at":"2026-11-23T03:00:00Z","target":"fabric","sweep":18,"read":"check:materialization","ms":900,"exit":1,"stdout":"a","stderr":"b","new":{}})");
  CHECK(std::get<CheckRun>(check.raw.answer).exit == 1);
  CHECK(std::get<CheckRun>(check.raw.answer).out == "a");
  const auto killed =
      parsed(R"({"at":"2026-11-23T03:00:00Z","target":"f","sweep":18,"read":"check:m","ms":900,"error":"signal"})");
  CHECK(std::get<CheckRun>(killed.raw.answer).fault == CheckFault::signal);
}

TEST_CASE("what other recorders write is taken as they mean it") {
  const std::string head = R"({"at":"2026-11-23T03:00:00Z","target":"f","sweep":1,)";
  const auto run = std::get<CheckRun>(parsed(head + R"("read":"check:m","exit":-9,"stdout":"x"})").raw.answer);
  CHECK(run.fault == CheckFault::signal);
  CHECK(run.signal == 9);
  CHECK(!run.exit);
  CHECK(std::get<CheckRun>(parsed(head + R"("read":"check:m","exit":-9223372036854775808})").raw.answer).signal == 128);
  const auto answer = std::get<HttpAnswer>(
      parsed(head + R"("read":"health","http":{"status":429,"headers":{"Retry-After":30,"x":null,"y":[1,"2"]}}})")
          .raw.answer);
  CHECK(answer.headers == Headers{{"Retry-After", "30"}, {"y", "1"}, {"y", "2"}});
  CHECK(answer.body == "");
}

TEST_CASE("a line that cannot be used says why") {
  const std::string head = R"({"at":"2026-11-23T03:00:00Z","target":"f","sweep":1,)";
  CHECK(refused("") != "accepted");
  CHECK(refused("[]") == "not a JSON object");
  CHECK(refused("{}") == "`at` is missing or not a time (RFC 3339)");
  CHECK(refused(R"({"at":"yesterday"})") == "`at` is missing or not a time (RFC 3339)");
  CHECK(refused(R"({"at":"2026-11-23T03:00:00Z"})") == "`target` is missing");
  CHECK(refused(R"({"at":"2026-11-23T03:00:00Z","target":"f"})") == "`sweep` is missing or negative");
  CHECK(refused(R"({"at":"2026-11-23T03:00:00Z","target":"f","sweep":-1})") == "`sweep` is missing or negative");
  CHECK(refused(head + R"("ms":1})") == "`read` is missing");
  CHECK(refused(head + R"("read":"health","ms":1})") == "neither `http` nor `error`");
  CHECK(refused(head + R"("read":"health","error":"sad"})") == "`error` \"sad\" is no word for an unreachable surface");
  CHECK(refused(head + R"("read":"check:m","error":"refused"})") ==
        "`error` \"refused\" is no word for a check (timeout, signal, spawn)");
  CHECK(refused(head + R"("read":"check:m"})") == "a check needs `exit` or `error`");
  CHECK(refused(head + R"("read":"health","http":{"status":"200"}})") == "`status` is not a whole number");
  CHECK(refused(head + R"("read":"health","http":7})") == "`http` is not an object");
  CHECK(refused(head + R"("read":"health","http":{"status":200,"body":7}})") == "`body` is not a string");
  CHECK(refused(head + R"("read":"health","ms":1e300,"error":"reset"})") == "`ms` is out of range");
}

TEST_CASE("every read comes back as it was, whatever its bytes") {
  std::mt19937 random(5);
  const auto bytes = [&](unsigned most) {
    std::string s;
    for (unsigned n = random() % (most + 1); n > 0; --n) s += static_cast<char>(random());
    return s;
  };
  for (int i = 0; i < 3000; ++i) {
    RecordedRead r;
    r.target = "fabric";
    r.sweep = random();
    r.raw.at = WallTime(Millis(1'795'402'800'000 + static_cast<std::int64_t>(random() % 1'000'000)));
    r.raw.took = Millis(random() % 9000);
    if (random() % 2) r.raw.phases.connect_us = random() % 1000, r.raw.phases.total_us = random() % 5000;
    if (random() % 2) r.raw.tls_expires_at = r.raw.at;
    if (random() % 2) r.raw.address = "127.0.0.1:38080";
    switch (random() % 3) {
      case 0:
        r.raw.read = "health";
        r.raw.answer = HttpAnswer{static_cast<int>(100 + random() % 500),
                                  {{"Set-Cookie", "a"}, {"Set-Cookie", "b"}, {"X", "y"}},
                                  random() % 2 ? bytes(40) : R"({"status":"ok"})"};
        break;
      case 1:
        r.raw.read = "reference:https://r/";
        r.raw.answer = TransportError{static_cast<TransportFault>(random() % 10), "why"};
        break;
      default:
        r.raw.read = "check:m";
        CheckRun run;
        if (random() % 2)
          run.exit = static_cast<int>(random() % 256);
        else
          run.fault = CheckFault::signal, run.signal = 9;
        run.out = "out\n\xc3\xa9";
        run.err = "err";
        run.cut = random() % 2;
        run.denials = {"write /srv/x"};
        r.raw.answer = run;
    }
    if (random() % 4 == 0) r.void_reason = "our own loop lagged by 9s";
    const std::string line = to_recorded_line(r);
    CHECK(line.find('\n') == line.npos);
    const auto back = parsed(line);
    CHECK(to_recorded_line(back) == line);
    CHECK(back.sweep == r.sweep);
    CHECK(back.void_reason == r.void_reason);
    CHECK(back.raw.at == r.raw.at);
    CHECK(back.raw.phases.connect_us == r.raw.phases.connect_us);
    CHECK(back.raw.tls_expires_at == r.raw.tls_expires_at);
    CHECK(back.raw.answer.index() == r.raw.answer.index());
    if (const auto* a = std::get_if<HttpAnswer>(&r.raw.answer)) {
      CHECK(std::get<HttpAnswer>(back.raw.answer).body == a->body);
      CHECK(std::get<HttpAnswer>(back.raw.answer).headers == a->headers);
    }
    if (const auto* c = std::get_if<CheckRun>(&r.raw.answer)) {
      const auto& d = std::get<CheckRun>(back.raw.answer);
      CHECK(d.exit == c->exit);
      CHECK(d.out == c->out);
      CHECK(d.denials == c->denials);
      CHECK(d.cut == c->cut);
    }
  }
}

}  // namespace readback
