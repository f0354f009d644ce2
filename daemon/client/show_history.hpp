#pragma once
// Hours, days and months in words and tables.
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <string>

namespace readback {

/// Of a `readback.history/v1`: each target with a line about the whole, on a terminal a mark for each row, and the
/// rows, the newest first.
std::string show_history(const boost::json::object& history);
/// Of a `readback.uptime/v1`: a row a target.
std::string show_uptime(const boost::json::object& uptime);

}  // namespace readback
