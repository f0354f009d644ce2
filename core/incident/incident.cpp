// The verbs of one incident: each changes its record, and writes down in its timeline that it did.
#include "core/incident/incident.hpp"

#include "core/incident/conditions.hpp"
#include "core/incident/words.hpp"
#include "core/model/raw_read.hpp"
#include "core/text/words.hpp"

namespace readback {
namespace {

std::string words_of(const Attestation& word) {
  return someone(word.by) + " used " + word.runbook + (word.note.empty() ? "" : ": " + word.note);
}

void add_to_timeline(IncidentRecord& record, WallTime at, std::string kind, std::string text) {
  constexpr std::size_t most = 200;  // a flapping incident of a month must not grow without bound
  if (record.timeline.size() >= most) record.timeline.erase(record.timeline.begin() + most / 4);
  record.timeline.push_back({at, std::move(kind), std::move(text)});
}

}  // namespace

std::string someone(const std::string& by) { return by.empty() ? "an operator" : by; }

IncidentRecord Incident::shown(const ProofRules& rules) const {
  IncidentRecord all = record;
  all.conditions = six_conditions(*this, rules);
  return all;
}

IncidentRecord Incident::as_sealed(IncidentRecord shown, WallTime at) const {
  if (saw_green) return shown;
  for (auto& c : shown.conditions)
    if (c.number == 2 && c.state == ConditionState::State::unmet) meet(c, "this snapshot", at);
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

void Incident::forget_gone(const ProofRules& rules, WallTime at) {
  NameSet lost;
  for (const auto& read : blamed)
    if (!rules.knows(read)) lost.insert(read);
  for (const auto& path : failed_paths)
    if (const std::string read = "path:" + path; !rules.knows(read)) lost.insert(read);
  for (const auto& read : lost) {
    blamed.erase(read);
    if (kind_of(read) == ReadKind::path) failed_paths.erase(std::string(bare_name(read)));
  }
  erase_where(gone, [&](const std::string& read) { return rules.knows(read); });  // it has come back
  erase_where(verified, [&](const std::string& read) { return !rules.knows(read); });
  if (!lost.empty())
    note(at, "no longer configured",
         joined(lost) + ": nothing waits for " + (lost.size() == 1 ? "it" : "them") + " any more");
  gone.merge(lost);
}

void attest(IncidentRecord& ended, const Attestation& word, WallTime at) {
  for (auto& c : ended.conditions)
    if (c.number == 4) meet(c, word.runbook + ", attested by " + someone(word.by), at);
  add_to_timeline(ended, at, "attested", words_of(word));
}

}  // namespace readback
