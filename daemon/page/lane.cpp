// A lane is told in runs of places that look the same: a quiet day is one bar, however many sweeps it had. The
// gaps between the places are the style sheet's.
#include "daemon/page/lane.hpp"

#include <algorithm>
#include <array>

#include "core/html/parts.hpp"
#include "core/text/time.hpp"

namespace readback {

namespace {

constexpr int places = 60, height = 18;

/// The worse, the higher: what a place of several sweeps shows.
int rank_of(char kind) { return kind == 'b' ? 4 : kind == 'w' ? 3 : kind == 'u' ? 2 : kind == 'g' ? 1 : 0; }
int height_of(char kind) { return kind == 'b' ? 18 : kind == 'w' ? 14 : kind == 'u' ? 6 : 10; }

/// One path a kind: a day that is good and bad by turns is as short as can be.
std::string bars_of(const std::array<char, places>& kinds) {
  std::string out;
  for (const char kind : {'g', 'u', 'w', 'b'}) {
    const int tall = height_of(kind);
    std::string path;
    for (int i = 0; i < places;) {
      int end = i + 1;
      while (end < places && kinds[end] == kinds[i]) ++end;
      char bar[64];
      std::snprintf(bar, sizeof bar, "M%d %dh%dv%dh%dz", i, height - tall, end - i, tall, i - end);
      if (kinds[i] == kind) path += bar;
      i = end;
    }
    if (path.empty()) continue;
    out += "<path class=\"";
    out += kind;
    out += "\" d=\"" + path + "\"/>";
  }
  return out;
}

}  // namespace

LaneScale::LaneScale(const History& history, const std::string& target)
    : history_(history), lanes_(history.lanes(target)) {
  if (empty()) return;
  const auto& sweeps = lanes_->sweeps;
  std::vector<std::int64_t> gaps;
  for (std::size_t i = 1; i < sweeps.size(); ++i) gaps.push_back((sweeps[i].at - sweeps[i - 1].at).count());
  std::sort(gaps.begin(), gaps.end());
  // Bursts are quick, and a night without the daemon is long: neither is the usual.
  if (!gaps.empty()) usual_ = Millis(std::max<std::int64_t>(1000, gaps[gaps.size() * 9 / 10]));
  end_ = sweeps.back().at + usual_;
  place_ = std::max(usual_, Millis(((end_ - begin()).count() + places - 1) / places));
}

template <class KindOf>
std::string LaneScale::picture(const std::string& label, const KindOf& kind_of_sweep) const {
  std::array<char, places> kinds{};
  const auto& sweeps = lanes_->sweeps;
  for (std::size_t i = 0; i < sweeps.size(); ++i) {
    const char kind = kind_of_sweep(sweeps[i]);
    if (kind == 0) continue;
    // A sweep speaks until the next, but not over a hole.
    const WallTime until = std::min(i + 1 < sweeps.size() ? sweeps[i + 1].at : end_, sweeps[i].at + 2 * usual_);
    const auto place_at = [&](WallTime t) {
      return std::clamp<std::int64_t>(places - 1 - (end_ - Millis(1) - t).count() / place_.count(), 0, places - 1);
    };
    for (auto at = place_at(sweeps[i].at), last = place_at(std::max(sweeps[i].at, until - Millis(1))); at <= last; ++at)
      if (char& shown = kinds[static_cast<std::size_t>(at)]; rank_of(kind) > rank_of(shown)) shown = kind;
  }
  return "<svg class=\"lane\" viewBox=\"0 0 60 18\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"" +
         flat_html(label) + "\">" + bars_of(kinds) + "</svg>";
}

std::string LaneScale::verdict_html(const std::string& target) const {
  if (empty()) return "<span></span>";
  const auto kind = [&](const History::Sweep& s) { return s.is_void ? 'u' : look_of(history_.word(s.primary)).lane; };
  const auto bad = std::count_if(lanes_->sweeps.begin(), lanes_->sweeps.end(),
                                 [&](const auto& s) { return kind(s) == 'b' || kind(s) == 'w'; });
  const std::size_t count = lanes_->sweeps.size();
  return picture(target + ": " + std::to_string(count) + (count == 1 ? " sweep since " : " sweeps since ") +
                     to_clock(begin()) + ", " + std::to_string(bad) + " bad",
                 kind);
}

std::string LaneScale::read_html(const std::string& read) const {
  if (empty()) return "";
  const auto found = std::find(lanes_->names.begin(), lanes_->names.end(), read);
  if (found == lanes_->names.end()) return "";
  const auto at = static_cast<std::size_t>(found - lanes_->names.begin());
  std::size_t green = 0, seen = 0;
  const auto kind = [&](const History::Sweep& s) -> char {
    if (at >= s.reads.size() || !s.reads[at]) return 0;
    const bool is_green = s.reads[at] & History::green_bit;
    return s.is_void ? 'u' : look_of(history_.word(s.reads[at]), is_green).lane;
  };
  for (const auto& s : lanes_->sweeps)
    if (at < s.reads.size() && s.reads[at]) ++seen, green += s.reads[at] & History::green_bit ? 1 : 0;
  return picture(read + ": " + std::to_string(green) + " of " + std::to_string(seen) + " green", kind);
}

}  // namespace readback
