// Alerts as Alertmanager's API v2 takes them: the labels say which alert it is, everything that may change is in its
// annotations. It is repeated as it was opened, so the alert is kept beside the body.
#include "core/alert/render/parts.hpp"
#include "core/text/encoding.hpp"
#include "core/text/time.hpp"

namespace readback {
namespace {

std::string alert_name(const AlertEvent& e) {
  if (e.kind == EventKind::test) return "ReadbackTest";
  std::string word(to_string(e.incident.boundary));
  word[0] = static_cast<char>(word[0] - 'a' + 'A');
  return "Readback" + word;
}

std::string alert_labels(const SinkConfig& sink, const AlertEvent& e) {
  ObjectText labels;
  labels.text("alertname", alert_name(e))
      .text("environment", fit(e.environment, 1024))
      .text("target", fit(e.incident.target, 1024));
  labels.text("boundary", to_string(e.incident.boundary)).text("severity", to_string(e.incident.severity));
  if (sink.dedup_scope == DedupScope::host || e.is_of_host) labels.text("host", fit(e.host, 1024));
  return labels.done();
}

std::string alert_object(const std::string& labels, const AlertEvent& e, const Caps& caps) {
  std::string description;
  for (const auto& reason : why_of(e, caps)) description += (description.empty() ? "" : "\n") + reason;
  ObjectText notes;
  notes.text("summary", fit(e.incident.summary, caps.summary)).text("description", description);
  notes.text("runbook_url", fit(e.incident.runbook.url, 2048))
      .text("runbook_owner", fit(e.incident.runbook.owner, 1024));
  notes.text("extent", to_string(e.incident.extent))
      .text("symptom", fit(e.incident.symptom, caps.text))
      .text("event", to_string(e.kind));
  notes.text("incident", e.incident.id).text("next_safe_step", fit(e.incident.next_safe_step, caps.text / 4));
  if (!e.incident.evidence.snapshot.empty())
    notes.text("evidence", "readback snapshot pull " + e.incident.evidence.snapshot)
        .text("sha256", e.incident.evidence.sha256);
  const auto starts = e.incident.confirmed_at != WallTime{} ? e.incident.confirmed_at : e.at;
  ObjectText alert;
  alert.raw("labels", labels).raw("annotations", notes.done()).text("startsAt", to_rfc3339(starts));
  if (!e.url.empty()) alert.text("generatorURL", fit(e.url, 2048));
  return alert.done();
}

std::optional<WallTime> time_in(const json::object& alert, std::string_view name) {
  const auto* text = alert.if_contains(name);
  return text && text->is_string() ? parse_rfc3339(text->get_string()) : std::nullopt;
}

void set_time(json::object& alert, std::string_view name, WallTime at) { alert[name] = json::string(to_rfc3339(at)); }
/// Not behind this moment. True: it was.
bool bring_forward(json::object& alert, std::string_view name, WallTime latest) {
  const auto told = time_in(alert, name);
  if (!told || *told <= latest) return false;
  set_time(alert, name, latest);
  return true;
}

/// Alertmanager refuses an alert that ends before it starts, or at that very moment. The start gives way: a later end
/// would lie in the future, and what ends in the future still fires.
bool start_before_end(json::object& alert) {
  const auto ends = time_in(alert, "endsAt");
  return ends && bring_forward(alert, "startsAt", *ends - Millis(1));
}

/// Alertmanager takes an alert as resolved when its end is not in the future.
std::string ended(const std::string& alert, WallTime end) {
  auto shown = json::parse(alert).as_object();
  set_time(shown, "endsAt", end);
  start_before_end(shown);
  return json::serialize(shown);
}

bool is_test(const json::object& alert) {
  const auto* notes = alert.if_contains("annotations");
  const auto* event = notes && notes->is_object() ? notes->get_object().if_contains("event") : nullptr;
  return event && event->is_string() && event->get_string() == to_string(EventKind::test);
}

}  // namespace

Rendered render_alertmanager(const SinkConfig& sink, const AlertEvent& e, const std::vector<OpenAlert>& open) {
  Rendered r;
  const auto labels = alert_labels(sink, e);
  r.key = labels.size() <= key_limit ? labels : "labels-" + sha256_hex(labels);
  if (e.kind == EventKind::resolved) {
    std::vector<RepeatedAlert> all;
    for (const auto& was : open) all.push_back({was.body, e.at});
    // In a fleet another host may have opened it: under the same labels, as they follow from what it is.
    if (open.empty() && e.fleet) all.push_back({alert_object(labels, e, minimal_caps), e.at});
    r.body = alertmanager_body(all);
    r.minimal_body = r.body;
    if (!open.empty()) r.key = open.front().key;
    return r;
  }
  Caps caps;
  auto alert = alert_object(labels, e, caps);
  while (alert.size() > body_limit / 4) {
    caps = caps.half();
    alert = alert_object(labels, e, caps);
  }
  auto small = alert_object(labels, e, minimal_caps);
  std::vector<std::string> ends;
  for (const auto& was : open)  // the severity is a label: with another one the old alert ends where the new one begins
    if (was.key != r.key) ends.push_back(ended(was.body, e.at));
  if (e.kind == EventKind::test) {
    alert = ended(alert, e.at + std::chrono::minutes(1));
    small = ended(small, e.at + std::chrono::minutes(1));
  }
  r.opened_body = alert;
  ends.push_back(alert);
  r.body = array_text(ends);
  ends.back() = small;
  r.minimal_body = array_text(ends);
  return r;
}

std::string alertmanager_body(const std::vector<RepeatedAlert>& alerts) {
  std::vector<std::string> all;
  for (const auto& alert : alerts) all.push_back(alert.ended ? ended(alert.body, *alert.ended) : alert.body);
  return array_text(all);
}

std::string alertmanager_in_order(const std::string& body, WallTime sent_at) {
  boost::system::error_code not_ours;
  auto alerts = json::parse(body, not_ours);
  if (not_ours || !alerts.is_array()) return body;
  bool changed = false;
  for (auto& each : alerts.get_array()) {
    auto* alert = each.if_object();
    if (!alert || is_test(*alert)) continue;  // a test ends by itself a minute ahead
    for (const char* name : {"endsAt", "startsAt"}) changed = bring_forward(*alert, name, sent_at) || changed;
    changed = start_before_end(*alert) || changed;
  }
  return changed ? json::serialize(alerts) : body;
}

}  // namespace readback
