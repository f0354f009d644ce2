// What is written from the lists of keys is what the repository holds; and a key that stands in a list stands, by that
// alone and in the same order, in everything that walks it: what is read, what is printed and digested, the schema, the
// man page. The example that says every key is walked along its lists, and beside them what was made of each.
#include <doctest/doctest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "config/document.hpp"
#include "config/documents.hpp"
#include "config/keys.hpp"
#include "config/load.hpp"
#include "core/text/encoding.hpp"

using namespace readback;
namespace json = boost::json;

namespace {

const std::string root = READBACK_SOURCE_DIR;

std::string whole(const std::string& path) {
  std::ifstream file(root + "/" + path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

using Names = std::vector<std::string>;

/// The keys of the table by place, as `targets[].tls`; the items with the lines below them.
std::map<std::string, Names> sections_of_table(const std::string& table) {
  std::map<std::string, Names> sections;
  Names places;
  std::istringstream lines(table);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(".Ss ")) {
      places.clear();
      std::istringstream list(line.substr(4));
      for (std::string place; std::getline(list >> std::ws, place, ',');) places.push_back(place);
    } else if (line.starts_with(".It Ic ")) {
      for (const auto& place : places) sections[place].push_back(line.substr(7, line.find(" : ") - 7));
    }
  }
  return sections;
}

/// Follows the lists through a configuration, with what was printed of it, the schema and the table beside.
class Walk {
 public:
  std::set<std::string> listed, printed;  ///< `sink.url`

  void section(const Section& s, const Node& shown, const json::object& where_it_stands, const std::string& place) {
    CAPTURE(place);
    Names names;
    for (const auto& key : s.keys) names.emplace_back(key.name);
    check_printed(names, shown);
    CHECK(table_.at(place.empty() ? "The whole" : place) == names);
    const json::object& schema = s.shape.empty() ? where_it_stands : schema_.at("$defs").at(s.shape).get_object();
    const json::object& properties = schema.at("properties").get_object();
    CHECK(names_in(properties) == names);
    for (const auto& key : s.keys) {
      CAPTURE(key.name);
      const std::string id = (s.shape.empty() ? place : std::string(s.shape)) + "." + std::string(key.name);
      const json::object& described = properties.at(key.name).get_object();
      CHECK(described.at("description").get_string() == describe(key));
      listed.insert(id);
      const Node* value = shown.find(key.name);
      if (!value) continue;
      printed.insert(id);
      const std::string deeper = place + (place.empty() ? "" : ".") + std::string(key.name);
      std::visit([&](const auto& v) { below(v, *value, described, deeper); }, key.value);
    }
  }
  const json::object& schema() const { return schema_; }

 private:
  static void check_printed(const Names& names, const Node& shown) {
    auto from = names.begin();
    for (const auto& entry : shown.entries) {
      CAPTURE(entry.key.text);
      from = std::find(from, names.end(), entry.key.text);
      REQUIRE(from != names.end());
      ++from;
    }
  }

  static Names names_in(const json::object& map) {
    Names names;
    for (const auto& each : map) names.emplace_back(each.key());
    return names;
  }

  template <class Value>
  void below(const Value& v, const Node& shown, const json::object& schema, const std::string& place) {
    if constexpr (std::is_same_v<Value, key::Map>) {
      section(v.section, shown, schema, place);
    } else if constexpr (std::is_same_v<Value, key::Tls> || std::is_same_v<Value, key::Proxy> ||
                         std::is_same_v<Value, key::Fleet>) {
      section(section_of(v.out), shown, schema, place);
    } else if constexpr (std::is_same_v<Value, key::Runbooks>) {
      for (auto& [boundary, runbook] : v.out)
        section(section_of(runbook), *shown.find(to_string(boundary)), schema, place + ".BOUNDARY");
    } else if constexpr (std::is_same_v<Value, key::Checks>) {
      for (auto& each : v.out) section(section_of(each), *shown.find(each.name), schema, place + ".NAME");
    } else if constexpr (std::is_same_v<Value, key::Surfaces>) {
      for (auto& each : v.out) section(section_of(each.edit()), *shown.find(each->name), schema, place + ".NAME");
    } else if constexpr (requires { section_of(v.out.front()); }) {
      REQUIRE(shown.items.size() == v.out.size());
      for (std::size_t i = 0; i < v.out.size(); ++i)
        section(section_of(v.out[i]), shown.items[i], schema, place + "[]");
    }
  }

  const json::object schema_ = json::parse(write_schema()).get_object();
  const std::map<std::string, Names> table_ = sections_of_table(write_key_table());
};

}  // namespace

TEST_CASE("the schema and the man page's table of keys are what is written from the lists") {
  CHECK_MESSAGE(whole("config/readback.schema.json") == write_schema(),
                "config_documents schema > config/readback.schema.json");
  const std::string page = whole("packaging/man/readback.yaml.5");
  const auto anew = with_key_table(page);
  REQUIRE(anew.ok());
  CHECK_MESSAGE(*anew == page, "config_documents man packaging/man/readback.yaml.5");
}

TEST_CASE("a page whose table was changed by hand is written as it was; one without a table is refused") {
  const std::string page = whole("packaging/man/readback.yaml.5");
  std::string changed = page;
  const auto at = changed.find(".It Ic interval");
  REQUIRE(at != changed.npos);
  changed.insert(at, ".It Ic nobody : Ar text\nA key that nobody reads.\n");
  CHECK(with_key_table(changed).value() == page);
  CHECK_FALSE(with_key_table("no table here").ok());
}

TEST_CASE("a key that stands in a list is read, printed, digested, in the schema and in the man page, in one order") {
  auto loaded = load_config(root + "/tests/config/good/everything.yaml");
  REQUIRE(loaded.ok());
  for (auto& sink : loaded.config.alerts.sinks)
    for (auto& url : sink.urls) url = {SecretRef::From::credential, "url"};
  for (auto& sink : loaded.config.alerts.sinks) sink.body.text.clear();  // digested, and not printed
  loaded.config.heartbeat.url = {SecretRef::From::credential, "heartbeat"};
  const std::string text = print_config(loaded.config);
  CHECK(config_digest(loaded.config) == sha256_hex(text));  // nothing is masked now: they are the same text
  std::vector<ConfigProblem> problems;
  const Node shown = parse_document(text, "printed", problems);
  REQUIRE(problems.empty());
  Walk walk;
  walk.section(section_of(loaded.config), shown, walk.schema(), "");
  CHECK(walk.listed.size() > 100);

  // Everything that a list names is printed, but for the one key that is another spelling of the next, the ways to log
  // in to a server that was not taken, what has been taken in from other files, and what a fleet does not do.
  std::vector<std::string> passed_by;
  std::set_difference(walk.listed.begin(), walk.listed.end(), walk.printed.begin(), walk.printed.end(),
                      std::back_inserter(passed_by));
  CHECK(passed_by == std::vector<std::string>{".include", "alerts.escalate", "fleet.nats.password", "fleet.nats.token",
                                              "fleet.nats.user", "sink.group", "sink.secret"});

  const auto again = parse_config(text, "printed");
  CHECK(again.ok());
  CHECK(print_config(again.config) == text);
}
