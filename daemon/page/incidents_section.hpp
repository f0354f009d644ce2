#pragma once
// The open incidents, and what is over lately. Targets that fail for one reason are one card: a fault of the platform
// is read once, not once a target.
#include <string>
#include <vector>

#include "core/model/view.hpp"
#include "daemon/page/page_query.hpp"

namespace readback {

/// "" when nothing is open.
std::string incidents_section(const View& view, const PageQuery& query);
/// Those that somebody was paged for; "" when there is none.
std::string lately_section(const View& view, const PageQuery& query);

}  // namespace readback
