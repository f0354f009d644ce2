// The parsed body and the tape of its text are walked through side by side. A value becomes a gap when nothing but its
// kind counts: a number whose name is in no list, or a text that says nothing by whatever rule it may be asked.
#include "core/reading/familiar.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <utility>

#include "core/reading/member.hpp"
#include "core/text/json_tape.hpp"
#include "core/text/mold.hpp"

namespace readback {
namespace json = boost::json;
namespace {

constexpr std::size_t longest_body = 32 * 1024;
constexpr unsigned seldom = 127;  // answers, after which one is learned that never came again
constexpr std::size_t no_stamp = static_cast<std::size_t>(-1);

/// All that the rules ever ask of a text which stands at a name that no list holds.
struct Sense {
  Says whole = Says::nothing, looked_into = Says::nothing;
  bool content = false;
  friend bool operator==(const Sense&, const Sense&) = default;
  bool says_nothing() const {
    const auto is_mute = [](Says s) { return s == Says::nothing || s == Says::unknown; };
    return is_mute(whole) && is_mute(looked_into);
  }
};

/// "2026-11-23T03:11:58.123456Z", with a blank or an offset: the words of nobody.
bool is_plain_stamp(std::string_view text) {
  constexpr std::string_view form = "0000-00-00T00:00:00";
  if (text.size() < form.size() || text.size() > 35) return false;
  for (std::size_t i = 0; i < form.size(); ++i)
    if (form[i] == '0' ? text[i] < '0' || text[i] > '9' : text[i] != form[i] && !(i == 10 && text[i] == ' '))
      return false;
  return text.find_first_not_of("0123456789.:+-Z", form.size()) == text.npos;
}

Sense sense_of(std::string_view text, const OwnWords& own) {
  if (own.is_empty() && is_plain_stamp(text)) return {};
  return {text_says(text, own, Expected::no), text_says(text, own, Expected::yes), has_content(text)};
}

/// 0, 1 and 2 are verdicts in some places, and the configuration may know more of them.
bool is_only_a_number(double n, const OwnWords& own) {
  const double whole = std::round(n);
  const bool near_whole = std::abs(n - whole) < 1e-6;
  return std::isfinite(n) && !(near_whole && whole >= 0 && whole <= 2) && !own.of_number(n) &&
         !(near_whole && own.of_number(whole));
}

struct Leaf {
  bool number = false;
  Sense sense;                   ///< of a text
  std::size_t stamp = no_stamp;  ///< which of the stamps stands here
};

/// Finds the gaps. Where the tape and the parsed value differ (a name stands twice, a text was mended) there are none.
class Gaps {
 public:
  Gaps(std::string_view text, const FoundStamps& stamps, const PartRules& rules, const json::value& body)
      : text_(text), tape_(text), stamps_(stamps), own_(rules.own) {
    if (!rules.verdict.empty()) pointed_ = at_pointer(body, rules.verdict);
    same_ = tape_.is_json() && text.find_first_not_of(" \t\r\n", tape_.end()) == text.npos && walk(body, 0);
  }
  bool found() const { return same_ && stamps_seen_ == stamps_.all.size(); }

  std::vector<Mold::Gap> gaps;
  std::vector<Leaf> leaves;

 private:
  using Node = JsonTape::Node;
  std::string_view at(Range r) const { return text_.substr(r.from, r.to - r.from); }

  bool walk(const json::value& v, std::size_t index) {
    const Node& node = tape_.nodes()[index];
    switch (node.kind) {
      case Node::Kind::object: return v.is_object() && members(v.get_object(), node);
      case Node::Kind::array: return v.is_array() && elements(v.get_array(), node);
      case Node::Kind::string: return v.is_string();
      case Node::Kind::number: return v.is_number();
      case Node::Kind::word: return v.is_bool() || v.is_null();
    }
    return false;
  }
  bool elements(const json::array& list, const Node& node) {
    auto next = node.first;
    for (const auto& each : list) {
      if (next == JsonTape::no_node || !walk(each, next)) return false;
      next = tape_.nodes()[next].next;
    }
    return next == JsonTape::no_node;
  }
  bool members(const json::object& object, const Node& node) {
    const bool holds_stamps =
        std::find(stamps_.looked_into.begin(), stamps_.looked_into.end(), &object) != stamps_.looked_into.end();
    auto next = node.first;
    for (const auto& member : object) {
      if (next == JsonTape::no_node) return false;
      const Node& child = tape_.nodes()[next];
      if (at(child.key) != std::string_view(member.key()) || !walk(member.value(), next)) return false;
      if (child.kind == Node::Kind::string || child.kind == Node::Kind::number)
        offer(member.key(), member.value(), child, holds_stamps);
      next = child.next;
    }
    return next == JsonTape::no_node;
  }

  void offer(std::string_view key, const json::value& v, const Node& node, bool holds_stamps) {
    Leaf leaf;
    for (std::size_t i = 0; i < stamps_.all.size(); ++i)
      if (stamps_.all[i].value == &v) leaf.stamp = i, ++stamps_seen_;
    const Squashed name(key);
    const Listed listed = look_up(name);
    const bool may_be_stamp = listed.in_any(In::stamps, In::stamps_top, In::stamps_moving);
    if (!is_mute(listed) || names_a_version(name.view())) return;
    if (&v == pointed_ || (may_be_stamp && holds_stamps && leaf.stamp == no_stamp)) return;
    if (const auto* text = v.if_string()) {
      leaf.sense = sense_of(*text, own_);
      if (at(node.value) != std::string_view(*text) || !leaf.sense.says_nothing()) return;
    } else if (const auto n = number_in(v); !n || !is_only_a_number(*n, own_)) {
      return;
    }
    leaf.number = v.is_number();
    gaps.push_back({node.value, leaf.number});
    leaves.push_back(leaf);
  }
  /// In no list, or in those that tell only when the answer was made, and at which names nothing is looked for.
  static bool is_mute(Listed name) {
    return name.only_in(In::stamps, In::stamps_top, In::stamps_moving, In::no_stamp, In::no_sibling_last,
                        In::no_sibling_first, In::context, In::context_first);
  }
  static bool names_a_version(std::string_view name) {
    for (const std::string_view each : {"version", "build", "revision", "commit", "release", "releaseid"})
      if (name == each) return true;
    return false;
  }

  std::string_view text_;
  JsonTape tape_;
  const FoundStamps& stamps_;
  const OwnWords& own_;
  const json::value* pointed_ = nullptr;
  std::size_t stamps_seen_ = 0;
  bool same_ = false;
};

std::optional<Stamp> stamp_again(const Mold::Filling& filling, bool number) {
  if (!number) return read_stamp(filling.text);
  json::error_code ec;
  const auto value = json::parse(filling.text, ec);
  return ec ? std::nullopt : read_stamp(value);
}

}  // namespace

struct Familiar::Known {
  Mold mold;
  std::vector<Leaf> leaves;
  std::vector<FoundStamp> stamps;
  int status;
  SurfaceReading reading;
};

std::optional<Familiar::Again> Familiar::again(const HttpAnswer& answer, const PartRules& rules) {
  std::vector<Mold::Filling> fillings;
  if (!known_ || answer.status != known_->status || !known_->mold.fits(answer.body, fillings)) return std::nullopt;
  Again found{known_->reading, known_->stamps};
  for (const auto& filling : fillings) {
    const Leaf& leaf = known_->leaves[filling.gap];
    if (leaf.number) {
      const auto n = number_in_text(filling.text);
      if (!n || !is_only_a_number(*n, rules.own)) return std::nullopt;
    } else if (sense_of(filling.text, rules.own) != leaf.sense) {
      return std::nullopt;
    }
    if (leaf.stamp == no_stamp) continue;
    auto stamp = stamp_again(filling, leaf.number);
    if (!stamp) return std::nullopt;
    auto& known = found.stamps[leaf.stamp].stamp;
    stamp->member = std::move(known.member);
    known = std::move(*stamp);
  }
  learned_ = judged_ = 0;
  return found;
}

void Familiar::learn(const HttpAnswer& answer, const json::value& body, const FoundStamps& stamps,
                     const SurfaceReading& reading, const PartRules& rules) {
  ++judged_;
  const bool is_well = reading.reading == Reading::pass && !reading.contradictory && reading.reasons.empty() &&
                       std::all_of(reading.items->begin(), reading.items->end(),
                                   [](const Item& i) { return i.neutral || i.reading == Reading::pass; });
  if (!is_well || answer.body.size() > longest_body || judged_ < learned_) return;
  judged_ = 0;
  learned_ = std::min(2 * learned_ + 1, seldom);
  Gaps gaps(answer.body, stamps, rules, body);
  if (!gaps.found()) return;
  auto kept = stamps.all;
  for (auto& each : kept) each.value = nullptr;
  known_ = std::make_shared<const Known>(Known{Mold(shared_text(answer.body, answer.kept), gaps.gaps),
                                               std::move(gaps.leaves), std::move(kept), answer.status, reading});
}

}  // namespace readback
