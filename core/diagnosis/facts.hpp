#pragma once
// What the verdict table looks at: the standing of every read of a target at one sweep, and nothing else.
// A fact may be older than the sweep: a surface that was throttled or left out keeps what it said last (`held`),
// and then it can neither confirm a fault nor prove a recovery.
#include <optional>
#include <string>
#include <vector>

#include "core/config/target.hpp"
#include "core/model/reading.hpp"

namespace readback {

struct SurfaceFact {
  std::string name, path;
  SurfaceRole role = SurfaceRole::health;
  bool seen = false;       ///< read at least once; before that it says nothing at all
  bool held = false;       ///< not read in this sweep, or throttled: the reading is an older one
  bool throttled = false;  ///< answered 429 in this sweep, which proves that somebody is there
  /// Throttled for longer than `blind_limit`: what it said before is no longer believed. Not sooner, though there may
  /// be nothing to hold: nobody is paged from a cold start.
  bool not_seen = false;
  bool answered = false;     ///< some HTTP answer has come since it is watched
  bool never_there = false;  ///< `missing` in every read since it was configured: is it part of this platform?
  SurfaceReading said;       ///< meaningless unless `seen`
};

struct CheckFact {
  std::string name;
  bool seen = false;
  bool held = false;         ///< did not run in this sweep
  int results_in_a_row = 0;  ///< consecutive results of this kind, this one included
  CheckReading said;
};

struct PathFact {
  std::string name;
  PathKind kind = PathKind::user;
  bool seen = false;
  bool held = false;
  PathReading said;
};

struct SweepFacts {
  std::vector<SurfaceFact> surfaces;
  std::vector<CheckFact> checks;  ///< of role materialization
  std::vector<PathFact> paths;
  /// "the certificate of 127.0.0.1:443 ends in 3d 02h, on 2026-11-29"; empty: none ends within `tls.expires_within`.
  std::string certificate;
  std::string certificate_of;            ///< the read that saw it
  bool references_all_failed = false;    ///< at least one reference was read in this sweep, and none answered
  std::vector<std::string> alternating;  ///< surfaces whose version alternates between sweeps: "health: 1.4.1, 1.4.2"
};

}  // namespace readback
