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
  if (sink.dedup_scope == DedupScope::host) labels.text("host", fit(e.host, 1024));
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
  return ObjectText()
      .raw("labels", labels)
      .raw("annotations", notes.done())
      .text("startsAt", to_rfc3339(starts))
      .done();
}

/// Alertmanager takes an alert as resolved when its end is not in the future.
std::string ended(std::string alert, WallTime end) {
  alert.insert(alert.size() - 1, ",\"endsAt\":" + quoted(to_rfc3339(end)));
  return alert;
}

}  // namespace

Rendered render_alertmanager(const SinkConfig& sink, const AlertEvent& e, const std::vector<OpenAlert>& open) {
  Rendered r;
  const auto labels = alert_labels(sink, e);
  r.key = labels.size() <= key_limit ? labels : "labels-" + sha256_hex(labels);
  if (e.kind == EventKind::resolved) {
    std::vector<RepeatedAlert> all;
    for (const auto& was : open) all.push_back({was.body, e.at});
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

}  // namespace readback
