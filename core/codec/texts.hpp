#pragma once
// Texts as JSON: valid UTF-8, whatever a surface sent. What is not becomes U+FFFD.
#include <boost/json/array.hpp>
#include <boost/json/string.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace readback {

boost::json::string json_text(std::string_view text);
boost::json::array json_texts(const std::vector<std::string>& texts);

}  // namespace readback
