#pragma once
// From the bytes of a body to something that can be read: JSON, text, an HTML page, or nothing (design: diagnosis
// section 1, "Decoding"). What other programs swallow is swallowed here too: a byte order mark, `)]}'`, bytes that are
// no UTF-8, NaN, one object a line.
#include <boost/json/storage_ptr.hpp>
#include <boost/json/value.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace readback {

struct DecodedBody {
  enum class Kind { empty, json, text, html, broken } kind = Kind::empty;
  boost::json::value value;  ///< of JSON
  std::string text;          ///< of text; of an HTML page its title
  std::string trouble;       ///< of a broken one: "cut off", "nested too deep"
};

/// What `memory` lends must outlive the body.
DecodedBody decode(std::string_view body, boost::json::storage_ptr memory = {});

/// Parses within the limits that hold for all outside JSON: depth 500, no trailing text. Nothing on any error, with
/// why.
std::optional<boost::json::value> parse_outside_json(std::string_view text, std::string& why,
                                                     boost::json::storage_ptr memory = {});

}  // namespace readback
