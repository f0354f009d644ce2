#pragma once
// Members of the daemon's answers, as another version may have them or not: what is not there, or is something else, is
// empty.
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace readback {

/// The text of a key, "" when it is absent or null.
std::string text_at(const boost::json::object& o, std::string_view key);
const boost::json::object* object_at(const boost::json::object& o, std::string_view key);
boost::json::array array_at(const boost::json::object& o, std::string_view key);
std::optional<double> number_at(const boost::json::object& o, std::string_view key);
bool true_at(const boost::json::object& o, std::string_view key);
/// A time to the second.
std::string clock_at(const boost::json::object& o, std::string_view key);

}  // namespace readback
