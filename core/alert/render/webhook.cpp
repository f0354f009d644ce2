// The event as it is: `readback.alert/v1`, every field of it.
#include "core/alert/render/parts.hpp"
#include "core/text/time.hpp"

namespace readback {

std::string webhook_text(const AlertEvent& e, const std::string& key, const Caps& caps) {
  ObjectText incident;
  incident.text("id", e.incident.id)
      .text("episode", e.incident.episode)
      .text("boundary", to_string(e.incident.boundary));
  incident.text("extent", to_string(e.incident.extent)).text("severity", to_string(e.incident.severity));
  incident.raw("opened_at", optional_time(e.incident.opened_at))
      .raw("confirmed_at", optional_time(e.incident.confirmed_at));
  incident.raw("first_failure",
               e.incident.first_failure ? first_failure_text(*e.incident.first_failure, caps) : "null");
  incident.text("symptom", fit(e.incident.symptom, caps.text));

  ObjectText body;
  body.text("schema", "readback.alert/v1").text("id", e.id).text("event", to_string(e.kind));
  body.raw("sent_at", sent_at_text).append(delayed_mark);
  body.text("dedup_key", key).text("environment", fit(e.environment, 1024)).text("host", fit(e.host, 1024));
  body.text("target", fit(e.incident.target, 1024)).raw("incident", incident.done());
  body.text("summary", fit(e.incident.summary, caps.summary))
      .member("why", to_array(why_of(e, caps)))
      .member("also", also_of(e));
  body.raw("evidence", evidence_text(e, caps)).raw("runbook", runbook_text(e.incident.runbook));
  body.text("next_safe_step", fit(e.incident.next_safe_step, caps.text / 4));
  return body.done();
}

}  // namespace readback
