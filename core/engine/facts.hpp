#pragma once
// What the table of the diagnosis is asked with: what the reads of one sweep say, and for those that were not made in
// it what they said last.
#include <vector>

#include "core/config/target.hpp"
#include "core/diagnosis/facts.hpp"
#include "core/model/record.hpp"
#include "core/reading/judge_sweep.hpp"

namespace readback {

/// `reads` are those of the sweep, already remembered in `states`. A surface, check or path that has never been read is
/// a fact too: one that was not seen.
SweepFacts facts_of(const TargetConfig& config, const ReadStates& states, const std::vector<JudgedRead>& reads,
                    MonoTime now);

}  // namespace readback
