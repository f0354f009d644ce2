// The facts of one sweep, a list each of surfaces, checks and paths: every configured one is there, read or not.
#include "core/engine/facts.hpp"

#include <string>
#include <utility>

namespace readback {
namespace {

const JudgedRead* find_read(const std::vector<JudgedRead>& reads, const std::string& name) {
  for (const auto& r : reads)
    if (r.raw.read == name) return &r;
  return nullptr;
}

/// seen, held and throttled mean the same for every kind of read.
template <class Fact>
const ReadState* lay_out(Fact& fact, const ReadStates& states, const std::vector<JudgedRead>& reads,
                         const std::string& read) {
  const auto known = states.find(read);
  if (known == states.end()) return nullptr;
  const auto* now = find_read(reads, read);
  fact.seen = known->second.seen;
  fact.held = !now || now->word == "throttled";
  return &known->second;
}

}  // namespace

SweepFacts facts_of(const TargetConfig& config, const ReadStates& states, const std::vector<JudgedRead>& reads) {
  SweepFacts facts;
  for (const auto& s : config.surfaces) {
    SurfaceFact fact;
    fact.name = s.name;
    fact.role = s.role;
    if (const auto* now = find_read(reads, s.name)) fact.throttled = now->word == "throttled";
    if (const auto* state = lay_out(fact, states, reads, s.name)) {
      fact.said = state->surface;
      if (auto versions = alternation(s.name, *state)) facts.alternating.push_back(*versions);
    }
    facts.surfaces.push_back(std::move(fact));
  }
  for (const auto& c : config.checks) {
    if (c.role != CheckRole::materialization) continue;
    CheckFact fact;
    fact.name = c.name;
    if (const auto* state = lay_out(fact, states, reads, "check:" + c.name)) {
      fact.said = state->check;
      fact.results_in_a_row = state->results_in_a_row;
    }
    facts.checks.push_back(std::move(fact));
  }
  for (const auto& p : config.paths) {
    PathFact fact;
    fact.name = p.name;
    fact.kind = p.kind;
    if (const auto* state = lay_out(fact, states, reads, "path:" + p.name)) fact.said = state->path;
    facts.paths.push_back(std::move(fact));
  }
  bool any = false, answered = false;
  for (const auto& r : reads)
    if (kind_of(r.raw.read) == ReadKind::reference) {
      any = true;
      answered = answered || r.green;
    }
  facts.references_all_failed = any && !answered;
  return facts;
}

}  // namespace readback
