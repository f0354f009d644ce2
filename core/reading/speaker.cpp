// One object speaks through its members: each member is asked once what it is (a verdict, a flag, a blocker, a count
// …), and what is none of that is a sibling, which may be a part or a list of parts. Then the worst of all counts.
#include <algorithm>
#include <boost/container/small_vector.hpp>
#include <boost/json.hpp>
#include <utility>

#include "core/reading/tree.hpp"
#include "core/text/utf8.hpp"

namespace readback {
namespace json = boost::json;
namespace {

Says reading_of_parts(const Parts& parts) {
  if (parts.failed == parts.judged || parts.critical_failed) return Says::fail;
  return parts.not_well > 0 ? Says::warn : Says::pass;
}

/// One object on its way from its members to what it says.
class Speaker {
 public:
  Speaker(TreeReader& tree, Part& part, int depth, Place place, How how, bool pointed)
      : tree_(tree), part_(part), depth_(depth), place_(place), how_(how), pointed_(pointed) {}

  void read(const Members& members) {
    find_tally(members);
    inner_ = find_envelope(members);
    if (pointed_) say_pointed();
    for (const auto& m : members)
      if (&m != inner_ && !speaks(m)) siblings_.push_back(&m);
    read_siblings(members);
    if (inner_) open_envelope();
    if (call_) add(Says::pass);
    if (quiet_ && place_ == Place::part) {
      part_.says = Says::neutral;
      return;
    }
    add_strange();
    put_together();
    give_reason(members);
  }

 private:
  bool at_top() const { return place_ == Place::top; }
  void add(Says s) {
    worst_ = std::max(worst_, s);
    passes_ = passes_ || s == Says::pass;
  }
  void why(std::string text) {
    auto& all = part_.why;
    if (text.empty() || all.size() == words_kept || std::find(all.begin(), all.end(), text) != all.end()) return;
    all.push_back(std::move(text));
  }
  static std::string shown(const Member& m) { return printable(m.key, 60) + " " + told(*m.value); }

  bool is_tally(const Member& m) const {
    return tally_ && number_in(*m.value) &&
           (m.listed.in_any(In::tally_good, In::tally_bad) || Squashed(m.key).view() == "total");
  }
  /// Two numbers or more, one of them good: a tally.
  void find_tally(const Members& members) {
    tally_ = true;
    std::size_t numbers = 0;
    bool good = false;
    for (const auto& m : members)
      if (m.value->is_number() && is_tally(m)) {
        ++numbers;
        good = good || m.listed.in(In::tally_good);
      }
    tally_ = numbers > 1 && good;
  }
  const Member* find_envelope(const Members& members) const {
    if (!at_top()) return nullptr;
    for (const auto& m : members)
      if (m.listed.in(In::envelope) && m.value->is_structured()) return &m;
    return nullptr;
  }

  void say_pointed() {
    const auto& pointer = tree_.rules().verdict;
    const auto* v = tree_.pointed_at();
    part_.spoken = true;
    Says says = Says::unknown;
    if (v && v->is_object())
      says = tree_.apart(*v, how_);
    else if (v)
      says = value_says(*v, tree_.own(), how_.net, true);
    add(is_judged(says) ? says : Says::unknown);
    if (v) tree_.told_word(pointer, *v, says);
    if (says != Says::pass) why(told_pointed(pointer, v));
  }

  /// Is the member one that speaks by itself? Then it has been heard.
  bool speaks(const Member& m) {
    const json::value& v = *m.value;
    const auto size = size_in(v);
    const auto number = number_in(v);
    if (m.listed.in(In::blockers)) return blockers(m);
    if (m.listed.in(In::warning_names) && !(v.is_bool() && Squashed(m.key).view() == "warning")) {
      if (has_content(v)) warned_ = true, complain(m);
      return true;
    }
    if (m.listed.in(In::complaints) && !is_map_of_parts(m) && !(m.listed.in(In::bad_flags_fail) && truth_in(v))) {
      if (has_content(v) && (m.listed.in(In::error_names) || v.is_structured())) erred_ = true, complain(m);
      return true;
    }
    if ((size || number) && (m.listed.in(In::bad_counts) || (m.listed.in(In::bad_flags_fail) && v.is_array()))) {
      if ((size && *size > 0) || (number && *number > 0)) warned_ = true, complain(m);
      return true;
    }
    if ((v.is_array() || number) &&
        (m.listed.in(In::good_counts) || (m.listed.in_any(In::good_flags, In::more_good_flags) && v.is_array()))) {
      if ((size && *size > 0) || (number && *number > 0)) weak_ = std::max(weak_, Says::pass);
      return true;
    }
    if (is_tally(m)) return tally(m, *number);
    if (pointed_ && !m.listed.in_any(In::strict_lists, In::lists)) return true;
    return verdict(m) || flag(m) || code(m);
  }

  /// `error: {db: {status: down}}` is a list of parts, `error: {message: …}` a complaint.
  static bool is_map_of_parts(const Member& m) {
    const auto* o = m.value->if_object();
    return m.listed.in_any(In::strict_lists, In::lists) && o && std::any_of(o->begin(), o->end(), [](const auto& each) {
             return each.value().is_object() && has_verdict(each.value().get_object());
           });
  }

  void complain(const Member& m) {
    const bool counted = m.value->is_number(), error = m.listed.in(In::error_names);
    const std::string text = error ? told_error(*m.value) : told(*m.value);
    if (error) part_.reason = part_.reason.empty() ? text : part_.reason;
    if (!error) why(printable(m.key, 60) + (counted ? " " : ": ") + text);
  }
  bool blockers(const Member& m) {
    const auto number = number_in(*m.value);
    if (!has_content(*m.value) && !(number && *number > 0)) return true;
    blocked_ = true;
    part_.blockers += (part_.blockers.empty() ? "" : "; ") + (number ? shown(m) : told(*m.value));
    return true;
  }
  bool tally(const Member& m, double number) {
    if (number <= 0 || !(at_top() || look_up(Squashed(part_.name)).in_any(In::tally_home, In::strict_lists)))
      return true;
    if (m.listed.in(In::tally_bad)) {
      warned_ = true;
      why(printable(m.key, 60) + " " + told(*m.value));
    } else if (m.listed.in(In::tally_good)) {
      weak_ = std::max(weak_, Says::pass);
    }
    return true;
  }

  bool verdict(const Member& m) {
    const bool strong = m.listed.in(In::strong), weak = m.listed.in(In::weak);
    const json::value& v = *m.value;
    if ((strong || weak || m.listed.in(In::good_flags)) && v.is_object()) return verdict_object(m);
    if ((strong || weak) && v.is_array()) {
      tree_.listed(part_.parts, m.key, m.listed, v, depth_, how_, Expected::no);
      return true;
    }
    if (!strong && !weak && !(how_.inside && m.listed.in(In::inside) && v.is_string())) return false;
    if (const auto n = number_in(v); n && !tree_.own().of_number(*n))
      if ((inner_ && *n == 0) || (how_.found && !how_.net && (*n == 0 || *n == 1))) return true;
    const Says says = value_says(v, tree_.own(), how_.net, strong);
    if (says == Says::nothing) return true;
    part_.spoken = part_.spoken || (is_judged(says) && !repeats_the_code(v));
    if (at_top()) tree_.told_word(m.key, v, says);
    if (says == Says::off)
      quiet_ = true;
    else if (says == Says::neutral)
      idle_ = true;
    else if (says == Says::unknown)
      strange_.push_back(&m);
    else if (says == Says::pass && inner_ && is_about_the_call(v))
      call_ = true;
    else
      add(says);
    if (is_well_or_bad(says) && says != Says::pass) why(shown(m));
    return true;
  }
  /// `"status": 503`, `"status": "Service Unavailable"`: any server writes that under its own error, and it is no word
  /// of the surface.
  static bool repeats_the_code(const json::value& v) {
    if (const auto n = number_in(v)) return *n >= 400 && *n < 600;
    const auto* s = v.if_string();
    if (!s) return false;
    const Squashed word(*s);
    for (const std::string_view phrase : {"serviceunavailable", "badgateway", "gatewaytimeout", "internalservererror"})
      if (word.view() == phrase) return true;
    return word.view().size() == 3 && (word.view()[0] == '4' || word.view()[0] == '5');
  }
  static bool is_about_the_call(const json::value& v) {
    if (const auto* s = v.if_string()) return look_up(Squashed(*s)).in(In::envelope_words);
    return v.is_bool() || v.is_int64() || v.is_uint64();
  }
  bool verdict_object(const Member& m) {
    const bool top = at_top() && !pointed_;
    const auto read = [&] {
      return tree_.object(members_of(m.value->get_object()), "", depth_ + 1, top ? Place::top : Place::part,
                          {.net = how_.net, .inside = true});
    };
    Part inside = top ? tree_.within(m.key, read) : read();
    if (is_judged(inside.says)) {
      add(inside.says);
      take_over(inside);
    } else if (inside.says != Says::nothing) {
      idle_ = true;
    }
    if (inside.says != Says::nothing || inside.parts.size > 0) tree_.merge(part_.parts, std::move(inside.parts));
    return true;
  }
  void take_over(Part& inside) {
    part_.contradictory = part_.contradictory || inside.contradictory;
    if (part_.why.empty()) part_.why = std::move(inside.why);
    if (part_.blockers.empty()) part_.blockers = std::move(inside.blockers);
    if (part_.reason.empty()) part_.reason = std::move(inside.reason);
  }

  bool flag(const Member& m) {
    const json::value& v = *m.value;
    const auto truth = truth_in(v);
    if (m.listed.in_any(In::good_flags, In::more_good_flags)) {
      const Says says = good_flag_says(m, truth);
      if (!is_well_or_bad(says)) return true;
      part_.spoken = true;
      if (at_top()) tree_.told_word(m.key, v, says);
      if (says == Says::pass && inner_ && m.listed.in(In::call_flags)) {
        call_ = true;
        return true;
      }
      add(says);
      if (says != Says::pass) why(shown(m));
      return true;
    }
    if (!m.listed.in_any(In::bad_flags_fail, In::bad_flags_warn) || !truth) return false;
    if (!*truth) {
      weak_ = std::max(weak_, Says::pass);
      return true;
    }
    part_.spoken = true;
    const Says says = m.listed.in(In::bad_flags_fail) ? Says::fail : Says::warn;
    if (at_top()) tree_.told_word(m.key, v, says);
    add(says);
    why(printable(m.key, 60));
    return true;
  }
  Says good_flag_says(const Member& m, std::optional<bool> truth) const {
    if (truth) return tree_.own().of_boolean(*truth).value_or(*truth ? Says::pass : Says::fail);
    if (const auto* s = m.value->if_string()) return text_says(*s, tree_.own(), Expected::yes);
    const auto n = number_in(*m.value);
    return n && !how_.found && m.listed.in(In::good_flags) && (*n == 0 || *n == 1) ? number_says(*n, tree_.own(), {})
                                                                                   : Says::nothing;
  }
  bool code(const Member& m) {
    const json::value& v = *m.value;
    if (const auto n = number_in(v); n && m.listed.in(In::codes)) {
      const Says says = number_says(*n, tree_.own(), {.one_and_zero = false});
      if (says == Says::pass)
        call_ = true;
      else if (says != Says::nothing)
        add(says), why(shown(m));
      return true;
    }
    const auto* s = v.if_string();
    if (!s || !m.listed.in(In::last_resort)) return false;
    if (const Says says = text_says(*s, tree_.own(), Expected::yes); at_top() && is_well_or_bad(says)) {
      weak_ = std::max(weak_, says);
      tree_.told_word(m.key, v, says);
    }
    return true;
  }

  void read_siblings(const Members& members) {
    const bool spoke = worst_ != Says::nothing || idle_ || quiet_ || !strange_.empty() || call_;
    const bool all_flags =
        at_top() && worst_ == Says::nothing && strange_.empty() && weak_ == Says::nothing && !members.empty() &&
        std::all_of(members.begin(), members.end(), [](const Member& m) { return m.value->is_bool(); });
    for (const auto* m : siblings_) {
      if (m->value->is_structured())
        sibling_structure(*m, spoke);
      else if (m->value->is_bool())
        sibling_flag(*m, all_flags);
      else if (m->value->is_string())
        sibling_text(*m, spoke);
    }
  }
  void sibling_structure(const Member& m, bool spoke) {
    const json::value& v = *m.value;
    const bool strict = m.listed.in(In::strict_lists);
    if (strict || m.listed.in(In::lists) || (v.is_array() && Squashed(m.key).view() == "data")) {
      const std::size_t before = part_.parts.size;
      tree_.listed(part_.parts, m.key, m.listed, v, depth_, how_, strict ? Expected::yes : Expected::no);
      if (at_top() && part_.parts.size > before) tree_.told_place(m.key);
    } else if (v.is_object() && m.listed.in(In::tally_home)) {
      Part tally =
          tree_.object(members_of(v.get_object()), printable(m.key, 80), depth_ + 1, Place::part, {.net = how_.net});
      if (tally.says != Says::nothing) tree_.keep(part_.parts, std::move(tally));
    } else if (pointed_ || is_context(m.key, m.listed)) {
      return;
    } else if (const auto* o = v.if_object()) {
      found(*o, printable(m.key, 80), depth_ + 1, spoke, {.net = how_.net, .found = true, .inside = how_.inside}, true);
    } else {
      const auto& list = v.get_array();
      for (std::size_t i = 0; i < list.size(); ++i) {
        const auto* each = list[i].if_object();
        if (!each || is_record_of_the_past(*each)) continue;
        found(*each, name_of(*each, printable(m.key, 80) + "[" + std::to_string(i) + "]"), depth_ + 2, spoke,
              {.net = how_.net, .found = true});
      }
    }
  }
  static bool is_record_of_the_past(const json::object& o) {
    return std::any_of(o.begin(), o.end(), [](const auto& each) {
      return look_up(Squashed(each.key())).in(In::done) && !is_silent_value(each.value());
    });
  }
  /// An object that no list of parts holds: an unknown word in it alarms nobody where the object around it speaks.
  void found(const json::object& o, std::string name, int depth, bool spoke, How how, bool by_key = false) {
    Part part = tree_.object(members_of(o), std::move(name), depth, Place::part, how);
    part.critical = is_critical(o) || tree_.is_critical_name(part.name);
    if (is_not_well(part.says) && by_key) part.name = key_and_name(part.name, o);
    if (part.says == Says::unknown && spoke && part.parts.size == 0) part.says = Says::neutral;
    tree_.keep_if_it_speaks(part_.parts, std::move(part));
  }
  void sibling_flag(const Member& m, bool all_flags) {
    const bool value = m.value->get_bool();
    if (!all_flags) {
      const Tokens t(m.key);
      if (t.size() < 2 || look_up(t.first()).in_any(In::no_sibling_first, In::context_first)) return;
      if (!look_up(t.last()).in(In::sibling_flag_last) && !(at_top() && t.last() == "ready")) return;
      if (t.last() == "available" && look_up(t.last_but_one()).in(In::offers)) return;
    }
    tree_.keep(part_.parts, tree_.scalar(m.key, value ? Says::pass : Says::fail, value ? "true" : "false"));
  }
  void sibling_text(const Member& m, bool spoke) {
    const auto& text = m.value->get_string();
    const Squashed word(text);
    const Listed listed = look_up(word);
    if (listed.in(In::switches) || (!at_top() && listed.in(In::levels))) return;
    const Tokens t(m.key);
    if (look_up(t.last()).in(In::no_sibling_last) || look_up(t.first()).in_any(In::no_sibling_first, In::context_first))
      return;
    const Says says = text_says(text, tree_.own(), Expected::no);
    if (is_well_or_bad(says))
      tree_.keep(part_.parts, tree_.scalar(m.key, says, printable(text, longest_text)));
    else if ((says == Says::off || says == Says::neutral) && !spoke)
      tree_.keep(part_.parts, tree_.scalar(m.key, Says::neutral, printable(text, longest_text)));
  }

  void open_envelope() {
    const json::value& v = *inner_->value;
    if (const auto* o = v.if_object()) {
      Part inside = tree_.within(
          inner_->key, [&] { return tree_.object(members_of(*o), "", depth_ + 1, Place::top, {.net = how_.net}); });
      if (inside.says != Says::nothing) {
        add(is_judged(inside.says) ? inside.says : Says::unknown);
        take_over(inside);
        part_.spoken = part_.spoken || inside.spoken;
        call_ = false;
      }
      tree_.merge(part_.parts, std::move(inside.parts));
      return;
    }
    Parts list;
    tree_.listed(list, inner_->key, inner_->listed, v, depth_, how_, Expected::yes);
    if (list.any_speaks) call_ = false;
    if (list.size > 0) tree_.told_place(inner_->key);
    tree_.merge(part_.parts, std::move(list));
  }

  void add_strange() {
    for (const auto* m : strange_) {
      if (!m->listed.in(In::strong) && worst_ != Says::nothing) continue;
      add(Says::unknown);
      if (part_.why.empty())
        why(printable(m->key, 60) + " \"" + printable(told(*m->value), 60) + "\" is a word that cannot be judged");
    }
  }

  void put_together() {
    const Parts& parts = part_.parts;
    Says says = worst_;
    part_.contradictory = part_.contradictory || (passes_ && says != Says::pass);
    part_.spoken = part_.spoken || parts.judged > 0 || blocked_;
    if (says == Says::nothing && (idle_ || quiet_)) says = Says::neutral;
    const bool all_fail = parts.failed > 0 && parts.failed == parts.judged;
    const bool complained = erred_ || warned_;
    if (says == Says::nothing || (says == Says::neutral && !at_top() && parts.not_well > 0)) {
      if (parts.judged > 0)
        says = reading_of_parts(parts);
      else if (says == Says::nothing && weak_ != Says::nothing && !complained)
        says = weak_;
      else if (parts.size > 0 && says == Says::nothing)
        says = Says::neutral;
    } else if (says == Says::neutral) {
      if (parts.not_well > 0) says = all_fail || parts.critical_failed ? Says::fail : Says::unknown;
    } else if (parts.critical_failed || (says == Says::unknown && all_fail)) {
      worsen(says, Says::fail);
    } else if (says == Says::pass && parts.not_well > 0) {
      worsen(says, Says::warn);
    }
    if (complained && (says == Says::pass || says == Says::neutral))
      worsen(says, Says::warn);
    else if (complained && says == Says::nothing)
      says = erred_ ? Says::fail : Says::warn;
    if (blocked_) worsen(says, Says::fail);
    part_.says = says;
  }
  void worsen(Says& says, Says to) {
    part_.contradictory = part_.contradictory || says == Says::pass;
    says = to;
  }

  void give_reason(const Members& members) {
    if (is_not_well(part_.says) && part_.reason.empty()) part_.reason = own_words(members);
  }

  TreeReader& tree_;
  Part& part_;
  int depth_;
  Place place_;
  How how_;
  bool pointed_;
  bool tally_ = false;
  const Member* inner_ = nullptr;
  boost::container::small_vector<const Member*, 16> siblings_;
  boost::container::small_vector<const Member*, 4> strange_;  ///< words that nobody knows
  Says worst_ = Says::nothing;                                ///< of all that it says of itself
  bool passes_ = false;                                       ///< one of these is a pass
  bool call_ = false;                                         ///< a pass that is about the call
  Says weak_ = Says::nothing;                                 ///< counts where nothing else speaks
  bool idle_ = false, quiet_ = false, warned_ = false, erred_ = false, blocked_ = false;
};
}  // namespace

void speak(TreeReader& tree, Part& part, const Members& members, int depth, Place place, How how, bool pointed) {
  Speaker(tree, part, depth, place, how, pointed).read(members);
}

}  // namespace readback
