// Whatever is asked for, the answer is a value: a report is made of what there is.
#include "core/evidence/report_json.hpp"

#include "core/codec/reads_json.hpp"
#include "core/text/time.hpp"
#include "core/text/utf8.hpp"

namespace readback::parts {
namespace json = boost::json;

json::object object_of(std::string_view text) {
  json::error_code ec;
  const auto v = json::parse(text, ec);
  return !ec && v.is_object() ? v.get_object() : json::object{};
}

json::object object_in(const BundleFiles& files, const std::string& name) {
  const auto found = files.find(name);
  return found == files.end() ? json::object{} : object_of(found->second);
}

json::object object_at(const json::object& o, std::string_view key) {
  const auto* v = o.if_contains(key);
  return v && v->is_object() ? v->get_object() : json::object{};
}

json::array array_at(const json::object& o, std::string_view key) {
  const auto* v = o.if_contains(key);
  return v && v->is_array() ? v->get_array() : json::array{};
}

std::string text_of(const json::value& v) {
  if (v.is_null()) return "";
  return v.is_string() ? std::string(v.get_string()) : json::serialize(v);
}

std::string text_at(const json::object& o, std::string_view key) {
  const auto* v = o.if_contains(key);
  return v ? text_of(*v) : "";
}

std::optional<WallTime> time_at(const json::object& o, std::string_view key) { return parse_rfc3339(text_at(o, key)); }

std::string shortened(std::string text, std::size_t most) {
  if (text.size() <= most) return text;
  return std::string(whole_characters(text, most)) + "\n… (the rest is in the bundle)";
}

Answers bodies_of(const BundleFiles& files, const std::string& read) {
  const auto body = [&](const char* phase) {
    const auto o = object_in(files, std::string("reads/") + phase + "/" + file_name_of(read) + ".json");
    return text_at(object_at(o, "http"), "body");
  };
  return {body("last-good"), body("at-page")};
}

}  // namespace readback::parts
