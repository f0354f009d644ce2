#pragma once
// What can be done with a bundle in hand, without a daemon: what changed between two, and all of it as one page.
// Whether it can be believed is asked elsewhere (proof.hpp).
#include <string>

#include "core/text/result.hpp"

namespace readback {

/// A bundle in hand and how the user called it: a file's name or an id.
struct NamedBundle {
  std::string name, bytes;
};

/// Prints what it finds, with `json` as an object, and returns the exit status.
int diff_bundles(const NamedBundle& before, const NamedBundle& after, bool json);

/// The report as HTML. `incident` is what the daemon says of its incident now (JSON), or empty.
Result<std::string> report_of(const std::string& bytes, const std::string& incident);
/// The id of the incident that a bundle was sealed for; "" when it is none, or no bundle.
std::string incident_of(const std::string& bytes);

}  // namespace readback
