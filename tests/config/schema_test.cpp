// The schema and the loader know the same keys. The loader is asked: a key that nobody knows is put into every map of
// the schema, and the complaint lists what would have been known there.
#include <doctest/doctest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <set>
#include <sstream>

#include "config/load.hpp"

using namespace readback;
namespace json = boost::json;

namespace {

const std::string root = READBACK_SOURCE_DIR;
const std::string nobody_knows = "qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq";  // far from every key

std::string whole(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

using Keys = std::set<std::string>;

/// What the loader knows in the map that `around` puts the odd key into. Nothing when it says nothing of the kind.
std::optional<Keys> known_to_loader(const json::value& document) {
  for (const auto& p : parse_config(json::serialize(document), "x").problems) {
    const std::string begin = "unknown key `" + nobody_knows + "`", list = "known are: ";
    if (!p.text.starts_with(begin)) continue;
    REQUIRE(p.suggestion.starts_with(list));
    Keys keys;
    std::istringstream words(p.suggestion.substr(list.size()));
    for (std::string word; std::getline(words >> std::ws, word, ',');) keys.insert(word);
    return keys;
  }
  return std::nullopt;
}

/// Walks the schema; `around` wraps a value into the document in which it would stand.
class Walk {
 public:
  explicit Walk(const json::object& schema) : root_(schema) {}
  int maps = 0;

  void visit(const json::object& s, const std::string& where, const std::function<json::value(json::value)>& around) {
    if (const auto* ref = s.if_contains("$ref")) return visit(resolve(ref->get_string()), where, around);
    for (const char* either : {"anyOf", "allOf"})
      if (const auto* list = s.if_contains(either))
        for (const auto& one : list->get_array()) visit(one.get_object(), where, around);
    const auto* properties = s.if_contains("properties");
    const auto* more = s.if_contains("additionalProperties");
    const bool closed = more && more->is_bool() && !more->get_bool();
    if (properties && closed && !s.contains("patternProperties")) compare(properties->get_object(), where, around);
    if (properties)
      for (const auto& [key, value] : properties->get_object())
        visit(value.get_object(), where + "." + std::string(key), [&, key = std::string(key)](json::value v) {
          return around(json::object{{key, std::move(v)}});
        });
    if (more && more->is_object()) {
      std::string name = "some";
      if (const auto* names = s.if_contains("propertyNames"))
        if (const auto* words = names->get_object().if_contains("enum")) name = words->get_array()[0].get_string();
      visit(more->get_object(), where + ".NAME", [&](json::value v) {
        return around(json::object{{name, std::move(v)}});
      });
    }
    if (const auto* items = s.if_contains("items"))
      visit(items->get_object(), where + "[]", [&](json::value v) { return around(json::array{std::move(v)}); });
  }

 private:
  /// `#/$defs/NAME` and deeper.
  const json::object& resolve(std::string_view ref) { return root_.at_pointer(ref.substr(1)).get_object(); }

  void compare(const json::object& properties, const std::string& where,
               const std::function<json::value(json::value)>& around) {
    CAPTURE(where);
    const auto loader = known_to_loader(around(json::object{{nobody_knows, 1}}));
    CHECK(loader.has_value());
    Keys schema;
    for (const auto& [key, value] : properties) schema.insert(std::string(key));
    // A secret is one of three maps with one key each.
    const bool secret = schema.size() == 1 && loader && *loader == Keys{"credential", "env", "file"};
    if (secret)
      CHECK(loader->contains(*schema.begin()));
    else if (loader)
      CHECK(*loader == schema);
    for (const auto& [key, value] : properties) {
      CAPTURE(std::string(key));
      const auto* text = value.get_object().if_contains("description");
      CHECK((text && text->get_string().size() > 5));
    }
    ++maps;
  }

  json::value root_;
};

std::vector<std::filesystem::path> examples(const char* folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(root + "/tests/config/" + folder))
    files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

TEST_CASE("the schema and the loader know the same keys, and each is described") {
  const auto schema = json::parse(whole(root + "/config/readback.schema.json")).get_object();
  Walk walk(schema);
  walk.visit(schema, "", [](json::value v) { return v; });
  CHECK(walk.maps > 40);  // none of them was passed by
}

TEST_CASE("every good example is taken, and the one with everything says every key") {
  for (const auto& file : examples("good")) {
    CAPTURE(file.string());
    const auto loaded = load_config(file);
    for (const auto& p : loaded.problems) CHECK_MESSAGE(p.warning, to_string(p));
  }
  CHECK(examples("good").size() >= 4);
  CHECK(load_config(root + "/config/readback.yaml").ok());
  CHECK(load_config(root + "/packaging/examples/readback.yaml").ok());
}

TEST_CASE("every bad example is refused, at a place of the file") {
  auto files = examples("bad");
  CHECK(files.size() >= 40);
  const auto more = examples("beyond_the_schema");  // what only the loader can know
  files.insert(files.end(), more.begin(), more.end());
  for (const auto& file : files) {
    CAPTURE(file.string());
    const auto loaded = load_config(file);
    CHECK_FALSE(loaded.ok());
    for (const auto& p : loaded.problems)
      if (!p.warning) CHECK(p.line > 0);
  }
}
