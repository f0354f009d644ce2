#pragma once
// How the report reads what is in a bundle: members of JSON that may be missing, or of another kind, because a stranger
// may have made it. Then they are empty.
#include <boost/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "core/evidence/bundle.hpp"
#include "core/text/instant.hpp"

namespace readback::parts {

boost::json::object object_of(std::string_view text);
boost::json::object object_in(const BundleFiles& files, const std::string& name);
boost::json::object object_at(const boost::json::object& o, std::string_view key);
boost::json::array array_at(const boost::json::object& o, std::string_view key);
/// A text as it is, another value as JSON, null and what is missing as "".
std::string text_of(const boost::json::value& v);
std::string text_at(const boost::json::object& o, std::string_view key);
std::optional<WallTime> time_at(const boost::json::object& o, std::string_view key);

/// At most so many bytes of it, and that there is more.
std::string shortened(std::string text, std::size_t most);

/// The last good answer of a read and the one at the page: their bodies; "" where it is not kept.
struct Answers {
  std::string before, after;
};
Answers bodies_of(const BundleFiles& files, const std::string& read);

}  // namespace readback::parts
