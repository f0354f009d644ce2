#pragma once
// What is on its way to the servers, as a file in the store's folder holds it: {"waiting":[…], …}.
#include <boost/json/object.hpp>
#include <optional>
#include <string>

namespace readback {

/// Nothing when there is no such file: nothing has ever waited. Without a list `waiting` when it cannot be read. Waits
/// for the disk.
std::optional<boost::json::object> read_kept(const std::string& file);
/// Whether it could be read.
bool is_kept_list(const boost::json::object& kept);

}  // namespace readback
