// The JSON Schema of the configuration. Kinds of values have a definition each, which stands here; every map of known
// keys comes from its list. What concerns several keys at once (a client certificate needs its key, a pager its routing
// key) is said here a second time, in the words of JSON Schema.
#include <boost/json.hpp>
#include <map>

#include "config/documents.hpp"
#include "config/keys.hpp"

namespace readback {
namespace {

namespace json = boost::json;

/// What a kind of value looks like, by its name below `#/$defs`.
constexpr std::string_view kinds = R"json({
  "duration": {
    "description": "Like 500ms, 30s, 2m, 1h30m or 7d, the larger unit first; a bare 0.",
    "anyOf": [
      {"type": "string", "pattern": "^(?=.)([0-9]+d)?([0-9]+h)?([0-9]+m(?!s))?([0-9]+s)?([0-9]+ms)?$"},
      {"const": 0},
      {"const": "0"}
    ]
  },
  "size": {
    "description": "Like 500MB or 1GiB; a bare number is bytes.",
    "anyOf": [
      {"type": "string", "pattern": "^[0-9]+(B|kB|KB|KiB|MB|MiB|GB|GiB|TB|TiB)?$"},
      {"type": "integer", "minimum": 1048576}
    ]
  },
  "name": {
    "description": "Letters, digits, `-`, `_` and `.` (not first), at most 64.",
    "type": "string",
    "pattern": "^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$"
  },
  "text": {
    "description": "A text of one line.",
    "type": ["string", "number", "boolean"],
    "minLength": 1,
    "pattern": "^[^\\r\\n\\u0000]+$"
  },
  "absolute_path": {"description": "A path that begins with `/`.", "type": "string", "pattern": "^/"},
  "http_url": {
    "description": "http:// or https://, a host, perhaps a port; no user name and no password.",
    "type": "string",
    "pattern": "^https?://(\\[[0-9A-Fa-f:.%]+\\]|[^\\s/?#@:\\[\\]]+)(:[0-9]{1,5})?([/?#][^\\s]*)?$"
  },
  "nats_url": {
    "description": "nats:// or tls://, a host, perhaps a port; no user name and no password.",
    "type": "string",
    "pattern": "^(nats|tls)://(\\[[0-9A-Fa-f:.%]+\\]|[^\\s/?#@:\\[\\]]+)(:[0-9]{1,5})?/?$"
  },
  "status": {"description": "An HTTP status code.", "type": "integer", "minimum": 100, "maximum": 599},
  "exit_code": {"description": "An exit code.", "type": "integer", "minimum": 0, "maximum": 255},
  "secret": {
    "description": "A secret: better named than written. Plain text is warned about.",
    "anyOf": [
      {"$ref": "#/$defs/text"},
      {
        "description": "A credential that the service manager hands over (LoadCredential=).",
        "type": "object",
        "additionalProperties": false,
        "required": ["credential"],
        "properties": {
          "credential": {"description": "The credential's name.", "type": "string", "pattern": "^[^/\\r\\n]+$"}
        }
      },
      {
        "description": "A file with one line.",
        "type": "object",
        "additionalProperties": false,
        "required": ["file"],
        "properties": {"file": {"description": "Its path.", "$ref": "#/$defs/text"}}
      },
      {
        "description": "A variable of the daemon's environment.",
        "type": "object",
        "additionalProperties": false,
        "required": ["env"],
        "properties": {"env": {"description": "Its name.", "$ref": "#/$defs/text"}}
      }
    ]
  },
  "named_secret": {
    "description": "Where to find a secret that cannot stand in the file itself.",
    "anyOf": [
      {"$ref": "#/$defs/secret/anyOf/1"},
      {"$ref": "#/$defs/secret/anyOf/2"},
      {"$ref": "#/$defs/secret/anyOf/3"}
    ]
  },
  "secret_url": {
    "description": "An address, or where to find one that is a secret itself.",
    "anyOf": [
      {"$ref": "#/$defs/http_url"},
      {"$ref": "#/$defs/secret/anyOf/1"},
      {"$ref": "#/$defs/secret/anyOf/2"},
      {"$ref": "#/$defs/secret/anyOf/3"}
    ]
  },
  "webhook_secret": {
    "description": "whsec_ and the base64 of 24 to 64 random bytes, or where to find it.",
    "anyOf": [
      {"type": "string", "pattern": "^whsec_."},
      {"$ref": "#/$defs/secret/anyOf/1"},
      {"$ref": "#/$defs/secret/anyOf/2"},
      {"$ref": "#/$defs/secret/anyOf/3"}
    ]
  },
  "headers": {
    "description": "Header names and their values.",
    "type": "object",
    "propertyNames": {
      "pattern": "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$",
      "not": {
        "pattern": "^([Hh]ost|[Cc]onnection|[Cc]ontent-[Ll]ength|[Tt]ransfer-[Ee]ncoding|[Uu]ser-[Aa]gent|[Aa]ccept-[Ee]ncoding)$"
      }
    },
    "additionalProperties": {"$ref": "#/$defs/secret"}
  }
})json";

/// What a list of keys cannot say, by shape.
constexpr std::string_view rules = R"json({
  "tls": {"dependentRequired": {"cert_file": ["key_file"], "key_file": ["cert_file"]}},
  "escalation": {"allOf": [{"properties": {"sinks": {"minItems": 1}}}]},
  "proxy": {
    "dependentRequired": {"user": ["password"], "password": ["user"]},
    "allOf": [{"properties": {"url": {"pattern": "^http://[^/?#]+/*$"}, "user": {"pattern": "^[^:]+$"}}}]
  },
  "sink": {
    "dependentRequired": {"content_type": ["template"]},
    "allOf": [
      {
        "if": {"properties": {"type": {"enum": ["pagerduty"]}}, "required": ["type"]},
        "then": {"required": ["routing_key"]}
      },
      {
        "if": {"properties": {"type": {"enum": ["webhook", "slack", "teams", "alertmanager"]}}, "required": ["type"]},
        "then": {
          "anyOf": [{"required": ["url"]}, {"required": ["urls"], "properties": {"urls": {"minItems": 1}}}],
          "not": {"required": ["routing_key"]}
        }
      },
      {
        "if": {"properties": {"type": {"enum": ["webhook", "slack", "teams", "pagerduty"]}}, "required": ["type"]},
        "then": {"properties": {"urls": {"maxItems": 1}}}
      },
      {
        "if": {"properties": {"type": {"enum": ["pagerduty", "alertmanager", "slack", "teams"]}}, "required": ["type"]},
        "then": {
          "not": {"anyOf": [{"required": ["secret"]}, {"required": ["secrets"]}, {"required": ["template"]}]}
        }
      }
    ]
  }
})json";

json::object object_of(std::string_view text) { return json::parse(text).as_object(); }
json::object reference(std::string_view name) { return {{"$ref", "#/$defs/" + std::string(name)}}; }
json::object list_of(json::object items) { return {{"type", "array"}, {"items", std::move(items)}}; }
json::object one_or_list_of(const json::object& items) { return {{"anyOf", json::array{items, list_of(items)}}}; }
json::object matching(std::string_view pattern) { return {{"type", "string"}, {"pattern", pattern}}; }
json::object one_of(json::array words) { return {{"enum", std::move(words)}}; }

json::array boundary_words() {
  json::array words;
  for (const Boundary b : all_boundaries) words.emplace_back(to_string(b));
  return words;
}

json::object named(json::object entry) {
  return {{"type", "object"}, {"propertyNames", reference("name")}, {"additionalProperties", std::move(entry)}};
}

void append(json::object& to, json::object from) {
  for (auto& [key, value] : from) to[key] = std::move(value);
}

/// Makes the schema of each kind of value, and collects what is referred to.
class Writer {
 public:
  json::object defs = object_of(kinds);

  /// A map of known keys: inline, or below `#/$defs` and referred to.
  json::object section(const Section& s) {
    if (s.shape.empty()) return map(s);
    if (!defs.contains(s.shape)) {
      json::object shape{{"description", s.about}};
      append(shape, map(s));
      if (const auto* more = rules_.if_contains(s.shape)) append(shape, more->as_object());
      defs.emplace(s.shape, std::move(shape));
    }
    return reference(s.shape);
  }

  json::object operator()(const key::Text&) { return reference("text"); }
  json::object operator()(const key::Name&) { return reference("name"); }
  json::object operator()(const key::Path&) { return reference("absolute_path"); }
  json::object operator()(const key::SocketPath&) { return reference("absolute_path"); }
  json::object operator()(const key::Folder&) { return reference("absolute_path"); }
  json::object operator()(const key::Duration&) { return reference("duration"); }
  json::object operator()(const key::OwnDuration&) { return reference("duration"); }
  json::object operator()(const key::WholeNumber& v) {
    return {{"type", "integer"}, {"minimum", v.least}, {"maximum", v.most}};
  }
  json::object operator()(const key::Days& v) {
    return {{"type", "integer"}, {"minimum", v.least}, {"maximum", v.most}};
  }
  json::object operator()(const key::Size&) { return reference("size"); }
  json::object operator()(const key::Jitter&) { return matching("^([0-9]|[1-4][0-9]|50)%$"); }
  json::object operator()(const key::Rate&) { return matching("^[1-9][0-9]*/(s|m|min|h)$"); }
  json::object operator()(const key::Boolean&) { return {{"type", "boolean"}}; }
  json::object operator()(const key::Choice& v) { return one_of(json::array(v.words.begin(), v.words.end())); }
  json::object operator()(const key::Url&) { return reference("http_url"); }
  json::object operator()(const key::BaseUrl& v) {
    if (!v.of_platform) return reference("http_url");
    return {{"anyOf", {reference("http_url"), matching("^unix:///.")}}};
  }
  json::object operator()(const key::UrlOrPath&) {
    return {{"anyOf", {matching("^/[^ \\r\\n]*$"), reference("http_url")}}};
  }
  json::object operator()(const key::UrlPath&) { return matching("^/[^ \\r\\n#]*$"); }
  json::object operator()(const key::Pointer&) { return matching("^/"); }
  json::object operator()(const key::Listen&) { return matching("^.+:[0-9]{1,5}$"); }
  json::object operator()(const key::Template&) { return reference("text"); }
  json::object operator()(const key::ContentType&) { return matching("^[^/\\r\\n]+/[^/\\r\\n]+$"); }
  json::object operator()(const key::Token&) { return matching("^[A-Za-z0-9_-]{1,32}$"); }
  json::object operator()(const key::Clock&) { return matching("^([01][0-9]|2[0-3]):[0-5][0-9]$"); }
  json::object operator()(const key::Zone&) { return matching("^[A-Za-z]"); }

  json::object operator()(const key::Secret& v) { return reference(v.only_named ? "named_secret" : "secret"); }
  json::object operator()(const key::RoutingKey&) { return reference("secret"); }
  json::object operator()(const key::HeartbeatUrl&) { return reference("secret_url"); }
  json::object operator()(const key::SinkUrl&) { return reference("secret_url"); }
  json::object operator()(const key::SinkUrls&) { return list_of(reference("secret_url")); }
  json::object operator()(const key::SigningSecret&) {
    auto either = one_or_list_of(reference("webhook_secret"));
    either["anyOf"].as_array()[1].as_object()["maxItems"] = 2;
    return either;
  }
  json::object operator()(const key::SigningSecrets&) {
    auto list = list_of(reference("webhook_secret"));
    list["maxItems"] = 2;
    return list;
  }
  json::object operator()(const key::Headers&) { return reference("headers"); }

  json::object operator()(const key::Texts&) { return list_of(reference("text")); }
  json::object operator()(const key::Patterns&) { return list_of(reference("text")); }
  json::object operator()(const key::Urls&) { return list_of(reference("http_url")); }
  json::object operator()(const key::NatsUrls&) {
    auto list = list_of(reference("nats_url"));
    list["minItems"] = 1;
    list["uniqueItems"] = true;
    return list;
  }
  json::object operator()(const key::WordSet&) { return list_of({{"type", {"string", "number", "boolean"}}}); }
  json::object operator()(const key::Boundaries&) {
    auto list = list_of(one_of(boundary_words()));
    list["minItems"] = 1;
    return list;
  }
  json::object operator()(const key::WeekDays&) {
    json::array days;
    for (const auto& day : week_days) days.emplace_back(day.word);
    return one_or_list_of(one_of(days));
  }
  json::object operator()(const key::StatusCodes&) { return one_or_list_of(reference("status")); }
  json::object operator()(const key::JsonValues&) {
    return {{"type", "object"},
            {"propertyNames", {{"pattern", "^/"}}},
            {"additionalProperties", {{"type", {"string", "number", "boolean", "null"}}}}};
  }
  json::object operator()(const key::Variables&) { return named(reference("text")); }
  json::object operator()(const key::Command&) {
    auto list = list_of(reference("text"));
    list["minItems"] = 1;
    return list;
  }
  json::object operator()(const key::ExitCodes&) {
    json::object words;
    json::array names;
    for (const char* word : {"in_sync", "drift", "broken"}) {
      json::object codes{{"description", "The codes that mean " + std::string(word) + "."}};
      append(codes, one_or_list_of(reference("exit_code")));
      words[word] = std::move(codes);
      names.emplace_back(word);
    }
    json::object meaning{{"description", "What this code means."}};
    append(meaning, one_of(names));
    return {{"type", "object"},
            {"properties", std::move(words)},
            {"patternProperties", {{"^[0-9]{1,3}$", std::move(meaning)}}},
            {"additionalProperties", false}};
  }

  json::object operator()(const key::CodeReadings&) {
    json::array names;
    for (const auto& each : code_readings) names.emplace_back(each.word);
    json::object meaning{{"description", "What this status code means."}};
    append(meaning, one_of(names));
    return {{"type", "object"},
            {"patternProperties", {{"^[1-5][0-9]{2}$", std::move(meaning)}}},
            {"additionalProperties", false}};
  }

  json::object operator()(const key::Map& v) { return section(v.section); }
  json::object operator()(const key::Fleet& v) { return section(section_of(v.out)); }
  json::object operator()(const key::Tls& v) { return section(section_of(v.out)); }
  json::object operator()(const key::Proxy& v) { return section(section_of(v.out)); }
  json::object operator()(const key::Targets& v) { return list_of(entry(v)); }
  json::object operator()(const key::Sinks& v) { return list_of(entry(v)); }
  json::object operator()(const key::Escalations& v) { return list_of(entry(v)); }
  json::object operator()(const key::Paths& v) { return list_of(entry(v)); }
  json::object operator()(const key::Windows& v) { return list_of(entry(v)); }
  json::object operator()(const key::Checks& v) { return named(entry(v)); }
  json::object operator()(const key::Runbooks& v) {
    return {{"type", "object"}, {"propertyNames", one_of(boundary_words())}, {"additionalProperties", entry(v)}};
  }
  /// A built-in surface may be removed; another one says at least where it is.
  json::object operator()(const key::Surfaces& v) {
    const auto surface = entry(v);
    json::object built_in;
    for (const SurfaceConfig& each : default_surfaces())
      built_in[each.name] = {{"description", "The built-in surface " + each.name + "; null removes it."},
                             {"anyOf", {{{"type", "null"}}, surface}}};
    return {{"type", "object"},
            {"propertyNames", reference("name")},
            {"properties", std::move(built_in)},
            {"additionalProperties", {{"allOf", {surface, {{"required", json::array{"path"}}}}}}}};
  }

 private:
  template <class List>
  json::object entry(const List& list) {
    json::object made;
    key::with_entry(list, [&](const Section& s) { made = section(s); });
    return made;
  }

  json::object map(const Section& s) {
    json::array required;
    json::object properties;
    for (const auto& key : s.keys) {
      if (key.presence.required) required.emplace_back(key.name);
      json::object one{{"description", describe(key)}};
      append(one, std::visit(*this, key.value));
      if (!key.presence.required) std::visit([&](const auto& value) { add_default(one, value); }, key.value);
      properties.emplace(key.name, std::move(one));
    }
    json::object made{{"type", "object"}, {"additionalProperties", false}};
    if (!required.empty()) made["required"] = std::move(required);
    made["properties"] = std::move(properties);
    return made;
  }

  template <class Value>
  static void add_default(json::object& one, const Value& value) {
    if constexpr (requires { value.text(); }) {
      const std::string text = value.text();
      if (text.empty()) return;
      if constexpr (std::is_same_v<Value, key::Boolean> || std::is_same_v<Value, key::WholeNumber> ||
                    std::is_same_v<Value, key::Days>)
        one["default"] = json::parse(text);
      else
        one["default"] = text;
    }
  }

  json::object rules_ = object_of(rules);
};

/// With a line for each member, as people and diffs read it.
void write(std::string& out, const json::value& value, const std::string& indent) {
  const std::string deeper = indent + "  ";
  std::string_view between;
  if (const auto* object = value.if_object(); object && !object->empty()) {
    out += '{';
    for (const auto& [key, member] : *object) {
      out.append(between).append("\n" + deeper + json::serialize(key) + ": ");
      write(out, member, deeper);
      between = ",";
    }
    out += "\n" + indent + "}";
  } else if (const auto* array = value.if_array(); array && !array->empty()) {
    out += '[';
    for (const auto& item : *array) {
      out.append(between).append("\n" + deeper);
      write(out, item, deeper);
      between = ",";
    }
    out += "\n" + indent + "]";
  } else {
    out += json::serialize(value);
  }
}

}  // namespace

std::string write_schema() {
  Config defaults;
  Writer writer;
  json::object schema{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                      {"$id", "readback.schema.json"},
                      {"title", "Configuration of readbackd"},
                      {"description", "What readbackd watches, and whom it tells. Unknown keys are errors."}};
  append(schema, writer.section(section_of(defaults)));
  schema["anyOf"] = json::array{{{"required", json::array{"targets"}}}, {{"required", json::array{"include"}}}};
  schema["$defs"] = std::move(writer.defs);
  std::string text;
  write(text, schema, "");
  return text + "\n";
}

}  // namespace readback
