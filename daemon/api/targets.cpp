// /v1/status, /v1/targets and /v1/sweeps: how things stand, for all and for one, and reading again now.
#include <charconv>

#include "core/model/loudness.hpp"
#include "core/text/time.hpp"
#include "daemon/api/answers.hpp"
#include "daemon/api/history.hpp"
#include "daemon/api/members.hpp"

namespace readback::routes {

net::awaitable<Reply> status(Desk& desk, Request, std::string) {
  const View view = desk.backend.view();
  boost::json::object body = view_json(view);
  const std::string nobody = why_nobody_is_told(view.daemon.sinks);
  if (!nobody.empty()) body["troubles"].as_array().emplace_back(nobody);
  co_return json_reply(200, body);
}

net::awaitable<Reply> target(Desk& desk, Request q, std::string id) {
  if (auto unknown = unknown_target(desk.backend, id, 404)) co_return std::move(*unknown);
  std::size_t most = 0;
  const std::string* wanted = q.parameter("history");
  if (wanted) {
    const auto [rest, ec] = std::from_chars(wanted->data(), wanted->data() + wanted->size(), most);
    if (ec != std::errc() || rest != wanted->data() + wanted->size() || most > History::most_sweeps)
      co_return problem_reply(problem(422, "history is a number from 0 to 720", "history"));
  }
  const auto found = desk.backend.target(id);
  if (!found) co_return problem_reply(problem(404, "there is no target " + id));
  boost::json::object body = view_json(*found);
  if (wanted) body["history"] = desk.history.as_json(id, most);
  co_return json_reply(200, body);
}

net::awaitable<Reply> sweep_now(Desk& desk, Request q, std::string) {
  Members m(q.body);
  const auto target = m.text("target", false);
  if (auto wrong = m.wrong()) co_return std::move(*wrong);
  SweepAsked asked;
  asked.target = target.value_or("");
  if (auto unknown = unknown_target(desk.backend, asked.target, 404)) co_return std::move(*unknown);
  Event event = std::move(asked);
  const Answer a = co_await change(desk, q.peer, "sweep", std::move(event));
  co_return a.ok ? json_reply(202, change_json(a)) : refusal(a);
}

}  // namespace readback::routes
