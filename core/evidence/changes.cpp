// Two trees are walked side by side. Whatever can be told by a name is; only a list whose items have none is compared
// by position.
#include "core/evidence/changes.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <map>
#include <optional>

#include "core/evidence/parts.hpp"
#include "core/text/utf8.hpp"
#include "core/text/words.hpp"

namespace readback {
namespace json = boost::json;
namespace {

std::string shown(const json::value& v) { return v.is_string() ? std::string(v.get_string()) : json::serialize(v); }

bool is_plain(const json::value& v) { return !v.is_object() && !v.is_array(); }

/// The items of a list by their names under `key`; nothing when one has none, or two have the same.
std::optional<std::map<std::string, const json::value*>> by_name(const json::array& list, std::string_view key) {
  std::map<std::string, const json::value*> out;
  for (const auto& item : list) {
    const auto* name = item.is_object() ? item.get_object().if_contains(key) : nullptr;
    if (!name || !(name->is_string() || name->is_number()) || !out.emplace(shown(*name), &item).second)
      return std::nullopt;
  }
  return out;
}

struct Walk {
  const std::vector<std::string>& leave_out;
  std::vector<Change> found;

  void note(Change::Kind kind, const std::string& place, std::string before, std::string after) {
    constexpr std::size_t most = 2000;
    if (found.size() < most) found.push_back({kind, place, std::move(before), std::move(after)});
  }
  bool is_skipped(const std::string& pointer, std::string_view name) const {
    return parts::always_changes(name) || std::find(leave_out.begin(), leave_out.end(), pointer) != leave_out.end();
  }
  static std::string below(const std::string& place, std::string_view name) {
    return place.empty() ? std::string(name) : place + "/" + std::string(name);
  }

  void objects(const json::object& a, const json::object& b, const std::string& place, const std::string& pointer) {
    for (const auto& [name, value] : a) {
      const std::string at = pointer + "/" + std::string(name);
      if (is_skipped(at, name)) continue;
      if (const auto* now = b.if_contains(name))
        walk(value, *now, below(place, name), at);
      else
        note(Change::Kind::other, below(place, name), shown(value), "");
    }
    for (const auto& [name, value] : b)
      if (!a.contains(name) && !is_skipped(pointer + "/" + std::string(name), name))
        note(Change::Kind::other, below(place, name), "", shown(value));
  }

  bool named_lists(const json::array& a, const json::array& b, const std::string& place, const std::string& pointer) {
    for (const char* key : {"name", "id", "key", "service", "component", "check", "code"}) {
      const auto before = by_name(a, key), after = by_name(b, key);
      if (!before || !after) continue;
      for (const auto& item : a) {
        const std::string name = shown(item.get_object().at(key));
        if (const auto now = after->find(name); now == after->end())
          note(Change::Kind::gone, place, name, "");
        else
          walk(item, *now->second, below(place, name), pointer + "/" + name);
      }
      for (const auto& item : b)
        if (const std::string name = shown(item.get_object().at(key)); !before->contains(name))
          note(Change::Kind::added, place, "", name);
      return true;
    }
    return false;
  }

  void lists(const json::array& a, const json::array& b, const std::string& place, const std::string& pointer) {
    const bool plain = std::all_of(a.begin(), a.end(), is_plain) && std::all_of(b.begin(), b.end(), is_plain);
    if (!plain && named_lists(a, b, place, pointer)) return;
    if (plain) {
      for (const auto& item : a)
        if (std::find(b.begin(), b.end(), item) == b.end()) note(Change::Kind::gone, place, shown(item), "");
      for (const auto& item : b)
        if (std::find(a.begin(), a.end(), item) == a.end()) note(Change::Kind::added, place, "", shown(item));
      return;
    }
    for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
      const std::string number = std::to_string(i);
      if (i >= b.size())
        note(Change::Kind::gone, place, shown(a[i]), "");
      else if (i >= a.size())
        note(Change::Kind::added, place, "", shown(b[i]));
      else
        walk(a[i], b[i], below(place, number), pointer + "/" + number);
    }
  }

  void texts(std::string_view before, std::string_view after) {
    const auto a = lines_of(before), b = lines_of(after);
    for (const auto line : a)
      if (std::find(b.begin(), b.end(), line) == b.end()) note(Change::Kind::gone, "", std::string(line), "");
    for (const auto line : b)
      if (std::find(a.begin(), a.end(), line) == a.end()) note(Change::Kind::added, "", "", std::string(line));
  }

  void walk(const json::value& a, const json::value& b, const std::string& place, const std::string& pointer) {
    if (a == b) return;
    if (a.is_object() && b.is_object())
      objects(a.get_object(), b.get_object(), place, pointer);
    else if (a.is_array() && b.is_array())
      lists(a.get_array(), b.get_array(), place, pointer);
    else
      note(Change::Kind::other, place, shown(a), shown(b));
  }
};

}  // namespace

std::vector<Change> changes_between(std::string_view before, std::string_view after,
                                    const std::vector<std::string>& leave_out) {
  if (before == after) return {};
  json::error_code first, second;
  const auto a = json::parse(before, first), b = json::parse(after, second);
  Walk walk{leave_out, {}};
  if (first || second)
    walk.texts(before, after);
  else
    walk.walk(a, b, "", "");
  return std::move(walk.found);
}

std::vector<Change> changes_of_read(std::string_view before, std::string_view after,
                                    const std::vector<std::string>& leave_out) {
  return changes_between(parts::opened_read(before), parts::opened_read(after), leave_out);
}

std::vector<Change> joined_changes(const std::vector<Change>& changes) {
  std::vector<Change> out;
  for (const auto& each : changes) {
    const bool belongs = each.kind != Change::Kind::other && !each.place.empty() && !out.empty() &&
                         out.back().kind == each.kind && out.back().place == each.place;
    if (!belongs) {
      out.push_back(each);
      continue;
    }
    if (each.kind == Change::Kind::gone) out.back().before += ", " + each.before;
    if (each.kind == Change::Kind::added) out.back().after += ", " + each.after;
  }
  return out;
}

std::string to_text(const Change& change) {
  const auto value = [](const std::string& text) {
    return text.empty() ? std::string("nothing") : printable(text, 400);
  };
  const std::string place = change.place.empty() ? "" : printable(change.place, 400) + ": ";
  if (change.kind == Change::Kind::gone) return place + "gone: " + value(change.before);
  if (change.kind == Change::Kind::added) return place + "new: " + value(change.after);
  return place + value(change.before) + " -> " + value(change.after);
}

}  // namespace readback
