#pragma once
// The daemon's JSON in words and tables, for a person with a phone, a terminal and no patience.
#include <boost/json/object.hpp>
#include <string>
#include <vector>

#include "core/text/instant.hpp"
#include "daemon/client/json_at.hpp"

namespace readback {

std::string show_status(const boost::json::object& status);
/// Without those that another incident explains: they are shown with it.
boost::json::array told_of(const boost::json::array& incidents);
/// Over before anybody was paged: there is nothing to prove.
bool never_paged(const boost::json::object& incident);
/// `2 error, 8 green; 2 open incidents`, of a status.
std::string counted(const boost::json::object& status);
/// The targets of a status, which they point into: the loudest first, as loud ones in the order in which they came.
using Targets = std::vector<const boost::json::object*>;
Targets loudest_first(const boost::json::array& targets);
/// Targets that are read in the same words, in which the first of them stands for all.
struct Alike {
  const boost::json::object* first;
  std::vector<std::string> others;  ///< names
};
std::vector<Alike> alike(const Targets& targets);
/// `and 2 in the same way: shop-2, shop-3`, or "".
std::string the_others(const Alike& alike);
/// One row a thing, the newest first and no more than `most`; what an outage explains stands in its row.
std::string list_incidents(const boost::json::array& incidents, WallTime now, std::size_t most = 10'000);
/// The end of an id, which is enough wherever one is asked for: the beginning is the time, and alike in one night.
std::string short_id(const std::string& id);
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
