#pragma once
// Has a boundary got well? Its own reads say so, and nothing else: what was not read proves nothing, and what explains
// a fault away has not mended it.
#include <string>

#include "core/model/verdict.hpp"
#include "core/text/name_set.hpp"

namespace readback {

struct SweepFacts;

/// What the reads of one sweep say about a recovery. A read that was not made proves nothing; one that was never made
/// at all was never at fault, and is not waited for.
enum class Proof { good, neutral, bad };

/// `blamed` has every read that was at fault at some time since the boundary began to hold.
Proof recovery_proof(Boundary b, const NameSet& blamed, const SweepFacts& facts);

/// False in a sweep in which none was asked, as when all of them are throttled.
bool any_surface_read(const SweepFacts& facts);

}  // namespace readback
