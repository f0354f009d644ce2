// /v1/silences: new pages held back for a while, from now or from later on. Every silence ends, and says why it is
// there.
#include "core/text/time.hpp"
#include "daemon/api/answers.hpp"
#include "daemon/api/ids.hpp"
#include "daemon/api/members.hpp"
#include "daemon/runtime/clock.hpp"

namespace readback::routes {

namespace json = boost::json;

namespace {

constexpr std::chrono::hours longest(24 * 366);
constexpr std::chrono::hours longest_until_resolved(24 * 30);  // where nobody says how long at most

/// When a silence ends is said in one of three ways; the first that is there counts.
struct End {
  std::optional<std::string> span, until;
  std::optional<std::int64_t> span_ms;
  bool until_resolved = false;
};

/// What is wrong with it is left with the members.
WallTime end_of(Members& m, const End& end, WallTime begin) {
  WallTime at{};
  if (end.span) {
    const auto length = span_of(*end.span);
    if (!length) m.fail("for", "for is a span such as 90s, 2h or 7d, at most 366d");
    at = begin + length.value_or(Millis(0));
  } else if (end.span_ms) {
    if (*end.span_ms <= 0 || *end.span_ms > Millis(longest).count())
      m.fail("for_ms", "for_ms is above 0 and at most 366 days");
    else
      at = begin + Millis(*end.span_ms);
  } else if (end.until) {
    const auto time = parse_rfc3339(*end.until);
    if (!time) m.fail("until", "until is a time such as 2026-11-23T03:00:00Z");
    at = time.value_or(WallTime{});
  } else if (end.until_resolved) {
    at = begin + longest_until_resolved;
  } else {
    m.fail("for", "for, for_ms, until or until_resolved is needed: every silence ends");
  }
  if (at <= begin) m.fail(end.until ? "until" : "for", "a silence must end in the future, and after it begins");
  if (at > begin + longest) m.fail("until", "a silence lasts at most 366 days");
  return at;
}

WallTime begin_of(Members& m, const std::optional<std::string>& from, WallTime now) {
  if (!from) return now;
  const auto date = parse_any_date(*from);
  const auto later = span_of(*from);
  if (!date && !later) m.fail("from", "from is a time such as 2026-11-23T03:00:00Z, or a span from now such as 2h");
  const WallTime begin = date ? date->at : now + later.value_or(Millis(0));
  if (begin > now + longest) m.fail("from", "a silence begins within 366 days");
  return std::max(begin, now);
}

}  // namespace

net::awaitable<Reply> silences(Desk& desk, Request, std::string) {
  json::object body;
  body["silences"] = list_json(desk.backend.silences());
  co_return json_reply(200, body);
}

net::awaitable<Reply> add_silence(Desk& desk, Request q, std::string) {
  Members m(q.body);
  SilenceAdded said;
  Silence& s = said.silence;
  s.created_at = now().wall;
  End end;
  end.span = m.text("for", false);
  end.span_ms = m.number("for_ms");
  end.until = m.text("until", false);
  s.until_resolved = end.until_resolved = m.flag("until_resolved");
  const auto from = m.text("from", false);
  const auto target = m.text("target", false);
  const auto boundary = m.text("boundary", false);
  const auto reason = m.text("reason", true);
  s.starts_at = begin_of(m, from, s.created_at);
  s.expires_at = end_of(m, end, s.starts_at);
  if (boundary) {
    s.boundary = parse_boundary(*boundary);
    if (!s.boundary) m.fail("boundary", "boundary is one of observer, outage, security, drift, readiness, product");
  }
  if (auto wrong = m.wrong()) co_return std::move(*wrong);
  s.target = target.value_or("");
  s.reason = *reason;
  s.by = q.peer.user;
  if (auto unknown = unknown_target(desk.backend, s.target, 404)) co_return std::move(*unknown);
  Event event = std::move(said);
  const Answer a = co_await change(desk, q.peer, "silence", std::move(event));
  if (!a.ok) co_return refusal(a);
  json::object body = change_json(a);
  const std::vector<Silence> all = desk.backend.silences();
  if (const auto* added = by_id(all, a.id)) body["silence"] = view_json(*added);
  co_return json_reply(201, body);
}

net::awaitable<Reply> end_silence(Desk& desk, Request q, std::string asked) {
  const auto id = find_id(ids_of(desk.backend.silences()), asked, "silence");
  if (const auto* wrong = std::get_if<Problem>(&id)) co_return problem_reply(*wrong);
  SilenceExpired said;
  said.id = std::get<std::string>(id);
  said.by = q.peer.user;
  Event event = std::move(said);
  const Answer a = co_await change(desk, q.peer, "silence expire", std::move(event));
  co_return a.ok ? json_reply(200, change_json(a)) : refusal(a);
}

}  // namespace readback::routes
