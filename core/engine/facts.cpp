// The facts of one sweep, a list each of surfaces, checks and paths: every configured one is there, read or not.
#include "core/engine/facts.hpp"

#include <string>
#include <utility>

#include "core/text/time.hpp"

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
  const auto* made = find_read(reads, read);
  fact.seen = known->second.seen;
  fact.held = !made || made->word == "throttled";
  return &known->second;
}

/// The first certificate that ends within the announced time, as this sweep saw it.
void note_certificate(SweepFacts& facts, const TargetConfig& config, const std::vector<JudgedRead>& reads) {
  std::optional<WallTime> soonest;
  for (const auto& r : reads) {
    const auto& ends = r.raw.tls_expires_at;
    if (!ends || kind_of(r.raw.read) != ReadKind::surface || !std::holds_alternative<HttpAnswer>(r.raw.answer) ||
        *ends - r.raw.at > config.tls.expires_within)
      continue;
    if (soonest && *soonest <= *ends) continue;
    soonest = *ends;
    const bool over = *ends <= r.raw.at;
    facts.certificate_of = r.raw.read;
    facts.certificate = "the certificate of " + (r.raw.address.empty() ? r.raw.read : r.raw.address) +
                        (over ? " has ended" : " ends in " + humanize(*ends - r.raw.at)) + ", on " +
                        to_rfc3339(*ends).substr(0, 10);
  }
}

}  // namespace

SweepFacts facts_of(const TargetConfig& config, const ReadStates& states, const std::vector<JudgedRead>& reads,
                    MonoTime now) {
  SweepFacts facts;
  for (const SurfaceConfig& s : config.surfaces) {
    SurfaceFact fact;
    fact.name = s.name;
    fact.path = s.path;
    fact.role = s.role;
    if (const auto* made = find_read(reads, s.name)) fact.throttled = made->word == "throttled";
    if (const auto* state = lay_out(fact, states, reads, s.name)) {
      fact.said = state->surface;
      fact.answered = state->answered;
      fact.never_there = state->seen && !state->was_there && state->surface.reading == Reading::missing;
      fact.not_seen = state->throttled_since && now - *state->throttled_since >= config.blind_limit;
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
  note_certificate(facts, config, reads);
  return facts;
}

}  // namespace readback
