// The library renders; what its language allows and we do not (partials, other delimiters) and where a mistake stands
// is found by a scan of our own, because the library knows neither lines nor names that are missing.
#include "core/alert/render/template.hpp"

#include <algorithm>
#include <cctype>
#include <deque>
#include <kainjow/mustache.hpp>
#include <set>
#include <stdexcept>

#include "core/alert/render/parts.hpp"
#include "core/text/encoding.hpp"
#include "core/text/words.hpp"

namespace readback {
namespace {

namespace mustache = kainjow::mustache;

constexpr std::size_t most_depth = 16;          // of sections in each other
constexpr std::size_t most_repeated = 8 << 20;  // bytes of the template, over all rounds of its sections
constexpr std::size_t most_inserted = 1 << 20;  // bytes of values; the library hands a line out when it is whole
constexpr std::string_view as_json = "json.";

/// The template asks for more than may be made of one event.
struct TooMuch : std::runtime_error {
  TooMuch() : std::runtime_error("too much") {}
};

// ---- what stands in it

struct Tag {
  char kind;         ///< `#` `^` `/` `>` `=` `!` `&`, `{` for {{{name}}}, ` ` for {{name}}
  std::string name;  ///< without blanks around it
  std::size_t at;
};

std::string trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  return first == text.npos ? "" : std::string(text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1));
}

/// The tags in their order; of one that does not end, its place.
struct Scan {
  std::vector<Tag> tags;
  std::optional<std::size_t> unclosed;
};

Scan scan(std::string_view text) {
  Scan out;
  for (std::size_t at = text.find("{{"); at != text.npos; at = text.find("{{", at)) {
    const bool bare = text.substr(at).starts_with("{{{");
    const std::string_view ends = bare ? "}}}" : "}}";
    const auto inside = at + ends.size();
    const auto end = text.find(ends, inside);
    if (end == text.npos) {
      out.unclosed = at;
      return out;
    }
    auto name = trimmed(text.substr(inside, end - inside));
    char kind = bare ? '{' : ' ';
    if (!bare && !name.empty() && std::string_view("#^/>=!&").find(name[0]) != std::string_view::npos) {
      kind = name[0];
      name = trimmed(std::string_view(name).substr(1));
    }
    out.tags.push_back({kind, std::move(name), at});
    at = end + ends.size();
  }
  return out;
}

class Faults {
 public:
  explicit Faults(std::string_view text) : text_(text) {}
  void add(std::size_t at, std::string what, std::string suggestion) {
    const auto before = text_.substr(0, at);
    const auto line = std::count(before.begin(), before.end(), '\n');
    const auto begins = before.rfind('\n');
    const auto column = begins == before.npos ? at + 1 : at - begins;
    found.push_back({static_cast<int>(line) + 1, static_cast<int>(column), std::move(what), std::move(suggestion)});
  }
  std::vector<TemplateFault> found;

 private:
  std::string_view text_;
};

void judge_sections(const std::vector<Tag>& tags, Faults& faults) {
  std::vector<const Tag*> open;
  for (const auto& tag : tags) {
    if (tag.kind == '#' || tag.kind == '^') {
      open.push_back(&tag);
      if (open.size() == most_depth + 1)
        faults.add(tag.at, "more than " + std::to_string(most_depth) + " sections in each other", "make it flatter");
    }
    if (tag.kind != '/') continue;
    const std::string begin = open.empty() ? "" : open.back()->name;
    if (begin != tag.name || open.empty())
      return faults.add(tag.at, "{{/" + tag.name + "}} ends no section that is open here",
                        open.empty() ? "remove it" : "{{/" + begin + "}}");
    open.pop_back();
  }
  for (const auto* tag : open)
    faults.add(tag->at, "the section {{" + std::string(1, tag->kind) + tag->name + "}} has no end",
               "{{/" + tag->name + "}}");
}

void judge_tags(std::string_view text, const Scan& scanned, Faults& faults) {
  if (scanned.unclosed) faults.add(*scanned.unclosed, "the tag has no end", "}}");
  for (const auto& tag : scanned.tags) {
    if (tag.kind == '>') faults.add(tag.at, "a template includes no other one", "write it here");
    if (tag.kind == '=') faults.add(tag.at, "the delimiters are {{ and }}, always", "remove it");
    if (tag.name.empty() && tag.kind != '!') faults.add(tag.at, "the tag is empty", "{{summary}}");
  }
  const auto odd = std::find_if(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\r' && c != '\t';
  });
  if (odd != text.end())
    faults.add(static_cast<std::size_t>(odd - text.begin()), "a control character stands here", "remove it");
  judge_sections(scanned.tags, faults);
}

// ---- what is put into it

/// Control characters are not for any receiver, and some are marks of ours (parts.hpp).
std::string printable(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') c = ' ';
  return out;
}

/// Nothing, "" and false are false: a section of such a name is left out.
mustache::data data_of(const json::value& value) {
  switch (value.kind()) {
    case json::kind::object: {
      mustache::data all(mustache::data::type::object);
      for (const auto& [name, member] : value.get_object()) all.set(std::string(name), data_of(member));
      return all;
    }
    case json::kind::array: {
      mustache::data all(mustache::data::type::list);
      for (const auto& item : value.get_array()) all.push_back(data_of(item));
      return all;
    }
    case json::kind::string:
      return value.get_string().empty() ? mustache::data(false) : mustache::data(printable(value.get_string()));
    case json::kind::bool_: return value.get_bool() ? mustache::data("true") : mustache::data(false);
    case json::kind::null: return false;
    default: return json::serialize(value);
  }
}

std::string form_encoded(std::string_view text) {
  constexpr const char* hex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) || std::string_view("-._~").find(c) != std::string_view::npos)
      out += c;
    else
      out += {'%', hex[byte >> 4], hex[byte & 15]};
  }
  return out;
}

std::string escaped_for(std::string_view content_type, const std::string& text) {
  const auto is = [&](std::string_view part) { return lower_case(content_type).find(part) != std::string::npos; };
  if (is("json")) {
    const auto whole = quoted_json(text);
    return whole.substr(1, whole.size() - 2);
  }
  if (is("form-urlencoded")) return form_encoded(text);
  if (is("xml") || is("html")) return html_text(text);
  return text;
}

/// Looks names up, remembers which were there, and counts the rounds.
class Names : public mustache::context<std::string> {
 public:
  Names(const json::value& event, const mustache::data& all, std::size_t template_size)
      : context(&all), event_(event), most_rounds_(most_repeated / (template_size + 1)) {}

  void push(const mustache::data* data) override {
    if (++rounds_ > most_rounds_) throw TooMuch();
    context::push(data);
  }
  const mustache::data* get(const std::string& name) const override {
    const auto* found = name.starts_with(as_json) ? json_of(name.substr(as_json.size())) : context::get(name);
    (found ? known : unknown).insert(name);
    if (found && found->is_string()) inserted_ += found->string_value().size();
    if (inserted_ > most_inserted) throw TooMuch();
    return found;
  }
  mutable std::set<std::string> known, unknown;

 private:
  const mustache::data* json_of(const std::string& path) const {
    std::string pointer = "/" + path;
    std::replace(pointer.begin(), pointer.end(), '.', '/');
    boost::system::error_code missing;
    const auto* value = event_.find_pointer(pointer, missing);
    return value ? &made_.emplace_back(json::serialize(*value)) : nullptr;
  }

  const json::value& event_;
  mutable std::deque<mustache::data> made_;
  mutable std::size_t inserted_ = 0;
  std::size_t rounds_ = 0, most_rounds_;
};

struct Output {
  std::string text;
  std::set<std::string> known, unknown;
};

/// Throws TooMuch.
Output rendered(std::string_view text, std::string_view content_type, const json::value& event) {
  mustache::mustache parsed{std::string(text)};
  parsed.set_custom_escape([&](const std::string& each) { return escaped_for(content_type, each); });
  const auto all = data_of(event);
  Names names(event, all, text.size());
  struct Bounded {
    std::string text;
    Bounded& operator<<(const std::string& more) {
      if (text.size() + more.size() > largest_rendered) throw TooMuch();
      text += more;
      return *this;
    }
  } out;
  parsed.render(names, out);
  return {std::move(out.text), std::move(names.known), std::move(names.unknown)};
}

// ---- the samples

AlertEvent full_sample(EventKind kind) {
  AlertEvent e;
  e.id = "01a214d6-dac2-7000-ad29-bb580b05b1c1";
  e.kind = kind;
  e.at = WallTime(Millis(1'795'402'800'000));
  e.environment = "prod";
  e.host = "host-7";
  e.url = "https://readback.example/incidents/01a214d6";
  auto& i = e.incident;
  i.id = i.episode = "01a214d6-d000-7000-8000-000000000001";
  i.target = "fabric";
  i.boundary = Boundary::outage;
  i.extent = Extent::total;
  i.severity = Severity::critical;
  i.opened_at = i.confirmed_at = e.at;
  i.first_failure = FirstFailure{"health", e.at, "said \"no\" \\ twice\nand <ended>"};
  i.symptom = i.summary = "OUTAGE total fabric: \"quoted\", \\ and a\nsecond line & <more>";
  i.why = {"first \"reason\"", "second\treason"};
  i.also = {Boundary::security, Boundary::drift};
  i.evidence.snapshot = i.id;
  i.evidence.sha256 = std::string(64, 'a');
  i.evidence.signature = i.evidence.key = "AAAA";
  i.runbook = {"Check \"it\"", "https://runbooks.example/?a=1&b=2", "owner"};
  i.next_safe_step = "Compare.";
  i.dedup_base = "prod/fabric/outage";
  e.fleet = FleetSaid{{"host-1", "host-2"}, {"host-3"}, {"host-4"}, true, 0, "", ""};
  return e;
}

/// As little as an event can say.
AlertEvent bare_sample(EventKind kind) {
  AlertEvent e;
  e.id = "01a214d6-dac2-7000-ad29-bb580b05b1c2";
  e.kind = kind;
  e.incident.target = "fabric";
  e.evidence_note = "the disk was full";
  return e;
}

std::vector<AlertEvent> samples() {
  std::vector<AlertEvent> all;
  for (const auto kind :
       {EventKind::firing, EventKind::escalated, EventKind::reminder, EventKind::acknowledged, EventKind::intermittent,
        EventKind::recovered, EventKind::relapsed, EventKind::resolved, EventKind::test}) {
    all.push_back(full_sample(kind));
    all.push_back(bare_sample(kind));
  }
  return all;
}

void judge_samples(std::string_view text, std::string_view content_type, const std::vector<Tag>& tags, Faults& faults) {
  std::set<std::string> known, unknown;
  const bool is_json = lower_case(content_type).find("json") != std::string::npos;
  std::string broken;
  for (const auto& sample : samples()) {
    const auto event = json::parse(event_json(sample, "prod/fabric/outage/host-7", sample.at));
    auto made = rendered(text, content_type, event);
    known.merge(made.known);
    unknown.merge(made.unknown);
    boost::system::error_code bad;
    if (is_json) json::parse(made.text, bad);
    if (bad && broken.empty())
      broken = "of a sample event `" + std::string(to_string(sample.kind)) + "` it makes no JSON: " + bad.message();
  }
  for (const auto& tag : tags)
    if (unknown.contains(tag.name) && !known.contains(tag.name)) {
      const auto meant = nearest(tag.name, {known.begin(), known.end()});
      faults.add(tag.at, "no event has a `" + tag.name + "`",
                 meant.empty() ? "the names are those of readback.alert/v1" : "did you mean `" + meant + "`?");
      unknown.erase(tag.name);
    }
  if (!broken.empty() && faults.found.empty())
    faults.add(0, broken, "quote each {{name}}, and write a list as {{{json.why}}}");
}

}  // namespace

std::vector<TemplateFault> faults_of_template(std::string_view text, std::string_view content_type) {
  Faults faults(text);
  if (text.size() > largest_template) {
    faults.add(0, "the template is larger than " + std::to_string(largest_template >> 10) + " KiB", "make it smaller");
    return std::move(faults.found);
  }
  const auto scanned = scan(text);
  judge_tags(text, scanned, faults);
  if (!faults.found.empty()) return std::move(faults.found);
  try {
    judge_samples(text, content_type, scanned.tags, faults);
  } catch (const TooMuch&) {
    faults.add(0, "it makes more than " + std::to_string(largest_rendered >> 10) + " KiB of one event",
               "repeat less: a section in a section");
  }
  return std::move(faults.found);
}

std::optional<std::string> render_template(std::string_view text, std::string_view content_type,
                                           std::string_view event) {
  Faults faults(text);
  judge_tags(text, scan(text), faults);
  if (!faults.found.empty() || text.size() > largest_template) return std::nullopt;
  try {
    return rendered(text, content_type, json::parse(event)).text;
  } catch (const TooMuch&) {
    return std::nullopt;
  }
}

}  // namespace readback
