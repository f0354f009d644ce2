// Sentences put together from what was found, in the order in which a person on call asks: what, how far, where, why,
// since when.
#include "core/incident/words.hpp"

#include <algorithm>

#include "core/text/time.hpp"
#include "core/text/utf8.hpp"

namespace readback {
namespace {

/// How far it reaches, where that says something: a readiness that fails in all its surfaces is not "everything".
std::string extent_shown(const IncidentRecord& i) {
  const bool reach = i.boundary == Boundary::outage || i.boundary == Boundary::product;
  if (!reach && i.extent != Extent::intermittent && i.extent != Extent::stale) return "";
  return std::string(to_string(i.extent)) + " ";
}

std::string head(const char* word, const IncidentRecord& i) {
  return std::string(word) + " " + std::string(to_string(i.boundary)) + " " + i.target;
}

}  // namespace

std::string page_summary(const Incident& i, const Finding& finding, WallTime since, const std::string& worse) {
  const std::string counted =
      std::to_string(i.attempts) + " of " + std::to_string(i.attempts) + (finding.check_alone ? " results" : " sweeps");
  const std::string cause = finding.headline.empty() ? "no reason recorded" : finding.headline;
  return upper(i.record.boundary) + " " + extent_shown(i.record) + i.record.target + ": " +
         (worse.empty() ? "" : worse + ": ") + cut_bytes(cause, 400) + " since " + to_clock(since) + " (" + counted +
         ")";
}

std::string what_became_worse(const IncidentRecord& before, const IncidentRecord& now) {
  std::string worse;
  const auto add = [&](std::string_view to, std::string_view from) {
    worse += (worse.empty() ? "now " : ", ") + std::string(to) + " (was " + std::string(from) + ")";
  };
  if (now.extent != before.extent) add(to_string(now.extent), to_string(before.extent));
  if (now.severity != before.severity) add(to_string(now.severity), to_string(before.severity));
  return worse;
}

std::string recovered_summary(const Incident& i, MonoTime now) {
  const std::string n = std::to_string(i.passes);
  return head("RECOVERED", i.record) + " after " + humanize(now - i.opened) + ": " + n + " of " + n +
         " sweeps pass; being verified";
}

std::string resolved_summary(const Incident& i, MonoTime now, const std::string& why) {
  return head("RESOLVED", i.record) + " after " + humanize(now - i.opened) + (why.empty() ? "" : ": " + why);
}

void tell_delay(IncidentRecord& told, Millis held_back) {
  told.summary += ", held back for " + humanize(held_back);
  told.why.push_back("a silence or a maintenance window held this page back for " + humanize(held_back));
}

void turn_into_good_news(IncidentRecord& told, const std::string& page) {
  told.why.clear();
  if (!page.empty()) told.why.push_back("was: " + page);
  if (told.acknowledged_at) told.why.push_back("acknowledged by " + someone(told.acknowledged_by));
  const bool unattested = std::any_of(told.conditions.begin(), told.conditions.end(), [](const ConditionState& c) {
    return c.state == ConditionState::State::unattested;
  });
  const bool over = told.resolved_at.has_value();
  told.next_safe_step = !over ? "Nothing yet: everything is read again, and it closes when the six conditions hold."
                        : unattested ? "If a runbook helped, say which: readback resolve " + told.id + " --runbook …"
                                     : "";
}

std::string call_summary(const Incident& i, MonoTime now) {
  return "NOT ACKNOWLEDGED for " + humanize(i.waited_since_page(now)) + ": " + i.record.summary;
}

std::string intermittent_summary(const Incident& i, int bad_sweeps) {
  return head("INTERMITTENT", i.record) + ": " + std::to_string(bad_sweeps) + " of the last " +
         std::to_string(FlapWindow::sweeps) + " sweeps were bad";
}

}  // namespace readback
