#pragma once
// One self-contained HTML page from a bundle: what failed first, the boundary and why, a timeline of all reads as an
// inline picture, before and after of what changed, the check's output, the six conditions, the runbook. Bodies are
// hostile: every text is escaped, and the page's own policy allows no script and no network.
#include <string>

#include "core/evidence/bundle.hpp"

namespace readback {

/// `files` are those of a bundle whose manifest holds.
std::string render_report(const BundleFiles& files);

}  // namespace readback
