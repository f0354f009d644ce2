// A body by a template: what is right comes out for every kind of event, what is wrong is told with its place before it
// is ever used, and no template can make more than it may.
#include <doctest/doctest.h>

#include <boost/json.hpp>

#include "core/alert/render/template.hpp"

using namespace readback;
namespace json = boost::json;

namespace {

constexpr const char* of_json = "application/json";

std::string told(std::string_view text, std::string_view content_type = of_json) {
  std::string all;
  for (const auto& f : faults_of_template(text, content_type))
    all += std::to_string(f.line) + ":" + std::to_string(f.column) + ": " + f.text + "; " + f.suggestion + "\n";
  return all;
}

std::string made(std::string_view text, std::string_view content_type, std::string_view event) {
  return render_template(text, content_type, event).value_or("nothing");
}

std::string repeated(std::string_view piece, int times) {
  std::string all;
  while (times-- > 0) all += piece;
  return all;
}

}  // namespace

TEST_CASE("what a template says of an event") {
  struct Case {
    const char* name;
    std::string_view text, content_type, event, want;
  };
  const Case cases[] = {
      {"a name", R"({"text":"{{summary}}"})", of_json, R"({"summary":"down"})", R"({"text":"down"})"},
      {"escaped for JSON", R"("{{s}}")", of_json, R"({"s":"a\"b\\c\nd"})", R"("a\"b\\c\nd")"},
      {"escaped for a form", "a={{s}}", "application/x-www-form-urlencoded", R"({"s":"a&b c/ü"})",
       "a=a%26b%20c%2F%C3%BC"},
      {"escaped for XML", "<a>{{s}}</a>", "text/xml; charset=utf-8", R"({"s":"<b> & c"})", "<a>&lt;b&gt; &amp; c</a>"},
      {"plain", "{{s}}", "text/plain", R"({"s":"<b> \"&\""})", "<b> \"&\""},
      {"not escaped", "{{{s}}}{{&s}}", of_json, R"({"s":"\"<"})", "\"<\"<"},
      {"a value as JSON", R"({"why":{{{json.why}}},"id":{{{json.incident.id}}}})", of_json,
       R"({"why":["a","\"b"],"incident":{"id":"i"}})", R"({"why":["a","\"b"],"id":"i"})"},
      {"below another", "{{incident.first.reason}}", "text/plain", R"({"incident":{"first":{"reason":"refused"}}})",
       "refused"},
      {"what is nothing", "[{{a}}{{b}}{{c}}{{d}}]", "text/plain", R"({"a":null,"b":"","c":false})", "[]"},
      {"numbers", "{{n}} {{t}}", "text/plain", R"({"n":12,"t":true})", "12 true"},
      {"a list", "{{#why}}- {{.}}\n{{/why}}", "text/plain", R"({"why":["a","b"]})", "- a\n- b\n"},
      {"when there is one", "{{#url}}<{{url}}>{{/url}}{{^url}}none{{/url}}", "text/plain", R"({"url":"x"})", "<x>"},
      {"when there is none", "{{#url}}<{{url}}>{{/url}}{{^url}}none{{/url}}", "text/plain", R"({"url":""})", "none"},
      {"a comment", "a{{! not this }}b", "text/plain", "{}", "ab"},
      {"our own marks cannot be brought in", "{{{s}}}", "text/plain", "{\"s\":\"a\\u0001b\\u0003c\"}", "a b c"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.name);
    CHECK(made(c.text, c.content_type, c.event) == c.want);
  }
}

TEST_CASE("what is wrong with a template is told with its place") {
  struct Case {
    const char* name;
    std::string text, want;
  };
  const Case cases[] = {
      {"an unknown name", "{\n  \"text\": \"{{sumary}}\"}",
       "2:12: no event has a `sumary`; the names are those of readback.alert/v1\n"},
      {"one that is nearly right", R"({"a":"{{summary}}","b":"{{sumary}}"})",
       "1:25: no event has a `sumary`; did you mean `summary`?\n"},
      {"one of another place", R"("{{incident.firstfailure.read}}")",
       "1:2: no event has a `incident.firstfailure.read`; the names are those of readback.alert/v1\n"},
      {"a tag without an end", "{\"a\":\n\"{{summary}\"}", "2:2: the tag has no end; }}\n"},
      {"a section without an end", "\n{{#why}}1", "2:1: the section {{#why}} has no end; {{/why}}\n"},
      {"an end without a section", "1{{/why}}", "1:2: {{/why}} ends no section that is open here; remove it\n"},
      {"the end of another", "{{#why}}1{{/also}}", "1:10: {{/also}} ends no section that is open here; {{/why}}\n"},
      {"another file", "{{> /etc/passwd}}", "1:1: a template includes no other one; write it here\n"},
      {"other delimiters", "{{=<% %>=}}", "1:1: the delimiters are {{ and }}, always; remove it\n"},
      {"nothing in a tag", "{{ }}", "1:1: the tag is empty; {{summary}}\n"},
      {"a control character", "1\n\x01", "2:1: a control character stands here; remove it\n"},
      {"no JSON", R"({"text": {{summary}}})",
       "1:1: of a sample event `firing` it makes no JSON: syntax error; quote each {{name}}, and write a list as "
       "{{{json.why}}}\n"},
      {"too deep", repeated("{{#why}}", 17) + repeated("{{/why}}", 17),
       "1:129: more than 16 sections in each other; make it flatter\n"},
      {"too long", std::string(33 << 10, ' '), "1:1: the template is larger than 32 KiB; make it smaller\n"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.name);
    CHECK(told(c.text) == c.want);
  }
  CHECK(told(R"({"a":"{{incident.first_failure.reason}}{{fleet.seen_from}}{{url}}{{evidence.note}}"})").empty());
}

TEST_CASE("a template that is to be something else than JSON is not asked for JSON") {
  CHECK(told("{{summary}}", "text/plain").empty());
  CHECK(told("<alert>{{summary}}</alert>", "application/xml").empty());
}

TEST_CASE("no template makes more of an event than it may, in space or in time") {
  json::object event;
  json::array& many = event["why"].emplace_array();
  for (int i = 0; i < 100; ++i) many.emplace_back(std::string(100, 'x'));
  const auto text = json::serialize(event);
  const std::string eight = repeated("{{#why}}", 8) + repeated("{{/why}}", 8);
  CHECK(made(eight, "text/plain", text) == "nothing");
  CHECK(made("{{#why}}{{#why}}{{{json.why}}}{{/why}}{{/why}}", "text/plain", text) == "nothing");
  CHECK(made("{{#why}}" + std::string(8000, 'y') + "{{/why}}", "text/plain", text) == "nothing");
  CHECK(made("{{#why}}{{.}}{{/why}}", "text/plain", text).size() == 10'000);
}
