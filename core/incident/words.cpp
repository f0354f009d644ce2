// Sentences put together from what was found, in the order in which a person on call asks: what, how far, where, why,
// since when.
#include "core/incident/words.hpp"

#include <algorithm>

#include "core/text/time.hpp"
#include "core/text/utf8.hpp"

namespace readback {
namespace {

/// "/health refused", or what the read itself gave as its weightiest reason.
std::string short_why(const Finding& finding, const SweepFacts& facts, const TargetConfig& target) {
  if (finding.blamed.empty()) return finding.why.empty() ? "no reason recorded" : finding.why.front();
  if (finding.blind) return finding.why.front();
  const auto& read = finding.blamed.front();
  for (const auto& s : facts.surfaces) {
    if (s.name != read || s.said.reading != Reading::unreachable || !s.said.fault) continue;
    for (const auto& c : target.surfaces)
      if (c.name == read) return c.path + " " + std::string(to_string(*s.said.fault));
  }
  return finding.why.empty() ? read : finding.why.front();
}

std::string head(const char* word, const IncidentRecord& i) {
  return std::string(word) + " " + std::string(to_string(i.boundary)) + " " + i.target;
}

}  // namespace

std::string bare_reason(const std::string& read, const std::string& reason) {
  for (const std::string& name : {read, std::string(bare_name(read))})
    if (reason.size() > name.size() + 2 && reason.starts_with(name) && reason.compare(name.size(), 2, ": ") == 0)
      return reason.substr(name.size() + 2);
  return reason;
}

std::string page_summary(const Incident& i, const Finding& finding, const SweepFacts& facts, const TargetConfig& target,
                         WallTime since) {
  const std::string counted =
      std::to_string(i.attempts) + " of " + std::to_string(i.attempts) + (finding.check_alone ? " results" : " sweeps");
  return upper(i.record.boundary) + " " + std::string(to_string(i.record.extent)) + " " + i.record.target + ": " +
         cut_bytes(short_why(finding, facts, target), 400) + " since " + to_clock(since) + " (" + counted + ")";
}

std::string recovered_summary(const Incident& i, WallTime now) {
  const std::string n = std::to_string(i.passes);
  return head("RECOVERED", i.record) + " after " + humanize(now - i.record.opened_at) + ": " + n + " of " + n +
         " sweeps pass; being verified";
}

std::string resolved_summary(const IncidentRecord& i, WallTime resolved_at, const std::string& why) {
  return head("RESOLVED", i) + " after " + humanize(resolved_at - i.opened_at) + ": " + why;
}

std::string why_resolved(bool attested) {
  return attested ? "the six conditions hold" : "the conditions hold; which runbook was used, nobody has said";
}

std::string intermittent_summary(const Incident& i, int bad_sweeps) {
  return head("INTERMITTENT", i.record) + ": " + std::to_string(bad_sweeps) + " of the last " +
         std::to_string(FlapWindow::sweeps) + " sweeps were bad";
}

}  // namespace readback
