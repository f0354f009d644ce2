// The lists and maps of parts, and what is kept of them: all parts are counted, the weightiest stay.
#include "core/reading/tree.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <iterator>
#include <optional>
#include <utility>

#include "core/text/words.hpp"

namespace readback {
namespace json = boost::json;
namespace {

constexpr int deepest = 8;

/// A text `type` and a boolean `status`: a flag that is named by its type. Empty when the object is no such condition.
Members condition_of(const Members& members) {
  static const json::value flags[] = {json::value(false), json::value(true)};
  const json::string* type = nullptr;
  std::optional<bool> status;
  for (const auto& m : members) {
    if (m.listed.in(In::condition_type)) type = m.value->if_string();
    if (m.listed.in(In::condition_status)) status = truth_in(*m.value);
  }
  Members condition;
  if (!type || !status) return condition;
  condition.push_back(member_of(*type, flags[*status]));
  for (const auto& m : members)
    if (m.listed.in(In::condition_text)) condition.push_back(m);
  return condition;
}

}  // namespace

TreeReader::TreeReader(PartTree& out, const PartRules& rules, const json::value* root)
    : out_(out), rules_(rules), root_(root) {
  for (const auto& name : rules.critical_items) critical_.emplace_back(Squashed(name).view());
}

bool TreeReader::is_critical_name(std::string_view name) const {
  if (critical_.empty()) return false;
  const Squashed wanted(name), with_path(path_ + std::string(name));
  return std::any_of(critical_.begin(), critical_.end(),
                     [&](const std::string& each) { return each == wanted.view() || each == with_path.view(); });
}

void TreeReader::told_place(std::string_view name) {
  std::string place = top_path_ + printable(name, 60);
  if (out_.places.size() < words_kept && std::find(out_.places.begin(), out_.places.end(), place) == out_.places.end())
    out_.places.push_back(std::move(place));
}

Part TreeReader::object(const Members& members, std::string name, int depth, Place place, How how, bool pointed) {
  Part part;
  part.name = std::move(name);
  if (depth > deepest) return part;
  how.net = how.net || (place == Place::top && std::any_of(members.begin(), members.end(),
                                                           [](const Member& m) { return m.listed.in(In::of_net); }));
  if (place == Place::part && is_switched_off(members)) {
    part.says = Says::neutral;
    part.spoken = true;
    return part;
  }
  const std::size_t path = path_.size();
  if (!critical_.empty() && !part.name.empty()) path_ += part.name + "/";
  const Members condition = place == Place::part ? condition_of(members) : Members();
  speak(*this, part, condition.empty() ? members : condition, depth, place, how, pointed);
  path_.resize(path);
  return part;
}

std::string told_pointed(const std::string& pointer, const json::value* v) {
  return v ? pointer + " " + told(*v) : "the configured verdict " + pointer + " is not in the body";
}

Says TreeReader::apart(const json::value& v, How how) {
  const auto count = out_.count;
  const auto kept = kept_;
  const auto words = out_.words.size(), places = out_.places.size();
  const Says says = object(members_of(v.get_object()), "", 1, Place::top, {.net = how.net}).says;
  out_.count = count;
  kept_ = kept;
  out_.words.resize(words);
  out_.places.resize(places);
  return says;
}

void TreeReader::told_word(std::string_view member, const json::value& v, Says says) {
  if (out_.words.size() < words_kept) out_.words.push_back({top_path_ + printable(member, 80), told(v), says});
}

Part TreeReader::scalar(std::string_view key, Says says, std::string why) {
  Part part;
  part.name = printable(key, 80);
  part.says = says;
  part.why.push_back(std::move(why));
  part.critical = is_critical_name(part.name);
  return part;
}

void TreeReader::keep(Parts& into, Part part) {
  ++into.size;
  const Says says = part.says;
  into.any_speaks = into.any_speaks || says != Says::nothing;
  if (is_judged(says)) {
    ++into.judged, ++out_.count.judged;
    if (is_not_well(says)) ++into.not_well;
    if (says == Says::fail) ++into.failed, ++out_.count.failed;
    if (says == Says::warn) ++out_.count.warned;
    if (says == Says::unknown) ++out_.count.unknown;
    into.critical_failed = into.critical_failed || (says == Says::fail && part.critical);
  }
  if (part.parts.kept.empty()) {
    if (says == Says::nothing || kept_[static_cast<std::size_t>(says)] >= parts_kept) return;
    ++kept_[static_cast<std::size_t>(says)];
  }
  into.kept.push_back(std::move(part));
}

void TreeReader::keep_if_it_speaks(Parts& into, Part part) {
  if (part.says != Says::nothing || part.parts.size > 0) keep(into, std::move(part));
}

void TreeReader::merge(Parts& into, Parts from) {
  into.size += from.size;
  into.judged += from.judged;
  into.not_well += from.not_well;
  into.failed += from.failed;
  into.any_speaks = into.any_speaks || from.any_speaks;
  into.critical_failed = into.critical_failed || from.critical_failed;
  std::move(from.kept.begin(), from.kept.end(), std::back_inserter(into.kept));
}

Part TreeReader::entry(const json::object& o, std::string name, int depth, How how) {
  Part part = object(members_of(o), std::move(name), depth, Place::part, how);
  part.critical = is_critical(o) || is_critical_name(part.name);
  return part;
}

void TreeReader::lines(Parts& into, const json::array& list, int depth, How how) {
  json::object map;
  bool any_known = false;
  for (const auto& each : list) {
    const auto* text = each.if_string();
    const auto split = text ? split_line(*text) : std::nullopt;
    if (!split) return;
    any_known = any_known || is_well_or_bad(text_says(split->second, own(), Expected::no));
    map[split->first] = split->second;
  }
  if (any_known) this->map(into, "checks", look_up("checks"), map, depth, how, Expected::yes);
}

void TreeReader::listed(Parts& into, std::string_view key, Listed name, const json::value& v, int depth, How how,
                        Expected strict) {
  how = {.net = how.net};
  if (const auto* o = v.if_object()) return map(into, key, name, *o, depth, how, strict);
  const auto* list = v.if_array();
  if (!list) return;
  if (!list->empty() &&
      std::all_of(list->begin(), list->end(), [](const json::value& each) { return each.is_string(); }))
    return lines(into, *list, depth, how);
  for (std::size_t i = 0; i < list->size(); ++i)
    if (const auto* o = (*list)[i].if_object()) {
      Part part = entry(*o, name_of(*o, printable(key, 80) + "[" + std::to_string(i) + "]"), depth + 2, how);
      keep_if_it_speaks(into, std::move(part));
    }
}

void TreeReader::map(Parts& into, std::string_view key, Listed name, const json::object& o, int depth, How how,
                     Expected strict) {
  const auto has_inner = [](const auto& each) { return each.value().is_structured(); };
  if (strict == Expected::no && std::none_of(o.begin(), o.end(), has_inner) &&
      std::any_of(o.begin(), o.end(), [](const auto& each) { return look_up(Squashed(each.key())).in(In::strong); })) {
    Part one = object(members_of(o), printable(key, 80), depth + 1, Place::part, how);  // a part, not a map of them
    one.critical = is_critical_name(one.name);
    if (one.says != Says::nothing) keep(into, std::move(one));
    return;
  }
  Members numbers;
  bool company = name.in(In::of_checks);  // a known word among them: then an unknown one is a verdict too
  for (const auto& [member, value] : o) {
    if (value.is_number()) numbers.push_back(member_of(member, value));
    if (const auto* s = value.if_string(); s && !company) {
      const Says says = text_says(*s, own(), Expected::no);
      company = says != Says::nothing && says != Says::unknown;
    }
  }
  bool counted = false;
  if (!numbers.empty()) {
    Part counts = object(numbers, printable(key, 80), depth + 1, Place::part, how);
    counted = counts.says != Says::nothing;
    if (counted) keep(into, std::move(counts));
  }
  for (const auto& [member, value] : o) map_member(into, member, value, depth, how, strict, company, counted);
}

void TreeReader::map_member(Parts& into, std::string_view key, const json::value& v, int depth, How how,
                            Expected strict, bool company, bool counted) {
  const auto add = [&](const json::object& o) {
    Part part = entry(o, printable(key, 80), depth + 2, how);
    if (is_not_well(part.says)) part.name = key_and_name(key, o);
    keep_if_it_speaks(into, std::move(part));
  };
  if (const auto* o = v.if_object()) return add(*o);
  if (const auto* list = v.if_array()) {
    for (const auto& each : *list)
      if (const auto* inner = each.if_object()) add(*inner);
    return;
  }
  if (const auto* text = v.if_string()) return map_text(into, key, *text, strict, company);
  if (strict == Expected::no) return;
  if (v.is_bool()) return keep(into, scalar(key, value_says(v, own(), false, true), v.get_bool() ? "true" : "false"));
  if (const auto n = number_in(v); n && !counted && (how.net || *n == 0 || *n == 1 || own().of_number(*n)))
    if (const Says says = number_says(*n, own(), {.net = how.net}); says != Says::nothing)
      keep(into, scalar(key, says, told(v)));
}

void TreeReader::map_text(Parts& into, std::string_view key, std::string_view text, Expected strict, bool company) {
  Says says = text_says(text, own(), strict);
  const Tokens t(key);
  if (look_up(t.last()).in(In::no_sibling_last) &&
      (strict == Expected::no || says == Says::unknown || look_up(Squashed(text)).in_any(In::levels, In::switches)))
    return;
  if (says == Says::unknown && !(strict == Expected::yes && company)) return;
  if (says == Says::nothing) return;
  if (says == Says::off) says = Says::neutral;
  keep(into, scalar(key, says, printable(text, longest_text)));
}

std::optional<std::pair<std::string_view, std::string_view>> split_line(std::string_view line) {
  constexpr std::size_t longest_name = 64;
  const auto mark = line.find_first_of(":=");
  if (mark == line.npos || mark == 0) return std::nullopt;
  auto name = line.substr(0, mark);
  while (name.size() > 1 && (name.back() == ' ' || name.back() == '\t')) name.remove_suffix(1);
  auto value = line.substr(mark + 1);
  if (value.empty()) return std::nullopt;
  if (const auto first = value.find_first_not_of(" \t"); first != value.npos) value.remove_prefix(first);
  if (characters(name) > longest_name) return std::nullopt;
  return std::pair(name, value);
}

PartTree read_parts(const json::value& body, const PartRules& rules) {
  PartTree out;
  TreeReader reader(out, rules, &body);
  const bool pointed = !rules.verdict.empty();
  if (const auto* o = body.if_object()) {
    out.top = reader.object(members_of(*o), "", 0, Place::top, {}, pointed);
  } else if (body.is_array()) {
    Members only;
    only.push_back(member_of("items", body));
    out.top = reader.object(only, "", 0, Place::top, {});
    out.top.spoken = out.top.spoken || out.top.parts.size > 0;
    if (!pointed) return out;
    // Into a list a pointer is the whole word: what else is in the list was passed over on purpose.
    const auto* v = at_pointer(body, rules.verdict);
    const Says says = v ? value_says(*v, rules.own, false, true) : Says::nothing;
    out.top.says = is_judged(says) ? says : Says::unknown;
    out.top.contradictory = false;
    out.top.why = {told_pointed(rules.verdict, v)};
    if (v) reader.told_word(rules.verdict, *v, says);
  }
  return out;
}

PartTree read_members(const json::object& members, const json::object& checks, const PartRules& rules) {
  PartTree out;
  TreeReader reader(out, rules);
  Part& top = out.top;
  top = reader.object(members_of(members), "", 0, Place::part, {});
  reader.map(top.parts, "checks", look_up("checks"), checks, 0, {}, Expected::yes);
  const auto& parts = top.parts;
  if (top.says == Says::nothing && parts.size > 0)
    top.says = parts.not_well == 0 ? Says::pass : parts.failed == parts.size ? Says::fail : Says::warn;
  else if (top.says == Says::pass && parts.not_well > 0)
    top.says = Says::warn, top.contradictory = true;
  out.places.emplace_back("lines");
  return out;
}

Reading reading_of(Says s) {
  switch (s) {
    case Says::pass: return Reading::pass;
    case Says::warn: return Reading::warn;
    case Says::fail: return Reading::fail;
    case Says::nothing:
    case Says::off:
    case Says::neutral:
    case Says::unknown: return Reading::unknown;
  }
  return Reading::unknown;
}

std::vector<Item> items_of(const PartTree& tree) {
  std::vector<std::pair<int, Item>> all;
  const auto walk = [&](const auto& self, const Parts& parts, const std::string& prefix) -> void {
    for (const auto& part : parts.kept) {
      const std::string name = prefix.empty() ? part.name : part.name.empty() ? prefix : prefix + "/" + part.name;
      if (part.says != Says::nothing) {
        Item item{name, reading_of(part.says), !is_judged(part.says), part.critical, ""};
        if (part.says != Says::pass)
          item.detail = cut_characters(!part.blockers.empty() ? part.blockers
                                       : !part.reason.empty() ? part.reason
                                                              : joined(part.why, "; "),
                                       longest_text);
        all.emplace_back(static_cast<int>(part.says) * 2 + (part.critical ? 1 : 0), std::move(item));
      }
      self(self, part.parts, name);
    }
  };
  walk(walk, tree.top.parts, "");
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<Item> items;
  for (auto& [weight, item] : all)
    if (items.size() < parts_kept) items.push_back(std::move(item));
  return items;
}

}  // namespace readback
