// A body is walked once, and every field that could be a verdict is looked for under each of the names that platforms
// give it. What a body says twice, or says in a shape that nobody documented, is told as such and believed nowhere.
#include "core/reading/body.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <boost/json/basic_parser_impl.hpp>
#include <charconv>
#include <map>
#include <set>
#include <vector>

#include "core/text/time.hpp"
#include "core/text/utf8.hpp"

namespace readback {
namespace json = boost::json;
namespace {

constexpr std::string_view verdict_fields[] = {"status",    "overall_status",   "state",   "health", "verdict",
                                               "readiness", "readiness_status", "posture", "result"};
constexpr std::string_view boolean_fields[] = {"ready", "ok", "healthy", "is_ready", "isHealthy", "alive"};
constexpr std::string_view wrappers[] = {"data", "result", "summary", "readiness", "health"};
constexpr std::string_view blocker_fields[] = {"blockers", "blocking_reasons"};
constexpr std::string_view containers[] = {"services",   "checks",       "components", "entries",
                                           "subsystems", "dependencies", "items",      "resources",
                                           "details",    "info",         "error"};
/// Those that hold parts also inside a part; `details`, `info` and `error` hold data there.
constexpr std::string_view nested_containers[] = {"services",   "checks",       "components", "entries",
                                                  "subsystems", "dependencies", "items",      "resources"};
constexpr std::string_view name_fields[] = {"name", "id", "service", "component", "key", "componentId"};
constexpr std::string_view reason_fields[] = {"detail", "details", "message",     "reason", "reason_code",
                                              "error",  "output",  "description", "summary"};
constexpr std::string_view critical_fields[] = {"critical", "required", "isCritical"};
constexpr std::string_view stamp_fields[] = {"generated_at", "checked_at",  "last_checked", "evaluated_at",
                                             "observed_at",  "captured_at", "as_of",        "updated_at",
                                             "last_updated", "lastUpdate",  "timestamp",    "time"};
constexpr std::string_view version_fields[] = {"version", "build", "revision", "commit", "release", "releaseId"};
/// An `error` that names one of these describes one fault; it is no map of parts.
constexpr std::string_view error_description_fields[] = {"code", "message"};
constexpr std::size_t texts_kept = 10;
constexpr int deepest_verdict = 3;  // an object that has an object that has a verdict

/// `Status` for `status`, as Consul and plain .NET write it.
bool is_capitalised(std::string_view key, std::string_view field) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return key.size() == field.size() && key[0] >= 'A' && key[0] <= 'Z' &&
         std::equal(key.begin(), key.end(), field.begin(), [&](char a, char b) { return lower(a) == lower(b); });
}
/// The value of a field: under its very name, or else under the same name with a capital.
const json::value* field_in(const json::object& o, std::string_view field) {
  if (const auto* v = o.if_contains(field)) return v;
  for (const auto& [key, value] : o)
    if (is_capitalised(key, field)) return &value;
  return nullptr;
}

/// Keys that an object names twice. Boost.JSON keeps the last one silently; a body that says both "ok" and "down" under
/// one name must not be believed. In the outermost object only the fields that are judged count; further in, every key
/// may be the name of a part.
struct DuplicateFinder {
  static constexpr std::size_t max_object_size = json::object::max_size();
  static constexpr std::size_t max_array_size = json::array::max_size();
  static constexpr std::size_t max_key_size = json::string::max_size();
  static constexpr std::size_t max_string_size = json::string::max_size();
  int arrays = 0;
  std::string key;
  std::vector<std::string> keys;    // of all objects that are open
  std::vector<std::size_t> starts;  // where the keys of each of them begin
  std::string twice;

  static bool is_judged(const std::string& key) {
    const auto same = [&](std::string_view field) { return field == key || is_capitalised(key, field); };
    return std::any_of(std::begin(verdict_fields), std::end(verdict_fields), same) ||
           std::any_of(std::begin(boolean_fields), std::end(boolean_fields), same) ||
           std::any_of(std::begin(blocker_fields), std::end(blocker_fields), same) ||
           std::any_of(std::begin(containers), std::end(containers), same) ||
           std::any_of(std::begin(wrappers), std::end(wrappers), same) || same("warnings");
  }

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_object_begin(json::error_code&) {
    starts.push_back(keys.size());
    return true;
  }
  bool on_object_end(std::size_t, json::error_code&) {
    const auto first = keys.begin() + static_cast<std::ptrdiff_t>(starts.back());
    std::sort(first, keys.end());
    const bool outermost = starts.size() == 1 && arrays == 0;
    for (auto at = first; twice.empty() && (at = std::adjacent_find(at, keys.end())) != keys.end(); ++at)
      if (!outermost || is_judged(*at)) twice = printable(*at, 60);
    keys.erase(first, keys.end());
    starts.pop_back();
    return true;
  }
  bool on_array_begin(json::error_code&) { return ++arrays, true; }
  bool on_array_end(std::size_t, json::error_code&) { return --arrays, true; }
  bool on_key_part(json::string_view part, std::size_t, json::error_code&) {
    key += part;
    return true;
  }
  bool on_key(json::string_view part, std::size_t, json::error_code&) {
    key += part;
    keys.push_back(std::move(key));
    key.clear();
    return true;
  }
  bool on_string_part(json::string_view, std::size_t, json::error_code&) { return true; }
  bool on_string(json::string_view, std::size_t, json::error_code&) { return true; }
  bool on_number_part(json::string_view, json::error_code&) { return true; }
  bool on_int64(std::int64_t, json::string_view, json::error_code&) { return true; }
  bool on_uint64(std::uint64_t, json::string_view, json::error_code&) { return true; }
  bool on_double(double, json::string_view, json::error_code&) { return true; }
  bool on_bool(bool, json::error_code&) { return true; }
  bool on_null(json::error_code&) { return true; }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }
};

std::string duplicate_in(std::string_view text) {
  json::basic_parser<DuplicateFinder> parser{json::parse_options()};
  json::error_code ec;
  parser.write_some(false, text.data(), text.size(), ec);
  return parser.handler().twice;
}

/// The words that apply to one surface.
struct Vocabulary {
  const Words& surface;
  const Words& target;
  Meaning operator()(std::string_view word) const { return meaning_of(word, surface, target); }
};

std::optional<SaidVerdict> verdict_of(const json::value& v, const std::string& field, const Vocabulary& words,
                                      int depth);

std::optional<SaidVerdict> verdict_in(const json::object& o, const std::string& prefix, const Vocabulary& words,
                                      int depth) {
  const auto try_fields = [&](const auto& fields) -> std::optional<SaidVerdict> {
    for (std::string_view field : fields)
      if (const auto* v = field_in(o, field))
        if (auto found = verdict_of(*v, prefix + std::string(field), words, depth)) return found;
    return std::nullopt;
  };
  if (auto found = try_fields(verdict_fields)) return found;
  if (auto found = try_fields(boolean_fields)) return found;
  return std::nullopt;
}

/// A verdict may be a word, a boolean, 1 or 0, or an object that has one of its own.
std::optional<SaidVerdict> verdict_of(const json::value& v, const std::string& field, const Vocabulary& words,
                                      int depth) {
  if (const auto* s = v.if_string()) return SaidVerdict{field, printable(*s, 60), words(*s)};
  if (const auto* b = v.if_bool()) return SaidVerdict{field, *b ? "true" : "false", *b ? Meaning::pass : Meaning::fail};
  if (v.is_number()) {
    json::error_code ec;
    const double n = v.to_number<double>(ec);
    if (n == 1) return SaidVerdict{field, "1", Meaning::pass};
    if (n == 0) return SaidVerdict{field, "0", Meaning::fail};
    return std::nullopt;  // an HTTP code, a count: no verdict
  }
  if (const auto* o = v.if_object(); o && depth < deepest_verdict) return verdict_in(*o, field + ".", words, depth + 1);
  return std::nullopt;
}

std::string text_of(const json::value& v) {
  if (const auto* s = v.if_string()) return printable(*s);
  if (v.is_primitive() && !v.is_null()) return printable(json::serialize(v));
  return "";
}

template <class Fields>
std::string first_text(const json::object& o, const Fields& fields) {
  for (std::string_view field : fields)
    if (const auto* v = field_in(o, field))
      if (auto text = text_of(*v); !text.empty()) return text;
  return "";
}

Reading reading_of(Meaning m) {
  switch (m) {
    case Meaning::pass: return Reading::pass;
    case Meaning::warn:
    case Meaning::unrecognised: return Reading::warn;
    case Meaning::fail: return Reading::fail;
    case Meaning::neutral: return Reading::unknown;
  }
  return Reading::warn;
}

int weight(Reading r) { return r == Reading::fail ? 3 : r == Reading::warn ? 2 : r == Reading::pass ? 1 : 0; }

class ItemReader {
 public:
  ItemReader(BodyWords& out, const Vocabulary& words, const std::vector<std::string>& critical)
      : out_(out), words_(words) {
    for (const auto& name : critical) critical_.insert(normalised(name));
  }

  /// A part with its name, and good or bad.
  void part(const std::string& name, bool good, const std::string& detail) {
    if (!full()) add({name, good ? Reading::pass : Reading::fail, false, detail}, true);
  }

  /// One container: a list of objects, or a map to objects, words, booleans or lists of objects.
  void container(const std::string& where, const json::value& v) {
    const std::size_t before = out_.items_total;
    describes_error_ = where.ends_with("error") && describes_an_error(v);
    parts("", where, v, 0);
    describes_error_ = false;
    if (out_.items_total > before) out_.where.push_back(where);
  }

 private:
  /// Parts of parts, as Spring Boot nests its components: named "db/primary". Data also nests, so what stands further
  /// in counts only where it is clearly a state.
  static constexpr int deepest_part = 3;

  void parts(const std::string& prefix, const std::string& where, const json::value& v, int depth) {
    if (const auto* list = v.if_array()) {
      for (const auto& each : *list)
        if (const auto* o = each.if_object()) {
          if (full()) continue;
          const std::string name = first_text(*o, name_fields);
          object(prefix + (name.empty() ? where + "[" + std::to_string(&each - list->data()) + "]" : name), *o, depth);
        }
    } else if (const auto* map = v.if_object()) {
      for (const auto& [key, value] : *map)
        if (!full()) member(prefix + printable(key, 80), value, depth);
    }
  }

  bool full() {
    if (out_.items.size() < items_looked_at) return false;
    ++out_.items_total;
    return true;
  }

  static bool describes_an_error(const json::value& v) {
    const auto* o = v.if_object();
    return o && std::any_of(std::begin(error_description_fields), std::end(error_description_fields),
                            [&](std::string_view field) {
                              const auto* text = field_in(*o, field);
                              return text && (text->is_string() || text->is_number());
                            });
  }

  void member(const std::string& name, const json::value& v, int depth) {
    if (const auto* s = v.if_string()) {
      const Meaning m = words_(*s);
      if (depth > 0 && m == Meaning::unrecognised) return;
      add({name, reading_of(m), false, m == Meaning::unrecognised || m == Meaning::fail ? printable(*s) : ""},
          m != Meaning::unrecognised && !describes_error_);
    } else if (const auto* b = v.if_bool()) {
      add({name, *b ? Reading::pass : Reading::fail, false, ""}, !describes_error_);
    } else if (const auto* o = v.if_object()) {
      object(name, *o, depth);
    } else if (const auto* list = v.if_array()) {
      list_of_objects(name, *list);
    }
  }

  void object(const std::string& name, const json::object& o, int depth) {
    bool in_the_lists = false;
    if (auto item = judged(name, o, in_the_lists)) add(std::move(*item), in_the_lists);
    if (depth == deepest_part) return;
    for (std::string_view field : nested_containers)
      if (const auto* v = field_in(o, field)) parts(name + "/", std::string(field), *v, depth + 1);
  }

  /// Nothing when the object holds no word at all: then it is data, not a part with a state.
  std::optional<Item> judged(const std::string& name, const json::object& o, bool& in_the_lists) {
    const auto said = verdict_in(o, "", words_, 1);
    if (!said) return std::nullopt;
    in_the_lists = in_the_lists || said->meaning != Meaning::unrecognised;
    Item item{name, reading_of(said->meaning), false, first_text(o, reason_fields)};
    if (item.detail.empty() && said->meaning == Meaning::unrecognised) item.detail = said->word;
    for (std::string_view field : critical_fields)
      if (const auto* v = field_in(o, field)) {
        const auto flag = verdict_of(*v, "", words_, deepest_verdict);  // true, 1, "true"
        item.critical = item.critical || (flag && flag->meaning == Meaning::pass);
      }
    return item;
  }

  /// The health+json draft: each name has a list of observations, and the worst of them counts.
  void list_of_objects(const std::string& name, const json::array& list) {
    std::optional<Item> worst;
    bool in_the_lists = false;
    for (const auto& each : list)
      if (const auto* o = each.if_object())
        if (auto item = judged(name, *o, in_the_lists)) {
          const bool critical = item->critical || (worst && worst->critical);
          if (!worst || weight(item->reading) > weight(worst->reading)) worst = std::move(item);
          worst->critical = critical;
        }
    if (worst) add(std::move(*worst), in_the_lists);
  }

  /// The same part may stand in several containers (info and details, error and details): once is enough, the worst
  /// counts.
  void add(Item item, bool in_the_lists) {
    out_.items_say = out_.items_say || (in_the_lists && item.reading != Reading::unknown);
    const std::string_view own_name = std::string_view(item.name).substr(item.name.rfind('/') + 1);
    if (critical_.contains(normalised(item.name)) || critical_.contains(normalised(own_name))) item.critical = true;
    const auto [known, fresh] = place_.emplace(item.name, out_.items.size());
    if (fresh) {
      ++out_.items_total;
      out_.items.push_back(std::move(item));
      return;
    }
    auto& old = out_.items[known->second];
    const bool critical = old.critical || item.critical;
    if (weight(item.reading) > weight(old.reading)) old = std::move(item);
    old.critical = critical;
  }

  BodyWords& out_;
  const Vocabulary& words_;
  std::set<std::string> critical_;
  std::map<std::string, std::size_t> place_;
  bool describes_error_ = false;
};

/// A list, an object, a text or a count above 0. Each entry in the words that it has.
std::size_t complaints(const json::value& v, std::vector<std::string>& texts) {
  const auto say = [&](std::string text) {
    if (texts.size() < texts_kept && !text.empty()) texts.push_back(std::move(text));
  };
  const auto entry = [&](const json::value& each) {
    if (const auto* o = each.if_object()) {
      std::string text;
      for (std::string_view field :
           {"code", "subject", "name", "message", "reason", "detail", "summary", "description"})
        if (const auto* part = field_in(*o, field))
          if (auto word = text_of(*part); !word.empty() && text.find(word) == text.npos)
            text += (text.empty() ? "" : ", ") + word;
      say(text.empty() ? printable(json::serialize(each)) : text);
    } else {
      say(text_of(each));
    }
  };
  if (const auto* list = v.if_array()) {
    for (const auto& each : *list) {
      if (texts.size() >= texts_kept) break;
      entry(each);
    }
    return list->size();
  }
  if (const auto* map = v.if_object()) {
    for (const auto& [key, value] : *map) {
      if (texts.size() >= texts_kept) break;
      const std::string text = text_of(value);
      say(printable(key, 80) + (text.empty() || text == "true" ? "" : ": " + text));
    }
    return map->size();
  }
  if (const auto* s = v.if_string()) {
    if (s->empty() || *s == "0") return 0;
    say(printable(*s));
    return 1;
  }
  if (const auto* b = v.if_bool()) return *b ? 1 : 0;
  if (v.is_number()) {
    json::error_code ec;
    const double n = v.to_number<double>(ec);
    return n > 0 ? static_cast<std::size_t>(std::min(n, 1e9)) : 0;
  }
  return 0;
}

/// RFC 3339, or the seconds or milliseconds since 1970. A small number is a duration, not a time.
std::optional<WallTime> stamp_of(const json::value& v) {
  constexpr double year_2000 = 946684800, milliseconds_from = 1e11, year_10000 = 253402300800;
  const auto from_number = [&](double n) -> std::optional<WallTime> {
    if (!(n >= year_2000)) return std::nullopt;
    const double ms = n >= milliseconds_from ? n : n * 1000;
    return WallTime(Millis(static_cast<std::int64_t>(std::min(ms, year_10000 * 1000))));
  };
  if (const auto* s = v.if_string()) {
    const std::string_view text(s->data(), s->size());
    if (text.size() > 40) return std::nullopt;
    if (auto at = parse_rfc3339(text)) return at;
    double n = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
    return error == std::errc{} && end == text.data() + text.size() ? from_number(n) : std::nullopt;
  }
  if (!v.is_number()) return std::nullopt;
  json::error_code ec;
  return from_number(v.to_number<double>(ec));
}

void stamps_in(const json::object& o, const std::string& prefix, std::vector<Stamp>& out) {
  for (std::string_view field : stamp_fields)
    if (const auto* v = field_in(o, field))
      if (const auto at = stamp_of(*v)) out.push_back({prefix + std::string(field), *at});
}

void read_object(const json::object& o, const SurfaceConfig& surface, const Vocabulary& words, BodyWords& out) {
  std::vector<std::pair<std::string, const json::object*>> levels{{"", &o}};
  for (std::string_view wrapper : wrappers)
    if (const auto* v = field_in(o, wrapper); v && v->is_object())
      levels.emplace_back(std::string(wrapper) + ".", &v->get_object());

  if (surface.verdict.empty())
    for (const auto& [prefix, level] : levels)
      if (!out.verdict) out.verdict = verdict_in(*level, prefix, words, 1);

  ItemReader items(out, words, surface.critical_items);
  for (const auto& [prefix, level] : levels) {
    for (std::string_view field : blocker_fields)
      if (const auto* v = field_in(*level, field)) out.blocker_count += complaints(*v, out.blockers);
    if (const auto* v = field_in(*level, "warnings")) out.warning_count += complaints(*v, out.warnings);
    for (std::string_view container : containers)
      if (const auto* v = field_in(*level, container)) items.container(prefix + std::string(container), *v);
    for (std::string_view field : version_fields)
      if (const auto* v = field_in(*level, field); v && out.version.empty()) {
        out.version = printable(text_of(*v), 80);
        if (!out.version.empty()) out.version_field = prefix + std::string(field);
      }
  }
  stamps_in(o, "", out.stamps);
  for (const auto& [key, value] : o)
    if (const auto* inner = value.if_object()) stamps_in(*inner, printable(key, 80) + ".", out.stamps);
}

/// `detail` of FastAPI, `error.message` of many: what an error answer says to people.
void read_complaint(const json::object& o, const std::string& prefix, BodyWords& out) {
  for (std::string_view field : reason_fields) {
    const auto* v = field_in(o, field);
    if (!v || !out.complaint.empty()) continue;
    if (const auto* inner = v->if_object(); inner && prefix.empty())
      read_complaint(*inner, std::string(field) + ".", out);
    else if (const auto* s = v->if_string(); s && !s->empty())
      out.complaint_field = prefix + std::string(field), out.complaint = printable(*s);
  }
}

std::string pointer_step(std::string_view key) {
  std::string step = "/";
  for (char c : key) step += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  return step;
}

/// Words of the lists anywhere in the body, the nearest to the top of each branch first.
void find_hints(const json::value& v, const std::string& at, const Vocabulary& words, int depth, BodyWords& out) {
  constexpr int deepest_hint = 6;
  constexpr std::size_t hints_kept = 3, members_looked_at = 100;
  if (out.hints.size() >= hints_kept || depth > deepest_hint) return;
  if (const auto* s = v.if_string()) {
    const Meaning m = words(*s);
    if (depth > 0 && s->size() <= 60 && m != Meaning::unrecognised && m != Meaning::neutral)
      out.hints.push_back({at, printable(*s, 60)});
  } else if (const auto* o = v.if_object()) {
    std::size_t looked_at = 0;
    for (const auto& [key, value] : *o)
      if (key.size() <= 60 && ++looked_at <= members_looked_at)
        find_hints(value, at + pointer_step(key), words, depth + 1, out);
  } else if (const auto* list = v.if_array(); list && !list->empty()) {
    find_hints(list->front(), at + "/0", words, depth + 1, out);
  }
}

void read_json(const json::value& root, const SurfaceConfig& surface, const Vocabulary& words, BodyWords& out) {
  if (!surface.verdict.empty()) {
    if (const auto* v = at_pointer(root, surface.verdict)) out.verdict = verdict_of(*v, surface.verdict, words, 0);
    if (!out.verdict) out.missing_pointer = surface.verdict;
  }
  if (const auto* o = root.if_object()) {
    read_object(*o, surface, words, out);
    if (!out.says()) read_complaint(*o, "", out);
  } else if (root.is_array()) {
    ItemReader items(out, words, surface.critical_items);
    items.container("list", root);
  } else if (surface.verdict.empty()) {
    out.verdict = verdict_of(root, "the body", words, 0);
  }
  if (!out.verdict && out.items_total == 0 && out.blocker_count == 0 && out.warning_count == 0)
    find_hints(root, "", words, 0, out);
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && static_cast<unsigned char>(text.front()) <= ' ') text.remove_prefix(1);
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.remove_suffix(1);
  return text;
}

/// `[+]ping ok` and `[-]etcd failed: reason withheld`, as the Kubernetes API server answers `?verbose`.
void read_verbose_lines(std::string_view text, ItemReader& items, BodyWords& out) {
  while (!text.empty()) {
    const auto end = text.find('\n');
    const std::string_view line = trimmed(text.substr(0, end));
    text = end == text.npos ? std::string_view() : text.substr(end + 1);
    const bool good = line.starts_with("[+]"), bad = line.starts_with("[-]");
    if (!good && !bad) continue;
    const auto name_end = line.find(' ');
    const std::string_view rest = name_end == line.npos ? std::string_view() : line.substr(name_end + 1);
    items.part(printable(line.substr(3, name_end == line.npos ? line.npos : name_end - 3), 80), good,
               good ? "" : printable(rest));
  }
  if (!out.items.empty()) out.where.emplace_back("verbose lines");
}

bool looks_like_html(std::string_view text) {
  std::string head(text.substr(0, 256));
  std::transform(head.begin(), head.end(), head.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return head.starts_with("<") &&
         (head.find("<html") != head.npos || head.find("<!doctype") != head.npos || head.find("<head") != head.npos ||
          head.find("<body") != head.npos || head.starts_with("<h") || head.starts_with("<p"));
}

}  // namespace

std::optional<json::value> parse_outside_json(std::string_view text, std::string& why, json::storage_ptr memory) {
  json::error_code ec;
  json::parse_options options;
  options.max_depth = 32;
  try {
    auto value = json::parse(text, ec, std::move(memory), options);
    if (!ec) return value;
    why = ec == json::error::too_deep ? "nested too deep" : ec == json::error::incomplete ? "cut off" : ec.message();
  } catch (const std::exception& e) {  // out of memory for this one value
    why = e.what();
  }
  return std::nullopt;
}

const json::value* at_pointer(const json::value& root, const std::string& pointer) {
  json::error_code ec;
  return root.find_pointer(pointer, ec);
}

BodyWords understand(std::string_view body, const SurfaceConfig& surface, const Words& target_words) {
  BodyWords out;
  const Vocabulary words{surface.words, target_words};
  if (body.starts_with("\xef\xbb\xbf")) body.remove_prefix(3);
  body = trimmed(body);
  if (body.empty()) return out;
  const bool structured = body.front() == '{' || body.front() == '[';
  const bool bare = body.front() == '"' || body == "true" || body == "false";
  const bool verbose = body.starts_with("[+]") || body.starts_with("[-]");
  if ((structured && !verbose) || bare) {
    unsigned char first_block[8192];  // a usual body needs no other memory for its tree
    json::monotonic_resource arena(first_block);
    if (const auto value = parse_outside_json(body, out.trouble, &arena)) {
      out.kind = BodyWords::Kind::json;
      if (structured) out.duplicate = duplicate_in(body);
      read_json(*value, surface, words, out);
    } else {
      out.kind = BodyWords::Kind::garbage;
    }
    return out;
  }
  if (looks_like_html(body)) {
    out.kind = BodyWords::Kind::html;
    return out;
  }
  out.kind = BodyWords::Kind::text;
  if (body.find("[+]") != body.npos || body.find("[-]") != body.npos) {
    ItemReader items(out, words, surface.critical_items);
    read_verbose_lines(body, items, out);
  }
  if (out.items.empty() && body.size() <= 128) {
    // Only a lone word of the lists: "error code: 502" is what a proxy writes, and no verdict of the surface.
    const Meaning m = words(body);
    const bool begins_with_error = m == Meaning::fail && normalised(body).starts_with("error_");
    if (m != Meaning::unrecognised && !begins_with_error) out.verdict = SaidVerdict{"the body", printable(body, 60), m};
  }
  if (!out.verdict && out.items.empty()) out.text = printable(body, 60);
  return out;
}

std::vector<Item> items_of(std::string_view body) {
  static const SurfaceConfig none;
  static const Words no_words;
  return understand(body, none, no_words).items;
}

}  // namespace readback
