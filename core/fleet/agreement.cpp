// The table of the design, and the hash that lets every host draw the same jury without a word.
#include "core/fleet/agreement.hpp"

#include <algorithm>
#include <tuple>

#include "core/text/words.hpp"

namespace readback {
namespace {

/// FNV-1a.
std::uint64_t hash(std::string_view text, std::uint64_t h) {
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return h;
}

constexpr std::size_t usual_jury = 7;  ///< it is counted with every message of the fleet

}  // namespace

std::uint64_t rendezvous(std::string_view about, std::string_view host) {
  std::uint64_t z = hash(host, hash(std::string_view("\0", 1), hash(about, 0xcbf29ce484222325ULL)));
  // FNV leaves neighbours near each other: splitmix64's finish takes them apart.
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

std::vector<std::string> jury_of(std::string_view about, const std::vector<std::string_view>& hosts, std::size_t size) {
  std::vector<std::pair<std::uint64_t, std::string_view>> places;
  places.reserve(hosts.size());
  for (const auto host : hosts) places.emplace_back(rendezvous(about, host), host);
  const auto last = places.begin() + static_cast<std::ptrdiff_t>(std::min(size, places.size()));
  std::partial_sort(places.begin(), last, places.end());
  std::vector<std::string> jury;
  for (auto each = places.begin(); each != last; ++each) jury.emplace_back(each->second);
  return jury;
}

Vote vote_of(const Witness& w, const Question& q) {
  if (!w.is_self) {
    if (!w.is_readable || w.in_first_picture || w.before_closing) return Vote::silent;
    if (w.heard_ago > missing_after || w.view_ago * 2 > w.interval * 5) return Vote::silent;
  }
  if (w.blind) return Vote::silent;
  if (!w.state || (q.is_to_begin && w.is_clearing)) {
    const bool answers = w.is_self || !q.holds_here || (q.revision && w.knows >= *q.revision);
    return answers ? Vote::no : Vote::silent;
  }
  if (*w.state != SeenAs::suspected) return Vote::yes;
  // Our own suspicion ripens by our own sweeps, not by time.
  return !w.is_self && w.suspected_for > q.agree_within ? Vote::yes : Vote::pending;
}

bool is_yet_to_answer(const Witness& w, Vote vote) {
  return vote == Vote::silent && !w.is_self && !w.blind && w.heard_ago <= missing_after;
}

void Tally::add(const std::string& host, Vote vote, int level) {
  const auto note = [&](std::vector<std::string>& hosts) {
    if (hosts.empty()) hosts.reserve(usual_jury);
    hosts.push_back(host);
  };
  switch (vote) {
    case Vote::yes: ++yes, note(who), levels.push_back(level); break;
    case Vote::no: ++no, note(who_not); break;
    case Vote::pending: ++pending, note(who_else); break;
    case Vote::silent: ++silent, note(who_else); break;
  }
}

Agreed agreed(Tally t, Millis waited, Millis agree_within) {
  const bool all_silent = t.silent == t.asked();
  // A host outside of a jury that says nothing at all is the only one that has seen anything.
  if (!t.is_juror && t.yes + t.no + t.pending == 0) t.yes = 1;
  if (t.yes > t.no + t.pending + t.silent) return Agreed::fires;
  if (waited < agree_within && t.pending + t.silent > 0) return Agreed::wait;
  if (t.about_to > 0) return Agreed::wait;
  // Suspicions clear or ripen within agree_within, by themselves.
  if (t.yes == 1 && t.no == 0 && t.pending > 0) return Agreed::wait;
  if (t.yes > t.no) {
    const bool nobody_else = t.is_juror || all_silent;
    return t.yes == 1 && t.no == 0 && nobody_else ? Agreed::alone : Agreed::fires;
  }
  return t.yes >= 2 ? Agreed::vantage : Agreed::own;
}

bool is_recovered(const Tally& t) { return t.no * 2 >= t.asked() && t.yes + t.pending <= t.no; }
bool is_relapsed(const Tally& t) { return t.yes > t.no; }

int level_of_most(const Tally& t) {
  auto worst_first = t.levels;
  std::sort(worst_first.rbegin(), worst_first.rend());
  const auto half = static_cast<std::size_t>(t.asked() / 2);
  return half < worst_first.size() ? worst_first[half] : 0;
}

bool is_way_clear(const Tally& t) { return t.yes + t.pending < 2 || t.yes > t.no + t.silent; }
bool is_way_broken(const Tally& t) { return t.yes >= 2 && t.yes <= t.no; }

std::string seen_from(const Tally& t, std::size_t most) {
  if (t.asked() <= 1) return "";
  std::string text = "seen from " + std::to_string(t.yes) + " of " + std::to_string(t.asked()) + " hosts";
  if (!t.who_not.empty()) text += ", not from " + joined_at_most(most, t.who_not);
  return text;
}

std::string told_from(const Tally& tally, bool alone) { return alone ? nobody_asked : seen_from(tally); }

}  // namespace readback
