// A path is what a user, an agent or an automation does: it passes when every expectation holds, and says what it got.
#include <algorithm>
#include <boost/json.hpp>
#include <charconv>

#include "core/reading/decode.hpp"
#include "core/reading/member.hpp"
#include "core/reading/part.hpp"
#include "core/reading/read.hpp"
#include "core/text/time.hpp"
#include "core/text/utf8.hpp"

namespace readback {
namespace {

bool scalar_equals(const boost::json::value& value, const std::string& expected) {
  if (const auto* s = value.if_string(); s && *s == expected) return true;
  if (value.is_number()) {  // 1.0 is 1, however it is written
    double wanted = 0;
    const auto [end, error] = std::from_chars(expected.data(), expected.data() + expected.size(), wanted);
    if (error == std::errc{} && end == expected.data() + expected.size() && value.is_double())
      return value.get_double() == wanted;
  }
  return !value.is_structured() && boost::json::serialize(value) == expected;
}

/// "200 or 204".
std::string joined_codes(const std::vector<int>& codes) {
  std::string all;
  for (const int code : codes) all += (all.empty() ? "" : " or ") + std::to_string(code);
  return all;
}

}  // namespace

PathReading read_path(const PathConfig& path, const RawRead& raw) {
  PathReading out;
  const auto say = [&](const std::string& text) { out.reasons.push_back(raw.read + ": " + text); };
  if (const auto* error = std::get_if<TransportError>(&raw.answer)) {
    out.fault = error->fault;
    say(error->detail.empty() ? std::string(to_string(error->fault)) : printable(error->detail));
    return out;
  }
  const auto* answer = std::get_if<HttpAnswer>(&raw.answer);
  if (!answer) {
    say("it was not read");
    return out;
  }
  const auto& expect = path.expect;
  const int code = answer->status;
  const bool wanted = expect.status.empty()
                          ? code >= 200 && code < 300
                          : std::find(expect.status.begin(), expect.status.end(), code) != expect.status.end();
  if (code == 429 && !wanted) {
    out.throttled = true;
    say("HTTP 429: asked to slow down");
    return out;
  }
  if (!wanted) {
    out.denied = code == 401 || code == 403;
    const std::string said = said_in_short(answer->body);
    say("HTTP " + std::to_string(code) + (said.empty() ? "" : " " + said) +
        (!expect.status.empty() ? ", expected " + joined_codes(expect.status)
         : said.empty()         ? ", expected success"
                                : ""));
  }
  if (!expect.body_contains.empty() && answer->body.find(expect.body_contains) == std::string::npos)
    say("the body does not contain \"" + printable(expect.body_contains, 60) + "\"");
  if (!expect.json.empty()) {
    std::string why;
    const auto body = parse_outside_json(answer->body, why);
    if (!body) say("the body is not valid JSON: " + why);
    for (const auto& [pointer, expected] : expect.json) {
      if (!body) break;
      const auto* value = at_pointer(*body, pointer);
      if (!value)
        say(pointer + " is not in the body, expected " + printable(expected, 60));
      else if (!scalar_equals(*value, expected))
        say(pointer + " is " + printable(boost::json::serialize(*value), 60) + ", expected " + printable(expected, 60));
    }
  }
  if (expect.max_latency && raw.took > *expect.max_latency)
    say("took " + finely(raw.took) + ", longer than " + finely(*expect.max_latency));
  out.pass = out.reasons.empty();
  if (!out.pass) out.page = page_of(answer->body);
  return out;
}

}  // namespace readback
