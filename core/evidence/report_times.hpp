#pragma once
// How long it took to notice, to be taken on and to be over: what a review asks first.
#include <boost/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/text/instant.hpp"

namespace readback::parts {

/// One step of an incident: when it was, and how long after the one that it is counted from.
struct Step {
  std::string name;             ///< "detected", "acknowledged", "recovered", "resolved"
  std::string since;            ///< "after the first failure", "after the page"
  std::optional<WallTime> at;   ///< unset: not yet
  std::optional<Millis> after;  ///< unset with it
};

/// Of the manifest and of what the daemon says now, which may be empty: then only what the manifest knows.
std::vector<Step> steps_of(const boost::json::object& manifest, const boost::json::object& now);

}  // namespace readback::parts
