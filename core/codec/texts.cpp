// The one place where a text of ours becomes a JSON string, and where one is read out of an object.
#include "core/codec/texts.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <utility>

#include "core/text/utf8.hpp"

namespace readback {

boost::json::string json_text(std::string_view text) { return boost::json::string(clean_utf8(text)); }

boost::json::array json_texts(const std::vector<std::string>& texts) {
  boost::json::array list;
  list.reserve(texts.size());
  for (const auto& text : texts) list.emplace_back(json_text(text));
  return list;
}

std::string text_in(const boost::json::object& object, std::string_view name) {
  const auto* found = object.if_contains(name);
  return found && found->is_string() ? std::string(found->get_string()) : std::string();
}

std::string quoted_json(std::string_view text) {
  if (!is_plain_json(text)) return boost::json::serialize(boost::json::string_view(text.data(), text.size()));
  std::string out;
  out.reserve(text.size() + 2);
  return std::move(out.append(1, '"').append(text).append(1, '"'));
}

}  // namespace readback
