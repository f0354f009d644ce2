// Values are asked as they are; nothing is copied but the texts that people will read.
#include "core/reading/member.hpp"

#include <algorithm>
#include <boost/json.hpp>

#include "core/text/utf8.hpp"
#include "core/text/words.hpp"

namespace readback {
namespace json = boost::json;
namespace {

constexpr std::size_t texts_told = 5;

/// What an object tells people: a code, whom it is about, and why.
std::string told_by(const json::object& o) {
  std::string all;
  for (const std::string_view field :
       {"code", "subject", "name", "message", "reason", "detail", "summary", "description"})
    for (const auto& [key, value] : o)
      if (value.is_primitive() && Squashed(key).view() == field)
        if (const auto text = told(value); !text.empty() && all.find(text) == all.npos)
          all += (all.empty() ? "" : ", ") + text;
  return all.empty() ? told(o) : all;
}

std::string_view name_text(const json::value& v) {
  const json::value* first = &v;
  if (const auto* list = v.if_array(); list && !list->empty()) first = &list->front();
  const auto* s = first->if_string();
  return s ? trimmed(*s) : std::string_view();
}

}  // namespace

Member member_of(std::string_view key, const json::value& value) { return {key, &value, look_up(Squashed(key))}; }

Members members_of(const json::object& object) {
  Members members;
  members.reserve(object.size());
  for (const auto& [key, value] : object) members.push_back(member_of(key, value));
  return members;
}

std::optional<double> number_in(const json::value& v) {
  if (const auto* i = v.if_int64()) return static_cast<double>(*i);
  if (const auto* u = v.if_uint64()) return static_cast<double>(*u);
  if (const auto* d = v.if_double()) return *d;
  return std::nullopt;
}
std::optional<bool> truth_in(const json::value& v) {
  if (const auto* b = v.if_bool()) return *b;
  if (const auto* s = v.if_string()) return truth_of(*s);
  return std::nullopt;
}
std::optional<std::size_t> size_in(const json::value& v) {
  if (const auto* o = v.if_object()) return o->size();
  if (const auto* a = v.if_array()) return a->size();
  return std::nullopt;
}
bool is_silent_value(const json::value& v) {
  const auto* s = v.if_string();
  return v.is_null() || (s && is_silent(Squashed(*s)));
}

bool has_content(std::string_view text) {
  const Squashed word(text);
  return !is_silent(word) && meaning_of(look_up(word)) != Says::pass && !is_no_word(trimmed(text));
}

bool has_content(const json::value& v) {
  if (const auto* s = v.if_string()) return has_content(std::string_view(*s));
  if (const auto* o = v.if_object())
    return std::any_of(o->begin(), o->end(), [](const auto& each) {
      const auto number = number_in(each.value());
      return number ? *number != 0 : has_content(each.value());
    });
  if (const auto* a = v.if_array()) return !a->empty();
  return v.is_bool() && v.get_bool();
}

Says value_says(const json::value& v, const OwnWords& own, bool net, bool strong) {
  if (const auto* b = v.if_bool()) return own.of_boolean(*b).value_or(*b ? Says::pass : Says::fail);
  if (const auto n = number_in(v))
    return strong ? number_says(*n, own, {.net = net}) : own.of_number(*n).value_or(Says::nothing);
  const auto* s = v.if_string();
  if (!s) return Says::nothing;
  const auto text = trimmed(*s);
  const bool small = text.size() == 1 && text[0] >= '0' && text[0] <= '2';
  const bool code = text.size() >= 3 && text[0] >= '2' && text[0] <= '5' && text[1] >= '0' && text[1] <= '9' &&
                    text[2] >= '0' && text[2] <= '9' && (text.size() == 3 || text[3] == ' ');
  if (strong && (small || code) && !own.of_text(Squashed(text))) {
    double n = 0;
    for (const char digit : text.substr(0, small ? 1 : 3)) n = n * 10 + (digit - '0');
    return number_says(n, own, {.net = net});
  }
  return text_says(text, own, Expected::yes);
}

bool has_verdict(const json::object& o) {
  return std::any_of(o.begin(), o.end(), [](const auto& each) {
    const Squashed key(each.key());
    const Listed name = look_up(key);
    const json::value& v = each.value();
    if (name.in_any(In::strong, In::weak) && !is_silent_value(v) && !v.is_array()) return true;
    if (name.in_any(In::good_flags, In::more_good_flags, In::bad_flags_fail, In::bad_flags_warn) && truth_in(v))
      return true;
    if (name.in(In::blockers)) return true;
    return (key.view() == "error" || key.view() == "errors") && has_content(v);
  });
}

bool is_context(std::string_view key, Listed name) {
  return name.in(In::context) || look_up(Tokens(key).first()).in(In::context_first);
}

bool is_critical(const json::object& o) {
  return std::any_of(o.begin(), o.end(), [&](const auto& each) {
    return look_up(Squashed(each.key())).in(In::critical) && truth_in(each.value()) == true;
  });
}
bool is_switched_off(const Members& members) {
  return std::any_of(members.begin(), members.end(), [](const Member& m) {
    return (m.listed.in(In::switched_off) && truth_in(*m.value) == true) ||
           (m.listed.in(In::switched_on) && truth_in(*m.value) == false);
  });
}

std::string name_of(const json::object& o, std::string fallback, std::uint8_t place) {
  constexpr std::uint8_t of_metadata = 1;
  std::string_view found;
  const auto offer = [&](std::string_view text, std::uint8_t at) {
    if (!text.empty() && at < place) found = text, place = at;
  };
  for (const auto& [key, value] : o) {
    const Squashed squashed(key);
    const Listed name = look_up(squashed);
    const auto* inner = value.if_object();
    if (inner && squashed.view() == "metadata") {
      for (const auto& [inner_key, inner_value] : *inner)
        if (Squashed(inner_key).view() == "name") offer(name_text(inner_value), of_metadata);
    } else if (name.in(In::name)) {
      offer(name_text(value), name.name_place);
    }
  }
  return found.empty() ? std::move(fallback) : printable(found, 80);
}

std::string key_and_name(std::string_view key, const json::object& o) {
  constexpr std::uint8_t of_names = 20;  // what follows in `name` are numbers, addresses and types
  std::string shown = printable(key, 80);
  const std::string name = name_of(o, "", of_names);
  return name.empty() || Squashed(name).view() == Squashed(key).view() ? shown : shown + " (" + name + ")";
}

std::string told(const json::value& v) {
  if (const auto* s = v.if_string()) return printable(trimmed(*s), longest_text);
  std::string all;
  std::size_t told_of = 0, left = 0;
  const auto add = [&](const std::string& text) {
    if (text.empty()) return;
    if (told_of == texts_told || all.size() > longest_text)
      ++left;
    else
      all += (all.empty() ? "" : "; ") + text, ++told_of;
  };
  if (const auto* list = v.if_array()) {
    for (const auto& each : *list) add(each.is_object() ? told_by(each.get_object()) : told(each));
  } else if (const auto* map = v.if_object()) {
    for (const auto& [key, value] : *map) {
      const auto text = value.is_object()                     ? told_by(value.get_object())
                        : value.is_bool() && value.get_bool() ? ""
                                                              : told(value);
      add(printable(key, 80) + (text.empty() ? "" : ": " + text));
    }
  } else if (!v.is_null()) {
    return printable(json::serialize(v), longest_text);
  }
  return all + (left > 0 ? "; " + std::to_string(left) + " more" : "");
}

std::string told_error(const json::value& v) {
  return v.is_object() && !v.get_object().empty() ? told_by(v.get_object()) : told(v);
}

std::string own_words(const Members& members) {
  std::string code;
  std::uint8_t place = 255;
  std::string reason;
  for (const auto& m : members) {
    if (m.value->is_number() || m.value->is_bool()) continue;
    if (m.listed.in(In::codes) && m.value->is_string()) code = told(*m.value);
    if (!m.listed.in(In::reason) || m.listed.reason_place >= place) continue;
    if (auto text = told_error(*m.value); !text.empty()) place = m.listed.reason_place, reason = std::move(text);
  }
  if (code.empty() || reason.find(code) != reason.npos) return reason;
  return reason.empty() ? code : code + ", " + reason;
}

const json::value* at_pointer(const json::value& root, const std::string& pointer) {
  json::error_code ec;
  return root.find_pointer(pointer, ec);
}

}  // namespace readback
