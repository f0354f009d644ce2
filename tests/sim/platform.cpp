// Raw answers, copied from one of each letter.
#include "tests/sim/platform.hpp"

#include <array>
#include <ctime>

#include "core/text/time.hpp"

namespace readback::sim {
namespace {

using Answer = decltype(RawRead::answer);

HttpAnswer http(int status, std::string body) {
  HttpAnswer a;
  a.status = status;
  a.body = std::move(body);
  a.headers = {{"content-type", a.body.starts_with("{") ? "application/json" : "text/html"}};
  return a;
}

Answer make(char letter) {
  switch (letter) {
    case 'W': return http(200, R"({"status":"degraded"})");
    case 'F': return http(503, R"({"status":"down"})");
    case 'M': return http(503, "<html><h1>503 Service Unavailable</h1></html>");
    case 'K': return http(200, R"({"hello":1})");
    case 'R': return TransportError{TransportFault::refused, "connection refused"};
    case 'O': return TransportError{TransportFault::timeout, "no answer within 5s"};
    case 'L': return TransportError{TransportFault::no_route, "no route to host"};
    case 'V': return TransportError{TransportFault::resolver, "the resolver did not answer"};
    case 'D': return http(401, R"({"detail":"Unauthorized"})");
    case 'N': return http(404, R"({"detail":"Not Found"})");
    case 'T': return http(429, R"({"detail":"Too Many Requests"})");
    case 'A': {
      auto a = http(429, R"({"detail":"Too Many Requests"})");
      a.headers.push_back({"Retry-After", "45"});
      return a;
    }
    case 'B': return http(200, R"({"status":"ready","blockers":["otel exporter down"]})");
    case 'E': return http(200, R"({"status":"ok","services":{"database":"down"}})");
    case '1': return http(200, R"({"status":"ok","version":"1.4.1"})");
    case '2': return http(200, R"({"status":"ok","version":"1.4.2"})");
    default: return http(200, R"({"status":"ok"})");
  }
}

const Answer& one_of(char letter) {
  static const auto all = [] {
    std::array<Answer, 128> made;
    for (const char each : letters) made[static_cast<std::size_t>(each)] = make(each);
    return made;
  }();
  return all[static_cast<std::size_t>(letter) & 127];
}

std::string http_date(WallTime at) {
  const std::time_t seconds = std::chrono::floor<Seconds>(at.time_since_epoch()).count();
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[40];
  return {text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts)};
}

RawRead raw(std::string name, WallTime at) {
  RawRead r;
  r.read = std::move(name);
  r.at = at;
  r.took = Millis(12);
  return r;
}

}  // namespace

RawRead answer_of(char letter, const std::string& surface, WallTime at, WallTime truly) {
  auto r = raw(surface, at);
  if (letter == 's') {
    auto a = http(200, R"({"status":"ok","generated_at":")" + to_rfc3339(truly - std::chrono::hours(2)) + "\"}");
    a.headers.push_back({"Date", http_date(truly)});
    r.answer = std::move(a);
  } else {
    r.answer = one_of(letter);
  }
  return r;
}

RawRead check_answer(const std::string& word, WallTime at) {
  auto r = raw("check:materialization", at);
  CheckRun run;
  if (word == "hangs") {
    run.fault = CheckFault::timeout;
    run.detail = "did not end within 60s";
  } else {
    run.exit = word == "sync" ? 0 : word == "drift" ? 1 : 127;
  }
  r.answer = std::move(run);
  return r;
}

RawRead path_answer(bool works, WallTime at) {
  auto r = raw("path:checkout", at);
  r.answer = http(works ? 200 : 500, "");
  return r;
}

RawRead reference_answer(bool answers, WallTime at) {
  auto r = raw("reference:https://reference.example/", at);
  if (answers)
    r.answer = http(200, "");
  else
    r.answer = TransportError{TransportFault::timeout, "no answer"};
  return r;
}

Millis patience_of(char letter) { return letter == 'O' || letter == 'V' ? Seconds(5) : Millis(20); }

}  // namespace readback::sim
