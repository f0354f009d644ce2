// /v1/sinks and /v1/test-alerts: does a page arrive?
#include <algorithm>

#include "core/text/utf8.hpp"
#include "core/text/words.hpp"
#include "daemon/api/answers.hpp"
#include "daemon/api/members.hpp"

namespace readback::routes {

namespace json = boost::json;

namespace {

json::object delivery_json(const TestDelivery& d) {
  json::object one;
  one["sink"] = clean_utf8(d.sink);
  one["type"] = clean_utf8(d.type);
  one["ok"] = d.ok;
  one["status"] = d.status;
  one["detail"] = clean_utf8(d.detail);
  one["took_ms"] = d.took.count();
  return one;
}

}  // namespace

net::awaitable<Reply> sinks(Desk& desk, Request, std::string) {
  json::object body;
  body["sinks"] = list_json(desk.backend.sinks());
  co_return json_reply(200, body);
}

net::awaitable<Reply> test_alerts(Desk& desk, Request q, std::string) {
  Members m(q.body);
  const auto sink = m.text("sink", false);
  if (auto wrong = m.wrong()) co_return std::move(*wrong);
  std::string name = sink.value_or("");
  std::vector<std::string> names;
  for (const auto& s : desk.backend.sinks()) names.push_back(s.name);
  if (!name.empty() && std::find(names.begin(), names.end(), name) == names.end()) {
    Problem p = problem(404, "there is no sink " + name.substr(0, 128), "sink");
    p.nearest = closest(name, names);
    co_return problem_reply(p);
  }
  const TestReport report = co_await desk.backend.test_alerts(std::move(name));
  if (report.refused) co_return refusal(*report.refused);
  Answer told;
  told.text = "sent a test event to " + std::to_string(report.deliveries.size()) + " sinks";
  tell(desk, q.peer, "test alert", told);
  json::array list;
  for (const auto& d : report.deliveries) list.push_back(delivery_json(d));
  json::object body;
  body["ok"] = std::all_of(report.deliveries.begin(), report.deliveries.end(), [](const auto& d) { return d.ok; });
  body["deliveries"] = std::move(list);
  co_return json_reply(200, body);
}

}  // namespace readback::routes
