#include "core/model/view_json.hpp"

#include <algorithm>
#include <boost/json/value.hpp>

#include "core/text/time.hpp"
#include "core/text/utf8.hpp"

namespace readback {

namespace json = boost::json;

namespace {

json::string text(std::string_view s) {
  const std::string valid = clean_utf8(s);
  return json::string(std::string_view(valid));
}

/// The epoch means that it never happened: no event of ours lies there.
json::value time_or_null(WallTime t) {
  if (t == WallTime{}) return nullptr;
  return json::value(json::string(to_rfc3339(t)));
}
json::value time_or_null(const std::optional<WallTime>& t) { return t ? time_or_null(*t) : json::value(nullptr); }

json::value us_or_null(std::int64_t us) { return us < 0 ? json::value(nullptr) : json::value(us); }

json::value text_or_null(std::string_view s) { return s.empty() ? json::value(nullptr) : json::value(text(s)); }

json::array texts(const std::vector<std::string>& list) {
  json::array out;
  for (const auto& s : list) out.emplace_back(text(s));
  return out;
}

json::array words(const std::vector<Boundary>& list) {
  json::array out;
  for (Boundary b : list) out.emplace_back(to_string(b));
  return out;
}

int rank(const Loudness& l) {
  if (l.word == "critical") return 4;
  if (l.word == "error") return 3;
  if (l.word == "unknown") return 2;
  return l.word == "warning" ? 1 : 0;
}

Loudness worse(Loudness a, Loudness b) { return rank(b) > rank(a) ? b : a; }

Loudness loudness_of(Severity s) {
  switch (s) {
    case Severity::info:
    case Severity::warning: return {"warning", 1};
    case Severity::error: return {"error", 2};
    case Severity::critical: return {"critical", 2};
  }
  return {"unknown", 3};
}

}  // namespace

Loudness loudness_of(const TargetView& target) {
  if (target.severity) return loudness_of(*target.severity);
  if (target.primary == "green") return {"green", 0};
  return {"unknown", 3};
}

std::vector<std::string> own_troubles(const DaemonView& daemon) {
  std::vector<std::string> out;
  if (!daemon.store_ok) out.push_back("the store cannot be written: " + daemon.store_error);
  for (const auto& sink : daemon.sinks) {
    if (sink.state == "broken") out.push_back("sink " + sink.name + " is broken: " + sink.detail);
    if (sink.state == "off") out.push_back("sink " + sink.name + " is off: " + sink.detail);
  }
  if (!daemon.reload_ok)
    out.push_back("the last reload was refused, the old configuration is in force: " + daemon.reload_error);
  return out;
}

Loudness loudness_of(const View& view) {
  Loudness out{"green", 0};
  if (view.engine.targets.empty()) out = {"unknown", 3};
  for (const auto& target : view.engine.targets) out = worse(out, loudness_of(target));
  if (!view.daemon.reload_ok) out = worse(out, {"warning", 1});
  const auto lost = [](const SinkView& s) { return s.state == "broken" || s.state == "off"; };
  if (!view.daemon.store_ok || std::any_of(view.daemon.sinks.begin(), view.daemon.sinks.end(), lost))
    out = worse(out, {"error", 2});
  return out;
}

bool is_open(const IncidentView& incident) { return incident.state != IncidentState::resolved; }

bool shown_before(const IncidentView& a, const IncidentView& b) {
  const auto rank = [](const IncidentView& i) {
    switch (i.state) {
      case IncidentState::firing: return 0;
      case IncidentState::recovered: return 1;
      case IncidentState::muted: return 2;
      case IncidentState::inhibited: return 3;
      case IncidentState::resolved: return 4;
    }
    return 4;
  };
  if (rank(a) != rank(b)) return rank(a) < rank(b);
  if (is_open(a) && a.severity != b.severity) return a.severity > b.severity;
  return a.opened_at > b.opened_at;
}

bool conditions_hold(const IncidentView& incident) {
  return !incident.conditions.empty() && std::all_of(incident.conditions.begin(), incident.conditions.end(),
                                                     [](const ConditionState& c) { return c.holds(); });
}

json::object view_json(const View& view) {
  const Loudness loud = loudness_of(view);
  json::object out;
  out["schema"] = "readback.status/v1";
  out["at"] = time_or_null(view.at);
  out["status"] = loud.word;
  out["exit"] = loud.exit;
  auto troubles = own_troubles(view.daemon);
  for (const auto& note : view.daemon.store_notes) troubles.push_back("since the start: " + note);
  out["troubles"] = texts(troubles);
  out["daemon"] = view_json(view.daemon);
  json::array targets, incidents, silences, sinks;
  for (const auto& t : view.engine.targets) targets.push_back(view_json(t));
  for (const auto& i : view.engine.incidents)
    if (is_open(i)) incidents.push_back(view_json(i, false));
  for (const auto& s : view.engine.silences) silences.push_back(view_json(s));
  for (const auto& s : view.daemon.sinks) sinks.push_back(view_json(s));
  out["targets"] = std::move(targets);
  out["incidents"] = std::move(incidents);
  out["silences"] = std::move(silences);
  out["sinks"] = std::move(sinks);
  return out;
}

json::object view_json(const DaemonView& d) {
  json::object out;
  out["version"] = text(d.version);
  out["host"] = text(d.host);
  out["environment"] = text(d.environment);
  out["pid"] = d.pid;
  out["started_at"] = time_or_null(d.started_at);
  out["config_path"] = text(d.config_path);
  out["config_digest"] = text(d.config_digest);
  out["last_reload_at"] = time_or_null(d.last_reload_at);
  out["reload_ok"] = d.reload_ok;
  out["reload_error"] = text_or_null(d.reload_error);
  out["store_ok"] = d.store_ok;
  out["store_error"] = text_or_null(d.store_error);
  out["store_bytes"] = d.store_bytes;
  out["snapshots"] = d.snapshots;
  out["sweeps_total"] = d.sweeps_total;
  out["lag_ms"] = d.lag.count();
  out["log_overruns"] = d.log_overruns;
  out["sandbox"] = text(d.sandbox);
  out["sandbox_complete"] = d.sandbox_complete;
  out["heartbeat_at"] = time_or_null(d.heartbeat_at);
  return out;
}

json::object view_json(const TargetView& t) {
  const Loudness loud = loudness_of(t);
  json::object out;
  out["name"] = text(t.name);
  out["base_url"] = text(shown_address(t.base_url));
  out["status"] = loud.word;
  out["exit"] = loud.exit;
  out["primary"] = text(t.primary);
  out["extent"] = text_or_null(t.extent);
  out["severity"] = t.severity ? json::value(to_string(*t.severity)) : json::value(nullptr);
  out["also"] = texts(t.also);
  out["holding"] = words(t.holding);
  out["text"] = text(t.text);
  out["sweep"] = t.sweep;
  out["last_sweep_at"] = time_or_null(t.last_sweep_at);
  out["next_sweep_at"] = time_or_null(t.next_sweep_at);
  out["green_since"] = time_or_null(t.green_since);
  out["blind_since"] = time_or_null(t.blind_since);
  out["void_reason"] = text_or_null(t.void_reason);
  out["suspected"] = t.suspected;
  out["in_maintenance"] = t.in_maintenance;
  out["open_incidents"] = texts(t.open_incidents);
  out["sweeps_total"] = t.sweeps_total;
  out["sweeps_void"] = t.sweeps_void;
  out["checks_total"] = t.checks_total;
  json::array reads;
  for (const auto& r : t.reads) reads.push_back(view_json(r));
  out["reads"] = std::move(reads);
  return out;
}

json::object view_json(const ReadView& r) {
  json::object out;
  out["name"] = text(r.name);
  out["kind"] = text(r.kind);
  out["role"] = text_or_null(r.role);
  out["word"] = text(r.word);
  out["green"] = r.green;
  out["stale"] = r.stale;
  out["contradictory"] = r.contradictory;
  out["at"] = time_or_null(r.at);
  out["since"] = time_or_null(r.since);
  out["took_ms"] = r.took.count();
  json::object phases;
  phases["dns_us"] = us_or_null(r.phases.dns_us);
  phases["connect_us"] = us_or_null(r.phases.connect_us);
  phases["tls_us"] = us_or_null(r.phases.tls_us);
  phases["first_byte_us"] = us_or_null(r.phases.first_byte_us);
  phases["total_us"] = us_or_null(r.phases.total_us);
  out["phases"] = std::move(phases);
  out["version"] = text_or_null(r.version);
  out["address"] = text_or_null(r.address);
  out["as_of"] = time_or_null(r.as_of);
  out["tls_expires_at"] = time_or_null(r.tls_expires_at);
  out["reasons"] = texts(r.reasons);
  return out;
}

json::object view_json(const IncidentView& i, bool details) {
  json::object out;
  out["id"] = text(i.id);
  out["episode"] = text(i.episode_id);
  out["target"] = text(i.target);
  out["boundary"] = to_string(i.boundary);
  out["extent"] = to_string(i.extent);
  out["severity"] = to_string(i.severity);
  out["state"] = to_string(i.state);
  out["open"] = is_open(i);
  out["declared"] = i.declared;
  out["opened_at"] = time_or_null(i.opened_at);
  out["confirmed_at"] = time_or_null(i.confirmed_at);
  out["paged_at"] = time_or_null(i.paged_at);
  out["recovered_at"] = time_or_null(i.recovered_at);
  out["resolved_at"] = time_or_null(i.resolved_at);
  out["acknowledged_at"] = time_or_null(i.acknowledged_at);
  out["acknowledged_by"] = text_or_null(i.acknowledged_by);
  json::value first = nullptr;
  if (i.first_failure) {
    json::object& f = first.emplace_object();
    f["read"] = text(i.first_failure->read);
    f["at"] = time_or_null(i.first_failure->at);
    f["reason"] = text(i.first_failure->reason);
  }
  out["first_failure"] = std::move(first);
  out["symptom"] = text_or_null(i.symptom);
  out["exposed_by"] = text_or_null(i.exposed_by);
  out["summary"] = text(i.summary);
  out["why"] = texts(i.why);
  out["also"] = words(i.also);
  json::value evidence = nullptr;
  if (!i.snapshot_id.empty()) {
    json::object& e = evidence.emplace_object();
    e["snapshot"] = text(i.snapshot_id);
    e["sha256"] = text_or_null(i.snapshot_sha256);
    e["pull"] = text("readback snapshot pull " + i.snapshot_id);
  }
  out["evidence"] = std::move(evidence);
  json::object runbook;
  runbook["title"] = text(i.runbook.title);
  runbook["url"] = text(i.runbook.url);
  runbook["owner"] = text(i.runbook.owner);
  out["runbook"] = std::move(runbook);
  out["next_safe_step"] = text(i.next_safe_step);
  out["dedup_base"] = text(i.dedup_base);
  out["conditions_hold"] = conditions_hold(i);
  json::array conditions;
  for (const auto& c : i.conditions) {
    json::object one;
    one["number"] = c.number;
    one["title"] = text(c.title);
    one["state"] = to_string(c.state);
    one["by"] = text_or_null(c.by);
    one["at"] = time_or_null(c.at);
    conditions.push_back(std::move(one));
  }
  out["conditions"] = std::move(conditions);
  json::object sweeps;
  sweeps["last_good"] = i.last_good;
  sweeps["first_bad"] = i.first_bad;
  sweeps["at_page"] = i.at_page;
  out["sweeps"] = std::move(sweeps);
  if (details) {
    json::array timeline;
    for (const auto& e : i.timeline) {
      json::object one;
      one["at"] = time_or_null(e.at);
      one["kind"] = text(e.kind);
      one["text"] = text(e.text);
      timeline.push_back(std::move(one));
    }
    out["timeline"] = std::move(timeline);
  }
  return out;
}

json::object view_json(const Silence& s) {
  json::object out;
  out["id"] = text(s.id);
  out["target"] = text_or_null(s.target);
  out["boundary"] = s.boundary ? json::value(to_string(*s.boundary)) : json::value(nullptr);
  out["reason"] = text(s.reason);
  out["by"] = text(s.by);
  out["created_at"] = time_or_null(s.created_at);
  out["expires_at"] = time_or_null(s.expires_at);
  return out;
}

json::object view_json(const SinkView& s) {
  json::object out;
  out["name"] = text(s.name);
  out["type"] = text(s.type);
  out["state"] = text(s.state);
  out["detail"] = text_or_null(s.detail);
  out["depth"] = s.depth;
  out["delivered"] = s.delivered;
  out["failed"] = s.failed;
  out["dead"] = s.dead;
  out["oldest_at"] = time_or_null(s.oldest_at);
  out["last_attempt_at"] = time_or_null(s.last_attempt_at);
  out["last_success_at"] = time_or_null(s.last_success_at);
  out["next_attempt_at"] = time_or_null(s.next_attempt_at);
  return out;
}

json::object view_json(const SnapshotView& s) {
  json::object out;
  out["id"] = text(s.id);
  out["incident"] = text_or_null(s.incident_id);
  out["target"] = text_or_null(s.target);
  out["reason"] = text(s.reason);
  out["boundary"] = text_or_null(s.boundary);
  out["extent"] = text_or_null(s.extent);
  out["at"] = time_or_null(s.at);
  out["size"] = s.size;
  out["sha256"] = text(s.sha256);
  out["previous"] = text_or_null(s.previous);
  return out;
}

json::object view_json(const DeliveryView& d) {
  json::object out;
  out["at"] = time_or_null(d.at);
  out["event"] = text(d.event);
  out["sink"] = text(d.sink);
  out["state"] = text(d.state);
  out["answer"] = text_or_null(d.answer);
  out["attempts"] = d.attempts;
  out["done_at"] = time_or_null(d.done_at);
  return out;
}

json::object view_json(const SweepRecord& s) {
  json::object out;
  out["target"] = text(s.target);
  out["sweep"] = s.sweep;
  out["at"] = time_or_null(s.at);
  out["primary"] = text(s.primary);
  out["extent"] = text_or_null(s.extent);
  out["also"] = texts(s.also);
  out["void_reason"] = text_or_null(s.void_reason);
  json::array reads;
  for (const auto& r : s.reads) {
    json::object one;
    one["name"] = text(r.raw.read);
    one["word"] = text(r.word);
    one["green"] = r.green;
    one["stale"] = r.stale;
    one["contradictory"] = r.contradictory;
    one["at"] = time_or_null(r.raw.at);
    one["took_ms"] = r.raw.took.count();
    one["reasons"] = texts(r.reasons);
    reads.push_back(std::move(one));
  }
  out["reads"] = std::move(reads);
  return out;
}

std::string shown_address(std::string_view url) {
  const auto cut = url.find_first_of("?#");
  std::string out(url.substr(0, cut));
  const auto scheme = out.find("://");
  if (scheme == std::string::npos) return out;
  const auto begin = scheme + 3;
  const auto end = std::min(out.find('/', begin), out.size());
  const auto at = out.rfind('@', end);
  if (at != std::string::npos && at >= begin && at < end) out.erase(begin, at + 1 - begin);
  return out;
}

}  // namespace readback
