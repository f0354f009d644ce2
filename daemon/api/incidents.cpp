// /v1/incidents and /v1/symptoms: what has failed, and an operator's word about it. An id may be the beginning of one,
// or "latest", so each route first looks up which incident is meant, and then asks for that one.
#include <algorithm>
#include <array>

#include "core/text/time.hpp"
#include "daemon/api/fleet.hpp"
#include "daemon/api/ids.hpp"
#include "daemon/api/incidents.hpp"
#include "daemon/api/members.hpp"
#include "daemon/runtime/clock.hpp"

namespace readback {

namespace {

/// The words of `?state=`; nothing for another one.
std::optional<IncidentQuery> query_of(std::string_view word) {
  IncidentQuery query;
  query.open_only = word == "open";
  if (word == "all" || word == "open") return query;
  constexpr std::array states{IncidentState::inhibited, IncidentState::muted, IncidentState::firing,
                              IncidentState::recovered, IncidentState::resolved};
  for (const auto state : states)
    if (word == to_string(state)) query.state = state;
  if (!query.state) return std::nullopt;
  return query;
}

}  // namespace

IncidentsAsked incidents_asked(const Request& q, WallTime at) {
  IncidentsAsked asked;
  const auto text = [&](const char* name) {
    const std::string* given = q.parameter(name);
    return given ? *given : std::string();
  };
  const auto refuse = [&](const char* name, const char* what) {
    asked.wrong = problem(422, std::string(name) + " is " + what, name);
  };
  const std::string state = text("state");
  if (auto query = query_of(state.empty() ? "all" : state))
    asked.query = *std::move(query);
  else
    refuse("state", "one of open, all, inhibited, muted, firing, recovered, resolved");
  asked.query.target = text("target");
  asked.query.text = text("q");
  if (const auto word = text("boundary"); !word.empty()) {
    asked.query.boundary = parse_boundary(word);
    if (!asked.query.boundary) refuse("boundary", "one of observer, outage, security, drift, readiness, product");
  }
  if (const auto since = text("since"); !since.empty()) {
    const auto from = time_or_span(since, at);
    if (!from) refuse("since", "a time such as 2026-11-23T03:00:00Z or a span such as 7d");
    asked.query.since = from.value_or(at);
  }
  if (std::string limit = text("limit"); !limit.empty()) {
    std::string_view digits = limit;
    const auto most = take_number(digits);
    if (!most || !digits.empty() || *most < 1 || *most > 10'000) refuse("limit", "a number from 1 to 10000");
    asked.query.most = static_cast<std::size_t>(most.value_or(1));
  }
  return asked;
}

}  // namespace readback

namespace readback::routes {

namespace json = boost::json;

namespace {

constexpr std::size_t whole_id = 36;  ///< characters of a UUID

/// What was read at the stages of an incident, the newest reads among them.
net::awaitable<json::object> readings_of(Desk& desk, const IncidentRecord& incident) {
  json::object readings;
  const std::pair<const char*, std::uint64_t> stages[] = {{"last_good", incident.sweeps.last_good},
                                                          {"first_bad", incident.sweeps.first_bad},
                                                          {"at_page", incident.sweeps.at_page}};
  for (const auto& [name, number] : stages) {
    readings[name] = nullptr;
    if (number == 0) continue;
    std::string target = incident.target;
    const auto sweep = co_await desk.backend.stored_sweep(std::move(target), number);
    if (sweep) readings[name] = view_json(*sweep);
  }
  const auto target = desk.backend.target(incident.target);
  readings["now"] = target ? list_json(target->reads) : json::array();
  co_return readings;
}

/// The evidence of every host about this episode, oldest first; the note says why some may be missing.
struct AllSnapshots {
  json::array list;
  std::string note;
};
net::awaitable<AllSnapshots> snapshots_of(Desk& desk, IncidentRecord incident, FleetOverview fleet) {
  AllSnapshots out;
  const std::string own_host = fleet.host;
  Result<std::vector<SnapshotView>> all = Failure{"there is no connection to its servers"};
  if (!fleet.server.empty()) all = co_await snapshots_of_all(desk, std::move(fleet));
  if (!all) {
    out.note = "only of " + own_host + ": the fleet cannot be asked: " + all.error();
    std::vector<SnapshotView> own = co_await desk.backend.snapshots();
    for (auto& each : own) each.host = own_host;
    all = std::move(own);
  }
  const WallTime at = now().wall;
  for (auto each = all->rbegin(); each != all->rend(); ++each)
    if (is_of_episode(*each, incident, at)) out.list.push_back(view_json(*each));
  co_return out;
}

/// Which incident is meant: a whole id is looked up as it is, and only the beginning of one, or "latest", needs the
/// list.
net::awaitable<std::variant<std::string, Problem>> id_of(Desk& desk, std::string asked) {
  std::variant<std::string, Problem> id = asked;
  if (asked.size() == whole_id) {
    std::string exact = asked;
    const auto known = co_await desk.backend.incident(std::move(exact));
    if (known) co_return id;
  }
  const std::vector<std::string> all = co_await desk.backend.incident_ids();
  id = find_id(all, asked, "incident");
  co_return id;
}

/// Puts the incident's id into what is said about it.
struct Named {
  const std::string& id;
  void operator()(Acknowledged& said) const { said.incident_id = id; }
  void operator()(VerifyAsked& said) const { said.incident_id = id; }
  void operator()(ResolveAttested& said) const { said.incident_id = id; }
  template <class Other>
  void operator()(Other&) const {}
};

/// Which incident is meant goes into the event, the engine is asked, and the incident is shown as it stands then.
net::awaitable<Reply> about_incident(Desk& desk, Peer peer, std::string what, std::string asked, Event event) {
  const auto found = co_await id_of(desk, std::move(asked));
  if (const auto* wrong = std::get_if<Problem>(&found)) co_return problem_reply(*wrong);
  std::string id = std::get<std::string>(found);
  const Named named{id};
  std::visit(named, event);
  const Answer a = co_await change(desk, std::move(peer), std::move(what), std::move(event));
  if (!a.ok) co_return refusal(a);
  json::object body = change_json(a);
  const auto incident = co_await desk.backend.incident(std::move(id));
  if (incident) body["incident"] = view_json(*incident, true);
  co_return json_reply(200, body);
}

}  // namespace

net::awaitable<Reply> incidents(Desk& desk, Request q, std::string) {
  auto asked = incidents_asked(q, now().wall);
  if (asked.wrong) co_return problem_reply(*asked.wrong);
  if (auto unknown = unknown_target(desk.backend, asked.query.target, 404)) co_return std::move(*unknown);
  const std::vector<IncidentRecord> found = co_await desk.backend.incidents(std::move(asked.query));
  json::array list;
  for (const auto& i : found) list.push_back(view_json(i, false));
  json::object body;
  body["incidents"] = std::move(list);
  co_return json_reply(200, body);
}

net::awaitable<Reply> incident(Desk& desk, Request, std::string asked) {
  const auto id = co_await id_of(desk, std::move(asked));
  if (const auto* wrong = std::get_if<Problem>(&id)) co_return problem_reply(*wrong);
  std::string exact = std::get<std::string>(id);
  const auto found = co_await desk.backend.incident(std::move(exact));
  if (!found) co_return problem_reply(problem(404, "there is no incident " + std::get<std::string>(id)));
  json::object body = view_json(*found, true);
  json::object readings = co_await readings_of(desk, *found);
  body["readings"] = std::move(readings);
  exact = found->id;
  const std::vector<DeliveryView> alerts = co_await desk.backend.deliveries(std::move(exact));
  body["alerts"] = list_json(alerts);
  auto fleet = desk.backend.fleet();
  if (fleet) {
    AllSnapshots all = co_await snapshots_of(desk, *found, std::move(*fleet));
    body["snapshots"] = std::move(all.list);
    body["snapshots_note"] = nullptr;
    if (!all.note.empty()) body["snapshots_note"] = json::string(all.note);
  }
  co_return json_reply(200, body);
}

net::awaitable<Reply> symptom(Desk& desk, Request q, std::string) {
  Members m(q.body);
  const auto text = m.text("text", true, 4096);
  const auto target = m.text("target", false);
  const auto extent = m.text("extent", false);
  const auto exposed_by = m.text("exposed_by", false);
  SymptomSaid said;
  if (extent) {
    said.extent = parse_extent(*extent);
    if (!said.extent) m.fail("extent", "extent is one of intermittent, stale, degraded, total");
  }
  if (auto wrong = m.wrong()) co_return std::move(*wrong);
  said.text = *text;
  said.target = target.value_or("");
  said.exposed_by = exposed_by.value_or("");
  said.by = q.peer.user;
  if (auto unknown = unknown_target(desk.backend, said.target, 404)) co_return std::move(*unknown);
  Event event = std::move(said);
  const Answer a = co_await change(desk, q.peer, "symptom", std::move(event));
  if (!a.ok) co_return refusal(a);
  json::object body = change_json(a);
  std::string id = a.id;
  const auto incident = co_await desk.backend.incident(std::move(id));
  if (incident) body["incident"] = view_json(*incident, true);
  co_return json_reply(201, body);
}

net::awaitable<Reply> ack(Desk& desk, Request q, std::string asked) {
  Members m(q.body);
  if (auto wrong = m.wrong()) co_return std::move(*wrong);
  Acknowledged said;
  said.by = q.peer.user;
  Event event = std::move(said);
  Reply reply = co_await about_incident(desk, q.peer, "ack", std::move(asked), std::move(event));
  co_return reply;
}

net::awaitable<Reply> verify(Desk& desk, Request q, std::string asked) {
  Members m(q.body);
  if (auto wrong = m.wrong()) co_return std::move(*wrong);
  Event event = VerifyAsked();
  Reply reply = co_await about_incident(desk, q.peer, "verify", std::move(asked), std::move(event));
  co_return reply;
}

net::awaitable<Reply> resolve(Desk& desk, Request q, std::string asked) {
  Members m(q.body);
  const auto runbook = m.text("runbook", true);
  const auto note = m.text("note", false, 4096);
  if (auto wrong = m.wrong()) co_return std::move(*wrong);
  ResolveAttested said;
  said.runbook = *runbook;
  said.note = note.value_or("");
  said.by = q.peer.user;
  Event event = std::move(said);
  Reply reply = co_await about_incident(desk, q.peer, "resolve", std::move(asked), std::move(event));
  co_return reply;
}

}  // namespace readback::routes
