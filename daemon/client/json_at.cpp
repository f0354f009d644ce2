// No member is trusted to be there, nor to be what this version of the daemon makes of it.
#include "daemon/client/json_at.hpp"

#include <boost/json.hpp>

#include "core/text/time.hpp"

namespace readback {
namespace json = boost::json;

std::string text_at(const json::object& o, std::string_view key) {
  const auto* v = o.if_contains(key);
  if (!v || v->is_null()) return "";
  if (const auto* s = v->if_string()) return std::string(*s);
  return json::serialize(*v);
}

const json::object* object_at(const json::object& o, std::string_view key) {
  const auto* v = o.if_contains(key);
  return v ? v->if_object() : nullptr;
}

json::array array_at(const json::object& o, std::string_view key) {
  const auto* v = o.if_contains(key);
  return v && v->is_array() ? v->get_array() : json::array{};
}

std::optional<double> number_at(const json::object& o, std::string_view key) {
  const auto* v = o.if_contains(key);
  if (!v || !v->is_number()) return std::nullopt;
  return v->to_number<double>();
}

bool true_at(const json::object& o, std::string_view key) {
  const auto* v = o.if_contains(key);
  return v && v->is_bool() && v->get_bool();
}

std::string clock_at(const json::object& o, std::string_view key) {
  const auto at = parse_rfc3339(text_at(o, key));
  return at ? to_rfc3339(*at).substr(0, 19) + "Z" : "";
}

}  // namespace readback
