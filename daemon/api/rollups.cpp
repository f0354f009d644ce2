// /v1/history: how hours and days were, of each target. What was never watched has no row.
#include "core/history/json.hpp"
#include "core/text/time.hpp"
#include "core/text/utf8.hpp"
#include "daemon/api/answers.hpp"
#include "daemon/runtime/clock.hpp"

namespace readback::routes {

namespace json = boost::json;

namespace {

constexpr auto day = std::chrono::hours(24);

struct Asked {
  RollupQuery query;
  std::optional<Problem> wrong;
};

Asked asked_of(const Request& q, WallTime at) {
  Asked asked;
  RollupQuery& query = asked.query;
  query.step = Step::day;
  query.span = {at - 30 * day, at};
  if (const std::string* step = q.parameter("step")) {
    if (*step != "hour" && *step != "day") asked.wrong = problem(422, "step is hour or day", "step");
    query.step = *step == "hour" ? Step::hour : Step::day;
  }
  const std::pair<const char*, WallTime*> ends[] = {{"since", &query.span.from}, {"until", &query.span.to}};
  for (const auto& [name, end] : ends) {
    const std::string* text = q.parameter(name);
    if (!text) continue;
    const auto time = time_or_span(*text, at);
    if (!time)
      asked.wrong = problem(
          422, std::string(name) + " is a time such as 2026-11-23T03:00:00Z or a span back from now such as 30d", name);
    *end = time.value_or(at);
  }
  // The whole of the first step: half a day is no day.
  query.span.from = begin_of(query.step, query.span.from);
  return asked;
}

/// Of one target; its rollups are next to each other.
json::object target_json(const std::string& target, const std::vector<Rollup>& rollups,
                         const std::vector<Spell>& spells, const RollupQuery& query, WallTime at) {
  json::array rows;
  for (const auto& each : rollups) {
    const Span span{each.from, each.from + length_of(query.step)};
    auto row = history_json(summarize({each}, spells, span, at), true);
    row["from"] = to_rfc3339(span.from);
    row["to"] = to_rfc3339(span.to);
    rows.push_back(std::move(row));
  }
  json::object out;
  out["target"] = clean_utf8(target);
  out["total"] = history_json(summarize(rollups, spells, query.span, at), true);
  out["rows"] = std::move(rows);
  return out;
}

}  // namespace

net::awaitable<Reply> history(Desk& desk, Request q, std::string) {
  const WallTime at = now().wall;
  Asked asked = asked_of(q, at);
  if (asked.wrong) co_return problem_reply(*asked.wrong);
  if (const std::string* only = q.parameter("target")) {
    if (auto unknown = unknown_target(desk.backend, *only, 404)) co_return std::move(*unknown);
    asked.query.target = *only;
  }
  RollupQuery query = asked.query;
  const HistoryKept kept = co_await desk.backend.history(std::move(query));
  std::map<std::string, std::vector<Rollup>> rollups;
  std::map<std::string, std::vector<Spell>> spells;
  for (const auto& name : desk.backend.targets())
    if (asked.query.target.empty() || name == asked.query.target) rollups[name];
  for (const auto& each : kept.rollups) rollups[each.target].push_back(each.rollup);
  for (const auto& each : kept.spells) spells[each.target].push_back(each);
  json::array targets;
  for (const auto& [name, each] : rollups) targets.push_back(target_json(name, each, spells[name], asked.query, at));
  json::object body;
  body["schema"] = "readback.history/v1";
  body["step"] = asked.query.step == Step::hour ? "hour" : "day";
  body["since"] = to_rfc3339(asked.query.span.from);
  body["until"] = to_rfc3339(asked.query.span.to);
  body["targets"] = std::move(targets);
  co_return json_reply(200, body);
}

}  // namespace readback::routes
