#pragma once
// One self-contained HTML page of a snapshot: for a phone at night, a dark room and a printer. It loads nothing, runs
// nothing, and shows every body as text, because a body is what a stranger wrote.
#include <string>
#include <string_view>

#include "core/evidence/bundle.hpp"

namespace readback {

/// `incident` is what the daemon says of the incident now (`GET /v1/incidents/{id}`): the alerts with their answers,
/// what happened since, the ledger as it stands. Empty when there is only the bundle.
std::string render_report(const BundleFiles& files, std::string_view incident);

}  // namespace readback
