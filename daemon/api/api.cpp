// The table of routes is all there is to read here: a method, a path, and the function that answers. A path that fits
// with another method is answered with the methods that it takes, so that a wrong verb is told from a wrong address.
#include "daemon/api/api.hpp"

#include <vector>

#include "daemon/api/answers.hpp"

namespace readback {

namespace {

struct Entry {
  std::string_view method;
  std::vector<std::string_view> path;  ///< "*" is an id
  ApiRoute* step;
};

const std::vector<Entry>& table() {
  static const std::vector<Entry> all{
      {"GET", {"v1", "status"}, routes::status},
      {"GET", {"v1", "targets", "*"}, routes::target},
      {"GET", {"v1", "incidents"}, routes::incidents},
      {"GET", {"v1", "incidents", "*"}, routes::incident},
      {"POST", {"v1", "incidents", "*", "ack"}, routes::ack},
      {"POST", {"v1", "incidents", "*", "verify"}, routes::verify},
      {"POST", {"v1", "incidents", "*", "resolve"}, routes::resolve},
      {"GET", {"v1", "snapshots"}, routes::snapshots},
      {"POST", {"v1", "snapshots"}, routes::capture},
      {"GET", {"v1", "snapshots", "key"}, routes::snapshot_key},
      {"GET", {"v1", "snapshots", "*"}, routes::snapshot},
      {"GET", {"v1", "reads"}, routes::reads},
      {"GET", {"v1", "history"}, routes::history},
      {"GET", {"v1", "events"}, routes::events},
      {"GET", {"v1", "silences"}, routes::silences},
      {"POST", {"v1", "silences"}, routes::add_silence},
      {"DELETE", {"v1", "silences", "*"}, routes::end_silence},
      {"GET", {"v1", "sinks"}, routes::sinks},
      {"GET", {"v1", "fleet"}, routes::fleet},
      {"POST", {"v1", "sweeps"}, routes::sweep_now},
      {"POST", {"v1", "symptoms"}, routes::symptom},
      {"POST", {"v1", "test-alerts"}, routes::test_alerts},
  };
  return all;
}

/// The id that stands in the path ("" when the route has none); nothing when the path is another one.
std::optional<std::string> fitted(const Entry& entry, const std::vector<std::string>& path) {
  if (entry.path.size() != path.size()) return std::nullopt;
  std::string id;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (entry.path[i] == "*")
      id = path[i];
    else if (entry.path[i] != path[i])
      return std::nullopt;
  }
  return id;
}

}  // namespace

net::awaitable<Reply> Api::answer(Request request) {
  std::string allow;
  for (const Entry& entry : table()) {
    auto id = fitted(entry, request.path);
    if (!id) continue;
    if (entry.method == request.method) {
      auto step = entry.step(desk_, std::move(request), std::move(*id));
      Reply reply = co_await std::move(step);
      co_return reply;
    }
    const std::string takes = std::string(entry.method) + (entry.method == "GET" ? ", HEAD" : "");
    if (allow.find(takes) == allow.npos)
      allow += (allow.empty() ? "" : ", ") + takes;  // a word may stand where an id does
  }
  if (allow.empty()) co_return problem_reply(problem(404, "there is no such route; the OpenAPI file lists them all"));
  Reply reply = problem_reply(problem(405, request.method.substr(0, 32) + " is not for this route; it takes " + allow));
  reply.headers.emplace_back("Allow", allow);
  co_return reply;
}

}  // namespace readback
