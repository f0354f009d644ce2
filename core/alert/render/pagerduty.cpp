// Events API v2: one alert an incident, held together by the key; PagerDuty's limits are those that it publishes.
#include "core/alert/render/parts.hpp"
#include "core/codec/view_json.hpp"
#include "core/text/time.hpp"
#include "core/text/utf8.hpp"

namespace readback {
namespace {

constexpr std::size_t pagerduty_summary = 1024;  // characters

/// Reminders and escalations trigger again with the same key: PagerDuty then updates the open alert instead of making
/// one.
std::string_view pagerduty_action(EventKind kind) {
  switch (kind) {
    case EventKind::acknowledged: return "acknowledge";
    case EventKind::resolved: return "resolve";
    case EventKind::firing:
    case EventKind::escalated:
    case EventKind::reminder:
    case EventKind::intermittent:
    case EventKind::recovered:
    case EventKind::relapsed:
    case EventKind::test:
    case EventKind::silence_begins:
    case EventKind::silence_ends: return "trigger";
  }
  return "trigger";
}

}  // namespace

std::string pagerduty_text(const AlertEvent& e, const std::string& key, const Caps& caps) {
  const IncidentRecord incident = fitted(e, caps);
  const auto shown = view_json(incident, {"boundary", "extent", "target", "opened_at", "first_failure", "why", "also"},
                               EmptyTexts::stay);
  const auto host = fit(e.host, 1024);
  ObjectText details;
  details.text("event", to_string(e.kind)).raw("sent_at", sent_at_text).append(delayed_mark);
  details.text("event_id", e.id).text("incident", incident.id);
  for (const char* name : {"boundary", "extent", "target"}) details.member(name, shown.at(name));
  details.text("host", host).member("opened_at", shown.at("opened_at")).text("symptom", incident.symptom);
  if (incident.first_failure) details.member("first_failure", shown.at("first_failure"));
  details.member("why", shown.at("why")).member("also", shown.at("also"));
  details.raw("evidence", evidence_text(e, caps)).text("runbook_owner", incident.runbook.owner);
  details.text("next_safe_step", incident.next_safe_step);
  if (e.fleet) details.raw("fleet", fleet_text(*e.fleet));

  // PagerDuty refuses an empty summary or source.
  const auto summary = incident.summary.empty() ? "Readback" : cut_characters(incident.summary, pagerduty_summary);
  ObjectText payload;
  payload.text("summary", summary).text("source", incident.target.empty() ? host : incident.target);
  payload.text("severity", to_string(incident.severity)).text("timestamp", to_rfc3339(e.at));
  payload.text("component", incident.target)
      .text("group", fit(e.environment, 1024))
      .text("class", to_string(incident.boundary));
  payload.raw("custom_details", details.done());

  ObjectText body;
  body.raw("routing_key", std::string("\"") + routing_mark + "\"").text("event_action", pagerduty_action(e.kind));
  body.text("dedup_key", key).raw("payload", payload.done()).text("client", "Readback");
  if (!e.url.empty()) body.text("client_url", fit(e.url, 2048));
  const auto& runbook = incident.runbook;
  std::vector<std::string> links;
  if (is_web_address(runbook.url))
    links.push_back(ObjectText()
                        .text("href", runbook.url)
                        .text("text", runbook.title.empty() ? fit(runbook.url, 1024) : runbook.title)
                        .done());
  if (!e.url.empty())
    links.push_back(ObjectText().text("href", fit(e.url, 2048)).text("text", "Open in Readback").done());
  body.raw("links", array_text(links));
  return body.done();
}

}  // namespace readback
