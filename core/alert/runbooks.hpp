#pragma once
// Which owner's runbook fits a boundary, and what the operator may safely do next. The defaults are the owner routes of
// the platform's own documentation; every field can be replaced in the configuration, because those pages move and the
// repositories behind them are private.
//
// A next safe step is a read or a question, in that order. It never names a command that changes a host before the
// guardrail step and the owner's confirmation; a test walks all defaults for it.
#include <string>

#include "core/config/target.hpp"
#include "core/model/alert_event.hpp"
#include "core/model/verdict.hpp"

namespace readback {

/// Title, address and owner of the narrowest documented runbook for this boundary; of `observer` by what ails us.
Runbook default_runbook(Boundary b, OwnTrouble trouble = OwnTrouble::none);

/// One or two sentences, operator language.
std::string default_next_safe_step(Boundary b, OwnTrouble trouble = OwnTrouble::none);

/// What the target's configuration says about this boundary; each field that it leaves empty keeps the default. A title
/// or address of one's own drops the default's address: a link to somebody else's page under one's own title misleads.
Runbook resolve_runbook(const TargetConfig& target, Boundary b, OwnTrouble trouble = OwnTrouble::none);
std::string resolve_next_safe_step(const TargetConfig& target, Boundary b, OwnTrouble trouble = OwnTrouble::none);

}  // namespace readback
