// Each boundary names the reads that prove its recovery, and the worst of them decides.
#include "core/incident/recovery.hpp"

#include <algorithm>

#include "core/diagnosis/facts.hpp"

namespace readback {
namespace {

struct Weigh {
  Proof proof = Proof::good;
  bool any = false;
  void add(Proof p) {
    any = true;
    proof = std::max(proof, p);
  }
};

Proof surface_proof(const SurfaceFact& s, bool may_be_stale) {
  if (s.held) return Proof::neutral;
  return s.said.reading == Reading::pass && (may_be_stale || !s.said.stale) ? Proof::good : Proof::bad;
}

void weigh_surface(Weigh& weigh, Boundary b, bool is_blamed, const SurfaceFact& s) {
  const bool core = s.role == SurfaceRole::health || s.role == SurfaceRole::services;
  switch (b) {
    case Boundary::outage:
      if (core) weigh.add(surface_proof(s, true));
      break;
    case Boundary::security:
      if (s.role == SurfaceRole::security) weigh.add(surface_proof(s, false));
      break;
    case Boundary::readiness:
      if (s.role == SurfaceRole::readiness || is_blamed) weigh.add(surface_proof(s, false));
      break;
    case Boundary::drift:  // versions that alternated: it answers, and the table no longer sees them alternate
      if (is_blamed) weigh.add(s.held ? Proof::neutral : s.said.accepted ? Proof::good : Proof::bad);
      break;
    case Boundary::observer:  // credentials that were refused: an answer that is not a refusal
      if (is_blamed) {
        const bool refused =
            s.said.reading == Reading::denied || s.said.reading == Reading::unreachable || s.never_there;
        weigh.add(s.held ? Proof::neutral : refused ? Proof::bad : Proof::good);
      }
      break;
    case Boundary::product: break;
  }
}

}  // namespace

Proof recovery_proof(Boundary b, const NameSet& blamed, const SweepFacts& facts) {
  Weigh weigh;
  for (const auto& s : facts.surfaces)
    if (s.seen && (!s.never_there || b == Boundary::observer)) weigh_surface(weigh, b, blamed.contains(s.name), s);
  if (b == Boundary::drift || b == Boundary::observer)
    for (const auto& c : facts.checks) {
      if (!blamed.contains("check:" + c.name)) continue;
      // One that runs something else since a reload, and has not said anything yet, is not seen.
      const bool is_unread = c.held || !c.seen;
      const bool works =
          b == Boundary::drift ? c.said.result == CheckResult::in_sync : c.said.result != CheckResult::broken;
      weigh.add(is_unread ? Proof::neutral : works ? Proof::good : Proof::bad);
    }
  if (b == Boundary::security && !facts.certificate.empty()) weigh.add(Proof::bad);
  if (b == Boundary::product)
    for (const auto& p : facts.paths)
      if (p.seen) weigh.add(p.held ? Proof::neutral : p.said.pass ? Proof::good : Proof::bad);
  if (!weigh.any)  // nothing of its own to read: blindness that is over, an incident that an operator declared
    return any_surface_read(facts) ? Proof::good : Proof::neutral;
  return weigh.proof;
}

bool any_surface_read(const SweepFacts& facts) {
  return std::any_of(facts.surfaces.begin(), facts.surfaces.end(),
                     [](const SurfaceFact& s) { return s.seen && !s.held; });
}

}  // namespace readback
