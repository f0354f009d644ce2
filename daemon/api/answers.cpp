// A change is told twice, in the log with user and process and to everybody who follows the events, so that two people
// at two terminals see each other.
#include "daemon/api/answers.hpp"

#include <algorithm>

#include "core/text/time.hpp"
#include "core/text/utf8.hpp"
#include "core/text/words.hpp"
#include "daemon/api/feed.hpp"
#include "daemon/runtime/clock.hpp"

namespace readback {

namespace json = boost::json;

namespace {

std::string who(const Peer& p) {
  return p.user + " (uid " + std::to_string(p.uid) + ", pid " + std::to_string(p.pid) + ")";
}

json::value id_json(const Answer& a) {
  return a.id.empty() ? json::value(nullptr) : json::value(json::string(clean_utf8(a.id)));
}

}  // namespace

Problem problem(int status, std::string detail, std::string field) {
  Problem p;
  p.status = status;
  p.detail = std::move(detail);
  p.field = std::move(field);
  return p;
}

Reply refusal(const Answer& a) {
  const int status = a.problem >= 400 && a.problem < 600 ? a.problem : 409;
  return problem_reply(problem(status, a.text));
}

std::optional<Reply> unknown_target(ControlBackend& backend, const std::string& name, int status) {
  if (name.empty()) return std::nullopt;
  const std::vector<std::string> names = backend.targets();
  if (std::find(names.begin(), names.end(), name) != names.end()) return std::nullopt;
  Problem p = problem(status, "there is no target " + name.substr(0, 128), "target");
  p.nearest = closest(name, names);
  if (!p.nearest.empty()) p.detail += "; the nearest is " + p.nearest;
  return problem_reply(p);
}

void tell(Desk& desk, const Peer& peer, const std::string& what, const Answer& answer) {
  Say line;
  line.level = answer.ok ? Say::Level::info : Say::Level::warning;
  line.kind = answer.ok ? "control.change" : "control.refused";
  line.text = who(peer) + ": " + what + (answer.id.empty() ? "" : " " + answer.id) + ": " + answer.text;
  desk.backend.say(std::move(line));
  if (!answer.ok) return;
  json::object data;
  data["at"] = to_rfc3339(now().wall);
  data["by"] = clean_utf8(peer.user);
  data["what"] = what;
  data["id"] = id_json(answer);
  data["text"] = clean_utf8(answer.text);
  desk.feed.publish("change", data);
}

net::awaitable<Answer> change(Desk& desk, Peer peer, std::string what, Event event) {
  Answer answer = co_await desk.backend.ask(Unredacted<Event>(std::move(event)));
  tell(desk, peer, what, answer);
  co_return answer;
}

json::object change_json(const Answer& a) {
  json::object out;
  out["ok"] = true;
  out["id"] = id_json(a);
  out["text"] = clean_utf8(a.text);
  return out;
}

std::optional<Millis> span_of(std::string_view text) {
  const auto span = parse_duration(text);
  return span && *span <= std::chrono::hours(24 * 366) ? span : std::nullopt;
}

std::optional<WallTime> time_or_span(std::string_view text, WallTime at) {
  if (const auto time = parse_rfc3339(text)) return time;
  const auto back = parse_duration(text);
  return back && *back <= std::chrono::hours(24 * 400) ? std::optional(at - *back) : std::nullopt;
}

}  // namespace readback
