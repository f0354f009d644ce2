// The table of design/diagnosis.md section 3, by letters.
#include "tests/sim/truth.hpp"

#include <algorithm>
#include <sstream>

#include "tests/sim/platform.hpp"

namespace readback::sim {
namespace {

constexpr std::size_t health = 0, services = 1, ready = 2, security = 3;

bool is_well(char letter) { return passes(letter); }
/// Bad by more than staleness, or with nothing behind it: it may be.
bool may_be_down(char letter) { return !is_well(letter) && letter != 's'; }

std::string newest_check(const Seen& seen) {
  for (const auto* s = &seen; s; s = s->before.get())
    if (!s->check.empty()) return s->check.substr(s->check.rfind(' ') + 1);
  return "";
}

/// The newest results, the newest first.
std::vector<std::string> results(const Seen& seen, std::size_t most) {
  std::vector<std::string> all;
  for (const auto* s = &seen; s && all.size() < most; s = s->before.get()) {
    std::istringstream in(s->check);
    std::vector<std::string> here;
    for (std::string word; in >> word;) here.push_back(word);
    all.insert(all.end(), here.rbegin(), here.rend());
  }
  return all;
}

bool is_broken(const std::string& word) { return word == "broken" || word == "hangs"; }

bool may_alternate(const Seen& seen) {
  int ones = 0, twos = 0, looked = 0;
  for (const auto* s = &seen; s && looked < 60; s = s->before.get(), ++looked) {
    ones += s->letters.find('1') != std::string::npos;
    twos += s->letters.find('2') != std::string::npos;
  }
  return ones > 1 && twos > 0 && ones + twos > 3;
}

/// Not one that was never read: such a surface keeps no incident open.
bool is_yet_to_say(const Seen& seen, std::size_t surface) {
  return says_nothing(seen.letters[surface]) && !says_nothing(effective(seen, surface));
}

/// It has answered 404 whenever it said something: is it part of this platform at all? It holds nothing up.
bool was_never_there(const Seen& seen, std::size_t surface) {
  for (const auto* s = &seen; s; s = s->before.get())
    if (s->letters[surface] != 'N' && !says_nothing(s->letters[surface])) return false;
  return true;
}

}  // namespace

char effective(const Seen& seen, std::size_t surface) {
  for (const auto* s = &seen; s; s = s->before.get())
    if (!says_nothing(s->letters[surface])) return s->letters[surface];
  return 'T';
}

bool must_be_blind(const Seen& seen, bool references) {
  if (std::all_of(seen.letters.begin(), seen.letters.end(), is_cut_off)) return true;
  return references && !seen.references &&
         std::all_of(seen.letters.begin(), seen.letters.end(), [](char c) { return is_one_of(c, "ROLV"); });
}

bool may_be_blind(const Seen& seen, bool references) {
  const bool nothing_else =
      std::all_of(seen.letters.begin(), seen.letters.end(), [](char c) { return is_cut_off(c) || says_nothing(c); });
  return nothing_else || must_be_blind(seen, references);
}

bool must_be_outage(const Seen& seen) {
  return is_one_of(seen.letters[health], "FWMKE") || is_one_of(seen.letters[services], "FWMKE");
}

bool may_hold(Boundary b, const Seen& seen) {
  const auto at = [&](std::size_t surface) { return effective(seen, surface); };
  const auto any = [&](std::string_view set) {
    for (std::size_t i = 0; i < 4; ++i)
      if (is_one_of(seen.letters[i], set)) return true;
    return false;
  };
  switch (b) {
    case Boundary::outage: return may_be_down(at(health)) || may_be_down(at(services));
    case Boundary::security: return !is_well(at(security));
    case Boundary::readiness: return !is_well(at(ready)) || at(health) == 's' || at(services) == 's';
    case Boundary::drift: return newest_check(seen) == "drift" || may_alternate(seen);
    case Boundary::product: return !seen.path;
    case Boundary::observer:
      return is_broken(newest_check(seen)) || any("LVROTADN") ||
             (at(health) == 'N' || at(services) == 'N' || at(ready) == 'N' || at(security) == 'N');
  }
  return true;
}

bool may_be_confirmed(Boundary b, const Seen& seen, int failures) {
  int row = 0, held = 0, looked = 0;
  bool in_a_row = true;
  for (const auto* s = &seen; s && looked < 40; s = s->before.get(), ++looked) {
    const bool holds = may_hold(b, *s) && (b == Boundary::observer || !must_be_blind(*s, false));
    held += holds;
    in_a_row = in_a_row && holds;
    row += in_a_row;
  }
  if (row >= failures || held >= 7) return true;
  if (b != Boundary::drift && b != Boundary::observer) return false;
  const auto last = results(seen, 2);
  const auto says = [&](const std::string& word) { return b == Boundary::drift ? word == "drift" : is_broken(word); };
  return last.size() >= 2 && says(last[0]) && says(last[1]);
}

bool may_have_recovered(Boundary b, const Seen& seen, int recoveries) {
  int row = 0;
  for (const auto* s = &seen; s && row < recoveries; s = s->before.get()) {
    const auto& l = s->letters;
    switch (b) {
      case Boundary::outage:
        if (is_yet_to_say(*s, health) || is_yet_to_say(*s, services)) continue;
        for (const auto surface : {health, services})
          if (!passes(l[surface]) && l[surface] != 's' && !says_nothing(l[surface]) && !was_never_there(*s, surface))
            return false;
        break;
      case Boundary::security:
        if (says_nothing(l[security])) continue;
        if (!passes(l[security])) return false;
        break;
      case Boundary::readiness:
        if (says_nothing(l[ready])) continue;
        if (!passes(l[ready])) return false;
        break;
      case Boundary::product:
        if (!s->path) return false;
        break;
      case Boundary::drift:
        if (newest_check(seen) == "drift") return false;
        return true;
      case Boundary::observer: return std::any_of(l.begin(), l.end(), [](char c) { return !is_cut_off(c); });
    }
    ++row;
  }
  return row >= recoveries;
}

bool may_be_green(const Seen& seen) {
  for (std::size_t i = 0; i < 4; ++i)
    if (!is_well(effective(seen, i))) return false;
  const auto check = newest_check(seen);
  return seen.path && (check.empty() || check == "sync");
}

}  // namespace readback::sim
