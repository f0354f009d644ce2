#pragma once
// The verdict of one sweep: which boundaries hold (design: diagnosis section 3). One total function without memory:
// every combination of facts has exactly one answer, and tests/core/diagnosis walks them all.
//
//   boundary        holds when
//   observer/blind  no surface could be read for a cause of ours or was not seen, or nothing at all answers, references
//                   included
//   outage          a health or services surface is bad by more than staleness
//   security        a security surface is bad and the outage does not explain it; or the certificate ends soon
//   drift           a check says so; or versions alternate and there is no check to ask
//   readiness       a readiness surface is bad; or health or services are merely stale
//   product         a path fails
//   observer        a check is broken; every surface but at most /health refuses our credentials; one was not seen; one
//                   was never there
#include <string>
#include <vector>

#include "core/diagnosis/facts.hpp"
#include "core/model/verdict.hpp"

namespace readback {

struct Finding {
  Boundary boundary = Boundary::outage;
  bool blind = false;  ///< of observer: we cannot see, so nothing else is said
  Extent extent = Extent::degraded;
  Severity severity = Severity::warning;
  OwnTrouble trouble = OwnTrouble::none;
  bool certificate_alone = false;   ///< of security: nothing but a certificate that ends soon
  std::string headline;             ///< the cause in one line, without its read in front: what a locked phone shows
  std::vector<std::string> why;     ///< observed facts, the weightiest first
  std::vector<std::string> blamed;  ///< the reads at fault: "services", "check:materialization", "path:checkout"
  /// Rests on what a check said and on nothing else: confirmed by results, not by sweeps that repeat one.
  bool check_alone = false;
  bool fresh = false;  ///< at least one blamed read was made in this sweep
};

struct Verdict {
  std::vector<Finding> findings;  ///< in the order of precedence, at most one a boundary; the first is primary
  bool all_pass = false;          ///< every configured read was seen, and the last thing it said was a fresh pass
  /// The same but for surfaces that never were there, which are no part of the platform, and nothing is found but these
  /// and a certificate that ends soon, which no read says: what proves that another incident is over.
  bool sequence_passes = false;

  const Finding* find(Boundary b) const;
  bool blind() const { return !findings.empty() && findings.front().blind; }
  bool green() const { return findings.empty() && all_pass; }
  /// "green", "unknown" (nothing can be blamed and not everything is seen to pass), or the primary boundary.
  std::string primary() const;
  /// The other boundaries, in order; none while blind.
  std::vector<Boundary> also(Boundary except) const;
};

Verdict diagnose(const SweepFacts& facts);

/// A surface that alarms by itself. Denied counts only where `others_accept`: another guarded surface takes the same
/// credentials, so that ours are good and this surface is at fault.
bool is_bad(const SurfaceReading& r, bool others_accept);
bool is_bad_beyond_staleness(const SurfaceReading& r, bool others_accept);

/// The signals contradict each other, so repo truth and runtime truth are compared now, out of turn.
/// Empty when they agree, else which disagreement it is, in operator language.
std::string disagreement(const SweepFacts& facts);

}  // namespace readback
