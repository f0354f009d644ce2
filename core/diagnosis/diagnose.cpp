// The table. Each `…_finding` below is one row; `diagnose` asks them in the order of precedence.
#include "core/diagnosis/diagnose.hpp"

#include <algorithm>
#include <optional>

namespace readback {
namespace {

using Surfaces = std::vector<const SurfaceFact*>;

Surfaces with_role(const SweepFacts& facts, std::initializer_list<SurfaceRole> roles) {
  Surfaces found;
  for (const auto& s : facts.surfaces)
    if (s.seen && std::find(roles.begin(), roles.end(), s.role) != roles.end()) found.push_back(&s);
  return found;
}

/// Does a guarded surface other than this one accept the credentials? /health is often open to everybody, so its
/// answer proves nothing about them; neither does an answer from an earlier sweep.
bool others_accept(const SweepFacts& facts, const SurfaceFact& surface) {
  return std::any_of(facts.surfaces.begin(), facts.surfaces.end(), [&](const SurfaceFact& other) {
    return &other != &surface && other.role != SurfaceRole::health && other.seen && !other.held && other.said.accepted;
  });
}

bool bad(const SweepFacts& facts, const SurfaceFact& s) { return is_bad(s.said, others_accept(facts, s)); }
bool bad_beyond_staleness(const SweepFacts& facts, const SurfaceFact& s) {
  return is_bad_beyond_staleness(s.said, others_accept(facts, s));
}
bool is_down(const SurfaceFact* s) {
  return s->said.reading == Reading::fail || s->said.reading == Reading::unreachable;
}

void blame(Finding& f, const SurfaceFact& s) {
  f.blamed.push_back(s.name);
  if (!s.held) f.fresh = true;
  if (s.said.reasons.empty())
    f.why.push_back(s.name + ": " + std::string(to_string(s.said.reading)));
  else
    f.why.insert(f.why.end(), s.said.reasons.begin(), s.said.reasons.end());
}

std::optional<Finding> blind_finding(const SweepFacts& facts) {
  Surfaces read;
  for (const auto& s : facts.surfaces) {
    if (s.throttled) return std::nullopt;  // somebody answered
    if (s.seen && !s.held) read.push_back(&s);
  }
  if (read.empty()) return std::nullopt;
  const auto unreachable = [](const SurfaceFact* s) { return s->said.reading == Reading::unreachable; };
  const auto ours = [](const SurfaceFact* s) { return s->said.fault && is_our_side(*s->said.fault); };
  if (!std::all_of(read.begin(), read.end(), unreachable)) return std::nullopt;
  const bool all_ours = std::all_of(read.begin(), read.end(), ours);
  if (!all_ours && !facts.references_all_failed) return std::nullopt;
  Finding f;
  f.boundary = Boundary::observer;
  f.blind = true;
  f.extent = Extent::total;
  f.why.push_back(all_ours ? "no surface could be read, for a cause on our side: the state of the stack is unknown"
                           : "no surface answers and no reference answers either: the state of the stack is unknown");
  for (const auto* s : read) blame(f, *s);
  return f;
}

std::optional<Finding> outage_finding(const SweepFacts& facts) {
  Finding f;
  for (const auto* s : with_role(facts, {SurfaceRole::health, SurfaceRole::services}))
    if (bad_beyond_staleness(facts, *s)) blame(f, *s);
  if (f.blamed.empty()) return std::nullopt;
  f.boundary = Boundary::outage;
  const bool any_passes = std::any_of(facts.surfaces.begin(), facts.surfaces.end(),
                                      [](const SurfaceFact& s) { return s.seen && s.said.reading == Reading::pass; });
  f.extent = any_passes ? Extent::degraded : Extent::total;
  f.severity = any_passes ? Severity::error : Severity::critical;
  return f;
}

/// An outage explains a security surface that says nothing of its own: no answer, a gateway's page, a 5xx whose body
/// holds no verdict. A readable "no" is never explained away.
bool explained_by_outage(const SurfaceReading& r) {
  return r.reading == Reading::unreachable || (r.reading == Reading::fail && !r.own_word);
}

/// Extent of a boundary that is judged by its own surfaces: `all` of them, of which `guilty` are bad.
Extent extent_of(const SweepFacts& facts, const Surfaces& all, const Surfaces& guilty) {
  const bool staleness_alone =
      std::none_of(guilty.begin(), guilty.end(), [&](const SurfaceFact* s) { return bad_beyond_staleness(facts, *s); });
  if (staleness_alone) return Extent::stale;
  return std::all_of(all.begin(), all.end(), is_down) ? Extent::total : Extent::degraded;
}

bool any_says_fail(const Surfaces& surfaces) {
  return std::any_of(surfaces.begin(), surfaces.end(),
                     [](const SurfaceFact* s) { return s->said.reading == Reading::fail; });
}

std::optional<Finding> security_finding(const SweepFacts& facts, bool outage) {
  const Surfaces all = with_role(facts, {SurfaceRole::security});
  Surfaces guilty;
  for (const auto* s : all)
    if (bad(facts, *s) && !(outage && explained_by_outage(s->said))) guilty.push_back(s);
  if (guilty.empty()) return std::nullopt;
  Finding f;
  f.boundary = Boundary::security;
  f.extent = extent_of(facts, all, guilty);
  f.severity = any_says_fail(guilty) ? Severity::critical : Severity::error;
  for (const auto* s : guilty) blame(f, *s);
  return f;
}

void blame(Finding& f, const CheckFact& c) {
  f.blamed.push_back("check:" + c.name);
  if (!c.held) f.fresh = true;
  f.why.insert(f.why.end(), c.said.reasons.begin(), c.said.reasons.end());
}

std::optional<Finding> drift_finding(const SweepFacts& facts) {
  Finding f;
  f.boundary = Boundary::drift;
  f.check_alone = true;
  for (const auto& c : facts.checks)
    if (c.seen && c.said.result == CheckResult::drift) blame(f, c);
  if (facts.checks.empty())
    for (const auto& versions : facts.alternating) {
      f.check_alone = false;
      const std::string name = versions.substr(0, versions.find(':'));
      f.fresh = f.fresh || std::any_of(facts.surfaces.begin(), facts.surfaces.end(),
                                       [&](const SurfaceFact& s) { return s.name == name && !s.held; });
      f.blamed.push_back(name);
      f.why.push_back(versions + " by turns: a partial rollout, and no check is configured to settle it");
    }
  if (f.blamed.empty()) return std::nullopt;
  return f;
}

std::optional<Finding> readiness_finding(const SweepFacts& facts, bool outage) {
  const Surfaces all = with_role(facts, {SurfaceRole::readiness});
  Surfaces guilty;
  for (const auto* s : all)
    if (bad(facts, *s)) guilty.push_back(s);
  Surfaces merely_stale;
  if (!outage)
    for (const auto* s : with_role(facts, {SurfaceRole::health, SurfaceRole::services}))
      if (s->said.stale) merely_stale.push_back(s);
  if (guilty.empty() && merely_stale.empty()) return std::nullopt;
  Finding f;
  f.boundary = Boundary::readiness;
  f.extent = guilty.empty() ? Extent::stale : extent_of(facts, all, guilty);
  f.severity = any_says_fail(guilty) ? Severity::error : Severity::warning;
  for (const auto* s : guilty) blame(f, *s);
  for (const auto* s : merely_stale) blame(f, *s);
  return f;
}

std::optional<Finding> product_finding(const SweepFacts& facts) {
  Finding f;
  std::size_t seen = 0;
  for (const auto& p : facts.paths) {
    if (!p.seen) continue;
    ++seen;
    if (p.said.pass) continue;
    f.blamed.push_back("path:" + p.name);
    if (!p.held) f.fresh = true;
    f.why.insert(f.why.end(), p.said.reasons.begin(), p.said.reasons.end());
  }
  if (f.blamed.empty()) return std::nullopt;
  f.boundary = Boundary::product;
  f.severity = Severity::error;
  f.extent = f.blamed.size() == seen ? Extent::total : Extent::degraded;
  return f;
}

std::optional<Finding> impaired_finding(const SweepFacts& facts) {
  Finding f;
  f.boundary = Boundary::observer;
  Surfaces denied;
  bool others = false;
  for (const auto& s : facts.surfaces) {
    if (!s.seen || s.throttled) continue;
    if (s.said.reading == Reading::denied)
      denied.push_back(&s);
    else if (s.role != SurfaceRole::health)
      others = true;
  }
  if (!denied.empty() && !others) {
    f.why.push_back("every guarded surface refuses our credentials: the watchdog's, not the stack's");
    for (const auto* s : denied) blame(f, *s);
  }
  f.check_alone = f.blamed.empty();
  for (const auto& c : facts.checks)
    if (c.seen && c.said.result == CheckResult::broken) blame(f, c);
  if (f.blamed.empty()) return std::nullopt;
  return f;
}

}  // namespace

bool is_bad_beyond_staleness(const SurfaceReading& r, bool others_accept) {
  switch (r.reading) {
    case Reading::pass: return false;
    case Reading::warn:
    case Reading::fail:
    case Reading::unknown:
    case Reading::unreachable:
    case Reading::missing: return true;
    case Reading::denied: return others_accept;
    case Reading::throttled: return false;  // held back by whoever builds the facts; says nothing by itself
  }
  return true;
}

bool is_bad(const SurfaceReading& r, bool others_accept) {
  return r.stale || is_bad_beyond_staleness(r, others_accept);
}

const Finding* Verdict::find(Boundary b) const {
  for (const auto& f : findings)
    if (f.boundary == b) return &f;
  return nullptr;
}

std::string Verdict::primary() const {
  if (!findings.empty()) return std::string(to_string(findings.front().boundary));
  return all_pass ? "green" : "unknown";
}

std::vector<Boundary> Verdict::also(Boundary except) const {
  std::vector<Boundary> rest;
  for (const auto& f : findings)
    if (f.boundary != except) rest.push_back(f.boundary);
  return rest;
}

Verdict diagnose(const SweepFacts& facts) {
  Verdict v;
  v.all_pass =
      !facts.surfaces.empty() &&
      std::all_of(facts.surfaces.begin(), facts.surfaces.end(),
                  [](const SurfaceFact& s) { return s.seen && s.said.reading == Reading::pass && !s.said.stale; }) &&
      std::all_of(facts.checks.begin(), facts.checks.end(),
                  [](const CheckFact& c) { return c.seen && c.said.result == CheckResult::in_sync; }) &&
      std::all_of(facts.paths.begin(), facts.paths.end(), [](const PathFact& p) { return p.seen && p.said.pass; });
  if (auto blind = blind_finding(facts)) {
    v.findings.push_back(std::move(*blind));
    return v;  // not to see is not to know: nothing else is said
  }
  const auto add = [&](std::optional<Finding> f) {
    if (f) v.findings.push_back(std::move(*f));
  };
  add(outage_finding(facts));
  const bool outage = !v.findings.empty();
  add(security_finding(facts, outage));
  add(drift_finding(facts));
  add(readiness_finding(facts, outage));
  add(product_finding(facts));
  add(impaired_finding(facts));
  return v;
}

std::string disagreement(const SweepFacts& facts) {
  for (const auto& s : facts.surfaces) {
    if (!s.seen || s.held) continue;
    if (s.said.contradictory) return s.name + " contradicts itself";
    if (s.said.stale) return s.name + " is stale";
    if (s.said.reading == Reading::missing) return s.name + " is missing";
  }
  const auto some = [&](SurfaceRole role, Reading reading) {
    return std::any_of(facts.surfaces.begin(), facts.surfaces.end(),
                       [&](const SurfaceFact& s) { return s.seen && s.role == role && s.said.reading == reading; });
  };
  if (some(SurfaceRole::health, Reading::pass) && some(SurfaceRole::services, Reading::fail))
    return "health passes while the services fail";
  if (!facts.alternating.empty()) return facts.alternating.front() + " by turns";
  return "";
}

}  // namespace readback
