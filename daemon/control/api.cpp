#include "daemon/control/api.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <charconv>
#include <fstream>

#include "core/codec/view_json.hpp"
#include "core/text/encoding.hpp"
#include "core/text/time.hpp"
#include "core/text/utf8.hpp"
#include "core/text/words.hpp"
#include "daemon/control/ids.hpp"
#include "daemon/runtime/clock.hpp"

namespace readback {

namespace json = boost::json;

namespace {

Problem problem(int status, std::string detail, std::string field = "") {
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

/// The members of a request's body, taken one by one; the first thing wrong is kept and answered.
class Members {
 public:
  explicit Members(const std::string& body) {
    if (body.find_first_not_of(" \t\r\n") == std::string::npos) return;
    json::error_code ec;
    json::value value = json::parse(body, ec);
    if (ec)
      wrong_ = problem(400, "the body is not valid JSON: " + ec.message());
    else if (!value.is_object())
      wrong_ = problem(422, "the body must be a JSON object");
    else
      members_ = std::move(value.as_object());
  }

  std::optional<std::string> text(std::string_view name, bool required, std::size_t most = 1024) {
    known_.push_back(name);
    const json::value* v = members_.if_contains(name);
    if (!v || v->is_null()) {
      if (required) fail(name, std::string(name) + " is needed");
      return std::nullopt;
    }
    if (!v->is_string()) {
      fail(name, std::string(name) + " must be a string");
      return std::nullopt;
    }
    std::string out(v->as_string());
    if (out.size() > most) fail(name, std::string(name) + " holds at most " + std::to_string(most) + " bytes");
    if (required && out.find_first_not_of(" \t\r\n") == std::string::npos)
      fail(name, std::string(name) + " must not be empty");
    return out;
  }
  std::optional<std::int64_t> number(std::string_view name) {
    known_.push_back(name);
    const json::value* v = members_.if_contains(name);
    if (!v || v->is_null()) return std::nullopt;
    json::error_code ec;
    const auto out = v->is_number() ? v->to_number<std::int64_t>(ec) : 0;
    if (!v->is_number() || ec) {
      fail(name, std::string(name) + " must be a whole number");
      return std::nullopt;
    }
    return out;
  }
  void fail(std::string_view field, std::string detail) {
    if (!wrong_) wrong_ = problem(422, std::move(detail), std::string(field));
  }
  /// After everything was taken: what is wrong, a member that nobody asked for included.
  std::optional<Reply> wrong() {
    for (const auto& member : members_)
      if (std::find(known_.begin(), known_.end(), std::string_view(member.key())) == known_.end())
        fail(std::string_view(member.key()), "there is no member " + std::string(member.key()) + " here");
    if (wrong_) return problem_reply(*wrong_);
    return std::nullopt;
  }

 private:
  json::object members_;
  std::vector<std::string_view> known_;
  std::optional<Problem> wrong_;
};

/// A bundle from its file, 64 KiB at a time: less than a read-ahead, so the loop hardly notices.
class BundleSource : public BodySource {
 public:
  explicit BundleSource(BundleFile bundle) : bundle_(std::move(bundle)) {
    if (!bundle_.path.empty()) file_.open(bundle_.path, std::ios::binary);
  }
  bool good() const { return bundle_.path.empty() || file_.is_open(); }
  std::uint64_t size() {
    if (bundle_.path.empty()) return bundle_.bytes.size();
    file_.seekg(0, std::ios::end);
    const auto end = file_.tellg();
    file_.seekg(0);
    return end < 0 ? 0 : static_cast<std::uint64_t>(end);
  }
  net::awaitable<std::string> next() override {
    std::string out;
    if (bundle_.path.empty()) {
      out = bundle_.bytes.substr(std::min(at_, bundle_.bytes.size()), piece);
    } else {
      out.resize(piece);
      file_.read(out.data(), static_cast<std::streamsize>(piece));
      out.resize(static_cast<std::size_t>(std::max<std::streamsize>(0, file_.gcount())));
    }
    at_ += out.size();
    co_return out;
  }

 private:
  static constexpr std::size_t piece = 64 * 1024;
  BundleFile bundle_;
  std::ifstream file_;
  std::size_t at_ = 0;
};

class ReadsSource : public BodySource {
 public:
  ReadsSource(ControlBackend& backend, ReadsQuery query, ReadsPage first)
      : backend_(backend), query_(std::move(query)), page_(std::move(first)) {}
  net::awaitable<std::string> next() override {
    while (page_.lines.empty() && !page_.end) {
      query_.cursor = page_.next;
      ReadsQuery query = query_;
      page_ = co_await backend_.reads(std::move(query));
      if (!page_.error.empty()) throw std::runtime_error("reads: " + page_.error);  // cuts the answer: it is not whole
    }
    std::string out = std::move(page_.lines);
    page_.lines.clear();
    co_return out;
  }

 private:
  ControlBackend& backend_;
  ReadsQuery query_;
  ReadsPage page_;
};

template <class T>
json::array list_json(const std::vector<T>& list) {
  json::array out;
  for (const auto& one : list) out.push_back(view_json(one));
  return out;
}

std::string who(const Peer& p) {
  return p.user + " (uid " + std::to_string(p.uid) + ", pid " + std::to_string(p.pid) + ")";
}

json::object change_json(const Answer& a) {
  json::object out;
  out["ok"] = true;
  out["id"] = a.id.empty() ? json::value(nullptr) : json::value(json::string(clean_utf8(a.id)));
  out["text"] = clean_utf8(a.text);
  return out;
}

template <class T>
std::vector<std::string> ids_of(const std::vector<T>& list) {
  std::vector<std::string> out;
  for (const auto& one : list) out.push_back(one.id);
  return out;
}

/// How far back or ahead an operator may reach.
std::optional<Millis> span_of(std::string_view text) {
  const auto span = parse_duration(text);
  return span && *span <= std::chrono::hours(24 * 366) ? span : std::nullopt;
}

const IncidentRecord* by_id(const std::vector<IncidentRecord>& list, const std::string& id) {
  const auto found = std::find_if(list.begin(), list.end(), [&](const auto& i) { return i.id == id; });
  return found == list.end() ? nullptr : &*found;
}

}  // namespace

struct Api::Route {
  std::string_view method;
  std::vector<std::string_view> path;  ///< "*" is an id
  net::awaitable<Reply> (Api::*step)(Request, std::string);
};

const std::vector<Api::Route>& Api::routes() {
  static const std::vector<Route> all{
      {"GET", {"v1", "status"}, &Api::status},
      {"GET", {"v1", "targets", "*"}, &Api::target},
      {"GET", {"v1", "incidents"}, &Api::incidents},
      {"GET", {"v1", "incidents", "*"}, &Api::incident},
      {"POST", {"v1", "incidents", "*", "ack"}, &Api::ack},
      {"POST", {"v1", "incidents", "*", "verify"}, &Api::verify},
      {"POST", {"v1", "incidents", "*", "resolve"}, &Api::resolve},
      {"GET", {"v1", "snapshots"}, &Api::snapshots},
      {"POST", {"v1", "snapshots"}, &Api::capture},
      {"GET", {"v1", "snapshots", "*"}, &Api::snapshot},
      {"GET", {"v1", "reads"}, &Api::reads},
      {"GET", {"v1", "events"}, &Api::events},
      {"GET", {"v1", "silences"}, &Api::silences},
      {"POST", {"v1", "silences"}, &Api::add_silence},
      {"DELETE", {"v1", "silences", "*"}, &Api::end_silence},
      {"GET", {"v1", "sinks"}, &Api::sinks},
      {"POST", {"v1", "sweeps"}, &Api::sweep_now},
      {"POST", {"v1", "symptoms"}, &Api::symptom},
      {"POST", {"v1", "test-alerts"}, &Api::test_alerts},
  };
  return all;
}

net::awaitable<Reply> Api::answer(Request request) {
  std::string allow;
  for (const Route& route : routes()) {
    if (route.path.size() != request.path.size()) continue;
    std::string id;
    bool fits = true;
    for (std::size_t i = 0; i < route.path.size() && fits; ++i) {
      if (route.path[i] == "*")
        id = request.path[i];
      else
        fits = route.path[i] == request.path[i];
    }
    if (!fits) continue;
    if (route.method == request.method) {
      auto step = (this->*route.step)(std::move(request), std::move(id));
      Reply reply = co_await std::move(step);
      co_return reply;
    }
    allow += (allow.empty() ? "" : ", ") + std::string(route.method) + (route.method == "GET" ? ", HEAD" : "");
  }
  Reply reply;
  if (allow.empty()) {
    reply = problem_reply(problem(404, "there is no such route; the OpenAPI file lists them all"));
  } else {
    reply = problem_reply(problem(405, request.method.substr(0, 32) + " is not for this route; it takes " + allow));
    reply.headers.emplace_back("Allow", allow);
  }
  co_return reply;
}

std::optional<Reply> Api::unknown_target(const std::string& name, int status) {
  if (name.empty()) return std::nullopt;
  std::vector<std::string> names;
  for (const auto& t : backend_.view().engine.targets) names.push_back(t.name);
  if (std::find(names.begin(), names.end(), name) != names.end()) return std::nullopt;
  Problem p = problem(status, "there is no target " + name.substr(0, 128), "target");
  p.nearest = closest(name, names);
  if (!p.nearest.empty()) p.detail += "; the nearest is " + p.nearest;
  return problem_reply(p);
}

net::awaitable<Reply> Api::status(Request, std::string) { co_return json_reply(200, view_json(backend_.view())); }

net::awaitable<Reply> Api::target(Request q, std::string id) {
  if (auto unknown = unknown_target(id, 404)) co_return std::move(*unknown);
  std::size_t most = 0;
  const std::string* wanted = q.parameter("history");
  if (wanted) {
    const auto [rest, ec] = std::from_chars(wanted->data(), wanted->data() + wanted->size(), most);
    if (ec != std::errc() || rest != wanted->data() + wanted->size() || most > History::most_sweeps)
      co_return problem_reply(problem(422, "history is a number from 0 to 720", "history"));
  }
  const View view = backend_.view();
  for (const auto& t : view.engine.targets) {
    if (t.name != id) continue;
    json::object body = view_json(t);
    if (wanted) body["history"] = history_.as_json(id, most);
    co_return json_reply(200, body);
  }
  co_return problem_reply(problem(404, "there is no target " + id));
}

net::awaitable<std::vector<IncidentRecord>> Api::all_incidents() {
  std::vector<IncidentRecord> stored = co_await backend_.stored_incidents();
  std::vector<IncidentRecord> all = backend_.view().engine.incidents;
  for (auto& i : stored)
    if (!by_id(all, i.id)) all.push_back(std::move(i));
  std::stable_sort(all.begin(), all.end(), shown_before);
  co_return all;
}

net::awaitable<Reply> Api::incidents(Request q, std::string) {
  const std::string* state = q.parameter("state");
  const std::string* only = q.parameter("target");
  const std::string wanted = state ? *state : "all";
  static const std::vector<std::string> words{"open", "all", "inhibited", "muted", "firing", "recovered", "resolved"};
  if (std::find(words.begin(), words.end(), wanted) == words.end())
    co_return problem_reply(
        problem(422, "state is one of open, all, inhibited, muted, firing, recovered, resolved", "state"));
  if (only)
    if (auto unknown = unknown_target(*only, 404)) co_return std::move(*unknown);
  const std::vector<IncidentRecord> all = co_await all_incidents();
  json::array list;
  for (const auto& i : all) {
    if (only && i.target != *only) continue;
    if (wanted == "all" || (wanted == "open" && i.is_open()) || wanted == to_string(i.state))
      list.push_back(view_json(i, false));
  }
  json::object body;
  body["incidents"] = std::move(list);
  co_return json_reply(200, body);
}

net::awaitable<Reply> Api::incident(Request, std::string asked) {
  const std::vector<IncidentRecord> all = co_await all_incidents();
  const auto id = find_id(ids_of(all), asked, "incident");
  if (const auto* wrong = std::get_if<Problem>(&id)) co_return problem_reply(*wrong);
  IncidentRecord found = *by_id(all, std::get<std::string>(id));
  if (found.timeline.empty()) {
    std::string exact = found.id;
    auto whole = co_await backend_.stored_incident(std::move(exact));
    if (whole) found = std::move(*whole);
  }
  json::object body = view_json(found, true);
  json::object readings;
  const std::pair<const char*, std::uint64_t> stages[] = {
      {"last_good", found.sweeps.last_good}, {"first_bad", found.sweeps.first_bad}, {"at_page", found.sweeps.at_page}};
  for (const auto& [name, number] : stages) {
    readings[name] = nullptr;
    if (number == 0) continue;
    std::string target = found.target;
    const auto sweep = co_await backend_.stored_sweep(std::move(target), number);
    if (sweep) readings[name] = view_json(*sweep);
  }
  json::array now_read;
  for (const auto& t : backend_.view().engine.targets)
    if (t.name == found.target) now_read = list_json(t.reads);
  readings["now"] = std::move(now_read);
  body["readings"] = std::move(readings);
  std::string exact = found.id;
  const std::vector<DeliveryView> alerts = co_await backend_.deliveries(std::move(exact));
  body["alerts"] = list_json(alerts);
  co_return json_reply(200, body);
}

net::awaitable<Reply> Api::snapshots(Request, std::string) {
  const std::vector<SnapshotView> all = co_await backend_.snapshots();
  json::object body;
  body["snapshots"] = list_json(all);
  co_return json_reply(200, body);
}

net::awaitable<Reply> Api::snapshot(Request q, std::string asked) {
  const std::string* form = q.parameter("form");
  if (form && *form != "full" && *form != "public-safe")
    co_return problem_reply(problem(422, "form is full or public-safe", "form"));
  const BundleForm wanted = form && *form == "public-safe" ? BundleForm::public_safe : BundleForm::full;
  const std::vector<SnapshotView> all = co_await backend_.snapshots();
  const auto id = find_id(ids_of(all), asked, "snapshot");
  if (const auto* wrong = std::get_if<Problem>(&id)) co_return problem_reply(*wrong);
  std::string exact = std::get<std::string>(id);
  auto bundle = co_await backend_.bundle(std::move(exact), wanted);
  if (!bundle)
    co_return problem_reply(
        problem(404, "the snapshot " + std::get<std::string>(id) + " is listed, but its file is gone"));
  Reply reply;
  reply.content_type = "application/zstd";
  const std::string tag = "\"" + bundle->sha256 + "\"";
  const std::string name =
      "readback-" + bundle->snapshot.id + (wanted == BundleForm::full ? "" : "-public") + ".tar.zst";
  reply.headers.emplace_back("ETag", tag);
  reply.headers.emplace_back("Repr-Digest", "sha-256=:" + to_base64(from_hex(bundle->sha256).value_or("")) + ":");
  reply.headers.emplace_back("Content-Disposition", "attachment; filename=\"" + name + "\"");
  if (!q.if_none_match.empty() && (q.if_none_match == "*" || q.if_none_match.find(tag) != std::string::npos)) {
    reply.status = 304;
    co_return reply;
  }
  auto source = std::make_shared<BundleSource>(std::move(*bundle));
  if (!source->good()) co_return problem_reply(problem(404, "the snapshot is listed, but its file cannot be opened"));
  reply.length = source->size();
  reply.source = std::move(source);
  co_return reply;
}

net::awaitable<Reply> Api::reads(Request q, std::string) {
  ReadsQuery query;
  const WallTime at = now().wall;
  query.since = at - std::chrono::hours(24);
  if (const std::string* since = q.parameter("since")) {
    const auto back = span_of(*since);
    const auto time = parse_rfc3339(*since);
    if (!back && !time)
      co_return problem_reply(
          problem(422, "since is a time such as 2026-11-23T03:00:00Z or a span such as 24h", "since"));
    query.since = time ? *time : at - *back;
  }
  if (const std::string* until = q.parameter("until")) {
    query.until = parse_rfc3339(*until);
    if (!query.until) co_return problem_reply(problem(422, "until is a time such as 2026-11-23T03:00:00Z", "until"));
  }
  if (const std::string* only = q.parameter("target")) {
    if (auto unknown = unknown_target(*only, 404)) co_return std::move(*unknown);
    query.target = *only;
  }
  ReadsQuery first = query;
  ReadsPage page = co_await backend_.reads(std::move(first));
  if (!page.error.empty()) co_return problem_reply(problem(503, page.error));
  Reply reply;
  reply.content_type = "application/jsonl";
  reply.source = std::make_shared<ReadsSource>(backend_, std::move(query), std::move(page));
  co_return reply;
}

net::awaitable<Reply> Api::events(Request q, std::string) {
  Reply reply;
  reply.content_type = "text/event-stream";
  reply.source = feed_.subscribe(q.last_event_id, true, Seconds(15));
  co_return reply;
}

net::awaitable<Reply> Api::silences(Request, std::string) {
  json::object body;
  body["silences"] = list_json(backend_.view().engine.silences);
  co_return json_reply(200, body);
}

net::awaitable<Reply> Api::sinks(Request, std::string) {
  json::object body;
  body["sinks"] = list_json(backend_.view().daemon.sinks);
  co_return json_reply(200, body);
}

void Api::tell(const Peer& peer, const std::string& what, const Answer& answer) {
  Say line;
  line.level = answer.ok ? Say::Level::info : Say::Level::warning;
  line.kind = answer.ok ? "control.change" : "control.refused";
  line.text = who(peer) + ": " + what + (answer.id.empty() ? "" : " " + answer.id) + ": " + answer.text;
  backend_.say(std::move(line));
  if (!answer.ok) return;
  json::object data;
  data["at"] = to_rfc3339(now().wall);
  data["by"] = clean_utf8(peer.user);
  data["what"] = what;
  data["id"] = answer.id.empty() ? json::value(nullptr) : json::value(json::string(clean_utf8(answer.id)));
  data["text"] = clean_utf8(answer.text);
  feed_.publish("change", data);
}

net::awaitable<Answer> Api::change(Peer peer, std::string what, Event event) {
  Answer answer = co_await backend_.ask(std::move(event));
  tell(peer, what, answer);
  co_return answer;
}

net::awaitable<Reply> Api::sweep_now(Request q, std::string) {
  Members m(q.body);
  const auto target = m.text("target", false);
  if (auto wrong = m.wrong()) co_return std::move(*wrong);
  SweepAsked asked;
  asked.target = target.value_or("");
  if (auto unknown = unknown_target(asked.target, 404)) co_return std::move(*unknown);
  Event event = std::move(asked);
  const Answer a = co_await change(q.peer, "sweep", std::move(event));
  co_return a.ok ? json_reply(202, change_json(a)) : refusal(a);
}

net::awaitable<Reply> Api::capture(Request q, std::string) {
  Members m(q.body);
  const auto target = m.text("target", false);
  const auto reason = m.text("reason", false);
  if (auto wrong = m.wrong()) co_return std::move(*wrong);
  CaptureAsked asked;
  asked.target = target.value_or("");
  asked.reason = reason.value_or("");
  asked.by = q.peer.user;
  if (auto unknown = unknown_target(asked.target, 404)) co_return std::move(*unknown);
  Event event = std::move(asked);
  const Answer a = co_await change(q.peer, "capture", std::move(event));
  if (!a.ok) co_return refusal(a);
  json::object body = change_json(a);
  const std::vector<SnapshotView> all = co_await backend_.snapshots();
  for (const auto& s : all)
    if (s.id == a.id) body["snapshot"] = view_json(s);
  co_return json_reply(201, body);
}

net::awaitable<Reply> Api::symptom(Request q, std::string) {
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
  if (auto unknown = unknown_target(said.target, 404)) co_return std::move(*unknown);
  Event event = std::move(said);
  const Answer a = co_await change(q.peer, "symptom", std::move(event));
  if (!a.ok) co_return refusal(a);
  json::object body = change_json(a);
  const View view = backend_.view();
  if (const auto* i = by_id(view.engine.incidents, a.id)) body["incident"] = view_json(*i, true);
  co_return json_reply(201, body);
}

net::awaitable<Reply> Api::about_incident(Peer peer, std::string what, std::string incident_id, Event event) {
  const Answer a = co_await change(std::move(peer), std::move(what), std::move(event));
  if (!a.ok) co_return refusal(a);
  json::object body = change_json(a);
  const View view = backend_.view();
  if (const auto* i = by_id(view.engine.incidents, incident_id)) body["incident"] = view_json(*i, true);
  co_return json_reply(200, body);
}

net::awaitable<Reply> Api::ack(Request q, std::string asked) {
  Members m(q.body);
  if (auto wrong = m.wrong()) co_return std::move(*wrong);
  const std::vector<IncidentRecord> all = co_await all_incidents();
  const auto id = find_id(ids_of(all), asked, "incident");
  if (const auto* wrong = std::get_if<Problem>(&id)) co_return problem_reply(*wrong);
  Acknowledged said;
  said.incident_id = std::get<std::string>(id);
  said.by = q.peer.user;
  std::string incident_id = said.incident_id;
  Event event = std::move(said);
  Reply reply = co_await about_incident(q.peer, "ack", std::move(incident_id), std::move(event));
  co_return reply;
}

net::awaitable<Reply> Api::verify(Request q, std::string asked) {
  Members m(q.body);
  if (auto wrong = m.wrong()) co_return std::move(*wrong);
  const std::vector<IncidentRecord> all = co_await all_incidents();
  const auto id = find_id(ids_of(all), asked, "incident");
  if (const auto* wrong = std::get_if<Problem>(&id)) co_return problem_reply(*wrong);
  VerifyAsked said;
  said.incident_id = std::get<std::string>(id);
  std::string incident_id = said.incident_id;
  Event event = std::move(said);
  Reply reply = co_await about_incident(q.peer, "verify", std::move(incident_id), std::move(event));
  co_return reply;
}

net::awaitable<Reply> Api::resolve(Request q, std::string asked) {
  Members m(q.body);
  const auto runbook = m.text("runbook", true);
  const auto note = m.text("note", false, 4096);
  if (auto wrong = m.wrong()) co_return std::move(*wrong);
  const std::vector<IncidentRecord> all = co_await all_incidents();
  const auto id = find_id(ids_of(all), asked, "incident");
  if (const auto* wrong = std::get_if<Problem>(&id)) co_return problem_reply(*wrong);
  ResolveAttested said;
  said.incident_id = std::get<std::string>(id);
  said.runbook = *runbook;
  said.note = note.value_or("");
  said.by = q.peer.user;
  std::string incident_id = said.incident_id;
  Event event = std::move(said);
  Reply reply = co_await about_incident(q.peer, "resolve", std::move(incident_id), std::move(event));
  co_return reply;
}

net::awaitable<Reply> Api::add_silence(Request q, std::string) {
  Members m(q.body);
  const auto span = m.text("for", false);
  const auto span_ms = m.number("for_ms");
  const auto until = m.text("until", false);
  const auto target = m.text("target", false);
  const auto boundary = m.text("boundary", false);
  const auto reason = m.text("reason", true);
  SilenceAdded said;
  Silence& s = said.silence;
  s.created_at = now().wall;
  if (span) {
    const auto length = span_of(*span);
    if (!length) m.fail("for", "for is a span such as 90s, 2h or 7d, at most 366d");
    s.expires_at = s.created_at + length.value_or(Millis(0));
  } else if (span_ms) {
    if (*span_ms <= 0 || *span_ms > 366LL * 86'400'000)
      m.fail("for_ms", "for_ms is above 0 and at most 366 days");
    else
      s.expires_at = s.created_at + Millis(*span_ms);
  } else if (until) {
    const auto time = parse_rfc3339(*until);
    if (!time) m.fail("until", "until is a time such as 2026-11-23T03:00:00Z");
    s.expires_at = time.value_or(WallTime{});
  } else {
    m.fail("for", "for, for_ms or until is needed: every silence ends");
  }
  if (s.expires_at <= s.created_at) m.fail(until ? "until" : "for", "a silence must end in the future");
  if (s.expires_at > s.created_at + std::chrono::hours(24 * 366)) m.fail("until", "a silence lasts at most 366 days");
  if (boundary) {
    s.boundary = parse_boundary(*boundary);
    if (!s.boundary) m.fail("boundary", "boundary is one of observer, outage, security, drift, readiness, product");
  }
  if (auto wrong = m.wrong()) co_return std::move(*wrong);
  s.target = target.value_or("");
  s.reason = *reason;
  s.by = q.peer.user;
  if (auto unknown = unknown_target(s.target, 404)) co_return std::move(*unknown);
  Event event = std::move(said);
  const Answer a = co_await change(q.peer, "silence", std::move(event));
  if (!a.ok) co_return refusal(a);
  json::object body = change_json(a);
  const View view = backend_.view();
  for (const auto& one : view.engine.silences)
    if (one.id == a.id) body["silence"] = view_json(one);
  co_return json_reply(201, body);
}

net::awaitable<Reply> Api::end_silence(Request q, std::string asked) {
  const auto id = find_id(ids_of(backend_.view().engine.silences), asked, "silence");
  if (const auto* wrong = std::get_if<Problem>(&id)) co_return problem_reply(*wrong);
  SilenceExpired said;
  said.id = std::get<std::string>(id);
  Event event = std::move(said);
  const Answer a = co_await change(q.peer, "silence expire", std::move(event));
  co_return a.ok ? json_reply(200, change_json(a)) : refusal(a);
}

net::awaitable<Reply> Api::test_alerts(Request q, std::string) {
  Members m(q.body);
  const auto sink = m.text("sink", false);
  if (auto wrong = m.wrong()) co_return std::move(*wrong);
  std::string name = sink.value_or("");
  std::vector<std::string> names;
  for (const auto& s : backend_.view().daemon.sinks) names.push_back(s.name);
  if (!name.empty() && std::find(names.begin(), names.end(), name) == names.end()) {
    Problem p = problem(404, "there is no sink " + name.substr(0, 128), "sink");
    p.nearest = closest(name, names);
    co_return problem_reply(p);
  }
  const TestReport report = co_await backend_.test_alerts(std::move(name));
  if (report.refused) co_return refusal(*report.refused);
  Answer told;
  told.text = "sent a test event to " + std::to_string(report.deliveries.size()) + " sinks";
  tell(q.peer, "test alert", told);
  json::object body;
  json::array list;
  bool all_ok = true;
  for (const auto& d : report.deliveries) {
    json::object one;
    one["sink"] = clean_utf8(d.sink);
    one["type"] = clean_utf8(d.type);
    one["ok"] = d.ok;
    one["status"] = d.status;
    one["detail"] = clean_utf8(d.detail);
    one["took_ms"] = d.took.count();
    all_ok = all_ok && d.ok;
    list.push_back(std::move(one));
  }
  body["ok"] = all_ok;
  body["deliveries"] = std::move(list);
  co_return json_reply(200, body);
}

}  // namespace readback
