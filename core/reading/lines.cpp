// Answers in plain text: one word, a `name: word` a line, or the marks of Kubernetes' verbose checks (design: diagnosis
// section 1.5). Lines become the members of an object, and are read as one.
#include <algorithm>
#include <boost/json.hpp>

#include "core/reading/part.hpp"
#include "core/reading/tree.hpp"
#include "core/text/utf8.hpp"
#include "core/text/words.hpp"

namespace readback {
namespace json = boost::json;
namespace {

constexpr std::size_t longest_line = 120;

bool is_marked(std::string_view line) {
  return (line.starts_with("[+]") || line.starts_with("[-]")) && line.size() > 3 && line[3] != ' ';
}

Part one_part(std::string_view name, Says says, std::string_view why) {
  Part part;
  part.name = printable(name, 80);
  part.says = says;
  if (!why.empty()) part.why.push_back(printable(why));
  return part;
}

/// `[+]ping ok` and `[-]etcd failed: reason withheld`: one that failed fails all.
void read_marks(const std::vector<std::string_view>& lines, const PartRules& rules, PartTree& tree) {
  TreeReader reader(tree, rules);
  for (const auto line : lines) {
    if (!is_marked(line)) continue;
    const auto end = std::min(line.find(' '), line.size());
    const Says says = line.starts_with("[-]") ? Says::fail : Says::pass;
    reader.keep(tree.top.parts, one_part(line.substr(3, end - 3), says, trimmed(line.substr(end))));
  }
  tree.top.says = tree.count.failed > 0 ? Says::fail : Says::pass;
  tree.places.emplace_back("verbose lines");
}

bool is_verdict_name(std::string_view name) {
  return look_up(Squashed(name)).in_any(In::strong, In::weak, In::good_flags, In::more_good_flags);
}

void read_line(std::string_view line, const PartRules& rules, PartTree& tree) {
  const auto& own = rules.own;
  const auto unclear = [](Says s) { return s == Says::nothing || s == Says::unknown; };
  const auto pair = split_line(line);
  Says says = text_says(line, own, Expected::yes);
  if (unclear(says) && pair && is_verdict_name(pair->first)) says = text_says(pair->second, own, Expected::yes);
  if (unclear(says) && pair)
    if (const Says part = text_says(pair->second, own, Expected::no); is_well_or_bad(part)) {
      TreeReader(tree, rules).keep(tree.top.parts, one_part(pair->first, part, pair->second));
      tree.top.says = part;
      return;
    }
  tree.top.says = says == Says::off ? Says::neutral : says;
  if (is_well_or_bad(says) && says != Says::pass) tree.top.why.push_back(printable(line, longest_line));
  if (says != Says::nothing) tree.words.push_back({"the body", printable(line, longest_line), says});
}

/// `name: value` lines behind a first line that may be a title: the verdict's names as members, the rest a strict list.
bool read_pairs(const std::vector<std::string_view>& lines, const PartRules& rules, PartTree& tree) {
  json::object members, checks;
  const auto add = [&](std::string_view name, std::string_view value) {
    (is_verdict_name(name) ? members : checks)[name] = value;
  };
  if (const auto first = split_line(lines.front()))
    add(first->first, first->second);
  else if (is_well_or_bad(text_says(lines.front(), rules.own, Expected::no)))
    add("status", lines.front());
  for (std::size_t i = 1; i < lines.size(); ++i) {
    auto line = lines[i];
    for (const std::string_view bullet : {"- ", "* ", "\xe2\x80\xa2 "})
      if (line.starts_with(bullet)) {
        line.remove_prefix(bullet.size());
        break;
      }
    const auto pair = split_line(line);
    if (!pair) return false;
    add(pair->first, pair->second);
  }
  const auto is_known = [&](const auto& each) {
    return is_well_or_bad(text_says(each.value().get_string(), rules.own, Expected::no));
  };
  if (std::none_of(members.begin(), members.end(), is_known) && std::none_of(checks.begin(), checks.end(), is_known))
    return false;
  tree = read_members(members, checks, rules);
  return true;
}

}  // namespace

TextTree read_lines(std::string_view text, const PartRules& rules) {
  TextTree out;
  const auto lines = lines_of(text);
  if (lines.empty()) return out;
  out.understood = true;
  if (std::any_of(lines.begin(), lines.end(), is_marked))
    read_marks(lines, rules, out.tree);
  else if (lines.size() == 1)
    read_line(lines.front(), rules, out.tree);
  else
    out.understood = read_pairs(lines, rules, out.tree);
  // "error code: 502" is what a proxy writes, and no word of the surface.
  out.tree.top.spoken = out.tree.count.judged > 0 || is_well_or_bad(meaning_of(look_up(Squashed(text))));
  return out;
}

}  // namespace readback
