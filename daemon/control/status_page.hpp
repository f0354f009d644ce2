#pragma once
// The status page as one HTML text, whole without JavaScript: the verdict of each target in words, the lanes of the
// last hours, open incidents with the six conditions, sinks, and how Readback itself is. A small script asks for the
// page again when something happens. No colour stands alone: every state has its word and its sign, and lanes differ in
// height.
#include <string>
#include <string_view>

#include "core/model/view.hpp"
#include "daemon/control/history.hpp"

namespace readback {

std::string status_page(const View& view, const History& history);
/// The Content-Security-Policy of that page: nothing but its own style and script, which are named by their hashes.
std::string status_page_policy();

/// Text for an element or a quoted attribute: & < > " ' escaped, bytes that are no UTF-8 replaced, controls left out.
std::string html_text(std::string_view text);

}  // namespace readback
