#pragma once
// Holds an answer against packaging/openapi/readback.json: the part of JSON Schema that the file uses.
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fstream>
#include <string>

#include "tests/support/control/wire.hpp"

namespace readback {
namespace json = boost::json;

class Schemas {
 public:
  Schemas() {
    std::ifstream in(READBACK_SOURCE_DIR "/packaging/openapi/readback.json");
    file_ = json::parse(std::string((std::istreambuf_iterator<char>(in)), {}));
  }
  const json::object& file() const { return file_.as_object(); }
  std::string check(const json::value& v, const json::object& schema, const std::string& at) const {
    if (const auto* ref = schema.if_contains("$ref")) {
      const std::string name = std::string(ref->as_string()).substr(std::string_view("#/components/schemas/").size());
      return check(v, file_.at("components").at("schemas").at(name).as_object(), at);
    }
    if (const auto* any = schema.if_contains("anyOf")) {
      for (const auto& one : any->as_array())
        if (check(v, one.as_object(), at).empty()) return "";
      return at + ": fits none";
    }
    if (const auto* constant = schema.if_contains("const"); constant && *constant != v)
      return at + ": is not the constant";
    if (const auto* words = schema.if_contains("enum")) {
      bool found = false;
      for (const auto& w : words->as_array()) found = found || w == v;
      if (!found) return at + ": no such word " + json::serialize(v);
    }
    if (const auto* type = schema.if_contains("type")) {
      bool fits = false;
      const json::array all = type->is_array() ? type->as_array() : json::array{*type};
      for (const auto& t : all)
        fits = fits || (t == "null" && v.is_null()) || (t == "string" && v.is_string()) ||
               (t == "boolean" && v.is_bool()) || (t == "integer" && (v.is_int64() || v.is_uint64())) ||
               (t == "number" && v.is_number()) || (t == "array" && v.is_array()) || (t == "object" && v.is_object());
      if (!fits) return at + ": wrong type " + json::serialize(v).substr(0, 60);
    }
    if (v.is_array() && schema.contains("items"))
      for (std::size_t i = 0; i < v.as_array().size(); ++i)
        if (auto e = check(v.at(i), schema.at("items").as_object(), at + "/" + std::to_string(i)); !e.empty()) return e;
    if (v.is_object() && schema.contains("properties")) {
      const auto& properties = schema.at("properties").as_object();
      for (const auto& needed : schema.at("required").as_array())
        if (!v.as_object().contains(needed.as_string())) return at + ": lacks " + std::string(needed.as_string());
      for (const auto& m : v.as_object()) {
        if (!properties.contains(m.key())) return at + ": undocumented " + std::string(m.key());
        if (auto e = check(m.value(), properties.at(m.key()).as_object(), at + "/" + std::string(m.key())); !e.empty())
          return e;
      }
    }
    return "";
  }
  /// Against the answer that the file promises for this route and status.
  std::string check(const std::string& path, const std::string& method, const Seen& seen) const {
    const auto& responses = file_.at("paths").at(path).at(method).at("responses").as_object();
    const auto* one = responses.if_contains(std::to_string(seen.status));
    const char* type = seen.status < 400 ? "application/json" : "application/problem+json";
    if (!one) one = &responses.at("default");
    if (seen.header("Content-Type") != type) return path + ": content type " + seen.header("Content-Type");
    return check(seen.parsed(), one->at("content").at(type).at("schema").as_object(), path);
  }

 private:
  json::value file_;
};

}  // namespace readback
