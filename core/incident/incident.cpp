// The verbs of one incident, and the ledger of its six conditions.
#include "core/incident/incident.hpp"

#include "core/incident/words.hpp"
#include "core/text/words.hpp"

namespace readback {
namespace {

using S = ConditionState::State;

ConditionState condition(int number, std::string title, S state, std::string by = "",
                         std::optional<WallTime> at = std::nullopt) {
  return {number, std::move(title), state, std::move(by), at};
}

std::string words_of(const Attestation& word) {
  return someone(word.by) + " used " + word.runbook + (word.note.empty() ? "" : ": " + word.note);
}

void add_to_timeline(IncidentRecord& record, WallTime at, std::string kind, std::string text) {
  constexpr std::size_t most = 200;  // a flapping incident of a month must not grow without bound
  if (record.timeline.size() >= most) record.timeline.erase(record.timeline.begin() + most / 4);
  record.timeline.push_back({at, std::move(kind), std::move(text)});
}

std::vector<std::string> missing_from(const std::set<std::string>& have, const std::vector<std::string>& want) {
  std::vector<std::string> missing;
  for (const auto& name : want)
    if (!have.contains(name)) missing.push_back(name);
  return missing;
}

ConditionState same_sequence_green(const Incident& i, const ProofRules& rules) {
  const std::string title = "the same verification sequence is green after recovery";
  auto want = rules.surfaces;
  want.insert(want.end(), rules.checks.begin(), rules.checks.end());
  if (!i.recovered) return condition(5, title, S::unmet, "not recovered yet");
  if (!i.green_since) return condition(5, title, S::unmet, "the target is not green");
  const auto missing = missing_from(i.verified, want);
  if (!missing.empty()) return condition(5, title, S::unmet, "not read again yet: " + joined(missing));
  return condition(5, title, S::met, "every surface and check read again, green", i.verified_at);
}

ConditionState failing_path_works(const Incident& i, const ProofRules& rules) {
  const std::string title = "one representative failing path works again";
  if (rules.paths.empty())
    return i.attested ? condition(6, title, S::met, "attested by " + i.attested_by, i.attested_at)
                      : condition(6, title, S::not_applicable, "no path is configured");
  std::vector<std::string> want;
  for (const auto& path : i.failed_paths) want.push_back("path:" + path);
  if (want.empty()) want = rules.paths;  // none failed: then all of them show that users are served
  if (!i.recovered) return condition(6, title, S::unmet, "not recovered yet");
  const auto missing = missing_from(i.verified, want);
  if (!missing.empty()) return condition(6, title, S::unmet, "not green since the recovery: " + joined(missing));
  return condition(6, title, S::met, joined(want) + " pass again", i.verified_at);
}

}  // namespace

std::string someone(const std::string& by) { return by.empty() ? "an operator" : by; }

IncidentRecord Incident::as_sealed(IncidentRecord shown, WallTime at) const {
  if (saw_green) return shown;
  for (auto& c : shown.conditions)
    if (c.number == 2 && c.state == S::unmet) c = condition(2, c.title, S::met, "this snapshot", at);
  return shown;
}

void Incident::note(WallTime at, std::string kind, std::string text) {
  add_to_timeline(record, at, std::move(kind), std::move(text));
}

void Incident::record_symptom(const Symptom& said, WallTime at) {
  record.symptom = said.text;
  symptom_by = someone(said.by);
  symptom_at = at;
  if (!said.exposed_by.empty()) record.exposed_by = said.exposed_by;
  if (said.extent && record.declared) record.extent = *said.extent;
  note(at, "symptom",
       symptom_by + ": " + said.text + (said.extent ? " (seen as " + std::string(to_string(*said.extent)) + ")" : "") +
           (said.exposed_by.empty() ? "" : " (exposed by " + said.exposed_by + ")"));
}

void Incident::acknowledge(const std::string& by, WallTime at) {
  if (record.acknowledged_at) return;
  record.acknowledged_at = at;
  record.acknowledged_by = by;
  note(at, "ack", "acknowledged by " + someone(by));
}

void Incident::attest(const Attestation& word, WallTime at) {
  attested = true;
  attested_runbook = word.runbook;
  attested_note = word.note;
  attested_by = someone(word.by);
  attested_at = at;
  note(at, "attested", words_of(word));
}

void Incident::sealed(const EvidenceRef& evidence, bool on_request, WallTime at) {
  if (!on_request || record.evidence.empty()) record.evidence = evidence;
  if (!saw_green && !sealed_before_green) {
    sealed_before_green = true;
    sealed_id = evidence.snapshot;
    sealed_at = at;
  }
  note(at, "snapshot", "sealed " + evidence.snapshot + ", sha256 " + evidence.sha256);
}

void Incident::seal_failed(const std::string& why, WallTime at) { note(at, "snapshot failed", why); }

void Incident::hold_back(IncidentState state, const char* why, WallTime at) {
  if (record.state != state || record.timeline.empty() || record.timeline.back().text != why)
    note(at, std::string(to_string(state)), why);
  record.state = state;
}

void Incident::lay_out_conditions(const ProofRules& rules) { record.conditions = six_conditions(*this, rules); }

void attest(IncidentRecord& ended, const Attestation& word, WallTime at) {
  for (auto& c : ended.conditions)
    if (c.number == 4) c = condition(4, c.title, S::met, word.runbook + ", attested by " + someone(word.by), at);
  add_to_timeline(ended, at, "attested", words_of(word));
  if (ended.resolved_at && ended.summary.ends_with(why_resolved(false)))
    ended.summary = resolved_summary(ended, *ended.resolved_at, why_resolved(true));
}

std::vector<ConditionState> six_conditions(const Incident& i, const ProofRules& rules) {
  std::vector<ConditionState> all;
  const bool said = !i.record.symptom.empty();
  const std::string words = i.record.symptom + (i.symptom_by.empty() ? "" : ", said by " + i.symptom_by);
  all.push_back(condition(1, "the original symptom was recorded", said ? S::met : S::unmet,
                          said ? words : "nothing was recorded",
                          !said          ? std::nullopt
                          : i.symptom_at ? i.symptom_at
                                         : std::optional(i.record.opened_at)));

  const std::string captured = "health and readiness were captured before recovery";
  if (i.sealed_before_green)
    all.push_back(condition(2, captured, S::met,
                            "snapshot " + (i.sealed_id.empty() ? i.record.evidence.snapshot : i.sealed_id),
                            i.sealed_at ? i.sealed_at : i.record.paged_at));
  else if (i.attested)
    all.push_back(
        condition(2, captured, S::met, "no snapshot could be sealed; attested by " + i.attested_by, i.attested_at));
  else
    all.push_back(condition(2, captured, S::unmet,
                            i.record.recovered_at ? "no snapshot was sealed before the first green sweep; it takes "
                                                    "somebody's word: readback resolve ID --runbook …"
                                                  : "no snapshot has been sealed yet"));

  const std::string drift = "repo/runtime drift was checked when relevant";
  if (rules.checks.empty())
    all.push_back(condition(3, drift, S::not_applicable, "no check is configured"));
  else if (i.check_ran_at)
    all.push_back(condition(3, drift, S::met, i.check_ran, i.check_ran_at));
  else
    all.push_back(condition(3, drift, S::unmet, "no check has run during the incident"));

  const std::string runbook = "the narrowest owner runbook was used";
  all.push_back(
      i.attested ? condition(4, runbook, S::met, i.attested_runbook + ", attested by " + i.attested_by, i.attested_at)
                 : condition(4, runbook, S::unattested,
                             "nobody has said so: readback resolve " + i.record.id + " --runbook …"));
  all.back().demanded = !i.attested && (rules.require_attestation || i.record.declared);
  all.push_back(same_sequence_green(i, rules));
  all.push_back(failing_path_works(i, rules));
  return all;
}

}  // namespace readback
