#pragma once
// The status page as one HTML text, whole without JavaScript: how many are bad and whether anybody is told, the open
// incidents by their reasons, one row a target with the worst first and its last ninety days, sinks, and how Readback
// itself is. A small script asks for the page again when something happens. No colour stands alone: every state has its
// word and its sign, and lanes differ in height.
#include <string>
#include <vector>

#include "core/history/spans.hpp"
#include "core/model/view.hpp"
#include "daemon/api/history.hpp"
#include "daemon/page/page_query.hpp"

namespace readback {

std::string status_page(const View& view, const History& history, const std::vector<TargetHistory>& kept,
                        const PageQuery& query);
/// The Content-Security-Policy of that page: nothing but its own style and script, which are named by their hashes, and
/// a form that asks this address again.
std::string status_page_policy();

/// As it looks; the incidents' pages look the same.
const std::string& status_page_style();

}  // namespace readback
