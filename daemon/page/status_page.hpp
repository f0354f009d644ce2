#pragma once
// The status page as one HTML text, whole without JavaScript: the verdict of each target in words, the lanes of the
// last hours, open incidents with the six conditions, sinks, and how Readback itself is. A small script asks for the
// page again when something happens. No colour stands alone: every state has its word and its sign, and lanes differ in
// height.
#include <string>

#include "core/model/view.hpp"
#include "daemon/api/history.hpp"

namespace readback {

std::string status_page(const View& view, const History& history);
/// The Content-Security-Policy of that page: nothing but its own style and script, which are named by their hashes.
std::string status_page_policy();

}  // namespace readback
