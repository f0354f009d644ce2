// The table of keys in readback.yaml(5): a section for each map of known keys, under all the places where it may stand.
#include <algorithm>

#include "config/documents.hpp"
#include "config/keys.hpp"
#include "core/text/words.hpp"

namespace readback {
namespace {

constexpr std::string_view begins = ".\\\" From here on written by config_documents from config/keys.cpp.\n";
constexpr std::string_view ends = ".\\\" Up to here written by config_documents.\n";
constexpr std::size_t columns = 80;

/// What the table calls a kind of value.
struct Kind {
  std::string operator()(const key::Text&) const { return "text"; }
  std::string operator()(const key::Name&) const { return "name"; }
  std::string operator()(const key::Path&) const { return "path"; }
  std::string operator()(const key::SocketPath&) const { return "path"; }
  std::string operator()(const key::Folder&) const { return "path"; }
  std::string operator()(const key::Duration&) const { return "duration"; }
  std::string operator()(const key::OwnDuration&) const { return "duration"; }
  std::string operator()(const key::WholeNumber&) const { return "number"; }
  std::string operator()(const key::Days&) const { return "number"; }
  std::string operator()(const key::Size&) const { return "size"; }
  std::string operator()(const key::Jitter&) const { return "text"; }
  std::string operator()(const key::Rate&) const { return "text"; }
  std::string operator()(const key::Boolean&) const { return "true | false"; }
  std::string operator()(const key::Choice& v) const { return joined(v.words, " | "); }
  std::string operator()(const key::Url&) const { return "address"; }
  std::string operator()(const key::BaseUrl&) const { return "address"; }
  std::string operator()(const key::UrlOrPath&) const { return "address"; }
  std::string operator()(const key::UrlPath&) const { return "text"; }
  std::string operator()(const key::Pointer&) const { return "text"; }
  std::string operator()(const key::Listen&) const { return "text"; }
  std::string operator()(const key::Template&) const { return "path"; }
  std::string operator()(const key::ContentType&) const { return "text"; }
  std::string operator()(const key::Token&) const { return "name"; }
  std::string operator()(const key::Clock&) const { return "text"; }
  std::string operator()(const key::Zone&) const { return "text"; }
  std::string operator()(const key::Secret&) const { return "secret"; }
  std::string operator()(const key::RoutingKey&) const { return "secret"; }
  std::string operator()(const key::HeartbeatUrl&) const { return "address or secret"; }
  std::string operator()(const key::SinkUrl&) const { return "address or secret"; }
  std::string operator()(const key::SinkUrls&) const { return "list"; }
  std::string operator()(const key::SigningSecret&) const { return "secret or list"; }
  std::string operator()(const key::SigningSecrets&) const { return "list"; }
  std::string operator()(const key::Headers&) const { return "map"; }
  std::string operator()(const key::Texts&) const { return "list"; }
  std::string operator()(const key::Patterns&) const { return "list"; }
  std::string operator()(const key::Urls&) const { return "list"; }
  std::string operator()(const key::NatsUrls&) const { return "list"; }
  std::string operator()(const key::WordSet&) const { return "list"; }
  std::string operator()(const key::Boundaries&) const { return "list"; }
  std::string operator()(const key::WeekDays&) const { return "list"; }
  std::string operator()(const key::StatusCodes&) const { return "list"; }
  std::string operator()(const key::JsonValues&) const { return "map"; }
  std::string operator()(const key::Variables&) const { return "map"; }
  std::string operator()(const key::Command&) const { return "list"; }
  std::string operator()(const key::ExitCodes&) const { return "map"; }
  std::string operator()(const key::CodeReadings&) const { return "map"; }
  std::string operator()(const key::Map&) const { return "map"; }
  std::string operator()(const key::Fleet&) const { return "map"; }
  std::string operator()(const key::Tls&) const { return "map"; }
  std::string operator()(const key::Proxy&) const { return "map"; }
  std::string operator()(const key::Targets&) const { return "list"; }
  std::string operator()(const key::Sinks&) const { return "list"; }
  std::string operator()(const key::Escalations&) const { return "list"; }
  std::string operator()(const key::Paths&) const { return "list"; }
  std::string operator()(const key::Windows&) const { return "list"; }
  std::string operator()(const key::Surfaces&) const { return "map"; }
  std::string operator()(const key::Checks&) const { return "map"; }
  std::string operator()(const key::Runbooks&) const { return "map"; }
};

/// Each sentence begins a line, as mdoc wants it, and no line is longer than a terminal's.
std::string lines(std::string_view text) {
  std::string out, line;
  const auto end_line = [&] {
    if (line.starts_with('.') || line.starts_with('\'')) line.insert(0, "\\&");  // else it would be a macro
    if (!line.empty()) out += line + "\n";
    line.clear();
  };
  while (!text.empty()) {
    const auto word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    if (line.size() + 1 + word.size() > columns) end_line();
    line.append(line.empty() ? "" : " ").append(word);
    if (word.ends_with('.')) end_line();
  }
  end_line();
  return out;
}

class Table {
 public:
  void add(const Section& s, const std::string& place, std::string_view of_key) {
    const auto known = std::find_if(parts_.begin(), parts_.end(),
                                    [&](const Part& p) { return !s.shape.empty() && p.shape == s.shape; });
    if (known != parts_.end())
      known->places += ", " + place;
    else
      parts_.push_back({s.shape, place.empty() ? "The whole" : place, items(s, s.about.empty() ? of_key : s.about)});
    for (const auto& key : s.keys) {
      const std::string below = place + (place.empty() ? "" : ".") + std::string(key.name);
      std::visit([&](const auto& value) { descend(value, below, key.sentence); }, key.value);
    }
  }

  std::string text() const {
    std::string all;
    for (const auto& part : parts_) all += ".Ss " + part.places + "\n" + part.body;
    return all;
  }

 private:
  struct Part {
    std::string_view shape;
    std::string places, body;
  };

  static std::string items(const Section& s, std::string_view about) {
    std::string all = lines(about) + ".Bl -tag -width Ds\n";
    for (const auto& key : s.keys) {
      all += ".It Ic " + std::string(key.name) + " : Ar " + std::visit(Kind{}, key.value);
      const std::string value = std::visit([](const auto& v) { return default_of(v); }, key.value);
      if (key.presence.required)
        all += " , No required";
      else if (!value.empty())
        all += " Pq Cm " + value;
      all += "\n" + lines(describe(key));
    }
    return all + ".El\n";
  }
  template <class Value>
  static std::string default_of(const Value& value) {
    if constexpr (requires { value.text(); })
      return value.text();
    else
      return "";
  }

  void descend(const key::Map& v, const std::string& place, std::string_view of_key) { add(v.section, place, of_key); }
  void descend(const key::Tls& v, const std::string& place, std::string_view of_key) {
    add(section_of(v.out), place, of_key);
  }
  void descend(const key::Proxy& v, const std::string& place, std::string_view of_key) {
    add(section_of(v.out), place, of_key);
  }
  void descend(const key::Fleet& v, const std::string& place, std::string_view of_key) {
    add(section_of(v.out), place, of_key);
  }
  template <class Value>
  void descend(const Value& v, const std::string& place, std::string_view of_key) {
    constexpr bool is_list = std::is_same_v<Value, key::Targets> || std::is_same_v<Value, key::Sinks> ||
                             std::is_same_v<Value, key::Escalations> || std::is_same_v<Value, key::Paths> ||
                             std::is_same_v<Value, key::Windows>;
    constexpr bool by_boundary = std::is_same_v<Value, key::Runbooks>;
    if constexpr (requires { key::with_entry(v, [](const Section&) {}); })
      key::with_entry(v, [&](const Section& s) {
        add(s, place + (is_list ? "[]" : by_boundary ? ".BOUNDARY" : ".NAME"), of_key);
      });
  }

  std::vector<Part> parts_;
};

}  // namespace

std::string write_key_table() {
  Config defaults;
  Table table;
  table.add(section_of(defaults), "", "");
  return table.text();
}

Result<std::string> with_key_table(std::string_view page) {
  const auto from = page.find(begins), to = page.find(ends);
  if (from == page.npos || to == page.npos || to < from)
    return Failure{"the page has no table of keys to be written anew"};
  return std::string(page.substr(0, from + begins.size())) + write_key_table() + std::string(page.substr(to));
}

}  // namespace readback
