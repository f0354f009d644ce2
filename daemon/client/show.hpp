#pragma once
// The daemon's JSON in words and tables, for a person with a phone, a terminal and no patience.
#include <boost/json/object.hpp>
#include <string>

#include "daemon/client/json_at.hpp"

namespace readback {

std::string show_status(const boost::json::object& status);
std::string show_incidents(const boost::json::array& incidents);
std::string show_incident(const boost::json::object& incident);
std::string show_conditions(const boost::json::object& incident);
/// In one line: do they hold, and which do not?
std::string show_outcome(const boost::json::object& incident);
std::string show_snapshots(const boost::json::array& snapshots);
std::string show_silences(const boost::json::array& silences);
/// How the fleet stands, of its whole answer; and in one line, of what the status says of it.
std::string show_fleet(const boost::json::object& fleet);
std::string show_fleet_line(const boost::json::object& in_short);

}  // namespace readback
