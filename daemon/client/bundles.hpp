#pragma once
// What can be done with a bundle in hand, without a daemon: what changed between two, and all of it as one page.
// Whether it can be believed is asked elsewhere (proof.hpp).
#include <optional>
#include <string>

#include "core/evidence/report.hpp"
#include "core/text/result.hpp"

namespace readback {

/// A bundle in hand and how the user called it: a file's name or an id.
struct NamedBundle {
  std::string name, bytes;
};

/// Prints what it finds, with `json` as an object, and returns the exit status.
int diff_bundles(const NamedBundle& before, const NamedBundle& after, bool json);

/// The report as HTML.
Result<std::string> report_of(const std::string& bytes, const ReportContext& context);
/// A vantage point of a report: of this bundle, or why it is not here.
VantagePoint vantage_of(const std::string& host, const std::string& snapshot, const Result<std::string>& bytes);
/// What a bundle tells of itself; nothing when it is none.
std::optional<SnapshotView> told_by(const std::string& bytes);

}  // namespace readback
