#pragma once
// One row a target, the worst first: a sign, the name, how it stands, its newest sweeps as a lane, for how long, and
// when it was read last. What else is known of it is folded below the row.
#include <string>
#include <vector>

#include "core/history/spans.hpp"
#include "core/model/view.hpp"
#include "daemon/api/history.hpp"
#include "daemon/page/page_query.hpp"

namespace readback {

/// Up to so many targets have a row for each of their reads below their own. Of more, the first so many bad ones have
/// rows for what is bad, and all others a line: a page of hundreds stays one that a phone can load.
inline constexpr std::size_t most_whole = 12, most_whole_bad = 30;

/// `kept`: how they were for longer than `history` knows; those of which nothing is known may be missing.
std::string targets_section(const View& view, const History& history, const std::vector<TargetHistory>& kept,
                            const PageQuery& query);
/// How many of them the query takes.
std::size_t targets_taken(const View& view, const PageQuery& query);

}  // namespace readback
