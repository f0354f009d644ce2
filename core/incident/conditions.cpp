// Each condition is a function of the incident; what proves it stands in its words, because the next reader was not
// there.
#include "core/incident/conditions.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/incident/incident.hpp"
#include "core/text/name_set.hpp"
#include "core/text/words.hpp"

namespace readback {
namespace {

using S = ConditionState::State;

ConditionState condition(int number, S state, std::string by = "", std::optional<WallTime> at = std::nullopt) {
  return {number, state, std::move(by), at};
}

ConditionState symptom_recorded(const Incident& i) {
  if (i.record.symptom.empty()) return condition(1, S::unmet, "nothing was recorded");
  return condition(1, S::met, i.record.symptom + (i.symptom_by.empty() ? "" : ", said by " + i.symptom_by),
                   i.symptom_at ? i.symptom_at : std::optional(i.record.opened_at));
}

ConditionState captured_before_recovery(const Incident& i) {
  if (i.sealed_before_green)
    return condition(2, S::met, "snapshot " + (i.sealed_id.empty() ? i.record.evidence.snapshot : i.sealed_id),
                     i.sealed_at ? i.sealed_at : i.record.paged_at);
  if (i.attested)
    return condition(2, S::met, "no snapshot could be sealed; attested by " + i.attested_by, i.attested_at);
  return condition(2, S::unmet,
                   i.record.recovered_at ? "no snapshot was sealed before the first green sweep; it takes somebody's "
                                           "word: readback resolve ID --runbook …"
                                         : "no snapshot has been sealed yet");
}

/// "; path:checkout is no longer configured": what was waited for and has left the configuration, said beside the rest.
std::string and_gone(const Incident& i, std::optional<ReadKind> kind = std::nullopt) {
  std::vector<std::string> names;
  for (const auto& read : i.gone)
    if (!kind || kind_of(read) == *kind) names.push_back(read);
  if (names.empty()) return "";
  return "; " + joined(names) + (names.size() == 1 ? " is" : " are") + " no longer configured";
}

ConditionState drift_checked(const Incident& i, const ProofRules& rules) {
  if (i.check_ran_at) return condition(3, S::met, i.check_ran, i.check_ran_at);
  if (rules.checks.empty())
    return condition(3, S::not_applicable, "no check is configured" + and_gone(i, ReadKind::check));
  return condition(3, S::unmet, "no check has run during the incident");
}

ConditionState runbook_used(const Incident& i, const ProofRules& rules) {
  if (i.attested) return condition(4, S::met, i.attested_runbook + ", attested by " + i.attested_by, i.attested_at);
  auto unattested = condition(4, S::unattested, "nobody has said so: readback resolve " + i.record.id + " --runbook …");
  unattested.demanded = rules.require_attestation || i.record.declared;
  return unattested;
}

std::string and_gone_of_sequence(const Incident& i) {
  return and_gone(i, ReadKind::surface) + and_gone(i, ReadKind::check);
}

std::vector<std::string> missing_from(const NameSet& have, const std::vector<std::string>& want) {
  std::vector<std::string> missing;
  for (const auto& name : want)
    if (!have.contains(name)) missing.push_back(name);
  return missing;
}

ConditionState same_sequence_green(const Incident& i, const ProofRules& rules) {
  auto want = rules.surfaces;
  want.insert(want.end(), rules.checks.begin(), rules.checks.end());
  if (!i.recovered) return condition(5, S::unmet, "not recovered yet");
  if (i.shared && !i.shared->green_on.empty())
    return condition(5, S::met, "green on " + i.shared->green_on, i.record.recovered_at);
  if (!i.green_since) return condition(5, S::unmet, "the target is not green");
  const auto missing = missing_from(i.verified, want);
  if (!missing.empty()) return condition(5, S::unmet, "not read again yet: " + joined(missing));
  return condition(5, S::met, "every surface and check read again, green" + and_gone_of_sequence(i), i.verified_at);
}

ConditionState failing_path_works(const Incident& i, const ProofRules& rules) {
  const std::string gone = and_gone(i, ReadKind::path);
  if (rules.paths.empty())
    return i.attested ? condition(6, S::met, "attested by " + i.attested_by, i.attested_at)
                      : condition(6, S::not_applicable, "no path is configured" + gone);
  std::vector<std::string> want;
  for (const auto& path : i.failed_paths)
    if (const std::string read = "path:" + path; rules.knows(read)) want.push_back(read);
  if (want.empty()) want = rules.paths;  // none failed: then all of them show that users are served
  if (!i.recovered) return condition(6, S::unmet, "not recovered yet");
  const auto missing = missing_from(i.verified, want);
  if (!missing.empty()) return condition(6, S::unmet, "not green since the recovery: " + joined(missing) + gone);
  return condition(6, S::met, joined(want) + " pass again" + gone, i.verified_at);
}

}  // namespace

bool ProofRules::knows(const std::string& read) const {
  const auto has = [&](const std::vector<std::string>& names) {
    return std::find(names.begin(), names.end(), read) != names.end();
  };
  return has(surfaces) || has(checks) || has(paths);
}

std::vector<ConditionState> six_conditions(const Incident& i, const ProofRules& rules) {
  return {symptom_recorded(i),    captured_before_recovery(i),   drift_checked(i, rules),
          runbook_used(i, rules), same_sequence_green(i, rules), failing_path_works(i, rules)};
}

void meet(ConditionState& c, std::string by, WallTime at) { c = condition(c.number, S::met, std::move(by), at); }

}  // namespace readback
