// The event as it is: `readback.alert/v1`. What it tells of the incident are the incident's own fields, under the names
// that everything else shows them by.
#include "core/alert/render/parts.hpp"
#include "core/codec/view_json.hpp"

namespace readback {

std::string webhook_text(const AlertEvent& e, const std::string& key, const Caps& caps) {
  const auto shown =
      view_json(fitted(e, caps),
                {"target", "id", "episode", "boundary", "extent", "severity", "opened_at", "confirmed_at",
                 "first_failure", "symptom", "summary", "why", "also", "runbook", "next_safe_step"},
                EmptyTexts::stay);
  ObjectText body;
  body.text("schema", "readback.alert/v1").text("id", e.id).text("event", to_string(e.kind));
  body.raw("sent_at", sent_at_text).append(delayed_mark);
  body.text("dedup_key", key).text("environment", fit(e.environment, 1024)).text("host", fit(e.host, 1024));
  body.member("target", shown.at("target"));
  body.member("incident", pick(shown, {"id", "episode", "boundary", "extent", "severity", "opened_at", "confirmed_at",
                                       "first_failure", "symptom"}));
  for (const char* name : {"summary", "why", "also"}) body.member(name, shown.at(name));
  body.raw("evidence", evidence_text(e, caps));
  for (const char* name : {"runbook", "next_safe_step"}) body.member(name, shown.at(name));
  if (!e.url.empty()) body.text("url", fit(e.url, 2048));
  if (e.group) body.raw("group", group_text(*e.group));
  if (e.fleet) body.raw("fleet", fleet_text(*e.fleet));
  return body.done();
}

}  // namespace readback
