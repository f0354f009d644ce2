#pragma once
// History as the socket, scripts and the page get it: durations in seconds, latencies in milliseconds, shares in
// percent with three digits, rounded down. What nobody knows is null.
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "core/history/spans.hpp"

namespace readback {

/// `with_reads`: what each read said, and how fast, as well.
boost::json::object history_json(const HistorySummary& summary, bool with_reads);
/// `{"target", "24h", "7d", "30d", "90d"}`, each with the whole of it and its bars.
boost::json::object history_json(const TargetHistory& history);

}  // namespace readback
