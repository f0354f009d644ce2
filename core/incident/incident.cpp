#include "core/incident/incident.hpp"

#include <algorithm>

namespace readback {
namespace {

using S = ConditionState::State;

ConditionState condition(int number, std::string title, S state, std::string by = "",
                         std::optional<WallTime> at = std::nullopt) {
  return {number, std::move(title), state, std::move(by), at};
}

std::string list(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
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
  if (!missing.empty()) return condition(5, title, S::unmet, "not read again yet: " + list(missing));
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
  if (!missing.empty()) return condition(6, title, S::unmet, "not green since the recovery: " + list(missing));
  return condition(6, title, S::met, list(want) + " pass again", i.verified_at);
}

}  // namespace

void note(IncidentView& view, WallTime at, std::string kind, std::string text) {
  constexpr std::size_t most = 200;  // a flapping incident of a month must not grow without bound
  if (view.timeline.size() >= most) view.timeline.erase(view.timeline.begin() + most / 4);
  view.timeline.push_back({at, std::move(kind), std::move(text)});
}

void Incident::note(WallTime at, std::string kind, std::string text) {
  readback::note(view, at, std::move(kind), std::move(text));
}

void Incident::captured(std::string snapshot_id, WallTime at) {
  if (saw_green || sealed_before_green) return;
  sealed_before_green = true;
  sealed_id = std::move(snapshot_id);
  sealed_at = at;
}

std::vector<ConditionState> six_conditions(const Incident& i, const ProofRules& rules) {
  std::vector<ConditionState> all;
  const bool said = !i.view.symptom.empty();
  const std::string words = i.view.symptom + (i.symptom_by.empty() ? "" : ", said by " + i.symptom_by);
  all.push_back(condition(1, "the original symptom was recorded", said ? S::met : S::unmet,
                          said ? words : "nothing was recorded",
                          !said          ? std::nullopt
                          : i.symptom_at ? i.symptom_at
                                         : std::optional(i.view.opened_at)));

  const std::string captured = "health and readiness were captured before recovery";
  if (i.sealed_before_green)
    all.push_back(condition(2, captured, S::met, "snapshot " + (i.sealed_id.empty() ? i.view.snapshot_id : i.sealed_id),
                            i.sealed_at ? i.sealed_at : i.view.paged_at));
  else if (i.attested)
    all.push_back(
        condition(2, captured, S::met, "no snapshot could be sealed; attested by " + i.attested_by, i.attested_at));
  else
    all.push_back(condition(2, captured, S::unmet,
                            i.view.recovered_at ? "no snapshot was sealed before the first green sweep; it takes "
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
      i.attested
          ? condition(4, runbook, S::met, i.attested_runbook + ", attested by " + i.attested_by, i.attested_at)
          : condition(4, runbook, S::unattested, "nobody has said so: readback resolve " + i.view.id + " --runbook …"));
  all.back().demanded = !i.attested && (rules.require_attestation || i.view.declared);
  all.push_back(same_sequence_green(i, rules));
  all.push_back(failing_path_works(i, rules));
  return all;
}

bool all_hold(const std::vector<ConditionState>& conditions) {
  return std::all_of(conditions.begin(), conditions.end(), [](const ConditionState& c) { return c.holds(); });
}

}  // namespace readback
