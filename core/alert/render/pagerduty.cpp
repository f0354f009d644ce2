// Events API v2: one alert an incident, held together by the key; PagerDuty's limits are those that it publishes.
#include "core/alert/render/parts.hpp"
#include "core/codec/texts.hpp"
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
    case EventKind::test: return "trigger";
  }
  return "trigger";
}

}  // namespace

std::string pagerduty_text(const AlertEvent& e, const std::string& key, const Caps& caps) {
  ObjectText details;
  details.text("event", to_string(e.kind)).raw("sent_at", sent_at_text).append(delayed_mark);
  details.text("event_id", e.id).text("incident", e.incident.id).text("boundary", to_string(e.incident.boundary));
  details.text("extent", to_string(e.incident.extent))
      .text("target", fit(e.incident.target, 1024))
      .text("host", fit(e.host, 1024));
  details.raw("opened_at", optional_time(e.incident.opened_at)).text("symptom", fit(e.incident.symptom, caps.text));
  if (e.incident.first_failure) details.raw("first_failure", first_failure_text(*e.incident.first_failure, caps));
  details.member("why", json_texts(why_of(e, caps))).member("also", also_of(e));
  details.raw("evidence", evidence_text(e, caps)).text("runbook_owner", fit(e.incident.runbook.owner, 1024));
  details.text("next_safe_step", fit(e.incident.next_safe_step, caps.text / 4));

  // PagerDuty refuses an empty summary or source.
  const auto summary =
      cut_characters(fit(e.incident.summary.empty() ? std::string_view("Readback") : e.incident.summary, caps.summary),
                     pagerduty_summary);
  ObjectText payload;
  payload.text("summary", summary).text("source", fit(e.incident.target.empty() ? e.host : e.incident.target, 1024));
  payload.text("severity", to_string(e.incident.severity)).text("timestamp", to_rfc3339(e.at));
  payload.text("component", fit(e.incident.target, 1024))
      .text("group", fit(e.environment, 1024))
      .text("class", to_string(e.incident.boundary));
  payload.raw("custom_details", details.done());

  ObjectText body;
  body.raw("routing_key", std::string("\"") + routing_mark + "\"").text("event_action", pagerduty_action(e.kind));
  body.text("dedup_key", key).raw("payload", payload.done()).text("client", "Readback");
  if (is_web_address(e.incident.runbook.url)) {
    const auto title = e.incident.runbook.title.empty() ? e.incident.runbook.url : e.incident.runbook.title;
    body.raw("links",
             array_text(
                 {ObjectText().text("href", fit(e.incident.runbook.url, 2048)).text("text", fit(title, 1024)).done()}));
  } else {
    body.member("links", json::array());
  }
  return body.done();
}

}  // namespace readback
